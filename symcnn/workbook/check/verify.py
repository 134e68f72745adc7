"""Read a workbook back from its file, and prove every formula cell of a quantity of the network."""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from symcnn import article
from symcnn.errors import InputError
from symcnn.network import Network
from symcnn.printers.cells import Place, parse, written
from symcnn.proof import Verdict, check_equations
from symcnn.symbolic import E_TOTAL, Quantity
from symcnn.text import Catalogue, catalogue
from symcnn.verification.result import CheckRow, method_in_words
from symcnn.verification.verify import taken_one_by_one
from symcnn.workbook.check.blocks import LayerCells
from symcnn.workbook.check.claims import Decider, ExpectedFormula
from symcnn.workbook.check.comparisons import (
    fill_down_mismatches,
    formula_mismatches,
    lookup_mismatches,
    same_formula,
    wording,
    workbook_inputs,
)
from symcnn.workbook.check.graph import CellGraph
from symcnn.workbook.check.labels import Labels
from symcnn.workbook.check.layers import LayerVerification
from symcnn.workbook.check.package import XlsxContent, formulas, read_package
from symcnn.workbook.check.quantities import NamedCells, next_value
from symcnn.workbook.check.result import Mismatch, WorkbookVerification, weakest
from symcnn.workbook.workbook import regenerate_formulas

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
        return _WorkbookProof(quantities, text).result()
    except InputError as reason:
        message = str(reason)
        raise reason if message.startswith(path) else InputError(f"{path}: {message}") from None


class _WorkbookProof:
    """The claims, row by row."""

    def __init__(self, quantities: NamedCells, text: Catalogue) -> None:
        self.quantities, self.text = quantities, text
        self.current = CellGraph(quantities.package, quantities.current)
        first_row = quantities.first_row if quantities.trains else {}
        self.first_row = CellGraph(quantities.package, first_row)
        self.decider = Decider(quantities, self.current, self.first_row)
        self.rows: list[CheckRow] = []

    def result(self) -> WorkbookVerification:
        self._passes()
        if self.quantities.trains:
            self._training()
        self._labels()
        self._others()
        keys = ["rest_values", "rest_inputs", "rest_program", *(["rest_others"] if self.quantities.trains else [])]
        rest = (*(self.text(f"proof.{key}") for key in keys), self.text("verify.rest_kernel"))
        return WorkbookVerification(tuple(self.rows), tuple(self.decider.findings), rest, self.text)

    # --- the current step -------------------------------------------------------------------------------------------

    def _passes(self) -> None:
        q, decide = self.quantities, self.decider
        derived = self._derived()
        if q.trains:
            self._row(self.text("proof.error"), [decide.decide(decide.error(q.place), self.current)])
        for m in range(1, q.images + 1):
            statuses = [decide.decide(c, self.current) for c in decide.forward(m, q.place)]
            self._row(self.text("proof.forward", number=m, count=len(statuses)), statuses)
        cells: dict[str, list[str]] = {}
        for m in range(1, q.images + 1):
            for claim, v in zip(decide.backward(m, q.place, True), q.derivation.graph.backward.values(), strict=True):
                cells.setdefault(v.quantity.primal.name, []).append(decide.decide(claim, self.current, m))
        for claim, p in zip(decide.totals(q.place, False), q.parameters, strict=True):
            cells[p.name].append(decide.decide(claim, self.current))
        self._gradient_rows(cells, derived)
        statuses = [decide.decide(c, self.current) for c in decide.next(lambda p: q.place(next_value(p)))]
        self._row(self.text("proof.next", count=len(statuses)), statuses)

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
        self._row(self.text("proof.adjoints", count=sum(len(cells[n]) for n in others)), statuses)

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
        self._row(self.text("proof.first_row", training=training, count=len(statuses)), statuses)
        if last > first:
            statuses = [decide.decide(c, self.first_row) for c in decide.next(self._below)]
            self._row(self.text("proof.second_row", training=training, count=len(statuses)), statuses)
        filled, lookups = fill_down_mismatches(q, self.current), lookup_mismatches(q, self.current)
        columns, count = len(list(q.training())), len(q.network.parameters)
        self._add("proof.filled", filled, training=training, rows=last - first, columns=columns)
        self._add("proof.looked_up", lookups, training=training, count=count)

    def _labels(self) -> None:
        labels = Labels(self.quantities, self.current, wording(self.quantities))
        findings = list(labels.findings())
        self.decider.findings += findings
        if labels.count:
            status = "refuted" if findings else "proved"
            claim = self.text("proof.labels", count=labels.count)
            self.rows.append(CheckRow(claim, status, self.text("proof.by_type")))

    # --- everything else --------------------------------------------------------------------------------------------

    def _others(self) -> None:
        """Compare the formula cells that no claim reads with what symcnn writes for these inputs."""
        q, decide = self.quantities, self.decider
        read = self.current.read | self.first_row.read | self.decider.claimed
        actual = {(s, *place): text for s, cells in q.package.sheets.items() for place, text in formulas(cells)}
        if not q.trains:
            claim = self.text("proof.others_of_one", count=sum(place not in read for place in actual))
            self.rows.append(CheckRow(claim, "unknown", self.text("proof.no_writing")))
            return
        starts = [q.column(n)[0] for n in q.training()]
        training = {(sheet, column) for sheet, _, column in starts}  # compared row by row
        expected = regenerate_formulas(workbook_inputs(q, self.current))
        places = [p for p in dict.fromkeys((*actual, *expected)) if p not in read and (p[0], p[2]) not in training]
        findings = list(formula_mismatches(places, actual, expected, self._differing_values))
        claim = self.text("proof.others", count=len(places))
        self.rows.append(CheckRow(claim, "refuted" if findings else "unknown", self.text("proof.by_writing")))
        # where a claim fails because of a cell that it inlines, that cell is the wrong one
        inlined = dict.fromkeys(p for _, cone in decide.cones.values() for p in cone)
        causes = list(formula_mismatches(inlined, actual, expected, self._differing_values))
        wrong = {f.cell for f in causes}
        decide.findings[:] = [f for f in decide.findings if not self._follows(f, wrong, actual, expected)]
        decide.findings += causes + findings

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

    # --- rows -------------------------------------------------------------------------------------------------------

    def _row(self, claim: str, statuses: Sequence[str]) -> None:
        self.rows.append(CheckRow(claim, weakest(statuses), self.text("proof.by_formula")))

    def _add(self, key: str, mismatches: Iterable[Mismatch], **values: object) -> None:
        findings = list(mismatches)
        self.decider.findings += findings
        status = "refuted" if findings else "proved"
        self.rows.append(CheckRow(self.text(key, **values), status, self.text("proof.by_text")))
