"""Images and samples from files, as arrays that fit a network.

Images of a user's own (``read_images``):

    .toml     image = [[1, 0, 1], [0, 1, 0], [1, 0, 1]], or [[sample]] tables with an image each
    .csv      one row of the image a line; cells and numbers as in ``symcnn.network.tables``
    .png      as in ``symcnn.network.png``: ink is 1, or three colours

Samples with their targets (``read_data``):

    .npz      arrays ``images`` and ``targets`` (rows), or ``labels`` (a class each: from 0, or its name), taken as they
              are; or arrays with the usual names of public data sets (``_KEY``), in parts: train, val, test
    IDX       a file of images, and one of labels beside it or named; packed by gzip or not; see ``symcnn.network.idx``.
              Or a folder of such files: train-images…, t10k-images…
    .csv      one sample a line: its pixels (channel by channel, row by row), and its class or its targets; see
              ``symcnn.network.tables``
    a folder  with one subfolder of PNG images for each class, in the order of their names, whole numbers by size
              (``class_order``); pixels as in ``symcnn.network.png``. Names that begin with a dot are skipped

Classes become targets: 1 for the class, 0 for the others; with a single output 0 or 1. Numbers are not scaled: bring
pixels to about [0, 1]. Images of a public data set (IDX, and ``.npz`` under its names) are fitted to the network where
there is only one way to do it, and a warning says what was done (``_fitted``). Files are parsed, never evaluated or
unpickled, and sizes are checked before anything is unpacked. A member of an ``.npz`` that holds Python objects, has
another kind of numbers, or is longer or shorter than its own head says is refused.
"""

