"""Cell formulas read back: text -> tree (``parse``), tree -> SymPy (``CellReader``); nothing is evaluated.

openpyxl's Tokenizer cuts the text; the parser follows Excel's rules and refuses what Excel refuses. Its depth and
length are bounded.

    binds    -a    a%    a^b    a*b a/b    a+b a-b    a&b    a=b a<>b a<b a>b a<=b a>=b
    first    a sign binds tighter than ^ (-2^2 is 4); operators with two operands go from left to right (2^3^2 is 64)

A chain ``a+b+c`` is left-deep, everything else is at most ``MAX_DEPTH`` deep: code that walks a tree goes down the left
of a ``Binary`` in a loop and recurses elsewhere.

``CellReader`` is the inverse of ``printers/excel.py`` and refuses every form that no printer writes.

    IF(z<0,EXP(z)/(1+EXP(z)),1/(1+EXP(-z)))   sigmoid(z)      what the printer writes for a leaf function of z
    MAX(z,0)+LN(1+EXP(-ABS(z)))               softplus(z)     is a pattern, in which z stands for any formula
    IF(y>0,1,0)                 gate(y, 1, 0)     MAX(a,b,…)                   maximum(a, b, …)
    IF(AND(a=m,b<>m),1,0)       wins(a, m, b)
"""

import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate

import sympy
from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token, TokenizerError
from openpyxl.utils import column_index_from_string, get_column_letter
from sympy import Add, Expr, Mul, Pow, Rational

from symcnn.errors import InputError
from symcnn.printers.excel import EXCEL, MAX_ARGUMENTS, MAX_LENGTH
from symcnn.printers.infix import InfixPrinter
from symcnn.symbolic import LEAVES, Z, gate, maximum, wins
from symcnn.symbolic.leaves import Function


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as it was written: ``0.5``, ``1E-05``."""

    text: str

    @property
    def value(self) -> float:
        return float(self.text)


@dataclass(frozen=True, slots=True)
class Text:
    """Text, without its quotes."""

    value: str


@dataclass(frozen=True, slots=True)
class Logical:
    """TRUE or FALSE."""

    value: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """One cell: ``Inputs!$F$6``; sheet None: the formula's own. Row and column from 1."""

    sheet: str | None
    row: int
    column: int
    row_fixed: bool = False
    column_fixed: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    """A block of cells, first and last corner; both on the first one's sheet."""

    first: Reference
    last: Reference

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.last.row - self.first.row + 1, self.last.column - self.first.column + 1

    def cells(self) -> Iterator[Reference]:
        """Its cells, row by row."""
        for row in range(self.first.row, self.last.row + 1):
            for column in range(self.first.column, self.last.column + 1):
                yield Reference(self.first.sheet, row, column)


def corners(target: Reference | Range) -> tuple[Reference, Reference]:
    """The first and the last cell of a cell or a block."""
    return (target.first, target.last) if isinstance(target, Range) else (target, target)


