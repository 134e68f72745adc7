"""Convolution: a forward-only network on one image, cell by cell (part 1 of the article); live formulas."""

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from symcnn.derivation.graph import Graph, instantiate
from symcnn.excel import style
from symcnn.excel.addresses import Cell, check_size
from symcnn.excel.book import Book
from symcnn.excel.inputs import number
from symcnn.excel.layout import Band, Block, band_of
from symcnn.network import Array, Conv2D, Network, kind_of
from symcnn.printers.excel import FormulaPrinter

TOP, LEFT = 6, 2
#: Of the worked window: where its row and column are chosen, and its sum stands.
CHOSEN = 5


def write_convolution(book: Book, network: Network, theta: Array, image: Array) -> None:
    """Image, parameters, maps, and one window worked out product by product."""
    stated = network.forward
    graph = instantiate((stated.image, *stated.parameters), stated.equations, ())
    band = band_of(network, strips=False)
    title = book.title("convolution")
    check_size(title, TOP + band.height, LEFT + band.width)
    sheet = book.add_sheet("convolution", book.label("hint_convolution"))
    cells = {n: Cell(title, TOP + r, LEFT + c) for b in band.blocks for n, r, c in band.cells(b)}
    given = dict(zip(stated.image.scalars(), image.ravel().tolist(), strict=True))
    given |= zip(network.parameters, theta.tolist(), strict=True)
    printer = FormulaPrinter(lambda name: cells[name].local)
    for block in band.blocks:
        _head(book, sheet, block)
        for name in block.tensor.scalars():
            cell = cells[name]
            if name in given:
                book.put(sheet, cell.row, cell.column, number(given[name]), style.INPUT)
            else:
                book.put(sheet, cell.row, cell.column, printer.formula(graph[name]), style.VALUE_TWO)
        places = [cells[n] for n in block.tensor.scalars()]
        area = f"{places[0].local}:{places[-1].local}"
        if block.tensor.role == "value":
            style.signed_scale(sheet, area, 1.0)
        else:
            style.pixel_rule(sheet, places, band.strips)
    for column in range(LEFT, LEFT + band.width + 2):
        sheet.column_dimensions[get_column_letter(column)].width = 6
    below = TOP + band.height + 2
    if isinstance(network.layers[0], Conv2D):
        below = _window(book, sheet, network.layers[0], graph, cells, stated.image.shape, below)
    _flattened(book, sheet, network, band, cells, below)


def _head(book: Book, sheet: Worksheet, block: Block) -> None:
    kind = kind_of(block.tensor)
    words = book.text(f"kind.{kind.letter}", source=kind.source, target=kind.target)
    book.put(sheet, TOP - 1, LEFT + block.column, words, style.HEAD)


def _window(
    book: Book,
    sheet: Worksheet,
    layer: Conv2D,
    graph: Graph,
    cells: dict[str, Cell],
    shape: tuple[int, ...],
    top: int,
) -> int:
    """The window at a chosen row and column, its products with the first filter, sum and quotient; the next row."""
    if len(shape) != 2 or layer.padding != 0:
        return top
    variable = next(iter(graph.forward.values()))  # the first window of the first filter
    filters = [f[1].name for a in variable.addends for f in a.products if len(f) == 2]
    rows, columns = (layer.kernel_size,) * 2 if isinstance(layer.kernel_size, int) else layer.kernel_size
    book.put(sheet, top, LEFT, book.label("window"), style.HEAD)
    top += 1
    chosen = []
    for n, (key, count) in enumerate((("row", shape[0] - rows), ("column", shape[1] - columns))):
        last = count // layer.stride + 1
        book.put(sheet, top + n, LEFT, book.label(key), style.WORDS)
        book.put(sheet, top + n, LEFT + CHOSEN, 1, style.STEP)
        cell = Cell(sheet.title, top + n, LEFT + CHOSEN)
        prompt = book.label("window_prompt", last=last)
        rule = {"type": "whole", "operator": "between", "formula1": "1", "formula2": str(last)}
        book.prompt(sheet, cell.local, prompt, rule)
        chosen.append(f"${get_column_letter(cell.column)}${cell.row}")
    first, end = (cells[f"i_{n}"] for n in _ends(shape))
    image = f"${get_column_letter(first.column)}${first.row}:${get_column_letter(end.column)}${end.row}"
    products, top = [], top + 4
    for n, name in enumerate(filters):
        p, q = divmod(n, columns)
        row = top + p
        at = [f"{layer.stride}*({c}-1)+{k + 1}" for c, k in zip(chosen, (p, q), strict=True)]
        piece = Cell(sheet.title, row, LEFT + q)
        weight = Cell(sheet.title, row, LEFT + columns + 1 + q)
        product = Cell(sheet.title, row, LEFT + 2 * (columns + 1) + q)
        book.put(sheet, row, piece.column, f"=INDEX({image},{at[0]},{at[1]})", style.PLAIN_VALUE)
        book.put(sheet, row, weight.column, f"={cells[name].local}", style.PLAIN_VALUE)
        book.put(sheet, row, product.column, f"={piece.local}*{weight.local}", style.PLAIN_VALUE)
        products.append(product)
    book.put(sheet, top - 1, LEFT, book.label("piece"), style.HEAD)
    book.put(sheet, top - 1, LEFT + columns + 1, book.label("feature", number=1), style.HEAD)
    book.put(sheet, top - 1, LEFT + 2 * (columns + 1), book.label("products"), style.HEAD)
    below = top + rows + 1
    book.put(sheet, below, LEFT, book.label("window_sum"), style.WORDS)
    book.put(sheet, below, LEFT + CHOSEN, f"=SUM({products[0].local}:{products[-1].local})", style.PLAIN_VALUE)
    divisor = rows * columns if layer.normalize else 1
    book.put(sheet, below + 1, LEFT, book.label("window_mean", count=divisor), style.WORDS)
    total = Cell(sheet.title, below, LEFT + CHOSEN).local
    book.put(sheet, below + 1, LEFT + CHOSEN, f"={total}/{divisor}", style.RESULT_TWO)
    return below + 4


def _ends(shape: tuple[int, ...]) -> tuple[str, str]:
    widths = [len(str(n)) for n in shape]
    return "".join("1".zfill(w) for w in widths), "".join(map(str, shape))


def _flattened(book: Book, sheet: Worksheet, network: Network, band: Band, cells: dict[str, Cell], top: int) -> None:
    """All values of the last maps one after the other, as the input layer of a network would receive them."""
    outputs = network.forward.outputs
    book.put(sheet, top, LEFT, book.label("flattened", count=outputs.size), style.HEAD)
    for n, name in enumerate(outputs.scalars()):
        row, column = divmod(n, band.width)
        book.put(sheet, top + 1 + row, LEFT + column, f"={cells[name].local}", style.VALUE_TWO)
