"""Convolutions as matrices: X = I ∗ F, and ∂E/∂F = I ∗ ∂E/∂X, where the window moves by one and nothing is padded.

The filter: ∂x/∂f developed, ∂E/∂f as sums, the same seen as a convolution.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from symcnn.formula import Typography, tree
from symcnn.formula.tree import Node
from symcnn.report.document import Block, Bullets, Display, Section
from symcnn.report.story import pictures
from symcnn.report.story.chain import chain_display, local_blocks, total_displays
from symcnn.report.story.teller import MAX_ENTRIES, Teller, chosen_entries, indexed
from symcnn.symbolic import Access, Equation, Index, Quantity, Tensor, TensorKind, entries, image_ending, quantity_of

#: Convolutions of one layer that are shown as matrices.
MAX_MATRICES = 4

#: A matrix's entries, row by row.
Cells = tuple[tuple[Quantity, ...], ...]


@dataclass(frozen=True)
class Windows:
    """One map, made by sliding one filter over one map.

    Attributes:
        source, filter, map: their entries.
        share: a number by which all products are multiplied (1/9).
        alone: the map is this convolution and nothing else: no further map, no bias.
    """

    source: Cells
    filter: Cells
    map: Cells
    share: Node | None
    alone: bool


def windows(t: Teller, equation: Equation) -> Iterator[Windows]:
    """The convolutions of a feature map's equation, filter by filter and map by map, if they slide by one, unpadded."""
    term = equation.terms[0]
    accesses = [a for f in term.factors for a in f.atoms(Access)]
    found = {a.tensor.role == "parameter": a for a in accesses}
    if len(accesses) != 2 or len(found) != 2 or not _slides(found[False], equation.sizes):
        return
    source, weights, target = found[False].tensor, found[True].tensor, equation.target.tensor
    share = t.typography.expression(term.coefficient) if term.coefficient != 1 else None
    channels = source.shape[:-2]
    filters = target.shape[:-2]
    for k in range(filters[0] if filters else 1):
        for d in range(channels[0] if channels else 1):
            of_map, of_source = ((k,) if filters else ()), ((d,) if channels else ())
            yield Windows(
                _cells(source, of_source), _cells(weights, of_map + of_source), _cells(target, of_map), share,
                not channels and len(equation.terms) == 1,
            )  # fmt: skip


def _slides(source: Access, sizes: Mapping[str, int]) -> bool:
    """i[…, r + p, c + q], from the first cell to the last."""
    return all(
        len(a.coefficients) == 2 and {c for _, c in a.coefficients} == {1} and a.span(sizes) == (0, size - 1)
        for a, size in zip(source.index[-2:], source.tensor.shape[-2:], strict=True)
    )


def _cells(tensor: Tensor, first: Index) -> Cells:
    rows, columns = tensor.shape[-2:]
    return tuple(tuple(quantity_of(tensor, (*first, r, c)) for c in range(columns)) for r in range(rows))


def slides(t: Teller, tensor: Tensor) -> bool:
    """Does a feature map's window move by one cell, within the edges?"""
    (equation,) = [e for e in t.d.forward if e.target.tensor == tensor]
    return next(windows(t, equation), None) is not None


def _stated(t: Teller, tensor: Tensor) -> list[Windows]:
    """The windows of a feature map that are small enough to be set as matrices."""
    (equation,) = [e for e in t.d.forward if e.target.tensor == tensor]
    found = [] if t.content.large else list(windows(t, equation))
    return [w for w in found if len(w.source) * len(w.source[0]) <= MAX_ENTRIES][:MAX_MATRICES]


def matrix(cells: Cells, typography: Typography) -> tree.Matrix:
    return tree.Matrix(tuple(tuple(map(typography.name, row)) for row in cells))


def numbers(t: Teller, cells: Cells, image: int = 1) -> tree.Matrix:
    return tree.Matrix(tuple(tuple(t.number(q.of_image(image)) for q in row) for row in cells))


def _shared(share: Node | None, node: Node) -> Node:
    return node if share is None else tree.Product((share, node))


