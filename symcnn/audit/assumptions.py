"""What a text assumes: "if y = 1", "quand h_1 = 0", "suppose σ(z) = z". It need not be true, and holds for its section.

An equation that rests on it is decided with the assumed value put in where that is easy; elsewhere it is never false.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from symcnn.audit.notation import Notation
from symcnn.formula import tree
from symcnn.formula.reader import Chain, Fragment, Member
from symcnn.formula.steps import nodes, rewritten
from symcnn.formula.tree import Node
from symcnn.formula.written import MeaningError
from symcnn.network.layers import ACTIVATIONS
from symcnn.symbolic import Access

_LANGUAGES: Mapping[str, Mapping[str, Sequence[str]]] = tomllib.loads(
    files("symcnn.audit").joinpath("words.toml").read_text("utf-8")
)


def _word(word: str) -> str:
    """The pattern of one word of ``words.toml``."""
    text, in_front, _ = word.partition(" …")
    pattern = re.escape(text).replace(r"\ ", r"\s+") + (r"(?=\s*$)" if in_front else "")
    return pattern if word == word.lower() else f"(?-i:{pattern})"


def _words(kind: str) -> str:
    """A pattern of the words of one kind, in every language; not behind a hyphen or an apostrophe, nor in a word."""
    words = dict.fromkeys(word for language in _LANGUAGES.values() for word in language[kind])
    return rf"(?<![\w’'-])(?:{'|'.join(map(_word, words))})(?![\w-])"


#: Angenommen, …: the comma ends no clause.
_SUPPOSED = re.compile(rf"({_words('supposed')}),$", re.IGNORECASE)
_TRIGGER = re.compile(rf"(?P<supposed>{_words('supposed')})|(?P<reasoned>{_words('reasoned')})", re.IGNORECASE)
_CLAIMS = re.compile(_words("claims"), re.IGNORECASE)
_DENIES = re.compile(rf"{_words('denies')}|n[’']t(?!\w)", re.IGNORECASE)
_DENIED = re.compile(rf"\?\s*$|{_words('denied')}|n[’']t(?!\w)", re.IGNORECASE)
#: Of languages whose words are not known: other letters than Latin and Greek ones.
_FOREIGN = re.compile(r"[^\W\d_\u0000-\u03ff\u1e00-\u1fff\u2000-\u2bff\U0001d400-\U0001d7ff]")
#: Words between the one that introduces and the formula.
MAX_WORDS = 8
#: Characters that are looked back.
MAX_BACK = 400
#: A comma before "that" ends no clause: Angenommen, dass …
_SENTENCE = re.compile(
    r"[.!?;:](?=\s|$)|,(?=\s|$)(?!\s+(?:that|dass|daß|że|que|che|dat|att?)(?!\w))"
    r"|\n[ \t]*\n|\n[ \t]*(?:[-*+]|\d+\.)[ \t]"
)
_HEADING = re.compile(
    r"^(?:#{1,6}[ \t]|\\(?:sub)*section|\\chapter|\\paragraph|[ \t]*</?h\d)|^[^\n]+\n(?:={3,}|-{3,}|~{3,})[ \t]*$",
    re.MULTILINE,
)
_OPENING = re.compile(r"(?:\\begin\s*\{[A-Za-z]+\*?\}|[$\\(\[*_`>]|\s)+$")
#: A paragraph that begins with a formula.
_BEGINS = re.compile(r"\n[ \t]*\n[\s$\\(*_`>]*$")
#: One that was taken out, with what stands around it.
_FORMULA = re.compile(r"(?:\$+|\\[(\[])?¤+(?:\$+|\\[)\]])?")
_STOP = re.compile(r"[.!?;](?=\s|$)|\n[ \t]*\n")
#: Activations and losses -> how a sentence names them. (Of σ texts speak whatever the network has.)
_KINDS = {name: name for name in ACTIVATIONS if name != "sigmoid"} | {
    "tanh": r"tanh|hyperbolic tangent|tangente hyperbolique", "leaky_relu": "leaky",
    "cross_entropy": r"cross[- ]entropy|entropie croisée", "hinge": "hinge|charnière",
    "": "|".join(name for name in ("softplus", "gelu", "elu", "swish") if name not in ACTIVATIONS),
}  # fmt: skip
_WORDS = re.compile(r"\\(?:text|mbox|textrm|textit|mathrm)\s*\{([^{}]*)\}")


@dataclass(frozen=True)
class Assumption:
    """One that is in force.

    Attributes:
        line: where it stands.
        start, end: the part of the text in which it holds.
        members: of its equation.
    """

    line: int
    start: int
    end: int
    members: tuple[Node, ...]


def _without(text: str, fragments: Sequence[Fragment]) -> str:
    """A text with a sign for every character of a formula."""
    parts, at = [], 0
    for fragment in fragments:
        end = fragment.start + len(fragment.body)
        parts += [text[at : fragment.start], "¤" * (end - max(at, fragment.start))]
        at = max(at, end)
    return "".join((*parts, text[at:]))


class Prose:
    """The words around the formulas of a text.

    Args:
        used: activations and loss of the network: a sentence that names others is about another network.
    """

    def __init__(self, text: str, fragments: Sequence[Fragment], used: Collection[str] = ()) -> None:
        self._text = text
        words = [word for name, word in _KINDS.items() if name not in used]
        self._others = re.compile(rf"(?<!\w)\\?(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)
        self._headings = [m.start() for m in _HEADING.finditer(text)]
        self._prose = _without(text, fragments)
        self._introduced: dict[int, str] = {}
        before: Fragment | None = None
        for fragment in fragments:
            self._introduced[fragment.start] = self._of(fragment, before)
            before = fragment

    def introduced(self, fragment: Fragment, chain: Chain) -> str:
        """How a chain is introduced: "supposed", "reasoned", or not at all."""
        start = chain.members[0].start
        inside = _WORDS.findall(fragment.body[:start] if start else "")[-1:] + _WORDS.findall(chain.members[0].text)[:1]
        for words in inside:
            match = _TRIGGER.search(words)
            if match:
                return match.lastgroup or ""
        is_first = not re.search(r"[=<>≈]", fragment.body[:start])
        return self._introduced.get(fragment.start, "") if is_first else ""

    def _of(self, fragment: Fragment, before: Fragment | None) -> str:
        start = max(0, fragment.start - MAX_BACK)
        if before is not None and before.start + len(before.body) > start:
            between = self._text[before.start + len(before.body) : fragment.start]
            if re.fullmatch(r"[\s$\\()]*(?:,\s*)?(?:and|et|or|ou)[\s$\\()]*", between) and self._introduced.get(
                before.start
            ):
                return self._introduced[before.start]
        clause = self._clause(fragment)
        found = ""
        for match in _TRIGGER.finditer(clause):
            behind = clause[match.end() :]
            if len(behind.split()) <= MAX_WORDS and not _CLAIMS.search(behind):
                found = found or match.lastgroup or ""
        return found

    def _clause(self, fragment: Fragment, end: re.Pattern[str] = _SENTENCE) -> str:
        """The words before a fragment, of its own clause."""
        before = self._prose[max(0, fragment.start - MAX_BACK) : fragment.start]
        if fragment.kind == "inline" and _BEGINS.search(before):
            return ""
        before = _OPENING.sub("", before)
        prose = _SUPPOSED.sub(r"\1", _FORMULA.sub(" ¤ ", before).rstrip().rstrip(":"))
        cuts = [m.end() for m in end.finditer(prose)]
        return prose[cuts[-1] if cuts else 0 :]

    def is_claimed(self, fragment: Fragment, chain: Chain, is_plain: bool, is_arithmetic: bool) -> bool:
        """Do the words around a chain, and behind its members, say that it holds? They may deny it, or ask.

        Args:
            is_plain: it says no more than that a symbol is another one, or a number; beside words it may be meant in
                many ways.
            is_arithmetic: numbers against numbers, which nobody assumes.
        """
        if any(_DENIED.search(m.words.strip("()")) for m in chain.members if m.words):
            return False
        sentence = self._clause(fragment, _STOP)
        if fragment.kind == "display":
            sentence = sentence.rpartition("¤")[2]
        if _DENIES.search(sentence) or (_FOREIGN.search(sentence) and not is_arithmetic):
            return False
        before = self._text[max(0, fragment.start - MAX_BACK) : fragment.start]
        stops = [m.end() for m in _STOP.finditer(_OPENING.sub("", before))]
        if self._others.search(before, stops[-1] if stops else 0):
            return False
        if fragment.kind == "display":
            return True
        end = fragment.start + len(fragment.body)
        behind = self._prose[end : end + MAX_BACK].lstrip("$\\)")
        stop = _STOP.search(behind)
        if _DENIED.search(_FORMULA.sub(" ¤ ", behind[: stop.end()] if stop else behind)):
            return False
        clause = self._clause(fragment)
        return not (is_plain and re.search(r"[^\W\d_]{2}", clause) and not _CLAIMS.search(clause))

    def force(self, fragment: Fragment) -> tuple[int, int]:
        """From where to where an assumption holds: from its paragraph on, until its section ends."""
        start = self._text.rfind("\n\n", 0, fragment.start) + 1
        end = next((at for at in self._headings if at > fragment.start), len(self._text) + 1)
        return start, end


class Assumptions:
    """Those of one text."""

    def __init__(self, notation: Notation) -> None:
        self._notation = notation
        self._all: list[Assumption] = []

    def add(self, assumption: Assumption) -> None:
        self._all.append(assumption)

    def under(self, chain: Chain, at: int) -> Iterator[Assumption]:
        """Those that a chain at a place of the text rests on."""
        for assumption in self._all:
            if assumption.start <= at < assumption.end and self._rests_on(chain, assumption):
                yield assumption

    def put_in(self, chain: Chain, assumption: Assumption) -> Chain | None:
        """The chain with the assumed value put in for its symbol; None where that is not easy."""
        first, *rest = assumption.members
        if not isinstance(first, tree.Symbol) or len(rest) != 1:
            return None
        [value] = rest
        if any(n == first for n in nodes(value)):
            return None
        members = []
        for member in chain.members:
            if member.node is None or self._is_derived_by(member.node, first):
                return None
            node = rewritten(member.node, lambda part: value if part == first else None)
            members.append(Member(member.text, node, member.fault, member.start, member.end, member.row, member.beside))
        return Chain(tuple(members), chain.signs, chain.goes_on, chain.hides)

    @staticmethod
    def _is_derived_by(node: Node, symbol: tree.Symbol) -> bool:
        partials = [n for n in nodes(node) if isinstance(n, tree.Partial)]
        return any(n == symbol for part in partials for n in nodes(part))

    def _rests_on(self, chain: Chain, assumption: Assumption) -> bool:
        own = [m.node for m in chain.members if m.node is not None]
        if any(isinstance(n, tree.Call) for n in nodes(assumption.members)):
            return True
        mine, theirs = (self._names(members) for members in (own, assumption.members))
        return bool(self._sources(mine) & theirs)

    def _names(self, members: Sequence[Node]) -> set[object]:
        """The tensors that are spoken of; of a name without one the name itself."""
        found: set[object] = set()
        for symbol in (n for n in nodes(tuple(members)) if isinstance(n, tree.Symbol)):
            try:
                resolved = [n for n in nodes(self._notation.resolved(symbol)) if isinstance(n, tree.Symbol)]
                for part in resolved:
                    is_error = part.letter == "E" and not part.indices
                    group = None if is_error else self._notation.spelled.group(part)
                    found.add("E" if is_error else (group or self._notation.spelled.tensor(part)).name)
            except MeaningError:
                found.add(symbol)
        return found

    def _sources(self, names: set[object]) -> set[object]:
        """These, and all that they are computed from."""
        found = set(names)
        for equation in reversed(self._notation.derivation.forward):
            if equation.target.tensor.name in found:
                found |= {a.tensor.name for t in equation.terms for f in t.factors for a in f.atoms(Access)}
        return found
