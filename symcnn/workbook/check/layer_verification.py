"""A workbook with a sheet for each layer, read back: every claim that its names make, and everything else in it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import islice, product

import numpy as np
from sympy import Symbol

from symcnn.errors import SymcnnError
from symcnn.printers.cells import Place, Range, Reference, written
from symcnn.printers.excel import FormulaPrinter
from symcnn.proof import check_equations
from symcnn.symbolic import Tensor
from symcnn.text import Catalogue, catalogue
from symcnn.verification.result import CheckRow, method_in_words
from symcnn.workbook.cell_values import (
    EMPTY,
    NOTHING,
    CellContent,
    CellValues,
    Contents,
    PlacedFormula,
    XlsxContent,
    content_of,
)
from symcnn.workbook.check.families import FamilyProofs, TensorProof, WrongCell
from symcnn.workbook.check.names import LayerCells, written_area
from symcnn.workbook.check.result import ClaimRows, Mismatch, WorkbookVerification, language, reads_alike, weakest
from symcnn.workbook.evaluator import Value
from symcnn.workbook.layer_plan import LayerPlan
from symcnn.workbook.layer_workbook import LayerInputs, layer_book

#: Mismatches that are reported of one tensor, of the kept values and of all other cells; characters of a formula.
MOST, MOST_LENGTH = 20, 300

#: A kept value agrees within this part of itself, or of the largest value of formulas of its kind.
RELATIVE, OF_LARGEST = 1e-9, 1e-11

#: Cells that all formulas refer to: a hundred times those of a LeNet.
MAX_REFERENCES = 500_000_000

#: Stands for the sentence that says how a workbook was made, which a workbook does not say twice.
MADE = "\N{WHITE SQUARE}"


#: Captions that may differ in a workbook of this version: somebody changed them.
MOST_REWORDED = 3


class LayerVerification(ClaimRows):
    """The claims, row by row."""

    def __init__(self, cells: LayerCells, text: Catalogue) -> None:
        super().__init__(text)
        self._expected = regenerated(cells)
        self._recognize(cells.package, self._expected.names)
        if self._is_own and self.findings:  # cells are looked for where the names should point
            right = {**cells.package.names, **self._expected.names}
            cells = LayerCells(cells.network, replace(cells.package, names=right), cells.path)
        cells.check()
        self.cells = cells
        self.calculation = CellValues(cells.package.sheets, cells.package.names, MAX_REFERENCES)
        self.proofs = FamilyProofs(cells, self.calculation)
        self.findings += cells.mismatches
        self._names_row()

    def result(self) -> WorkbookVerification:
        self._inputs()
        self._tensors()
        self._others()
        self._kept_values()
        absent = [_called(t) for t in self.cells.equations if t not in self.cells.blocks and t != self._of_image]
        rest = [self.text("proof.rest_absent", names=", ".join(absent))] if absent else []
        if self.cells.given:
            rest.append(self.text("proof.rest_given", names=", ".join(sorted(map(_called, self.cells.given)))))
        rest += [self.text("proof.rest_no_values")] if not self._has_values else []
        rest += [] if self._is_own else [self.text("proof.rest_layout")]
        rest += [self.text(f"proof.{key}") for key in ("rest_inputs", "rest_program", "rest_others")]
        rest.append(self.text("verify.rest_kernel"))
        return self.closed(rest)

    @property
    def _of_image(self) -> Tensor:
        """∂E/∂(the image), which no workbook shows."""
        return self.cells.network.forward.image.adjoint()

    # --- names ------------------------------------------------------------------------------------------------------

    def _recognize(self, package: XlsxContent, names: Mapping[str, Reference | Range]) -> None:
        """Compare names with those that symcnn writes, if it wrote this workbook: its sheets and captions are there."""
        same = [name for name, target in names.items() if package.names.get(name) == target]
        has_sheets = {*self._expected.sheets} <= {*package.sheets}
        self._is_own = has_sheets and 2 * len(same) > len(names) and self._has_captions(package)
        if not self._is_own:
            return
        for name, target in names.items():
            actual = package.names.get(name)
            if actual != target:
                self.findings.append(Mismatch(name, name, written_area(actual), written_area(target)))

    def _has_captions(self, package: XlsxContent) -> bool:
        """Whether the captions are worded as today, but for a few that somebody changed."""
        reworded = {
            value
            for sheet, cells in self._expected.sheets.items()
            for address, (formula, value) in cells.items()
            if formula is None and isinstance(value, str) and " " in value and value != MADE
            if package.sheets[sheet].get(address, (None, None))[1] != value
        }
        return len(reworded) <= MOST_REWORDED

    def _names_row(self) -> None:
        blocks, count = sum(map(len, self.cells.blocks.values())), len(self.cells.entries)
        claim = self.text("proof.blocks", blocks=blocks, count=count)
        self.row(claim, "refuted" if self.findings else "proved", "proof.by_names")

    # --- claims -----------------------------------------------------------------------------------------------------

    def _inputs(self) -> None:
        """Pixels, targets, parameters, the learning rate and what is given of other layers are numbers."""
        wrong = []
        for place in self._free:
            content = self.cells.package.content(place)
            if content.formula is not None or not isinstance(content.value, float):
                wrong.append(Mismatch(written(place), self._name(place), content.text, self.text("proof.a_number")))
        self.compared(self.text("proof.inputs", count=len(self._free)), wrong[:MOST], "proof.by_text")

    @cached_property
    def _free(self) -> list[Place]:
        """The cells of numbers that are not computed."""
        numbers = np.zeros(self.cells.count, dtype=bool)
        for tensor in (*self.cells.inputs, *self.cells.given):
            first = self.cells.offsets[tensor]
            numbers[first : first + tensor.size] = True
        return [place for place, number in self.cells.entries.items() if numbers[number]]

    def _tensors(self) -> None:
        """Every computed quantity; of ∂E/∂ also that its equation is the derivative."""
        backward = [e for e in self.cells.derivation.equations if e.target.tensor.is_adjoint]
        derived = check_equations(self.cells.derivation, backward)
        self.wrong: list[WrongCell] = []
        for tensor in self.cells.equations:
            if tensor not in self.cells.blocks or tensor == self._of_image or tensor in self.cells.given:
                continue
            proof = self.proofs.prove(tensor)
            self.wrong += proof.wrong
            method = self._reason(proof) or self.text("proof.by_family", count=proof.families)
            claim = self.text("proof.block", name=_called(tensor), count=proof.count)
            self.rows.append(CheckRow(claim, weakest([*proof.statuses]), method))
        if any(tensor.primal is not None for tensor in self.cells.blocks):
            method = method_in_words(derived, self.text)
            self.rows.append(CheckRow(self.text("proof.equations"), derived.status, method))

    def _reason(self, proof: TensorProof) -> str:
        """Why it was not decided, where it was not."""
        undecided = (w for w in proof.wrong if w.verdict is not None and w.verdict.outcome == "not decided")
        return next((f"{written(w.place)}: {w.verdict.why}" for w in undecided if w.verdict is not None), "")

    # --- kept values ------------------------------------------------------------------------------------------------

    @cached_property
    def _has_values(self) -> bool:
        values = self.calculation.values
        return any(values[place] is not None for place in self.calculation.formulas)

    def _kept_values(self) -> None:
        """The value that the file keeps of each formula, at the values that it keeps of the cells which that reads."""
        if not self._has_values:
            return
        calculation = CellValues(self._repaired(), self.cells.package.names) if self.findings else self.calculation
        count, apart = 0, dict[int, float]()
        wrong: dict[int, Value] = {}
        for places, values in calculation.recalculated():
            largest = max((abs(v) for v in values if isinstance(v, float)), default=0.0)
            count += len(places)
            for place, value in zip(places, values, strict=True):
                kept = calculation.values[place]
                if not _agree(kept, value, OF_LARGEST * largest) and not (kept is None and self._is_note(place)):
                    wrong[place], apart[place] = value, OF_LARGEST * largest
        self.row(self.text("proof.kept_values", count=count), "refuted" if wrong else "agrees", "proof.by_value")
        reported = {f.cell for f in self.findings}
        all_kept = {place: calculation.values[place] for place in wrong}
        for place in islice(_first_wrong(calculation, wrong, apart), MOST):
            formula = calculation.formulas[place]
            at = (formula.sheet, *formula.address)
            if written(at) not in reported:
                shown = self.text("proof.kept", value=self._value(all_kept[place]))
                self.findings.append(Mismatch(written(at), self._name(at), shown, self._value(wrong[place])))

    def _is_note(self, place: int) -> bool:
        """Is a formula not symcnn's, but a reader's own?"""
        formula = self.calculation.formulas.get(place)
        own = self._expected.sheets.get(formula.sheet, {}) if formula is not None else {}
        return formula is not None and self._is_own and formula.address not in own

    def _repaired(self) -> Contents:
        """The cells with what symcnn writes in place of what is wrong, so that only the values of others are told."""
        sheets = {sheet: {**cells} for sheet, cells in self.cells.package.sheets.items()}
        for place in (*self._other_places, *(w.place for w in self.wrong)):
            expected = self._expected.content(place)
            if self._is_own and expected != NOTHING:
                kept = self.cells.package.content(place).value if expected.formula is not None else expected.value
                sheets[place[0]][place[1:]] = expected._replace(value=kept)
        return sheets

    def _value(self, value: Value) -> str:
        if isinstance(value, float):
            return f"{value:.15g}".replace(".", self.text.decimal)
        return "" if value is None else str(value)

    # --- everything else --------------------------------------------------------------------------------------------

    def _others(self) -> None:
        """Compare every cell with what symcnn writes. A wrong claim that only follows from such a cell is not told."""
        wrong_claims = {w.place: w for w in self.wrong}
        others = list(self._mismatches(wrong_claims)) if self._is_own else []
        causes = {self.calculation.at(*place) for place, _, _ in others} - {EMPTY}
        reported: dict[Tensor, int] = {}
        for claim in self.wrong:
            if claim.verdict is not None and claim.verdict.outcome == "not decided" and not self._differs(claim):
                continue
            if self._differs(claim) or not self._reads(claim.formula, causes, 0):
                tensor = self.cells.tensor(claim.number)
                reported[tensor] = reported.get(tensor, 0) + 1
                if reported[tensor] <= MOST:
                    self.findings.append(self._finding(claim))
        self._other_places = [place for place, _, _ in others]
        if self._is_own:
            findings = (Mismatch(written(at), self._name(at), actual, right) for at, actual, right in others[:MOST])
            count = sum(map(len, self._expected.sheets.values()))
            self.compared(self.text("proof.other_cells", count=count), findings, "proof.by_writing", "unknown")

    def _mismatches(self, wrong_claims: Mapping[Place, WrongCell]) -> Iterator[tuple[Place, str, str]]:
        """Yield cell, content and right content of whatever else differs from what symcnn writes."""
        inputs = {*self._free}
        for name, target in self.cells.package.names.items():
            if name.startswith("picked_") and isinstance(target, Reference):
                inputs.add((target.sheet or "", target.row, target.column))
        for sheet, expected in self._expected.sheets.items():
            actual = self.cells.package.sheets[sheet]
            for address in dict.fromkeys((*expected, *actual)):
                place = (sheet, *address)
                one, other = actual.get(address, NOTHING), expected.get(address, NOTHING)
                if place in inputs or place in wrong_claims or other.value == MADE:
                    continue
                if address not in expected and self.calculation.at(*place) not in self._read:
                    continue  # a reader's own note
                if not _same(one, other, is_proved=place in self.cells.entries):
                    yield place, one.text, other.text

    @cached_property
    def _read(self) -> set[int]:
        """The cells that formulas read, look-ups in whole sheets apart."""
        formulas = (f for f in self.calculation.formulas.values() if "INDEX(" not in f.text)
        return {place for formula in formulas for place in formula.references()}

    def _differs(self, claim: WrongCell) -> bool:
        """Whether a claim's own formula is another one than symcnn writes."""
        expected = self._expected.content(claim.place).formula
        return claim.formula is None or not reads_alike(claim.formula.text, expected)

    def _reads(self, formula: PlacedFormula | None, causes: set[int], depth: int) -> bool:
        """Whether a formula reads one of these cells, itself or through cells without a name."""
        if formula is None or depth > 8:
            return False
        for place in formula.references():
            inner = self.calculation.formulas.get(place)
            if place in causes:
                return True
            if inner is not None and self.proofs.leaves.is_put_in(place) and self._reads(inner, causes, depth + 1):
                return True
        return False

    def _finding(self, claim: WrongCell) -> Mismatch:
        verdict = claim.verdict
        values = verdict.counterexample if verdict is not None and isinstance(verdict.counterexample, tuple) else None
        at = verdict.at if verdict is not None else ""
        return Mismatch(
            written(claim.place), self.cells.name(claim.number), self.cells.package.content(claim.place).text,
            self._right(claim), values, at,
        )  # fmt: skip

    def _right(self, claim: WrongCell) -> str:
        """The formula that symcnn writes there; of another layout, the equation over the cells of its quantities."""
        expected = self._expected.content(claim.place)
        if self._is_own and expected != NOTHING:
            return expected.text

        def name(symbol: Symbol) -> str:
            place = self.cells.places.get(self.cells.number_of(symbol))
            return str(symbol.name) if place is None else written(place, claim.place[0])

        text = f"={FormulaPrinter(name).variable(self.proofs.variable(claim.number))}"
        return text if len(text) <= MOST_LENGTH else f"{text[:MOST_LENGTH]}…"

    # --- cells ------------------------------------------------------------------------------------------------------

    def _name(self, place: Place) -> str:
        number = self.cells.entries.get(place)
        return written(place) if number is None else self.cells.name(number)


