"""Straight-line Python: scalar statements with ``math.exp``, one image after the other.

Two prints: ``one_image`` (a pass over one image, pixels as variables), and ``training_loop``: all images in one step,
their pixels and targets put in as numbers (a factor 0 drops its product, a factor 1 is not written), with the update.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import sympy
from sympy import Expr, Symbol

from symcnn.derivation import Addend, Graph, Variable
from symcnn.printers.infix import ATOM, POWER, PRODUCT, InfixPrinter, Language, Text, negated
from symcnn.symbolic import maximum, relu, sigmoid


def _power(base: Text, n: int) -> Text:
    # products, not **: pow is three times slower and raises OverflowError where a product becomes inf
    return Text("*".join([base.within(POWER)] * n), PRODUCT)


PYTHON = Language(
    functions={
        sigmoid: lambda z: Text(f"1.0/(1.0 + exp({negated(z[0])}))", PRODUCT),
        # NaN must come out as NaN: it fails `<= 0`
        relu: lambda z: Text(f"(0.0 if {z[0].text} <= 0.0 else {z[0].text})", ATOM),
        maximum: lambda z: z[0] if len(z) == 1 else Text(f"max({', '.join(a.text for a in z)})", ATOM),
    },
    number=lambda q: Text(f"{q.p}/{q.q}", PRODUCT) if isinstance(q, sympy.Rational) else _float(q),
    power=_power,
)


def _float(value: sympy.Float) -> Text:
    text = repr(float(value))
    return Text(text, PRODUCT if text.startswith("-") else ATOM)


def one_image(graph: Graph, outputs: Sequence[str], parameters: Sequence[str], gradients: bool) -> str:
    """``one_image(theta, image, target)`` -> (E, gradient); without gradients ``(theta, image)`` -> outputs."""
    printer = InfixPrinter(PYTHON)
    images = [n for n, (tensor, _) in graph.inputs.items() if tensor.role == "image"]
    targets = [n for n, (tensor, _) in graph.inputs.items() if tensor.role == "target"]
    lines = [f"{_tuple(parameters)} = theta", f"{_tuple(images)} = image"]
    variables = list(graph.forward.values())
    if gradients:
        lines.append(f"{_tuple(targets)} = target")
        variables += graph.backward.values()
    else:
        variables = [v for v in variables if v.name != "E"]
    lines += [f"{v.name} = {printer.variable(v)}" for v in variables]
    found = [f"dE_d{p}" for p in parameters] if gradients else outputs
    lines.append(f"return {'E, ' if gradients else ''}{_tuple(found, parentheses=True)}")
    head = "def one_image(theta, image, target):" if gradients else "def outputs_of_one_image(theta, image):"
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
    early, with the parameters of the last whole step. What two variables have in common is computed once: images of
    zeros and ones make many right sides equal.
    """
    lines = _Statements()
    images = [_folded(graph, values, n) for n, values in enumerate(samples, 1)]
    for variables in images:
        lines.add([v for v in variables if not v.tensor.is_adjoint and v.tensor.shape])
    for variables in images:
        lines.add([v for v in variables if v.tensor.role == "adjoint"])
    errors = [v for variables in images for v in variables if not v.tensor.shape]
    lines.add(errors)
    lines.body.append(f"record({' + '.join(lines.name(v.name) for v in errors)})")
    totals = [
        Variable(p, parts[0].tensor, parts[0].index, tuple(a for v in parts for a in v.addends))
        for p, *parts in zip(parameters, *(_gradients(variables, parameters) for variables in images), strict=True)
    ]
    changes = Counter(lines.printer.variable(v) for v in totals)
    for number, text in enumerate((t for t, times in changes.items() if times > 1), 1):
        lines.body.append(f"change_{number} = step*({text})")
        changes[text] = -number
    for variable in totals:
        text = lines.printer.variable(variable)
        if variable.addends:
            times = changes[text]
            lines.body.append(f"{variable.name} -= " + (f"change_{-times}" if times < 0 else f"step*({text})"))
    return "\n".join(
        [
            "def train(theta, step, steps, record, exp):",
            f"    {_tuple(parameters)} = theta",
            "    try:",
            "        for _ in range(steps):",
            *(f"            {line}" for line in lines.body),
            "    except OverflowError:",
            "        pass",
            f"    return {_tuple(parameters, parentheses=True)}\n",
        ]
    )


class _Statements:
    """Assignments, each right side once: a second variable with the same right side is another name for the first."""

    def __init__(self) -> None:
        self.body: list[str] = []
        self._names: dict[str, str] = {}
        self._known: dict[str, str] = {}
        self._differences: dict[Expr, Symbol] = {}
        self.printer = InfixPrinter(PYTHON, self.name)

    def name(self, name: str) -> str:
        return self._names.get(name, name)

    def add(self, variables: Sequence[Variable]) -> None:
        for variable in variables:
            text = self.printer.variable(self._shortened(variable))
            if text.isidentifier():
                self._names[variable.name] = text
            elif text in self._known:
                self._names[variable.name] = self._known[text]
            else:
                self._known[text] = variable.name
                self.body.append(f"{variable.name} = {text}")
                if len(variable.products) == 1 and len(variable.products[0]) == 1:
                    self._differences[variable.products[0][0]] = Symbol(variable.name)

    def _shortened(self, variable: Variable) -> Variable:
        """(o - t)² with the name that o - t already has."""
        addends = tuple(
            Addend(tuple(tuple(self._short(f) for f in factors) for factors in a.products), a.coefficient)
            for a in variable.addends
        )
        return replace(variable, addends=addends)

    def _short(self, factor: Expr) -> Expr:
        return factor if factor.is_Symbol or not factor.is_Pow else factor.xreplace(self._differences)


def _gradients(variables: Sequence[Variable], parameters: Sequence[str]) -> list[Variable]:
    """The gradients of one image in the order of the parameters."""
    found = {v.tensor.scalar(v.index).removeprefix("dE_d"): v for v in variables if v.tensor.role == "gradient"}
    return [found[p] for p in parameters]


def _tuple(names: Sequence[str], parentheses: bool = False) -> str:
    text = ", ".join(names) + ("," if len(names) == 1 else "")
    return f"({text})" if parentheses else text


def _folded(graph: Graph, values: Mapping[str, float], image: int) -> list[Variable]:
    """The variables of one image with its numbers put in, named for that image."""
    put_in: dict[Expr, Expr] = {Symbol(v.name): Symbol(f"{v.name}_image{image}") for v in graph}
    put_in |= {Symbol(name): _exact(value) for name, value in values.items()}
    found = []
    for variable in graph:
        addends = tuple(a for a in (_put_in(a, put_in) for a in variable.addends) if a.products)
        found.append(replace(variable, name=f"{variable.name}_image{image}", addends=addends))
    return found


def _put_in(addend: Addend, values: Mapping[Expr, Expr]) -> Addend:
    products = []
    for factors in addend.products:
        new = [values.get(f, f) if f.is_Symbol else f.xreplace(values) for f in factors]
        if all(f != 0 for f in new):
            products.append(tuple(f for f in new if f != 1) or (sympy.S.One,))
    return Addend(tuple(products), addend.coefficient)


def _exact(value: float) -> Expr:
    return sympy.Integer(int(value)) if value == math.floor(value) and abs(value) < 1e15 else sympy.Float(value, 17)
