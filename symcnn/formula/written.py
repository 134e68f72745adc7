"""The inverse of typography: the quantity of a written symbol. ``w_{x11-h1}`` is ``w_x11h1``, ``X`` all of x.

A symbol's tensor is looked up by its letter, its word and the letters among its indices, its index by the digits: the
entries of a large network are not listed. Indices in index notation (``i_{r+p, c+q}``) count from 0 and are evaluated
at a point of the index letters. Texts use any of the languages and several spellings:

h_{1activation}, h_1          h_1          o_{1prédit}, o_{1,predicted}     o_1
w_{x11h1}, W_{x11-h1}         w_x11h1      z_{h1}, h_{1,preactivation}      z_h1
x_3                           x_21: the third cell, row by row

Our own symbols hold their quantity (``typography.EntrySymbol``) and are not read here.
"""

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod

from symcnn.formula import tree
from symcnn.formula.plain import Plain
from symcnn.formula.steps import replaced
from symcnn.formula.tree import Node
from symcnn.formula.typography import EntrySymbol, Letters
from symcnn.symbolic import Index, Quantities, Tensor, TensorKind, entries
from symcnn.text import LANGUAGES, SaidError, catalogue

#: Index letter -> its value, from 0.
Point = Mapping[str, int]

#: The least similarity of a name that is suggested for another; the most entries of a tensor that are compared.
NEAR, MAX_NAMED = 0.6, 200

_END = re.compile(r"(?P<letters>[a-z]*)(?:\((?P<inside>[^()]*(?:\([^()]*\)[^()]*)*)\)|(?P<digits>[0-9]*))")
_TERM = re.compile(r"([+−-]?)([0-9]*)([A-Za-z]?)")


class MeaningError(SaidError):
    """A formula has no meaning that could be decided; the message says where."""


class UnknownNameError(MeaningError):
    """A symbol that the network has no quantity for."""


class OutOfRangeError(MeaningError):
    """A symbol of a known tensor with an index that it does not have."""


#: Characters of a formula in a message.
MOST = 160


def brief(node: Node) -> str:
    """Return a formula for a message, shortened where it is long."""
    text = Plain().emit(node)
    return text if len(text) <= MOST else f"{text[:MOST]} …"


_WEIGHT = re.compile(r"([a-z]+\d+)[-−,]?([a-z]+\d+)")
#: Other words, of texts and of earlier versions, for the typography's own.
_OTHER_WORDS = {
    "pred": "predicted", "expected": "expected", "target": "expected", "true": "expected", "desired": "expected",
    "espéré": "expected", "attendu": "expected", "cible": "expected", "visé": "expected",
    "preactivation": "preactivation", "pre": "preactivation", "act": "activation",
}  # fmt: skip


class OwnSymbol(tree.Symbol):
    """A symbol that is the network's own, whatever the aliases of a text say."""


def as_own(node: Node) -> Node:
    """Return a formula in which every symbol is the network's own."""
    return replaced(
        node, lambda part: OwnSymbol(part.letter, part.indices, part.word) if isinstance(part, tree.Symbol) else part
    )


#: The value of a star: digits or a letter; of adjacent stars one digit each.
_STAR, _ONE_STAR = r"(\d+|[a-z])", r"(\d|[a-z])"


def starred(pattern: str, indices: str) -> tuple[str, ...] | None:
    """Match a symbol's indices with a pattern: return the value of each star in order, or None."""
    if "*" not in pattern:
        return () if pattern.replace(", ", ",") == indices.replace(", ", ",") or pattern == indices else None
    bare = re.sub(r",\s*", "", pattern)
    if set(bare) == {"*"} and len(bare) > 1 and ", " in indices:  # index notation, as r+p, c+q
        texts = tuple(part.strip() for part in indices.split(","))
        return texts if len(texts) == len(bare) else None
    star = _ONE_STAR if "**" in bare else _STAR
    match = re.fullmatch(re.escape(bare).replace(r"\*", star), re.sub(r",\s*", "", indices))
    return match.groups() if match else None


def filled(text: str, stars: Sequence[str]) -> str:
    """Return a name with the values of its stars in order; a single star may occur several times in the name."""
    count = text.count("*")
    values = (*(stars if len(stars) > 1 else tuple(stars) * count), *[""] * count)[:count]
    are_letters = any(not value.isdigit() for value in values)
    if are_letters and re.fullmatch(r"[^*]*_?\*+", text) and not re.search(r"[a-z]\*", text.partition("_")[2] or text):
        return text.rstrip("*") + ", ".join(values)
    following = iter(values)

    def fill(match: re.Match[str]) -> str:
        end, value = match[1] or "", next(following)
        return f"{end}{value}" if value.isdigit() or not end else f"{end}({value})"

    return re.sub(r"([a-z])?\*", fill, text)


