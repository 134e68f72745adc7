"""Compiling printed source with numba, and keeping what was compiled for the next process.

The source is written as a module into a directory of the user's own, named by a hash of the source and of what
compiles it; numba keeps its machine code beside it. What runs is always the source just printed, from memory: the
file is what numba's cache hangs on, and is written again where its content differs. Without a directory that is safe
to use, the program is compiled in memory.
"""

import ast
import hashlib
import inspect
import logging
import os
import stat
import sys
import types
from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

import numpy as np

from symcnn.errors import InputError, install_command
from symcnn.files import write_whole
from symcnn.numeric.native import MATH, native
from symcnn.version import __version__

#: Reordering sums and fusing multiply-adds; nothing that ignores NaN, infinity or the sign of zero where it matters.
SAFE_MATH = frozenset({"reassoc", "contract", "arcp", "nsz"})

LOG = logging.getLogger("symcnn.numba")

#: Modules that are kept; the oldest go first.
KEPT = 100


def require_numba() -> Any:
    """The numba package, or how to get it."""
    try:
        import numba
    except ImportError:
        raise InputError(f'backend="numba": numba is not installed: {install_command("numba")}') from None
    return numba


def numba_is_there() -> bool:
    """Is the extra installed?"""
    from importlib.util import find_spec

    return find_spec("numba") is not None


def cache_directory() -> Path:
    """``SYMCNN_CACHE``, or the platform's place for what can be made again."""
    given = os.environ.get("SYMCNN_CACHE")
    if given:
        return Path(given)
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "symcnn" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "symcnn"


def largest(a: float, b: float) -> float:
    """The larger of two, NaN if either is: Python's ``max`` may lose one."""
    return a if a > b or a != a else b


@lru_cache(maxsize=32)
def compiled(source: str, name: str) -> Callable[..., Any]:
    """A function of printed source, compiled once in a process and kept for the next."""
    numba = require_numba()
    translator = inspect.getsource(sys.modules[native.__module__])  # machine code depends on every word of it
    versions = (__version__, numba.__version__, np.__version__, sys.version, sorted(SAFE_MATH), translator)
    module = f"symcnn_{hashlib.sha256(repr((source, versions)).encode()).hexdigest()[:32]}"
    path = _kept(source, module)
    space = types.ModuleType(module)
    if path is not None:
        space.__file__ = str(path)
        sys.modules[module] = space  # numba looks it up when it takes machine code out of its cache
    names = {**MATH, "largest": numba.njit(largest)}
    space.__dict__.update(names)  # what straight lines call
    exec(compile(source, str(path or "<printed by symcnn>"), "exec"), space.__dict__)
    constants = {called: array for called, array in vars(space).items() if isinstance(array, np.ndarray)}
    for nest in ast.parse(source).body:
        if isinstance(nest, ast.FunctionDef) and nest.name != name:
            setattr(space, nest.name, native(nest, constants))
    options = {"fastmath": set(SAFE_MATH), "error_model": "numpy"}
    found: Callable[..., Any] = numba.njit(cache=path is not None, **options)(getattr(space, name))
    kept = "in memory only" if path is None else f"kept in {path.parent} for the next time"
    waits_for = (
        "" if _has_machine_code(path) else f"numba compiles this network's program, which takes seconds ({kept})"
    )
    return interruptible(found, waits_for)


def _has_machine_code(path: Path | None) -> bool:
    """Is it compiled already, by this process or one before?"""
    return path is not None and any(path.parent.glob(f"__pycache__/{path.stem}.*.nbc"))


def interruptible(function: Callable[..., Any], waits_for: str = "") -> Callable[..., Any]:
    """The function, compiled at its first call; Ctrl-C during that is Ctrl-C, whatever numba makes of it.

    Args:
        waits_for: what the log says of the first call.
    """
    lines = [waits_for] if waits_for else []

    @wraps(function)
    def call(*arguments: Any) -> Any:
        if lines:
            LOG.info(lines.pop())
        try:
            return function(*arguments)
        except Exception as error:
            if _was_interrupted(error):
                raise KeyboardInterrupt from None
            raise

    return call


def _was_interrupted(error: BaseException) -> bool:
    """Does an interrupt stand behind it, as its cause or in what numba quotes?"""
    seen: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in seen:
        if isinstance(found, KeyboardInterrupt) or "KeyboardInterrupt" in str(found):
            return True
        seen.append(found)
        found = found.__cause__ or found.__context__
    return False


def _kept(source: str, module: str) -> Path | None:
    """The module's file, with this very source; None where there is no place for it."""
    try:
        folder = _private(cache_directory() / "compiled")
        path = folder / f"{module}.py"
        content = source.encode("utf-8")
        if not path.is_file() or path.read_bytes() != content:
            _forget_oldest(folder)
            write_whole(path, content)
        return path
    except (OSError, RuntimeError, InputError):  # RuntimeError: no home directory
        return None


def _private(folder: Path) -> Path:
    """The folder, made where missing.

    Raises:
        OSError: others may write there: what they put there would run as us.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix":
        found = folder.stat()
        if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(f"{folder}: others may write there")
    return folder


def _forget_oldest(folder: Path) -> None:
    modules = sorted(folder.glob("symcnn_*.py"), key=lambda p: p.stat().st_mtime)
    for path in modules[: max(len(modules) + 1 - KEPT, 0)]:
        for file in (*folder.glob(f"__pycache__/{path.stem}.*"), path):
            file.unlink(missing_ok=True)
