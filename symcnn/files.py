"""Files are written whole or not at all: into a temporary file beside the target, then renamed onto it."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from symcnn.errors import InputError


def check_writable(path: str | Path, suffixes: tuple[str, ...]) -> Path:
    """The path, if a file can be written there: known before any work is done.

    Raises:
        InputError: an unknown suffix, a folder, a missing parent folder, or no right to write.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected a file name with suffix {' or '.join(suffixes)}")
    if path.suffix.lower() not in suffixes:
        raise InputError(f"{path}: unknown suffix {path.suffix!r}; expected {' or '.join(suffixes)}")
    folder = path.parent
    if not folder.is_dir():
        raise InputError(f"{path}: the folder {folder} does not exist; create it first")
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise InputError(f"{path}: cannot be written (no permission)")
    return path


def check_apart(target: Path, *sources: str | Path | None) -> None:
    """Refuse to write over what is read, or into a folder that is."""
    for source in (Path(s) for s in sources if s is not None):
        same = target.exists() and source.exists() and target.samefile(source)  # also through links
        if same or target.resolve() == source.resolve():
            raise InputError(f"{target}: is read by this very command; expected another file to write")
        if source.is_dir() and source.resolve() in target.resolve().parents:
            raise InputError(f"{target}: lies in {source}, whose images are read; expected a place outside of it")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at once; whatever goes wrong, an old file of that name stays as it was."""
    write_together({path: content})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write several files: all of them lie whole beside their places before the first takes its own."""
    ready: dict[Path, str] = {}
    try:
        for path, content in files.items():
            with _naming(path):
                handle, ready[path] = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                os.chmod(ready[path], 0o666 & ~_umask())
        for path, temporary in ready.items():
            with _naming(path):
                os.replace(temporary, path)
    finally:
        for temporary in ready.values():
            Path(temporary).unlink(missing_ok=True)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


def check_folder(folder: Path) -> None:
    """Refuse early what can be no folder."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; expected a folder, or a place to make one")


@contextmanager
def folder_for(folder: Path) -> Iterator[Path]:
    """A place to write several files; they appear in ``folder`` (made where missing) when all are there, or not at
    all."""
    check_folder(folder)
    new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=folder, prefix=".symcnn."))
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}; expected a folder, or a place to make one") from None
    try:
        yield fresh
        for file in sorted(fresh.iterdir()):
            check_writable(folder / file.name, (file.suffix,))
        for file in sorted(fresh.iterdir()):
            os.replace(file, folder / file.name)
    finally:
        shutil.rmtree(fresh)
        if new and not any(folder.iterdir()):
            folder.rmdir()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
