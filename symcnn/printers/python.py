"""Straight-line Python: scalar statements with ``math.exp``, one image after the other.

Two prints: ``one_image`` (a pass over one image, pixels as variables), and ``training_loop``: all images in one step,
their pixels and targets put in as numbers (a factor 0 drops its product, a factor 1 is not written), with the update.
"""

import math
from collections.abc import Mapping, Sequence

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
    early, with the parameters of the last whole step.
    """
    printer = InfixPrinter(PYTHON)
    body: list[str] = []
    per_image = [_folded(graph, parameters, values, n) for n, values in enumerate(samples, 1)]
    for variables in per_image:
        body += [f"{v.name} = {printer.variable(v)}" for v in variables.values() if not v.tensor.is_adjoint]
    body.append(f"record({' + '.join(f'E_image{n}' for n in range(1, len(samples) + 1))})")
    for variables in per_image:
        kept = [v for v in variables.values() if v.tensor.role == "adjoint"]
        body += [f"{v.name} = {printer.variable(v)}" for v in kept]
    for p in parameters:
        parts = [variables[f"dE_d{p}_image{n}"] for n, variables in enumerate(per_image, 1)]
        total = printer.sum([Text(printer.variable(v), 0) for v in parts if v.addends])
        if total.text != "0":
            body.append(f"{p} -= step*{total.within(PRODUCT) if len(parts) == 1 else f'({total.text})'}")
    lines = [
        "def train(theta, step, steps, record, exp):",
        f"    {_tuple(parameters)} = theta",
        "    try:",
        "        for _ in range(steps):",
        *(f"            {line}" for line in body),
        "    except OverflowError:",
        "        pass",
        f"    return {_tuple(parameters, parentheses=True)}",
    ]
    return "\n".join(lines) + "\n"


def _tuple(names: Sequence[str], parentheses: bool = False) -> str:
    text = ", ".join(names) + ("," if len(names) == 1 else "")
    return f"({text})" if parentheses else text


def _folded(graph: Graph, parameters: Sequence[str], values: Mapping[str, float], image: int) -> dict[str, Variable]:
    """The variables of one image with its numbers put in, named for that image."""
    known = {Symbol(name): _exact(value) for name, value in values.items()}
    renamed = {Symbol(v.name): Symbol(f"{v.name}_image{image}") for v in graph}
    found = {}
    for variable in graph:
        name = f"{variable.name}_image{image}"
        addends = tuple(a for a in (_put_in(a, known, renamed) for a in variable.addends) if a.products)
        found[name] = Variable(name, variable.tensor, variable.index, addends, variable.reduce)
    return found


def _put_in(addend: Addend, known: Mapping[Symbol, Expr], renamed: Mapping[Symbol, Symbol]) -> Addend:
    products = []
    for factors in addend.products:
        new = tuple(f.xreplace(known).xreplace(renamed) for f in factors)
        if all(f != 0 for f in new):
            products.append(tuple(f for f in new if f != 1) or (sympy.S.One,))
    return Addend(tuple(products), addend.coefficient)


def _exact(value: float) -> Expr:
    return sympy.Integer(int(value)) if value == math.floor(value) and abs(value) < 1e15 else sympy.Float(value, 17)
