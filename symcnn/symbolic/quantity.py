"""One number of a network: an entry of a tensor, of one image or of each, or E differentiated by it.

    dE_df_12_image1     Quantity(f, (0, 1), image=1, is_adjoint=True)

Expressions have plain symbols (``Symbol("f_12")``), as the public interface promises, so a quantity's name is needed
for symbols, names of cells and fields of files; all else uses the quantity itself. ``Quantities`` maps names to
quantities, and is the only place where a name is parsed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TypeAlias

import sympy

from symcnn.symbolic.equation import ADJOINT, Index, Tensor, TensorKind, symbol

#: The error of one image, and of all of them.
ERROR = Tensor("E", (), (("E", 0),), kind=TensorKind.ERROR)
TOTAL_ERROR = Tensor("E_total", (), (("E_total", 0),), kind=TensorKind.ERROR)

_IMAGE = "_image"
_NAME = re.compile(f"({ADJOINT})?(.+?)(?:{_IMAGE}([1-9][0-9]{{0,8}}))?")


@dataclass(frozen=True)
class Quantity:
    """An entry of a tensor.

    Attributes:
        tensor: of the forward pass.
        index: from 0.
        image: the number of its image, from 1; None: of no particular image, or of all, as a parameter.
        is_adjoint: not the entry itself, but ∂E/∂(the entry).
    """

    tensor: Tensor
    index: Index = ()
    image: int | None = None
    is_adjoint: bool = False

    @cached_property
    def name(self) -> str:
        """``dE_df_12_image1``"""
        image = "" if self.image is None else f"{_IMAGE}{self.image}"
        return f"{ADJOINT if self.is_adjoint else ''}{self.tensor.scalar(self.index)}{image}"

    @cached_property
    def symbol(self) -> sympy.Symbol:
        """The symbol of that name."""
        return symbol(self.name)

    @property
    def adjoint(self) -> "Quantity":
        """∂E/∂(this)."""
        return Quantity(self.tensor, self.index, self.image, is_adjoint=True)

    @property
    def primal(self) -> "Quantity":
        """What E is differentiated by; what all images share is of none."""
        return Quantity(self.tensor, self.index, None if self.tensor.is_shared else self.image)

    def of_image(self, image: int | None) -> "Quantity":
        """The same quantity of another image; one that all images share stays as it is."""
        is_shared = self.tensor == TOTAL_ERROR or (self.tensor.is_shared and not self.is_adjoint)
        return self if is_shared else replace(self, image=image)

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return self.name


#: The error of one image, and the sum of all, as quantities.
E, E_TOTAL = Quantity(ERROR), Quantity(TOTAL_ERROR)

#: How a caller may say which quantity is meant.
Name: TypeAlias = Quantity | sympy.Symbol | str


def quantity_of(tensor: Tensor, index: Index) -> Quantity:
    """An entry of a tensor; where that is an adjoint, ∂E/∂(the entry)."""
    return Quantity(tensor if tensor.primal is None else tensor.primal, index, is_adjoint=tensor.is_adjoint)


def entries(*tensors: Tensor) -> Iterator[Quantity]:
    """Every entry of the tensors, row by row."""
    return (quantity_of(tensor, index) for tensor in tensors for index in tensor.indices())


def image_ending(tensor: Tensor) -> str:
    """The end of a name in a workbook of one image: ``_image1``; nothing where all images share the tensor."""
    return "" if tensor.is_shared else f"{_IMAGE}1"


def is_numbered(name: str) -> bool:
    """Is it the name of a quantity of some image, of whatever network?"""
    match = _NAME.fullmatch(name)
    return match is not None and match[3] is not None


def split_name(name: str) -> tuple[str, int | None]:
    """``x_12_image2`` is ``x_12`` of image 2, however the quantity itself is written.

    Raises:
        ValueError: it ends in no number.
    """
    match = re.fullmatch(f"(.+){_IMAGE}([0-9]{{1,9}})", name)
    if match is None and _IMAGE in name:
        raise ValueError(f"{name}: expected a name that ends in {_IMAGE}1, {_IMAGE}2, …")
    return (name, None) if match is None else (match[1], int(match[2]))


class Quantities:
    """The quantities of some tensors by their names; they are not listed.

    Args:
        tensors: of the forward pass or their adjoints; E and E_total are always included.
    """

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        self.tensors = tuple(dict.fromkeys(t if t.primal is None else t.primal for t in tensors))
        known = (ERROR, TOTAL_ERROR, *self.tensors)
        self._by_letters = {"".join(a + "#" * (n > 0) for a, n in t.parts): t for t in known}
        self._known: dict[str, Quantity] = {}
        self._of_image: dict[tuple[sympy.Symbol, int | None], sympy.Symbol] = {}

    def of(self, name: Name) -> Quantity:
        """The quantity of a name or of a symbol; a quantity itself.

        Raises:
            KeyError: no tensor has such an entry.
        """
        if isinstance(name, Quantity):
            return name
        text = name if isinstance(name, str) else name.name
        if text not in self._known:
            self._known[text] = self._parse(text)
        return self._known[text]

    def of_image(self, symbol: sympy.Symbol, image: int | None) -> sympy.Symbol:
        """The symbol of the same quantity of another image (``Quantity.of_image``).

        Raises:
            KeyError: it is the symbol of none.
        """
        key = (symbol, image)
        if key not in self._of_image:
            self._of_image[key] = self.of(symbol).of_image(image).symbol
        return self._of_image[key]

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, (Quantity, sympy.Symbol, str)):
            return False
        try:
            self.of(name)
        except KeyError:
            return False
        return True

    def _parse(self, text: str) -> Quantity:
        match = _NAME.fullmatch(text)
        if match is None:
            raise KeyError(text)
        adjoint, name, image = match.groups()
        tensor = self._by_letters[re.sub("[0-9]+", "#", name)]
        digits = iter(re.findall("[0-9]", name))
        index = [int("".join(islice(digits, len(str(size)))) or 0) - 1 for size in tensor.shape]
        if any(not 0 <= n < size for n, size in zip(index, tensor.shape, strict=True)):
            raise KeyError(text)
        quantity = Quantity(tensor, tuple(index), None if image is None else int(image), adjoint is not None)
        if quantity.name != text:
            raise KeyError(text)
        return quantity
