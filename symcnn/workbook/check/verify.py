"""Read a workbook back from its file, and prove every formula cell of a quantity of the network.

Below its proved rows, Training must be exact fill-downs; some cells look up a step. The formula cells that no claim
reads are compared with what symcnn writes.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np
from sympy import Symbol

from symcnn import article
from symcnn.errors import InputError
from symcnn.network import Data, Network
from symcnn.printers.cells import (
    Binary,
    CellReader,
    Formula,
    FormulaError,
    FunctionCall,
    Numeral,
    Place,
    Range,
    Reference,
    Unary,
    filling,
    parse,
    written,
)
from symcnn.proof import Verdict, check_equations
from symcnn.symbolic import E_TOTAL, Quantity, entries
from symcnn.text import Catalogue, catalogue
from symcnn.verification.result import CheckRow, method_in_words
from symcnn.verification.verify import taken_one_by_one
from symcnn.workbook.cell_values import XlsxContent, content_of
from symcnn.workbook.check.cell_graph import CellGraph
from symcnn.workbook.check.claims import Decider, ExpectedFormula, input_values
from symcnn.workbook.check.labels import Labels
from symcnn.workbook.check.layer_verification import LayerVerification
from symcnn.workbook.check.names import FACTOR, RATE, STEP, LayerCells, NamedCells, next_value, training_name
from symcnn.workbook.check.result import ClaimRows, Mismatch, WorkbookVerification, reads_alike, weakest
from symcnn.workbook.check.xlsx_reader import read_package
from symcnn.workbook.training_workbook import TrainingInputs, training_book

#: Seconds in which the derivation's own gradients are decided one by one; the equations vouch for the others.
SECONDS = 5.0


def verify_workbook(path: str | Path, network: Network | None = None, *, lang: str = "en") -> WorkbookVerification:
    """Read a workbook's formulas back, and prove them against the derivation.

    Args:
        path: an .xlsx file; nothing in it is trusted, and nothing is evaluated.
        network: what it was made from; the article's if None.
        lang: of the table, "en" or "fr".

    Returns:
        rows of claims with their verdicts, the cells that are wrong, and what was not checked.

    Raises:
        InputError: no workbook, not one of this network, or a formula of it is outside the supported grammar.
    """
    net = article.network() if network is None else network
    net.require_loss("verify --workbook")
    return verify_package(read_package(Path(path)), str(path), net, catalogue(lang))


def verify_package(package: XlsxContent, path: str, network: Network, text: Catalogue) -> WorkbookVerification:
    """Verify a workbook that has been read."""
    cells = LayerCells(network, package, path)
    if cells.is_layer_workbook:
        return LayerVerification(cells, text).result()
    quantities = NamedCells(network, package, path)
    quantities.check()
    try:
        return _TrainingVerification(quantities, text).result()
    except InputError as reason:
        message = str(reason)
        raise reason if message.startswith(path) else InputError(f"{path}: {message}") from None


class _TrainingVerification(ClaimRows):
    """The claims of a workbook with single cells, row by row."""

    def __init__(self, quantities: NamedCells, text: Catalogue) -> None:
        super().__init__(text)
        self.quantities = quantities
        self.current = CellGraph(quantities.package, quantities.current)
        first_row = quantities.first_row if quantities.trains else {}
        self.first_row = CellGraph(quantities.package, first_row)
        self.decider = Decider(quantities, self.current, self.first_row, self.findings)

    def result(self) -> WorkbookVerification:
        self._passes()
        if self.quantities.trains:
            self._training()
        self._labels()
        self._others()
        keys = ["rest_values", "rest_inputs", "rest_program", *(["rest_others"] if self.quantities.trains else [])]
        return self.closed([*(self.text(f"proof.{key}") for key in keys), self.text("verify.rest_kernel")])

    # --- the current step -------------------------------------------------------------------------------------------

    def _passes(self) -> None:
        q, decide = self.quantities, self.decider
        derived = self._derived()
        if q.trains:
            self.row(self.text("proof.error"), [decide.decide(decide.error(q.place), self.current)], "proof.by_formula")
        for m in range(1, q.images + 1):
            statuses = [decide.decide(c, self.current) for c in decide.forward(m, q.place)]
            self.row(self.text("proof.forward", number=m, count=len(statuses)), statuses, "proof.by_formula")
        cells: dict[str, list[str]] = {}
        for m in range(1, q.images + 1):
            for claim, v in zip(decide.backward(m, q.place, True), q.derivation.graph.backward.values(), strict=True):
                cells.setdefault(v.quantity.primal.name, []).append(decide.decide(claim, self.current, m))
        for claim, p in zip(decide.totals(q.place, False), q.parameters, strict=True):
            cells[p.name].append(decide.decide(claim, self.current))
        self._gradient_rows(cells, derived)
        statuses = [decide.decide(c, self.current) for c in decide.next(lambda p: q.place(next_value(p)))]
        self.row(self.text("proof.next", count=len(statuses)), statuses, "proof.by_formula")

    def _derived(self) -> dict[str, Verdict]:
        """Decide the derivation's own formulas: one by one while there is time, the rest by their equations."""
        d = self.quantities.derivation
        verdicts: dict[str, Verdict] = {}
        deadline = time.monotonic() + SECONDS
        names = [v.quantity.primal.name for v in d.graph.backward.values()]
        for name in [*taken_one_by_one(d), *(n for n in names if n not in d.names)]:
            if time.monotonic() > deadline:
                break
            verdicts |= self.decider.derived([name])
        rest = [n for n in names if n not in verdicts]
        return verdicts | (dict.fromkeys(rest, check_equations(d)) if rest else {})

    def _gradient_rows(self, cells: dict[str, list[str]], derived: dict[str, Verdict]) -> None:
        q = self.quantities
        for name in q.derivation.names:
            symbol = "E_total" if name in q.network.parameters else "E"
            claim = self.text("proof.gradient", total=symbol, name=name, count=len(cells[name]))
            status = weakest([*cells[name], derived[name].status])
            self.rows.append(CheckRow(claim, status, method_in_words(derived[name], self.text)))
        others = [n for n in cells if n not in q.derivation.names]
        statuses = [s for n in others for s in (*cells[n], derived[n].status)]
        self.row(self.text("proof.adjoints", count=sum(len(cells[n]) for n in others)), statuses, "proof.by_formula")

    # --- Training ---------------------------------------------------------------------------------------------------

    def _training(self) -> None:
        q, decide = self.quantities, self.decider
        (training, first, _), last = q.column(E_TOTAL)  # the sheet as this workbook calls it

        def at(quantity: Quantity) -> Place:
            return q.column(quantity)[0]

        claims: list[tuple[ExpectedFormula, int | None]] = [(c, None) for c in decide.starts()]
        for m in range(1, q.images + 1):
            claims += [(c, None) for c in decide.forward(m, at)]
            claims += [(c, m) for c in decide.backward(m, at, False)]
        claims += [(c, None) for c in (decide.error(at), *decide.totals(at, True))]
        statuses = [decide.decide(claim, self.first_row, image) for claim, image in claims]
        self.row(self.text("proof.first_row", training=training, count=len(statuses)), statuses, "proof.by_formula")
        if last > first:
            statuses = [decide.decide(c, self.first_row) for c in decide.next(self._below)]
            self.row(
                self.text("proof.second_row", training=training, count=len(statuses)), statuses, "proof.by_formula"
            )
        filled = self.text("proof.filled", training=training, rows=last - first, columns=len(list(q.training())))
        self.compared(filled, fill_down_mismatches(q, self.current), "proof.by_text")
        looked_up = self.text("proof.looked_up", training=training, count=len(q.network.parameters))
        self.compared(looked_up, lookup_mismatches(q, self.current), "proof.by_text")

    def _labels(self) -> None:
        labels = Labels(self.quantities, self.current, self.quantities.wording)
        findings = list(labels.findings())
        if labels.count:
            self.compared(self.text("proof.labels", count=labels.count), findings, "proof.by_type")

    # --- everything else --------------------------------------------------------------------------------------------

    def _others(self) -> None:
        """Compare the formula cells that no claim reads with what symcnn writes for these inputs."""
        q, decide = self.quantities, self.decider
        read = self.current.read | self.first_row.read | decide.claimed
        actual = q.package.formulas()
        if not q.trains:
            count = sum(place not in read for place in actual)
            self.row(self.text("proof.others_of_one", count=count), "unknown", "proof.no_writing")
            return
        starts = [q.column(n)[0] for n in q.training()]
        training = {(sheet, column) for sheet, _, column in starts}  # compared row by row
        expected = regenerated(q, self.current).formulas()
        places = [p for p in dict.fromkeys((*actual, *expected)) if p not in read and (p[0], p[2]) not in training]
        findings = list(formula_mismatches(places, actual, expected, self._differing_values))
        # where a claim fails because of a cell that it inlines, that cell is the wrong one
        inlined = dict.fromkeys(p for _, cone in decide.cones.values() for p in cone)
        causes = list(formula_mismatches(inlined, actual, expected, self._differing_values))
        wrong = {f.cell for f in causes}
        self.findings[:] = [f for f in self.findings if not self._follows(f, wrong, actual, expected)] + causes
        self.compared(self.text("proof.others", count=len(places)), findings, "proof.by_writing", "unknown")

    def _follows(
        self, finding: Mismatch, wrong: set[str], actual: Mapping[Place, str], expected: Mapping[Place, str]
    ) -> bool:
        """Whether the cell itself is right, and its claim fails only because of a cell that it inlines."""
        place, cone = self.decider.cones.get(finding.cell, (None, ()))
        if place is None or not same_formula(actual.get(place), expected.get(place)):
            return False
        return any(written(p) in wrong for p in cone)

    def _differing_values(self, place: Place, right: str) -> tuple[tuple[float, float], str] | None:
        """Return values of the actual and the right formula that differ, and where."""
        try:
            one, other = self.current.right_side(place), self.current.reading(place, parse(right))
        except InputError:  # a text, a lookup
            return None
        return self.decider.differing_values(one, other, self.current)

    def _below(self, parameter: Quantity) -> Place:
        (sheet, row, column), _ = self.quantities.column(parameter)
        return sheet, row + 1, column


