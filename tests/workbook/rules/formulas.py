"""Formulas: of cells, of conditional formats and of validations. openpyxl's Tokenizer cuts them."""

import re
from functools import lru_cache

from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import TokenizerError

from tests.workbook.rules.names import split
from tests.workbook.rules.package import block

#: Function -> least and most arguments: what every spreadsheet program has.
FUNCTIONS = {
    "EXP": (1, 1), "LN": (1, 1), "TANH": (1, 1), "SQRT": (1, 1), "ABS": (1, 1), "MOD": (2, 2), "ROUND": (2, 2),
    "INT": (1, 1),
    "IF": (2, 3), "INDEX": (2, 3), "MATCH": (2, 3), "SUMXMY2": (2, 2), "SUM": (1, 255), "SUMSQ": (1, 255),
    "SUMPRODUCT": (1, 255), "MAX": (1, 255), "MIN": (1, 255), "COUNT": (1, 255), "AND": (1, 255), "OR": (1, 255),
}  # fmt: skip
MAX_LENGTH, MAX_NESTED, MAX_TEXT = 8_192, 64, 255


def _formulas(package):
    for sheet in package.sheets:
        for coordinate, text in sheet.formulas():
            yield f"{sheet.title}!{coordinate}", text
        yield from _of_rules(sheet)


def _of_rules(sheet):
    for rule in sheet.all("conditionalFormatting/cfRule"):
        for element in rule.iterfind("{*}formula"):
            yield f"{sheet.title}, conditional format", element.text or ""
    for validation in sheet.all("dataValidations/dataValidation"):
        for element in (*validation.iterfind("{*}formula1"), *validation.iterfind("{*}formula2")):
            yield f"{sheet.title}, validation {validation.get('sqref')}", element.text or ""


@lru_cache(maxsize=100_000)
def _tokens(text):
    """Of a formula; each rule looks at the same ones."""
    try:
        return tuple(t for t in Tokenizer(f"={text}").items if t.type != "WHITE-SPACE")
    except (TokenizerError, IndexError):
        return None


def length(package):
    for where, text in _formulas(package):
        if not text or len(text.encode("utf-16-le")) // 2 > MAX_LENGTH:
            yield where, f"a formula of {len(text)} characters"


def syntax(package):
    """Operand, operator, operand …, in A1 style with commas, and no leading =."""
    for where, text in _formulas(package):
        tokens = _tokens(text)
        if tokens is None or text[:1] in "={" or not _alternates(tokens):
            yield where, f"not a formula: {text[:40]}"


def _alternates(tokens):
    ready = True  # for an operand
    opened = []
    for token in tokens:
        kind, sub = token.type, token.subtype
        if kind == "OPERAND" or (kind in ("FUNC", "PAREN") and sub == "OPEN"):
            if not ready or (kind == "OPERAND" and not _operand(token)):
                return False
            ready = kind != "OPERAND"
            if kind != "OPERAND":
                opened.append(kind)
        elif kind in ("FUNC", "PAREN"):
            if ready or not opened or opened.pop() != kind:
                return False
        elif kind == "OPERATOR-INFIX":
            if ready or token.value.strip() in ("", ","):  # intersection, union
                return False
            ready = True
        elif kind == "SEP":
            if ready or sub != "ARG" or opened[-1:] != ["FUNC"]:
                return False
            ready = True
        elif kind == "OPERATOR-PREFIX":
            if not ready:
                return False
        elif kind != "OPERATOR-POSTFIX" or ready:
            return False
    return not ready and not opened


def _operand(token):
    return token.subtype != "NUMBER" or re.fullmatch(r"(\d+\.?\d*|\.\d+)(E[+-]?\d+)?", token.value) is not None


def function(package):
    """Known everywhere, with as many arguments as it takes."""
    for where, text in _formulas(package):
        for name, arguments, _ in _calls(_tokens(text) or ()):
            if name not in FUNCTIONS:
                yield where, f"{name}: not a function that every program has"
            elif not FUNCTIONS[name][0] <= arguments <= FUNCTIONS[name][1]:
                yield where, f"{name} of {arguments} arguments"


def _calls(tokens):
    """(function, number of arguments, functions around it), each as it closes."""
    opened = []
    for token in tokens:
        if token.type in ("FUNC", "PAREN") and token.subtype == "OPEN":
            opened.append([token.value[:-1] if token.type == "FUNC" else None, 1])
        elif token.type == "SEP" and opened:
            opened[-1][1] += 1
        elif token.type in ("FUNC", "PAREN") and token.subtype == "CLOSE" and opened:
            name, arguments = opened.pop()
            if name is not None:
                yield name, arguments, [n for n, _ in opened if n]


def nesting(package):
    for where, text in _formulas(package):
        deep = deepest = 0
        for token in _tokens(text) or ():
            if token.type in ("FUNC", "PAREN"):
                deep += 1 if token.subtype == "OPEN" else -1
                deepest = max(deepest, deep)
        if deepest > MAX_NESTED:
            yield where, f"nested {deepest} deep"


def literal(package):
    for where, text in _formulas(package):
        for token in _tokens(text) or ():
            if token.type == "OPERAND" and token.subtype == "TEXT" and len(token.value) - 2 > MAX_TEXT:
                yield where, f"a text of {len(token.value) - 2} characters in a formula"


def reference(package):
    """Cells that there are, on sheets that there are; names that are defined; no other file."""
    known = {name.casefold() for name, _, _ in package.defined}
    for where, text in _formulas(package):
        for token in _tokens(text) or ():
            if token.type != "OPERAND" or token.subtype != "RANGE":
                continue
            sheet, cells = split(token.value)
            if sheet is not None and sheet.casefold() not in package.titles:
                yield where, f"{token.value}: no such sheet"
            elif block(cells) is None and (sheet is not None or cells.casefold() not in known):
                yield where, f"{token.value}: no such cell or name"


def single(package):
    """A block where one value is wanted is shown as ``=@…``; an IF in SUMPRODUCT is not taken value by value."""
    for sheet in package.sheets:
        for coordinate, text in sheet.formulas():
            tokens = _tokens(text) or ()
            if any(name == "IF" and "SUMPRODUCT" in around for name, _, around in _calls(tokens)):
                yield f"{sheet.title}!{coordinate}", "IF inside SUMPRODUCT"
            if any(_bare(tokens, n) for n, t in enumerate(tokens) if t.subtype == "RANGE" and ":" in t.value):
                yield f"{sheet.title}!{coordinate}", f"a block where one value is wanted: {text[:40]}"


def _bare(tokens, n):
    around = []
    for token in tokens[:n]:
        if token.type in ("FUNC", "PAREN"):
            around = [*around, token.value] if token.subtype == "OPEN" else around[:-1]
    if "SUMPRODUCT(" in around:
        return False
    alone = tokens[n - 1].type in ("FUNC", "SEP") and n + 1 < len(tokens) and tokens[n + 1].type in ("FUNC", "SEP")
    return not alone or not around or around[-1] in ("IF(", "EXP(", "ABS(", "LN(", "SQRT(", "TANH(", "ROUND(", "MOD(")


RULES = (length, syntax, function, nesting, literal, reference, single)