@dataclass(frozen=True, slots=True)
class Name:
    """A defined name."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    """A sign before its operand: ``-`` or ``+``."""

    operator: str
    operand: "Formula"


@dataclass(frozen=True, slots=True)
class Percent:
    """Divided by 100."""

    operand: "Formula"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands: ``+ - * / ^ &`` or a comparison."""

    operator: str
    left: "Formula"
    right: "Formula"


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function, its name in capitals."""

    function: str
    arguments: tuple["Formula", ...]


Formula = Numeral | Text | Logical | Reference | Range | Name | Unary | Percent | Binary | FunctionCall


# --- text -> tree ---------------------------------------------------------------------------------------------------

#: Excel's limits: nested calls and parentheses; rows; columns.
MAX_DEPTH, MAX_ROWS, MAX_COLUMNS = 64, 1_048_576, 16_384

#: Operator -> how tightly it binds; all go from left to right.
BINDS = {"=": 1, "<>": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}

_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_CELL = r"(\$?)([A-Za-z]{1,3})(\$?)([1-9][0-9]{0,6})"
_RANGE = re.compile(rf"(?:('(?:[^'\[\]:*?/\\]|'')+'|\w[\w.]*)!)?{_CELL}(?::{_CELL})?")
_NAME = re.compile(r"[^\W\d][\w.]{0,254}")
_FUNCTION = re.compile(r"[A-Z][A-Z0-9.]*")


class FormulaError(InputError):
    """A text that is no formula, or one that is not supported; the message has the place."""


def parse(text: str) -> Formula:
    """A formula, with or without its ``=``, as a tree.

    Raises:
        FormulaError: what is wrong, and at which character.
    """
    body = text[1:] if text.startswith("=") else text
    if len(body) > MAX_LENGTH:
        raise FormulaError(f"{len(body)} characters; a formula has at most {MAX_LENGTH}")
    try:
        tokens = Tokenizer(f"={body}").items
    except TokenizerError as reason:
        raise FormulaError(_one_line(str(reason))) from None
    except IndexError:  # its answer to a parenthesis too many
        raise FormulaError("a closing parenthesis too many") from None
    return _Parser(tokens).parse()


def reference(text: str) -> Reference | Range | None:
    """``Inputs!$F$6`` or ``A1:B2``; None if it is neither."""
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    sheet = match[1]
    if sheet is not None and sheet.startswith("'"):
        sheet = sheet[1:-1].replace("''", "'")
    first = _cell(sheet, *match.group(2, 3, 4, 5))
    if first is None or not match[7]:
        return first
    last = _cell(sheet, *match.group(6, 7, 8, 9))
    if last is None or last.row < first.row or last.column < first.column:
        return None
    return Range(first, last)


def _cell(sheet: str | None, column_fixed: str, letters: str, row_fixed: str, digits: str) -> Reference | None:
    row, column = int(digits), column_index_from_string(letters)
    if row > MAX_ROWS or column > MAX_COLUMNS:
        return None
    return Reference(sheet, row, column, bool(row_fixed), bool(column_fixed))


def _one_line(text: str) -> str:
    return text.replace("\n", " ")[:120]


class _Parser:
    """Precedence climbing over the tokens; blanks are passed over."""

    def __init__(self, tokens: list[Token]) -> None:
        starts = accumulate((len(token.value) for token in tokens), initial=1)
        self._tokens = [(t, at) for t, at in zip(tokens, starts, strict=False) if t.type != Token.WSPACE]
        self._next = 0
        self._depth = 0

    def parse(self) -> Formula:
        tree = self._binary(0)
        if self._next < len(self._tokens):
            raise self._error("expected an operator")
        return tree

    # --- operators --------------------------------------------------------------------------------------------------

    def _binary(self, least: int) -> Formula:
        """Operands joined by operators that bind more tightly than ``least``."""
        left = self._signed()
        while (operator := self._operator()) is not None and BINDS[operator] > least:
            self._next += 1
            left = Binary(operator, left, self._binary(BINDS[operator]))
        return left

    def _operator(self) -> str | None:
        token = self._peek()
        if token is None or token.type != Token.OP_IN:
            return None
        if token.value not in BINDS:  # a union, an intersection
            raise self._error(f"{token.value.strip() or 'blank'}: not a supported operator")
        operator: str = token.value
        return operator

    def _signed(self) -> Formula:
        signs: list[str] = []
        while (token := self._peek()) is not None and token.type == Token.OP_PRE:
            if token.value not in "+-" or len(signs) == MAX_DEPTH:
                raise self._error("not a supported sign" if token.value not in "+-" else "too many signs")
            signs.append(token.value)
            self._next += 1
        operand = reduce(lambda inner, sign: Unary(sign, inner), reversed(signs), self._operand())
        percents = 0
        while (token := self._peek()) is not None and token.type == Token.OP_POST:
            if (percents := percents + 1) > MAX_DEPTH:
                raise self._error("too many percent signs")
            operand = Percent(operand)
            self._next += 1
        return operand

    # --- operands ---------------------------------------------------------------------------------------------------

    def _operand(self) -> Formula:
        token = self._peek()
        if token is None:
            raise FormulaError("it ends where an operand is expected")
        if token.type == Token.OPERAND:
            operand = self._leaf(token)
            self._next += 1
            return operand
        if token.type in (Token.PAREN, Token.FUNC) and token.subtype == Token.OPEN:
            return self._inside(token)
        raise self._error("expected a number, a cell, a name, a function or a parenthesis")

    def _inside(self, token: Token) -> Formula:
        """Parentheses, or a function with its arguments."""
        function = token.value[:-1].upper() if token.type == Token.FUNC else None
        if function is not None and not _FUNCTION.fullmatch(function):
            raise self._error("not the name of a function")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"nested more than {MAX_DEPTH} deep")
        self._next += 1
        arguments: list[Formula] = []
        if not self._closes():
            arguments.append(self._binary(0))
            while function is not None and (sep := self._peek()) is not None and sep.type == Token.SEP:
                if sep.subtype != Token.ARG or len(arguments) == MAX_ARGUMENTS:
                    raise self._error(f"expected a comma, and at most {MAX_ARGUMENTS} arguments")
                self._next += 1
                arguments.append(self._binary(0))
        if not self._closes():
            raise self._error("expected an operator or a closing parenthesis")
        self._next += 1
        self._depth -= 1
        if function is not None:
            return FunctionCall(function, tuple(arguments))
        if not arguments:
            raise FormulaError("empty parentheses")
        return arguments[0]

    def _closes(self) -> bool:
        token = self._peek()
        return token is not None and token.type in (Token.PAREN, Token.FUNC) and token.subtype == Token.CLOSE

    def _leaf(self, token: Token) -> Formula:
        value = token.value
        if token.subtype == Token.NUMBER and _NUMBER.fullmatch(value):
            return Numeral(re.sub(r"(?<=[Ee])([+-]?)0+(?=[0-9])", r"\1", value))  # 1E-030, as LibreOffice writes it
        if token.subtype == Token.TEXT and len(value) >= 2 and value[0] == value[-1] == '"':
            return Text(value[1:-1].replace('""', '"'))
        if token.subtype == Token.LOGICAL:
            return Logical(value.upper() == "TRUE")
        if token.subtype == Token.RANGE:
            if (cells := reference(value)) is not None:
                return cells
            if _NAME.fullmatch(value):
                return Name(value)
        raise self._error("neither a number nor a cell, a range or a name")

    def _peek(self) -> Token | None:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else None

    def _error(self, reason: str) -> FormulaError:
        if self._next >= len(self._tokens):
            return FormulaError(f"at its end: {reason}")
        token, at = self._tokens[self._next]
        return FormulaError(f"at character {at}, {_one_line(token.value)[:40]}: {reason}")


# --- addresses ------------------------------------------------------------------------------------------------------

#: Sheet title, row, column.
Place = tuple[str, int, int]


def _letters(column: int) -> str:
    """27 -> AA."""
    if not 1 <= column <= MAX_COLUMNS:
        raise FormulaError(f"column {column}: outside the sheet")
    return get_column_letter(column)


def written(place: Place, seen_from: str | None = None) -> str:
    """The address of a cell: ``Forward!K12``; ``K12`` when it is seen from its own sheet."""
    sheet, row, column = place
    local = f"{_letters(column)}{row}"
    if sheet == seen_from:
        return local
    bare = re.fullmatch(r"[^\W\d_]{4,}", sheet)
    return f"{sheet}!{local}" if bare else "'{}'!{}".format(sheet.replace("'", "''"), local)


#: Quoted text and quoted sheets are skipped; what follows a letter or a digit, or continues, is no cell.
_MOVABLE = re.compile(rf"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|(?<![\w.$]){_CELL}(?![\w.(!])")


def filling(text: str) -> Callable[[int], str]:
    """Return a function: number of rows -> the formula copied so many rows down."""
    pieces: list[str | int] = []
    at = 0
    for match in _MOVABLE.finditer(text):
        if match[4] is not None and not match[3]:
            pieces += [text[at : match.start(4)], int(match[4])]
            at = match.end()
    pieces.append(text[at:])
    return lambda down: "".join([p if isinstance(p, str) else str(p + down) for p in pieces])


def moved(text: str, rows: int, columns: int) -> str:
    """The formula copied so many rows down and columns to the right.

    Raises:
        FormulaError: a reference would lie outside the sheet.
    """

    def move(match: re.Match[str]) -> str:
        if match[4] is None:
            return match[0]
        column = match[2] if match[1] else _letters(column_index_from_string(match[2]) + columns)
        row = int(match[4]) + (0 if match[3] else rows)
        if not 1 <= row <= MAX_ROWS:
            raise FormulaError(f"{match[0]}: copied {rows} rows down, outside the sheet")
        return f"{match[1]}{column}{match[3]}{row}"

    return _MOVABLE.sub(move, text)


# --- tree -> SymPy --------------------------------------------------------------------------------------------------

#: Cells that the ranges of one formula may have.
MAX_CELLS = 20_000

#: The largest exponent of a power, and the bits of a number that is one.
MAX_EXPONENT, MAX_BITS = 64, 4_000


#: The parts of a chain, with the operators before them.
Parts = Sequence[tuple[str, Formula]]


def chain(formula: Formula, operators: Container[str]) -> tuple[Formula, list[tuple[str, Formula]]]:
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

#: The supported forms of IF.
_IFS = ["IF(y>0,a,b)", "IF(AND(a=largest,b<>largest,…),y,0)", *(t for _, t in _TEXTS if t.startswith("IF("))]


def _patterns() -> dict[str, list[tuple[Function, Parts]]]:
    """Those texts as trees: calls (""), sums and products."""
    patterns: dict[str, list[tuple[Function, Parts]]] = {"": [], "+-": [], "*/": []}
    for leaf, text in _TEXTS:
        tree = parse(f"={text}")
        kind = "" if isinstance(tree, FunctionCall) else "+-" if chain(tree, "+-")[1] else "*/"
        first, others = chain(tree, kind)
        patterns[kind].append((leaf, [(kind[:1], first), *others]))
    return patterns


_PATTERNS = _patterns()

#: Functions of one number.
_ONE_ARGUMENT: dict[str, Callable[[Expr], Expr]] = {"SQRT": sympy.sqrt, "ABS": sympy.Abs} | {
    text.removesuffix("(z)"): leaf for leaf, text in _TEXTS if re.fullmatch(r"[A-Z]+\(z\)", text)
}

#: Every function that is read; a formula with another one is no arithmetic of a network.
FUNCTIONS = frozenset({*_ONE_ARGUMENT, "MAX", "IF", "AND", "SUM", "SUMSQ", "SUMPRODUCT"})


class CellReader:
    """Turns trees into SymPy; ``cell`` and ``name`` return the values of cells and defined names."""

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
            return Add(*(value if sign == "+" else -value for sign, value in self._parts(formula, "+-")))
        if formula.operator in "*/":
            return self._product(formula)
        if formula.operator == "^":
            return self._power(formula)
        raise FormulaError(f"{formula.operator}: only inside an IF")

    def _parts(self, formula: Binary, operators: str) -> list[tuple[str, Expr]]:
        """The parts of a chain with their operators; several that match a leaf function's pattern become one."""
        first, others = chain(formula, operators)
        parts = [(operators[0], first), *others]
        values = []
        while parts:
            sign, part = parts[0]
            value, length = None, 1
            for leaf, pattern in _PATTERNS[operators] if sign == operators[0] else ():
                z = _argument_of(pattern, parts[: len(pattern)])
                if z is not None:
                    value, length = leaf(self.expression(z)), len(pattern)
                    break
            values.append((sign, self.expression(part) if value is None else value))
            parts = parts[length:]
        return values

    def _product(self, formula: Binary) -> Expr:
        factors: list[Expr] = []
        for operator, value in self._parts(formula, "*/"):
            if operator == "/" and value == 0:
                raise FormulaError("a division by zero")
            factors.append(value if operator == "*" else 1 / value)
        return Mul(*factors)

    def _power(self, formula: Binary) -> Expr:
        first, parts = chain(formula, "^")
        base = self.expression(first)
        for _, part in parts:
            exponent = self.expression(part)
            if not exponent.is_Integer or abs(exponent) > MAX_EXPONENT or (base == 0 and exponent <= 0):
                raise FormulaError(f"a power: expected a whole exponent, at most {MAX_EXPONENT}")
            if base.is_Rational and max(abs(base.p), base.q).bit_length() * abs(exponent) > MAX_BITS:
                raise FormulaError("a power: the number has too many digits")
            base = Pow(base, exponent)
            if base.is_Pow and abs(base.exp) > MAX_EXPONENT:  # (x^64)^64
                raise FormulaError(f"a power: expected a whole exponent, at most {MAX_EXPONENT}")
        return base

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
        if function == "IF":
            return self._if(arguments)
        if function == "SUMPRODUCT":
            return self._sum_of_products(arguments)
        if function not in FUNCTIONS - {"AND"}:
            raise FormulaError(f"{function}: not a function of the arithmetic of a network")
        values = [e for a in arguments for e in self._values(a)]
        if function == "MAX":
            if not values:
                raise FormulaError("MAX of nothing")
            return maximum(*values)
        return Add(*(e**2 if function == "SUMSQ" else e for e in values))

    def _if(self, arguments: Sequence[Formula]) -> Expr:
        if len(arguments) != 3:
            raise FormulaError(f"IF of {len(arguments)} arguments; it takes three")
        condition, above, below = arguments
        if isinstance(condition, Binary) and condition.operator == ">" and condition.right == Numeral("0"):
            return gate(*(self.expression(a) for a in (condition.left, above, below)))
        conditions = (
            condition.arguments if isinstance(condition, FunctionCall) and condition.function == "AND" else (condition,)
        )
        if below == Numeral("0") and (mask := self._wins(conditions)) is not None:
            return Mul(mask, self.expression(above))
        raise FormulaError(f"IF: expected {', '.join(_IFS[:-1])} or {_IFS[-1]}")

    def _wins(self, conditions: Sequence[Formula]) -> Expr | None:
        """``AND(a=m,b<>m,…)``: a is the first that reaches m."""
        if not conditions or not all(isinstance(c, Binary) for c in conditions):
            return None
        first, *others = (c for c in conditions if isinstance(c, Binary))
        if first.operator != "=" or any(c.operator != "<>" or c.right != first.right for c in others):
            return None
        return wins(*(self.expression(e) for e in (first.left, first.right, *(c.left for c in others))))

    def _sum_of_products(self, arguments: Sequence[Formula]) -> Expr:
        ranges = [list(_ranges(a)) for a in arguments]
        shapes = {r.shape for each in ranges for r in each}
        if len(shapes) > 1 or (shapes and not all(ranges)):
            raise FormulaError("SUMPRODUCT: ranges of different shapes")
        rows, columns = shapes.pop() if shapes else (1, 1)
        if rows * columns > MAX_CELLS:
            raise FormulaError(f"a range of {rows}×{columns} cells; at most {MAX_CELLS}")
        elements = (
            [self.expression(_element(a, *divmod(n, columns))) for a in arguments] for n in range(rows * columns)
        )
        return Add(*(Mul(*factors) for factors in elements))

    def _values(self, formula: Formula) -> list[Expr]:
        if not isinstance(formula, Range):
            return [self.expression(formula)]
        rows, columns = formula.shape
        if rows * columns > MAX_CELLS:
            raise FormulaError(f"a range of {rows}×{columns} cells; at most {MAX_CELLS}")
        return [self._cell(c) for c in formula.cells()]


