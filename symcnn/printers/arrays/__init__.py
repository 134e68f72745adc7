"""The pieces of the NumPy printer: one module for each kind of equation's right side, and the lines that they write."""
