r"""Parse one side of an equation: LaTeX to a formula tree.

The grammar is in ``grammar.lark``; the tokens depend on the text: on its names of several letters, and on whether a
comma is a decimal sign.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import VisitError

from symcnn.formula import tree
from symcnn.formula.reader.plainer import plainer
from symcnn.formula.reader.symbols import ACCENTS, STYLES, symbol
from symcnn.formula.steps import degree, parts
from symcnn.formula.tree import Node
from symcnn.formula.typography import function_names
from symcnn.text import SaidError

#: Longer members, and deeper ones, are not read: no person wrote them.
MAX_MEMBER, MAX_DEPTH, MAX_EXPONENT, MAX_POWER_OF_TEN, MAX_DIGITS, MAX_DEGREE = 20_000, 60, 20, 400, 30, 500

#: The most nested sums and quotients, and levels of a tree.
MAX_NESTED, MAX_TREE = 24, 100
_NESTS = re.compile(r"\\(?:sum|max|prod|int)(?![a-z])\s*(?:\\limits\s*)?[_^]|(?:/|\\div)\s*(?=[^/]{1,3}\s*(?:/|\\div))")

#: A function's name -> its pattern: the name in roman letters, and other usual forms.
_FUNCTIONS = function_names(r"\\(?:text|mathrm|operatorname)\{{\s*{}\s*\}}") | {
    "σ": r"\\sigma|\\(?:text|mathrm|operatorname)\{\s*(?:sigmoid|sigmoïde|sigm)\s*\}|sigmoid|σ",
    "tanh": r"\\tanh|\\(?:text|mathrm|operatorname)\{\s*tanh\s*\}",
    "ReLU": r"\\(?:text|mathrm|operatorname)\{\s*(?:ReLU|relu)\s*\}|ReLU",
    "exp": r"\\exp", "ln": r"\\ln|\\log", "max": r"\\max(?!\s*_)", "Σ": r"\\sum(?!\s*(?:\\limits\s*)?[_^])",
}  # fmt: skip
_RELATIONS: dict[Literal["=", "<", ">", "≤"], str] = {
    "=": "=|:=|\\\\equiv",
    "<": r"<|\\lt",
    ">": r">|\\gt",
    "≤": r"\\leq?(?![a-z])|≤",
}

_BRACES = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
_MARKED = rf"\\(?:mathrm|mathit|operatorname|{'|'.join((*STYLES, *ACCENTS))})(?![A-Za-z])"
_STYLED = (
    rf"{_MARKED}\s*(?:\{{(?:[^{{}}=<>≈+]|\{{[^{{}}=<>≈+]*\}})*\}}"
    r"|\\(?:alpha|beta|delta|eta|theta|sigma|omega|ell)(?![A-Za-z])|[A-Za-z])"
)
_GREEK = (
    r"\\(?:alpha|beta|gamma|delta|varepsilon|epsilon|eta|theta|lambda|mu|pi|rho|tau|varphi|phi|omega|Delta|ell"
    r"|sigma(?!\s*(?:\\left\s*|\\[bB]igg?l?\s*)?\())(?![A-Za-z])"
)
_SUB = r"\s*_\s*(?:" + _BRACES + r"|\\[A-Za-z]+|[^\s{}\\])"
#: A superscript that is no exponent: h^{(1)}, w_5^+.
_SUPER = (
    r"\s*\^\s*(?:\{(?!\s*(?:[-−]?\d+|T|\\top|\\intercal|\\text\{[^{}]*\})\s*\})(?:[^{}]|\{[^{}]*\})*\}|[+*]|\([^()]*\))"
)
#: Of plain text: w5, h12.
_RUN_ON = r"(?<![\d.,])[^\W\d_]\d{1,3}(?![\d.,]*[\d_^])"
_D = r"(?:\\mathrm\s*\{\s*d\s*\}|d)"
_ROUND = r"(?:\\(?:left|right|[bB]igg?[lr]?)\s*)"


class NotReadError(SaidError):
    """A text that the grammar doesn't read; the message says where it fails."""


