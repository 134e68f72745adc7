"""Samples from files: many images with what the network should answer.

    .npz      arrays ``images`` and ``targets`` (rows), or ``labels`` (a class each, from 0)
    .csv      one sample a line: its pixels (channel by channel, row by row), then its class or its targets; with a head
              line that names a column ``label``, the class stands there instead. Separated by commas, semicolons or
              blanks, with a decimal point
    a folder  with one subfolder of PNG images for each class, in the order of their names; pixels as in
              ``symcnn.network.png``. Names that begin with a dot are passed over

Classes become targets: 1 for the class, 0 for the others; with a single output 0 or 1. Nothing is scaled: bring pixels
to about [0, 1]. Parsed, never evaluated or unpickled; sizes are checked before anything is unpacked.
"""

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from symcnn.errors import InputError
from symcnn.network.data import Array, Data, checked
from symcnn.network.images import MAX_BYTES as MAX_PNG_BYTES
from symcnn.network.images import NUMBER, read_bytes, text_of
from symcnn.network.labels import check_label
from symcnn.network.network import Network
from symcnn.network.npz import Npz, open_npz
from symcnn.network.png import png_pixels

MAX_CSV_BYTES = 500_000_000

#: Pixels of all samples together.
MAX_VALUES = 200_000_000

WHAT = "samples (.npz, .csv, or a folder with one subfolder of PNG images for each class)"

#: What a line of plain numbers is made of; anything else is looked at cell by cell.
_PLAIN = re.compile(r"[0-9eE.+\-,;\s]*", re.ASCII)


def read_data(path: str | Path, network: Network) -> Data:
    """The samples of a file or folder, checked against a network that has a loss.

    Returns:
        images: (samples, *shape of the input); targets: (samples, outputs); labels: the folders' names, if it is one.

    Raises:
        InputError: names the file, the line or member or image, and what was expected.
    """
    path = Path(path)
    network.require_loss(str(path))
    if path.is_dir():
        return _folder(path, network)
    if path.suffix.lower() == ".npz":
        with open_npz(path, WHAT) as archive:
            return _checked(network, *_npz(archive, network))
    if path.suffix.lower() == ".csv":
        content = read_bytes(path, MAX_CSV_BYTES, WHAT)
        try:
            return _checked(network, *_csv(content, network))
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
    if not path.exists():
        raise InputError(f"{path}: does not exist; expected {WHAT}")
    raise InputError(f"{path}: unknown suffix {path.suffix!r}; expected {WHAT}")


def _checked(network: Network, images: Any, targets: Any) -> Data:
    return Data(*checked(network, (images, targets)))


def _classes(network: Network, labels: Any, where: Callable[[int], str]) -> Array:
    """Rows of targets for whole numbers from 0; ``where``: the place of a sample, for the message."""
    numbers, classes = np.asarray(labels, dtype=np.float64), max(network.outputs, 2)
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(~((numbers == np.floor(numbers)) & (numbers >= 0) & (numbers < classes)))
    if bad.size:
        raise InputError(
            f"{where(int(bad[0]))}: the label is {numbers[bad[0]]:g}; expected whole numbers from 0 to {classes - 1}"
        )
    rows: Array = numbers[:, np.newaxis] if network.outputs == 1 else np.eye(classes)[numbers.astype(int)]
    return rows


# --- .npz ---------------------------------------------------------------------------------------------------------


def _npz(archive: Npz, network: Network) -> tuple[Any, Any]:
    shape = archive.shape("images")
    if math.prod(shape) > MAX_VALUES:
        raise InputError(f"images: shape {shape}; expected at most {MAX_VALUES} pixels in all")
    if shape[1:] not in (network.forward.image.shape, network.input_shape):
        raise InputError(
            f"images: shape {shape}; expected (samples, {', '.join(map(str, network.input_shape))}) as the network"
        )
    if ("targets" in archive.names) == ("labels" in archive.names):
        raise InputError(f"expected targets or labels beside images, one of them; its arrays: {archive.listed}")
    name = "targets" if "targets" in archive.names else "labels"
    found = archive.shape(name)
    wanted = (shape[0], network.outputs) if name == "targets" else (shape[0],)
    if found != wanted:
        expected = f"({', '.join(map(str, wanted))}{'' if len(wanted) > 1 else ','})"
        raise InputError(f"{name}: shape {found}; expected {expected}, one for each image")
    values = archive.array(name)
    return archive.array("images"), values if name == "targets" else _classes(
        network, values, lambda n: f"labels: image {n + 1}"
    )


# --- .csv ---------------------------------------------------------------------------------------------------------


