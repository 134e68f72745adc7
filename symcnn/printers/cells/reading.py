"""Tree of a cell formula -> SymPy: the inverse of ``printers/excel.py``.

    IF(z<0,EXP(z)/(1+EXP(z)),1/(1+EXP(-z)))   sigmoid(z)      what the printer writes for a leaf function of z
    MAX(z,0)+LN(1+EXP(-ABS(z)))               softplus(z)     is a pattern, in which z stands for any formula
    IF(y>0,1,0)                 gate(y, 1, 0)     MAX(a,b,…)                   maximum(a, b, …)
    IF(AND(a=m,b<>m),1,0)       wins(a, m, b)

A form that no printer writes is refused, with what was expected; a decimal is the rational number that is written.
"""

import re
from collections.abc import Callable, Sequence

import sympy
from sympy import Add, Expr, Mul, Pow, Rational

from symcnn.printers.cells.parser import FormulaError, parse
from symcnn.printers.cells.tree import (
    Binary,
    Formula,
    FunctionCall,
    Name,
    Numeral,
    Percent,
    Range,
    Reference,
    Unary,
)
from symcnn.printers.excel import EXCEL
from symcnn.printers.infix import InfixPrinter
from symcnn.symbolic import LEAVES, Z, gate, maximum, wins
from symcnn.symbolic.leaves import Function

#: Cells that the ranges of one formula may have.
MAX_CELLS = 20_000

#: The largest exponent of a power, and the bits of a number that is one.
MAX_EXPONENT, MAX_BITS = 64, 4_000


#: The parts of a chain, with the operators before them.
Parts = Sequence[tuple[str, Formula]]


def chain(formula: Formula, operators: str) -> tuple[Formula, list[tuple[str, Formula]]]:
    """A left-deep chain taken apart: a-b+c -> a, [("-", b), ("+", c)]."""
    parts: list[tuple[str, Formula]] = []
    while isinstance(formula, Binary) and formula.operator in operators:
        parts.append((formula.operator, formula.right))
        formula = formula.left
    return formula, parts[::-1]


#: Leaf functions, and how they are printed of z, or were by earlier versions. Of two that fit, the longer is meant.
_TEXTS: list[tuple[Function, str]] = sorted(
    (
        (leaf.function, text)
        for leaf in LEAVES if leaf.takes_one
        for text in (InfixPrinter(EXCEL).expression(leaf.function(Z)).text, *leaf.earlier_cells)
    ),
    key=lambda pair: -len(pair[1]),
)  # fmt: skip

#: What an IF may be.
_IFS = ["IF(y>0,a,b)", "IF(AND(a=largest,b<>largest,…),1,0)", *(t for _, t in _TEXTS if t.startswith("IF("))]


def _patterns() -> dict[str, list[tuple[Function, Parts]]]:
    """Those texts as trees: calls (""), sums and products."""
    found: dict[str, list[tuple[Function, Parts]]] = {"": [], "+-": [], "*/": []}
    for leaf, text in _TEXTS:
        tree = parse(f"={text}")
        kind = "" if isinstance(tree, FunctionCall) else "+-" if chain(tree, "+-")[1] else "*/"
        first, others = chain(tree, kind)
        found[kind].append((leaf, [(kind[:1], first), *others]))
    return found


_PATTERNS = _patterns()

#: Functions of one number.
_ONE_ARGUMENT: dict[str, Callable[[Expr], Expr]] = {"SQRT": sympy.sqrt, "ABS": sympy.Abs} | {
    text.removesuffix("(z)"): leaf for leaf, text in _TEXTS if re.fullmatch(r"[A-Z]+\(z\)", text)
}

#: Every function that is read; a formula with another one is no arithmetic of a network.
FUNCTIONS = frozenset({*_ONE_ARGUMENT, "MAX", "IF", "AND", "SUM", "SUMSQ", "SUMPRODUCT"})


