"""The order in which a person writes a sum: SymPy sorts its terms by its own rules."""

from collections.abc import Sequence

from sympy import Expr


def in_reading_order(terms: Sequence[Expr]) -> list[Expr]:
    """o - t and 1 - h: what is subtracted comes last; otherwise numbers, single quantities by name, then the rest.

    The rest stays in SymPy's order: naming it (``str``) would cost more than printing it.
    """
    return sorted(terms, key=_place)


def _place(term: Expr) -> tuple[bool, bool, bool, str]:
    single = bool(term.is_Symbol)
    return term.could_extract_minus_sign(), not term.is_Number, not single, term.name if single else ""
