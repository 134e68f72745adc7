"""Samples from files: many images with what the network should answer.

    .npz      arrays ``images`` and ``targets`` (rows), or ``labels`` (a class each: from 0, or its name)
    .csv      one sample a line: its pixels (channel by channel, row by row), and its class or its targets; see
              ``symcnn.network.tables``
    a folder  with one subfolder of PNG images for each class, in the order of their names, whole numbers by size
              (``class_order``); pixels as in ``symcnn.network.png``. Names that begin with a dot are passed over

Classes become targets: 1 for the class, 0 for the others; with a single output 0 or 1. Nothing is scaled: bring pixels
to about [0, 1]. Parsed, never evaluated or unpickled; sizes are checked before anything is unpacked.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from symcnn.errors import InputError, quoted
from symcnn.files import read_bytes
from symcnn.network.data import (
    Data,
    bad_class,
    check_image_shape,
    check_shape,
    checked,
    class_numbers,
    class_order,
    class_rows,
    listed,
)
from symcnn.network.images import MAX_BYTES as MAX_PNG_BYTES
from symcnn.network.labels import check_label, check_labels
from symcnn.network.network import Network
from symcnn.network.npz import Npz, open_npz
from symcnn.network.png import Ink, check_ink, png_pixels, warn_of_pictures
from symcnn.network.tables import samples

MAX_CSV_BYTES = 500_000_000

#: Pixels of all samples together.
MAX_VALUES = 200_000_000

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
        label_column: of a ``.csv``, where no usual name tells it: "first", "last", a column's name, or its number from
            1. Default: the last.
        header: of a ``.csv``: does its first line hold the names of the columns? Default: as it looks.
        ink: of a folder of pictures: "black" on white (the default) or "white" on black.

    Returns:
        images: (samples, *shape of the input); targets: (samples, outputs); labels: the classes' names, where they have
        some.

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
    name = "targets" if "targets" in archive.names else "labels"
    found = archive.shape(name, text=name == "labels")
    wanted = (shape[0], network.outputs) if name == "targets" else (shape[0],)
    if found not in (wanted, (shape[0], 1) if name == "labels" or network.outputs == 1 else wanted) and not (
        name == "targets" and network.outputs == 1 and found == (shape[0],)
    ):
        expected = f"({', '.join(map(str, wanted))}{'' if len(wanted) > 1 else ','})"
        raise InputError(f"{name}: shape {found}; expected {expected}, one for each image")
    values = archive.array(name, text=name == "labels")
    if name == "targets":
        return _checked(network, archive.array("images"), values, None)
    values, names = values.reshape(-1), None
    if values.dtype.kind in "US":
        names = [n.decode("utf-8", "replace") if isinstance(n, bytes) else n for n in values.tolist()]
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
        content = read_bytes(file, MAX_PNG_BYTES, "a PNG image")
        try:
            image[...] = png_pixels(content, shape, ink)
        except InputError as error:
            raise InputError(f"{file}: {error}") from None
    warn_of_pictures(images, ink)
    numbers = np.array([k for k, _ in files], dtype=np.float64)
    return Data(images, class_rows(network, numbers), [order[k] for k, _ in files], drawn_in=ink)


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