def forward_blocks(t: Teller, tensor: Tensor) -> Iterator[Block]:
    """X = I ∗ F, in letters and in numbers."""
    found = [w for w in _stated(t, tensor) if w.alone]
    if found:
        yield t.paragraph("story.as_matrices")
    for n, w in enumerate(found, 1):
        product = tree.Convolution(matrix(w.source, t.typography), matrix(w.filter, t.typography))
        members: list[Node] = [matrix(w.map, t.typography), _shared(w.share, product)]
        if t.quantities:
            worked = tree.Convolution(numbers(t, w.source), numbers(t, w.filter))
            members += [_shared(w.share, worked), numbers(t, w.map)]
        yield t.display(f"{tensor.name}_convolution{n if len(found) > 1 else ''}", *members)


def backward_displays(t: Teller, weights: Tensor, tensor: Tensor) -> list[Display]:
    """∂E/∂F = I ∗ ∂E/∂X, then with the numbers of the first image."""
    shown, found = [], _stated(t, tensor)
    for n, w in enumerate(found, 1):
        number = n if len(found) > 1 else ""
        letters, maps = _adjoints(w.filter), _adjoints(w.map)
        product = tree.Convolution(matrix(w.source, t.typography), matrix(maps, t.typography))
        name = f"{weights.adjoint().name}_convolution{number}"
        shown.append(t.display(name, matrix(letters, t.typography), _shared(w.share, product)))
        if t.quantities:
            worked = tree.Convolution(numbers(t, w.source), numbers(t, maps))
            left = tree.Labelled(matrix(letters, t.of_one), t.label(1))
            shown.append(
                t.display(f"{name}{image_ending(tensor)}", left, _shared(w.share, worked), numbers(t, letters))
            )
    return shown


def _adjoints(cells: Cells) -> Cells:
    return tuple(tuple(q.adjoint for q in row) for row in cells)


def filters(t: Teller) -> list[Section]:
    """A section for every filter: what each weight does, what it asks for, and the window that slides."""
    tensors = [p for p in t.network.forward.parameters if p.kind is TensorKind.FILTER]
    maps = t.network.forward.feature_maps
    return [
        s
        for f, x in zip(tensors, maps, strict=True)
        for s in (_local(t, f, x), _gradient(t, f, x), None if t.content.large else _window(t, f, x))
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
    blocks = t.once(t.paragraph("story.filter_text"))
    if t.content.large:
        blocks += t.once(t.paragraph("story.gather_text"))
    elif t.is_whole(weights):
        blocks += [t.paragraph("story.filter_indexed"), _over_map(t, weights, target)]
    blocks += gradient_displays(t, weights)
    blocks += t.once(t.note("positions"))
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
    if t.content.large:
        is_drawn = tensor.kind in (TensorKind.FILTER, TensorKind.IMAGE)
        yield from chosen_entries(t, tensor.adjoint(), pictures.one_pass(t, tensor) if is_drawn else None)
        return
    if not t.is_whole(tensor):
        yield from indexed(t, tensor.adjoint(), len(t.entries(tensor)))
    for index in t.entries(tensor):
        quantity = quantity_of(tensor, index)
        yield chain_display(t, quantity)
        if tensor.is_shared:
            yield from total_displays(t, quantity)


def _window(t: Teller, weights: Tensor, target: Tensor) -> Section:
    """The sums are a convolution of what the filter slides over with ∂E/∂X."""
    shown: list[Display] = backward_displays(t, weights, target)
    title = t.say("story.convolution_heading")
    if not shown:
        moved = [] if slides(t, target) else [t.paragraph("story.no_window")]
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
    source = slid_over(t)[t.network.forward.feature_maps.index(target)]
    yield t.note("flip")
    yield t.paragraph("story.flip_text", by=t.first(source))
    yield Display(f"flipped_{target.name}", t.in_index_notation(source.adjoint()))


def slid_over(t: Teller) -> list[Tensor]:
    """What the filters slide over, filter by filter."""
    maps = t.network.forward.feature_maps
    factors = [e.terms[0].factors for target in maps for e in t.d.forward if e.target.tensor == target]
    return [a.tensor for each in factors for f in each for a in f.atoms(Access) if a.tensor.role != "parameter"]


def _whole(tensor: Tensor) -> tree.Symbol:
    """The tensor as one letter: F, X."""
    return tree.Symbol(tensor.name.upper())
