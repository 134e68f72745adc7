"""Convolution: a forward-only network on one image, cell by cell (part 1 of the article); live formulas."""

from symcnn.derivation.graph import Graph, instantiate
from symcnn.network import Array, Network
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import Access, Quantity, entries
from symcnn.workbook import style
from symcnn.workbook.addresses import Cell, SheetPrinter, area, check_size, fixed, letters, places
from symcnn.workbook.bands import Band, band_of
from symcnn.workbook.book import Book, StyledSheet
from symcnn.workbook.sheets.inputs import number

TOP, LEFT = 6, 2
#: Of the worked window: where its row and column are chosen, and its sum stands.
CHOSEN = 5
KEYS = ("row", "column")


def write_convolution(book: Book, network: Network, theta: Array, image: Array, hint: str = "hint_convolution") -> None:
    """Image, parameters, maps, and one window worked out product by product; ``hint``: how to read it."""
    forward = network.forward
    graph = instantiate((forward.image, *forward.parameters), forward.equations, ())
    title = book.title("convolution")
    band = band_of(network, LEFT, strips=False).at(title, TOP)
    check_size(title, TOP + band.height, LEFT + band.width)
    page = book.add_sheet("convolution", book.label(hint))
    cells = band.cells()
    values = dict(zip(entries(forward.image), image.ravel().tolist(), strict=True))
    parameters = (q for tensor in forward.parameters for q in entries(tensor))
    values |= zip(parameters, theta.tolist(), strict=True)
    printer = SheetPrinter(places(cells, graph.quantities, title))
    for block in band.blocks:
        page.put(TOP - 1, block.area(())[1], book.kind(block.tensor), style.HEAD)
        for quantity in entries(block.tensor):
            cell = cells[quantity]
            if quantity in values:
                page.put(cell.row, cell.column, number(values[quantity]), style.INPUT)
            else:
                page.put(cell.row, cell.column, printer.formula(graph[quantity]), style.VALUE_TWO)
        if block.tensor.role == "value":
            style.signed_scale(page.sheet, area(*block.area(())), 1.0)
        else:
            pixels = [cells[q] for q in entries(block.tensor)]
            style.pixels_rule(page.sheet, style.row_areas(pixels), pixels[0].local, grey=False)
    page.widths(dict.fromkeys(range(LEFT, LEFT + band.width + 2), 6))
    below = _window(page, network, graph, cells, TOP + band.height + 2)
    _flattened(page, network, band, cells, below)


def _window(page: StyledSheet, network: Network, graph: Graph, cells: dict[Quantity, Cell], top: int) -> int:
    """One window at a chosen row and column, its products with the first filter, their sum, and what becomes of it.

    Returns:
        the next free row.
    """
    image, equation = network.forward.image, network.forward.equations[0]
    x, source = equation.target.tensor, equation.terms[0].factors[0]
    if not isinstance(source, Access) or source.tensor != image or x not in network.forward.feature_maps:
        return top
    spans = [m.span(equation.sizes) for m in source.index]
    if len(image.shape) != 2 or any(low < 0 or high >= n for (low, high), n in zip(spans, image.shape, strict=True)):
        return top
    rows, columns = network.forward.parameters[0].shape[-2:]  # a feature map's first parameter is its filters
    first = next(iter(graph.forward.values()))  # the first window of the first filter
    parts = [factors for addend in first.addends for factors in addend.products]
    of = graph.quantities.of
    weights, biases = [of(f[1]) for f in parts if len(f) == 2], [of(f[0]) for f in parts if len(f) == 1]
    page.put(top, LEFT, page.label("window"), style.HEAD)
    chosen = [
        _choice(page, top + 1 + n, key, count) for n, (key, count) in enumerate(zip(KEYS, x.shape[-2:], strict=True))
    ]
    ends = [cells[Quantity(image, index)] for index in ((0, 0), (image.shape[0] - 1, image.shape[1] - 1))]
    whole = ":".join(fixed(c.row, c.column) for c in ends)
    top += 5
    for n, key in enumerate(("piece", "feature", "products")):
        page.put(top - 1, LEFT + n * (columns + 1), page.label(key, number=1), style.HEAD)
    products = []
    for n, filter_weight in enumerate(weights):
        p, q = divmod(n, columns)
        at = [
            f"{stride}*({c}-1)+{step * k + 1}"
            for c, k, ((_, stride), (_, step)) in zip(
                chosen, (p, q), (m.coefficients for m in source.index), strict=True
            )
        ]
        piece, weight, product = (Cell(page.title, top + p, LEFT + m * (columns + 1) + q) for m in range(3))
        page.formula(piece.row, piece.column, f"INDEX({whole},{at[0]},{at[1]})", style.PLAIN_VALUE)
        page.formula(weight.row, weight.column, cells[filter_weight].local, style.PLAIN_VALUE)
        page.formula(product.row, product.column, f"{piece.local}*{weight.local}", style.PLAIN_VALUE)
        products.append(product)
    divided = equation.terms[0].coefficient != 1
    return _result(page, top + rows + 1, products, divided, [cells[bias].local for bias in biases])


def _choice(page: StyledSheet, row: int, key: str, last: int) -> str:
    """A cell in which a row or column is chosen."""
    cell = Cell(page.title, row, LEFT + CHOSEN)
    page.put(row, LEFT, page.label(key), style.WORDS)
    page.put(row, cell.column, 1, style.STEP)
    rule = {"type": "whole", "operator": "between", "formula1": "1", "formula2": str(last)}
    page.prompt(cell.local, page.label("window_prompt", last=last), rule)
    return fixed(cell.row, cell.column)


def _result(page: StyledSheet, row: int, products: list[Cell], divided: bool, biases: list[str]) -> int:
    """The sum of the products; divided by their number and with the bias added, where the layer does so."""
    total = CellFormula(f"=SUM({products[0].local}:{products[-1].local})")
    lines = [(page.label("window_sum"), total, style.PLAIN_VALUE)]
    above = letters(LEFT + CHOSEN)
    if divided:
        words = page.label("window_mean", count=len(products))
        lines.append((words, CellFormula(f"={above}{row}/{len(products)}"), style.RESULT_TWO))
    for bias in biases:
        value = CellFormula(f"={above}{row + len(lines) - 1}+{bias}")
        lines.append((page.label("window_value"), value, style.RESULT_TWO))
    for n, (words, formula, look) in enumerate(lines):
        page.put(row + n, LEFT, words, style.WORDS)
        page.put(row + n, LEFT + CHOSEN, formula, look)
    return row + len(lines) + 2


def _flattened(page: StyledSheet, network: Network, band: Band, cells: dict[Quantity, Cell], top: int) -> None:
    """All values of the last maps one after the other, as the input layer of a network would receive them."""
    outputs = network.forward.outputs
    page.put(top, LEFT, page.label("flattened", count=outputs.size), style.HEAD)
    for n, quantity in enumerate(entries(outputs)):
        row, column = divmod(n, band.width)
        page.formula(top + 1 + row, LEFT + column, cells[quantity].local, style.VALUE_TWO)
