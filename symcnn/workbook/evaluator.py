"""The functions of formulas, in float64 as spreadsheet programs compute them.

An argument is a value, or the values of an area (a list). Sums run in the order of the cells, without compensation.

``Compiler`` makes a function of a formula: each node of its tree becomes one of the cells that it refers to. ``Vector``
calculates many formulas that differ only in their references, as far as everything is a finite number.
"""

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symcnn.printers.cells import (
    BINDS,
    Binary,
    Formula,
    FunctionCall,
    Logical,
    Name,
    Numeral,
    Percent,
    Range,
    Reference,
    Text,
    Unary,
    chain,
)


@dataclass(frozen=True, slots=True)
class CellError:
    """``#NUM!``, ``#DIV/0!``, ``#VALUE!``, ``#N/A`` or ``#REF!`` as the value of a cell."""

    code: str

    def __str__(self) -> str:
        return self.code


class RaisedError(Exception):
    """A formula gives an error; it is the value of its cell."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.error = CellError(code)


#: None: an empty cell.
Value = float | str | bool | CellError | None
Argument = Value | list[Value]


def number(value: Value) -> float:
    """The value where a number is wanted: an empty cell is 0, TRUE is 1, a text is none."""
    if type(value) is float:
        return value
    if isinstance(value, CellError):
        raise RaisedError(value.code)
    if isinstance(value, str):
        raise RaisedError("#VALUE!")
    return float(value or 0)


def finite(value: float) -> float:
    if value - value != 0:  # inf or nan
        raise RaisedError("#NUM!")
    return value


def text(value: Value) -> str:
    """The value where a text is wanted: 15 digits, as in a cell without a format."""
    if isinstance(value, CellError):
        raise RaisedError(value.code)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str) or value is None:
        return value or ""
    decimal = Decimal(f"{value:.15g}")
    if decimal and not -20 < decimal.adjusted() < 21:
        return f"{decimal.normalize():E}"
    plain = f"{decimal:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def truth(value: Value) -> bool:
    return value if isinstance(value, bool) else number(value) != 0


def compared(left: Value, right: Value) -> int:
    """-1, 0 or 1; any number is before any text, any text before FALSE; letters without regard to case."""
    first, second = _rank(left, right), _rank(right, left)
    return (first > second) - (first < second)


def _rank(value: Value, other: Value) -> tuple[int, float, str]:
    if isinstance(value, CellError):
        raise RaisedError(value.code)
    if value is None:  # as what it is compared with
        value = "" if isinstance(other, str) else False if isinstance(other, bool) else 0.0
    if isinstance(value, bool):
        return 2, float(value), ""
    return (1, 0.0, value.casefold()) if isinstance(value, str) else (0, value, "")


def _numbers(arguments: Iterable[Argument]) -> Iterator[float]:
    """All numbers; texts, truth values and empty cells of an area don't count."""
    for argument in arguments:
        if not isinstance(argument, list):
            yield number(argument)
            continue
        for value in argument:
            if type(value) is float:
                yield value
            elif isinstance(value, CellError):
                raise RaisedError(value.code)


def _total(numbers: Iterable[float]) -> float:
    total = 0.0
    for value in numbers:  # not sum(), which compensates
        total += value
    return finite(total)


def _paired(arguments: Sequence[Argument]) -> Iterator[tuple[Value, ...]]:
    columns = [a if isinstance(a, list) else [a] for a in arguments]
    if len({len(c) for c in columns}) > 1:
        raise RaisedError("#VALUE!")
    return zip(*columns, strict=True)


def _sumproduct(*arguments: Argument) -> float:
    return _total(math.prod(_plain(v) for v in values) for values in _paired(arguments))


def _plain(value: Value) -> float:
    """A number, or 0 for anything that is none."""
    if isinstance(value, CellError):
        raise RaisedError(value.code)
    return value if type(value) is float else 0.0


def _sumxmy2(first: Argument, second: Argument) -> float:
    return _total((_plain(a) - _plain(b)) ** 2 for a, b in _paired((first, second)))


