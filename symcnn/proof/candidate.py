"""A person's formula in symcnn's words: what SymPy offers several ways of writing becomes the one that is decided.

    Symbol("f_11", real=True)                        f_11: assumptions don't matter
    0.1                                              1/10: a float is the decimal that it prints as
    Max(0, z)                                        relu(z)
    Piecewise((a, z > 0), (b, True)), Heaviside(z, 0)    gate(z, a, b)

A sigmoid or a softmax that is written out needs nothing here: the algebra knows what exp has to do with them.
"""

from sympy import Expr, Float, Heaviside, Max, Piecewise, Rational, S
from sympy.core.relational import GreaterThan, LessThan, Relational, StrictGreaterThan, StrictLessThan

from symcnn.proof.verdict import UndecidableError
from symcnn.symbolic import gate, relu, symbol


def in_our_words(e: Expr) -> Expr:
    """The same formula.

    Raises:
        UndecidableError: it distinguishes what symcnn does not, a kink's value from those on either side.
    """
    if e.is_Symbol:
        return symbol(e.name)
    if isinstance(e, Float):
        return _exact(e)
    if isinstance(e, Piecewise):
        return _pieces(list(e.args))
    if isinstance(e, Heaviside):
        if e.args[1] != 0:
            raise UndecidableError(f"{e}: its value at 0 is not 0, as relu's slope there is; write Heaviside(z, 0)")
        return gate(in_our_words(e.args[0]), S.One, S.Zero)
    if not e.args:
        return e
    args = [in_our_words(a) for a in e.args]
    if isinstance(e, Max) and len(args) == 2 and S.Zero in args:
        [z] = [a for a in args if a != 0] or [S.Zero]
        return relu(z)
    return e.func(*args)


def _exact(number: Float) -> Rational:
    # a double prints as the shortest decimal that is nearest to no other double
    return Rational(repr(float(number)) if number._prec == 53 else str(number))


def _pieces(pieces: list[Expr]) -> Expr:
    (value, condition), *others = pieces
    if condition == S.true or not others:
        if condition != S.true:
            raise UndecidableError(f"Piecewise: nothing is said of where {condition} is false")
        return in_our_words(value)
    rest = _pieces(others)
    value = in_our_words(value)
    if not isinstance(condition, Relational) or condition.lhs.is_Number == condition.rhs.is_Number:
        raise UndecidableError(f"Piecewise where {condition}: only comparisons of a quantity with 0 are decided")
    low, high = condition.lhs, condition.rhs  # low < high
    if isinstance(condition, (StrictGreaterThan, GreaterThan)):
        low, high = high, low
    elif not isinstance(condition, (StrictLessThan, LessThan)):
        raise UndecidableError(f"Piecewise where {condition}: only comparisons with 0 are decided")
    strict = isinstance(condition, (StrictGreaterThan, StrictLessThan))
    if low == 0 and strict:  # z > 0
        return gate(in_our_words(high), value, rest)
    if high == 0 and not strict:  # z <= 0
        return gate(in_our_words(low), rest, value)
    raise UndecidableError(
        f"Piecewise where {condition}: at the kink itself it takes the other side; symcnn's rectifiers have the"
        " slope of the left side at 0: write > 0 or <= 0"
    )