import math
import os
import re
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, get_args

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from symcnn.errors import InputError, SymcnnWarning, quoted, reason_of
from symcnn.files import format_of, open_file, read_bytes, toml_from
from symcnn.network.data import (
    LARGE_PIXELS,
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
from symcnn.network.idx import MAX_VALUES, is_idx, is_idx_name, labels_beside, read_idx
from symcnn.network.network import Network
from symcnn.network.png import Ink, check_ink, png_pixels, warn_of_pictures
from symcnn.network.tables import NumberParser, records, samples
from symcnn.network.tables import text_of as csv_text

#: Bytes of one image's file; of a file of samples, and of one array in it; of a CSV file of samples.
MAX_IMAGE_BYTES, MAX_BYTES, MAX_CSV_BYTES = 4_000_000, 2_000_000_000, 500_000_000

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


Part = Literal["train", "val", "test"]

WHAT = "samples (.npz, .csv, IDX, or a folder with one subfolder of PNG images for each class)"


def read_data(
    path: str | Path,
    network: Network,
    *,
    part: Part | None = None,
    labels: str | Path | None = None,
    label_column: str | int | None = None,
    header: bool | None = None,
    ink: Ink | None = None,
) -> Data:
    """The samples of a file or folder, checked against a network that has a loss.

    >>> import numpy, symcnn
    >>> numpy.savez("few.npz", images=numpy.zeros((5, 3, 3)), labels=[0, 1, 0, 1, 1])
    >>> symcnn.read_data("few.npz", symcnn.article.network())
    Data(5 samples: images (5, 3, 3), targets (5, 2))

    Args:
        part: of an ``.npz`` with parts, or a folder of IDX files: "train", "val" or "test". Default: the first of them
            that is there, and a warning says so.
        labels: of an IDX file of images: the file of their labels. Default: the one of the usual name beside it.
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
    is_table, is_npz = not folder and suffix == ".csv", not folder and suffix == ".npz"
    idx_files = _idx_files(path) if folder else {}
    with _naming(path):
        check_shape(network.input_shape)
        if (label_column is not None or header is not None) and not is_table:
            raise InputError("label_column and header are for .csv files; expected neither here")
        if ink is not None and (not folder or idx_files):
            raise InputError(f"ink={quoted(ink)}: is for pictures; expected a folder of them, or no ink")
        if part is not None and part not in get_args(Part):
            raise InputError(f"part={quoted(part)}: expected one of {', '.join(get_args(Part))}")
        if part is not None and not is_npz and not idx_files:
            raise InputError(f"part={quoted(part)}: is for .npz and folders of IDX files; another file holds one part")
        if labels is not None and (folder or is_table or is_npz):
            raise InputError("labels: is for IDX files; expected none here")
    if idx_files:
        return _idx_folder(path, network, idx_files, part)
    if folder:
        return _folder(path, network, check_ink(ink))
    if is_npz:
        with open_npz(path, WHAT) as archive:
            return _npz(archive, network, path, part)
    if is_table:
        content = read_bytes(path, MAX_CSV_BYTES, WHAT)
        with _naming(path):
            data = samples(content, network, label_column, header)
            return _checked(network, data.images, data.targets, data.labels)
    if not os.path.exists(path):
        raise InputError(f"{path}: no such file or folder; expected {WHAT}")
    if labels is not None or is_idx(path):
        return _idx(path, network, None if labels is None else Path(labels), [])
    raise InputError(f"{path}: unknown suffix {quoted(path.suffix)}; expected {WHAT}")


def _checked(network: Network, images: Any, targets: Any, labels: Any) -> Data:
    return Data(*checked(network, (images, targets)), labels)


# --- arrays of images and labels ----------------------------------------------------------------------------------


def _check_count(name: str, shape: tuple[int, ...]) -> None:
    if math.prod(shape) > MAX_VALUES:
        raise InputError(f"{name}: shape {shape}; expected at most {MAX_VALUES} pixels in all")


def _check_images(network: Network, name: str, shape: tuple[int, ...]) -> None:
    try:
        check_image_shape(network, shape)
    except InputError as error:
        raise InputError(f"{name}: shape {shape}; {str(error).partition(': ')[2]}") from None


def _check_labels(name: str, shape: tuple[int, ...], images: int) -> None:
    if shape not in ((images,), (images, 1)):
        raise InputError(f"{name}: shape {shape}; expected {(images,)}, one for each image")


def _classes(network: Network, name: str, values: NDArray[Any]) -> tuple[Array, list[str] | None]:
    """Rows of targets, and the names of the classes, of labels: numbers from 0, or names."""
    values = values.reshape(-1)
    if values.dtype.kind in "US":
        names = texts(values)
        check_labels(names, f"{name}: image")
        return class_rows(network, class_numbers(network, names, name)), names
    numbers = values.astype(np.float64)
    bad = bad_class(network, numbers)
    if bad is not None:
        least = "; they count from 1, it seems" if numbers.min() == 1 and numbers.max() == network.outputs > 1 else ""
        raise InputError(
            f"{name}: image {bad + 1}: the label is {numbers[bad]:g}; expected whole numbers from 0 to"
            f" {max(network.outputs, 2) - 1}{least}"
        )
    return class_rows(network, numbers), None


@dataclass
class _Fit:
    """How images of a public data set become those that the network takes, where only one way leads there.

    channels last    are moved to the front
    rows of numbers  of one channel are rows of pixels, one after the other; and the other way round
    bytes            that reach past what is plausible for numbers near [0, 1] are divided by 255

    Attributes:
        shape: after that.
        done: what was done, in words.
    """

    shape: tuple[int, ...]
    are_channels_last: bool = False
    done: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, network: Network, name: str, actual: tuple[int, ...]) -> "_Fit":
        """For images of a shape; nothing of them is read yet.

        Raises:
            InputError: they don't fit.
        """
        shape, fit = network.forward.image.shape, cls(actual)
        wanted, fitted = "×".join(map(str, shape)), (*actual[:1], *shape)
        if len(shape) == 3 and actual[1:] == (*shape[1:], shape[0]) != shape:
            words = f"the channels come last in the file and are moved to the front, {wanted}"
            fit = cls(fitted, True, [words])
        elif len(shape) == 2 and actual[1:] == (math.prod(shape),):
            fit = cls(fitted, False, [f"{actual[1]} numbers of an image are taken as {wanted} pixels, row by row"])
        elif len(shape) == 1 and math.prod(actual[1:]) == shape[0] and _is_grey(actual):
            pixels = "×".join(map(str, actual[1:]))
            fit = cls(fitted, False, [f"the {pixels} pixels of an image are taken as {shape[0]} numbers, row by row"])
        _check_images(network, name, fit.shape)
        return fit

    def __call__(self, images: NDArray[Any]) -> NDArray[Any]:
        if self.are_channels_last:
            images = np.ascontiguousarray(np.moveaxis(images, -1, 1))
        images = images.reshape(self.shape)
        if images.dtype == np.uint8 and images.max() > LARGE_PIXELS:
            images = images / 255.0
            self.done.append("bytes are divided by 255, so that pixels lie from 0 to 1")
        return images


def _is_grey(shape: tuple[int, ...]) -> bool:
    """Are these images of one channel?"""
    return len(shape) == 3 or (len(shape) == 4 and 1 in (shape[1], shape[3]))


def _warn(path: Path, done: list[str]) -> None:
    if done:
        warnings.warn(f"{path}: {'; '.join(done)}", SymcnnWarning, stacklevel=4)


# --- IDX ----------------------------------------------------------------------------------------------------------


def _idx(path: Path, network: Network, labels: Path | None, done: list[str]) -> Data:
    def check_pixels(shape: tuple[int, ...]) -> None:
        if len(shape) == 1:
            raise InputError("one number for each sample, so these are labels; expected the file of the images")
        _Fit.of(network, "images", shape)

    images = read_idx(path, check_pixels)
    fit = _Fit.of(network, "images", images.shape)
    if labels is None:
        labels = labels_beside(path)
        done = [*done, f"labels from {labels.name}"]
    values = read_idx(labels, lambda shape: _check_labels("labels", shape, len(images)))
    with _naming(path):
        pixels = checked_images(network, fit(images))
    with _naming(labels):
        rows, names = _classes(network, "labels", values)
    if path.name.lower().startswith("emnist"):
        fit.done.append("in EMNIST's own files rows and columns are exchanged; they are taken as they are")
    _warn(path, [*done, *fit.done])
    return Data(pixels, rows, names)


#: How the names of a part's files begin.
_BEGINNINGS = {"train": ("train",), "val": ("val",), "test": ("t10k", "test")}


def _idx_files(folder: Path) -> dict[str, list[Path]]:
    """The files of images in a folder by their part, as MNIST's are named; of a packed and an unpacked one, that."""
    files = {e.name: e for e in _entries(folder) if "images" in e.name and is_idx_name(e.name) and e.is_file()}
    names = [name for name in files if not name.endswith(".gz") or name.removesuffix(".gz") not in files]
    parts = {part: [files[n] for n in names if n.startswith(begin)] for part, begin in _BEGINNINGS.items()}
    return {part: some for part, some in parts.items() if some}


def _idx_folder(folder: Path, network: Network, files: dict[str, list[Path]], part: Part | None) -> Data:
    chosen: str = part or next(iter(files))
    if len(files.get(chosen, ())) != 1:
        names = ", ".join(file.name for some in files.values() for file in some)
        raise InputError(f"{folder}: no one file of the part {quoted(chosen)}; files of images there: {names}")
    others = ", ".join(f'"{key}"' for key in files if key != chosen)
    done = [f"also there: {others} (--part; read_data: part)"] if part is None and others else []
    return _idx(files[chosen][0], network, None, done)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """An ``InputError`` inside names the file."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


# --- .npz ---------------------------------------------------------------------------------------------------------

#: Names of arrays in public data sets: x_train, X, trainX, train_images, testy, val_labels, input_data, …
_KEY = re.compile(
    r"(?P<before>training|train|validation|valid|val|testing|test)?[_ .-]?"
    r"(?:(?P<images>x|images?|imgs?|inputs?|features?|data)|(?P<labels>y|labels?|targets?))(?:[_ ]?data)?"
    r"(?:[_ .-]?(?P<behind>training|train|validation|valid|val|testing|test))?",
    re.IGNORECASE,
)


@dataclass
class _NpzPart:
    """The names of a part's arrays; there should be one of each."""

    images: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)


