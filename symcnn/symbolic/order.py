"""The order in which a person writes a sum: SymPy sorts its terms by its own rules."""

from collections.abc import Sequence

from sympy import Expr


def in_reading_order(terms: Sequence[Expr]) -> list[Expr]:
    """o - t and 1 - h: what is subtracted comes last; otherwise numbers first, then by name."""
    return sorted(terms, key=lambda t: (t.could_extract_minus_sign(), not t.is_Number, str(t)))