class Spelled:
    """Looks up the quantities of symbols in any spelling.

    Args:
        quantities: the quantities of the network.
        aliases: a symbol of the text, * for digits -> the name of a quantity.
        groups: a letter -> the names of its entries.
    """

    def __init__(
        self, quantities: Quantities, aliases: Mapping[tree.Symbol, str] | None = None,
        groups: Mapping[str, Sequence[str]] | None = None,
    ) -> None:  # fmt: skip
        own = catalogue("en").words("word")
        self._plain, self._typography = Plain(), Letters(quantities, own)
        self._aliases = {(s.letter, s.indices, s.word): name for s, name in (aliases or {}).items()}
        self._named_groups = dict(groups or {})
        self._words = {
            word.replace(" ", "").lower(): own[key]
            for lang in LANGUAGES
            for key, word in catalogue(lang).words("word").items()
        } | {word: own[key] for word, key in _OTHER_WORDS.items()}
        self._canonical: dict[tree.Symbol, tree.Symbol] = {}
        #: Names of the tensors whose cells were counted row by row.
        self.counted: set[str] = set()
        self._by_look: dict[tuple[str, str, tuple[str, ...]], Tensor] = {}
        self._groups: dict[tuple[str, str], list[Tensor]] = {}
        tensors = [t for t in quantities.tensors if t.kind is not TensorKind.ERROR and t.role != "constant"]
        for tensor in tensors:
            for differentiated in (False, True):
                symbol = self._typography.look(next(entries(tensor)), differentiated)
                self._by_look[_key(symbol)] = tensor
                if tensor.shape:
                    group = self._groups.setdefault((symbol.letter.upper(), symbol.word), [])
                    group += [tensor] if tensor not in group else []
        for tensor in tensors:
            letter, _, rest = _first(tensor).partition("_")
            if not _WEIGHT.fullmatch(rest):  # w_1 is nobody's first weight before a mapping says whose
                self._by_look.setdefault((letter, "", _look(rest)), tensor)

    def canonical(self, symbol: tree.Symbol) -> tree.Symbol:
        """Return a symbol in the typography's own spelling, where there is one."""
        if symbol not in self._canonical:
            self._canonical[symbol] = self._respelled(symbol)
        return self._canonical[symbol]

    def _respelled(self, symbol: tree.Symbol) -> tree.Symbol:
        if isinstance(symbol, OwnSymbol):  # no name of the text, so no alias either
            return tree.Symbol(symbol.letter, symbol.indices, symbol.word)
        alias = self._alias(symbol)
        if alias:
            return alias
        word = self._words.get(symbol.word.replace(" ", "").lower(), symbol.word)
        weight = _WEIGHT.fullmatch(symbol.indices)
        indices = "-".join(weight.groups()) if weight else symbol.indices
        # of a capital letter only W with its two ends is the network's, as the article writes it
        letter = symbol.letter.lower() if weight and symbol.letter == "W" else symbol.letter
        own = tree.Symbol(letter, indices, word)
        if _key(own) in self._by_look or (not indices and (letter, word) in self._groups):
            return own
        return replace(symbol, word=word)

    def is_mapped(self, symbol: tree.Symbol) -> bool:
        """Is the symbol one of an alias, or of a named group?"""
        return self._alias(symbol) is not None

    def _alias(self, symbol: tree.Symbol) -> tree.Symbol | None:
        """Return the symbol that the aliases of the text give for a symbol."""
        for (letter, indices, word), name in self._aliases.items():
            if not indices and not word and letter == symbol.letter and "_" not in name and name != "E":
                return replace(symbol, letter=name)  # only another letter
            stars = starred(indices, symbol.indices)
            if (letter, word) == (symbol.letter, symbol.word) and stars is not None:
                letter, _, rest = name.partition("_")
                if any(not star.isdigit() for star in stars):  # b_o* with k: b_{o(k)}; i_** with r+p and c: i_{r+p, c}
                    return tree.Symbol(letter, filled(rest, stars))
                return self._called(filled(name, stars))
        plain = unicodedata.normalize("NFKC", symbol.letter)
        if plain != symbol.letter and unicodedata.normalize("NFKD", symbol.letter) == plain:
            # 𝐱 or ℒ where the mapping says what x or L is; an accent would stay
            alias = self._alias(replace(symbol, letter=plain)) if plain in {key[0] for key in self._aliases} else None
            if alias:
                return alias
        if symbol.letter in self._named_groups and symbol.indices.isdigit() and not symbol.word:
            names = self._named_groups[symbol.letter]
            if not 1 <= int(symbol.indices) <= len(names):
                raise OutOfRangeError(
                    "cells", what=f"{symbol.letter}_{symbol.indices}", of=symbol.letter, count=len(names)
                )
            return self._called(names[int(symbol.indices) - 1])
        return None

    def _called(self, name: str) -> tree.Symbol:
        """Return the symbol of a quantity by its name."""
        if name in ("E", "E_total"):
            return tree.Symbol("E", "", "total" if name == "E_total" else "")
        letter, _, rest = name.partition("_")
        try:
            node = self._typography.name(name)
        except (KeyError, ValueError):
            return tree.Symbol(letter, rest)
        return node if isinstance(node, tree.Symbol) else tree.Symbol(letter, rest)

    # --- which quantity it is ---------------------------------------------------------------------------------------

    def entry(self, symbol: tree.Symbol, point: Point, base: int = 0) -> tuple[Tensor, Index | None]:
        """Return the tensor and the index of a symbol; None where index notation leaves the tensor.

        Args:
            base: the first value of an index letter.

        Raises:
            UnknownNameError, OutOfRangeError
        """
        own, tensor = self.canonical(symbol), self.tensor(symbol)
        ends = list(_ends(own.indices))
        if any(end["inside"] is not None for end in ends):
            texts = [text for end in ends for text in _split(end["inside"] or "")]
            return tensor, self._at([affine_at(text, point) for text in texts], tensor, base)
        return tensor, self._index(own, tensor, "".join(end["digits"] or "" for end in ends))

    def check_limits(self, symbol: tree.Symbol, point: Point, base: int, letters: Collection[str]) -> None:
        """Check that no single letter with limits leaves its axis; a compound index, as r − p, may.

        Raises:
            OutOfRangeError
        """
        symbol, tensor = self.canonical(symbol), self.tensor(symbol)
        texts = letters_in(symbol)
        for text, size in zip(texts, tensor.shape, strict=False):
            if text in letters and not 0 <= point[text] - base < size:
                at = self._plain.emit(replace(symbol, indices=", ".join(str(affine_at(t, point)) for t in texts)))
                last = tensor.scalar(tuple(n - 1 for n in tensor.shape))
                raise OutOfRangeError("range", what=at, first=_first(tensor), last=last)

    def tensor(self, symbol: tree.Symbol) -> Tensor:
        """Return the tensor of a symbol, whatever its indices."""
        own = self.canonical(symbol)
        if _key(own) not in self._by_look:
            raise self._unknown(own)
        return self._by_look[_key(own)]

    def is_known(self, symbol: tree.Symbol) -> bool:
        """Is there a tensor of this symbol?"""
        return _key(self.canonical(symbol)) in self._by_look

    def role(self, symbol: tree.Symbol) -> str:
        """Return the role of a symbol's tensor, "image", "parameter", …; of E "value"."""
        return "value" if self.canonical(symbol).letter == "E" else (self.group(symbol) or self.tensor(symbol)).role

    def group(self, symbol: tree.Symbol) -> Tensor | None:
        """Return the tensor of which a symbol is all entries, as X of x; None where it is no group.

        Raises:
            UnknownNameError: there are several.
        """
        symbol = self.canonical(symbol)
        tensors = self._groups.get((symbol.letter, symbol.word), []) if not symbol.indices else []
        if len(tensors) > 1:
            names = ", ".join(t.name for t in tensors)
            raise UnknownNameError("several_groups", what=self._plain.emit(symbol), found=names)
        return tensors[0] if tensors else None

    def _at(self, values: Sequence[int | None], tensor: Tensor, base: int) -> Index | None:
        """Return the index with these values, or None outside the tensor."""
        if len(values) == 1 and len(tensor.shape) > 1:
            [value] = values
            return self._cell(tensor, -1 if value is None else value - base + 1)
        if len(values) != len(tensor.shape):
            raise OutOfRangeError("indices", what=tensor.name, count=len(values), expected=len(tensor.shape))
        index = tuple(-1 if value is None else value - base for value in values)
        return index if all(0 <= n < size for n, size in zip(index, tensor.shape, strict=True)) else None

    def _index(self, symbol: tree.Symbol, tensor: Tensor, digits: str) -> Index:
        """Split digits into indices, each with as many digits as its axis has, from 1."""
        widths = [len(str(size)) for size in tensor.shape]
        if digits and len(widths) > 1 and len(digits) < sum(widths):
            return self._cell(tensor, int(digits))
        index: list[int] = []
        at = 0
        for width in widths:
            index.append(int(digits[at : at + width] or 0) - 1)
            at += width
        if len(digits) != sum(widths) or any(not 0 <= n < size for n, size in zip(index, tensor.shape, strict=True)):
            last = tensor.scalar(tuple(n - 1 for n in tensor.shape))
            raise OutOfRangeError("range", what=self._plain.emit(symbol), first=_first(tensor), last=last)
        return tuple(index)

    def _cell(self, tensor: Tensor, number: int) -> Index:
        """Return the index of a cell, counted row by row from 1."""
        if not 1 <= number <= prod(tensor.shape):
            raise OutOfRangeError("cells", what=f"{tensor.name}_{number}", of=tensor.name, count=prod(tensor.shape))
        self.counted.add(tensor.name)
        index, rest = [], number - 1
        for size in reversed(tensor.shape):
            rest, at = divmod(rest, size)
            index.append(at)
        return tuple(reversed(index))

    def _unknown(self, symbol: tree.Symbol) -> UnknownNameError:
        written, tensors = self._plain.emit(symbol), dict.fromkeys(self._by_look.values())
        names = [name for t in tensors for name in (t.scalars() if t.size <= MAX_NAMED else (_first(t),))]
        raw = "_".join(filter(None, (symbol.letter, symbol.indices)))
        near = difflib.get_close_matches(raw, names, 1, NEAR)
        if near:
            return UnknownNameError("unknown_near", what=written, nearest=near[0])
        return UnknownNameError("unknown", what=written, known=", ".join(map(_first, tensors)))