def _parts(names: Sequence[str]) -> dict[str, _NpzPart]:
    """The parts of an ``.npz``, those without images left out; "" is what has no part in its name."""
    if set(names) == {"arr_0", "arr_1"}:  # numpy.savez(file, images, labels)
        return {"": _NpzPart(["arr_0"], ["arr_1"])}
    parts = {name: _NpzPart() for name in (*get_args(Part), "")}
    for name in names:
        match = _KEY.fullmatch(name)
        if match is None or (match["before"] and match["behind"]):
            continue
        word = (match["before"] or match["behind"] or "").lower()
        key = next((key for key in get_args(Part) if word.startswith(key)), "")
        (parts[key].images if match["images"] else parts[key].labels).append(name)
    return {key: part for key, part in parts.items() if part.images}


def parts_of(path: Path) -> list[str]:
    """The parts of an ``.npz`` or a folder of IDX files that have a name: "train", "val", "test"."""
    if os.path.isdir(path):
        return list(_idx_files(path))
    if path.suffix.lower() != ".npz":
        return []
    with open_npz(path, WHAT) as archive:
        return [part for part in _parts(archive.names) if part]


def _npz(archive: Npz, network: Network, path: Path, part: Part | None) -> Data:
    parts = _parts(archive.names)
    has_own_names = bool({"targets", "labels"} & set(archive.names)) or parts == {"": _NpzPart(["images"])}
    if part is None and "images" in archive.names and has_own_names:
        return _own_npz(archive, network)
    if part is not None and part not in parts:
        there = ", ".join(filter(None, parts)) or "none"
        raise InputError(f"part={quoted(part)}: no such part; there: {there}; its arrays: {archive.listed}")
    if not parts:
        raise InputError(
            f"holds no array 'images'; its arrays: {archive.listed}; expected images, and labels or targets:"
            " numpy.savez('new.npz', images=…, labels=…); or x_train and y_train, train_images and train_labels, …"
        )
    chosen: str = part or ("train" if "train" in parts else "" if "" in parts else next(iter(parts)))
    arrays = parts[chosen]
    for what, names in (("images", arrays.images), ("labels", arrays.labels)):
        if len(names) != 1:
            several = f"{' and '.join(names)} may all be" if names else f"{arrays.images[0]}, but no array for"
            raise InputError(f"holds {several} its {what}; expected one; its arrays: {archive.listed}")
    [images], [labels] = arrays.images, arrays.labels
    shape, actual = archive.shape(images), archive.shape(labels, text=True)
    _check_count(images, shape)
    fit = _Fit.of(network, images, shape)
    others = ", ".join(f'"{key}"' for key in parts if key and key != chosen)
    if part is None and others:
        fit.done.insert(0, f"{images} and {labels} are read; also there: {others} (--part; read_data: part)")
    if shape[:1] != actual[:1]:
        raise InputError(f"{labels}: shape {actual}, and {images}: shape {shape}; expected as many labels as images")
    is_rows = actual[1:] == (network.outputs,) or (network.outputs == 1 and len(actual) == 1)
    if not is_rows:
        _check_labels(labels, actual, shape[0])
    values = archive.array(labels, text=True)
    rows, classes = (values, None) if is_rows and values.dtype.kind not in "US" else _classes(network, labels, values)
    data = _checked(network, fit(archive.array(images)), rows, classes)
    _warn(path, fit.done)
    return data


