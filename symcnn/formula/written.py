"""The way back from typography: which quantity a written symbol is. ``w_{x11-h1}`` is ``w_x11h1``, ``X`` all of x.

A symbol is known by its letter, its word, and what its indices look like without their digits; the digits are then
looked up, so of a large network nothing is listed. Indices in index notation (``i_{r+p, c+q}``) count from 0 and are
worked out at a point of the index letters.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from symcnn.formula import tree
from symcnn.formula.plain import Plain
from symcnn.formula.tree import Node
from symcnn.formula.typography import Entry, Letters
from symcnn.symbolic import Index, Quantities, Tensor, entries
from symcnn.text import SaidError

#: Index letter -> its value, from 0.
Point = Mapping[str, int]

#: How alike two names are, at least, for one to be told as the nearest of the other; entries of a tensor looked at.
NEAR, MAX_NAMED = 0.6, 200

_END = re.compile(r"(?P<letters>[a-z]*)(?:\((?P<inside>[^()]*(?:\([^()]*\)[^()]*)*)\)|(?P<digits>[0-9]*))")
_TERM = re.compile(r"([+−-]?)([0-9]*)([A-Za-z]?)")


class MeaningError(SaidError):
    """A formula says nothing that could be decided; the message says where it breaks off."""


class UnknownNameError(MeaningError):
    """A symbol that the network has no quantity for."""


class OutOfRangeError(MeaningError):
    """A symbol of a known tensor with an index that it does not have."""


#: Characters of a formula in a message.
MOST = 160


def brief(node: Node) -> str:
    """A formula in a message: its beginning, where it is long."""
    text = Plain().emit(node)
    return text if len(text) <= MOST else f"{text[:MOST]} …"


class Written:
    """Finds the tensor, and the entry, of a written symbol.

    Args:
        quantities: whose quantities are written.
        words: the language's words of the typography.
    """

    def __init__(self, quantities: Quantities, words: Mapping[str, str]) -> None:
        typography = Letters(quantities, words)
        self._plain = Plain()
        self._by_look: dict[tuple[str, str, tuple[str, ...]], Tensor] = {}
        self._groups: dict[tuple[str, str], list[Tensor]] = {}
        for tensor in quantities.tensors:
            if tensor.is_adjoint or tensor.name == "E" or tensor.role == "constant":
                continue
            for differentiated in (False, True):
                symbol = typography.look(next(entries(tensor)), differentiated)
                self._by_look[symbol.letter, symbol.word, _look(symbol.indices)] = tensor
                if tensor.shape:
                    group = self._groups.setdefault((symbol.letter.upper(), symbol.word), [])
                    group += [tensor] if tensor not in group else []

    def entry(self, symbol: tree.Symbol, point: Point, base: int = 0) -> tuple[Tensor, Index | None]:
        """The tensor and the index of a symbol; None where index notation leaves the tensor (absent, or padding).

        Args:
            base: from where index letters count.

        Raises:
            UnknownNameError, OutOfRangeError
        """
        tensor = self.tensor(symbol)
        ends = list(_ends(symbol.indices))
        if any(end["inside"] is not None for end in ends):
            texts = [text for end in ends for text in _split(end["inside"] or "")]
            return tensor, self._at([affine_at(text, point) for text in texts], tensor, base)
        return tensor, self._index(symbol, tensor, "".join(end["digits"] or "" for end in ends))

    def check_limits(self, symbol: tree.Symbol, point: Point, base: int, letters: Collection[str]) -> None:
        """Does a letter alone, which limits of a sum let run, leave its axis? What is worked out, as r − p, may.

        Raises:
            OutOfRangeError
        """
        tensor, texts = self.tensor(symbol), letters_in(symbol)
        for text, size in zip(texts, tensor.shape, strict=False):
            if text in letters and not 0 <= point[text] - base < size:
                at = self._plain.emit(replace(symbol, indices=", ".join(str(affine_at(t, point)) for t in texts)))
                last = tensor.scalar(tuple(n - 1 for n in tensor.shape))
                raise OutOfRangeError("range", what=at, first=_first(tensor), last=last)

    def tensor(self, symbol: tree.Symbol) -> Tensor:
        """The tensor of a symbol, whatever its indices."""
        try:
            return self._by_look[symbol.letter, symbol.word, _look(symbol.indices)]
        except KeyError:
            raise self._unknown(symbol) from None

    def is_known(self, symbol: tree.Symbol) -> bool:
        """Is there a tensor that is written so?"""
        return (symbol.letter, symbol.word, _look(symbol.indices)) in self._by_look

    def role(self, symbol: tree.Symbol) -> str:
        """What a symbol, or a group, is an entry of: "image", "parameter", …; of E "value"."""
        return "value" if symbol.letter == "E" else (self.group(symbol) or self.tensor(symbol)).role

    def group(self, symbol: tree.Symbol) -> Tensor | None:
        """X: all entries of x. None where the symbol is no group.

        Raises:
            UnknownNameError: it may stand for several.
        """
        found = self._groups.get((symbol.letter, symbol.word), []) if not symbol.indices else []
        if len(found) > 1:
            raise UnknownNameError(
                "several_groups", what=self._plain.emit(symbol), found=", ".join(t.name for t in found)
            )
        return found[0] if found else None

    def _at(self, values: Sequence[int | None], tensor: Tensor, base: int) -> Index | None:
        """The index with such values, or None outside the tensor."""
        if len(values) != len(tensor.shape):
            raise OutOfRangeError("indices", what=tensor.name, count=len(values), expected=len(tensor.shape))
        index = tuple(-1 if value is None else value - base for value in values)
        return index if all(0 <= n < size for n, size in zip(index, tensor.shape, strict=True)) else None

    def _index(self, symbol: tree.Symbol, tensor: Tensor, digits: str) -> Index:
        """Each index as wide as its axis is long, from 1."""
        widths = [len(str(size)) for size in tensor.shape]
        index: list[int] = []
        at = 0
        for width in widths:
            index.append(int(digits[at : at + width] or 0) - 1)
            at += width
        if len(digits) != sum(widths) or any(not 0 <= n < size for n, size in zip(index, tensor.shape, strict=True)):
            last = tensor.scalar(tuple(n - 1 for n in tensor.shape))
            raise OutOfRangeError("range", what=self._plain.emit(symbol), first=_first(tensor), last=last)
        return tuple(index)

    def _unknown(self, symbol: tree.Symbol) -> UnknownNameError:
        written, tensors = self._plain.emit(symbol), dict.fromkeys(self._by_look.values())
        names = [name for t in tensors for name in (t.scalars() if t.size <= MAX_NAMED else (_first(t),))]
        raw = "_".join(filter(None, (symbol.letter, symbol.indices)))
        near = difflib.get_close_matches(raw, names, 1, NEAR)
        if near:
            return UnknownNameError("unknown_near", what=written, nearest=near[0])
        return UnknownNameError("unknown", what=written, known=", ".join(map(_first, tensors)))


def letters_in(symbol: tree.Symbol) -> list[str]:
    """The index texts of a symbol in index notation: r+p, c+q; none where its indices are digits."""
    if isinstance(symbol, Entry):
        return symbol.index_texts
    return [text for end in _ends(symbol.indices) if end["inside"] is not None for text in _split(end["inside"])]


def _first(tensor: Tensor) -> str:
    return tensor.scalar(tuple(0 for _ in tensor.shape))


def _ends(indices: str) -> Iterator[Mapping[str, str | None]]:
    """The ends of a weight, x11 and h1, or x(r, c) and h(k); of anything else its one set of indices."""
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
    """The letters of the ends: two of a weight, one of a bias, an empty one of anything else."""
    return tuple(end["letters"] or "" for end in _ends(indices))


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


def affine_at(text: str, point: Point) -> int | None:
    """2r+u−1, (R−p+1)/2 at a point; None where that is no whole number.

    Raises:
        UnknownNameError: a letter that nothing runs over.
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
