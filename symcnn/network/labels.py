"""What a label may be: a text that every format of symcnn can hold, so that it comes out of each as it went in."""

from collections.abc import Iterable

from symcnn.errors import InputError, quoted
from symcnn.text.characters import is_shown

#: Characters of a label: as many as a folder's name may have.
MAX_LABEL = 255


def check_label(where: str, label: object) -> str:
    """The label, if it is one: the same rule for Python, network files, folders and saved trainings.

    Raises:
        InputError: no text, too long, or with a character that some format cannot hold.
    """
    if not isinstance(label, str):
        raise InputError(f"{where}: label={quoted(label)}; expected a text")
    if len(label) > MAX_LABEL:
        raise InputError(f"{where}: a label of {len(label)} characters; expected at most {MAX_LABEL}")
    bad = next((c for c in label if not is_shown(c)), None)
    if bad is not None:
        raise InputError(
            f"{where}: label={quoted(label)} has the character U+{ord(bad):04X}; expected printable characters"
            " (no control characters, line breaks, halves of characters or marks of direction)"
        )
    return label


def check_labels(labels: Iterable[object], where: str = "sample") -> None:
    """Labels of samples, counted from 1."""
    known: set[str] = set()
    for number, label in enumerate(labels, 1):
        text = str(label)
        if text not in known:
            known.add(check_label(f"{where} {number}", text))
