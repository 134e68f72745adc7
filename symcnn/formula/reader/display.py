r"""One display: its rows, the chains of equalities in them, and every member with its place.

A row that begins with a sign of relation goes on with the chain above it, one that begins with another sign goes on
with the member above it. What stands side by side (``,  \quad  \text{and}``) is several claims. Each member is read by
itself, so that one that cannot be read does not hide the others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from symcnn.formula.reader.grammar import NotReadError, Reader
from symcnn.formula.tree import Node

#: Longer displays are not read: no person wrote them.
MAX_DISPLAY = 50_000

_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([A-Za-z]+)\*?\}(?:\{[lcr|]*\})?")
_ROWS = frozenset(
    ("aligned", "align", "alignat", "gather", "gathered", "split", "eqnarray", "equation", "multline", "array", "cases")
)
_RELATION = re.compile(
    r"\\leftarrow|\\gets|\\mathrel\{\+\}=|\+=|:=|\\equiv(?![a-z])|=|\\approx(?![a-z])|\\simeq|≈|\\leq?(?![a-z])"
    r"|\\geq?(?![a-z])|\\lt(?![a-z])|\\gt(?![a-z])|<|>|\\neq?(?![a-z])"
)
_SIGNS = {
    r"\gets": r"\leftarrow", r"\mathrel{+}=": "+=", ":=": "=", r"\equiv": "=", r"\simeq": "≈", r"\approx": "≈",
    r"\lt": "<", r"\gt": ">", r"\le": "≤", r"\leq": "≤", r"\ge": "≥", r"\geq": "≥", r"\ne": "≠", r"\neq": "≠",
}  # fmt: skip
_SEPARATOR = re.compile(
    r"(?:[,;.]\s*)?(?:\\qq?uad(?!\{\})|\\hspace\{[^}]*\}|\\(?:text|mbox|textrm)\s*\{\s*(?:and|et|or|ou|with"
    r"|avec|where|où|so|donc|for all|pour tout)[^{}]*\}|\\Rightarrow|\\implies|\\iff|\\Leftrightarrow)\s*(?:[,;]\s*)?"
    r"|(?P<comma>[,;](?!\d)(?=\s*[\\A-Za-z]))|(?<=\s)(?:and|et)(?=\s)"
)
_NEWROW = re.compile(r"\\\\(?:\s*\[[^\]]*\])?|\\cr(?![a-z])")
#: At the start of a row: it goes on with what stands above.
_GOES_ON = re.compile(r"[-+−*/,;)\]]|\\cdot|\\times|\\ast|\\right|\\[bB]igg?r")
_BLANK = re.compile(r"(?:\s|&|\\quad\{\}|\\qquad\{\}|\{\}|\\[,;:!> ])*")


@dataclass(frozen=True)
class Member:
    """One member of a chain.

    Attributes:
        text: as it stands there.
        node: None where it was not read; then ``fault`` says why.
        start, end: where it stands, in characters of the display.
        row: in which row it begins, from 1.
        beside: does it hold an implicit product?
    """

    text: str
    node: Node | None
    fault: NotReadError | None = None
    start: int = 0
    end: int = 0
    row: int = 1
    beside: bool = False


@dataclass(frozen=True)
class Chain:
    """A = B = C.

    Attributes:
        signs: before the second member, the third …; of a continuation, before the first one too.
        goes_on: it begins with a sign of relation: it goes on with the display before.
    """

    members: tuple[Member, ...]
    signs: tuple[str, ...]
    goes_on: bool = False

    @property
    def text(self) -> str:
        first, *rest = self.members
        start = f"{self.signs[0]} " if self.goes_on else ""
        signs = self.signs[1:] if self.goes_on else self.signs
        return start + " ".join((first.text, *(f"{s} {m.text}" for s, m in zip(signs, rest, strict=True))))


def read_display(body: str, reader: Reader) -> list[Chain]:
    """The chains of a display; a mention without a relation is a chain of one member."""
    if len(body) > MAX_DISPLAY:
        fault = NotReadError("too_long")
        return [Chain((Member(body[:200], None, fault), Member("…", None, fault)), ("=",))]
    body = re.sub(r"^(\s*)(>>+)", lambda m: m[1] + " " * len(m[2]), body)
    body = re.sub(r"(?<!\\)%[^\n]*", lambda m: " " * len(m[0]), body)
    body = _ENVIRONMENT.sub(lambda m: m[0] if m[2] not in _ROWS else " " * len(m[0]), body)
    body = re.sub(r"\\(?:tag\*?|label)\s*\{[^{}]*\}", lambda m: " " * len(m[0]), body)
    found: list[Chain] = []
    for start, end in _rows(body):
        for piece, at in _claims(body, start, end):
            chain = _chain(piece, at, body, reader)
            if chain is None:
                continue
            if chain.goes_on and found:
                before = found.pop()
                chain = Chain((*before.members, *chain.members), (*before.signs, *chain.signs), before.goes_on)
            found.append(chain)
    return found


def _levels(text: str) -> Iterator[tuple[int, int]]:
    """(position, depth in braces and environments) of every character; inside of commands too."""
    depth, at = 0, 0
    while at < len(text):
        match = _ENVIRONMENT.match(text, at)
        if match:
            depth += 1 if match[1] == "begin" else -1
            yield from ((n, max(depth, 1)) for n in range(at, match.end()))
            at = match.end()
            continue
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in "{}":
            yield at, depth
            yield at + 1, depth
            at += 2
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        yield at, depth + (text[at] == "}")
        at += 1


def _rows(body: str) -> list[tuple[int, int]]:
    """Where the rows begin and end; a row that begins with an operator belongs to the one before."""
    depths = dict(_levels(body))
    cuts = [m for m in _NEWROW.finditer(body) if depths[m.start()] == 0]
    found: list[tuple[int, int]] = []
    start = 0
    for end, following in [*((m.start(), m.end()) for m in cuts), (len(body), len(body))]:
        blank = _BLANK.match(body, start, end)
        first = blank.end() if blank else start
        indented = r"\quad{}" in body[start:first]  # as symcnn itself sets a line that goes on
        if found and (
            indented
            or _GOES_ON.match(body, first, end)
            or (found[-1][0] <= start and first < end and _open(body, found[-1]))
        ):
            found[-1] = (found[-1][0], end)
        elif body[first:end].strip():
            found.append((start, end))
        start = following
    return found


def _open(body: str, row: tuple[int, int]) -> bool:
    """Is a bracket still open at the end of a row?"""
    text = body[slice(*row)]
    return sum(text.count(c) for c in "(") > sum(text.count(c) for c in ")")


def _outside(text: str) -> list[bool]:
    """Of each character: is it outside of braces, environments and brackets?"""
    depths = [0] * len(text)
    for n, depth in _levels(text):
        depths[n] = depth
    round_depth, brackets = 0, []
    for c, depth in zip(text, depths, strict=True):
        round_depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(c, 0) if depth == 0 else 0
        brackets.append(round_depth)
    balanced = round_depth == 0 and min(brackets, default=0) >= 0
    return [d == 0 and (not balanced or b == 0) for d, b in zip(depths, brackets, strict=True)]


def _claims(body: str, start: int, end: int) -> Iterator[tuple[str, int]]:
    """What stands side by side in one row."""
    text = body[start:end]
    depths = dict(_levels(text))
    text = _NEWROW.sub(lambda m: m[0] if depths[m.start()] else " " * len(m[0]), text)
    text = "".join(" " if c == "&" and not depths[n] else c for n, c in enumerate(text))
    outside = _outside(text)
    at, last = 0, text.rfind("=")
    for match in _SEPARATOR.finditer(text):
        # what stands behind the last sign of equality is no further claim
        if outside[match.start()] and match.start() >= at and (not match["comma"] or match.end() < last):
            yield text[at : match.start()], start + at
            at = match.end()
    yield text[at:], start + at


def _chain(text: str, at: int, body: str, reader: Reader) -> Chain | None:
    """One chain; None where there is nothing."""
    outside = _outside(text)
    signs, cuts = [], [0]
    for match in _RELATION.finditer(text):
        if outside[match.start()]:
            signs.append(_SIGNS.get(match[0], match[0]))
            cuts += [match.start(), match.end()]
    cuts.append(len(text))
    pieces = [(text[a:b], a) for a, b in zip(cuts[::2], cuts[1::2], strict=True)]
    goes_on = bool(signs) and not _bare(pieces[0][0])
    if goes_on:
        pieces = pieces[1:]
    members = tuple(_member(piece, at + start, body, reader) for piece, start in pieces)
    if not signs and not _bare(text):
        return None
    return Chain(members, tuple(signs), goes_on)


def _bare(text: str) -> str:
    """Without what only sets space, and without a full stop at the end."""
    return re.sub(r"\\quad\{\}|\{\}", "", text).strip().rstrip(".,;").strip()


def _member(text: str, at: int, body: str, reader: Reader) -> Member:
    start = at + len(text) - len(text.lstrip())
    end = max(start, at + len(text.rstrip()))
    row = 1 + len(_NEWROW.findall(body, 0, start))
    bare = re.sub(r"\s+", " ", text.strip()).rstrip(".,; ").replace(r"\quad{}", "").strip()
    if not bare:
        return Member(text.strip(), None, NotReadError("side_missing"), start, end, row)
    try:
        node = reader.read(bare)
    except NotReadError as error:
        return Member(bare, None, error, start, end, row)
    return Member(bare, node, None, start, end, row, bare in reader.beside)