def _terminals(names: tuple[str, ...], decimal: Literal[".", ",", ""]) -> dict[str, tuple[str, int]]:
    """Map each token to its pattern and priority."""
    several = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    styled_names = (
        rf"\\(?:text|mathrm|mathit|operatorname)\s*\{{\s*(?:{several})\s*\}}|(?:{several})(?![A-Za-z])|"
        if names
        else ""
    )
    core = rf"(?:{styled_names}{_STYLED}|\\text\s*\{{[^{{}}\s]+\}}(?=\s*_)|{_GREEK}|[^\W\d_])'*"
    mark = {".": r"\.", ",": r"(?:,|\{,\})", "": r"(?:\.|,|\{,\}|\{\.\})"}[decimal]
    function = "|".join(_FUNCTIONS.values())
    return {
        "SYMBOL": (rf"{_RUN_ON}|{core}(?:{_SUB}|{_SUPER})*'*", 1),
        "NUMBER": (rf"\d+(?:{mark}\d+)?", 1),
        "WORD": (rf"\\text\s*{_BRACES}", 0),
        "DOTS": (r"\\[lc]?dots|…|\.\.\.", 1),
        "PLUS": (r"\+", 1), "MINUS": (r"-|−", 1), "MUL": (r"\*|\\cdot(?![a-z])|\\times|·|×", 1), "AST": (r"\\ast", 1),
        "DIV": (r"/|\\div", 1),
        "OVER": (rf"\\(?:sum|max)\s*(?:\\limits\s*)?(?:_\s*(?:{_BRACES}|[A-Za-z0-9])|\^\s*(?:{_BRACES}|[A-Za-z0-9]))"
                 rf"(?:\s*[_^]\s*(?:{_BRACES}|[A-Za-z0-9]))?", 3),
        "POWER": (r"\^\s*(?:\{\s*[-−]?\d+\s*\}|\d)", 2),
        "LABEL": (rf"\^\s*\{{\s*\\text\s*{_BRACES}\s*\}}", 2),
        "FRACTION_OF_DIGITS": (r"\\[dt]?frac\s*\d\s*\d", 3),
        "FRAC": (r"\\[dt]?frac(?![A-Za-z])", 2),
        "PARTIAL": (rf"\\partial(?![A-Za-z])\s*|∂|(?<=\{{)\s*{_D}(?=\s*(?:[A-Za-z\\(]|\}}\s*\{{\s*{_D}))", 4),
        "PRIME": (r"'|\^\s*\{?\s*\\prime\s*\}?", 2),
        "FUNCTION": (rf"(?:{function})(?![A-Za-z_])", 2),
        "EXP": (r"(?:e|\\mathrm\{e\})\s*\^\s*", 3),
        "UNDERSET": (r"\\underset", 2), "UNDERBRACE": (r"\\underbrace", 2), "UNDER": (r"_(?=\s*\{)", 1),
        "LPAR": (rf"{_ROUND}?\(", 1), "RPAR": (rf"{_ROUND}?\)", 1),
        "LBRACK": (rf"{_ROUND}?\[", 1), "RBRACK": (rf"{_ROUND}?\]", 1), "LB": (r"\{", 1), "RB": (r"\}", 1),
        "RELATION": ("|".join(_RELATIONS.values()), 1), "SEP": (r"[,;]", 0),
        "BEGIN": (r"\\begin\{[pbv]?matrix\}", 2), "END": (r"\\end\{[pbv]?matrix\}", 2),
        "NEWROW": (r"\\\\|\\cr(?![a-z])", 2), "AMP": (r"&", 1),
        "IGNORED": (r"(?:\s|\\[,;:!> ]|~|\\quad\{\}|\{\}|\\displaystyle|\\nonumber|\\notag)+", 5),
    }  # fmt: skip