def _match(wanted: Argument, area: Argument, kind: Argument = 1.0) -> float:
    """Position of what is equal; with kind 1 of the last that is not above, in a rising list."""
    value, way = _one(wanted), number(_one(kind))
    cells = area if isinstance(area, list) else [area]
    position = 0
    for n, cell in enumerate(cells, 1):
        if cell is None or isinstance(cell, CellError) or isinstance(cell, str) != isinstance(value, str):
            continue
        order = compared(cell, value)
        if way == 0 and order == 0:
            return float(n)
        if way > 0 and order <= 0:
            position = n
    if not position:
        raise RaisedError("#N/A")
    return float(position)


def _one(argument: Argument) -> Value:
    if isinstance(argument, list):
        raise RaisedError("#VALUE!")
    return argument


def _round(value: Argument, digits: Argument) -> float:
    """Half away from zero, of what 15 digits show: 2.675 becomes 2.68."""
    decimal = Decimal(f"{number(_one(value)):.15g}")
    return float(decimal.quantize(Decimal(1).scaleb(-int(number(_one(digits)))), ROUND_HALF_UP)) + 0.0


def _mod(value: Argument, divisor: Argument) -> float:
    first, second = number(_one(value)), number(_one(divisor))
    if second == 0:
        raise RaisedError("#DIV/0!")
    return first - second * math.floor(first / second)


def _of_number(function: Callable[[float], float]) -> Callable[..., float]:
    def applied(argument: Argument) -> float:
        try:
            return finite(function(number(_one(argument))))
        except (ValueError, OverflowError):
            raise RaisedError("#NUM!") from None

    return applied


def _truths(arguments: Iterable[Argument]) -> list[bool]:
    truths = []
    for argument in arguments:
        values = [v for v in argument if not isinstance(v, str | None)] if isinstance(argument, list) else [argument]
        truths += [truth(v) for v in values]
    if not truths:
        raise RaisedError("#VALUE!")
    return truths


def _count(*arguments: Argument) -> float:
    values = (v for a in arguments for v in (a if isinstance(a, list) else [a]))
    return float(sum(type(v) is float for v in values))


#: Functions of one number; SUMPRODUCT takes them of every cell of an area.
OF_NUMBER: dict[str, Callable[..., float]] = {
    "ABS": _of_number(abs),
    "EXP": _of_number(math.exp),
    "INT": _of_number(lambda value: float(math.floor(value))),
    "LN": _of_number(math.log),
    "SQRT": _of_number(math.sqrt),
    "TANH": _of_number(math.tanh),
}

FUNCTIONS: dict[str, Callable[..., Value]] = {
    **OF_NUMBER,
    "MOD": _mod,
    "ROUND": _round,
    "SUM": lambda *arguments: _total(_numbers(arguments)),
    "SUMSQ": lambda *arguments: _total(v * v for v in _numbers(arguments)),
    "SUMPRODUCT": _sumproduct,
    "SUMXMY2": _sumxmy2,
    "MAX": lambda *arguments: max(_numbers(arguments), default=0.0),
    "MIN": lambda *arguments: min(_numbers(arguments), default=0.0),
    "COUNT": _count,
    "MATCH": _match,
    "AND": lambda *arguments: all(_truths(arguments)),
    "OR": lambda *arguments: any(_truths(arguments)),
}


@dataclass(frozen=True)
class Area:
    """The places of a block of cells, row by row."""

    columns: int
    places: tuple[int, ...]


#: Functions that pass over what is no number in a cell.
AGGREGATES = {"SUM", "SUMSQ", "MAX", "MIN", "COUNT", "AND", "OR"}

#: Where a formula's k-th reference points: a place, or an Area where a range stands.
Places = Sequence[Any]
Run = Callable[[Places], Value]
RunList = Callable[[Places], list[Value]]


def _power(base: float, exponent: float) -> float:
    if base == 0 and exponent <= 0:
        raise RaisedError("#NUM!" if exponent == 0 else "#DIV/0!")
    try:
        power = base**exponent
    except OverflowError:
        raise RaisedError("#NUM!") from None
    if isinstance(power, complex):
        raise RaisedError("#NUM!")
    return float(power)


def _quotient(above: float, below: float) -> float:
    if below == 0:
        raise RaisedError("#DIV/0!")
    return above / below


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": _quotient, "^": _power,
}  # fmt: skip
#: Each compares -1, 0 or 1 with 0.
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip


