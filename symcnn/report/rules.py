"""What a network's functions mean and how they are differentiated: the rules that are stated and not derived.

Definitions and derivatives come from the leaf functions themselves; only σ is written out, as people do.
"""

from collections.abc import Iterator

import sympy
from sympy import Symbol

from symcnn.derivation import Derivation
from symcnn.formula import Typography, tree
from symcnn.formula.typography import Letters
from symcnn.report.document import Block, Display, Paragraph
from symcnn.symbolic import LEAF, LEAVES, Leaf, Quantities, Tensor, gate, sigmoid
from symcnn.text import Catalogue

_z = Symbol("z")

#: Leaf functions with one argument, in the order in which they are explained; σ is explained before.
EXPLAINED = tuple(leaf for leaf in LEAVES if leaf.takes_one and leaf.function is not sigmoid)


def rules(derivation: Derivation, text: Catalogue) -> Iterator[Block]:
    """A sentence and displays for every function that the forward pass uses."""
    used = {
        call.func
        for equation in derivation.forward for term in equation.terms for factor in term.factors
        for call in factor.atoms(sympy.Function)
    }  # fmt: skip
    slopes = [LEAF[f].slope for f in used if f in LEAF and LEAF[f].takes_one]
    used |= {call.func for slope in slopes for call in slope.atoms(sympy.Function)}
    if sigmoid in used:
        yield Paragraph((text("report.sigmoid_text"),))
        yield from _sigmoid()
    shown = [leaf for leaf in EXPLAINED if leaf.function in used]
    if shown:
        yield Paragraph((text("report.rules_text"),))
    typography = Letters(Quantities([Tensor("z", (), (("z", 0),))]), text.words("word"))
    for leaf in shown:
        yield from _rule(leaf, typography)
        if leaf.has_kink:
            yield Paragraph((text(f"kink.{leaf.name}"),))
    pooled = any(e.reduce == "max" and not e.constant for e in derivation.forward)
    if pooled:
        yield Paragraph((text("report.maximum_text"),))
    if pooled or gate in used:
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


def _rule(leaf: Leaf, typography: Typography) -> Iterator[Display]:
    """What it is, where its name does not say it, and its derivative."""
    name = typography.expression(leaf.function(_z))
    if leaf.sides is not None:
        yield Display(leaf.name, tree.Equality((name, typography.expression(leaf.definition))))
    derivative = typography.expression(leaf.function(_z).diff(_z))
    yield Display(f"{leaf.name}_derivative", tree.Equality((tree.Partial(name, typography.expression(_z)), derivative)))
