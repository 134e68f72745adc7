"""Workbooks with a sheet for each layer, read back: what nobody touched is proved, what was altered is named."""

import random
import shutil
import subprocess
from unittest import mock

import numpy as np
import openpyxl
import pytest
from sympy import expand, prod

import symcnn
from symcnn.derivation.graph import instance
from symcnn.numeric import initial_values
from symcnn.printers.cells import written
from symcnn.text import catalogue
from symcnn.workbook import verify_workbook
from symcnn.workbook.cell_values import CellContent, CellValues
from symcnn.workbook.check import layer_verification
from symcnn.workbook.check.entry_formulas import Literals, NotPolynomialError, Slots
from symcnn.workbook.check.families import FamilyProofs
from symcnn.workbook.check.names import LayerCells
from symcnn.workbook.check.verify import verify_package
from symcnn.workbook.check.xlsx_reader import read_package
from symcnn.workbook.layer_workbook import LayerInputs, layer_workbook
from tests.slow import rest_slow
from tests.tools.alterations import LayerWorkbook
from tests.tools.recalculate import needs_office

CONV, POOL, ACT, DENSE, FLAT = symcnn.Conv2D, symcnn.MaxPool2D, symcnn.Activation, symcnn.Dense, symcnn.Flatten

NETWORKS = {
    "padding": symcnn.Network(
        (6, 6),
        [CONV(2, 3, padding=1), ACT("relu"), POOL(2), CONV(2, 2), ACT("relu"), FLAT(), DENSE(4, "relu"), DENSE(3)],
        "cross_entropy",
    ),
    "strides": symcnn.Network(
        (2, 7, 7),
        [CONV(3, 3, stride=2, bias=False), ACT("sigmoid"), symcnn.AvgPool2D(2, stride=1), FLAT(), DENSE(2, "tanh")],
        "half_squared_error",
    ),
    "overlap": symcnn.Network(
        (8, 8),
        [CONV(2, 3, stride=2, padding=1), ACT("leaky_relu"), POOL(3, stride=1, padding=1), FLAT(), DENSE(3, "softmax")],
        "mse",
    ),
    "one filter": symcnn.Network(
        (5, 5), [CONV(1, 2), POOL(2, padding="same", pad_value=0), FLAT(), DENSE(2, "sigmoid")], "binary_cross_entropy"
    ),
    "neurons": symcnn.Network((12,), [DENSE(6, "elu"), DENSE(4, "softplus"), DENSE(3)], "cross_entropy"),
}


def written_book(folder, net, lang="en", forward_only=False, scale=1.0):
    rng = np.random.default_rng(4)
    targets = np.eye(net.forward.targets.size)[1]
    theta = (initial_values(net, 3) * scale).round(6)
    inputs = LayerInputs(net, rng.uniform(size=net.input_shape).round(2), targets, theta, 0.05, "made", forward_only)
    path = folder / "book.xlsx"
    path.write_bytes(layer_workbook(catalogue(lang), inputs))
    return path


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    net = NETWORKS["padding"]
    return LayerWorkbook(written_book(tmp_path_factory.mktemp("book"), net), net)


def findings(book, package):
    with mock.patch.object(layer_verification, "regenerated", return_value=book._expected):  # the same for every change
        return verify_package(package, "x.xlsx", book.network, catalogue("en")).findings


def changed(book, place, formula, value=None):
    """What is found when one cell holds something else."""
    sheet, *at = place
    cells = {**book.package.sheets[sheet], tuple(at): CellContent(formula, value)}
    return findings(book, type(book.package)({**book.package.sheets, sheet: cells}, book.package.names))


def place(book, tensor, *index):
    """The cell of an entry; and its formula."""
    [one] = [t for t in book.cells.offsets if t.name == tensor]
    number = book.cells.offsets[one] + one.flat(index)
    [cell] = [p for p, n in book.cells.entries.items() if n == number]
    return cell, book.package.sheets[cell[0]][cell[1:]].formula


BOOKS = [("overlap", "fr"), *((name, "en") for name in NETWORKS)]


@pytest.mark.parametrize("which", rest_slow([(book,) for book in BOOKS], 2))
def test_what_nobody_touched_is_proved(tmp_path, which):
    name, lang = which
    net = NETWORKS[name]
    found = verify_workbook(written_book(tmp_path, net, lang), net, lang=lang)
    assert found.ok, str(found)
    assert not found.findings
    cells = [row for row in found.rows if row.status not in ("proved", "probable")]
    assert [row.status for row in cells] == ["unknown", "agrees"]  # what is only compared as written; kept values
    assert len(found.rows) > 15