@cache
def parser(names: tuple[str, ...] = (), decimal: Literal[".", ",", ""] = "", debug: bool = False) -> Lark:
    """The LALR parser of one text's notation.

    Args:
        names: of several letters.
        decimal: the decimal sign; "": either.
        debug: let lark tell of each conflict that it resolves by itself.
    """
    grammar = files("symcnn.formula.reader").joinpath("grammar.lark").read_text("utf-8")
    lines = (
        f"{name}.{priority}: /{pattern.replace('/', chr(92) + '/')}/"
        for name, (pattern, priority) in _terminals(names, decimal).items()
    )
    text = "\n".join((grammar, *lines, "%ignore IGNORED"))
    return Lark(text, parser="lalr", lexer="contextual", start="start", propagate_positions=False, debug=debug)


class FormulaReader:
    """Reads members of equations.

    Args:
        names: that have several letters: net, out.
        decimal: the decimal sign; "": either.
    """

    def __init__(self, names: tuple[str, ...] = (), decimal: Literal[".", ",", ""] = "") -> None:
        self._parser = parser(names, decimal)
        self._known: dict[str, Node | NotReadError] = {}
        #: Members with factors side by side without a sign between them.
        self.beside: set[str] = set()
        #: Each symbol as it was first written.
        self.raw: dict[tree.Symbol, str] = {}

    def read(self, text: str) -> Node:
        """Return the tree of one member.

        Raises:
            NotReadError
        """
        if text not in self._known:
            try:
                self._known[text] = self._read(text)
            except NotReadError as error:
                self._known[text] = error
        result = self._known[text]
        if isinstance(result, NotReadError):
            raise result
        return result

    def _read(self, text: str) -> Node:
        if len(text) > MAX_MEMBER or _depth(text) > MAX_DEPTH or len(_NESTS.findall(text)) > MAX_NESTED:
            raise NotReadError("too_long")
        written, text = text, plainer(text)
        try:
            parsed = self._parser.parse(text)
        except UnexpectedInput as error:
            raise _not_read(text, error) from None
        maker = _Maker()
        try:
            node: Node = maker.transform(parsed)
        except VisitError as error:
            raise error.orig_exc from None
        if _is_deeper(node, MAX_TREE):
            raise NotReadError("too_long")
        if maker.beside:
            self.beside.add(written)
        for read_symbol, raw in maker.raw.items():
            self.raw.setdefault(read_symbol, raw)
        return node


def _is_deeper(node: Node, most: int) -> bool:
    """Has a tree more levels than ``most``?"""
    level = [node]
    for _ in range(most):
        level = [part for n in level if not isinstance(n, (tree.Symbol, tree.Number)) for part in parts(n)]
        if not level:
            return False
    return True


def _depth(text: str) -> int:
    depth = most = 0
    for c in text:
        depth += {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}.get(c, 0)
        most = max(most, depth)
    return most


_KNOWN_LIMITS = {
    r"\begin": "matrix", r"\quad": "matrices", "|": "bars", r"\partial^": "second_partial", r"\odot": "vectors",
    r"\circ": "vectors", r"\in": "set",
    **dict.fromkeys((r"\top", r"^\top", r"^{\top", "^T", "^{T", r"^\intercal", r"^{\intercal"), "transposed"),
}  # fmt: skip


def _not_read(text: str, error: UnexpectedInput) -> NotReadError:
    at = error.pos_in_stream
    if at is None or at < 0 or at >= len(text) or not text[at:].strip():
        return NotReadError("too_early")
    rest = text[at:].lstrip()
    token = re.match(r"\\[A-Za-z]+|\S", rest)
    known = next((key for sign, key in _KNOWN_LIMITS.items() if rest.startswith(sign)), "unexpected")
    return NotReadError(known, what=token[0] if token else rest[:1], column=at + 1)


