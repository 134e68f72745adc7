"""Images and samples from files, as arrays that fit a network.

Images of a user's own (``read_images``):

    .toml     image = [[1, 0, 1], [0, 1, 0], [1, 0, 1]], or [[sample]] tables with an image each
    .csv      one row of the image a line; cells and numbers as in ``symcnn.network.tables``
    .png      as in ``symcnn.network.png``: ink is 1, or three colours

Samples with their targets (``read_data``):

    .npz      arrays ``images`` and ``targets`` (rows), or ``labels`` (a class each: from 0, or its name)
    .csv      one sample a line: its pixels (channel by channel, row by row), and its class or its targets; see
              ``symcnn.network.tables``
    a folder  with one subfolder of PNG images for each class, in the order of their names, whole numbers by size
              (``class_order``); pixels as in ``symcnn.network.png``. Names that begin with a dot are skipped

Classes become targets: 1 for the class, 0 for the others; with a single output 0 or 1. Nothing is scaled: bring pixels
to about [0, 1]. Files are parsed, never evaluated or unpickled, and sizes are checked before anything is unpacked. A
member of an ``.npz`` file that holds Python objects, has another kind of numbers, or is longer or shorter than its own
head says is refused.
"""

import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from symcnn.errors import InputError, quoted, reason_of
from symcnn.files import format_of, open_file, read_bytes, toml_from
from symcnn.network.data import (
    Array,
    Data,
    bad_class,
    check_image_shape,
    check_label,
    check_labels,
    check_shape,
    checked,
    checked_images,
    class_numbers,
    class_order,
    class_rows,
    listed,
    texts,
)
from symcnn.network.network import Network
from symcnn.network.png import Ink, check_ink, png_pixels, warn_of_pictures
from symcnn.network.tables import NumberParser, records, samples
from symcnn.network.tables import text_of as csv_text

#: Bytes of one image's file; of a file of samples, and of one array in it; of a CSV file of samples.
MAX_IMAGE_BYTES, MAX_BYTES, MAX_CSV_BYTES = 4_000_000, 2_000_000_000, 500_000_000

