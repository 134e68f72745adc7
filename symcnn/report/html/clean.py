"""Words that a user gave, made harmless in a page."""

import re
from html import escape

from symcnn.report.running import one_line

#: Characters that turn the direction of what follows, also outside of the words that hold them.
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(words: str) -> str:
    """As text or the value of an attribute: no markup, no control character, no change of direction."""
    return escape(_DIRECTIONS.sub("\ufffd", one_line(words)))