# --- cells that are compared as they are written ---------------------------------------------------------------------

#: The column with the number of the step.
COUNT = Symbol("step")

#: Mismatches that are reported of one column of Training, and of all formulas that no claim reads.
MOST_IN_COLUMN, MOST_MISMATCHES = 5, 20


def fill_down_mismatches(quantities: NamedCells, graph: CellGraph) -> Iterator[Mismatch]:
    """Yield the cells of Training that are not the formula above them, copied down."""
    for quantity in quantities.training():
        (sheet, first, column), last = quantities.column(quantity)
        start = first + (quantity in quantities.parameters)
        if start > last:
            continue
        model = graph.content((sheet, start, column)).formula
        if model is None:
            continue  # found as a claim
        cells = [(row, graph.content((sheet, row, column)).formula) for row in range(start, last + 1)]
        for row, right in islice(_wrong_copies(cells), MOST_IN_COLUMN):
            place = sheet, row, column
            yield Mismatch(written(place), training_name(quantity).name, graph.content(place).text, f"={right}")
    yield from _numbered(quantities, graph)


def _wrong_copies(cells: list[tuple[int, str | None]]) -> Iterator[tuple[int, str]]:
    """Yield row and right formula of each cell that is no copy of the first (or second, if only the first differs)."""
    model = cells[0]
    if len(cells) > 2 and all(formula is not None for _, formula in cells[:3]):
        fits = [_fits(cells[n], cells[0]) for n in (1, 2)]
        if not any(fits) and _fits(cells[2], cells[1]):
            model = cells[1]
    assert model[1] is not None  # looked at before
    copies = zip(cells, map(filling(model[1]), (row - model[0] for row, _ in cells)), strict=True)
    yield from ((row, right) for (row, formula), right in copies if not reads_alike(formula, right))