def test_every_computed_entry_is_claimed_once(book):
    tensors = [t for t in book.cells.equations if t in book.cells.blocks]
    proofs = FamilyProofs(book.cells, CellValues(book.package.sheets, book.package.names))
    results = [proofs.prove(t) for t in tensors]
    assert [r.count for r in results] == [t.size for t in tensors]
    assert not any(r.wrong for r in results)
    # every parameter, forward quantity, adjoint and next value: all but the derivative by the image
    assert [t.name for t in book.cells.equations if t not in tensors] == ["dE_di"]


@pytest.mark.parametrize("name", NETWORKS)
def test_slots_are_the_entries_that_an_equation_reads(tmp_path, name):
    """At some indices of every tensor, against its instance, which is made without arrays."""
    package = read_package(written_book(tmp_path, NETWORKS[name]))
    cells, rng, literals, sums = LayerCells(NETWORKS[name], package, "x"), np.random.default_rng(8), Literals(), 0
    for tensor, equation in cells.equations.items():
        slots = Slots(equation, [], cells, literals)
        for index in rng.permutation([*tensor.indices()])[:6] if tensor.shape else [np.zeros(0, int)]:
            variable = instance(equation, tuple(map(int, index)))
            read = {cells.symbol(n) for n in slots.at(index[np.newaxis])[0].tolist() if n >= 0}
            assert variable.symbols() <= read, (tensor.name, index)
            try:
                polynomial = slots.polynomial(index[np.newaxis])
            except NotPolynomialError:
                continue
            terms = (c * prod(map(cells.symbol, entries)) for entries, c in polynomial.items())
            assert expand(sum(terms) - variable.expression) == 0, (tensor.name, index)
            sums += len(polynomial) > 1
    assert sums > 5


def test_alterations_are_named(book):
    chosen = book.alterations(random.Random(7), 32)
    assert len({a.kind for a in chosen}) > 8
    assert book.missed(chosen[:28], together=7) == []
    assert book.missed(chosen[28:]) == []  # each alone


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_two_hundred_alterations_of_each_network(tmp_path, name):
    altered = LayerWorkbook(written_book(tmp_path, NETWORKS[name]), NETWORKS[name])
    assert altered.missed(altered.alterations(random.Random(1), 200)) == []


def test_a_cell_in_the_middle_of_a_block_is_named_with_the_right_formula_and_two_values(book):
    cell, formula = place(book, "x", 1, 3, 2)
    [finding] = changed(book, cell, formula.replace("SUMPRODUCT(", "2*SUMPRODUCT(", 1))
    assert (finding.cell, finding.quantity, finding.right) == (written(cell), "x_243_image1", f"={formula}")
    assert finding.values is not None
    assert finding.values[0] != finding.values[1]


@pytest.mark.parametrize(
    ("tensor", "index", "old", "new"),
    [
        ("x", (0, 2, 2), ")+", ")-"), ("next_f", (0, 1, 1), "-", "+"), ("h", (2,), "MAX(0,", "MAX(1,"),
        ("dE_dx", (1, 2, 2), ">0", "<0"), ("dE_da", (0, 1, 1), "<>", "="), ("p", (0, 1, 1), "MAX(", "SUM("),
        ("s", (), "SUM(", "MAX("), ("E", (), "LN(", "EXP("), ("dE_dw_ho", (1, 2), "*", "/"),
    ],
)  # fmt: skip
def test_a_sign_a_condition_a_function_changed_is_named(book, tensor, index, old, new):
    cell, formula = place(book, tensor, *index)
    assert old in formula
    assert [f.cell for f in changed(book, cell, formula.replace(old, new, 1))] == [written(cell)]


def test_the_same_said_otherwise_is_no_error_but_a_lost_anchor_is(book):
    cell, formula = place(book, "x", 0, 2, 2)
    value = book.package.sheets[cell[0]][cell[1:]].value
    assert not changed(book, cell, f"0+({formula})*1", value)
    [finding] = changed(book, cell, formula.replace("$", ""), value)
    assert finding.cell == written(cell)


def test_a_border_that_is_no_zero_is_named_and_not_the_sums_that_read_it(book):
    (sheet, row, column), _ = place(book, "i", 0, 0)
    [finding] = changed(book, (sheet, row - 1, column), None, 0.25)
    assert (finding.cell, finding.right) == (written((sheet, row - 1, column)), "0.0")


def test_what_a_reader_may_change_changes_no_verdict(book, tmp_path):
    path = tmp_path / "changed.xlsx"
    workbook = openpyxl.load_workbook(book.cells.path)
    for name in ("i", "t", "f", "b_x", "w_abh", "learning_rate"):
        for tensor, number in book.cells.offsets.items():
            if tensor.name == name:
                for (sheet, *at), n in book.cells.entries.items():
                    if number <= n < number + min(3, tensor.size):
                        workbook[sheet].cell(*at).value = 0.5 - 0.3 * (n - number)
    workbook.save(path)  # without values
    found = verify_workbook(path, book.network)
    assert found.ok, str(found)
    assert catalogue("en")("proof.rest_no_values") in found.not_checked


