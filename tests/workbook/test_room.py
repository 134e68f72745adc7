"""Every text has the room that it needs: measured with the metrics of Calibri and Cambria, in both languages.

The room of a text goes up to the next cell that is filled or merged; a number or a formula's text needs its own column.
"""

from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import get_column_letter, range_boundaries

import symcnn
from tests.slow import rest_slow
from tests.tools.recalculate import by_formualizer

FONTS = Path("/usr/share/fonts/truetype/crosextra")
FILES = {"Calibri": "Carlito", "Cambria": "Caladea"}
needs_fonts = pytest.mark.skipif(
    not (FONTS / "Carlito-Regular.ttf").exists() or not (FONTS / "Caladea-Regular.ttf").exists(),
    reason="Carlito and Caladea are not installed: apt-get install fonts-crosextra-carlito fonts-crosextra-caladea",
)

#: A character is up to so much wider on some screens; a cell keeps some pixels to itself, and for each indent.
SLACK, PADDING, INDENT = 1.10, 6, 9
USUAL_WIDTH = 8.43


def width_of(text, font):
    """Pixels of a text on the screen."""
    image_font = pytest.importorskip("PIL.ImageFont", reason="Pillow is not installed: pip install pillow")
    style = ("Bold" if font.b else "") + ("Italic" if font.i else "") or "Regular"
    file = FONTS / f"{FILES.get(font.name, 'Carlito')}-{style}.ttf"
    return image_font.truetype(str(file), 100).getlength(text) / 100 * float(font.sz or 11) * 96 / 72 * SLACK


def pixels(sheet, column):
    dimension = sheet.column_dimensions.get(get_column_letter(column))
    if dimension is None or not dimension.customWidth:
        return 7 * USUAL_WIDTH + 5
    return 0 if dimension.hidden else 7 * dimension.width


def merged_areas(sheet):
    """(row, column) of every cell of a merged area -> the area's bounds."""
    found = {}
    for area in sheet.merged_cells.ranges:
        left, top, right, bottom = range_boundaries(str(area))
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                found[row, column] = (left, top, right, bottom)
    return found


def room_of(sheet, cell, merged, step, last):
    """Pixels that a text may take, going right (1) or left (-1) over empty cells."""
    if (cell.row, cell.column) in merged:
        left, _, right, _ = merged[cell.row, cell.column]
        return sum(pixels(sheet, c) for c in range(left, right + 1))
    room, column = pixels(sheet, cell.column), cell.column + step
    while 1 <= column <= last:
        beside = sheet.cell(cell.row, column)
        if beside.value is not None or (cell.row, column) in merged:
            break
        room += pixels(sheet, column)
        column += step
    return room


def cut_off(path):
    """(sheet, cell, text, needed, room) of each text that has less room than it needs."""
    values = by_formualizer(path)
    found = []
    for sheet in openpyxl.load_workbook(path):
        merged, last = merged_areas(sheet), sheet.max_column + 30  # looking at a cell makes one
        for row in list(sheet.iter_rows()):
            for cell in row:
                shown = values.get((sheet.title, cell.coordinate), cell.value)
                if not isinstance(shown, str) or not shown.strip() or not pixels(sheet, cell.column):
                    continue
                align = cell.alignment
                needed = width_of(shown, cell.font) + PADDING + INDENT * (align.indent or 0)
                if align.horizontal == "center" and (cell.row, cell.column) not in merged:
                    own = pixels(sheet, cell.column)
                    sides = [room_of(sheet, cell, merged, s, last) - own for s in (1, -1)]
                    room = own + 2 * min(sides)
                else:
                    room = room_of(sheet, cell, merged, -1 if align.horizontal == "right" else 1, last)
                if align.wrap_text:
                    height = sheet.row_dimensions[cell.row].height or 15
                    if (cell.row, cell.column) in merged:
                        _, top, _, bottom = merged[cell.row, cell.column]
                        height = sum(sheet.row_dimensions[r].height or 15 for r in range(top, bottom + 1))
                    room = (room - PADDING) * int(height / (float(cell.font.sz) * 1.25)) * 0.95
                if needed > room:
                    found.append((sheet.title, cell.coordinate, shown, round(needed), round(room)))
    return found


def books(folder, lang):
    net, data = symcnn.article.network(), symcnn.article.images()
    yield symcnn.export_workbook(net, data, folder / "article.xlsx", steps=3, lang=lang)
    example = Path(__file__).parents[2] / "examples" / "two_filters.toml"
    yield symcnn.export_workbook(
        *symcnn.read_network(example), folder / "two.xlsx", steps=2, learning_rate=0.1, lang=lang
    )


@pytest.mark.slow
@needs_fonts
@pytest.mark.parametrize("lang", rest_slow(["fr", "en"]))
def test_no_text_is_cut_off(lang, tmp_path):
    for path in books(tmp_path, lang):
        assert cut_off(path) == []


@pytest.mark.slow
@needs_fonts
def test_a_text_that_is_too_long_is_seen(tmp_path):
    """Beside a filled cell, beside a merged one, and in a block of prose that is too low."""
    path = tmp_path / "long.xlsx"
    symcnn.export_workbook(symcnn.article.network(), symcnn.article.images(), path, steps=1)
    book = openpyxl.load_workbook(path)
    book["Symbols"]["B7"].value = "a symbol in far too many words for its column"
    contents = book["Contents"]
    contents.merge_cells("D60:E60")
    contents["C60"].value = "words that run into the merged cells beside them"
    contents.merge_cells("B61:C61")
    contents["B61"].value = "prose " * 60
    contents["B61"].alignment = openpyxl.styles.Alignment(wrap_text=True)
    book.save(path)
    assert {(sheet, cell) for sheet, cell, *_ in cut_off(path)} == {
        ("Symbols", "B7"), ("Contents", "C60"), ("Contents", "B61"),
    }  # fmt: skip
