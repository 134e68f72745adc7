"""Compile printed source with numba, and cache the machine code for the next process.

The source is written as a module into a directory of the user's own, named by a hash of the source and the compilers'
versions; numba keeps its machine code beside it. The source that runs is always the one just printed, from memory: the
file is the key of numba's cache, and is written again where its content differs. Without a directory that is safe to
use, the program is compiled in memory.

Printed loop nests are translated into LLVM's language here and compiled with the function that calls them: numba would
infer the type of every operation, at a millisecond each, and a network of two convolutions has ten thousand of them,
all of one type. A nest is a function of arrays with few kinds of statements:

    for at_r in range(0, 12, 2):            lengths are numbers
        i_at1 = 384*at_r                    sums and products of whole numbers
        for n in range(32):
            x1 = i[i_at1 + n + 64]*f1       + - * /, comparisons, a if b else c, functions of math, real(...)
            sum1 += x1                      a name that is added to; every other one is assigned once
            x[n] = x1

Its arrays share no memory with each other.
"""

import ast
import hashlib
import inspect
import logging
import math
import os
import stat
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, wraps
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symcnn.errors import InputError, install_command
from symcnn.files import write_whole
from symcnn.printers.python import MATH
from symcnn.version import __version__

#: The functions that a nest may call.
FUNCTIONS: Mapping[str, Callable[[float], float]] = {name: getattr(math, name) for name in MATH} | {"abs": math.fabs}

COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Gt: ">", ast.Lt: "<", ast.GtE: ">=", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