@needs_office
@pytest.mark.slow
def test_a_copy_that_libreoffice_saved_passes(book, tmp_path):
    source = tmp_path / "book.xlsx"
    shutil.copy(book.cells.path, source)
    command = ["soffice", "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path / "out"), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    found = verify_workbook(tmp_path / "out" / "book.xlsx", book.network)
    assert found.ok, str(found)
    assert not found.findings


def test_what_is_left_out_is_said(tmp_path):
    net = NETWORKS["padding"]
    found = verify_workbook(written_book(tmp_path, net, forward_only=True), net)
    assert found.ok, str(found)
    [absent] = [line for line in found.not_checked if "∂E/∂" in line]
    assert "∂E/∂f" in absent
    assert "next_f" in absent
    assert not any("∂E/∂" in row.claim for row in found.rows)


@pytest.mark.parametrize(
    ("layers", "given"), [(["Conv1", "Pool1"], "a, ∂E/∂a, ∂E/∂xb"), (["Output"], "h"), (["Conv2"], "ab, p, ∂E/∂ab")]
)
def test_a_part_of_the_layers_is_proved_from_the_numbers_of_the_others(tmp_path, layers, given):
    net, path = NETWORKS["padding"], tmp_path / "part.xlsx"
    symcnn.export_workbook(net, (np.ones((2, 6, 6)), np.eye(3)[:2]), path, layers=layers)
    found = verify_workbook(path, net)
    assert found.ok, str(found)
    assert catalogue("en")("proof.rest_given", names=given) in found.not_checked
    assert not any(row.claim.startswith(f"{name}:") for name in given.split(", ") for row in found.rows)


@pytest.mark.parametrize("layers", [["Image", "Conv1"], ["conv2", "RELU2"], ["Output", "Dense1"]])
def test_layers_may_be_asked_for_in_any_order_and_case_and_with_the_image(tmp_path, layers):
    net, path = NETWORKS["padding"], tmp_path / "part.xlsx"
    symcnn.export_workbook(net, (np.ones((1, 6, 6)), np.eye(3)[:1]), path, layers=layers)
    found = verify_workbook(path, net)
    assert found.ok, str(found)


@pytest.mark.parametrize("layers", [None, ["Output"]])
def test_a_layer_that_no_sheet_holds_is_left_out_or_not_asked_for(tmp_path, layers):
    net, path = symcnn.Network((16_400,), [DENSE(2, "relu"), DENSE(2)], "mse"), tmp_path / "wide.xlsx"
    symcnn.export_workbook(net, (np.ones((1, 16_400)), np.ones((1, 2))), path, layers=layers)
    found = verify_workbook(path, net)
    assert found.ok, str(found)
    texts = [str(cell.value) for row in openpyxl.load_workbook(path)["Contents"].iter_rows() for cell in row]
    [said] = [text for text in texts if text.startswith(("Left out: Dense1", "Part of the network"))]
    assert said.startswith("Left out") == (layers is None)


def test_a_readers_own_notes_are_no_error_unless_a_sum_reads_them(book):
    (sheet, row, column), _ = place(book, "x", 0, 0, 0)
    assert not changed(book, (sheet, 400, 3), None, "look here")
    assert not changed(book, (sheet, 400, 3), f"{written((sheet, row, column), sheet)}*2")
    package = type(book.package)(
        {**book.package.sheets, "My notes": {(1, 1): CellContent("1+1", 2.0)}}, book.package.names
    )
    assert not findings(book, package)


def test_an_area_that_no_network_has_is_refused(book):
    with pytest.raises(symcnn.InputError, match="more cells than can be read"):
        changed(book, ("Conv1", 400, 3), "SUM(A1:XFD1048575)")


@pytest.mark.slow
def test_formulas_that_grow_without_end_are_not_put_in(book):
    """Cells that read the one above many times; and a circle."""
    (sheet, *at), _ = place(book, "x", 0, 0, 0)
    rows = {(500 + n, 3): CellContent("+".join(["C" + str(499 + n)] * 30), None) for n in range(1, 9)}
    for cells in (rows, {(508, 3): CellContent("C509", None), (509, 3): CellContent("C508", None)}):
        cells = {**book.package.sheets[sheet], **cells, tuple(at): CellContent("0*C508", None)}
        package = type(book.package)({**book.package.sheets, sheet: cells}, book.package.names)
        assert written((sheet, *at)) in {f.cell for f in findings(book, package)}


@pytest.mark.parametrize(
    "other",
    [
        symcnn.Network((7, 7), [CONV(3, 3), FLAT(), DENSE(3)], "cross_entropy"),
        symcnn.Network(  # the same numbers, called otherwise
            (6, 6),
            [
                CONV(2, 3, padding=1), ACT("relu"), POOL(2), CONV(2, 2), ACT("relu"), FLAT(), DENSE(4), ACT("relu"),
                DENSE(3),
            ],
            "cross_entropy",
        ),
    ],
    ids=["larger", "called otherwise"],
)  # fmt: skip
def test_another_network_is_refused(book, other):
    with pytest.raises(symcnn.InputError, match="not the workbook of this network"):
        verify_package(book.package, "x.xlsx", other, catalogue("en"))


def test_a_proof_carries_over_only_where_equal_entries_stay_equal(book):
    """Two cells of one text exchanged with each other: the family is proved, these two are not."""
    (first, one), (second, other) = place(book, "a", 0, 1, 1), place(book, "a", 0, 4, 3)
    sheet = dict(book.package.sheets[first[0]])
    sheet[first[1:]], sheet[second[1:]] = (
        sheet[first[1:]]._replace(formula=other), sheet[second[1:]]._replace(formula=one),
    )  # fmt: skip
    package = type(book.package)({**book.package.sheets, first[0]: sheet}, book.package.names)
    assert {f.cell for f in findings(book, package)} == {written(first), written(second)}


def test_what_is_refuted_of_the_first_cell_is_not_refuted_of_the_others(book):
    """The first cell of a block reads a cell that no other does; the others read as many."""
    cell, formula = place(book, "a", 0, 0, 0)
    other, _ = place(book, "o", 1)
    [finding] = changed(book, cell, f"MAX(0,{written(other)})")
    assert (finding.cell, finding.right) == (written(cell), f"={formula}")


def test_the_place_of_a_maximum_is_put_in(book):
    """Through a copy; its last number stands for the cell of the window that is not compared."""
    (sheet, row, column), _ = place(book, "dE_da", 0, 1, 0)
    _, maximum = place(book, "p", 0, 0, 0)
    (pool, *at), _ = place(book, "p", 0, 0, 0)
    source = maximum.removeprefix("MAX(").removesuffix(")")
    title, cells = source.split("!")
    left, right = (openpyxl.utils.cell.coordinate_from_string(c) for c in cells.split(":"))
    window = [f"{title}!{c}{r}" for r in (left[1], right[1]) for c in (left[0], right[0])]
    p = f"{pool}!{openpyxl.utils.get_column_letter(at[1])}{at[0]}"
    gradient = f"d{pool}!{openpyxl.utils.get_column_letter(at[1])}{at[0]}"
    helper = f"IF({window[0]}={p},1,IF({window[1]}={p},2,IF({window[2]}={p},3,4)))"

    def wrong(helper, formula):
        cells = {
            **book.package.sheets[sheet], (1, 200): CellContent(helper, None), (1, 201): CellContent("GR1", None),
            (row, column): CellContent(formula, None),
        }  # fmt: skip
        package = type(book.package)({**book.package.sheets, sheet: cells}, book.package.names)
        cells = LayerCells(book.network, package, "x")
        proofs = FamilyProofs(cells, CellValues(package.sheets, package.names))
        [tensor] = [t for t in cells.equations if t.name == "dE_da"]
        return [written(w.place) for w in proofs.prove(tensor).wrong]

    here = written((sheet, row, column))
    assert wrong(helper, f"IF($GS$1=3,{gradient},0)") == []
    assert wrong(helper, f"IF($GS$1=4,{gradient},0)") == [here]
    assert wrong(helper.replace("3,4", "4,3"), f"IF($GS$1=3,{gradient},0)") == [here]
    assert wrong(helper.replace("3,4", "3,3"), f"IF($GS$1=3,{gradient},0)") == [here]
    assert wrong(helper.replace(p, window[3]), f"IF($GS$1=3,{gradient},0)") == [here]


LENET = symcnn.Network(
    (28, 28),
    [
        CONV(6, 5, padding=2), ACT("relu"), POOL(2), CONV(16, 5), ACT("relu"), POOL(2), FLAT(), DENSE(120, "relu"),
        DENSE(84, "relu"), DENSE(10),
    ],
    "cross_entropy",
)  # fmt: skip


@pytest.mark.slow
def test_lenet(tmp_path):
    altered = LayerWorkbook(written_book(tmp_path, LENET, scale=0.1), LENET)
    assert not findings(altered, altered.package)
    assert altered.missed(altered.alterations(random.Random(2), 40), together=10) == []