def _csv(content: bytes, network: Network) -> tuple[Any, Any]:
    pixels, outputs = network.forward.image.size, network.outputs
    lines = [(n, line) for n, line in enumerate(text_of(content, "CSV").splitlines(), 1) if line.strip()]
    first = lines[0][0] if lines else 1
    names = _head(lines[0][1]) if lines else ()
    if names.count("label") > 1:
        raise InputError(f"line {first}: {names.count('label')} columns are named label; expected one")
    lines = lines[1:] if names else lines
    if not lines:
        raise InputError(f"holds no samples; expected one a line: {pixels} pixels, then its class or its targets")
    place = names.index("label") if "label" in names else None
    width = len(names or _cells(lines[0][1]))
    if width != pixels + 1 and (width != pixels + outputs or place is not None):
        raise InputError(f"line {first}: {width} columns; expected {_columns(network, place)}")
    if width * len(lines) > MAX_VALUES:
        raise InputError(f"{len(lines)} lines of {width} numbers; expected at most {MAX_VALUES} in all")
    rows = np.array([_row(number, line, width) for number, line in lines])
    images = rows[:, :pixels] if place is None else np.delete(rows, place, axis=1)
    shaped = images.reshape(len(rows), *network.forward.image.shape)
    if width == pixels + outputs and place is None:
        return shaped, rows[:, pixels:]
    labels = rows[:, pixels if place is None else place]
    return shaped, _classes(network, labels, lambda n: f"line {lines[n][0]}")


def _columns(network: Network, label: int | None) -> str:
    pixels, outputs = network.forward.image.size, network.outputs
    if label is not None:
        return f"{pixels + 1}: {pixels} pixels and the label"
    targets = f", or {pixels + outputs}: the pixels and {outputs} targets" if outputs > 1 else ""
    return f"{pixels + 1}: {pixels} pixels, then the {'class' if outputs > 1 else 'target'}{targets}"


def _head(line: str) -> tuple[str, ...]:
    """The names in a head line; none in a line of numbers, or of some."""
    names = tuple(cell.strip(" \"'").lower() for cell in _cells(line))
    return names if "label" in names or not any(NUMBER.fullmatch(name) for name in names) else ()


def _cells(line: str) -> list[str]:
    separator = next((s for s in ";," if s in line), None)
    return line.split(separator)


def _row(number: int, line: str, width: int) -> Array:
    cells = _cells(line)
    if len(cells) != width:
        raise InputError(f"line {number}: {len(cells)} columns; the first line has {width}")
    try:
        if not _PLAIN.fullmatch(line):
            raise ValueError
        row = np.array(list(map(float, cells)))
    except ValueError:
        bad = next((cell for cell in cells if not NUMBER.fullmatch(cell.strip())), line).strip()
        raise InputError(f"line {number}: {bad[:20]!r} is not a number (written with a decimal point)") from None
    if not np.isfinite(row).all():
        raise InputError(f"line {number}: a number is too large; expected finite numbers")
    return row


# --- a folder -----------------------------------------------------------------------------------------------------


def _folder(path: Path, network: Network) -> Data:
    shape, classes = network.forward.image.shape, max(network.outputs, 2)
    folders = list(_entries(path))
    for entry in folders:
        if not entry.is_dir():
            raise InputError(f"{entry}: a file; expected only subfolders there, one for each class")
        check_label(str(path), entry.name)
    if len(folders) != classes:
        found = ", ".join(f.name for f in folders[:20]) or "none"
        raise InputError(f"{path}: {len(folders)} subfolders ({found}); expected {classes}, one for each class")
    files = [(k, file) for k, folder in enumerate(folders) for file in _pictures(folder)]
    if len(files) * math.prod(shape) > MAX_VALUES:
        raise InputError(f"{path}: {len(files)} images; expected at most {MAX_VALUES} pixels in all")
    images = np.empty((len(files), *shape))
    for image, (_, file) in zip(images, files, strict=True):
        content = read_bytes(file, MAX_PNG_BYTES, "a PNG image")
        try:
            image[...] = png_pixels(content, shape)
        except InputError as error:
            raise InputError(f"{file}: {error}") from None
    targets = _classes(network, [k for k, _ in files], lambda n: str(files[n][1]))
    return Data(images, targets, [folders[k].name for k, _ in files])


def _pictures(folder: Path) -> list[Path]:
    found = list(_entries(folder))
    for file in found:
        if file.suffix.lower() != ".png" or not file.is_file():
            raise InputError(f"{file}: expected only PNG images there")
    if not found:
        raise InputError(f"{folder}: holds no images; expected PNG images of its class")
    return found


def _entries(folder: Path) -> Iterator[Path]:
    """What is in a folder, by name."""
    try:
        yield from sorted((e for e in folder.iterdir() if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}); expected a folder") from None
