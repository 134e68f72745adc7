"""A user's own images from files: TOML, CSV or PNG, as pixels that fit a network.

    TOML   image = [[1, 0, 1], [0, 1, 0], [1, 0, 1]], or [[sample]] tables with an image each
    CSV    one row of the image a line; numbers with a decimal point, separated by commas, semicolons or blanks
    PNG    as in ``symcnn.network.png``: ink is 1, or three colours

Parsed, never evaluated, and never larger than ``MAX_BYTES``.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from symcnn.errors import InputError
from symcnn.network.data import Array, checked_images
from symcnn.network.network import Network
from symcnn.network.png import png_pixels

MAX_BYTES = 4_000_000

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)

SUFFIXES = (".toml", ".csv", ".png")


def read_images(path: str | Path, network: Network) -> Array:
    """The images of a file: (images, *shape of the network's input).

    Raises:
        InputError: names the file, the place in it, and what was expected.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: unknown suffix {path.suffix!r}; expected {', '.join(SUFFIXES)}")
    content = read_bytes(path, MAX_BYTES, "an image")
    reader = {".toml": _toml, ".csv": _csv, ".png": _png}[path.suffix.lower()]
    try:
        return checked_images(network, reader(content, network))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def read_bytes(path: Path, most: int, what: str) -> bytes:
    """A file of bounded size."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: cannot be read ({reason}); expected {what}") from None
    if len(content) > most:
        raise InputError(f"{path}: larger than {most} bytes; expected {what}")
    return content


def text_of(content: bytes, what: str) -> str:
    """The text of a file, or what it should have been."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"not text in UTF-8; expected {what}") from None


def _toml(content: bytes, network: Network) -> Any:
    try:
        document = tomllib.loads(text_of(content, "TOML"))
    except (ValueError, RecursionError) as error:  # also whole numbers of thousands of digits
        raise InputError(f"not TOML ({str(error).splitlines()[0]})") from None
    if "image" in document:
        return [document["image"]]
    samples = document.get("sample")
    if not isinstance(samples, list) or not all(isinstance(s, dict) and "image" in s for s in samples) or not samples:
        raise InputError("expected image = [[…]], or [[sample]] tables with an image each")
    return [sample["image"] for sample in samples]


def _csv(content: bytes, network: Network) -> Any:
    rows = []
    for number, line in enumerate(text_of(content, "CSV").splitlines(), 1):
        if not line.strip():
            continue
        cells = re.split(r"\s*[,;]\s*|\s+", line.strip())
        bad = next((c for c in cells if not NUMBER.fullmatch(c)), None)
        if bad is not None:
            raise InputError(f"line {number}: {bad[:20]!r} is not a number (written with a decimal point)")
        rows.append([float(c) for c in cells])
        if len(rows[-1]) != len(rows[0]):
            raise InputError(f"line {number}: {len(rows[-1])} numbers; the first line has {len(rows[0])}")
    if not rows:
        raise InputError("holds no numbers; expected one row of the image a line")
    return np.array(rows).reshape(1, *network.forward.image.shape) if _fits(rows, network) else [rows]


def _fits(rows: list[list[float]], network: Network) -> bool:
    """Channels stand one below the other, and features in one line or one below the other."""
    shape = network.forward.image.shape
    below = int(np.prod(shape[:-1])) if len(shape) > 1 else 1
    return (len(rows), len(rows[0])) in ((below, shape[-1]), (shape[-1], 1) if len(shape) == 1 else (0, 0))


def _png(content: bytes, network: Network) -> Any:
    return png_pixels(content, network.forward.image.shape)[np.newaxis]
