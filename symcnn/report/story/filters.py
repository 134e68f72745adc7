"""The filter: ∂x/∂f developed, ∂E/∂f as sums, the same seen as a convolution."""

from collections.abc import Iterator

from symcnn.formula import tree
from symcnn.report.document import Block, Bullets, Display, Section
from symcnn.report.story import convolution, pictures
from symcnn.report.story.chain import chain_display, total_displays
from symcnn.report.story.developed import local_blocks
from symcnn.report.story.forward import indexed
from symcnn.report.story.teller import Teller, shortened
from symcnn.symbolic import Access, Tensor, TensorKind, entries, quantity_of


def filters(t: Teller) -> list[Section]:
    """A section for every filter: what each weight does, what it asks for, and the window that slides."""
    tensors = [p for p in t.network.forward.parameters if p.kind is TensorKind.FILTER]
    maps = t.network.forward.feature_maps
    return [
        s
        for f, x in zip(tensors, maps, strict=True)
        for s in (_local(t, f, x), _gradient(t, f, x), _window(t, f, x))
        if s
    ]


def _local(t: Teller, weights: Tensor, target: Tensor) -> Section | None:
    """∂x/∂f, one by one."""
    if t.content.large:
        return None
    by, of = _whole(weights), _whole(target)
    blocks: list[Block] = [t.paragraph("story.local_filter_text", count=weights.size, map=target.size)]
    blocks += local_blocks(t, weights)
    return t.section(
        f"local_{target.name}_{weights.name}", t.say("story.local_heading", derivative=tree.Partial(of, by)), blocks
    )


def _gradient(t: Teller, weights: Tensor, target: Tensor) -> Section:
    """∂E/∂f as a sum over the cells of the map."""
    title = t.say("story.gradient_heading", derivative=tree.Partial(t.typography.error, _whole(weights)))
    blocks: list[Block] = [t.paragraph("story.filter_text")]
    if t.content.large:
        blocks.append(t.paragraph("story.gather_text"))
    elif t.is_whole(weights):
        blocks += [t.paragraph("story.filter_indexed"), _over_map(t, weights, target)]
    blocks += gradient_displays(t, weights)
    blocks.append(t.note("positions"))
    return t.section(f"gradient_{weights.name}", title, blocks)


def _over_map(t: Teller, weights: Tensor, target: Tensor) -> Display:
    """∂E/∂f_{p, q} = Σ_{r, c} ∂E/∂x_{r, c} · ∂x_{r, c}/∂f_{p, q}, then with the pixels, in index notation."""
    equation = t.stated[weights.adjoint()]
    [term] = equation.terms
    [above] = [a for f in term.factors for a in f.atoms(Access) if a.tensor == target.adjoint()]
    cell, weight = (
        t.typography.access(Access(target, above.index)),
        t.typography.access(Access(weights, equation.target.index)),
    )
    path = tree.Product((t.typography.access(above), tree.Partial(cell, weight)))
    general = tree.Over("Σ", tuple(axis.name for axis in term.axes), path)
    left, right = t.typography.access(equation.target), t.typography.sum_of(equation)
    return t.display(f"{equation.target.tensor.name}_indexed", left, general, right)


def gradient_displays(t: Teller, tensor: Tensor) -> Iterator[Block]:
    """∂E/∂(each entry): the chain rule, then the numbers; of a large tensor its equation and chosen entries."""
    if not t.is_whole(tensor):
        yield from indexed(t, tensor.adjoint())
    for index in t.entries(tensor):
        quantity = quantity_of(tensor, index)
        if t.content.large:
            yield shortened(t, t.variable(tensor.adjoint(), index))
            continue
        yield chain_display(t, quantity)
        if tensor.is_shared:
            yield from total_displays(t, quantity)


def _window(t: Teller, weights: Tensor, target: Tensor) -> Section:
    """The sums are a convolution of what the filter slides over with ∂E/∂X."""
    shown: list[Display] = convolution.backward_displays(t, weights, target)
    title = t.say("story.convolution_heading")
    if not shown:
        moved = [] if t.content.large or convolution.slides(t, target) else [t.paragraph("story.no_window")]
        return t.section(f"window_{weights.name}", t.say("story.flip_heading"), [*moved, *_flip(t, target)])
    cells = [t.symbol(quantity) for quantity in entries(target.adjoint())]
    seen = [
        t.say("story.seen_form", count=weights.size),
        t.say("story.seen_elements", first=cells[0], last=cells[-1]),
        t.say("story.seen_pixels"),
    ]
    blocks: list[Block] = [
        t.paragraph("story.convolution_text"),
        Bullets(tuple(seen)),
        t.paragraph("story.convolution_found"),
    ]
    drawn = pictures.windows(t, weights)
    return t.section(f"window_{weights.name}", title, [*blocks, *shown, *([drawn] if drawn else []), *_flip(t, target)])


def _flip(t: Teller, target: Tensor) -> Iterator[Block]:
    """Where the filter is flipped: in the derivative by what it slides over, told entry by entry."""
    [equation] = [e for e in t.d.forward if e.target.tensor == target]
    [source] = [a.tensor for f in equation.terms[0].factors for a in f.atoms(Access) if a.tensor.role != "parameter"]
    yield t.note("flip")
    yield t.paragraph("story.flip_text", by=t.first(source))
    yield Display(f"flipped_{equation.target.tensor.name}", t.in_index_notation(source.adjoint()))


def _whole(tensor: Tensor) -> tree.Symbol:
    """The tensor as one letter: F, X."""
    return tree.Symbol(tensor.name.upper())
