"""Tree of a cell formula -> SymPy: the inverse of ``printers/excel.py``.

    1/(1+EXP(-z))               sigmoid(z)        IF(z<0,EXP(z)/(1+EXP(z)),1/(1+EXP(-z)))  sigmoid(z)
    MAX(z,z/100)                leaky_relu(z)     MAX(z,0)+LN(1+EXP(-ABS(z)))  softplus(z)
    MAX(0,z)                    relu(z)
    IF(y>0,1,0)                 gate(y, 1, 0)     MAX(a,b,…)                   maximum(a, b, …)
    IF(AND(a=m,b<>m),1,0)       wins(a, m, b)

A form that no printer writes is refused, with what was expected; a decimal is the rational number that is written.
"""

from collections.abc import Callable, Sequence

import sympy
from sympy import Add, Expr, Mul, Pow, Rational

from symcnn.printers.cells.parser import FormulaError
from symcnn.printers.cells.tree import (
    Binary,
    Call,
    Formula,
    Name,
    Number,
    Percent,
    Range,
    Reference,
    Unary,
)
from symcnn.symbolic import (
    LEAKY_SLOPE,
    exp,
    gate,
    leaky_relu,
    log,
    maximum,
    relu,
    sigmoid,
    softplus,
    tanh,
    wins,
)  # fmt: skip

#: Cells that the ranges of one formula may have.
MAX_CELLS = 20_000

#: The largest exponent of a power, and the bits of a number that is one.
MAX_EXPONENT, MAX_BITS = 64, 4_000

_ONE_ARGUMENT: dict[str, Callable[[Expr], Expr]] = {
    "EXP": exp,
    "LN": log,
    "TANH": tanh,
    "SQRT": sympy.sqrt,
    "ABS": sympy.Abs,
}

#: Every function that is read; a formula with another one is no arithmetic of a network.
FUNCTIONS = frozenset({*_ONE_ARGUMENT, "MAX", "IF", "AND", "SUM", "SUMSQ", "SUMPRODUCT"})


class Reader:
    """Reads trees; ``cell`` and ``name`` say what a cell and a defined name stand for."""

    def __init__(self, cell: Callable[[Reference], Expr], name: Callable[[str], Expr]) -> None:
        self._cell, self._name = cell, name

    def expression(self, formula: Formula) -> Expr:
        """The formula as one SymPy expression.

        Raises:
            FormulaError: it is outside the supported grammar.
        """
        if isinstance(formula, Number):
            return Rational(formula.text)
        if isinstance(formula, Reference):
            return self._cell(formula)
        if isinstance(formula, Name):
            return self._name(formula.name)
        if isinstance(formula, Unary):
            inner = self.expression(formula.operand)
            return -inner if formula.operator == "-" else inner
        if isinstance(formula, Percent):
            return self.expression(formula.operand) / 100
        if isinstance(formula, Binary):
            return self._binary(formula)
        if isinstance(formula, Call):
            return self._call(formula)
        raise FormulaError(f"{type(formula).__name__.lower()}: not part of the arithmetic of a network")

    # --- operators --------------------------------------------------------------------------------------------------

    def _binary(self, formula: Binary) -> Expr:
        if formula.operator in "+-":
            return self._sum(formula)
        if formula.operator in "*/":
            return self._product(formula)
        if formula.operator == "^":
            return self._power(formula)
        raise FormulaError(f"{formula.operator}: only inside an IF")

    def _sum(self, formula: Binary) -> Expr:
        first, parts = chain(formula, "+-")
        terms = [("+", first), *parts]
        found, n = [], 0
        while n < len(terms):
            sign, term = terms[n]
            smooth = _softplus(term, terms[n + 1]) if n + 1 < len(terms) and sign == "+" else None
            value = self.expression(term) if smooth is None else softplus(self.expression(smooth))
            found.append(value if sign == "+" else -value)
            n += 1 if smooth is None else 2
        return Add(*found)

    def _product(self, formula: Binary) -> Expr:
        first, parts = chain(formula, "*/")
        factors: list[Expr] = []
        pending: Formula | None = first
        if parts and parts[0][0] == "/" and (z := _sigmoid(first, parts[0][1])) is not None:
            factors.append(sigmoid(self.expression(z)))
            pending, parts = None, parts[1:]
        if pending is not None:
            factors.append(self.expression(pending))
        for operator, part in parts:
            value = self.expression(part)
            if operator == "/" and value == 0:
                raise FormulaError("a division by zero")
            factors.append(value if operator == "*" else 1 / value)
        return Mul(*factors)

    def _power(self, formula: Binary) -> Expr:
        first, parts = chain(formula, "^")
        found = self.expression(first)
        for _, part in parts:
            exponent = self.expression(part)
            if not exponent.is_Integer or abs(exponent) > MAX_EXPONENT or (found == 0 and exponent <= 0):
                raise FormulaError(f"a power: expected a whole exponent, at most {MAX_EXPONENT}")
            if found.is_Rational and max(abs(found.p), found.q).bit_length() * abs(exponent) > MAX_BITS:
                raise FormulaError("a power: the number has too many digits")
            found = Pow(found, exponent)
            if found.is_Pow and abs(found.exp) > MAX_EXPONENT:  # (x^64)^64
                raise FormulaError(f"a power: expected a whole exponent, at most {MAX_EXPONENT}")
        return found

    # --- functions --------------------------------------------------------------------------------------------------

    def _call(self, call: Call) -> Expr:
        function, arguments = call.function, call.arguments
        if function in _ONE_ARGUMENT:
            if len(arguments) != 1:
                raise FormulaError(f"{function} of {len(arguments)} arguments; it takes one")
            return _ONE_ARGUMENT[function](self.expression(arguments[0]))
        if function == "MAX":
            return self._max(arguments)
        if function == "IF":
            return self._if(arguments)
        if function == "SUM":
            return Add(*(e for a in arguments for e in self._values(a)))
        if function == "SUMSQ":
            return Add(*(e**2 for a in arguments for e in self._values(a)))
        if function == "SUMPRODUCT":
            return self._sum_of_products(arguments)
        raise FormulaError(f"{function}: not a function of the arithmetic of a network")

    def _max(self, arguments: Sequence[Formula]) -> Expr:
        if len(arguments) == 2:
            first, second = arguments
            if second == Binary("/", first, Number(str(1 / LEAKY_SLOPE))):
                return leaky_relu(self.expression(first))
            if first == Number("0"):
                return relu(self.expression(second))
        values = [e for a in arguments for e in self._values(a)]
        if not values:
            raise FormulaError("MAX of nothing")
        return maximum(*values)

    def _if(self, arguments: Sequence[Formula]) -> Expr:
        if len(arguments) != 3:
            raise FormulaError(f"IF of {len(arguments)} arguments; it takes three")
        condition, above, below = arguments
        if (z := _sigmoid_by_sign(condition, above, below)) is not None:
            return sigmoid(self.expression(z))
        if isinstance(condition, Binary) and condition.operator == ">" and condition.right == Number("0"):
            return gate(*(self.expression(a) for a in (condition.left, above, below)))
        conditions = (
            condition.arguments if isinstance(condition, Call) and condition.function == "AND" else (condition,)
        )
        if (above, below) == (Number("1"), Number("0")) and (found := self._first(conditions)) is not None:
            return found
        raise FormulaError(
            "IF: expected IF(y>0,a,b), IF(AND(a=largest,b<>largest,…),1,0) or IF(z<0,EXP(z)/(1+EXP(z)),1/(1+EXP(-z)))"
        )

    def _first(self, conditions: Sequence[Formula]) -> Expr | None:
        """``AND(a=m,b<>m,…)``: a is the first that reaches m."""
        if not conditions or not all(isinstance(c, Binary) for c in conditions):
            return None
        first, *others = (c for c in conditions if isinstance(c, Binary))
        if first.operator != "=" or any(c.operator != "<>" or c.right != first.right for c in others):
            return None
        return wins(*(self.expression(e) for e in (first.left, first.right, *(c.left for c in others))))

    def _sum_of_products(self, arguments: Sequence[Formula]) -> Expr:
        shapes = {a.shape if isinstance(a, Range) else (1, 1) for a in arguments}
        if len(shapes) != 1:
            raise FormulaError("SUMPRODUCT: ranges of different shapes")
        columns = [self._values(a) for a in arguments]
        return Add(*(Mul(*factors) for factors in zip(*columns, strict=True)))

    def _values(self, formula: Formula) -> list[Expr]:
        if not isinstance(formula, Range):
            return [self.expression(formula)]
        rows, columns = formula.shape
        if rows * columns > MAX_CELLS:
            raise FormulaError(f"a range of {rows}×{columns} cells; at most {MAX_CELLS}")
        return [self._cell(c) for c in formula.cells()]


