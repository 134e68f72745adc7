"""Straight-line Python of the scalar graph: one line for each variable.

one_image              a pass over one image with ``math.exp``; pixels are variables
training_loop          all images in one step, with the update; their pixels and targets are numbers in the source
                       (a factor 0 drops its product, a factor 1 is not written)
scalars_over_samples   NumPy over the samples: each variable is an array (samples,)
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import sympy
from sympy import Expr, Symbol

from symcnn.derivation import Addend, Graph, Product, Variable
from symcnn.printers.infix import ATOM, POWER, PRODUCT, InfixPrinter, InfixText, Language
from symcnn.symbolic import ERROR, Quantity, quantity_of


def _power(base: InfixText, n: int) -> InfixText:
    # products, not **: pow is three times slower and raises OverflowError where a product becomes inf
    return InfixText("*".join([base.within(POWER)] * n), PRODUCT)


PYTHON = Language(column=lambda leaf: leaf.column("python"), power=_power)


#: What the printed functions are called.
PASS, OUTPUTS = "one_image", "outputs_of_one_image"


def one_image(graph: Graph, outputs: Sequence[str], parameters: Sequence[str], gradients: bool) -> str:
    """``one_image(theta, image, target)`` -> (E, gradient); without gradients ``(theta, image)`` -> outputs."""
    printer = InfixPrinter(PYTHON)
    images = [n for n, (tensor, _) in graph.inputs.items() if tensor.role == "image"]
    targets = [n for n, (tensor, _) in graph.inputs.items() if tensor.role == "target"]
    lines = [f"[{', '.join(parameters)}] = theta", f"[{', '.join(images)}] = image"]
    lines += [f"[{', '.join(targets)}] = target"] if gradients else []
    variables = list(graph) if gradients else [v for v in graph.forward.values() if v.tensor != ERROR]
    lines += [f"{v.name} = {printer.variable(v)}" for v in variables]
    results = [graph.quantities.of(p).adjoint.name for p in parameters] if gradients else outputs
    lines.append(f"return {'E, ' if gradients else ''}{_tuple(results)}")
    head = f"def {PASS}(theta, image, target):" if gradients else f"def {OUTPUTS}(theta, image):"
    return "\n    ".join([head, *lines]) + "\n"


def quantities_of_one_image(graph: Graph, names: Sequence[str]) -> str:
    """``quantities(*inputs)`` -> name -> value of every variable."""
    printer = InfixPrinter(PYTHON)
    lines = [f"{v.name} = {printer.variable(v)}" for v in graph]
    pairs = ", ".join(f'"{v.name}": {v.name}' for v in graph)
    return "\n    ".join([f"def quantities({', '.join(names)}):", *lines, f"return {{{pairs}}}"]) + "\n"


def training_loop(graph: Graph, parameters: Sequence[str], samples: Sequence[Mapping[str, float]]) -> str:
    """``train(theta, step, steps, record, exp)``: gradient descent on these very images, ``step`` = rate × factor.

    ``record(E_total)`` is called in every step before the update. Returns theta; if ``exp`` overflows it returns
    early, with the parameters of the last whole step. Common subexpressions are computed once: images of zeros and ones
    make many right sides equal.
    """
    lines = Statements()
    images = [of_image(graph, n, values) for n, values in enumerate(samples, 1)]
    lines.add_passes(images)
    lines.body.append(f"record({lines.errors(len(images))})")
    lines.add_updates(parameters, images)
    return "\n".join(
        [
            "def train(theta, step, steps, record, exp):",
            f"    [{', '.join(parameters)}] = theta",
            "    try:",
            "        for _ in range(steps):",
            *indented(3, lines.body),
            "    except OverflowError:",
            "        pass",
            f"    return {_tuple(parameters)}\n",
        ]
    )


class Statements:
    """Assignments, each right side once: a second variable with the same right side is another name for the first."""

    def __init__(self) -> None:
        self.body: list[str] = []
        self.printer = InfixPrinter(PYTHON, self.name)
        self._names: dict[str, str] = {}
        self._known: dict[str, str] = {}
        self._differences: dict[Expr, Symbol] = {}

    def name(self, symbol: Symbol) -> str:
        """The name under which a variable was computed."""
        name: str = symbol.name
        return self._names.get(name, name)

    def errors(self, images: int) -> str:
        """The errors of all images, added."""
        return " + ".join(self.name(Quantity(ERROR, image=n).symbol) for n in range(1, images + 1))

    def add_passes(self, images: Sequence[Sequence[Variable]]) -> None:
        """Forward and backward of all images, at the end their errors; the gradients are left to the updates."""
        variables = list(chain.from_iterable(images))
        self._add(v for v in variables if not v.tensor.is_adjoint and v.tensor != ERROR)
        self._add(v for v in variables if v.tensor.role == "adjoint")
        self._add(v for v in variables if v.tensor == ERROR)

    def add_updates(self, parameters: Sequence[str], images: Sequence[Sequence[Variable]]) -> None:
        """``f_11 -= step*(…)``: the images' gradients added; a change that several share is computed once."""
        gradients: dict[str, list[Addend]] = {p: [] for p in parameters}
        for v in chain.from_iterable(images):
            if v.tensor.role == "gradient":
                gradients[v.quantity.primal.name] += v.addends
        changes = {p: self.printer.addends(addends) for p, addends in gradients.items() if addends}
        shared: dict[str, str] = {}
        for text, times in Counter(changes.values()).items():
            if times > 1:
                shared[text] = f"change_{len(shared) + 1}"
                self.body.append(f"{shared[text]} = step*({text})")
        self.body += [f"{p} -= {shared.get(text) or f'step*({text})'}" for p, text in changes.items()]

    def _add(self, variables: Iterable[Variable]) -> None:
        for variable in variables:
            text = self.printer.variable(self._shortened(variable))
            if text in self._known.values():  # not a parameter: an update moves it before others have used it
                self._names[variable.name] = text
            elif text in self._known:
                self._names[variable.name] = self._known[text]
            else:
                self._known[text] = variable.name
                self.body.append(f"{variable.name} = {text}")
                # sums only: a number would be replaced everywhere, in exponents too
                if len(variable.products) == 1 and len(variable.products[0]) == 1 and variable.products[0][0].is_Add:
                    self._differences[variable.products[0][0]] = Symbol(variable.name)

    def _shortened(self, variable: Variable) -> Variable:
        """(o - t)² with the name that o - t already has."""

        def shortened(factors: Product) -> Product:
            return tuple(f.xreplace(self._differences) if f.is_Pow else f for f in factors)

        addends = (replace(a, products=tuple(map(shortened, a.products))) for a in variable.addends)
        return replace(variable, addends=tuple(addends))