def _parts(formula: Formula) -> tuple[Formula, ...]:
    """The parts that SUMPRODUCT takes element by element."""
    match formula:
        case Binary():
            return formula.left, formula.right
        case Unary() | Percent():
            return (formula.operand,)
        case FunctionCall() if formula.function in _ONE_ARGUMENT:
            return formula.arguments
    return ()


def _ranges(formula: Formula) -> Iterator[Range]:
    if isinstance(formula, Range):
        yield formula
    for part in _parts(formula):
        yield from _ranges(part)


def _element(formula: Formula, row: int, column: int) -> Formula:
    """The formula of one element of an argument of SUMPRODUCT."""
    if isinstance(formula, Range):
        return Reference(formula.first.sheet, formula.first.row + row, formula.first.column + column)
    parts = [_element(part, row, column) for part in _parts(formula)]
    match formula:
        case Binary():
            return Binary(formula.operator, *parts)
        case Unary():
            return Unary(formula.operator, *parts)
        case Percent():
            return Percent(*parts)
        case FunctionCall() if parts:
            return FunctionCall(formula.function, tuple(parts))
    return formula


def _argument_of(pattern: Parts, parts: Parts) -> Formula | None:
    """The formula in the place of a pattern's z; None if the parts do not match the pattern."""
    values: list[Formula] = []
    same = [p for p, _ in pattern] == [p for p, _ in parts] and all(
        _matches(p, f, values) for (_, p), (_, f) in zip(pattern, parts, strict=True)
    )
    return values[0] if same and all(v == values[0] for v in values[1:]) else None


def _matches(pattern: Formula, formula: Formula, values: list[Formula]) -> bool:
    """Does a formula match a pattern? The formulas in the places of z are appended to ``values``."""
    if pattern == Name(Z.name):
        values.append(formula)
        return True
    match pattern, formula:
        case FunctionCall(), FunctionCall():
            same = pattern.function == formula.function and len(pattern.arguments) == len(formula.arguments)
            pairs = list(zip(pattern.arguments, formula.arguments, strict=False))
        case Binary(), Binary():
            same = pattern.operator == formula.operator
            pairs = [(pattern.left, formula.left), (pattern.right, formula.right)]
        case Unary(), Unary():
            same, pairs = pattern.operator == formula.operator, [(pattern.operand, formula.operand)]
        case _:
            return pattern == formula
    return same and all(_matches(p, f, values) for p, f in pairs)
