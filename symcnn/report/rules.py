"""What a network's functions mean and how they are differentiated: the rules that are stated and not derived.

Definitions and derivatives come from the leaf functions themselves; only σ is written out, as people do.

The error in the reader's words: its textbook formula, and why it is computed as it is.
"""

from collections.abc import Callable, Iterator

import sympy
from sympy import Symbol

from symcnn.derivation import Derivation
from symcnn.formula import Typography, tree
from symcnn.formula.tree import Call, Equality, Fraction, Negated, Node, Number, Over, Product, Sum
from symcnn.formula.typography import Letters
from symcnn.report.document import Block, Display, Paragraph
from symcnn.symbolic import LEAF, LEAVES, Access, Affine, Leaf, Quantities, Tensor, gate, sigmoid
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


def error_in_words(derivation: Derivation, text: Catalogue, typography: Typography, textbook: bool) -> Iterator[Block]:
    """What the error is; of a loss with a stable form also the textbook's, and why both are equal.

    Args:
        textbook: can it be decided that they are? Else the textbook's is left out.
    """
    loss = derivation.network.loss
    yield Paragraph((text(f"loss.{loss}"),))
    if loss in _TEXTBOOK and textbook:
        yield Paragraph((text("loss.textbook"),))
        make, why = _TEXTBOOK[loss]
        for n, formula in enumerate(make(derivation, typography), 1):
            yield Display(f"textbook_{loss}_{n}", formula)
        yield Paragraph((text(why),))


def found_gradient(derivation: Derivation, typography: Typography) -> Node:
    """∂E/∂o_k = y_k · Σ_j t_j - t_k."""
    _, t, y = _quantities(derivation, typography, "k")
    _, targets, _ = _quantities(derivation, typography, "j")
    left = typography.access(_entry(derivation.network.forward.outputs.adjoint(), "k"))
    return Equality((left, Sum((Product((y, Over("Σ", ("j",), targets))), Negated(t)))))


def _cross_entropy(derivation: Derivation, typography: Typography) -> list[Node]:
    o, t, y = _quantities(derivation, typography, "k")
    other, _, _ = _quantities(derivation, typography, "j")
    error = typography.expression(derivation.forward[-1].target)
    share = Fraction(Call("exp", (o,)), Over("Σ", ("j",), Call("exp", (other,))))
    return [
        Equality((error, Negated(Over("Σ", ("k",), Product((t, Call("ln", (y,)))))))),
        Equality((y, share)),
    ]


def _binary_cross_entropy(derivation: Derivation, typography: Typography) -> list[Node]:
    o, t, _ = _quantities(derivation, typography, "k")
    error = typography.expression(derivation.forward[-1].target)
    one = Number(1)
    both = Sum(
        (Product((t, Call("ln", (o,)))), Product((Sum((one, Negated(t))), Call("ln", (Sum((one, Negated(o))),)))))
    )
    return [Equality((error, Negated(Over("Σ", ("k",), both))))]


#: Loss -> its textbook formulas, and the sentence that says why what is computed equals them.
_TEXTBOOK: dict[str, tuple[Callable[[Derivation, Typography], list[Node]], str]] = {
    "cross_entropy": (_cross_entropy, "loss.cross_entropy_computed"),
    "binary_cross_entropy": (_binary_cross_entropy, "loss.binary_cross_entropy_computed"),
}


def _quantities(derivation: Derivation, typography: Typography, letter: str) -> tuple[Node, Node, Node]:
    """Output, target and probability with an index."""
    stated = derivation.network.forward
    assert stated.targets is not None
    tensors = (stated.outputs, stated.targets, stated.answers)
    output, target, share = (typography.access(_entry(tensor, letter)) for tensor in tensors)
    return output, target, share


def _entry(tensor: Tensor, letter: str) -> Access:
    return Access(tensor, (Affine(((letter, 1),)),))