def _operation(sign: str) -> Callable[[Value, Value], Value]:
    if sign == "&":
        return lambda a, b: text(a) + text(b)
    if sign in _COMPARISONS:
        holds = _COMPARISONS[sign]
        return lambda a, b: holds(compared(a, b), 0)
    compute = _ARITHMETIC[sign]

    def operation(a: Value, b: Value) -> Value:
        # nearly always both are floats: the calls would be half of the time
        floats = type(a) is float and type(b) is float
        value = compute(a, b) if floats else compute(number(a), number(b))  # type: ignore[arg-type]
        return finite(value) if value - value != 0 else value

    return operation


OPERATIONS = {sign: _operation(sign) for sign in ("&", *_COMPARISONS, *_ARITHMETIC)}


class Compiler:
    """Makes the functions; values: those of all cells by place; named: defined name -> place.

    A tree's references are numbered from left to right, as they are in its text.
    """

    def __init__(self, values: list[Value], named: Callable[[str], int]) -> None:
        self._values, self._named = values, named
        self._numbers: Iterator[int] = count()
        self._places: list[int] = []

    def compiled(self, formula: Formula) -> tuple[Run, tuple[int, ...]]:
        """The function, and the places of the defined names in it."""
        self._numbers, self._places = count(), []
        return self._run(formula), tuple(self._places)

    def _run(self, formula: Formula) -> Run:
        match formula:
            case Numeral() | Text() | Logical():
                constant = formula.value
                return lambda places: constant
            case Reference():
                return self._fetched(next(self._numbers))
            case Name():
                values, place = self._values, self._named(formula.name)
                self._places.append(place)
                return lambda places: values[place]
            case Unary():
                operand, sign = self._run(formula.operand), -1.0 if formula.operator == "-" else 1.0
                return lambda places: sign * number(operand(places))
            case Percent():
                operand = self._run(formula.operand)
                return lambda places: number(operand(places)) / 100
            case Binary():
                return self._chain(formula)
            case FunctionCall():
                return self._call(formula)
            case Range():
                raise ValueError(f"a range where a value is expected: {formula}")

    def _fetched(self, k: int) -> Run:
        values = self._values
        return lambda places: values[places[k]]

    def _chain(self, formula: Binary) -> Run:
        """A left-deep chain, in a loop: it may be longer than Python's stack."""
        start, parts = chain(formula, BINDS)
        if len(parts) == 1 and isinstance(start, Reference) and isinstance(formula.right, Reference):
            operation, values = OPERATIONS[formula.operator], self._values
            j, k = next(self._numbers), next(self._numbers)
            return lambda places: operation(values[places[j]], values[places[k]])
        first = self._run(start)
        steps = [(OPERATIONS[sign], self._run(part)) for sign, part in parts]

        def chained(places: Places) -> Value:
            value = first(places)
            for operation, right in steps:
                value = operation(value, right(places))
            return value

        return chained

    # --- functions --------------------------------------------------------------------------------------------------

    def _call(self, call: FunctionCall) -> Run:
        if call.function == "IF":
            return self._if(call)
        if call.function == "INDEX":
            one = self._index(call)
            return lambda places: _one(one(places))
        function = FUNCTIONS[call.function]
        argument = self._elements if call.function == "SUMPRODUCT" else self._argument
        if call.function in AGGREGATES:
            argument = self._counted
        arguments = [argument(a) for a in call.arguments]
        return lambda places: function(*[a(places) for a in arguments])

    def _if(self, call: FunctionCall) -> Run:
        condition, above = (self._run(a) for a in call.arguments[:2])
        below = self._run(call.arguments[2]) if len(call.arguments) > 2 else lambda places: False
        return lambda places: (above if truth(condition(places)) else below)(places)

    def _argument(self, formula: Formula) -> Callable[[Places], Argument]:
        if isinstance(formula, Range):
            return self._area()
        if isinstance(formula, FunctionCall) and formula.function == "INDEX":
            return self._index(formula)
        return self._run(formula)

    def _counted(self, formula: Formula) -> Callable[[Places], Argument]:
        """For a function that takes the numbers of areas: a cell is an area; so is a name."""
        argument = self._argument(formula)
        if isinstance(formula, Reference | Name):
            return lambda places: [argument(places)]  # type: ignore[list-item]
        return argument

    def _area(self) -> RunList:
        k, values = next(self._numbers), self._values

        def area(places: Places) -> list[Value]:
            block = places[k]
            assert isinstance(block, Area)
            return [values[place] for place in block.places]

        return area

    def _index(self, call: FunctionCall) -> Callable[[Places], Argument]:
        """One cell of an area; row or column 0: all of them."""
        if not isinstance(call.arguments[0], Range):
            raise ValueError(f"INDEX of what is no range: {call}")
        k, values = next(self._numbers), self._values
        ways = [self._run(a) for a in call.arguments[1:]]

        def index(places: Places) -> Argument:
            block = places[k]
            assert isinstance(block, Area)
            rows, columns = len(block.places) // block.columns, block.columns
            at = [int(number(way(places))) for way in ways]
            row, column = (at[0], at[1]) if len(at) > 1 else (1, at[0]) if rows == 1 else (at[0], 1)
            if not (0 <= row <= rows and 0 <= column <= columns):
                raise RaisedError("#REF!")
            across = range(columns) if column == 0 else (column - 1,)
            down = range(rows) if row == 0 else (row - 1,)
            cells = [values[block.places[r * columns + c]] for r in down for c in across]
            return cells if row == 0 or column == 0 else cells[0]

        return index

    # --- inside SUMPRODUCT ------------------------------------------------------------------------------------------

    def _elements(self, formula: Formula) -> RunList:
        """Value by value, as SUMPRODUCT takes its arguments; a single value goes with every element."""
        match formula:
            case Range():
                return self._area()
            case Unary() | Percent():
                operand = self._elements(formula.operand)
                factor = 0.01 if isinstance(formula, Percent) else -1.0 if formula.operator == "-" else 1.0
                return lambda places: [_attempt(lambda a: factor * number(a), v) for v in operand(places)]
            case Binary():
                left, right = self._elements(formula.left), self._elements(formula.right)
                operation = OPERATIONS[formula.operator]
                return lambda places: _each(operation, left(places), right(places))
            case FunctionCall() if formula.function in OF_NUMBER and len(formula.arguments) == 1:
                function, argument = OF_NUMBER[formula.function], self._elements(formula.arguments[0])
                return lambda places: [_attempt(function, v) for v in argument(places)]
            case _:
                one = self._run(formula)
                return lambda places: [one(places)]


