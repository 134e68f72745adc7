"""IDX files, in which MNIST and its relatives come.

    head      two bytes 0, a byte for the type of the numbers, a byte for how many axes; then the length of each axis
              in 4 bytes, the most significant first
    numbers   all of them, the last axis fastest

A file may be packed by gzip, whatever its name. Its size is held against its head before anything is allocated.
"""

import gzip
import math
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from symcnn.errors import InputError, reason_of
from symcnn.files import format_of, open_file

#: The third byte -> the type of the numbers.
TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

#: Axes: samples, and at most channels, rows and columns.
MAX_AXES = 4

#: Bytes of a file; pixels of all samples together; bytes that are read at once.
MAX_BYTES, MAX_VALUES, CHUNK = 2_000_000_000, 200_000_000, 1 << 20

#: gzip packs at most so many bytes into one.
MAX_RATIO = 1032

GZIP = b"\x1f\x8b"
WHAT = "an IDX file"


def is_idx_name(name: str) -> bool:
    """Is it a usual name? ``.gz`` is taken to be one."""
    return re.search(r"idx[0-9]|\.idx\b|\.gz$", name.lower()) is not None


def is_idx(path: Path) -> bool:
    """Is it an IDX file, by its name or by its first bytes?"""
    if is_idx_name(path.name):
        return True
    with open_file(path, MAX_BYTES, WHAT) as file:
        head = file.read(4)
    return head[:2] == GZIP or (len(head) == 4 and head[:2] == b"\0\0" and head[2] in TYPES and head[3] > 0)


def read_idx(path: Path, check: Callable[[tuple[int, ...]], None] = lambda shape: None) -> NDArray[np.generic]:
    """The numbers of a file, as they are stored.

    Args:
        check: raises ``InputError`` for a shape that cannot be used, before the numbers are read.

    Raises:
        InputError: names the file, and says what is wrong with it.
    """
    with open_file(path, MAX_BYTES, WHAT) as file:
        try:
            return _numbers(file, check)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or reason_of(error)
            raise InputError(f"{path}: damaged or cut off ({reason}); expected {WHAT}") from None


def _numbers(file: BinaryIO, check: Callable[[tuple[int, ...]], None]) -> NDArray[np.generic]:
    size = os.fstat(file.fileno()).st_size
    with _unpacked(file) as (stream, is_packed):
        head = stream.read(4)
        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in TYPES or not 1 <= head[3] <= MAX_AXES:
            kind = format_of(head + stream.read(200))
            it_is = f"but {kind}" if kind else f"(it begins with the bytes {head.hex(' ')})"
            raise InputError(
                f"not an IDX file {it_is}; expected 00 00, a type of numbers (08 is bytes), and 1 to {MAX_AXES} axes"
            )
        dtype, axes = np.dtype(TYPES[head[2]]), head[3]
        lengths = stream.read(4 * axes)
        if len(lengths) < 4 * axes:
            raise InputError(f"cut off in its head; expected {axes} lengths there")
        shape = tuple(np.frombuffer(lengths, ">u4").tolist())
        count, words = math.prod(shape), "×".join(map(str, shape))
        if count > MAX_VALUES:
            raise InputError(f"{words} numbers, as its head says; expected at most {MAX_VALUES} in all")
        expected, there = count * dtype.itemsize, size - 4 - 4 * axes
        # of a packed file only a bound is known before it is unpacked
        if expected > size * MAX_RATIO if is_packed else expected != there:
            raise InputError(
                f"damaged or cut off: {size if is_packed else there} bytes{' packed' if is_packed else ''}, where its"
                f" head says {words} numbers, {expected} bytes"
            )
        check(shape)
        values = np.empty(expected, np.uint8)
        for start in range(0, expected, CHUNK):
            part = stream.read(min(CHUNK, expected - start))
            if len(part) < min(CHUNK, expected - start):
                raise InputError(f"damaged or cut off: {start + len(part)} bytes, where its head says {expected}")
            values[start : start + len(part)] = np.frombuffer(part, np.uint8)
        if stream.read(1):  # reading past the end also checks gzip's checksum
            raise InputError(f"damaged: more bytes than the {expected} that its head says")
    return values.view(dtype).reshape(shape)


@contextmanager
def _unpacked(file: BinaryIO) -> Iterator[tuple[BinaryIO, bool]]:
    """The content of a file, unpacked while it is read if it is packed; and whether it is."""
    is_packed = file.read(2) == GZIP
    file.seek(0)
    if not is_packed:
        yield file, False
        return
    with gzip.GzipFile(fileobj=file, mode="rb") as stream:
        yield cast(BinaryIO, stream), True


def labels_beside(images: Path) -> Path:
    """The file of the labels of a file of images: of the usual name, beside it.

    Raises:
        InputError: there is none.
    """
    name = re.sub(r"idx[0-9]", "idx1", images.name.replace("images", "labels").replace("IMAGES", "LABELS"))
    bare = name.removesuffix(".gz")
    turned = re.sub(r"[-.](?=idx1)", lambda sign: "." if sign[0] == "-" else "-", bare)
    if bare == images.name.removesuffix(".gz"):
        raise InputError(
            f"{images}: its name tells no file of labels; expected images in it and labels in another, as in"
            " train-images-idx3-ubyte and train-labels-idx1-ubyte; or --labels FILE (read_data: labels)"
        )
    for other in (name, bare, f"{bare}.gz", turned, f"{turned}.gz"):
        if (images.parent / other).is_file():
            return images.parent / other
    raise InputError(
        f"{images}: no labels beside it; expected {name}, packed or not, or --labels FILE (read_data: labels)"
    )
