"""What the functions of a formula give, in float64 as spreadsheet programs compute them: one entry each.

An argument is a value, or the values of an area (a list). Sums run in the order of the cells, without compensation.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True, slots=True)
class CellError:
    """``#NUM!``, ``#DIV/0!``, ``#VALUE!``, ``#N/A`` or ``#REF!`` as the value of a cell."""

    code: str


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
    shown = Decimal(f"{value:.15g}")
    if shown and not -20 < shown.adjusted() < 21:
        return f"{shown.normalize():E}"
    plain = f"{shown:f}"
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
    found = 0.0
    for value in numbers:  # not sum(), which compensates
        found += value
    return finite(found)


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
    found = 0
    for n, cell in enumerate(cells, 1):
        if cell is None or isinstance(cell, CellError) or isinstance(cell, str) != isinstance(value, str):
            continue
        order = compared(cell, value)
        if way == 0 and order == 0:
            return float(n)
        if way > 0 and order <= 0:
            found = n
    if not found:
        raise RaisedError("#N/A")
    return float(found)


def _one(argument: Argument) -> Value:
    if isinstance(argument, list):
        raise RaisedError("#VALUE!")
    return argument


def _round(value: Argument, digits: Argument) -> float:
    """Half away from zero, of what 15 digits show: 2.675 becomes 2.68."""
    shown = Decimal(f"{number(_one(value)):.15g}")
    return float(shown.quantize(Decimal(1).scaleb(-int(number(_one(digits)))), ROUND_HALF_UP)) + 0.0


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
    found = []
    for argument in arguments:
        values = [v for v in argument if not isinstance(v, str | None)] if isinstance(argument, list) else [argument]
        found += [truth(v) for v in values]
    if not found:
        raise RaisedError("#VALUE!")
    return found


def _count(*arguments: Argument) -> float:
    values = (v for a in arguments for v in (a if isinstance(a, list) else [a]))
    return float(sum(type(v) is float for v in values))


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "ABS": _of_number(abs),
    "EXP": _of_number(math.exp),
    "LN": _of_number(math.log),
    "SQRT": _of_number(math.sqrt),
    "TANH": _of_number(math.tanh),
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
