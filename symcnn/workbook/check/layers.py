"""A workbook with a sheet for each layer, read back: every claim that its names make, and everything else in it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import islice, product

import numpy as np
from sympy import Symbol

from symcnn.errors import SymcnnError
from symcnn.printers.cells import FormulaError, Place, Range, Reference, parse, reference, written
from symcnn.printers.excel import FormulaPrinter
from symcnn.proof import check_equations
from symcnn.symbolic import Tensor
from symcnn.text import LANGUAGES, Catalogue, catalogue
from symcnn.verification.result import CheckRow, method_in_words
from symcnn.workbook.check.blocks import RATE, LayerCells
from symcnn.workbook.check.families import FamilyProofs, TensorProof, WrongCell
from symcnn.workbook.check.package import XlsxContent
from symcnn.workbook.check.result import Mismatch, WorkbookVerification, weakest
from symcnn.workbook.functions import Value
from symcnn.workbook.layer_workbook import LayerInputs, layer_book
from symcnn.workbook.layers import LayerPlan
from symcnn.workbook.values import EMPTY, Address, CellValues, Contents, PlacedFormula, contents

#: Mismatches that are reported of one tensor, of the kept values and of all other cells; characters of a formula.
MOST, MOST_LENGTH = 20, 300

#: A kept value agrees within this part of itself, or of the largest value of formulas of its kind.
RELATIVE, OF_LARGEST = 1e-9, 1e-11

#: Cells that all formulas refer to: a hundred times those of a LeNet.
MAX_REFERENCES = 500_000_000

#: Stands for the sentence that says how a workbook was made, which a workbook does not say twice.
MADE = "\N{WHITE SQUARE}"

Target = Reference | Range


class LayerVerification:
    """The claims, row by row."""

    def __init__(self, cells: LayerCells, text: Catalogue) -> None:
        self.text, self.findings, self.rows = text, list[Mismatch](), list[CheckRow]()
        self._is_own = False
        self._expected, names = regenerated(cells)
        self._recognize(cells.package, names)
        if self._is_own and self.findings:  # cells are looked for where the names should point
            right = {**cells.package.names, **names}
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
        return WorkbookVerification(tuple(self.rows), tuple(self.findings), tuple(rest), self.text)

    @property
    def _of_image(self) -> Tensor:
        """∂E/∂(the image), which no workbook shows."""
        return self.cells.network.forward.image.adjoint()

    # --- names ------------------------------------------------------------------------------------------------------

    def _recognize(self, package: XlsxContent, names: Mapping[str, Target]) -> None:
        """Compare names with those that symcnn writes, if it wrote this workbook: its sheets are there."""
        same = [name for name, target in names.items() if package.names.get(name) == target]
        self._is_own = {*self._expected} <= {*package.sheets} and 2 * len(same) > len(names)
        if not self._is_own:
            return
        for name, target in names.items():
            actual = package.names.get(name)
            if actual != target:
                self.findings.append(Mismatch(name, name, "" if actual is None else _area(actual), _area(target)))

    def _names_row(self) -> None:
        blocks, count = sum(map(len, self.cells.blocks.values())), len(self.cells.entries)
        claim = self.text("proof.blocks", blocks=blocks, count=count)
        self._row(claim, "refuted" if self.findings else "proved", "proof.by_names")

    # --- claims -----------------------------------------------------------------------------------------------------

    def _inputs(self) -> None:
        """Pixels, targets, parameters, the learning rate and what is given of other layers are numbers."""
        wrong = []
        for place in self._free:
            content = self._content(place)
            if content[0] is not None or not isinstance(content[1], float):
                right = self.text("proof.a_number")
                wrong.append(Mismatch(written(place), self._name(place), _shown(content), right))
        self.findings += wrong[:MOST]
        self._row(self.text("proof.inputs", count=len(self._free)), "refuted" if wrong else "proved", "proof.by_text")

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
        self._row(self.text("proof.kept_values", count=count), "refuted" if wrong else "agrees", "proof.by_value")
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
        return formula is not None and self._is_own and formula.address not in self._expected.get(formula.sheet, {})

    def _repaired(self) -> Contents:
        """The cells with what symcnn writes in place of what is wrong, so that only the values of others are told."""
        sheets: dict[str, dict[Address, tuple[str | None, Value]]]
        sheets = {sheet: {**cells} for sheet, cells in self.cells.package.sheets.items()}
        for sheet, row, column in (*self._other_places, *(w.place for w in self.wrong)):
            expected = self._expected.get(sheet, {}).get((row, column))
            if self._is_own and expected is not None:
                kept = sheets[sheet].get((row, column), (None, None))[1]
                sheets[sheet][row, column] = expected if expected[0] is None else (expected[0], kept)
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
        causes = {self._place(place) for place, _, _ in others} - {EMPTY}
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
        for place, actual, right in others[:MOST]:
            self.findings.append(Mismatch(written(place), self._name(place), actual, right))
        if self._is_own:
            count = sum(map(len, self._expected.values()))
            claim_text = self.text("proof.other_cells", count=count)
            self._row(claim_text, "refuted" if others else "unknown", "proof.by_writing")

    def _mismatches(self, wrong_claims: Mapping[Place, WrongCell]) -> Iterator[tuple[Place, str, str]]:
        """Yield cell, content and right content of whatever else differs from what symcnn writes."""
        inputs = {*self._free}
        for name, target in self.cells.package.names.items():
            if name.startswith("picked_") and isinstance(target, Reference):
                inputs.add((target.sheet or "", target.row, target.column))
        for sheet, expected in self._expected.items():
            actual = self.cells.package.sheets[sheet]
            for address in dict.fromkeys((*expected, *actual)):
                place = (sheet, *address)
                one, other = actual.get(address, (None, None)), expected.get(address, (None, None))
                if place in inputs or place in wrong_claims or other[1] == MADE:
                    continue
                if address not in expected and self._place(place) not in self._read:
                    continue  # a reader's own note
                is_proved = place in self.cells.entries
                if not _same(one, other, is_proved):
                    yield place, _shown(one), _shown(other)

    @cached_property
    def _read(self) -> set[int]:
        """The cells that formulas read, look-ups in whole sheets apart."""
        formulas = (f for f in self.calculation.formulas.values() if "INDEX(" not in f.text)
        return {place for formula in formulas for place in formula.references()}

    def _differs(self, claim: WrongCell) -> bool:
        """Whether a claim's own formula is another one than symcnn writes."""
        sheet, row, column = claim.place
        expected = self._expected.get(sheet, {}).get((row, column))
        return expected is None or claim.formula is None or not _same((claim.formula.text, None), expected, False)

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
            written(claim.place), self.cells.name(claim.number), _shown(self._content(claim.place)),
            self._right(claim), values, at,
        )  # fmt: skip

    def _right(self, claim: WrongCell) -> str:
        """The formula that symcnn writes there; of another layout, the equation over the cells of its quantities."""
        sheet, row, column = claim.place
        if self._is_own and (row, column) in self._expected[sheet]:
            return _shown(self._expected[sheet][row, column])
        names = {number: place for place, number in self.cells.entries.items()}
        first = self.cells.offsets

        def name(symbol: Symbol) -> str:
            number = first[RATE]
            if symbol in self.cells.derivation.quantities:
                quantity = self.cells.derivation.quantities.of(symbol)
                tensor = quantity.tensor.adjoint() if quantity.is_adjoint else quantity.tensor
                number = first[tensor] + tensor.flat(quantity.index)
            return written(names[number], sheet) if number in names else str(symbol.name)

        text = f"={FormulaPrinter(name).variable(self.proofs.variable(claim.number))}"
        return text if len(text) <= MOST_LENGTH else f"{text[:MOST_LENGTH]}…"

    # --- cells ------------------------------------------------------------------------------------------------------

    def _content(self, place: Place) -> tuple[str | None, Value]:
        sheet, row, column = place
        return self.cells.package.sheets[sheet].get((row, column), (None, None))

    def _place(self, place: Place) -> int:
        sheet, row, column = place
        return self.calculation.index[sheet].get((row, column), EMPTY)

    def _name(self, place: Place) -> str:
        number = self.cells.entries.get(place)
        return written(place) if number is None else self.cells.name(number)

    def _row(self, claim: str, status: str, method: str) -> None:
        self.rows.append(CheckRow(claim, status, self.text(method)))