#: Pixels of all samples together.
MAX_VALUES = 200_000_000

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
    content = read_bytes(path, MAX_IMAGE_BYTES, "an image")
    try:
        if suffix == ".png":
            check_shape(network.input_shape)
            images = png_pixels(content, network.forward.image.shape, colour)[np.newaxis]
            warn_of_pictures(images, colour)
            return images
        if ink is not None:
            raise InputError(f"ink={quoted(ink)}: is for PNG; numbers are taken as they are")
        return checked_images(network, _toml(content) if suffix == ".toml" else _csv(content, network))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def text_of(content: bytes, what: str) -> str:
    """The text of a file in UTF-8; ``what``: the expected content, for the message."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"not text in UTF-8; expected {what}") from None


def _toml(content: bytes) -> Any:
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
    # channels one below the other; features in one line or one below the other
    shape = network.forward.image.shape
    layouts = [(math.prod(shape[:-1]), shape[-1]), *([(shape[0], 1)] if len(shape) == 1 else [])]
    return np.array(rows).reshape(1, *shape) if (len(rows), len(rows[0])) in layouts else [rows]


_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, SyntaxError, RuntimeError,
           NotImplementedError, KeyError)  # fmt: skip
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


@contextmanager
def open_npz(path: Path, what: str) -> Iterator["Npz"]:
    """The file, open; an ``InputError`` inside names the file.

    Args:
        what: the expected content, for the message.
    """
    with open_file(path, MAX_BYTES, what) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                yield Npz(archive)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        except (zipfile.BadZipFile, struct.error, EOFError, ValueError, NotImplementedError) as error:
            file.seek(0)
            kind = format_of(file.read(4_000))
            damaged = kind in (None, "a zip archive", "an .npz file", "an empty file")
            reason = f"not a whole .npz file ({reason_of(error)})" if damaged else f"not an .npz file but {kind}"
            raise InputError(f"{path}: {reason}; expected {what}") from None
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror or error}); expected {what}") from None


class Npz:
    """Arrays by name."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.names = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]

    @property
    def listed(self) -> str:
        """The names, for a message."""
        printable = (name if name.isprintable() else ascii(name) for name in self.names[:8])
        return ", ".join(name[:30] for name in printable) or "none"

    @property
    def compressed(self) -> list[str]:
        """The members that unpack to more, or less, than the file holds of them."""
        return [i.filename for i in self._archive.infolist() if i.compress_type != zipfile.ZIP_STORED]

    def shape(self, name: str, text: bool = False) -> tuple[int, ...]:
        """The shape that the member's head states; nothing is unpacked."""
        with self._member(name) as member:
            return self._head(name, member, text)[0]

    def array(self, name: str, text: bool = False) -> NDArray[Any]:
        """The numbers of a member, as they are stored: whole, floating-point or truth values.

        Args:
            text: whether it may hold text instead.
        """
        with self._member(name) as member:
            shape, fortran, dtype = self._head(name, member, text)
            try:
                content = member.read(math.prod(shape) * dtype.itemsize + 1)
            except _BROKEN as error:
                raise InputError(f"{name}: damaged ({reason_of(error)})") from None
        if len(content) != math.prod(shape) * dtype.itemsize:
            raise InputError(f"{name}: damaged: its numbers are not as many as its head says")
        return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")

    @contextmanager
    def _member(self, name: str) -> Iterator[IO[bytes]]:
        if name not in self.names:
            raise InputError(f"holds no array {name!r}; its arrays: {self.listed}")
        try:
            member = self._archive.open(f"{name}.npy")
        except _BROKEN as error:
            raise InputError(f"{name}: damaged ({reason_of(error)})") from None
        with member:
            yield member

    def _head(self, name: str, member: IO[bytes], text: bool) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
        try:
            version = npy.read_magic(member)
            if version not in _HEADERS:
                raise ValueError(f"version {version}")
            shape, fortran, dtype = _HEADERS[version](member)
        except (*_BROKEN, tokenize.TokenError, RecursionError, MemoryError) as error:
            raise InputError(f"{name}: not a NumPy array ({reason_of(error)})") from None
        if dtype.kind not in ("iufbUS" if text and dtype.itemsize else "iufb"):
            raise InputError(f"{name}: holds {'Python objects' if dtype.hasobject else dtype}; expected numbers")
        if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize > MAX_BYTES:
            raise InputError(f"{name}: shape {shape}; expected at most {MAX_BYTES} bytes")
        return shape, fortran, dtype


WHAT = "samples (.npz, .csv, or a folder with one subfolder of PNG images for each class)"


def read_data(
    path: str | Path,
    network: Network,
    *,
    label_column: str | int | None = None,
    header: bool | None = None,
    ink: Ink | None = None,
) -> Data:
    """The samples of a file or folder, checked against a network that has a loss.

    Args:
        label_column: of a ``.csv`` whose columns have no usual names: "first", "last", a column's name, or its number
            from 1. Default: the last.
        header: of a ``.csv``: does its first line hold the names of the columns? Default: decided by its content.
        ink: of a folder of pictures: "black" on white (the default) or "white" on black.

    Returns:
        images: (samples, *shape of the input); targets: (samples, outputs); labels: the names of the classes, if they
        have some.

    Raises:
        InputError: names the file, the line or member or image, and what was expected.
    """
    path = Path(path)
    network.require_loss(str(path))
    check_ink(ink)
    suffix, folder = path.suffix.lower(), os.path.isdir(path)
    try:
        check_shape(network.input_shape)
        if (label_column is not None or header is not None) and (folder or suffix != ".csv"):
            raise InputError("label_column and header are for .csv files; expected neither here")
        if ink is not None and not folder:
            raise InputError(f"ink={quoted(ink)}: is for pictures; expected a folder of them, or no ink")
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if folder:
        return _folder(path, network, check_ink(ink))
    if suffix == ".npz":
        with open_npz(path, WHAT) as archive:
            return _npz(archive, network)
    if suffix == ".csv":
        content = read_bytes(path, MAX_CSV_BYTES, WHAT)
        try:
            data = samples(content, network, label_column, header)
            return _checked(network, data.images, data.targets, data.labels)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
    if not os.path.exists(path):
        raise InputError(f"{path}: does not exist; expected {WHAT}")
    raise InputError(f"{path}: unknown suffix {quoted(path.suffix)}; expected {WHAT}")


