"""What the article prints, transcribed as facts: its equations in its own typography, and its numbers.

Held against the derivation by ``symcnn.audit``; the article's sentences are its author's and stand nowhere here.
"""

import tomllib
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from symcnn import article
from symcnn.formula import tree


@dataclass(frozen=True)
class PrintedEquation:
    """One display of the article.

    Attributes:
        cut: its end is hidden in the text that survives.
        garbled: it cannot be read as it stands there.
        here: what in a report says the same, where its left side does not tell: the id of a display.
    """

    id: str
    latex: str
    cut: bool = False
    garbled: bool = False
    here: str = ""

    @property
    def goes_on(self) -> bool:
        """It begins with a sign of equality: it goes on with the display before it."""
        return self.latex.lstrip().startswith("=")


#: "reading": it agrees under the readings that are named; "cut": it agrees as far as it goes.
State = Literal["agrees", "reading", "cut", "garbled", "missing", "differs"]


@dataclass(frozen=True)
class PrintedComparison:
    """One printed equation, or a missing one.

    Attributes:
        id: of the equation; empty: it is missing in the text that survives.
        latex: the equation, or the left side of a missing one.
        must_be: of a cut or missing one: the right side, in the article's typography; ``claim``: the whole, in ours.
        left: what stands on the left, one formula a row; of what goes on with the display before it, that one's.
        quantities: what the left sides are: "x_11", "dE_dx_11"; as far as they have such a name.
        goes_on: it begins with a sign of equality.
    """

    id: str
    latex: str
    state: State
    readings: tuple[str, ...] = ()
    must_be: str = ""
    claim: tree.Equality | None = None
    left: tuple[tree.Node, ...] = ()
    quantities: tuple[str, ...] = ()
    goes_on: bool = False


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(files("symcnn.article").joinpath("printed.toml").read_text("utf-8"))


def equations() -> tuple[PrintedEquation, ...]:
    """The 36 displays, in the article's order."""
    return tuple(PrintedEquation(**{**entry, "latex": entry["latex"].strip()}) for entry in _document()["equation"])


def missing() -> tuple[str, ...]:
    """Left sides whose equations are hidden in the text that survives."""
    return tuple(_document()["missing"])


def numbers() -> dict[str, Any]:
    """Part 1's tables, and the counts of part 2: 24 said, 20 listed, 4 more derived."""
    return dict(_document()["numbers"])


def tables() -> tuple[tuple[tuple[Fraction, ...], ...], ...]:
    """What part 1's tables of numbers speak of: the image, and its features."""
    found = [article.picture().images[0].tolist(), *article.FEATURES.values()]
    return tuple(tuple(tuple(Fraction(int(v)) for v in row) for row in table) for table in found)


def text() -> str:
    """The equations as a text with a display for each: what an audit reads."""
    return "\n\n".join(f"$${equation.latex}$$" for equation in equations()) + "\n"


def tables_text() -> str:
    """Part 1's tables of numbers, in the article's order, with what stands between them there: a sign of operation."""
    facts = numbers()
    window = [row[6:9] for row in facts["image"][2:5]]
    rows = (
        facts["first_products"], facts["image"], facts["feature"], window, facts["last_products"],
        [[facts["last_value"]]], facts["map"],
    )  # fmt: skip
    return "\n\n∇\n\n".join("\n".join("\t".join(str(v).replace(".", ",") for v in row) for row in t) for t in rows)
