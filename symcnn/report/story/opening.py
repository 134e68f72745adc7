"""The first page: conventions, the network, its images."""

from collections.abc import Iterator, Sequence
from dataclasses import fields

from symcnn import article
from symcnn.derivation import count_products
from symcnn.formula import tree
from symcnn.network import checked, settings_of
from symcnn.network.layers import Layer
from symcnn.report.document import Block, Bullets, Display, InlineFormula, Rows, Section, Table, Text
from symcnn.report.entries import MOST
from symcnn.report.story import pictures
from symcnn.report.story.teller import (
    DIGITS,
    MAX_BESIDE_NUMBERS,
    MAX_ENTRIES,
    MAX_SHORTENED,
    Part,
    Teller,
    joined,
    listed,
)
from symcnn.symbolic import ERROR, Access, Equation, Quantity, Tensor, TensorKind, entries, quantity_of


def conventions(t: Teller) -> Section:
    """What a reader must know to read any line of what follows."""
    stated = t.network.forward
    items = [t.say("story.convention_convolution")] if stated.feature_maps else []
    items += [t.say(f"story.convention_{key}") for key in ("error", "sign", "layout", "index")]
    weights = next((p for p in stated.parameters if p.kind is TensorKind.WEIGHT), None)
    if weights is not None:
        items.append(t.say("story.convention_names", **_ends(t, weights)))
    items.append(t.say("story.convention_order", order=listed(_letters(t))))
    if t.content.large:
        terms = MAX_BESIDE_NUMBERS if t.one_pass else MAX_SHORTENED
        repeated = f" ({t.text('story.convention_repeated')})" if t.is_long else ""
        items.append(t.say("story.convention_large", entries=MOST, terms=terms, repeated=repeated))
    if t.has_numbers:
        items.append(_of_numbers(t))
    items.append(t.say("story.convention_evidence"))
    return t.section("conventions", t.say("report.conventions_heading"), [Bullets(tuple(items)), *_counts(t)])


def _of_numbers(t: Teller) -> Text:
    """Of which image, and with which parameters, the numbers are."""
    run = t.content.run
    if run is None or t.one_pass is None or t.content.is_initial:
        return t.say("story.convention_numbers", digits=DIGITS, image=t.image_labels[0])
    if run.course is not None:
        return t.say("story.convention_trained", digits=DIGITS, image=t.image_labels[0])
    return t.say("story.convention_steps", digits=DIGITS, image=t.image_labels[0], steps=run.steps)


def _counts(t: Teller) -> Iterator[Block]:
    """20 + 4 = 24."""
    parameters, maps = t.counts
    if maps:
        yield t.paragraph("story.count_24", count=parameters + maps, parameters=parameters, maps=maps)
    else:
        yield t.paragraph("story.count_parameters", count=parameters)


def network(t: Teller) -> Section:
    """Its layers and its quantities."""
    stated = t.network.forward
    layers = [t.say("report.network_input", shape="×".join(map(str, t.network.input_shape)))]
    layers += [layer_in_words(t, layer) for layer in t.network.layers]
    given = [e.target.tensor for e in stated.equations if e.target.tensor != ERROR]
    assert stated.targets is not None
    tensors = [stated.image, *stated.parameters, *given, stated.targets]
    head = (t.say("report.quantities"), t.say("report.symbol"), t.say("report.number_of"))
    rows = tuple((t.kind(tensor), _span(t, tensor), (t.text.number(tensor.size),)) for tensor in tensors)
    blocks: list[Block] = [
        t.paragraph("story.network_text"), Bullets(tuple(layers)), pictures.network(t), Table(head, rows, numeric=(2,)),
    ]  # fmt: skip
    if t.content.large:
        blocks.append(_sizes(t))
    return t.section("network", t.say("report.network_heading"), blocks)


def _sizes(t: Teller) -> Table:
    """Layer by layer: shapes, parameters, and the products of each equation, forward and of what comes back by it."""
    rows = list[tuple[Text, ...]]()
    totals = [0, 0, 0]
    for equation in t.d.forward:
        tensor = equation.target.tensor
        accesses = {a.tensor for term in equation.terms for f in term.factors for a in f.atoms(Access)}
        counts = (
            sum(a.size for a in accesses if a.role == "parameter"),
            count_products([equation]),
            count_products(e for e in t.d.backward if _comes_back_by(e) == tensor),
        )
        totals = [a + b for a, b in zip(totals, counts, strict=True)]
        name = t.say("report.error_heading") if tensor == ERROR else t.kind(tensor)
        shape = "×".join(map(str, tensor.shape)) or "1"
        rows.append((name, (shape,), *((t.text.number(n) if n else "–",) for n in counts)))
    rows.append((t.say("sizes.total"), (), *((t.text.number(n),) for n in totals)))
    head = tuple(t.say(f"sizes.{key}") for key in ("quantity", "shape", "parameters", "forward", "backward"))
    return Table(head, tuple(rows), t.say("sizes.caption"), numeric=(2, 3, 4))


def _comes_back_by(adjoint: Equation) -> Tensor:
    """The tensor whose equation an adjoint equation is derived from: what stands upstream in it."""
    upstream = [
        f.tensor for term in adjoint.terms for f in term.factors if isinstance(f, Access) and f.tensor.is_adjoint
    ]
    return upstream[0].primal or ERROR if upstream else ERROR


