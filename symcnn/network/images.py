"""A user's own images from files: TOML, CSV or PNG, as pixels that fit a network.

    TOML   image = [[1, 0, 1], [0, 1, 0], [1, 0, 1]], or [[sample]] tables with an image each
    CSV    one row of the image a line; cells and numbers as in ``symcnn.network.tables``
    PNG    as in ``symcnn.network.png``: ink is 1, or three colours

Parsed, never evaluated, and never larger than ``MAX_BYTES``.
"""

from pathlib import Path
from typing import Any

import numpy as np

from symcnn.errors import InputError, quoted
from symcnn.files import read_bytes, toml_from
from symcnn.network.data import Array, check_shape, checked_images
from symcnn.network.network import Network
from symcnn.network.png import Ink, check_ink, png_pixels, warn_of_pictures
from symcnn.network.tables import NumberParser, records
from symcnn.network.tables import text_of as csv_text

MAX_BYTES = 4_000_000

SUFFIXES = (".toml", ".csv", ".png")


def read_images(path: str | Path, network: Network, ink: Ink | None = None) -> Array:
    """The images of a file: (images, *shape of the network's input).

    Args:
        ink: of a PNG: "black" on white (the default) or "white" on black.

    Raises:
        InputError: names the file, the place in it, and what was expected.
    """
    path, colour = Path(path), check_ink(ink)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        what = "is a folder" if path.is_dir() else f"unknown suffix {quoted(path.suffix)}"
        raise InputError(f"{path}: {what}; expected {', '.join(SUFFIXES)}")
    content = read_bytes(path, MAX_BYTES, "an image")
    try:
        if suffix == ".png":
            check_shape(network.input_shape)
            images = png_pixels(content, network.forward.image.shape, colour)[np.newaxis]
            warn_of_pictures(images, colour)
            return images
        if ink is not None:
            raise InputError(f"ink={quoted(ink)}: is for PNG; numbers are taken as they are")
        return checked_images(network, {".toml": _toml, ".csv": _csv}[suffix](content, network))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def text_of(content: bytes, what: str) -> str:
    """The text of a file, or what it should have been."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"not text in UTF-8; expected {what}") from None


def _toml(content: bytes, network: Network) -> Any:
    document = toml_from(text_of(content, "TOML"))
    if "image" in document:
        return [document["image"]]
    samples = document.get("sample")
    if not isinstance(samples, list) or not all(isinstance(s, dict) and "image" in s for s in samples) or not samples:
        raise InputError("expected image = [[…]], or [[sample]] tables with an image each")
    return [sample["image"] for sample in samples]


def _csv(content: bytes, network: Network) -> Any:
    rows: list[list[float]] = []
    stream = records(csv_text(content))
    numbers = NumberParser(next(stream)[1][0])
    for line, cells in stream:
        while len(cells) > (len(rows[0]) if rows else 1) and not cells[-1]:
            cells.pop()
        rows.append(numbers.row(line, cells).tolist())
        if len(rows[-1]) != len(rows[0]):
            raise InputError(f"line {line}: {len(rows[-1])} numbers; the first line has {len(rows[0])}")
    if not rows:
        raise InputError("holds no numbers; expected one row of the image a line")
    return np.array(rows).reshape(1, *network.forward.image.shape) if _fits(rows, network) else [rows]


def _fits(rows: list[list[float]], network: Network) -> bool:
    """Channels stand one below the other, and features in one line or one below the other."""
    shape = network.forward.image.shape
    below = int(np.prod(shape[:-1])) if len(shape) > 1 else 1
    return (len(rows), len(rows[0])) in ((below, shape[-1]), (shape[-1], 1) if len(shape) == 1 else (0, 0))