def of_image(graph: Graph, image: int, values: Mapping[str, float] | None = None) -> list[Variable]:
    """The variables of one image, named for it (``x_11_image1``); pixels and targets as numbers, if they are given."""
    quantities = [quantity_of(*place) for place in graph.inputs.values()] + [v.quantity for v in graph]
    new: dict[Expr, Expr] = {q.symbol: q.of_image(image).symbol for q in quantities}
    new |= {Symbol(name): _exact(value) for name, value in (values or {}).items()}
    variables = []
    for variable in graph:
        keep_zeros = variable.reduce == "max"
        addends = tuple(a for a in (_substitute(a, new, keep_zeros) for a in variable.addends) if a.products)
        variables.append(replace(variable, name=variable.quantity.of_image(image).name, addends=addends))
    return variables


def _substitute(addend: Addend, values: Mapping[Expr, Expr], keep_zeros: bool) -> Addend:
    """The addend with values; a product with a zero is left out of a sum, but not of the candidates of a maximum."""
    products = []
    for factors in addend.products:
        new = [values.get(f, f) if f.is_Symbol else f.xreplace(values) for f in factors]
        if keep_zeros or all(f != 0 for f in new):
            products.append(tuple(f for f in new if f != 1) or (sympy.S.One,))
    return Addend(tuple(products), addend.coefficient)