def regenerated(cells: LayerCells) -> XlsxContent:
    """Return the workbook that symcnn writes for these inputs; an empty one if it cannot.

    How it was exported (which layers, forward only, with a sentence on why it has one image) is read off the file: of
    several ways, the one whose cells stand where those of the file do, and whose Contents say the same.
    """
    values, package = np.zeros(cells.count), cells.package
    for place, number in cells.entries.items():
        value = package.content(place).value
        if isinstance(value, float):
            values[number] = value
    first = cells.offsets
    image, target, *parameters, rate = (values[first[t] : first[t] + t.size].reshape(t.shape) for t in cells.inputs)
    theta = np.concatenate([p.ravel() for p in parameters]) if parameters else np.zeros(0)
    text = catalogue(language(package.sheets, "contents"))
    inputs = LayerInputs(cells.network, image.reshape(cells.network.input_shape), target, theta, float(rate), MADE)
    places, best = package.places(), XlsxContent()
    least = len(places) + 1
    has_adjoints = any(t.primal is not None for t in cells.blocks)
    ways = product(_layers(cells, text), (False,) if has_adjoints else (False, True), (MADE, ""))
    for layers, forward_only, why in ways:
        try:
            book, _ = layer_book(text, replace(inputs, layers=layers, forward_only=forward_only, why=why))
        except SymcnnError:
            continue
        expected = content_of(book.workbook)
        apart = len(places ^ expected.places()) + _contents_apart(package, expected, text("workbook.contents"))
        if apart < least:
            best, least = expected, apart
        if not apart:
            break
    return best


