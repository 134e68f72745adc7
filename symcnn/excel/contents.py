"""Contents: what this workbook is, whether its checks pass, links to its sheets, and how to read them."""

from collections.abc import Sequence
from dataclasses import dataclass

from symcnn.excel import style
from symcnn.excel.addresses import Cell
from symcnn.excel.book import Book, StyledSheet
from symcnn.network import Network
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import ERROR, Access, Tensor, TensorKind

#: The sheet's columns: links, then what is on them.
LEFT, RIGHT = 2, 7
WIDTHS = {2: 21, **dict.fromkeys(range(3, 8), 19)}

#: The status line, which the ribbon of every other sheet repeats.
STATUS_ROW = 5

#: Styles of a stage of the network: symbol, kind, counts.
STAGE = (style.STAGE_SYMBOL, style.STAGE_NAME, style.STAGE_COUNT)

#: Characters on one line of a note.
NOTE_WIDTH = 130

#: Kinds that are no stage of their own: preactivations, and what softmax adds up.
BETWEEN = (TensorKind.PREACTIVATION, TensorKind.LARGEST, TensorKind.EXPONENTIAL, TensorKind.TOTAL)

#: Kind of workbook -> its first sentence.
INTROS = {"": "intro", "one": "intro_one", "maps": "intro_maps"}


@dataclass(frozen=True)
class Status:
    """The live status line: a formula, and the cell in which a reader chooses the step."""

    formula: CellFormula
    change: Cell | None = None


def write_contents(
    book: Book, network: Network, sheets: Sequence[str], notes: Sequence[str], made: str, status: Status | None,
    kind: str = "",
) -> None:  # fmt: skip
    """Title, status line, the network, one link a sheet, legend, notes.

    Args:
        notes: sentences; made: how the workbook was made.
        kind: "" with a training, "one" for one image without it, "maps" for a forward pass: its title and hints.
    """
    page = book.add_sheet("contents", book.label(INTROS[kind]))
    page.sheet.sheet_view.zoomScale = 110
    page.sheet.page_setup.orientation = "portrait"
    page.sheet.cell(1, LEFT).value = None
    page.height(1, 12)
    page.height(2, 36)
    page.put(2, LEFT, book.label("title_maps" if kind == "maps" else "title"), style.TITLE_LARGE)
    page.widths(WIDTHS)
    if status:
        _status(page, status)
    row = _stages(page, network, STATUS_ROW + 2)
    row = _links(page, sheets, row + 1, kind)
    row = _legend(page, row + 1, kind)
    row = _section(page, row + 1, "to_know")
    for note in notes:
        row = _note(page, row, note)
    page.put(row + 1, LEFT, made, style.FAINT)


def status_cell(book: Book) -> Cell:
    """Return the cell of the status line."""
    return Cell(book.title("contents"), STATUS_ROW, LEFT)


def _status(page: StyledSheet, status: Status) -> None:
    page.height(STATUS_ROW, 28)
    page.bar(STATUS_ROW, RIGHT, status.formula, style.STATUS, style.STATUS_FIRST)
    if status.change:
        page.link(STATUS_ROW, RIGHT, page.label("change_step"), style.STATUS_LINK, status.change)


def _stages(page: StyledSheet, network: Network, row: int) -> int:
    """Write the network, six stages in a row: symbol, kind, counts."""
    texts = stages(page.book, network)
    width = RIGHT - LEFT + 1
    texts += [("", "", "")] * (-len(texts) % width)
    for start in range(0, len(texts), width):
        for n, stage in enumerate(texts[start : start + width]):
            for below, (text, look) in enumerate(zip(stage, STAGE, strict=True)):
                page.put(row + below, LEFT + n, text or None, look)
        page.height(row, 30)
        row += 3
    return row


def stages(book: Book, network: Network) -> list[tuple[str, str, str]]:
    """Return symbol, kind and counts of the image, then of each filter and each main tensor."""
    forward = network.forward
    texts = [(forward.image.letters, book.label("image"), _shape(forward.image))]
    weights = 0
    for equation in forward.equations:
        target = equation.target.tensor
        used = {a.tensor for t in equation.terms for f in t.factors for a in f.atoms(Access)}
        for tensor in (t for t in forward.parameters if t in used):
            if tensor.kind is TensorKind.FILTER:
                count = book.label("weights_count", count=tensor.size)
                texts.append((f"∗ {tensor.letters}", book.kind(tensor), f"{_shape(tensor)} · {count}"))
            else:
                weights += tensor.size
        if target == ERROR:
            texts.append(("→ E", book.label("error"), book.label("error_count")))
        elif target.kind not in BETWEEN:
            count = f" · {book.label('parameters_count', count=weights)}" if weights else ""
            words = book.label("stage_map") if target.kind is TensorKind.FEATURE_MAP else book.kind(target)
            texts.append((f"→ {target.letters}", words, _shape(target) + count))
            weights = 0
    return texts


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "1"


def _section(page: StyledSheet, row: int, key: str) -> int:
    page.section(row, page.label(key), RIGHT, 22)
    return row + 1


def _links(page: StyledSheet, sheets: Sequence[str], row: int, kind: str) -> int:
    row = _section(page, row, "sheets_in_order")
    for key in sheets:
        page.link(row, LEFT, page.book.title(key), style.LINK_LINED, Cell(page.book.title(key), 1, 1))
        for column in range(LEFT + 1, RIGHT + 1):
            words = page.label(_on(key, kind)) if column == LEFT + 1 else None
            page.put(row, column, words, style.WORDS_LINED)
        page.height(row, 19)
        row += 1
    return row


def _legend(page: StyledSheet, row: int, kind: str) -> int:
    """Write sample cells with the styles of the workbook."""
    row = _section(page, row, "how_to_read")
    samples: list[tuple[float | str, str, style.Style]] = [
        (0.25, "legend_input", style.INPUT),
        (0.1375, "legend_formula", style.VALUE),
    ]
    if kind != "maps":
        samples.append((0.7311, "legend_result", style.RESULT))
    if kind == "":
        samples += [
            (page.label("step_shown"), "legend_step", style.LEGEND_STEP),
            (f"{page.label('ok')}   {page.label('differs')}", "legend_check", style.VERDICT),
        ]
    for sample, key, look in samples:
        page.put(row, LEFT, sample, look)
        page.put(row, LEFT + 1, page.label(key), style.INDENTED)
        page.height(row, 19)
        row += 1
    page.put(row, LEFT, page.label("signed"), style.INDENTED)
    for n, (value, look) in enumerate(((-1, style.NEGATIVE), (0, style.PLAIN_VALUE), (1, style.POSITIVE))):
        page.put(row, LEFT + 1 + n, value, look)
    page.put(row, LEFT + 4, page.label("legend_signed"), style.INDENTED)
    page.height(row, 19)
    return row + 1


def _note(page: StyledSheet, row: int, note: str) -> int:
    page.sheet.merge_cells(start_row=row, start_column=LEFT, end_row=row, end_column=RIGHT)
    page.height(row, 8 + 14 * -(-len(note) // NOTE_WIDTH))
    page.put(row, LEFT, note, style.PROSE)
    return row + 1


def _on(key: str, kind: str) -> str:
    """Return the key of a sheet's description; some have less without a training."""
    return f"on_{key}_one" if kind == "one" and key in ("inputs", "parameters", "backward") else f"on_{key}"