def _own_npz(archive: Npz, network: Network) -> Data:
    """Arrays with the names of ours: nothing is fitted or scaled."""
    shape = archive.shape("images")
    _check_count("images", shape)
    _check_images(network, "images", shape)
    if ("targets" in archive.names) == ("labels" in archive.names):
        raise InputError(f"expected targets or labels beside images, one of them; its arrays: {archive.listed}")
    has_labels = "labels" in archive.names
    name = "labels" if has_labels else "targets"
    actual = archive.shape(name, text=has_labels)
    if has_labels or (network.outputs == 1 and len(actual) == 1):
        _check_labels(name, actual, shape[0])
    elif actual != (shape[0], network.outputs):
        raise InputError(f"{name}: shape {actual}; expected {(shape[0], network.outputs)}, one for each image")
    values, names = archive.array(name, text=has_labels), None
    if has_labels:
        values, names = _classes(network, name, values)
    return _checked(network, archive.array("images"), values, names)


# --- a folder -----------------------------------------------------------------------------------------------------


def _folder(path: Path, network: Network, ink: Ink) -> Data:
    shape, classes = network.forward.image.shape, max(network.outputs, 2)
    folders = {entry.name: entry for entry in _entries(path)}
    for entry in folders.values():
        if not entry.is_dir():
            itself = "; or, as the data, the file of the images itself" if is_idx_name(entry.name) else ""
            raise InputError(f"{entry}: a file; expected only subfolders there, one for each class{itself}")
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