def _contents_apart(package: XlsxContent, expected: XlsxContent, title: str) -> int:
    """How many cells of the first sheet do not say what is expected there."""
    cells = expected.sheets[title].items()
    return sum(
        cell.value != MADE and not _same(package.content((title, *address)), cell, False) for address, cell in cells
    )


def _layers(cells: LayerCells, text: Catalogue) -> list[tuple[str, ...] | None]:
    """Which layers may have been asked for, None: all, so that the file has formulas of those that it has."""
    computed = {t for t in cells.equations if t in cells.blocks and t not in cells.given}
    computed |= {t.primal for t in computed if t.primal is not None}
    plan = LayerPlan(cells.derivation, text)
    sheets = {
        sheet.title: [t in computed for t in (*sheet.tensors, *sheet.parameters) if t in cells.equations]
        for sheet in plan.sheets
    }
    titles = tuple(title for title, tensors in sheets.items() if any(tensors))
    possible = {title for title, tensors in sheets.items() if tensors}
    if len(titles) == len(possible):
        return [None]
    # where a layer is left out since no sheet holds it, the others are the same as if they were asked for
    return [None, titles] if {*titles} == possible - {*plan.too_large} else [titles]


def _first_wrong(calculation: CellValues, wrong: Mapping[int, Value], apart: Mapping[int, float]) -> Iterator[int]:
    """Yield the formulas whose values are wrong, without those that are right for the right values of others."""
    left = dict(wrong)
    while left:
        first = [p for p in left if not any(r in left for r in calculation.formulas[p].references())]
        for place in first or [*left]:
            if place not in left:
                continue
            yield place
            calculation.set(place, left.pop(place))
            for other in [p for p in left if place in calculation.formulas[p].references()]:
                if _agree(calculation.values[other], calculation.result(other), apart[other]):
                    del left[other]


def _called(tensor: Tensor) -> str:
    """x, ∂E/∂x, next_f."""
    return f"∂E/∂{tensor.primal.name}" if tensor.primal is not None else tensor.name


def _same(one: CellContent, other: CellContent, is_proved: bool) -> bool:
    """Whether a cell holds what symcnn writes; of a proved formula only what a copy of it would be is compared."""
    if one.formula is None or other.formula is None:
        if one.formula is not other.formula:
            return False
        return one.value == other.value if isinstance(other.value, float | bool) else one.text == other.text
    is_other = is_proved and one.formula.replace("$", "") != other.formula.replace("$", "")
    return is_other or reads_alike(one.formula, other.formula)


def _agree(kept: Value, value: Value, apart: float) -> bool:
    if isinstance(kept, float) and isinstance(value, float):
        return math.isclose(kept, value, rel_tol=RELATIVE, abs_tol=apart)
    return kept == value or (kept is None and value == "")