def chain(formula: Formula, operators: str) -> tuple[Formula, list[tuple[str, Formula]]]:
    """A left-deep chain taken apart: a-b+c -> a, [("-", b), ("+", c)]."""
    parts: list[tuple[str, Formula]] = []
    while isinstance(formula, Binary) and formula.operator in operators:
        parts.append((formula.operator, formula.right))
        formula = formula.left
    return formula, parts[::-1]


def _sigmoid(above: Formula, below: Formula) -> Formula | None:
    """z, if it is 1/(1+EXP(-z))."""
    if above != Number("1") or not isinstance(below, Binary) or (below.operator, below.left) != ("+", Number("1")):
        return None
    return _negated(_argument(below.right, "EXP"))


def _sigmoid_by_sign(condition: Formula, below_zero: Formula, else_: Formula) -> Formula | None:
    """z, if it is IF(z<0,EXP(z)/(1+EXP(z)),1/(1+EXP(-z)))."""
    if not isinstance(condition, Binary) or (condition.operator, condition.right) != ("<", Number("0")):
        return None
    z = condition.left
    power = Call("EXP", (z,))
    if below_zero != Binary("/", power, Binary("+", Number("1"), power)):
        return None
    plain = isinstance(else_, Binary) and else_.operator == "/" and _sigmoid(else_.left, else_.right) == z
    return z if plain else None


def _softplus(first: Formula, second: tuple[str, Formula]) -> Formula | None:
    """z, if it is MAX(z,0)+LN(1+EXP(-ABS(z)))."""
    sign, logarithm = second
    inner = _argument(logarithm, "LN")
    if sign != "+" or not isinstance(inner, Binary) or (inner.operator, inner.left) != ("+", Number("1")):
        return None
    z = _argument(_negated(_argument(inner.right, "EXP")), "ABS")
    if z is None or first != Call("MAX", (z, Number("0"))):
        return None
    return z


def _argument(formula: Formula | None, function: str) -> Formula | None:
    if isinstance(formula, Call) and formula.function == function and len(formula.arguments) == 1:
        return formula.arguments[0]
    return None


def _negated(formula: Formula | None) -> Formula | None:
    return formula.operand if isinstance(formula, Unary) and formula.operator == "-" else None
