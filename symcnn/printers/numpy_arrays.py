"""Whole-array NumPy, printed from the index-notation equations; no loop over samples or cells.

    x[r, c] = Σ_{p, q} i[r + p, c + q]·f[p, q]    ->  copyto(i_pqrcn, …); matmul(i_rcn_pq, f_pq_1, x_rcn_1)
    dE_dz_o[j] += dE_do[j]·o[j]·(1 - o[j])        ->  multiply(dE_do, o, dE_dz_o); subtract(1, o, work_1); …

Each function makes buffers and views for a number of samples, once, and returns another that fills them. Arrays have
the axes of their tensors, then the samples; the name of a view ends with the letters of its axes.
"""

from collections.abc import Mapping, Sequence

from sympy import Expr, Symbol

from symcnn.derivation.reverse import reverse
from symcnn.printers.arrays.elementwise import Elementwise
from symcnn.printers.arrays.equations import EquationPrinter
from symcnn.printers.arrays.lines import Arrays, Lines, Operand, Sizes
from symcnn.printers.infix import InfixPrinter
from symcnn.printers.python import NUMPY, indented
from symcnn.printers.rewriting import rewritten
from symcnn.symbolic import Access, Equation, Tensor


def array_program(
    forward: Sequence[Equation], parameters: Sequence[Tensor], image: Tensor, targets: Tensor | None
) -> str:
    """The functions ``forward(theta, gradient, samples)`` (which needs no gradient) and, with targets,
    ``loss_and_gradient(theta, gradient, samples)``.

    Each returns ``run`` and the arrays by name: what to fill before (images, targets), and what is there after.
    """
    values = [e for e in forward if targets is None or e is not forward[-1]]  # all but E
    functions = [_Function("forward", parameters, (image,), values)]
    if targets is not None:
        equations = rewritten(forward)
        equations += reverse(equations, (image, targets))
        functions.append(_Function("loss_and_gradient", parameters, (image, targets), equations))
    return _module(functions)


def loss_program(
    forward: Sequence[Equation], parameters: Sequence[Tensor], image: Tensor, targets: Tensor, outputs: Tensor
) -> str:
    """The function ``loss(theta, gradient, samples)``: all that E and the outputs depend on, and nothing else."""
    return _module([_Function("loss", parameters, (image, targets), rewritten(forward, outputs), loss=True)])


def _module(functions: "Sequence[_Function]") -> str:
    used = set().union(*(f.lines.calls for f in functions))
    head = ["from numpy import " + ", ".join(sorted(used - {"as_strided"}))]
    if "as_strided" in used:
        head.append("from numpy.lib.stride_tricks import as_strided")
    return "\n".join([*head, "", "", "\n\n".join(f.text() for f in functions)])


def update_program(updates: Sequence[tuple[Symbol, Expr]], numbers: Sequence[str]) -> str:
    """``update(theta, gradient, *state)`` -> ``run(*numbers)``, which changes the arrays in place.

    Args:
        updates: theta or an array of the state <- an expression of these arrays, the gradient and the numbers.
    """
    lines, sizes = Lines(), Sizes({"j": "theta.size"})
    arrays = ["theta", "gradient", *(s.name for s, _ in updates if s.name != "theta")]
    operands = {Symbol(name): Operand(name, ("j",)) for name in arrays}
    for symbol, expression in updates:
        lines.each.append(f"# {symbol} = {InfixPrinter(NUMPY).expression(expression).text}")
        Elementwise(lines, sizes, ("j",), operands.get).into(expression, symbol.name)
        lines.release_all()
    imports = f"from numpy import {', '.join(sorted(lines.calls))}\n\n\n"
    return imports + _nested(f"update({', '.join(arrays)})", [], lines, f"run({', '.join(numbers)})", "run")


def _nested(signature: str, documentation: Sequence[str], lines: Lines, run: str, result: str) -> str:
    """A function that makes buffers and views once, and the function inside it that fills them."""
    return "\n".join(
        [
            f"def {signature}:",
            *indented(1, [*documentation, "dtype = theta.dtype", *lines.once]),
            "",
            f"    def {run}:",
            *indented(2, lines.each),
            "",
            f"    return {result}",
            "",
        ]
    )


class _Function:
    """One function of the program; with ``loss``, or with adjoints among its equations, it gives the loss."""

    def __init__(
        self, name: str, parameters: Sequence[Tensor], data: Sequence[Tensor], equations: Sequence[Equation],
        loss: bool = False,
    ) -> None:  # fmt: skip
        self.name = name
        self.gradient = any(e.target.tensor.is_adjoint for e in equations)
        self.lines = Lines()
        arrays = Arrays(self.lines)
        at = 0
        for tensor in parameters:
            arrays.keep(tensor, f"theta[{at}:{at + tensor.size}].reshape({tensor.shape})")
            if self.gradient:
                arrays.keep(tensor.adjoint(), f"gradient[{at}:{at + tensor.size}].reshape({tensor.shape})")
            at += tensor.size
        for tensor in data:
            arrays.allocate(tensor)
        self._keep_constants(arrays, equations)
        printer = EquationPrinter(self.lines, arrays, equations)
        for equation in equations:
            printer.equation(equation)
        if self.gradient or loss:
            self.lines.each.append(f"return {self.lines.use('add.reduce')}(E)")
        results = dict.fromkeys(e.target.tensor for e in equations if not e.target.tensor.is_adjoint)
        self._arrays: Mapping[str, str] = {t.name: arrays.stored[t].name for t in (*data, *results)}

    def _keep_constants(self, arrays: Arrays, equations: Sequence[Equation]) -> None:
        factors = [f for e in equations for t in e.terms for f in t.factors]
        for tensor in sorted({a.tensor for f in factors for a in f.atoms(Access) if a.tensor.role == "constant"}):
            values = ", ".join(map(str, tensor.values))
            arrays.keep(tensor, f"{self.lines.use('array')}([{values}], dtype).reshape({tensor.shape})")

    def text(self) -> str:
        arrays = ", ".join(f'"{name}": {array}' for name, array in self._arrays.items())
        does = "fills the gradient and returns the loss" if self.gradient else "fills them"
        documentation = [f'"""Buffers and views for so many samples, and what {does}."""']
        signature = f"{self.name}(theta, gradient, samples)"
        return _nested(signature, documentation, self.lines, "run()", f"run, {{{arrays}}}")