def native(nest: ast.FunctionDef, constants: Mapping[str, NDArray[Any]]) -> Any:
    """The nest as a function that code compiled by numba may call.

    Args:
        constants: arrays that the nest reads besides its arguments.
    """
    from numba.core import types
    from numba.extending import intrinsic

    def typing(typing_context: Any, *arrays: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Any:
            pairs = zip(signature.args, values, strict=True)
            pointers = [context.make_array(kind)(context, builder, value).data for kind, value in pairs]
            translation = _Translation(context, builder.module, nest, signature.args[0].dtype, constants)
            builder.call(translation.function([p.type for p in pointers]), pointers)
            return context.get_dummy_value()

        return types.void(*arrays), generate

    names = ["typing_context", *(a.arg for a in nest.args.args)]
    typing.__signature__ = Signature([Parameter(n, Parameter.POSITIONAL_OR_KEYWORD) for n in names])  # type: ignore[attr-defined]
    typing.__name__ = typing.__qualname__ = nest.name
    return intrinsic(typing)


class _Translation:
    """One nest as a function of pointers, in an LLVM module."""

    def __init__(
        self, context: Any, module: Any, nest: ast.FunctionDef, real: Any, constants: Mapping[str, NDArray[Any]]
    ) -> None:
        from llvmlite import ir

        self._ir, self._context, self._module, self._nest = ir, context, module, nest
        self._kind, self._real, self._int = real, context.get_value_type(real), ir.IntType(64)
        self._constants = constants
        self._values: dict[str, Any] = {}
        self._variables: dict[str, Any] = {}

    def function(self, pointers: Sequence[Any]) -> Any:
        """The function, for arguments of these types."""
        ir = self._ir
        function = ir.Function(self._module, ir.FunctionType(ir.VoidType(), pointers), self._nest.name)
        function.linkage = "internal"
        function.attributes.add("noinline")  # many small functions compile sooner than a large one
        for argument, name in zip(function.args, self._nest.args.args, strict=True):
            argument.add_attribute("noalias")
            self._values[name.arg] = argument
        self._builder = ir.IRBuilder(function.append_basic_block("entry"))
        for node in ast.walk(self._nest):
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                self._variables[node.target.id] = self._builder.alloca(self._real)
        self._block(self._nest.body)
        self._builder.ret_void()
        return function

    # --- statements -------------------------------------------------------------------------------------------------

    def _block(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            match statement:
                case ast.For(ast.Name(name), ast.Call(ast.Name("range"), bounds), body):
                    self._loop(name, [ast.literal_eval(bound) for bound in bounds], body)
                case ast.Assign([ast.Name(name)], value) if name not in self._variables:
                    self._values[name] = self._value(value)
                case ast.Assign([target], value):
                    self._builder.store(self._value(value), self._place(target))
                case ast.AugAssign(target, ast.Add(), value):
                    place = self._place(target)
                    self._builder.store(self._builder.fadd(self._builder.load(place), self._value(value)), place)
                case _:
                    raise TypeError(f"no rule to compile {ast.unparse(statement)}")

    def _loop(self, name: str, bounds: Sequence[int], body: Sequence[ast.stmt]) -> None:
        numbers = range(*bounds)
        if not numbers:
            return
        builder = self._builder
        before, inside = builder.block, builder.append_basic_block(name)
        builder.branch(inside)
        builder.position_at_end(inside)
        counter = builder.phi(self._int)
        counter.add_incoming(self._int(numbers.start), before)
        self._values[name] = counter
        self._block(body)
        following = builder.add(counter, self._int(numbers.step), flags=["nsw"])
        counter.add_incoming(following, builder.block)
        behind = builder.append_basic_block(f"after_{name}")
        builder.cbranch(builder.icmp_signed("<", following, self._int(numbers.stop)), inside, behind)
        builder.position_at_end(behind)

    def _place(self, target: ast.expr) -> Any:
        """A pointer to a variable, or to an entry of an array."""
        match target:
            case ast.Name(name) if name in self._variables:
                return self._variables[name]
            case ast.Subscript(ast.Name(name), index) if name in self._values or name in self._constants:
                return self._builder.gep(self._array(name), [self._value(index)], inbounds=True)
        raise TypeError(f"no rule to compile {ast.unparse(target)}")

    def _array(self, name: str) -> Any:
        if name not in self._values:
            values = self._constants[name].ravel().tolist()
            kind = self._ir.ArrayType(self._real, len(values))
            array = self._ir.GlobalVariable(self._module, kind, f"{self._nest.name}_{name}")
            array.linkage, array.global_constant = "internal", True
            array.initializer = kind([self._real(v) for v in values])
            self._values[name] = array.bitcast(self._real.as_pointer())
        return self._values[name]

    # --- expressions ------------------------------------------------------------------------------------------------

    def _value(self, node: ast.expr) -> Any:
        builder = self._builder
        match node:
            case ast.Constant(float() as number):
                return self._real(number)
            case ast.Constant(int() as number):
                return self._int(number)
            case ast.Name("inf"):
                return self._real(math.inf)
            case ast.Name(name) if name in self._values:
                return self._values[name]
            case ast.Name() | ast.Subscript():
                return builder.load(self._place(node))
            case ast.UnaryOp(ast.USub(), operand):
                return builder.fneg(self._value(operand))
            case ast.BinOp(left, operator, right):
                return self._operation(node, self._value(left), operator, self._value(right))
            case ast.Compare(left, [operator], [right]):
                a, b, sign = self._value(left), self._value(right), COMPARISONS[type(operator)]
                return builder.fcmp_unordered(sign, a, b) if sign == "!=" else builder.fcmp_ordered(sign, a, b)
            case ast.IfExp(test, body, orelse):
                return builder.select(self._value(test), self._value(body), self._value(orelse))
            case ast.Call(ast.Name("real"), [argument]):
                value = self._value(argument)
                return builder.sitofp(value, self._real) if value.type == self._int else value
            case ast.Call(ast.Name(name), [argument]) if name in FUNCTIONS:
                return self._call(FUNCTIONS[name], self._value(argument))
        raise TypeError(f"no rule to compile {ast.unparse(node)}")

    def _operation(self, node: ast.expr, a: Any, operator: ast.operator, b: Any) -> Any:
        builder = self._builder
        if a.type == self._int:
            integers = {ast.Add: builder.add, ast.Mult: builder.mul}
            if (build := integers.get(type(operator))) is not None:
                return build(a, b, flags=["nsw"])
        else:
            reals = {
                ast.Add: builder.fadd, ast.Sub: builder.fsub, ast.Mult: builder.fmul, ast.Div: builder.fdiv,
                ast.BitAnd: builder.and_, ast.BitOr: builder.or_,
            }  # fmt: skip
            if (build := reals.get(type(operator))) is not None:
                return build(a, b)
        raise TypeError(f"no rule to compile {ast.unparse(node)}")

    def _call(self, function: Callable[[float], float], argument: Any) -> Any:
        return self._context.get_function(function, self._kind(self._kind))(self._builder, [argument])


#: Reordering sums and fusing multiply-adds; nothing that ignores NaN, infinity or the sign of zero where it matters.
SAFE_MATH = frozenset({"reassoc", "contract", "arcp", "nsz"})

LOG = logging.getLogger("symcnn.numba")

#: Modules in the cache; the oldest are deleted first.
KEPT = 100


def require_numba() -> Any:
    """Import numba.

    Raises:
        InputError: it is not installed; the message says how to install it.
    """
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
    """``SYMCNN_CACHE``, or the platform's directory for caches."""
    if directory := os.environ.get("SYMCNN_CACHE"):
        return Path(directory)
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "symcnn" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "symcnn"


@lru_cache(maxsize=32)
def compiled(source: str, name: str) -> Callable[..., Any]:
    """A function of printed source, compiled once in a process and cached for the next."""
    numba = require_numba()
    translator = inspect.getsource(sys.modules[native.__module__])  # machine code depends on every word of it
    versions = (__version__, numba.__version__, np.__version__, sys.version, sorted(SAFE_MATH), translator)
    module = f"symcnn_{hashlib.sha256(repr((source, versions)).encode()).hexdigest()[:32]}"
    path = _module_file(source, module)
    space = types.ModuleType(module)
    if path is not None:
        space.__file__ = str(path)
        sys.modules[module] = space  # numba looks it up when it reads machine code from its cache
    exec(compile(source, str(path or "<printed by symcnn>"), "exec"), space.__dict__)
    constants = {key: array for key, array in vars(space).items() if isinstance(array, np.ndarray)}
    for nest in ast.parse(source).body:
        if isinstance(nest, ast.FunctionDef) and nest.name != name and not nest.decorator_list:
            setattr(space, nest.name, native(nest, constants))
    options = {"fastmath": set(SAFE_MATH), "error_model": "numpy"}
    function = numba.njit(cache=path is not None, **options)(getattr(space, name))
    if path is not None and any(path.parent.glob(f"__pycache__/{path.stem}.*.nbc")):  # compiled already
        return interruptible(function)
    where = "in memory only" if path is None else f"kept in {path.parent} for the next time"
    return interruptible(function, f"numba compiles this network's program, which takes seconds ({where})")


def interruptible(function: Callable[..., Any], message: str = "") -> Callable[..., Any]:
    """The function, compiled at its first call; Ctrl-C during that raises KeyboardInterrupt, whatever numba raises.

    Args:
        message: logged at the first call.
    """
    lines = [message] if message else []

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
    """Is an interrupt the cause of an error, or quoted in its text?"""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        if isinstance(cause, KeyboardInterrupt) or "KeyboardInterrupt" in str(cause):
            return True
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return False


def _module_file(source: str, module: str) -> Path | None:
    """The module's file, with this very source; None where it cannot be written safely."""
    try:
        folder = _private(cache_directory() / "compiled")
        path = folder / f"{module}.py"
        content = source.encode("utf-8")
        if not path.is_file() or path.read_bytes() != content:
            _delete_oldest(folder)
            write_whole(path, content)
        return path
    except (OSError, RuntimeError, InputError):  # RuntimeError: no home directory
        return None


def _private(folder: Path) -> Path:
    """Make the folder, if it is missing.

    Raises:
        OSError: others may write there: their files would run as ours.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix":
        status = folder.stat()
        if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(f"{folder}: others may write there")
    return folder


def _delete_oldest(folder: Path) -> None:
    modules = sorted(folder.glob("symcnn_*.py"), key=lambda p: p.stat().st_mtime)
    for path in modules[: max(len(modules) + 1 - KEPT, 0)]:
        for file in (*folder.glob(f"__pycache__/{path.stem}.*"), path):
            file.unlink(missing_ok=True)
