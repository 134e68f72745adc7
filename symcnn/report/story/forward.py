"""Forward pass and error: each quantity, its formula, the numbers under it."""

from collections.abc import Iterator

from symcnn.derivation import Variable
from symcnn.formula import tree
from symcnn.formula.tree import Node
from symcnn.report.document import Block, Display, Section
from symcnn.report.rules import error_in_words, rules
from symcnn.report.story import convolution
from symcnn.report.story.teller import MAX_WRITTEN, Teller, shortened
from symcnn.symbolic import E_TOTAL, ERROR, E, Tensor, TensorKind

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
    if t.quantities:
        opening.append(t.paragraph("story.forward_numbers", image=t.image_labels[0]))
    opening += rules(t.d, t.text)
    return t.section("forward", t.say("report.forward_heading"), opening, *inner)


def _tensor(t: Teller, tensor: Tensor) -> Section:
    blocks: list[Block] = []
    if tensor.kind in EXPLAINED:
        blocks.append(t.paragraph(f"story.forward_{tensor.kind.value}"))
    if tensor in t.network.forward.feature_maps:
        blocks.append(t.note("shift" if convolution.slides(t, tensor) else "padding"))
    if not t.is_whole(tensor):
        blocks += indexed(t, tensor)
    blocks += [entry(t, t.variable(tensor, index)) for index in t.entries(tensor)]
    if tensor in t.network.forward.feature_maps:
        blocks += convolution.forward_blocks(t, tensor)
    return t.section(f"forward_{tensor.name}", t.kind(tensor), blocks)


def indexed(t: Teller, tensor: Tensor) -> Iterator[Block]:
    """What stands before chosen entries: the equation of all of them."""
    if len(t.entries(tensor)) < tensor.size:
        yield t.paragraph("story.some_entries", count=tensor.size)
    yield index_display(t, tensor)


def index_display(t: Teller, tensor: Tensor) -> Display:
    """A tensor's equation in index notation."""
    return Display(f"{tensor.name}_indexed", t.in_index_notation(tensor))


def entry(t: Teller, variable: Variable) -> Display:
    """One quantity: its formula, with the number of the first image under each of its own, and its value."""
    quantity = variable.quantity
    if len(variable.products) > MAX_WRITTEN or t.content.large:
        return shortened(t, variable)
    left, result = t.typography.name(quantity), t.result(quantity.of_image(1))
    return t.display(quantity, left, t.beneath().right_side(variable), *result)


def error(t: Teller) -> Section:
    """E of one image, E_total over the images."""
    blocks: list[Block] = [t.paragraph("story.error_text")]
    blocks += error_in_words(t.d, t.text, t.typography, t.content.large)
    [variable] = [t.variable(e.target.tensor, ()) for e in t.d.forward if e.target.tensor == ERROR]
    if t.content.large:
        blocks.append(index_display(t, variable.tensor))
    else:
        blocks.append(entry(t, variable))
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
