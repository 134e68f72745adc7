"""NumPy's ``.npz`` files from anywhere: sizes are read before anything is unpacked, and nothing is unpickled.

A member that says it holds Python objects, has another kind of numbers, or is longer or shorter than its own head says
is refused.
"""

import math
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

from symcnn.errors import InputError, reason_of
from symcnn.files import format_of, open_file

#: Bytes of a file, and of one array in it.
MAX_BYTES = 2_000_000_000

_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, SyntaxError, RuntimeError,
           NotImplementedError, KeyError)  # fmt: skip
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


@contextmanager
def open_npz(path: Path, what: str) -> Iterator["Npz"]:
    """The file, open; an ``InputError`` inside names the file.

    Args:
        what: what was expected, for the message.
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
        shown = (name if name.isprintable() else ascii(name) for name in self.names[:8])
        return ", ".join(name[:30] for name in shown) or "none"

    @property
    def compressed(self) -> list[str]:
        """The members that unpack to more, or less, than the file holds of them."""
        return [i.filename for i in self._archive.infolist() if i.compress_type != zipfile.ZIP_STORED]

    def shape(self, name: str, text: bool = False) -> tuple[int, ...]:
        """As the member's head says; nothing is unpacked."""
        with self._member(name) as member:
            return self._head(name, member, text)[0]

    def array(self, name: str, text: bool = False) -> NDArray[Any]:
        """The numbers of a member, as they are stored: whole, floating-point or truth values.

        Args:
            text: it may hold text instead.
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