def _attempt(function: Callable[..., Value], *values: Value) -> Value:
    try:
        return function(*values)
    except RaisedError as reason:
        return reason.error


def _each(operation: Callable[[Value, Value], Value], left: list[Value], right: list[Value]) -> list[Value]:
    length = max(len(left), len(right))
    if {len(left), len(right)} - {1, length}:
        raise RaisedError("#VALUE!")
    wide = [v * length if len(v) == 1 else v for v in (left, right)]
    return [_attempt(operation, a, b) for a, b in zip(*wide, strict=True)]


# --- many formulas at once ------------------------------------------------------------------------------------------

#: The values of one part of many formulas: (formulas,), or inside SUMPRODUCT (cells of an area, formulas).
Numbers = NDArray[Any]

_ARRAYS: dict[str, Callable[..., Numbers]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide,
    "=": np.equal, "<>": np.not_equal, "<": np.less, ">": np.greater, "<=": np.less_equal, ">=": np.greater_equal,
}  # fmt: skip


class NotNumbersError(Exception):
    """A formula is not calculated with arrays: it has a text, a look-up, a defined name."""


class Vector:
    """Calculates formulas that differ only in their references, with the same bits as one by one.

    Args:
        columns: where each reference points, in the order of the text: (cells of an area or 1, formulas); nan stands
            for what is no number.

    Attributes:
        unsure: the formulas in which something is no finite number, in whatever branch: their results mean nothing.
    """

    def __init__(self, columns: Sequence[Numbers], formulas: int) -> None:
        self._columns, self._count = iter(columns), formulas
        self.unsure = np.zeros(formulas, dtype=bool)
        for column in columns:
            self.unsure |= np.isnan(column).any(axis=0)

    def result(self, tree: Formula) -> Numbers:
        """Calculate all of them; tree: the formula of one.

        Raises:
            NotNumbersError: it is not calculated with arrays.
        """
        with np.errstate(all="ignore"):
            return np.broadcast_to(self._value(tree), (self._count,))

    def _value(self, formula: Formula, elements: bool = False) -> Numbers:
        """elements: inside SUMPRODUCT, where an area gives a value for each of its cells."""
        match formula:
            case Numeral() | Logical():
                return np.array(formula.value)
            case Reference():
                row: Numbers = next(self._columns)[0]
                return row
            case Range() if elements:
                return next(self._columns)
            case Unary():
                return (-1.0 if formula.operator == "-" else 1.0) * _as_numbers(self._value(formula.operand, elements))
            case Percent():
                operand = _as_numbers(self._value(formula.operand, elements))
                return operand * 0.01 if elements else operand / 100
            case Binary():
                return self._chain(formula, elements)
            case FunctionCall():
                return self._call(formula, elements)
        raise NotNumbersError

    def _chain(self, formula: Binary, elements: bool) -> Numbers:
        start, parts = chain(formula, BINDS)
        value = self._value(start, elements)
        for sign, part in parts:
            right = self._value(part, elements)
            if sign in _COMPARISONS:
                if bool in (value.dtype, right.dtype):
                    raise NotNumbersError
                value = _ARRAYS[sign](value, right)
            elif sign == "^":
                base, exponent = np.broadcast_arrays(_as_numbers(value), _as_numbers(right))
                value = self._one_by_one(_power, base, exponent)
            elif sign in _ARRAYS:
                value = self._finite(_ARRAYS[sign](_as_numbers(value), _as_numbers(right)))
            else:
                raise NotNumbersError
        return value

    def _call(self, call: FunctionCall, elements: bool) -> Numbers:
        name, arguments = call.function, call.arguments
        if name in OF_NUMBER and len(arguments) == 1:
            return self._one_by_one(OF_NUMBER[name], _as_numbers(self._value(arguments[0], elements)))
        if name == "IF" and len(arguments) == 3:
            condition, above, below = (self._value(a) for a in arguments)
            if above.dtype != below.dtype:
                raise NotNumbersError
            return np.where(condition if condition.dtype == bool else condition != 0, above, below)
        if name == "SUMPRODUCT":
            return self._sum_of_products([self._value(a, elements=True) for a in arguments])
        if name not in ("SUM", "SUMSQ", "MAX", "MIN"):
            raise NotNumbersError
        rows = [row for a in arguments for row in self._rows(a)]
        if name in ("SUM", "SUMSQ"):
            return self._total(rows if name == "SUM" else [row * row for row in rows])
        largest = rows[0]
        for row in rows[1:]:  # of 0 and -0 the first, as Python's max; numpy's takes either
            largest = np.where(row > largest if name == "MAX" else row < largest, row, largest)
        return largest

    def _rows(self, argument: Formula) -> Iterable[Numbers]:
        """The numbers of an argument of SUM or MAX, one after the other."""
        return next(self._columns) if isinstance(argument, Range) else [_as_numbers(self._value(argument))]

    def _sum_of_products(self, factors: Sequence[Numbers]) -> Numbers:
        if len({len(f) if f.ndim == 2 else 1 for f in factors}) > 1:
            raise NotNumbersError
        product = np.ones(())
        for factor in factors:  # a truth value is no number there
            product = product * (np.zeros_like(factor, dtype=float) if factor.dtype == bool else factor)
        return self._total(product if product.ndim == 2 else [product])

    def _total(self, rows: Iterable[Numbers]) -> Numbers:
        total = np.zeros(self._count)
        for row in rows:  # not sum(), which adds in pairs
            total += row
        return self._finite(total)

    def _one_by_one(self, function: Callable[..., float], *operands: Numbers) -> Numbers:
        """numpy's own functions may differ from the C library's in the last bit."""

        def attempt(*values: float) -> float:
            try:
                return function(*values)
            except RaisedError:
                return math.nan

        values = [attempt(*v) for v in zip(*(o.ravel().tolist() for o in operands), strict=True)]
        return self._finite(np.array(values, dtype=float).reshape(operands[0].shape))

    def _finite(self, values: Numbers) -> Numbers:
        unsure = ~np.isfinite(values)
        self.unsure |= unsure.any(axis=0) if values.ndim == 2 else unsure
        return values


def _as_numbers(values: Numbers) -> Numbers:
    return values.astype(float) if values.dtype == bool else values