def regenerated(cells: LayerCells) -> tuple[Contents, dict[str, Target]]:
    """Return the cells and names of the workbook that symcnn writes for these inputs; none if it cannot.

    How it was exported (which layers, forward only, with a sentence on why it has one image) is read off the file: of
    several ways, the one whose cells stand where those of the file do, and whose Contents say the same.
    """
    values = np.zeros(cells.count)
    for (sheet, row, column), number in cells.entries.items():
        content = cells.package.sheets[sheet].get((row, column))
        if content is not None and isinstance(content.value, float):
            values[number] = content.value
    first, titles = cells.offsets, cells.package.sheets
    image, target, *parameters, rate = (values[first[t] : first[t] + t.size].reshape(t.shape) for t in cells.inputs)
    theta = np.concatenate([p.ravel() for p in parameters]) if parameters else np.zeros(0)
    lang = next((one for one in LANGUAGES if catalogue(one)("workbook.contents") in titles), LANGUAGES[0])
    shaped, written_first = image.reshape(cells.network.input_shape), catalogue(lang)("workbook.contents")
    inputs = LayerInputs(cells.network, shaped, target, theta, float(rate), MADE)
    places = {(title, *address) for title, sheet in titles.items() for address in sheet}
    best: tuple[Contents, dict[str, Target]] = {}, {}
    least = len(places) + 1
    has_adjoints = any(t.primal is not None for t in cells.blocks)
    ways = product(_layers(cells, catalogue(lang)), (False,) if has_adjoints else (False, True), (MADE, ""))
    for layers, forward_only, why in ways:
        try:
            book, _ = layer_book(catalogue(lang), replace(inputs, layers=layers, forward_only=forward_only, why=why))
        except SymcnnError:
            continue
        expected = contents(book.workbook)
        apart = len(places ^ {(title, *address) for title, sheet in expected.items() for address in sheet})
        actual = titles.get(written_first, {})
        apart += sum(
            cell[1] != MADE and not _same(actual.get(address, (None, None)), cell, False)
            for address, cell in expected[written_first].items()
        )
        if apart < least:
            defined = book.workbook.defined_names.items()
            names = {name.lower(): reference(str(d.attr_text)) for name, d in defined}
            best, least = (expected, {name: t for name, t in names.items() if t is not None}), apart
        if not apart:
            break
    return best


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


