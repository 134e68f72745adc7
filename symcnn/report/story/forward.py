"""Forward pass and error: each quantity, its formula, the numbers under it.

From the map to the error, and the weights and biases on the way.
"""

from collections.abc import Iterator

from symcnn.derivation import Variable
from symcnn.formula import tree
from symcnn.formula.tree import Node
from symcnn.report.content import head
from symcnn.report.document import Block, Display, Section
from symcnn.report.rules import error_in_words, found_gradient, rules
from symcnn.report.story import convolution, pictures
from symcnn.report.story.chain import local_blocks
from symcnn.report.story.convolution import gradient_displays
from symcnn.report.story.teller import MAX_WRITTEN, Teller, chosen_entries, indexed, shortened
from symcnn.symbolic import E_TOTAL, ERROR, E, Tensor, TensorKind, entries, quantity_of, sigmoid
from symcnn.verification import method_in_words

#: Kinds of tensors of which a sentence says what happens there.
EXPLAINED = {
    TensorKind.FEATURE_MAP, TensorKind.ACTIVATED_MAP, TensorKind.POOLED_MAP, TensorKind.PREACTIVATION,
    TensorKind.HIDDEN, TensorKind.OUTPUT, TensorKind.PROBABILITY,
}  # fmt: skip


def forward(t: Teller) -> Section:
    """From the pixels to the outputs."""
    tensors = [e.target.tensor for e in t.d.forward if e.target.tensor != ERROR]
    inner = [_tensor(t, tensor) for tensor in tensors]
    opening: list[Block] = [t.paragraph("story.forward_text")]
    if t.has_numbers:
        opening.append(t.paragraph("story.forward_numbers", image=t.image_labels[0]))
    opening += rules(t.d, t.text)
    return t.section("forward", t.say("report.forward_heading"), opening, *inner)


def _tensor(t: Teller, tensor: Tensor) -> Section:
    blocks: list[Block] = []
    if tensor.kind in EXPLAINED:
        blocks.append(t.paragraph(f"story.forward_{tensor.kind.value}"))
    if tensor in t.network.forward.feature_maps:
        blocks += t.once(t.note("shift" if convolution.slides(t, tensor) else "padding"))
    if t.content.large:
        blocks += chosen_entries(t, tensor, pictures.one_pass(t, tensor))
    else:
        blocks += [] if t.is_whole(tensor) else indexed(t, tensor, len(t.entries(tensor)))
        blocks += [entry(t, t.d.graph[quantity_of(tensor, index)]) for index in t.entries(tensor)]
    if tensor in t.network.forward.feature_maps:
        blocks += convolution.forward_blocks(t, tensor)
    return t.section(f"forward_{tensor.name}", t.kind(tensor), blocks)


def entry(t: Teller, variable: Variable) -> Display:
    """One quantity: its formula, with the number of the first image under each of its own, and its value."""
    quantity = variable.quantity
    if len(variable.products) > MAX_WRITTEN:
        return shortened(t, variable)
    left, result = t.typography.name(quantity), t.result(quantity.of_image(1))
    return t.display(quantity, left, t.beneath().right_side(variable), *result)


def error(t: Teller) -> Section:
    """E of one image, E_total over the images."""
    blocks: list[Block] = [t.paragraph("story.error_text")]
    blocks += error_in_words(t.d, t.text, t.typography, not t.content.large or head(t.d) is not None)
    blocks += chosen_entries(t, ERROR) if t.content.large else [entry(t, t.d.graph[E])]
    if t.quantities:
        blocks.append(_total(t))
    blocks.append(t.note("mean"))
    if t.network.loss != "cross_entropy":
        blocks.append(t.note("softmax_elsewhere"))
    return t.section("error", t.say("report.error_heading"), blocks)


def _total(t: Teller) -> Display:
    """E_total = E of image 1 + E of image 2, with their numbers; of many images only that they are added."""
    if not t.named_images:
        whole: Node = tree.Call("Σ", (tree.Symbol("E"),))
        return t.display(E_TOTAL, t.typography.error, whole, t.number(E_TOTAL))
    terms = tuple(t.under(tree.Labelled(tree.Symbol("E"), t.label(n)), E.of_image(n)) for n in t.named_images)
    whole = tree.Sum(terms) if len(terms) > 1 else terms[0]
    return t.display(E_TOTAL, t.typography.error, whole, *t.result(E_TOTAL))


def maps(t: Teller) -> Section:
    """∂E/∂(every quantity of the forward pass), from the first map up to E."""
    known = {e.target.tensor for e in t.d.backward}
    tensors = [e.target.tensor for e in t.d.forward if e.target.tensor.adjoint() in known]
    shown = [t.network.forward.image, *tensors] if t.content.large else tensors
    blocks: list[Block] = [t.paragraph("story.maps_text")]
    if t.content.large:
        blocks.append(t.paragraph("story.gather_text"))
    drawn = pictures.ways(t, next(entries(tensors[0])))
    blocks += [drawn] if drawn else []
    return t.section("maps", t.say("story.maps_heading"), blocks, *(_value(t, tensor) for tensor in shown))


def _value(t: Teller, tensor: Tensor) -> Section:
    blocks: list[Block] = []
    if t.content.large and tensor in convolution.slid_over(t):
        blocks += t.once(t.note("flip"))
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
    if verdicts and all(verdicts):
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
