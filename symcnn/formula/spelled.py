"""Other people's spelling: which quantity a symbol is, written in any of the languages and in more than one way.

h_{1activation}, h_1          h_1          o_{1prédit}, o_{1,predicted}     o_1
w_{x11h1}, W_{x11-h1}         w_x11h1      z_{h1}, h_{1,preactivation}      z_h1
x_3                           x_21: the third cell, row by row
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import prod

from symcnn.formula import tree
from symcnn.formula.steps import replaced
from symcnn.formula.tree import Node
from symcnn.formula.typography import Letters
from symcnn.formula.written import OutOfRangeError, Point, UnknownNameError, Written, _first, _look
from symcnn.symbolic import Index, Quantities, Tensor
from symcnn.text import LANGUAGES, catalogue

_WEIGHT = re.compile(r"([a-z]+\d+)[-−,]?([a-z]+\d+)")
#: Other words for the typography's own.
_OTHER_WORDS = {
    "pred": "predicted", "target": "expected", "cible": "expected", "true": "expected", "attendu": "expected",
    "preactivation": "preactivation", "pre": "preactivation", "act": "activation",
}  # fmt: skip


class Quantity(tree.Symbol):
    """A symbol that is the network's own, whatever the text calls by that name."""


def as_quantities(node: Node) -> Node:
    """A formula in the typography's own spelling, of which no alias makes something else."""
    return replaced(
        node, lambda part: Quantity(part.letter, part.indices, part.word) if isinstance(part, tree.Symbol) else part
    )


#: What a star stands for: digits, a letter; where several stand beside each other, one digit each.
_STAR, _ONE_STAR = r"(\d+|[a-z])", r"(\d|[a-z])"


def starred(pattern: str, indices: str) -> tuple[str, ...] | None:
    """What each star of a pattern stands for in a symbol's indices, in order; None: they are not of that pattern."""
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
    """A name with what its stars stand for, in order; one star of the symbol may stand several times in the name."""
    left = iter(stars if len(stars) > 1 else tuple(stars) * text.count("*"))
    values = [next(left, "") for _ in range(text.count("*"))]
    are_letters = any(not value.isdigit() for value in values)
    if are_letters and re.fullmatch(r"[^*]*_?\*+", text) and not re.search(r"[a-z]\*", text.partition("_")[2] or text):
        head = text.rstrip("*")
        return head + ", ".join(values)
    put = iter(values)
    return re.sub(r"([a-z])?\*", lambda m: _one(m[1] or "", next(put)), text)


def _one(end: str, value: str) -> str:
    return f"{end}{value}" if value.isdigit() or not end else f"{end}({value})"


