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
    positive = {"type": "decimal", "operator": "greaterThan", "formula1": "0"}
    between = {"type": "whole", "operator": "between", "formula1": "0", "formula2": str(plan.steps)}
    settings = [
        (plan.step_shown, "step_shown", 0, book.label("step_prompt", steps=plan.steps), style.STEP, between),
        (plan.learning_rate, "learning_rate", rate, book.label("rate_prompt"), style.INPUT, positive),
        (plan.factor, "reduction_factor", factor, book.label("reduction_prompt"), style.INPUT, positive),
    ]
    for cell, key, value, words, look, rule in settings if plan.steps is not None else settings[1:2]:
        book.put(sheet, cell.row, 2, book.label(key), style.WORDS)
        book.put(sheet, cell.row, cell.column, number(value), look)
        book.put(sheet, cell.row, cell.column + 1, words, style.HINT)
        sheet.row_dimensions[cell.row].height = 20
        book.prompt(sheet, cell.local, words, rule)
        book.define(key, cell)
    book.widths(sheet, dict.fromkeys(range(2, 12), 11))
    stated = plan.network.forward
    assert stated.targets is not None
    looks = {"image": style.of_data(images)[0], "target": style.of_data(targets)[0]}
    for m, cells in enumerate(plan.inputs):
        top = min(c.row for c in cells.values()) - 2
        for column in range(2, 2 + 14):
            book.put(sheet, top, column, labels[m] if column == 2 else None, style.SECTION)
        values = dict(zip(stated.image.scalars(), images[m].ravel().tolist(), strict=True))
        values |= zip(stated.targets.scalars(), targets[m].tolist(), strict=True)
        for name, cell in cells.items():
            book.put(sheet, cell.row - 1, cell.column, plain.emit(typography.name(name)), style.SYMBOL)
            book.put(
                sheet, cell.row, cell.column, number(values[name]), looks[plan.derivation.graph.place(name)[0].role]
            )
            book.define(f"{name}_image{m + 1}", cell)
        pixels = [cells[name] for name in stated.image.scalars()]
        style.pixel_rule(sheet, pixels, strips=True)


def write_parameters(book: Book, plan: Plan, initial: Array, ribbon: str) -> None:
    """One row a parameter: symbol, meaning, initial value, at the step shown, gradient, next."""
    hint = "hint_parameters" if plan.steps is not None else "hint_parameters_one"
    sheet = book.add_sheet("parameters", book.label(hint), ribbon, len(plan.parameter_columns))
    typography, plain = Typography(plan.derivation.graph, book.text.words("word")), Plain(book.text.decimal)
    columns = plan.parameter_columns
    book.widths(sheet, {2: 14, 3: 30, 4: 13, 5: 13, 6: 13, 7: 13})
    labels = {"value": "at_step"} if plan.steps is not None else {"initial": "value"}
    for key, column in columns.items():
        if key != "value" or plan.steps is not None:
            book.put(sheet, 5, column, book.label(labels.get(key, key)), style.HEAD)
    values = iter(initial.tolist())
    for tensor in plan.network.forward.parameters:
        kind = kind_of(tensor)
        words = book.text(f"kind.{kind.letter}", source=kind.source, target=kind.target)
        for name in tensor.scalars():
            at = {key: plan.parameter(name, key) for key in columns}
            row, value, gradient = at["initial"].row, at["value"].local, at["gradient"].local
            rate = plan.learning_rate.seen_from(sheet.title)
            book.put(sheet, row, columns["symbol"], plain.emit(typography.name(name)), style.NAME)
            book.put(sheet, row, columns["meaning"], words, style.WORDS)
            book.put(sheet, row, columns["initial"], next(values), style.INPUT_FOUR)
            if plan.steps is not None:
                book.put(sheet, row, columns["value"], _at_step_shown(plan, name), style.RESULT)
            book.put(sheet, row, columns["gradient"], f"={plan.total(name).seen_from(sheet.title)}", style.GRADIENT)
            book.put(sheet, row, columns["next"], f"={value}-{rate}*{gradient}", style.VALUE)
            book.define(name, at["value"])
    rows = list(plan.parameter_rows.values())
    for key in ("value", "next"):
        letter = get_column_letter(columns[key])
        style.signed_scale(sheet, f"{letter}{rows[0]}:{letter}{rows[-1]}")
    sheet.freeze_panes = "A6"


def _at_step_shown(plan: Plan, name: str) -> str:
    """The parameter's cell in the row of Training that is shown; a step past either end shows the first or the last."""
    assert plan.steps is not None
    training, columns = quoted(plan.sheet("training")), plan.training_column
    last, shown = TRAINING_FIRST_ROW + plan.steps, plan.step_shown.seen_from(plan.sheet("parameters"))
    letter = get_column_letter(columns[name])
    step = f"MIN(MAX({shown},0),{training}!${get_column_letter(columns['step'])}${last})"
    return f"=INDEX({training}!${letter}${TRAINING_FIRST_ROW}:${letter}${last},{step}+1)"
