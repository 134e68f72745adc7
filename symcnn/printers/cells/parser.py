"""Text of a cell formula -> tree, by Excel's rules.

    binds    -a    a%    a^b    a*b a/b    a+b a-b    a&b    a=b a<>b a<b a>b a<=b a>=b
    first    a sign binds tighter than ^ (-2^2 is 4); everything with two operands goes from left to right (2^3^2 is 64)

openpyxl's Tokenizer cuts the text; what it lets through and Excel does not is refused here. Depth and length are
bounded, so any text is read or refused in a moment.
"""

import re
from collections.abc import Iterator

from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token, TokenizerError

from symcnn.errors import InputError
from symcnn.printers.cells.tree import (
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
)

#: What Excel takes: characters of a formula, nested calls and parentheses, arguments of a call; rows, columns.
MAX_LENGTH, MAX_DEPTH, MAX_ARGUMENTS = 8_192, 64, 255
MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384

#: Operator -> how tightly it binds; all go from left to right.
BINDS = {"=": 1, "<>": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}

_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_CELL = r"(\$?)([A-Za-z]{1,3})(\$?)([1-9][0-9]{0,6})"
_RANGE = re.compile(rf"(?:('(?:[^'\[\]:*?/\\]|'')+'|\w[\w.]*)!)?{_CELL}(?::{_CELL})?")
_NAME = re.compile(r"[^\W\d][\w.]{0,254}")
_FUNCTION = re.compile(r"[A-Z][A-Z0-9.]*")


class FormulaError(InputError):
    """A formula that is none, or one that is not supported; the message says where."""


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
    return _Parser(tokens).whole()


def reference(text: str) -> Reference | Range | None:
    """``Inputs!$F$6`` or ``A1:B2``; None if it is neither."""
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    sheet = found[1]
    if sheet is not None and sheet.startswith("'"):
        sheet = sheet[1:-1].replace("''", "'")
    first = _cell(sheet, *found.group(2, 3, 4, 5))
    last = _cell(sheet, *found.group(6, 7, 8, 9)) if found[7] else None
    if first is None or (found[7] and last is None):
        return None
    if last is None:
        return first
    if last.row < first.row or last.column < first.column:
        return None
    return Range(first, last)


def _cell(sheet: str | None, column_fixed: str, letters: str, row_fixed: str, digits: str) -> Reference | None:
    column = 0
    for letter in letters.upper():
        column = 26 * column + ord(letter) - 64
    row = int(digits)
    if row > MAX_ROWS or column > MAX_COLUMNS:
        return None
    return Reference(sheet, row, column, bool(row_fixed), bool(column_fixed))


def _one_line(text: str) -> str:
    return text.replace("\n", " ")[:120]


class _Parser:
    """Precedence climbing over the tokens; blanks are passed over."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = list(self._placed(tokens))
        self._next = 0
        self._depth = 0

    @staticmethod
    def _placed(tokens: list[Token]) -> Iterator[tuple[Token, int]]:
        at = 1
        for token in tokens:
            if token.type != Token.WSPACE:
                yield token, at
            at += len(token.value)

    def whole(self) -> Formula:
        found = self._binary(0)
        if self._next < len(self._tokens):
            raise self._refused("expected an operator")
        return found

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
            raise self._refused(f"{token.value.strip() or 'blank'}: not a supported operator")
        operator: str = token.value
        return operator

    def _signed(self) -> Formula:
        signs: list[str] = []
        while (token := self._peek()) is not None and token.type == Token.OP_PRE:
            if token.value not in "+-" or len(signs) == MAX_DEPTH:
                raise self._refused("not a supported sign" if token.value not in "+-" else "too many signs")
            signs.append(token.value)
            self._next += 1
        found = self._operand()
        for sign in reversed(signs):
            found = Unary(sign, found)
        percents = 0
        while (token := self._peek()) is not None and token.type == Token.OP_POST:
            if (percents := percents + 1) > MAX_DEPTH:
                raise self._refused("too many percent signs")
            found = Percent(found)
            self._next += 1
        return found

    # --- operands ---------------------------------------------------------------------------------------------------

    def _operand(self) -> Formula:
        token = self._peek()
        if token is None:
            raise FormulaError("it ends where an operand is expected")
        if token.type == Token.OPERAND:
            found = self._leaf(token)
            self._next += 1
            return found
        if token.type == Token.PAREN and token.subtype == Token.OPEN:
            return self._inside(token)
        if token.type == Token.FUNC and token.subtype == Token.OPEN:
            return self._inside(token)
        raise self._refused("expected a number, a cell, a name, a function or a parenthesis")

    def _inside(self, token: Token) -> Formula:
        """Parentheses, or a function with its arguments."""
        function = token.value[:-1].upper() if token.type == Token.FUNC else None
        if function is not None and not _FUNCTION.fullmatch(function):
            raise self._refused("not the name of a function")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._refused(f"nested more than {MAX_DEPTH} deep")
        self._next += 1
        arguments: list[Formula] = []
        if not self._closes():
            arguments.append(self._binary(0))
            while function is not None and (sep := self._peek()) is not None and sep.type == Token.SEP:
                if sep.subtype != Token.ARG or len(arguments) == MAX_ARGUMENTS:
                    raise self._refused(f"expected a comma, and at most {MAX_ARGUMENTS} arguments")
                self._next += 1
                arguments.append(self._binary(0))
        if not self._closes():
            raise self._refused("expected an operator or a closing parenthesis")
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
            return Numeral(value)
        if token.subtype == Token.TEXT and len(value) >= 2 and value[0] == value[-1] == '"':
            return Text(value[1:-1].replace('""', '"'))
        if token.subtype == Token.LOGICAL:
            return Logical(value.upper() == "TRUE")
        if token.subtype == Token.RANGE:
            found = reference(value)
            if found is not None:
                return found
            if _NAME.fullmatch(value):
                return Name(value)
        raise self._refused("neither a number nor a cell, a range or a name")

    def _peek(self) -> Token | None:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else None

    def _refused(self, reason: str) -> FormulaError:
        if self._next >= len(self._tokens):
            return FormulaError(f"at its end: {reason}")
        token, at = self._tokens[self._next]
        return FormulaError(f"at character {at}, {_one_line(token.value)[:40]}: {reason}")