class Spelled(Written):
    """Finds the quantity of a symbol as other people write it.

    Args:
        quantities: whose quantities are written.
        aliases: a symbol of the text, * for digits -> the name of a quantity.
        groups: a letter -> the names of its entries.
    """

    def __init__(
        self, quantities: Quantities, aliases: Mapping[tree.Symbol, str] | None = None,
        groups: Mapping[str, Sequence[str]] | None = None,
    ) -> None:  # fmt: skip
        own = catalogue("en").words("word")
        super().__init__(quantities, own)
        self._typography = Letters(quantities, own)
        self._aliases = {(s.letter, s.indices, s.word): name for s, name in (aliases or {}).items()}
        self._named_groups = dict(groups or {})
        self._words = {
            word.replace(" ", "").lower(): own[key]
            for lang in LANGUAGES
            for key, word in catalogue(lang).words("word").items()
        } | _OTHER_WORDS
        self._canonical: dict[tree.Symbol, tree.Symbol] = {}
        #: Symbols of which the cells were counted row by row.
        self.counted: set[str] = set()
        for tensor in quantities.tensors:
            if tensor.is_adjoint or tensor.name == "E" or tensor.role == "constant":
                continue
            name = tensor.scalars()[0] if tensor.size < 2 else _first(tensor)
            letter, _, rest = name.partition("_")
            if _WEIGHT.fullmatch(rest):
                continue  # w_1 is nobody's first weight before a mapping says whose
            self._by_look.setdefault((letter, "", _look(rest)), tensor)

    def canonical(self, symbol: tree.Symbol) -> tree.Symbol:
        """The same symbol in the typography's own spelling, where there is one."""
        if symbol not in self._canonical:
            self._canonical[symbol] = self._spelled(symbol)
        return self._canonical[symbol]

    def _spelled(self, symbol: tree.Symbol) -> tree.Symbol:
        if isinstance(symbol, Quantity):  # no name of the text, so no alias either
            return tree.Symbol(symbol.letter, symbol.indices, symbol.word)
        alias = self._alias(symbol)
        if alias:
            return alias
        word = self._words.get(symbol.word.replace(" ", "").lower(), symbol.word)
        weight = _WEIGHT.fullmatch(symbol.indices)
        indices = "-".join(weight.groups()) if weight else symbol.indices
        # of a capital letter only W with its two ends is the network's, as the article writes it
        letter = symbol.letter.lower() if weight and symbol.letter == "W" else symbol.letter
        found = tree.Symbol(letter, indices, word)
        if super().is_known(found) or (not indices and (letter, word) in self._groups):
            return found
        return replace(symbol, word=word)

    def is_mapped(self, symbol: tree.Symbol) -> bool:
        """Does an alias, or a group that has a name, say what it is?"""
        return self._alias(symbol) is not None

    def _alias(self, symbol: tree.Symbol) -> tree.Symbol | None:
        """What the text's notation says that a symbol is."""
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
            found = self._alias(replace(symbol, letter=plain)) if plain in {key[0] for key in self._aliases} else None
            if found:
                return found
        if symbol.letter in self._named_groups and symbol.indices.isdigit() and not symbol.word:
            names = self._named_groups[symbol.letter]
            if not 1 <= int(symbol.indices) <= len(names):
                raise OutOfRangeError(
                    "cells", what=f"{symbol.letter}_{symbol.indices}", of=symbol.letter, count=len(names)
                )
            return self._called(names[int(symbol.indices) - 1])
        return None

    def _called(self, name: str) -> tree.Symbol:
        """The symbol of a quantity by its name."""
        if name in ("E", "E_total"):
            return tree.Symbol("E", "", "total" if name == "E_total" else "")
        letter, _, rest = name.partition("_")
        try:
            found = self._typography.name(name)
        except (KeyError, ValueError):
            return tree.Symbol(letter, rest)
        return found if isinstance(found, tree.Symbol) else tree.Symbol(letter, rest)

    def _own(self, symbol: tree.Symbol) -> Quantity:
        """The same symbol as the network's own, of which no alias makes another."""
        found = self.canonical(symbol)
        return Quantity(found.letter, found.indices, found.word)

    def role(self, symbol: tree.Symbol) -> str:
        return super().role(self._own(symbol))

    def entry(self, symbol: tree.Symbol, point: Point, base: int = 0) -> tuple[Tensor, Index | None]:
        return super().entry(self._own(symbol), point, base)

    def check_limits(self, symbol: tree.Symbol, point: Point, base: int, letters: Collection[str]) -> None:
        super().check_limits(self._own(symbol), point, base, letters)

    def tensor(self, symbol: tree.Symbol) -> Tensor:
        return super().tensor(self.canonical(symbol))

    def is_known(self, symbol: tree.Symbol) -> bool:
        return super().is_known(self.canonical(symbol))

    def group(self, symbol: tree.Symbol) -> Tensor | None:
        return super().group(self.canonical(symbol))

    def _at(self, values: Sequence[int | None], tensor: Tensor, base: int) -> Index | None:
        if len(values) == 1 and len(tensor.shape) > 1:
            [value] = values
            return self._cell(tensor, -1 if value is None else value - base + 1)
        return super()._at(values, tensor, base)

    def _index(self, symbol: tree.Symbol, tensor: Tensor, digits: str) -> Index:
        if digits and len(tensor.shape) > 1 and len(digits) < sum(len(str(n)) for n in tensor.shape):
            return self._cell(tensor, int(digits))
        return super()._index(symbol, tensor, digits)

    def _cell(self, tensor: Tensor, number: int) -> Index:
        """The cell of such a number, counted row by row from 1."""
        if not 1 <= number <= prod(tensor.shape):
            raise OutOfRangeError("cells", what=f"{tensor.name}_{number}", of=tensor.name, count=prod(tensor.shape))
        self.counted.add(tensor.name)
        index, rest = [], number - 1
        for size in reversed(tensor.shape):
            rest, at = divmod(rest, size)
            index.append(at)
        return tuple(reversed(index))


__all__ = ["Spelled", "UnknownNameError"]
