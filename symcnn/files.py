"""Files: read with a bound on their size, written whole or not at all.

What is written goes into a temporary file beside its place, which is then renamed onto it. A temporary file is locked
while its writer lives, so the next run knows those of a killed one and removes them.
"""

import errno
import os
import re
import shutil
import stat
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from symcnn.errors import InputError, quoted, reason_of

try:
    import fcntl
except ImportError:  # Windows: a file that is open there cannot be removed, which tells the same
    fcntl = None  # type: ignore[assignment]

#: Names of temporary files and folders of ours, and of nobody else. Those of version 0.1 (.NAME.abcd1234.tmp) are left
#: where they are: other programs make such names too.
_TEMPORARY = re.compile(r"(\..+)?\.symcnn-[a-z0-9_]{8}\.tmp", re.DOTALL)

# --- reading ------------------------------------------------------------------------------------------------------


@contextmanager
def open_file(path: str | Path, most: int, what: str) -> Iterator[BinaryIO]:
    """A regular file, open for reading: every file that a user names is opened here.

    A pipe or a device is refused: reading one may never end.

    Args:
        most: its size in bytes.
        what: what was expected, for the message.
    """
    with ExitStack() as stack:
        try:
            _require_regular(path, os.stat(path).st_mode, what)
            file = stack.enter_context(open(path, "rb", opener=_open_at_once))
            status = os.fstat(file.fileno())
        except InputError:
            raise
        except FileNotFoundError:
            raise InputError(f"{path}: no such file; expected {what}") from None
        except (OSError, ValueError) as error:  # ValueError: a path with a null character
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError(f"{path}: cannot be read ({reason}); expected {what}") from None
        _require_regular(path, status.st_mode, what)
        if status.st_size > most:
            raise InputError(f"{path}: larger than {most} bytes; expected {what}")
        yield file


def read_bytes(path: str | Path, most: int, what: str) -> bytes:
    """The content of a regular file of at most ``most`` bytes."""
    with open_file(path, most, what) as file:
        try:
            content = file.read(most + 1)
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror}); expected {what}") from None
    if len(content) > most:  # it grows, or is one of those that tell no size
        raise InputError(f"{path}: larger than {most} bytes; expected {what}")
    return content


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting for a writer, in case a pipe has replaced the file."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _require_regular(path: str | Path, mode: int, what: str) -> None:
    if stat.S_ISREG(mode):
        return
    kinds = {stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}
    kind = next((name for test, name in kinds.items() if test(mode)), "a device")
    raise InputError(f"{path}: cannot be read (it is {kind}, not a file); expected {what}")


#: How files of some formats begin. What is none of them has no name here.
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "a PNG image", b"\xff\xd8\xff": "a JPEG image", b"GIF8": "a GIF image", b"BM": "a BMP image",
    b"II*\x00": "a TIFF image", b"MM\x00*": "a TIFF image", b"%PDF-": "a PDF document", b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive", b"\x93NUMPY": "a NumPy array (.npy)", b"\x89HDF": "an HDF5 file",
    b"\xd0\xcf\x11\xe0": "an old Office document", b"<svg": "an SVG image", b"<?xml": "XML",
    b"<!DOCTYPE": "an HTML page", b"<html": "an HTML page", b"\x80\x04\x95": "a pickle",
    b"SQLite format 3": "an SQLite database",
}  # fmt: skip


def format_of(content: bytes) -> str | None:
    """Return the format of a file by its first bytes, in words, whatever its name."""
    if not content:
        return "an empty file"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "a WebP image"
    if content[4:8] == b"ftyp":
        return "an AVIF or HEIF image" if content[8:12] in (b"avif", b"heic", b"mif1", b"heix") else "a video"
    if content[:2] == b"PK":
        if b"xl/workbook.xml" in content:
            return "an Excel workbook"
        return "an .npz file" if b".npy" in content[:200] else "a zip archive"
    head = content[:200].lstrip()
    known = (name for begin, name in _BEGINNINGS.items() if content.startswith(begin) or head.startswith(begin))
    return next(known, None)


# --- TOML ---------------------------------------------------------------------------------------------------------

#: Parts of one key; the files of symcnn need two.
MAX_KEY_PARTS = 16
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL)
_DEEP_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MAX_KEY_PARTS},}}")


def toml_from(text: str) -> dict[str, Any]:
    """Parse TOML. Keys of many parts (a.b.c…), for each of which the parser would make a table, are refused.

    Raises:
        InputError: "not TOML", with the reason.
    """
    deep = _DEEP_KEY.search(_STRING.sub("s", text))
    if deep is not None:
        raise InputError(f"not TOML for symcnn (a key of more than {MAX_KEY_PARTS} parts, {quoted(deep[0], 30)})")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not TOML ({reason_of(error)})") from None


# --- writing ------------------------------------------------------------------------------------------------------


def check_writable(path: str | Path, suffixes: tuple[str, ...]) -> Path:
    """Return the path if a file can be written there, before any work is done.

    Raises:
        InputError: an unknown suffix, a folder, a missing parent folder, no right to write, or a pipe or device.
    """
    path = Path(path)
    with _naming(path):
        _check_place(path, suffixes)
    return path


