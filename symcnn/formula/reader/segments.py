r"""The mathematics of a text: displays, inline formulas, tables of numbers, each with its line.

Delimiters: ``$$ … $$``, ``\[ … \]``, equation environments; ``$ … $``, ``\( … \)``. A display closes before a blank
line (one right behind its first ``$$`` is allowed) and contains no ``$``. Mathematics outside of any delimiter is
reported, so that nothing is left out in silence. Code, between backticks or fences, is skipped, except for equations
that no programming language has: ``∂L/∂w = δ·x``, ``dL/dw = (a - y) * x``; they are reported, too. The scanner makes
one pass, however long the text.

An author's own commands are expanded: \newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}, \def\xx{x_{11}}. Their
arguments must be in braces: a command with an optional argument is left, and a formula with it is not read.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from symcnn.formula.reader.plainer import closing

_NAMED = r"\s*\{?\s*\\(?P<name>[A-Za-z]+)\s*\}?\s*"
_DEFINITION = re.compile(
    rf"\\(?:(?:re|provide)?newcommand\*?{_NAMED}(?:\[(?P<count>\d)\])?\s*(?=\{{)"
    r"|def\s*\\(?P<defined>[A-Za-z]+)(?P<places>(?:#\d)*)\s*(?=\{)"
    rf"|(?P<operator>DeclareMathOperator)\*?{_NAMED.replace('<name>', '<called>')}(?=\{{))"
)

#: The most commands within commands, and the most characters of an expanded formula.
MAX_ROUNDS, MAX_LENGTH = 8, 50_000

#: The most definitions of one text, and the most characters in braces.
MAX_DEFINITIONS, MAX_BRACES = 300, 2_000


@dataclass(frozen=True)
class Macro:
    """The definition of a command.

    Attributes:
        count: the number of its arguments.
        body: its expansion, with #1, #2 for the arguments.
    """

    count: int
    body: str


def definitions(text: str) -> tuple[dict[str, Macro], list[tuple[int, int]]]:
    """Return the commands that a text defines, and the spans of the definitions."""
    macros: dict[str, Macro] = {}
    spans: list[tuple[int, int]] = []
    for match in islice(_DEFINITION.finditer(text), MAX_DEFINITIONS):
        end = closing(text, match.end(), MAX_BRACES)
        if end < 0:
            continue
        body = text[match.end() + 1 : end - 1].replace("\n", " ")
        if match["operator"]:
            body = rf"\operatorname{{{body}}}"
        name = match["name"] or match["defined"] or match["called"]
        macros[name] = Macro(int(match["count"] or (match["places"] or "").count("#")), body)
        spans.append((match.start(), end))
    return macros, spans


def expanded(formula: str, macros: Mapping[str, Macro]) -> str:
    """Expand the commands of a formula; it keeps its number of lines."""
    if not macros:
        return formula
    command = re.compile(rf"\\({'|'.join(sorted(macros, key=len, reverse=True))})(?![A-Za-z])")
    text = formula
    for _ in range(MAX_ROUNDS):
        match = command.search(text)
        if match is None:
            return text
        parts, at = [], 0
        while match is not None:
            replacement, end = _expansion(text, match, macros[match[1]])
            parts += [text[at : match.start()], replacement]
            at, match = end, command.search(text, end)
        text = "".join((*parts, text[at:]))
        if len(text) > MAX_LENGTH:
            return formula
    return formula  # a command contains itself


def _expansion(text: str, match: re.Match[str], macro: Macro) -> tuple[str, int]:
    """Return the expansion of one command with its arguments, and the end of the arguments."""
    arguments: list[str] = []
    at = match.end()
    for _ in range(macro.count):
        while text[at : at + 1].isspace():
            at += 1
        end = closing(text, at, MAX_BRACES) if text[at : at + 1] == "{" else at + 1
        token = re.compile(r"\\[A-Za-z]+").match(text, at)
        end = token.end() if token else end
        if end < 0 or at >= len(text):
            return match[0].replace("\\", r"\unfinished "), match.end()
        arguments.append(text[at + 1 : end - 1] if text[at] == "{" else text[at:end])
        at = end
    body = re.sub(r"#([1-9])", lambda m: "".join(arguments[int(m[1]) - 1 : int(m[1])]).replace("\n", " "), macro.body)
    return f"{body} " + "\n" * text.count("\n", match.start(), at), at


_OPENING = re.compile(
    r"(?P<fence>^(?:`{3,}|~{3,})[^\n]*$)|(?P<comment><!--)"
    r"|(?P<code>`[^`\n]+`|\\verb\*?(?P<bar>[^\w\s*]).*?(?P=bar))"
    r"|(?P<picture>\\begin\{(?P<raw>(?:tikzpicture|verbatim|Verbatim|lstlisting|minted|comment|filecontents)\*?)\})"
    r"|(?P<dollars>(?<!\\)\$\$)|(?P<bracket>\\\[)|(?P<inline>(?<!\\)\$)|(?P<round>\\\\?\()"
    r"|\\begin\{(?P<name>(?:equation|align|alignat|gather|multline|eqnarray|displaymath|flalign)\*?)\}(?:\s*\{\d+\})?",
    re.MULTILINE,
)
_BLANK_LINE = re.compile(r"\n[ \t>]*\n")
_OUTSIDE = re.compile(
    r"\\frac|\\partial|\\sum|\$\$|(?<!\\)\\\[|\\ensuremath\{[^}\n]*=|\\begin\{(?:aligned|array|cases|split|gathered|[db]?math)\}"
    r"|∂[^\n]*=|=[^\n]*∂|(?<![\w.`/$\\])[^\W\d_]_(?:\{[^{}\n]*\}|\w+)\s*[=≈](?!=)"
    # of plain text: h1 = w1*i1 + b1; a(1-a) = 0.18; of reStructuredText: :math:`…`, .. math::
    r"|:math:|^[ \t]*\.\.[ \t]+math::|^[ \t]*(?:[-*+>][ \t]+)?[^\W\d_]{1,3}(?:_\w{1,6}|\d{1,3})?['′’]{0,2}"
    r"(?:\([^()\n]{1,20}\))?[ \t]*[=≈](?![=>])[ \t]*[^\s=<>\"'{\[].{0,200}?[-+*/·×σ^²(\d]",
    re.MULTILINE,
)
#: Formulas that no programming language has.
_NO_CODE = (
    r"[^\n]*(?:[∂∇σΣ∑√][^\n]*[=≈]|[=≈][^\n]*[∂∇·×⊙Σ∑σ√²³ᵀ]|\\frac[^\n]*=|=[^\n]*\\frac"
    r"|(?<!\w)d\w{1,12}/d\w{1,12}[ \t]*[=≈](?!=))[^\n]*"
)
_IN_CODE, _IN_SPAN = re.compile(rf"^{_NO_CODE}$", re.MULTILINE), re.compile(_NO_CODE)
#: In code that is marked as LaTeX: every line with an equality.
_IN_LATEX = re.compile(r"^[^\n$]*[=≈][^\n$]*$", re.MULTILINE)
#: Commands of whole LaTeX documents, where % begins a comment anywhere, elsewhere only at the start of a line.
_DOCUMENT = re.compile(r"\\(?:documentclass|begin\{document\}|(?:sub)*section\*?\{|chapter\*?\{)")
_REMARK = re.compile(r"(?<!\\)%[^\n]*")
#: A sign between two formulas that makes them one claim.
_JOINS = re.compile(r"[^\S\n]*\n?[^\S\n]*(?:=|≈)[^\S\n]*\n?[^\S\n]*")
_NUMBER = r"[-−+]?\d+(?:[.,]\d+)?"
_ROW = re.compile(rf"{_NUMBER}(?:(?:\s*[|&;]\s*|\s+){_NUMBER})*")


@dataclass(frozen=True)
class Fragment:
    """A piece of mathematics.

    Attributes:
        body: between its delimiters.
        start: where the body begins in the text.
        line: on which line, from 1.
    """

    kind: Literal["display", "inline", "outside"]
    body: str
    start: int
    line: int


@dataclass(frozen=True)
class NumberTable:
    """A table of numbers.

    Attributes:
        rows: as they are written.
        line: of the first row, from 1; each row has a line of its own.
        marked: does a sign like ∇ stand between it and the table before?
    """

    rows: tuple[tuple[str, ...], ...]
    line: int
    marked: bool = False


def fragments(text: str) -> list[Fragment | NumberTable]:
    """Return all mathematics of a text, in its order."""
    clean = _without_remarks(text)
    macros, spans = definitions(clean)
    for start, end in spans:
        clean = clean[:start] + re.sub(r"[^\n]", " ", clean[start:end]) + clean[end:]
    scanner = _Scanner(clean)
    results: list[Fragment | NumberTable] = [replace(f, body=expanded(f.body, macros)) for f in scanner.fragments()]
    remainder = scanner.remainder()
    for start, end in scanner.code:
        info = clean[clean.rfind("\n", 0, start) + 1 : start].strip("`~ \t").lower()
        lines = _IN_LATEX if info in ("latex", "tex", "katex", "mathjax") else _IN_CODE
        results += [
            Fragment("outside", match[0].strip(), match.start(), scanner.line(match.start()))
            for match in lines.finditer(clean, start, end)
        ]
    results += [
        Fragment("outside", clean[start:end].strip(), start, scanner.line(start))
        for start, end in scanner.spans
        if _IN_SPAN.fullmatch(clean, start, end)
    ]
    reported: set[int] = set()
    for match in _OUTSIDE.finditer(remainder):
        line = scanner.line(match.start())
        if line not in reported:
            reported.add(line)
            start = remainder.rfind("\n", 0, match.start()) + 1
            end = remainder.find("\n", match.start())
            results.append(Fragment("outside", text[start : end if end >= 0 else None].strip(), start, line))
    results += _tables(remainder)
    return sorted(results, key=lambda f: (f.line, f.start if isinstance(f, Fragment) else 0))


def _without_remarks(text: str) -> str:
    """Return a text with blanks for LaTeX's comments."""
    whole = _DOCUMENT.search(text) is not None

    def blank(match: re.Match[str]) -> str:
        is_first = not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip()
        return " " * len(match[0]) if whole or is_first else match[0]

    return _REMARK.sub(blank, text)


