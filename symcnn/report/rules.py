"""What a network's functions mean and how they are differentiated: the rules that are stated and not derived.

Definitions and derivatives come from the leaf functions themselves; only σ is written out, as people do.
"""

from collections.abc import Iterator

import sympy
from sympy import Expr, Symbol

from symcnn.derivation import Derivation
from symcnn.formula import Typography, tree
from symcnn.report.document import Block, Display, Paragraph
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


def rules(derivation: Derivation, text: Catalogue) -> Iterator[Block]:
    """A sentence and displays for every function that the forward pass uses."""
    used = {
        call.func
        for equation in derivation.forward for term in equation.terms for factor in term.factors
        for call in factor.atoms(sympy.Function)
    }  # fmt: skip
    if sigmoid in used:
        yield Paragraph((text("report.sigmoid_text"),))
        yield from _sigmoid()
    shown = [leaf for leaf in EXPLAINED if leaf in used]
    if shown:
        yield Paragraph((text("report.rules_text"),))
    typography = Typography(_Argument(), text.words("word"))
    for leaf in shown:
        yield from _rule(leaf, typography)
        if leaf in KINKS:
            yield Paragraph((text(KINKS[leaf]),))
    pooled = any(e.reduce == "max" and not e.constant for e in derivation.forward)
    if pooled:
        yield Paragraph((text("report.maximum_text"),))
    if pooled or used & KINKS.keys():
        yield Paragraph((text("report.bracket_text"),))
    if any(e.constant for e in derivation.forward):
        yield Paragraph((text("report.softmax_text"),))


def _sigmoid() -> Iterator[Display]:
    """σ, and its derivative written with its own value."""
    z = tree.Symbol("z")
    value, power, one = tree.Call("σ", (z,)), tree.Call("exp", (tree.Negated(z),)), tree.Number(1)
    below = tree.Sum((one, power))
    written = tree.Product((value, tree.Sum((one, tree.Negated(value)))))
    yield Display("sigmoid", tree.Equality((value, tree.Fraction(one, below))))
    steps = (tree.Partial(value, z), tree.Fraction(power, tree.Power(below, 2)), written)
    yield Display("sigmoid_derivative", tree.Equality(steps))


def _rule(leaf: type[sympy.Function], typography: Typography) -> Iterator[Display]:
    call = leaf(_z)
    name = typography.expression(call)
    if leaf in DEFINITIONS:
        yield Display(leaf.__name__, tree.Equality((name, typography.expression(DEFINITIONS[leaf]))))
    derivative = typography.expression(call.diff(_z))
    yield Display(
        f"{leaf.__name__}_derivative", tree.Equality((tree.Partial(name, typography.expression(_z)), derivative))
    )
