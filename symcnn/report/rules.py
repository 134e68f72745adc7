"""What a network's functions mean and how they are differentiated: the rules that are stated and not derived.

Definitions and derivatives come from the leaf functions themselves; only σ is written out, as the article does.
"""

from collections.abc import Iterator

import sympy
from sympy import Expr, Symbol

from symcnn.derivation import Derivation
from symcnn.formula import Latex, Typography
from symcnn.formula.tree import Equality, Partial
from symcnn.symbolic import (
    LEAKY_SLOPE,
    Index,
    Tensor,
    exp,
    gate,
    leaky_relu,
    log,
    maximum,
    relu,
    sigmoid,
    softplus,
    tanh,
)  # fmt: skip
from symcnn.text import Catalogue

#: σ, and its derivative written with the output.
SIGMOID = (
    r"\sigma\left(z\right) = \frac{1}{1 + e^{-z}}",
    r"\frac{d\sigma}{dz} = \frac{e^{-z}}{\left(1 + e^{-z}\right)^2} = \sigma\left(z\right)"
    r" \cdot \left(1 - \sigma\left(z\right)\right)",
)

_z = Symbol("z")

#: Leaf function -> what it is, where its name does not say it.
DEFINITIONS: dict[type[sympy.Function], Expr] = {
    relu: maximum(0, _z), leaky_relu: gate(_z, _z, LEAKY_SLOPE * _z),
}  # fmt: skip

#: Leaf functions with one argument, in the order in which they are explained.
EXPLAINED = (tanh, relu, leaky_relu, softplus, exp, log)

#: What is to be said of a kink.
KINKS = {relu: "report.relu_kink", leaky_relu: "report.leaky_kink"}


class _Argument:
    """The one quantity z."""

    tensors: tuple[Tensor, ...] = ()

    def place(self, name: str) -> tuple[Tensor, Index]:
        return Tensor(name, (), ((name, 0),)), ()


def rules(derivation: Derivation, text: Catalogue, latex: Latex) -> Iterator[str]:
    """A sentence and displays for every function that the forward pass uses."""
    used = {
        call.func
        for equation in derivation.forward for term in equation.terms for factor in term.factors
        for call in factor.atoms(sympy.Function)
    }  # fmt: skip
    if sigmoid in used:
        yield text("report.sigmoid_text")
        yield from (f"$$\n{formula}\n$$" for formula in SIGMOID)
    typography = Typography(_Argument(), text.words("word"))
    shown = [leaf for leaf in EXPLAINED if leaf in used]
    if shown:
        yield text("report.rules_text")
    for leaf in shown:
        call = leaf(_z)
        name = typography.expression(call)
        if leaf in DEFINITIONS:
            yield latex.display(Equality((name, typography.expression(DEFINITIONS[leaf]))))
        derivative = typography.expression(call.diff(_z))
        yield latex.display(Equality((Partial(name, typography.expression(_z)), derivative)))
        if leaf in KINKS:
            yield text(KINKS[leaf])
    pooled = any(e.reduce == "max" and not e.constant for e in derivation.forward)
    if pooled:
        yield text("report.maximum_text")
    if pooled or used & KINKS.keys():
        yield text("report.bracket_text")
    if any(e.constant for e in derivation.forward):
        yield text("report.softmax_text")
