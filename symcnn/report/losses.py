"""The error in the reader's words: its textbook formula, and why it is computed as it is."""

from collections.abc import Callable, Iterator

from symcnn.derivation import Derivation
from symcnn.formula import Typography
from symcnn.formula.tree import Call, Equality, Fraction, Negated, Node, Number, Over, Product, Sum
from symcnn.report.document import Block, Display, Paragraph
from symcnn.symbolic import Access, Affine, Tensor, TensorKind
from symcnn.text import Catalogue


def words(derivation: Derivation, text: Catalogue, typography: Typography, large: bool) -> Iterator[Block]:
    """What the error is; of a loss with a stable form also the textbook's, and why both are equal.

    Args:
        large: the network is too large to decide that they are: the textbook's is left out.
    """
    loss = derivation.network.loss
    yield Paragraph((text(f"loss.{loss}"),))
    if loss in _TEXTBOOK and not large:
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
    probabilities = [e.target.tensor for e in derivation.forward if e.target.tensor.kind is TensorKind.PROBABILITY]
    tensors = (stated.outputs, stated.targets, *(probabilities or [stated.outputs]))
    output, target, share = (typography.access(_entry(tensor, letter)) for tensor in tensors)
    return output, target, share


def _entry(tensor: Tensor, letter: str) -> Access:
    return Access(tensor, (Affine(((letter, 1),)),))
