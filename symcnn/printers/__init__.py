"""Printers: a formula or an equation as Python, NumPy, loops, a cell formula, Coq; and a cell formula read back."""