def _key(symbol: tree.Symbol) -> tuple[str, str, tuple[str, ...]]:
    return symbol.letter, symbol.word, _look(symbol.indices)


def letters_in(symbol: tree.Symbol) -> list[str]:
    """Return the indices of a symbol in index notation, r+p and c+q; none where they are digits."""
    if isinstance(symbol, EntrySymbol):
        return symbol.index_texts
    return [text for end in _ends(symbol.indices) if end["inside"] is not None for text in _split(end["inside"])]


def _first(tensor: Tensor) -> str:
    return tensor.scalar(tuple(0 for _ in tensor.shape))


def _ends(indices: str) -> Iterator[Mapping[str, str | None]]:
    """Yield the ends of a weight, x11 and h1, or x(r, c) and h(k); of anything else its one set of indices."""
    if not indices:
        return
    for text in indices.split("-"):
        match = _END.fullmatch(text)
        if match is None or (match["letters"] and match["inside"] is None and not match["digits"] and len(text) == 1):
            # r+p, c+q: index notation without an end's letters, also a single letter
            yield {"letters": "", "inside": text, "digits": None}
        else:
            yield match.groupdict()


def _look(indices: str) -> tuple[str, ...]:
    """Return the letters of the ends: two of a weight, one of a bias, an empty one of anything else."""
    return tuple(end["letters"] or "" for end in _ends(indices))


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


def affine_at(text: str, point: Point) -> int | None:
    """Return the value of an index, 2r+u−1 or (R−p+1)/2, at a point; None where it is no whole number.

    Raises:
        UnknownNameError: a letter without a value.
    """
    body, _, divisor = text.replace(" ", "").partition("/")
    if body.startswith("(") and body.endswith(")"):
        body = body[1:-1]
    value, end = 0, 0
    for match in _TERM.finditer(body):
        sign, factor, letter = match.groups()
        if match.start() != end or not (factor or letter):
            break
        end = match.end()
        if letter and letter not in point:
            raise UnknownNameError("no_axis", what=text, letter=letter)
        value += (-1 if sign in ("−", "-") else 1) * int(factor or 1) * (point[letter] if letter else 1)
    if end != len(body) or not body or not (divisor.isdigit() or not divisor):
        raise MeaningError("no_index", what=text)
    by = int(divisor or 1)
    return value // by if value % by == 0 else None