class _Scanner:
    """Scans a text once; the next place of each kind of end is cached."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(m.end() for m in re.finditer("\n", text))]
        self._next: dict[str, int] = {}
        self._taken: list[tuple[int, int]] = []
        #: Fences and spans of code, which may contain formulas, too.
        self.code: list[tuple[int, int]] = []
        self.spans: list[tuple[int, int]] = []

    def line(self, position: int) -> int:
        """Return the line of a place; lines end at \\n only."""
        return bisect_right(self._starts, position)

    def fragments(self) -> Iterator[Fragment]:
        """Join formulas with only a sign of equality between them: $a$ = $b$."""
        before: Fragment | None = None
        for fragment in self._each():
            if before is not None and before.kind == fragment.kind == "inline":
                end = before.start + len(before.body)
                if _JOINS.fullmatch(re.sub(r"\$|\\+[()]", "", self._text[end : fragment.start])):
                    body = self._text[before.start : fragment.start + len(fragment.body)]
                    body = re.sub(r"\$|\\+[()]", lambda m: " " * len(m[0]), body)
                    before = Fragment("inline", body, before.start, before.line)
                    continue
            if before is not None:
                yield before
            before = fragment
        if before is not None:
            yield before

    def _each(self) -> Iterator[Fragment]:
        at = 0
        while (match := _OPENING.search(self._text, at)) is not None:
            kind = match.lastgroup or ""
            end, closing = self._end(kind, match)
            if end < 0:
                at = match.end()
                continue
            at = end + len(closing)
            self._taken.append((match.start(), at))
            is_math = kind == "fence" and match[0].strip("`~ \t") == "math"
            if kind in ("fence", "comment", "picture", "code") and not is_math:
                self.code += [(match.end(), end)] if kind == "fence" else []
                self.spans += [(match.start() + 1, end)] if match[0].startswith("`") and kind == "code" else []
                continue
            body = self._text[match.end() : end]
            if kind == "inline" and len(body) > 2 and body[0] == body[-1] == "`":
                body = f" {body[1:-1]} "
            lead = len(body) - len(body.lstrip())
            line = self.line(match.end() + lead)
            if self._is_quoted(match.start()):
                body = re.sub(r"(?m)^[ \t]*>[ \t]?", lambda m: " " * len(m[0]), body)
            style: Literal["display", "inline"] = "inline" if kind in ("inline", "round") else "display"
            yield Fragment(style, body, match.end(), line)

    def _end(self, kind: str, match: re.Match[str]) -> tuple[int, str]:
        """Return the end of a fragment and its closing delimiter; -1 where it has none."""
        if kind == "code":
            return match.end() - 1, match[0][-1]
        closing = {
            "fence": "\n" + re.match("`+|~+", match[0])[0] if kind == "fence" else "",  # type: ignore[index]
            "comment": "-->", "picture": rf"\end{{{match['raw']}}}", "dollars": "$$", "bracket": r"\]", "inline": "$",
            "round": r"\)", "name": rf"\end{{{match['name']}}}",
        }[kind]  # fmt: skip
        end = self._find(closing, match.end())
        if kind in ("fence", "comment", "picture", "name") or end < 0:
            return end, closing
        while kind == "inline" and end > 0 and self._text[end - 1] == "\\":
            end = self._text.find("$", end + 1)
        body_start = match.end() + len(re.match(r"[ \t]*\n?", self._text[match.end() : match.end() + 200])[0])  # type: ignore[index]
        body_start = match.end() if kind in ("inline", "round") else body_start
        blank = self._find("", body_start)
        dollar = self._find("$", match.end()) if kind == "dollars" else end
        is_empty = not self._text[match.end() : end].strip()
        if end < 0 or 0 <= blank < end or dollar != end or is_empty:
            return -1, closing
        return end - (closing == r"\)" and self._text[end - 1] == "\\"), closing

    def _find(self, what: str, at: int) -> int:
        """Return the next place of a delimiter; "": of a blank line."""
        known = self._next.get(what, -2)
        if known == -1 or known >= at:
            return known
        if what:
            known = self._text.find(what, at)
        else:
            match = _BLANK_LINE.search(self._text, at)
            known = match.start() if match else -1
        self._next[what] = known
        return known

    def _is_quoted(self, at: int) -> bool:
        start = self._starts[self.line(at) - 1]
        return self._text[start:at].lstrip().startswith(">")

    def remainder(self) -> str:
        """Return the text with blanks for the fragments."""
        parts, at = [], 0
        for start, end in self._taken:
            parts += [self._text[at:start], re.sub(r"[^\n]", " ", self._text[start:end])]
            at = end
        return "".join((*parts, self._text[at:]))


def _tables(text: str) -> Iterator[NumberTable]:
    """Return the runs of lines that have only numbers."""
    run: list[tuple[str, ...]] = []
    first, marked = 0, False
    for n, line in enumerate([*text.split("\n"), ""], 1):
        bare = line.strip().removesuffix(r"\\").strip()
        if _ROW.fullmatch(bare):
            first = first if run else n
            run.append(tuple(re.findall(_NUMBER, bare)))
            continue
        if run:
            yield NumberTable(tuple(run), first, marked)
            run, marked = [], False
        if bare:
            marked = bare == "∇"