class _Maker(Transformer[Token, Node]):
    """The formula tree of a parse tree."""

    def __init__(self) -> None:
        super().__init__()
        #: Do factors stand side by side without a sign between them?
        self.beside = False
        self.raw: dict[tree.Symbol, str] = {}

    def start(self, parts: list[Node]) -> Node:
        return parts[0]

    def bracket(self, parts: list[Any]) -> Node:
        node: Node = next(_nodes(parts))
        return _signed(node) if len(parts) > 1 else node

    unit = factor = power = bracket

    # --- sums and products ------------------------------------------------------------------------------------------

    def expr(self, parts: list[Any]) -> Node:
        terms, negative = [], False
        for part in parts:
            if isinstance(part, Token):
                negative ^= part.type == "MINUS"  # of a + -b too
            else:
                terms.append(tree.Negated(part) if negative else part)
                negative = False
        return terms[0] if len(terms) == 1 else tree.Sum(tuple(terms))

    def further(self, parts: list[Any]) -> tuple[str, Node]:
        """Return (sign, factor)."""
        *signs, node = parts
        sign = ("STAR" if signs[0] == "*" else signs[0].type) if signs else ""
        return sign, tree.Negated(node) if len(signs) > 1 else node

    last = further

    def term(self, parts: list[Any]) -> Node:
        first, *rest = parts
        factors = [first]
        for sign, node in rest:
            if sign == "DIV":
                factors = [tree.Fraction(_product(factors), node)]
            elif sign == "AST" or (sign == "STAR" and (_is_group(factors[-1]) or _is_group(node))):
                factors[-1] = _slid(factors[-1], node)  # ∂E/∂X * ∂X/∂F is the chain rule, I * ∂E/∂X a convolution
            else:
                self.beside = self.beside or not sign
                factors.append(node)
        return _product(factors)

    def over(self, parts: list[Any]) -> Node:
        sign, body = parts
        return _over(str(sign), body)

    def raised(self, parts: list[Any]) -> Node:
        base, exponent = parts
        power = int(re.sub(r"[\^{}\s]", "", str(exponent)).replace("−", "-")[:9])
        most = MAX_POWER_OF_TEN if base == tree.Number(10) else MAX_EXPONENT
        if abs(power) > most:
            raise NotReadError("exponent", what=power, most=most)
        node = tree.Power(base, power)
        if degree(node) > MAX_DEGREE:
            raise NotReadError("degree", what=degree(node), most=MAX_DEGREE)
        return node

    # --- operands ---------------------------------------------------------------------------------------------------

    def symbol(self, parts: list[Any]) -> Node:
        node = symbol(str(parts[0]))
        self.raw[node] = str(parts[0])
        return node

    def number(self, parts: list[Any]) -> Node:
        text = re.sub(r"[{}]", "", str(parts[0])).replace(",", ".")
        if len(text) > MAX_DIGITS:
            raise NotReadError("digits", what=len(text), most=MAX_DIGITS)
        if "." not in text:
            return tree.Number(int(text))
        digits = len(text.replace(".", "").lstrip("0"))
        return tree.Number.written(text, digits or len(text) - 1)

    def word(self, parts: list[Any]) -> Node:
        return tree.Word(_words(parts[0]))

    def dots(self, _parts: list[Any]) -> Node:
        return tree.DOTS

    def labelled_symbol(self, parts: list[Any]) -> Node:
        return tree.Labelled(self.symbol(parts[:1]), _words(parts[1]))

    def labelled(self, parts: list[Any]) -> Node:
        return tree.Labelled(parts[0], _words(parts[1]))

    def fraction(self, parts: list[Any]) -> Node:
        above, below = _nodes(parts)
        return tree.Fraction(above, below)

    def fraction_of_digits(self, parts: list[Any]) -> Node:
        above, below = re.findall(r"\d", str(parts[0]))
        return tree.Fraction(tree.Number(int(above)), tree.Number(int(below)))

    def partial(self, parts: list[Any]) -> Node:
        of, by = _nodes(parts)
        return tree.Partial(of, by)

    def partial_of(self, parts: list[Any]) -> Node:
        by, of = _nodes(parts)
        return tree.Partial(of, by)

    def call(self, parts: list[Any]) -> Node:
        name = next(n for n, pattern in _FUNCTIONS.items() if re.fullmatch(pattern, str(parts[0])))
        return tree.Call(name, tuple(_nodes(parts)))

    def call_of_symbol(self, parts: list[Any]) -> Node:
        return self.call([parts[0], self.symbol(parts[1:])])

    def powered_call(self, parts: list[Any]) -> Node:
        """Return tanh²(x); a negative exponent may mean the inverse."""
        if re.search("[-−]", str(parts[1])):
            raise NotReadError("exponent", what=str(parts[1]), most=MAX_EXPONENT)
        return self.raised([self.call(parts), parts[1]])

    def slope(self, parts: list[Any]) -> Node:
        """Return σ'(z), the derivative of a function by its letter."""
        return tree.Partial(self.call(parts), *_nodes(parts))

    def exponential(self, parts: list[Any]) -> Node:
        return tree.Call("exp", tuple(_nodes(parts)))

    def exponential_of_symbol(self, parts: list[Any]) -> Node:
        return tree.Call("exp", (symbol(str(parts[1])),))

    def underset(self, parts: list[Any]) -> Node:
        number, node = _nodes(parts)
        return tree.Under(node, number)

    def underbrace(self, parts: list[Any]) -> Node:
        node, number = _nodes(parts)
        return tree.Under(node, number)

    def relation(self, parts: list[Any]) -> Node:
        left, sign, right = parts
        return tree.Relation(left, next(s for s, p in _RELATIONS.items() if re.fullmatch(p, str(sign))), right)

    def indicator(self, parts: list[Any]) -> Node:
        return tree.Indicator(tuple(_nodes(parts)))

    def matrix(self, parts: list[Any]) -> Node:
        return tree.Matrix(tuple(_nodes(parts)))

    def row(self, parts: list[Any]) -> tuple[Node, ...]:
        return tuple(map(_signed, _nodes(parts)))


