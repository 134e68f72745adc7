"""The filter: ∂x/∂f developed, ∂E/∂f as sums, the same seen as a convolution."""

from collections.abc import Iterator

from symcnn.formula import tree
from symcnn.network import kind_of
from symcnn.report.document import Block, Bullets, Display, Section
from symcnn.report.story import convolution, pictures
from symcnn.report.story.chain import chain_display, total_displays
from symcnn.report.story.developed import local_blocks
from symcnn.report.story.forward import index_display
from symcnn.report.story.teller import Teller, shortened
from symcnn.symbolic import Tensor


def filters(t: Teller) -> list[Section]:
    """A section for every filter: what each weight does, what it asks for, and the window that slides."""
    tensors = [p for p in t.network.forward.parameters if kind_of(p).letter == "f"]
    maps = t.network.forward.feature_maps
    return [
        s for f, x in zip(tensors, maps, strict=True) for s in (_local(t, f, x), _gradient(t, f), _window(t, f, x)) if s
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


def _gradient(t: Teller, weights: Tensor) -> Section:
    """∂E/∂f as a sum over the cells of the map."""
    title = t.say("story.gradient_heading", derivative=tree.Partial(t.typography.error, _whole(weights)))
    blocks: list[Block] = [t.paragraph("story.filter_text")]
    if t.content.large:
        blocks.append(t.paragraph("story.gather_text"))
    blocks += gradient_displays(t, weights)
    blocks.append(t.note("positions"))
    return t.section(f"gradient_{weights.name}", title, blocks)


def gradient_displays(t: Teller, tensor: Tensor) -> Iterator[Block]:
    """∂E/∂(each entry): the chain rule, then the numbers; of a large tensor its equation and chosen entries."""
    if not t.is_whole(tensor):
        yield t.paragraph("story.some_entries", count=tensor.size)
        yield index_display(t, tensor.adjoint())
    for index in t.entries(tensor):
        name = tensor.scalar(index)
        if t.content.large:
            yield shortened(t, t.variable(tensor.adjoint(), index))
            continue
        yield chain_display(t, name)
        if name in t.network.parameters:
            yield from total_displays(t, name)


def _window(t: Teller, weights: Tensor, target: Tensor) -> Section | None:
    """The sums are a convolution of what the filter slides over with ∂E/∂X."""
    shown: list[Display] = convolution.backward_displays(t, weights, target)
    if not shown:
        return None
    title = t.say("story.convolution_heading", derivative=tree.Partial(t.typography.error, _whole(weights)))
    seen = [
        t.say("story.seen_form", count=weights.size),
        t.say(
            "story.seen_elements",
            first=t.symbol(f"dE_d{target.scalars()[0]}"),
            last=t.symbol(f"dE_d{target.scalars()[-1]}"),
        ),
        t.say("story.seen_pixels"),
    ]
    blocks: list[Block] = [
        t.paragraph("story.convolution_text"),
        Bullets(tuple(seen)),
        t.paragraph("story.convolution_found"),
    ]
    drawn = pictures.windows(t, weights)
    return t.section(f"window_{weights.name}", title, [*blocks, *shown, *([drawn] if drawn else []), t.note("flip")])


def _whole(tensor: Tensor) -> tree.Symbol:
    """The tensor as one letter: F, X."""
    return tree.Symbol(tensor.name.upper())