class CellReader:
    """Reads trees; ``cell`` and ``name`` say what a cell and a defined name stand for."""

    def __init__(self, cell: Callable[[Reference], Expr], name: Callable[[str], Expr]) -> None:
        self._cell, self._name = cell, name

    def expression(self, formula: Formula) -> Expr:
        """The formula as one SymPy expression.

        Raises:
            FormulaError: it is outside the supported grammar.
        """
        if isinstance(formula, Numeral):
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
        if isinstance(formula, FunctionCall):
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
        terms = self._with_leaves([("+", first), *parts], "+-")
        return Add(*(value if sign == "+" else -value for sign, value in terms))

    def _with_leaves(self, parts: list[tuple[str, Formula]], operators: str) -> list[tuple[str, Expr]]:
        """The parts of a chain; several of them that are a leaf function's pattern become one."""
        found = []
        while parts:
            sign, part = parts[0]
            value, length = None, 1
            for leaf, pattern in _PATTERNS[operators] if sign == operators[0] else ():
                z = _argument_of(pattern, parts[: len(pattern)])
                if z is not None:
                    value, length = leaf(self.expression(z)), len(pattern)
                    break
            found.append((sign, self.expression(part) if value is None else value))
            parts = parts[length:]
        return found

    def _product(self, formula: Binary) -> Expr:
        first, parts = chain(formula, "*/")
        factors: list[Expr] = []
        for operator, value in self._with_leaves([("*", first), *parts], "*/"):
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

    def _call(self, call: FunctionCall) -> Expr:
        function, arguments = call.function, call.arguments
        for leaf, pattern in _PATTERNS[""]:
            if (z := _argument_of(pattern, [("", call)])) is not None:
                return leaf(self.expression(z))
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
        values = [e for a in arguments for e in self._values(a)]
        if not values:
            raise FormulaError("MAX of nothing")
        return maximum(*values)

    def _if(self, arguments: Sequence[Formula]) -> Expr:
        if len(arguments) != 3:
            raise FormulaError(f"IF of {len(arguments)} arguments; it takes three")
        condition, above, below = arguments
        if isinstance(condition, Binary) and condition.operator == ">" and condition.right == Numeral("0"):
            return gate(*(self.expression(a) for a in (condition.left, above, below)))
        conditions = (
            condition.arguments if isinstance(condition, FunctionCall) and condition.function == "AND" else (condition,)
        )
        if (above, below) == (Numeral("1"), Numeral("0")) and (found := self._first(conditions)) is not None:
            return found
        raise FormulaError(f"IF: expected {', '.join(_IFS[:-1])} or {_IFS[-1]}")

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


def _argument_of(pattern: Parts, parts: Parts) -> Formula | None:
    """What stands in parts of a formula where z stands in a pattern's; None if they are not that pattern."""
    values: list[Formula] = []
    same = [p for p, _ in pattern] == [p for p, _ in parts] and all(
        _matches(p, f, values) for (_, p), (_, f) in zip(pattern, parts, strict=True)
    )
    return values[0] if same and all(v == values[0] for v in values[1:]) else None


def _matches(pattern: Formula, formula: Formula, values: list[Formula]) -> bool:
    """Is a formula a pattern with something for z? ``values`` gets that, wherever z stands."""
    if pattern == Name(Z.name):
        values.append(formula)
        return True
    match pattern, formula:
        case FunctionCall(), FunctionCall():
            same = pattern.function == formula.function and len(pattern.arguments) == len(formula.arguments)
            pairs = zip(pattern.arguments, formula.arguments, strict=False)
            return same and all(_matches(p, f, values) for p, f in pairs)
        case Binary(), Binary():
            same = pattern.operator == formula.operator
            return (
                same and _matches(pattern.left, formula.left, values) and _matches(pattern.right, formula.right, values)
            )
        case Unary(), Unary():
            return pattern.operator == formula.operator and _matches(pattern.operand, formula.operand, values)
    return pattern == formula
