"""From the map to the error, and the weights and biases on the way."""

from collections.abc import Iterator

from symcnn.formula import tree
from symcnn.report.document import Block, Display, Section
from symcnn.report.rules import found_gradient
from symcnn.report.story import pictures
from symcnn.report.story.developed import local_blocks
from symcnn.report.story.filters import gradient_displays
from symcnn.report.story.teller import Teller
from symcnn.symbolic import Tensor, TensorKind, entries, sigmoid
from symcnn.verification import method_in_words


def maps(t: Teller) -> Section:
    """∂E/∂(every quantity of the forward pass), from the first map up to E."""
    known = {e.target.tensor for e in t.d.backward}
    tensors = [e.target.tensor for e in t.d.forward if e.target.tensor.adjoint() in known]
    blocks: list[Block] = [t.paragraph("story.maps_text")]
    if t.content.large:
        blocks.append(t.paragraph("story.gather_text"))
    drawn = pictures.ways(t, next(entries(tensors[0])))
    blocks += [drawn] if drawn else []
    return t.section("maps", t.say("story.maps_heading"), blocks, *(_value(t, tensor) for tensor in tensors))


def _value(t: Teller, tensor: Tensor) -> Section:
    blocks: list[Block] = []
    if tensor == t.network.forward.outputs:
        blocks += _found(t)
    blocks += gradient_displays(t, tensor)
    found = [] if t.content.large else list(local_blocks(t, tensor))
    blocks += [t.paragraph("story.then_local"), *found] if found else []
    blocks += _questions(t, tensor)
    symbol = tree.Partial(t.typography.error, t.typography.name(next(entries(tensor)), differentiated=True))
    title = t.say("story.by_heading", kind=t.kind(tensor), derivative=symbol)
    return t.section(f"gradient_{tensor.name}", title, blocks)


def _found(t: Teller) -> Iterator[Block]:
    """∂E/∂(output) of a cross-entropy, if it was proved."""
    verdicts = t.content.loss_gradient
    if verdicts and all(verdicts) and not t.content.large:
        yield t.paragraph("report.found_text", method=method_in_words(verdicts[0], t.text))
        yield Display(f"{t.network.forward.outputs.adjoint().name}_found", found_gradient(t.d, t.typography))
        yield t.note("softmax")


def _questions(t: Teller, tensor: Tensor) -> Iterator[Block]:
    """What readers ask at this quantity."""
    stated = [e for e in t.d.forward if e.target.tensor == tensor]
    calls = {c.func for e in stated for term in e.terms for f in term.factors for c in f.atoms(sigmoid)}
    first = next((e.target.tensor for e in t.d.forward if any(f.has(sigmoid) for f in e.terms[0].factors)), None)
    if calls and tensor == first:
        yield t.note("sigmoid")
    pooled = [e for e in t.d.forward if e.reduce == "max" and not e.constant]
    if pooled and tensor == pooled[0].target.tensor:
        yield t.note("pooling")


def weights(t: Teller) -> Section:
    """The weights and biases, in the order of the parameters."""
    tensors = [p for p in t.network.forward.parameters if p.kind is not TensorKind.FILTER]
    inner = [_parameter(t, tensor, n) for n, tensor in enumerate(tensors)]
    return t.section(
        "weights", t.say("story.weights_heading"), [t.paragraph("story.weights_text"), t.note("transposes")], *inner
    )


def _parameter(t: Teller, tensor: Tensor, number: int) -> Section:
    blocks: list[Block] = [] if t.content.large else list(local_blocks(t, tensor))
    if not t.content.large:
        blocks.append(t.paragraph("story.then_chain"))
    blocks += gradient_displays(t, tensor)
    if tensor == next((p for p in t.network.forward.parameters if p.kind is TensorKind.BIAS), None):
        blocks.append(t.note("bias"))
    return t.section(f"gradient_{tensor.name}", t.kind(tensor), blocks)
