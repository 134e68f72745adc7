"""Inputs and Parameters: what a reader may change."""

from collections.abc import Sequence

from openpyxl.utils import get_column_letter

from symcnn.excel import style
from symcnn.excel.addresses import quoted
from symcnn.excel.book import Book
from symcnn.excel.plan import TRAINING_FIRST_ROW, Plan
from symcnn.formula import Plain, Typography
from symcnn.network import Array, kind_of


def number(value: float) -> float | int:
    """A whole number as such, so that a pixel reads 1 and not 1.0."""
    return int(value) if value == int(value) else value


def write_inputs(
    book: Book, plan: Plan, images: Array, targets: Array, labels: Sequence[str], rate: float, factor: float
) -> None:
    """Step shown, learning rate, factor, and for each image its pixels and targets."""
    sheet = book.add_sheet("inputs", book.label("hint_inputs"))
    typography, plain = Typography(plan.derivation.graph, book.text.words("word")), Plain(book.text.decimal)
    settings = [
        (plan.step_shown, "step_shown", 0, book.label("step_prompt", steps=plan.steps), style.STEP),
        (plan.learning_rate, "learning_rate", rate, book.label("rate_prompt"), style.INPUT),
        (plan.factor, "reduction_factor", factor, book.label("reduction_prompt"), style.INPUT),
    ]
    rules = [
        {"type": "whole", "operator": "between", "formula1": "0", "formula2": str(plan.steps)},
        {"type": "decimal", "operator": "greaterThan", "formula1": "0"},
        {"type": "decimal", "operator": "greaterThan", "formula1": "0"},
    ]
    for (cell, key, value, words, look), rule in zip(settings, rules, strict=True):
        book.put(sheet, cell.row, 2, book.label(key), style.WORDS)
        book.put(sheet, cell.row, cell.column, number(value), look)
        book.put(sheet, cell.row, cell.column + 1, words, style.HINT)
        sheet.row_dimensions[cell.row].height = 20
        book.prompt(sheet, cell.local, words, rule)
        book.define(key, cell)
    book.widths(sheet, dict.fromkeys(range(2, 12), 11))
    stated = plan.network.forward
    assert stated.targets is not None
    for m, cells in enumerate(plan.inputs):
        top = min(c.row for c in cells.values()) - 2
        for column in range(2, 2 + 14):
            book.put(sheet, top, column, labels[m] if column == 2 else None, style.SECTION)
        values = dict(zip(stated.image.scalars(), images[m].ravel().tolist(), strict=True))
        values |= zip(stated.targets.scalars(), targets[m].tolist(), strict=True)
        for name, cell in cells.items():
            book.put(sheet, cell.row - 1, cell.column, plain.emit(typography.name(name)), style.SYMBOL)
            book.put(sheet, cell.row, cell.column, number(values[name]), style.INPUT)
            book.define(f"{name}_image{m + 1}", cell)
        pixels = [cells[name] for name in stated.image.scalars()]
        style.pixel_rule(sheet, pixels, strips=True)


def write_parameters(book: Book, plan: Plan, initial: Array, ribbon: str) -> None:
    """One row a parameter: symbol, meaning, initial value, at the step shown, gradient, next."""
    sheet = book.add_sheet("parameters", book.label("hint_parameters"), ribbon, 6)
    typography, plain = Typography(plan.derivation.graph, book.text.words("word")), Plain(book.text.decimal)
    book.widths(sheet, {2: 12, 3: 30, 4: 13, 5: 13, 6: 13, 7: 13})
    heads = ["symbol", "meaning", "initial", "at_step", "gradient", "next"]
    for column, key in enumerate(heads, 2):
        book.put(sheet, 5, column, book.label(key), style.HEAD)
    columns = dict(plan.training_columns)
    training, last = plan.sheet("training"), TRAINING_FIRST_ROW + plan.steps
    values = iter(initial.tolist())
    for tensor in plan.network.forward.parameters:
        kind = kind_of(tensor)
        words = book.text(f"kind.{kind.letter}", source=kind.source, target=kind.target)
        for name in tensor.scalars():
            row = plan.parameter_rows[name]
            letter = get_column_letter(columns[name])
            shown = plan.step_shown.seen_from(sheet.title)
            book.put(sheet, row, 2, plain.emit(typography.name(name)), style.NAME)
            book.put(sheet, row, 3, words, style.WORDS)
            book.put(sheet, row, 4, next(values), style.INPUT_FOUR)
            area = f"{quoted(training)}!${letter}${TRAINING_FIRST_ROW}:${letter}${last}"
            # a step past either end shows the first or the last, not an error
            step = f"MIN(MAX({shown},0),{quoted(training)}!${get_column_letter(columns['step'])}${last})"
            book.put(sheet, row, 5, f"=INDEX({area},{step}+1)", style.RESULT)
            book.put(sheet, row, 6, f"={plan.total(name).seen_from(sheet.title)}", style.GRADIENT)
            book.put(sheet, row, 7, f"=E{row}-{plan.learning_rate.seen_from(sheet.title)}*F{row}", style.VALUE)
            book.define(name, plan.parameter(name, 5))
    rows = list(plan.parameter_rows.values())
    style.signed_scale(sheet, f"E{rows[0]}:E{rows[-1]} G{rows[0]}:G{rows[-1]}")
    sheet.freeze_panes = "A6"