def indented(level: int, lines: Iterable[str]) -> list[str]:
    return [f"{'    ' * level}{line}" for line in lines]


def _tuple(names: Sequence[str]) -> str:
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def _exact(value: float) -> Expr:
    return sympy.Integer(int(value)) if value == math.floor(value) and abs(value) < 1e15 else sympy.Float(value, 17)


#: Functions of one number that printed source may call, by their names in ``math``.
MATH = ("exp", "expm1", "log", "log1p", "sqrt", "tanh")

#: Name that printed source uses -> the import and the definition that it needs.
_DEFINITIONS = {
    "np": ("import numpy as np", ""),
    **{name: (f"from math import {name}", "") for name in MATH if name != "exp"},
    "exp": (
        "import math",
        """def exp(z):
    try:
        return math.exp(z)
    except OverflowError:  # so that 1/(1 + exp(-z)) is 0 there
        return math.inf
""",
    ),
    "largest": (
        "",
        """def largest(a, b):
    return a if a > b or a != a else b  # NaN if either is
""",
    ),
}

#: The same for numba, whose own ``exp`` gives inf.
_COMPILED = {
    **_DEFINITIONS,
    "exp": ("from math import exp", ""),
    "largest": ("from numba import njit", f"@njit\n{_DEFINITIONS['largest'][1]}"),
}
_CALLED = re.compile(rf"(?<![.\w])(?:{'|'.join(_DEFINITIONS)})(?=[.(])")


def standalone(source: str, passed: Sequence[str] = (), compiled: bool = False) -> str:
    """A module of the source with its imports and helpers: it needs NumPy at most, or numba if ``compiled``.

    Args:
        passed: functions that are arguments, and need no definition.
    """
    used = set(_CALLED.findall(source)).difference(passed)
    needed = [lines for name, lines in (_COMPILED if compiled else _DEFINITIONS).items() if name in used]
    imports = "".join(f"{line}\n" for line, _ in needed if line)
    return "\n\n".join(filter(None, [imports, *(function for _, function in needed), source]))


NUMPY = Language(
    column=lambda leaf: leaf.column("numpy"),
    power=lambda base, n: InfixText(f"{base.within(ATOM)}**{n}", POWER),
    root="np.sqrt",
)


def scalars_over_samples(graph: Graph, outputs: Sequence[str], parameters: Sequence[str], gradients: bool) -> str:
    """``loss_and_gradient(theta, images, targets)``, or without gradients ``predict(theta, images)``."""
    printer = InfixPrinter(NUMPY)
    lines = [f"[{', '.join(parameters)}] = theta"]
    for name, (tensor, index) in graph.inputs.items():
        if tensor.role == "image" or (tensor.role == "target" and gradients):
            source = "images" if tensor.role == "image" else "targets"
            lines.append(f"{name} = {source}[:, {', '.join(map(str, index))}]")
    variables = list(graph) if gradients else [v for v in graph.forward.values() if v.tensor != ERROR]
    lines += [f"{v.name} = {printer.variable(v) if v.addends else 'np.zeros(len(images))'}" for v in variables]
    if gradients:
        sums = ", ".join(f"{graph.quantities.of(p).adjoint}.sum()" for p in parameters)
        lines.append(f"return E.sum(), np.array([{sums}])")
    else:
        # an output that depends on no pixel is one number, not one for each image
        lines.append(f"outputs = [{', '.join(outputs)}]")
        lines.append("return np.stack([np.broadcast_to(o, len(images)) for o in outputs], axis=-1)")
    head = "def loss_and_gradient(theta, images, targets):" if gradients else "def predict(theta, images):"
    return "\n    ".join([head, *lines]) + "\n"
