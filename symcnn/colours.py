"""The colours of every output, light and dark, named for what they mean.

Three channels that never mix: the hue of a fill or a line is the sign of a number, the hue of a letter is its role, and
an amber frame is where to look now. Positive and negative are told apart in every common colour blindness; in grey
print the minus sign tells them.
"""

from collections.abc import Mapping
from typing import Final

LIGHT: Final[dict[str, str]] = {
    "paper": "#ffffff",
    "panel": "#f5f7f9",
    "rule": "#d3d9e0",
    "ink": "#1b2430",
    "muted": "#5b6776",
    "positive": "#5a8fcc",  # of a fill: its opacity is the share of the largest absolute value
    "negative": "#f2b48c",
    "above": "#3f78b8",  # of a line
    "below": "#c8622a",
    "image": "#46505c",
    "filter": "#0b6e63",  # a filter's letters, and the frame of its window
    "gradient": "#8a2f7d",  # ∂E/∂·, and the way back
    "result": "#e6ecf3",
    "now": "#c28500",  # a frame, never a text
}
DARK: Final[dict[str, str]] = {
    "paper": "#0f141a",
    "panel": "#171e27",
    "rule": "#303b47",
    "ink": "#e8edf2",
    "muted": "#9aa7b5",
    "positive": "#2f69ad",
    "negative": "#8e4b1d",
    "above": "#6aa3e0",
    "below": "#e08a52",
    "image": "#c9d2db",
    "filter": "#4cc2b0",
    "gradient": "#e08fd3",
    "result": "#26323f",
    "now": "#f5b301",
}


#: Curves beside each other, as they follow.
SERIES: Final = (LIGHT["above"], LIGHT["below"], "#2b8c82", "#7d4e9e")


def variables(theme: Mapping[str, str]) -> str:
    """The colours of a theme as variables of a page."""
    return f":root{{{''.join(f'--{name}:{value};' for name, value in theme.items())}}}"


def css() -> str:
    """The colours as variables of a page; paper has the light ones."""
    return f"{variables(LIGHT)}\n@media screen and (prefers-color-scheme: dark){{{variables(DARK)}}}"


#: The opacity of a fill: from ``FAINTEST`` just off 0 to 1 at the largest absolute value; 0 itself has no fill.
FAINTEST: Final = 0.12


def strength(value: float, scale: float) -> float:
    """Return the opacity of the fill of a value; the page's script does the same."""
    return min(1.0, FAINTEST + (1 - FAINTEST) * abs(value) / scale) if value else 0.0