def _check_place(path: Path, suffixes: tuple[str, ...]) -> None:
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected a file name with suffix {' or '.join(suffixes)}")
    if path.suffix.lower() not in suffixes:
        raise InputError(f"{path}: unknown suffix {quoted(path.suffix)}; expected {' or '.join(suffixes)}")
    target = _target(path)
    folder = target.parent
    if not folder.is_dir():
        raise InputError(f"{path}: the folder {folder} does not exist; create it first")
    if target.exists() and not target.is_file():
        raise InputError(f"{path}: is a pipe or a device; expected a place for a file")
    if not os.access(folder, os.W_OK) or (target.exists() and not os.access(target, os.W_OK)):
        raise InputError(f"{path}: cannot be written (no permission)")


def check_apart(target: Path, *sources: str | Path | None) -> None:
    """Refuse to write over what is read, or into a folder that is."""
    for source in (Path(s) for s in sources if s is not None):
        same = target.exists() and source.exists() and target.samefile(source)  # also through links
        if same or target.resolve() == source.resolve():
            raise InputError(f"{target}: is also an input of this command; choose another output file")
        if source.is_dir() and source.resolve() in target.resolve().parents:
            raise InputError(f"{target}: is inside the input folder {source}; choose a path outside it")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at once; whatever goes wrong, an old file of that name stays as it was."""
    write_together({path: content})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write several files: all of them lie whole beside their places before the first takes its own.

    Where a link stands, the file that it leads to is written, and the link stays.
    """
    ready: dict[Path, str] = {}
    with ExitStack() as locks:
        try:
            for path, content in files.items():
                with _naming(path):
                    target = _target(path)
                    if target in ready:
                        raise InputError(f"{path}: leads to the same file as another that is written")
                    remove_stale(target.parent)
                    handle, ready[target] = _temporary_file(target)
                    # the lock goes with the file, where an open one can be renamed
                    file = (locks if fcntl else ExitStack()).enter_context(os.fdopen(handle, "wb"))
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                    os.chmod(ready[target], 0o666 & ~_umask())
                    if not fcntl:
                        file.close()
            for target, temporary in ready.items():
                with _naming(target):
                    os.replace(temporary, target)
        finally:
            for temporary in ready.values():
                Path(temporary).unlink(missing_ok=True)


def check_folder(folder: Path) -> None:
    """Refuse a file where a folder is expected."""
    if os.path.exists(folder) and not folder.is_dir():
        raise InputError(f"{folder}: is a file; expected a folder")


@contextmanager
def folder_for(folder: Path) -> Iterator[Path]:
    """A place to write several files; they appear in ``folder`` (made where missing) when all are there, or not at
    all."""
    check_folder(folder)
    new = not os.path.exists(folder)  # False too for what can be no name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_stale(folder)
        lock, fresh = _temporary_folder(folder)
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}; expected a folder") from None
    try:
        yield fresh
        for file in sorted(fresh.iterdir()):
            check_writable(folder / file.name, (file.suffix,))
        write_together({folder / file.name: file.read_bytes() for file in sorted(fresh.iterdir())})
    finally:
        shutil.rmtree(fresh)
        if lock is not None:
            os.close(lock)
        if new and not any(folder.iterdir()):
            folder.rmdir()


def remove_stale(folder: Path) -> None:
    """Remove the temporary files that a killed run of symcnn has left in a folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name) and not entry.is_symlink():
                with suppress(OSError):
                    _remove_unless_locked(entry)


def _remove_unless_locked(entry: os.DirEntry[str]) -> None:
    """Remove it unless its writer lives: that one has its lock, a dead process none."""
    folder = entry.is_dir(follow_symlinks=False)
    if not fcntl:
        if not folder:
            os.unlink(entry.path)
        return
    if os.stat(entry.path, follow_symlinks=False).st_uid != os.getuid():
        return
    handle = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mode = os.fstat(handle).st_mode
        if folder and stat.S_ISDIR(mode):
            shutil.rmtree(entry.path)
        elif stat.S_ISREG(mode):
            os.unlink(entry.path)
    finally:
        os.close(handle)


def _temporary_file(target: Path) -> tuple[int, str]:
    """A new file beside the target, open and locked."""
    while True:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:60]}.symcnn-", suffix=".tmp")
        if _lock(handle):
            return handle, name
        os.close(handle)


def _temporary_folder(folder: Path) -> tuple[int | None, Path]:
    """A new folder, and what keeps it locked."""
    while True:
        fresh = Path(tempfile.mkdtemp(dir=folder, prefix=".symcnn-", suffix=".tmp"))
        if not fcntl:
            return None, fresh
        with suppress(FileNotFoundError):
            handle = os.open(fresh, os.O_RDONLY)
            if _lock(handle):
                return handle, fresh
            os.close(handle)


def _lock(handle: int) -> bool:
    """False where another run took it for a stale one, before it was locked, and has removed it."""
    if not fcntl:
        return True
    with suppress(OSError):  # a file system without locks
        fcntl.flock(handle, fcntl.LOCK_EX)
    return os.fstat(handle).st_nlink > 0


def _target(path: Path) -> Path:
    """Follow links to the target of a path."""
    try:
        return path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError):  # a link to itself
        raise InputError(f"{path}: cannot be written ({os.strerror(errno.ELOOP)})") from None


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