def _signed(node: Node) -> Node:
    """Return −2 in brackets, or in a matrix, as a number below 0."""
    if isinstance(node, tree.Negated) and isinstance(node.node, tree.Number) and node.node.value:
        return node.node.negative
    return node


def _nodes(parts: list[Any]) -> Iterator[Any]:
    """Yield the parts that are no tokens."""
    return (part for part in parts if not isinstance(part, Token))


def _product(factors: list[Node], *more: Node) -> Node:
    every = (*factors, *more)
    return every[0] if len(every) == 1 else tree.Product(every)


def _slid(image: Node, window: Node) -> Node:
    """Return image ∗ filter between groups, elsewhere a product."""
    groups = all(
        any(isinstance(n, tree.Matrix) or _is_group(n) for n in (side, *vars(side).values()))
        for side in (image, window)
    )
    return tree.Convolution(image, window) if groups else _product([image], window)


def _is_group(node: object) -> bool:
    return isinstance(node, tree.Symbol) and node.letter.isupper() and node.letter != "E" and not node.indices


def _over(sign: str, body: Node) -> Node:
    kind: Literal["Σ", "max"] = "max" if sign.startswith("\\max") else "Σ"
    below = re.search(r"_\s*(\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z0-9])", sign)
    above = re.search(r"\^\s*(\{[^{}]*\}|[A-Za-z0-9])", sign)
    letters, _, start = (re.sub(r"[{}\s]", "", below[1]) if below else "").partition("=")
    first, last = start, re.sub(r"[{}\s]", "", above[1]) if above else ""
    span = re.fullmatch(r"(\d+)(?:\\[lc]?dots|\.\.+|,\\[lc]?dots,)(\d+)", start)
    if span:
        first, last = span.groups()
    if not letters or bool(first) != bool(last) or (first and not (first + last).isdigit()):
        raise NotReadError("limits", what=sign.strip())
    if not all(re.fullmatch("[A-Za-z]", letter) for letter in letters.split(",")):
        raise NotReadError("no_letter", what=sign.strip())
    ends = (int(first), int(last)) if first else (None, None)
    return tree.Over(kind, tuple(letters.split(",")), body, *ends)


def _words(token: Token) -> str:
    match = re.search(rf"\\text\s*({_BRACES})", str(token))
    return match[1][1:-1].strip() if match else ""