def _fits(cell: tuple[int, str | None], model: tuple[int, str | None]) -> bool:
    """Whether a cell is the other one, copied down."""
    return model[1] is not None and reads_alike(cell[1], filling(model[1])(cell[0] - model[0]))


def _numbered(quantities: NamedCells, graph: CellGraph) -> Iterator[Mismatch]:
    """Yield the cells of the step's number that hold another number."""
    if training_name(COUNT).name not in quantities.package.names:
        return
    (sheet, first, column), last = quantities.column(COUNT)
    for row in range(first, last + 1):
        content = graph.content((sheet, row, column))
        if content.formula is not None or content.value != row - first:
            yield Mismatch(written((sheet, row, column)), training_name(COUNT).name, content.text, str(row - first))


def lookup_mismatches(quantities: NamedCells, graph: CellGraph) -> Iterator[Mismatch]:
    """Yield the parameters at the chosen step that are not looked up in its row of Training.

    A step before the first row takes the first row, one past the last row the last.
    """
    for parameter in quantities.parameters:
        place = quantities.place(parameter)
        (sheet, first, column), last = quantities.column(parameter)
        area = f"{written((sheet, first, column))}:{written((sheet, last, column), sheet)}"
        step = written(quantities.place(STEP), place[0])
        right = f"=INDEX({area},MIN(MAX({step},0),{last - first})+1)"
        try:
            looks_up = _looks_up(quantities, graph, place, (sheet, first, column), last)
        except FormulaError:
            looks_up = False
        if not looks_up:
            yield Mismatch(written(place), parameter.name, graph.content(place).text, right)


