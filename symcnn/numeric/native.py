"""Printed loop nests as machine code: translated into LLVM's language here, compiled with the function that calls them.

numba could do it too, but it finds out the type of every operation on its own, at a millisecond each: a network of two
convolutions has ten thousand of them, all of one type. A nest is a function of arrays, in few words:

    for at_r in range(0, 12, 2):            lengths are numbers
        i_at1 = 384*at_r                    sums and products of whole numbers
        for n in range(32):
            x1 = i[i_at1 + n + 64]*f1       + - * /, comparisons, a if b else c, functions of math, real(...)
            sum1 += x1                      a name that is added to; every other one is assigned once
            x[n] = x1

Its arrays share no memory with each other.
"""

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Any

from numpy.typing import NDArray

from symcnn.printers.python import MATH

#: What a nest may call.
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
            function = _Translation(context, builder.module, nest, signature.args[0].dtype, constants)
            builder.call(function.of([p.type for p in pointers]), pointers)
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

    def of(self, pointers: Sequence[Any]) -> Any:
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
        match operator, a.type == self._int:
            case ast.Add(), True:
                return builder.add(a, b, flags=["nsw"])
            case ast.Mult(), True:
                return builder.mul(a, b, flags=["nsw"])
            case ast.Add(), False:
                return builder.fadd(a, b)
            case ast.Sub(), False:
                return builder.fsub(a, b)
            case ast.Mult(), False:
                return builder.fmul(a, b)
            case ast.Div(), False:
                return builder.fdiv(a, b)
            case ast.BitAnd(), False:
                return builder.and_(a, b)
            case ast.BitOr(), False:
                return builder.or_(a, b)
        raise TypeError(f"no rule to compile {ast.unparse(node)}")

    def _call(self, function: Callable[[float], float], argument: Any) -> Any:
        found = self._context.get_function(function, self._kind(self._kind))
        return found(self._builder, [argument])
