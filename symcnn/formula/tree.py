"""Displayed mathematics as a small typed tree, which emitters print.

Unlike a SymPy expression, a tree keeps the order of its factors and terms.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction as Rational
from typing import ClassVar, Literal, TypeAlias

from symcnn.symbolic import Quantity


@dataclass(frozen=True)
class NextValue:
    """A parameter after one step of the training."""

    parameter: Quantity
    image: ClassVar[None] = None

    def __str__(self) -> str:
        return f"{self.parameter.name}_next"


@dataclass(frozen=True)
class LocalDerivative:
    """∂of/∂by of one image."""

    of: Quantity
    by: Quantity
    image: int | None = None

    def __str__(self) -> str:
        return f"d{self.of.name}_d{replace(self.by, image=self.image).name}"


#: The owner of a number's value. A page at another step of the training looks the value up by it.
Key: TypeAlias = Quantity | NextValue | LocalDerivative


@dataclass(frozen=True)
class Symbol:
    """A letter with a subscript: indices, then a word: o, "1", "predicted".

    Indices are digits (x_12), letters and arithmetic (i_{r+p, c+q}), or two ends joined by a hyphen (w_{x11-h1}).
    """

    letter: str
    indices: str = ""
    word: str = ""

    @property
    def wordless(self) -> "Symbol":
        """The symbol without its word, where there is no room: o_1 for o_1,predicted."""
        return Symbol(self.letter, self.indices)


@dataclass(frozen=True)
class Number:
    """An exact number (digits None), or one rounded for display to so many significant digits.

    Attributes:
        key: the owner of the value; None: a constant.
        decimal: the number as written, where the value cannot have all its digits.
    """

    value: float
    digits: int | None = None
    key: Key | None = None
    decimal: Decimal | None = None

    @classmethod
    def written(cls, text: str, digits: int) -> "Number":
        """Return a decimal as a text writes it."""
        value = float(text)
        return cls(value, digits, decimal=None if Rational(str(value)) == Rational(text) else Decimal(text))

    @property
    def exact(self) -> Rational:
        """The value of its digits: 0.1 is a tenth."""
        return Rational(str(self.value) if self.decimal is None else self.decimal)

    @property
    def negative(self) -> "Number":
        """The number with the other sign."""
        return replace(self, value=-self.value, decimal=None if self.decimal is None else self.decimal.copy_negate())


@dataclass(frozen=True)
class Partial:
    """∂of/∂by."""

    of: "Node"
    by: "Node"


@dataclass(frozen=True)
class Fraction:
    above: "Node"
    below: "Node"


@dataclass(frozen=True)
class Power:
    base: "Node"
    exponent: int


@dataclass(frozen=True)
class Call:
    """A named function of arguments: σ(z), max(a, b)."""

    function: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True)
class Product:
    factors: tuple["Node", ...]


@dataclass(frozen=True)
class Sum:
    """Terms in their order; a negated one is subtracted."""

    terms: tuple["Node", ...]


@dataclass(frozen=True)
class Negated:
    node: "Node"


@dataclass(frozen=True)
class Over:
    """A sum ("Σ") or a maximum ("max") over index letters: Σ_{p, q} body, Σ_{k=1}^4 body.

    Attributes:
        first, last: the limits of each letter; None: the size of its axis.
    """

    sign: Literal["Σ", "max"]
    letters: tuple[str, ...]
    body: "Node"
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class Relation:
    """left = right, left > right, …; "+=": the right side is added to the left."""

    left: "Node"
    sign: Literal["=", "<", ">", "≤", "+="]
    right: "Node"


@dataclass(frozen=True)
class Indicator:
    """1 where all conditions hold, else 0: [h > 0] (Iverson's bracket)."""

    conditions: tuple["Node", ...]


@dataclass(frozen=True)
class Equality:
    """left = right = … = right: one claim after the other, each on its own line where there are many."""

    members: tuple["Node", ...]


@dataclass(frozen=True)
class Labelled:
    """(node) with a label, which names its image."""

    node: "Node"
    word: str


@dataclass(frozen=True)
class Update:
    """name ← name − η · slope: a step of gradient descent."""

    name: "Node"
    slope: "Node"


@dataclass(frozen=True)
class Under:
    """A factor with its number under it."""

    node: "Node"
    number: "Node"


@dataclass(frozen=True)
class Matrix:
    """Rows of entries between brackets."""

    rows: tuple[tuple["Node", ...], ...]


@dataclass(frozen=True)
class Convolution:
    """image ∗ filter: the filter slides over the image, products are added; nothing is flipped."""

    image: "Node"
    filter: "Node"


@dataclass(frozen=True)
class Word:
    """Words in place of a formula: "as given"."""

    text: str


Node = (
    Symbol | Number | Partial | Fraction | Power | Call | Product | Sum | Negated | Over | Relation | Indicator
    | Labelled | Update | Under | Matrix | Convolution | Word | Equality
)  # fmt: skip

#: The omitted terms of a long sum.
DOTS = Symbol("…")