def _area(target: Target) -> str:
    first, last = (target.first, target.last) if isinstance(target, Range) else (target, target)
    sheet = first.sheet or ""
    text = written((sheet, first.row, first.column))
    return text if first == last else f"{text}:{written((sheet, last.row, last.column), sheet)}"


def _shown(content: tuple[str | None, Value]) -> str:
    formula, value = content
    return f"={formula}" if formula is not None else "" if value is None else str(value)


def _same(one: tuple[str | None, Value], other: tuple[str | None, Value], is_proved: bool) -> bool:
    """Whether a cell holds what symcnn writes; of a proved formula only what a copy of it would be is compared."""
    if one[0] is None or other[0] is None:
        if one[0] is not None or other[0] is not None:
            return False
        a, b = one[1], other[1]
        return a == b if isinstance(b, float | bool) else str("" if a is None else a) == str("" if b is None else b)
    if one[0] == other[0]:
        return True
    if is_proved and one[0].replace("$", "") != other[0].replace("$", ""):
        return True
    try:
        return parse(one[0]) == parse(other[0])
    except FormulaError:
        return False


def _agree(kept: Value, value: Value, apart: float) -> bool:
    if isinstance(kept, float) and isinstance(value, float):
        return math.isclose(kept, value, rel_tol=RELATIVE, abs_tol=apart)
    return kept == value or (kept is None and value == "")