def images(t: Teller) -> Section | None:
    """The images that it is trained on, or others with the parameters of a training; and what it should say of them."""
    data, run, stated = t.content.data, t.content.run, t.network.forward
    if data is None:
        return None
    assert stated.targets is not None
    key = "images_text" if run is None or len(run.data) == len(data) else "images_here"
    blocks: list[Block] = [t.paragraph(f"story.{key}", count=t.images)]
    drawn = pictures.images(t)
    blocks += [drawn] if drawn else []
    if t.network == article.network():
        blocks.append(t.paragraph("report.pixels_reading"))
    if len(stated.image.shape) == 2 and stated.image.size <= MAX_ENTRIES and t.named_images:
        blocks += [t.paragraph("story.pixels_text"), *(_pixels(t, n) for n in t.named_images)]
    targets, wanted = list(entries(stated.targets)), checked(t.network, data)[1].tolist()
    if t.content.large and len(targets) <= MAX_ENTRIES:
        blocks += [t.paragraph("story.targets_text"), _targets(t, targets, wanted)]
    elif len(targets) <= MAX_ENTRIES:
        rows: Rows = tuple(
            (
                (t.image_labels[n - 1],),
                *(
                    (InlineFormula(tree.Number(v, DIGITS, target.of_image(n) if t.quantities else None)),)
                    for target, v in zip(targets, row, strict=True)
                ),
            )
            for n, row in zip(t.shown_images, wanted, strict=False)
        )
        head = ((), *((t.symbol(target),) for target in targets))
        blocks += [t.paragraph("story.targets_text"), Table(head, rows, numeric=tuple(range(1, len(head))))]
    return t.section("images", t.say("story.images_heading"), blocks)


def _targets(t: Teller, targets: Sequence[Quantity], wanted: Sequence[Sequence[float]]) -> Table:
    """A row for each target: they are many, and the images few."""
    head: list[Text] = [(), *((t.label(n),) for n in t.shown_images)]
    shown = zip(*(wanted[n - 1] for n in t.shown_images), strict=True)
    rows: list[tuple[Text, ...]] = [
        ((t.symbol(target),), *((InlineFormula(tree.Number(v, DIGITS)),) for v in row))
        for target, row in zip(targets, shown, strict=True)
    ]
    return Table(tuple(head), tuple(rows), numeric=tuple(range(1, len(head))))


def _pixels(t: Teller, image: int) -> Display:
    """The pixels of an image: which is which, and their values."""
    rows, columns = t.network.forward.image.shape
    pixels = [[Quantity(t.network.forward.image, (r, c), image) for c in range(columns)] for r in range(rows)]
    symbols = tree.Matrix(tuple(tuple(map(t.typography.name, row)) for row in pixels))
    values = tree.Matrix(tuple(tuple(map(t.number, row)) for row in pixels))
    return t.display(f"pixels_image{image}", tree.Labelled(symbols, t.image_labels[image - 1]), values)


def layer_in_words(t: Teller, layer: Layer) -> Text:
    """A layer in words."""
    settings = dict(settings_of(layer))
    activation = settings.get("activation", settings.get("kind"))
    settings["activation"] = t.text(f"activation.{activation or 'none'}")
    if settings.get("padding") == "same":
        settings["padding"] = t.text("padding.same")
    name = type(layer).__name__
    words = t.say(f"layer.{name}_normalized" if settings.get("normalize") else f"layer.{name}", **_as_parts(settings))
    return joined((words, *_unusual(t, layer, settings), *_absent(t, settings)))


def _unusual(t: Teller, layer: Layer, settings: dict[str, object]) -> Iterator[Part]:
    """Settings that are told only where they are not the default: those that have a text of their own."""
    texts = t.text.words("setting")
    for field in fields(layer):
        if field.name in texts and getattr(layer, field.name) != field.default:
            yield f", {texts[field.name].format(value=settings[field.name])}"


def _as_parts(settings: dict[str, object]) -> dict[str, Part]:
    return {key: str(value) for key, value in settings.items()}


def _absent(t: Teller, settings: dict[str, object]) -> tuple[Part, ...]:
    """What the cells beyond the edge count as in a pooling window."""
    if not settings["padding"] if "padding" in settings else True:
        return ()
    if settings.get("pad_value") is not None:
        value = tree.Number(float(str(settings["pad_value"])), DIGITS)
        return ("; ", t.say("report.absent_value", value=value))
    left_out = "pad_value" in settings or settings.get("count_include_pad") is False
    return ("; ", t.say("report.absent_none")) if left_out else ()


def _ends(t: Teller, weights: Tensor) -> dict[str, Part]:
    """One weight with where it comes from and where it goes."""
    assert weights.source is not None
    assert weights.target is not None
    return {"weight": t.first(weights), "source": t.first(weights.source), "target": t.first(weights.target)}


def _letters(t: Teller) -> Iterator[Part]:
    """The tensors of parameters and maps, in the order in which they always stand: the first entry of each."""
    stated = t.network.forward
    for tensor in (*stated.parameters, *stated.feature_maps):
        yield _span(t, tensor)


def _span(t: Teller, tensor: Tensor) -> Text:
    ends = dict.fromkeys((tuple(0 for _ in tensor.shape), tuple(n - 1 for n in tensor.shape)))
    return listed([t.symbol(quantity_of(tensor, index)) for index in ends], " … ")