def _looks_up(quantities: NamedCells, graph: CellGraph, place: Place, first: Place, last: int) -> bool:
    match graph.tree(place):
        case FunctionCall("INDEX", (Range() as area, row)):
            corners = [(area.first.sheet or place[0], c.row, c.column) for c in (area.first, area.last)]
            steps, cell = last - first[1], quantities.place(STEP)
            samples = {-3, 0, 1, steps // 2, steps - 1, steps, steps + 1, steps + 7}
            return corners == [first, (first[0], last, first[2])] and all(
                _value(row, place, graph, {cell: s}) == min(max(s, 0), steps) + 1 for s in samples
            )
    return False


def _value(formula: Formula, place: Place, graph: CellGraph, known: dict[Place, int], depth: int = 0) -> float:
    """Evaluate a formula of the step with + - MIN MAX.

    Raises:
        FormulaError: it is anything else.
    """

    def value(part: Formula, at: Place = place) -> float:
        return _value(part, at, graph, known, depth + 1)

    match formula:
        case _ if depth > 100:
            pass
        case Numeral():
            return formula.value
        case Reference():
            target = (formula.sheet or place[0], formula.row, formula.column)
            if target in known:
                return known[target]
            if graph.content(target).formula is not None:
                return value(graph.tree(target), target)
            if (number := graph.value(target)) is not None:
                return number
        case Unary():
            return value(formula.operand) * (1 if formula.operator == "+" else -1)
        case Binary(operator="+" | "-"):
            return value(formula.left) + value(formula.right) * (1 if formula.operator == "+" else -1)
        case FunctionCall("MIN" | "MAX") if formula.arguments:
            return (min if formula.function == "MIN" else max)(map(value, formula.arguments))
    raise FormulaError("expected a formula of the step with + - MIN MAX")


def regenerated(quantities: NamedCells, graph: CellGraph) -> XlsxContent:
    """Return the workbook that symcnn writes for the inputs of one with a training."""
    q, forward = quantities, quantities.network.forward
    assert forward.targets is not None  # there is a loss
    values = input_values(q, graph)
    images, targets = (
        np.array([[values[entry.of_image(m).symbol] for entry in entries(tensor)] for m in range(1, q.images + 1)])
        for tensor in (forward.image, forward.targets)
    )
    theta = np.array([values[p.symbol] for p in q.parameters])
    (_, first, _), last = q.column(E_TOTAL)
    data = Data(images.reshape(q.images, *forward.image.shape), targets)
    inputs = TrainingInputs(q.network, data, theta, values[RATE], values[FACTOR], last - first)
    return content_of(training_book(q.wording, inputs).workbook)


def same_formula(one: str | None, other: str | None) -> bool:
    """Whether two formulas of the same cells are the same, also as an earlier version wrote it: 1/(1+EXP(-z))."""
    if one == other or one is None or other is None:
        return one == other
    reader = CellReader(lambda cell: Symbol(written((cell.sheet or "", cell.row, cell.column))), Symbol)
    try:
        return bool(reader.expression(parse(one)) == reader.expression(parse(other)))
    except FormulaError:
        return False


def formula_mismatches(
    places: Iterable[Place], formulas: Mapping[Place, str], expected: Mapping[Place, str],
    differing_values: Callable[[Place, str], tuple[tuple[float, float], str] | None],
) -> Iterator[Mismatch]:  # fmt: skip
    """Yield the cells whose formula is not the expected one, at most MOST_MISMATCHES of them."""
    wrong = (place for place in places if not same_formula(formulas.get(place), expected.get(place)))
    for place in islice(wrong, MOST_MISMATCHES):
        formula, right = formulas.get(place), expected.get(place)
        difference = differing_values(place, right) if formula is not None and right is not None else None
        values, at = difference if difference is not None else (None, "")
        before, after = ("" if text is None else f"={text}" for text in (formula, right))
        yield Mismatch(written(place), written(place), before, after, values, at)
