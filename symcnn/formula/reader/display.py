r"""Read a display: its rows, the chains of equalities in them, and every member with its place.

A row that begins with a sign of relation continues the chain above it, one that begins with another sign continues the
member above it. Equations side by side (``,  \quad  \text{and}``) are several claims. Each member is read by itself, so
that one that cannot be read does not hide the others.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import NoneType

from symcnn.formula.reader.grammar import FormulaReader, NotReadError
from symcnn.formula.tree import Indicator, Node, Word

#: Longer displays are not read: no person wrote them.
MAX_DISPLAY = 50_000

#: The most pairs of braces that are removed around a claim.
MAX_WRAPPED = 10

#: The most characters of a range of letters.
MAX_RUNS = 120

_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([A-Za-z]+)\*?\}(?:\{[lcr|\d]*\})?")
_ROWS = frozenset((
    "aligned", "align", "alignat", "alignedat", "flalign", "gather", "gathered", "split", "eqnarray", "equation",
    "multline", "array", "cases",
))  # fmt: skip
_GROUP = r"\{(?:[^{}]|\{[^{}]*\})*\}"
#: Signs of equality that define a symbol.
_DEFINES = re.compile(r"\\(?:equiv|triangleq|coloneqq|eqqcolon|doteq)(?![a-z])|:\s*=|=\s*:|[≡≜≝≔≕]")
#: Pattern of a sign -> the sign; ≜ is one of equality, too.
_SIGNS = {
    r"\\leftarrow|\\gets|←": r"\leftarrow", r"\\mathrel\{\+\}=|\+=": "+=",
    r"\\not\s*=|\\neq?(?![a-z])|≠": "≠", rf"{_DEFINES.pattern}|=|＝": "=",
    r"\\(?:approxeq|approx|simeq|eqsim)(?![a-z])|≈|≃": "≈", r"\\(?:propto|sim|cong)(?![a-z])|∝|∼|≅": "∼",
    r"\\leq?(?![a-z])|\\leqslant|≤": "≤", r"\\geq?(?![a-z])|\\geqslant|≥": "≥",
    r"\\lt(?![a-z])|<": "<", r"\\gt(?![a-z])|>": ">", r"\\ll(?![a-z])|≪": "≪", r"\\gg(?![a-z])|≫": "≫",
}  # fmt: skip
#: Text above a sign of equality that makes it a question, a demand, a definition or another relation; not a reason.
_QUALIFIES = re.compile(
    r"[!?<>≈]|(?<![a-z])d[eé]f|\\(?:Delta|triangle)|[Δ△]|^\W*(?:\\\w+\W*)?[A-Za-z]?\W*$", re.IGNORECASE
)
_RELATION = re.compile("|".join(_SIGNS))
#: The separators of equations side by side: the sign of alignment, wide blanks.
_COLUMN = re.compile(r"&|(?:(?:\\[;: ]|~)\s*){2,}")
#: A sign of relation with an operand.
_COMPLETE = re.compile(rf"(?:{'|'.join(_SIGNS)})[\s&]*[^\s&]")
#: The start of an equation; ``\quad{}`` is the space before a line that continues.
_BEGINS = re.compile(
    r"(?:[\s&]|\\quad\{\})*+"
    r"(?![-+−*/,;)\]=<>≈≤≥]|\\(?:cdot|times|ast|right|approx|equiv|leq?|geq?|neq?|sim|propto)(?![a-z]))\S"
)
#: Behind a column: an empty left side, and a row that continues.
_SPLIT_ABOVE = re.compile(rf"\s*&\s*(?:{'|'.join(_SIGNS)})")
_CONDITION = re.compile(r"[\s&]*\\(?:text|mbox|textrm)\s*\{")
_SEPARATOR = re.compile(
    r"(?:(?<!\\)[,;.]\s*)?(?:(?P<space>(?:\\qq?uad(?![A-Za-z]|\{\})|\\(?:hspace|hskip)\*?\s*\{?[^\s}\\]*\}?"
    r"|\\(?:hfill|enspace|enskip)(?![A-Za-z])|&\s*&)(?:\s|\\[,;:!> ]|\\qq?uad(?![A-Za-z]|\{\})|~|&)*)"
    r"|(?P<run>(?:(?:\\[;: ]|~)\s*){2,})|(?P<column>&)"
    r"|\\(?:text|mbox|textrm)\s*\{\s*(?:and|et|or|ou|with|avec|where|où|so|donc|(?P<range>for|pour))(?!\w)[^{}]*\}"
    r"|\\(?:Rightarrow|implies|iff|Leftrightarrow)(?![A-Za-z]))\s*(?:[,;]\s*)?"
    r"|(?P<comma>(?<!\\)[,;](?!\d)(?=\s*[\\A-Za-z]))|(?<=\s)(?:and|et)(?=\s)"
)
#: Behind "for": the range of a letter, which is no claim.
_RANGE = re.compile(
    r"\s*(?:[A-Za-z]\s*,\s*)*[A-Za-z]\s*(?:=|\\in(?![a-z])|∈)[\s\d,.;…{}]*(?:\\(?:[lc]?dots|[{}])[\s\d,.;{}]*)*"
)
#: The same without the word, of letters that are indices of the claim before: k = 1, 2; (1 ≤ p, q ≤ 2); k ∈ {1, 2}.
_AT_MOST = r"(?:\\leq?(?:slant)?(?![a-z])|≤|<)"
_RUNS = re.compile(
    rf"(?:\s|\\[,;:!> ])*[(\[]?\s*(?:\d+\s*{_AT_MOST}\s*)?(?P<letters>[A-Za-z](?:\s*,\s*[A-Za-z])*)\s*"
    rf"(?:=(?=.*(?:,|\.\.|…|dots))|\\in(?![a-z])|∈|{_AT_MOST})"
    rf"(?:[\s\d,.;…{{}}]|\\[{{}} ]|\\[lc]?dots(?![a-z])|[A-Z](?!\w))+"
    r"[)\]]?\s*"
)
_NEWROW = re.compile(r"\\\\(?:\s*\[[^\]]*\])?|\\cr(?![a-z])")
#: The start of a row that continues the one above.
_GOES_ON = re.compile(r"[-+−*/,;)\]]|\\cdot|\\times|\\ast|\\right|\\[bB]igg?r")
#: A row that begins with a minus but is a claim of its own: −a &= b.
_OWN_CLAIM = re.compile(rf"[-+−][^&]*&\s*(?:{_RELATION.pattern})")
#: The end of a row that the next one continues.
_STAYS_OPEN = re.compile(r"(?:[-+−*/=]|\\cdot|\\times|\\ast)[\s&]*$")
#: A sign before a term or a factor, which no space separates from the claim.
_JOINS = re.compile(r"(?:\s|\{\})*(?:[+*/)\]]|\\cdot(?![a-z])|\\times|\\ast)")
#: Cases: their rows are parts of one member, not claims.
_CASES = re.compile(r"=\s*\\begin\{cases\}.*?\\end\{cases\}", re.DOTALL)
#: A sign of equality in braces, or with a text above it.
_SET_SIGN = re.compile(
    rf"(?:\\(?:overset|underset|stackrel)\s*{_GROUP}\s*|\\math[a-z]+\s*)?\{{\s*=\s*\}}|\\(?:stackrel|overset)\s*{_GROUP}\s*="
)
_ABOVE = re.compile(rf"\\(?:overset|underset|stackrel)\s*\{{(?P<above>(?:[^{{}}]|{_GROUP})*)\}}\s*\{{?\s*=")
#: The bracket before a system of equations.
_SYSTEM = re.compile(r"(?:\\left\s*)?\\l?(?:\{|brace)(?=\s*\\begin\{)|\\right\s*\.")
#: Words behind a member that give a reason, not a condition.
_WHY = re.compile(
    r"(?:\s|\\[,;:!> ]|(?=\\[a-z]+\s*\{\s*[\s(]))\s*\\(?:text|mbox|textrm|textit)\s*\{(?!\s*"
    r"(?:if|when|unless|otherwise|except|only|for|not|times|si|sinon|quand|lorsque|sauf|pour|fois)\b)[^{}=<>≈]*\}\s*$"
)
#: Scripts: an equality in a lower limit is no claim.
_SCRIPT = re.compile(rf"[_^]\s*{_GROUP}")
_BLANK = re.compile(
    r"(?:\s|&|~|\\qq?uad(?![A-Za-z])|\\(?:enspace|enskip|thinspace|hfill|null)(?![A-Za-z])|\{\}|\\[,;:!> ]"
    r"|\\(?:hspace|hskip)\*?\s*(?:\{[^{}]*\}|[\d.]+\s*[a-z]{2}))*"
)
_IMPLIES = re.compile(r"\\(?:Rightarrow|implies|iff|Leftrightarrow)(?![A-Za-z])")
_FOLLOWS = re.compile(rf"(?:{_IMPLIES.pattern}){_BLANK.pattern}$")
#: Invisible parts and spaces.
_INVISIBLE = re.compile(rf"\\[hv]?phantom\s*{_GROUP}|\\(?:mspace|mskip|kern)\s*(?:\{{[^{{}}]*\}}|[\d.]+\s*[a-z]{{2}})")


@dataclass(frozen=True)
class Member:
    """One member of a chain.

    Attributes:
        text: its LaTeX.
        node: None where it was not read; ``fault`` is the reason.
        start, end: its place in characters of the display.
        row: the row in which it begins, from 1.
        beside: does it have an implicit product?
        words: the words behind it: a reason, a remark, its unit.
    """

    text: str
    node: Node | None
    fault: NotReadError | None = None
    start: int = 0
    end: int = 0
    row: int = 1
    beside: bool = False
    words: str = ""


@dataclass(frozen=True)
class Chain:
    """A = B = C.

    Attributes:
        signs: before the second member, the third …; of a continuation, before the first one too.
        goes_on: does it begin with a sign of relation, and so continue the display before?
        hides: is it a single member with a sign of relation inside braces, brackets or words?
        defines: is one of its signs a definition, a question or a demand?
        implies, follows: is there an arrow of implication behind it, before it?
    """

    members: tuple[Member, ...]
    signs: tuple[str, ...]
    goes_on: bool = False
    hides: bool = False
    defines: bool = False
    implies: bool = False
    follows: bool = False

    @property
    def text(self) -> str:
        first, *rest = self.members
        start = f"{self.signs[0]} " if self.goes_on else ""
        signs = self.signs[1:] if self.goes_on else self.signs
        return start + " ".join((first.text, *(f"{s} {m.text}" for s, m in zip(signs, rest, strict=True))))


def _blank(match: re.Match[str]) -> str:
    """Return blanks of the length of a match, so that places stay."""
    return " " * len(match[0])


def read_display(body: str, reader: FormulaReader) -> list[Chain]:
    """Return the chains of a display; a mention without a relation is a chain of one member."""
    if len(body) > MAX_DISPLAY:
        fault = NotReadError("too_long")
        return [Chain((Member(body[:200], None, fault), Member("…", None, fault)), ("=",))]
    body = re.sub(r"^(\s*)(>>+)", lambda m: m[1] + " " * len(m[2]), body)
    body = re.sub(r"(?<!\\)%[^\n]*", _blank, body)
    body = _INVISIBLE.sub(_blank, body)
    body = re.sub(r"\\boxed(?=\s*\{)", _blank, body)
    body = re.sub(r"\\(?:textcolor|color|mathcolor)\s*\{[^{}]*\}", _blank, body)
    body = _SYSTEM.sub(_blank, body)
    body = _SET_SIGN.sub(lambda m: ("≝" if _is_qualified(m[0]) else "=").ljust(len(m[0])), body)
    cases = [m.span() for m in _CASES.finditer(body)]
    body = _ENVIRONMENT.sub(
        lambda m: m[0] if m[2] not in _ROWS or any(a < m.start() < b for a, b in cases) else " " * len(m[0]), body
    )
    body = re.sub(r"\\(?:tag\*?|label)\s*\{[^{}]*\}", _blank, body)
    chains: list[Chain] = []
    above: list[int] = []  # the places of the chains of the row above
    for start, end in _rows(body):
        own = [c for piece, at in _claims(body, start, end) if (c := _chain(piece, at, body, reader)) is not None]
        places = []
        for n, chain in enumerate(own):
            if not chain.goes_on or not chains:
                places.append(len(chains))
                chains.append(chain)
                continue
            column = above[n] if len(own) == len(above) else len(chains) - 1
            before = chains[column]
            is_vague = len(own) != len(above) and len(above) > 1  # which of them it continues
            chains[column] = replace(
                before, members=(*before.members, *chain.members), signs=(*before.signs, *chain.signs),
                hides=before.hides or chain.hides or is_vague, defines=before.defines or chain.defines,
                implies=chain.implies,
            )  # fmt: skip
            places.append(column)
        above = places or above
    return chains


def _is_qualified(sign: str) -> bool:
    """Does a text above or below a sign of equality make another sign of it?"""
    match = _ABOVE.match(sign)
    return match is not None and bool(_QUALIFIES.search(re.sub(r"\\(?:text|mathrm)\s*", "", match["above"])))


def _levels(text: str) -> Iterator[tuple[int, int]]:
    """Yield (position, depth in braces and environments) of every character, also inside commands."""
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
    """Return the start and end of each row; a row that begins with an operator belongs to the one before."""
    depths = dict(_levels(body))
    cuts = [m for m in _NEWROW.finditer(body) if depths[m.start()] == 0]
    rows: list[tuple[int, int]] = []
    start = 0
    for end, following in [*((m.start(), m.end()) for m in cuts), (len(body), len(body))]:
        blank = _BLANK.match(body, start, end)
        first = blank.end() if blank else start
        indented = r"\quad{}" in body[start:first]  # as symcnn itself sets a line that goes on
        own = "&" not in body[start:first] and _OWN_CLAIM.match(body, first, end)
        if rows and (
            indented
            or (_GOES_ON.match(body, first, end) and not own)
            or (rows[-1][0] <= start and first < end and _open(body, rows[-1]))
        ):
            rows[-1] = (rows[-1][0], end)
        elif body[first:end].strip():
            rows.append((start, end))
        start = following
    return rows


def _open(body: str, row: tuple[int, int]) -> bool:
    """Is a bracket still open at the end of a row, or is an operand missing?"""
    text = body[slice(*row)]
    return bool(_STAYS_OPEN.search(text)) or sum(text.count(c) for c in "(") > sum(text.count(c) for c in ")")


def _outside(text: str) -> list[bool]:
    """Return for each character whether it is outside of braces, environments and brackets."""
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
    """Yield the claims that stand side by side in one row, each with its place."""
    text = body[start:end]
    depths = dict(_levels(text))
    text = _NEWROW.sub(lambda m: m[0] if depths[m.start()] else " " * len(m[0]), text)
    outside = _outside(text)
    text = _columns(text, outside)
    at, last, before = 0, text.rfind("="), ""
    is_range = False
    separators = [m for m in _SEPARATOR.finditer(text) if outside[m.start()]]
    ends = [*(m.start() for m in separators[1:]), len(text)][: len(separators)]
    for match, end in zip(separators, ends, strict=True):
        if match["space"] and _joins(text[match.end() : end]):
            text = text[: match.start()] + " " * len(match[0]) + text[match.end() :]
        elif (
            match["comma"] and match.start() >= at and _only_runs(text[match.end() :], text[at : match.start()], False)
        ):
            yield text[at : match.start()], start + at
            return
        # a part behind the last sign of equality is no further claim
        elif match.start() >= at and (not match["comma"] or match.end() < last):
            piece = text[at : match.start()]
            if not _only_runs(piece, before, is_range):
                before = piece if piece.strip() else before
                yield piece, start + at
            at, is_range = match.end(), bool(match["range"])
    if not _only_runs(text[at:], before, is_range):
        yield text[at:], start + at


def _columns(text: str, outside: Sequence[bool]) -> str:
    """Blank the signs of a row that only align; those between two equations side by side stay."""
    columns = [m for m in _COLUMN.finditer(text) if outside[m.start()]]
    ends = [m.start() for m in columns]
    at = 0
    for n, match in enumerate(columns):
        start, end = match.span()
        after = next((text[end:stop] for stop in (*ends[n + 1 :], len(text)) if text[end:stop].strip()), "")
        rest = text[end:]
        if match[0] == "&" and _SPLIT_ABOVE.match(text[end:]) and _COMPLETE.search(_scriptless(text[at:start])):
            at = end  # = b & & = d: each continues the chain above it
            continue
        is_next = bool(_COMPLETE.search(_scriptless(text[at:start]))) and bool(_BEGINS.match(rest) and _begun(rest))
        if is_next and after and not _STAYS_OPEN.search(text[:start]) and not _CONDITION.match(rest):
            at = end
        else:
            text = text[:start] + " " * (end - start) + text[end:]
    return text


def _scriptless(text: str) -> str:
    return _SCRIPT.sub("", text)


def _begun(text: str) -> bool:
    """Does an equation begin here: a left side, then a sign?"""
    match = _RELATION.search(_scriptless(text).replace("&", " "))
    return match is not None and bool(_scriptless(text).replace("&", " ")[: match.start()].strip())


def _only_runs(piece: str, before: str, is_range: bool = False) -> bool:
    """Is a piece only the range of letters, behind "for", or of indices of the claim before?"""
    if len(piece) > MAX_RUNS:
        return False
    if is_range and _RANGE.fullmatch(piece):
        return True
    match = _RUNS.fullmatch(piece)
    if match is None:
        return False
    indices = "".join(re.findall(r"_\s*(\{[^{}]*\}|[A-Za-z])", before))
    return all(letter.strip() in indices for letter in match["letters"].split(","))


def _joins(text: str) -> bool:
    """Does the text continue the member before it: + b, or − b without a sign of relation?"""
    return bool(_JOINS.match(text)) or (text.lstrip()[:1] in ("-", "−") and not _RELATION.search(text))


def _chain(text: str, at: int, body: str, reader: FormulaReader) -> Chain | None:
    """Return one chain; None of an empty text."""
    end, text = at + len(text), _unwrapped(text)
    outside = _outside(text)
    signs, cuts, defines = [], [0], False
    for match in _RELATION.finditer(text):
        if outside[match.start()]:
            signs.append(next(sign for pattern, sign in _SIGNS.items() if re.fullmatch(pattern, match[0])))
            cuts += [match.start(), match.end()]
            defines = defines or _DEFINES.match(text, match.start()) is not None
    cuts.append(len(text))
    pieces = [(text[a:b], a) for a, b in zip(cuts[::2], cuts[1::2], strict=True)]
    goes_on = bool(signs) and not _bare(pieces[0][0])
    if goes_on:
        pieces = pieces[1:]
    members = tuple(_member(piece, at + start, body, reader) for piece, start in pieces)
    if not signs and not _bare(text):
        return None
    is_whole = signs or not isinstance(members[0].node, (Word, Indicator, NoneType))
    hides = not is_whole and bool(_RELATION.search(_SCRIPT.sub("", text)))
    behind = _BLANK.match(body, end)
    implies = behind is not None and _IMPLIES.match(body, behind.end()) is not None
    return Chain(members, tuple(signs), goes_on, hides, defines, implies, bool(_FOLLOWS.search(body[:at])))


def _unwrapped(text: str) -> str:
    """Remove the braces around a claim."""
    bare = text.strip().rstrip(".,;").rstrip()
    for _ in range(MAX_WRAPPED):
        if not (bare.startswith("{") and bare.endswith("}") and all(depth for _, depth in _levels(bare))):
            break
        at = text.index(bare)
        text = text[:at] + " " + text[at + 1 : at + len(bare) - 1] + " " + text[at + len(bare) :]
        bare = bare[1:-1].strip()
    return text


def _bare(text: str) -> str:
    """Remove spaces and a full stop at the end."""
    return re.sub(r"\\quad\{\}|\{\}|\\[,;:!> ]", "", text).strip().rstrip(".,;").strip()


def _member(text: str, at: int, body: str, reader: FormulaReader) -> Member:
    start = at + len(text) - len(text.lstrip())
    why = _WHY.search(text)
    text = text[: why.start()] if why and text[: why.start()].strip() else text
    end = max(start, at + len(text.rstrip()))
    row = 1 + len(_NEWROW.findall(body, 0, start))
    bare = re.sub(r"(?:\\[,;:!> ]|[.,;~\s])+$", "", re.sub(r"\s+", " ", text)).replace(r"\quad{}", "").strip()
    if not bare:
        return Member(text.strip(), None, NotReadError("side_missing"), start, end, row)
    try:
        node = reader.read(bare)
    except NotReadError as error:
        return Member(bare, None, error, start, end, row)
    words = why[0].partition("{")[2].strip("} ") if why else ""
    return Member(bare, node, None, start, end, row, bare in reader.beside, words)