def _checked(network: Network, images: Any, targets: Any, labels: Any) -> Data:
    return Data(*checked(network, (images, targets)), labels)


# --- .npz ---------------------------------------------------------------------------------------------------------


def _npz(archive: Npz, network: Network) -> Data:
    if "images" not in archive.names:
        raise InputError(
            f"holds no array 'images'; its arrays: {archive.listed}; expected images, and labels or targets:"
            " numpy.savez('new.npz', images=…, labels=…)"
        )
    shape = archive.shape("images")
    if math.prod(shape) > MAX_VALUES:
        raise InputError(f"images: shape {shape}; expected at most {MAX_VALUES} pixels in all")
    try:
        check_image_shape(network, shape)
    except InputError as error:
        raise InputError(f"images: shape {shape}; {str(error).partition(': ')[2]}") from None
    if ("targets" in archive.names) == ("labels" in archive.names):
        raise InputError(f"expected targets or labels beside images, one of them; its arrays: {archive.listed}")
    has_labels = "labels" in archive.names
    name = "labels" if has_labels else "targets"
    actual = archive.shape(name, text=has_labels)
    wanted = (shape[0],) if has_labels else (shape[0], network.outputs)
    is_column = (has_labels or network.outputs == 1) and actual in ((shape[0],), (shape[0], 1))
    if actual != wanted and not is_column:
        raise InputError(f"{name}: shape {actual}; expected {wanted}, one for each image")
    values = archive.array(name, text=has_labels)
    if not has_labels:
        return _checked(network, archive.array("images"), values, None)
    values, names = values.reshape(-1), None
    if values.dtype.kind in "US":
        names = texts(values)
        check_labels(names, "labels: image")
        numbers = class_numbers(network, names, "labels")
    else:
        numbers = values.astype(np.float64)
        bad = bad_class(network, numbers)
        if bad is not None:
            raise InputError(
                f"labels: image {bad + 1}: the label is {numbers[bad]:g}; expected whole numbers from 0 to"
                f" {max(network.outputs, 2) - 1}"
            )
    return _checked(network, archive.array("images"), class_rows(network, numbers), names)


# --- a folder -----------------------------------------------------------------------------------------------------


def _folder(path: Path, network: Network, ink: Ink) -> Data:
    shape, classes = network.forward.image.shape, max(network.outputs, 2)
    folders = {entry.name: entry for entry in _entries(path)}
    for entry in folders.values():
        if not entry.is_dir():
            raise InputError(f"{entry}: a file; expected only subfolders there, one for each class")
        check_label(str(path), entry.name)
    if len(folders) != classes:
        names = listed(class_order(folders), 20)
        raise InputError(f"{path}: {len(folders)} subfolders ({names}); expected {classes}, one for each class")
    order = class_order(folders)
    files = [(k, file) for k, name in enumerate(order) for file in _pictures(folders[name])]
    if len(files) * math.prod(shape) > MAX_VALUES:
        raise InputError(f"{path}: {len(files)} images; expected at most {MAX_VALUES} pixels in all")
    images = np.empty((len(files), *shape))
    for image, (_, file) in zip(images, files, strict=True):
        content = read_bytes(file, MAX_IMAGE_BYTES, "a PNG image")
        try:
            image[...] = png_pixels(content, shape, ink)
        except InputError as error:
            raise InputError(f"{file}: {error}") from None
    warn_of_pictures(images, ink)
    numbers = np.array([k for k, _ in files], dtype=np.float64)
    return Data(images, class_rows(network, numbers), [order[k] for k, _ in files], drawn_in=ink)


def _pictures(folder: Path) -> list[Path]:
    files = _entries(folder)
    for file in files:
        if file.suffix.lower() != ".png" or not file.is_file():
            raise InputError(f"{file}: expected only PNG images there")
    if not files:
        raise InputError(f"{folder}: holds no images; expected PNG images of its class")
    return files


def _entries(folder: Path) -> list[Path]:
    """The files and folders in a folder, by name."""
    try:
        return sorted((e for e in folder.iterdir() if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}); expected a folder") from None
