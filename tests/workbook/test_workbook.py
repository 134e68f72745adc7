"""The workbook recalculated by other programs, against symcnn's numbers: as written, and at other steps."""

import math
import re
import zipfile

import numpy as np
import openpyxl
import pytest
from openpyxl.formula import Tokenizer

import symcnn
from symcnn.numeric.values import values_of_images
from symcnn.text import catalogue
from symcnn.workbook.addresses import is_legal_name
from symcnn.workbook.training_plan import TrainingPlan
from tests.slow import rest_slow
from tests.tools.recalculate import by_formualizer, by_office, named, needs_office, set_cells

STEPS = 12
FUNCTIONS = {
    "EXP", "LN", "SUMPRODUCT", "SUM", "SUMSQ", "INDEX", "MATCH", "MAX", "MIN", "IF", "COUNT", "AND", "OR", "ABS",
    "ROUND", "TANH", "SQRT", "MOD", "SUMXMY2",
}  # fmt: skip


@pytest.fixture(scope="module", params=rest_slow(["en", "fr"]))
def book(request, net, data, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "cnn.xlsx"
    assert symcnn.export_workbook(net, data, path, steps=STEPS, lang=request.param) == path
    return request.param, path


def near(found, wanted):
    return math.isclose(float(found), float(wanted), rel_tol=1e-12, abs_tol=1e-14)


def hold(values, path, derivation, net, data, run, step, factor=1.0):
    """Every named cell and every training row against symcnn, at the step shown."""
    places = named(path)
    theta = symcnn.train(net, data, steps=step, initial=run.initial, learning_rate=run.learning_rate,
                         reduction=run.reduction).theta  # fmt: skip
    each = list(values_of_images(derivation, theta, data))
    count = 0
    for name, place in places.items():
        if place not in values or name == "all_checks" or name.startswith("next_"):
            continue  # an input
        bare, _, image = name.partition("_image")
        if image:
            wanted = each[int(image) - 1][bare]
        elif name == "E_total":
            wanted = factor * sum(v["E"] for v in each)
        elif name.startswith("dE_d"):
            wanted = factor * sum(v[name] for v in each)
        else:
            wanted = dict(zip(net.parameters, theta, strict=True))[name]
        assert near(values[place], wanted), (name, values[place], wanted)
        count += 1
    assert count == 20 + 2 * (13 + 32) + 1 + 20
    assert values[places["all_checks"]] == "✓ ok"
    after = symcnn.train(net, data, steps=1, initial=theta, learning_rate=run.learning_rate, reduction=run.reduction)
    for name, value in after.parameters.items():
        parameters, cell = places[name]
        assert near(values[parameters, f"H{cell[1:]}"], value), name  # the next value
    sheet = places["f_11"][0].replace("Parameters", "Training").replace("Paramètres", "Apprentissage")
    for k, loss in enumerate(run.loss):
        assert near(values[sheet, f"C{8 + k}"], loss), k


def test_the_numbers_are_symcnns(book, derivation, net, data):
    _, path = book
    run = symcnn.train(net, data, steps=STEPS)
    hold(by_formualizer(path), path, derivation, net, data, run, 0)


@needs_office
def test_libreoffice_finds_the_same_in_every_cell(book, derivation, net, data, tmp_path):
    _, path = book
    run = symcnn.train(net, data, steps=STEPS)
    office, engine = by_office(path, tmp_path), by_formualizer(path)
    hold(office, path, derivation, net, data, run, 0)
    assert office.keys() == engine.keys()
    for place, value in engine.items():
        assert near(office[place], value) if isinstance(value, (int, float)) else str(office[place]) == str(value), (
            place
        )


def test_a_step_past_the_end_shows_the_last(book, net, data, tmp_path):
    _, path = book
    for step, shown in ((STEPS + 100, STEPS), (-3, 0)):
        changed = set_cells(path, {"step_shown": step}, tmp_path / "past.xlsx")
        values, places = by_formualizer(changed), named(changed)
        for name, value in symcnn.train(net, data, steps=shown).parameters.items():
            assert near(values[places[name]], value)


def test_a_corrupted_formula_is_seen(book, derivation, net, data, tmp_path):
    """The check can fail: one sign in one formula of Backward."""
    _, path = book
    corrupted = openpyxl.load_workbook(path)
    sheet, cell = named(path)["dE_dx_12_image1"]
    formula = corrupted[sheet][cell].value
    corrupted[sheet][cell].value = formula.replace("+", "-", 1)
    corrupted.save(tmp_path / "bad.xlsx")
    with pytest.raises(AssertionError, match=r"dE_dx_12_image1|dE_df_11_image1|dE_df_12"):
        hold(by_formualizer(tmp_path / "bad.xlsx"), tmp_path / "bad.xlsx", derivation, net, data,
             symcnn.train(net, data, steps=STEPS), 0)  # fmt: skip


def test_part_one_is_alive(book, tmp_path):
    lang, path = book
    title = catalogue(lang)("workbook.convolution")
    program = symcnn.compile(symcnn.article.operations())
    image = symcnn.article.picture().images
    for copy, negated in ((path, False), (tmp_path / "negated.xlsx", True)):
        if negated:
            pixels = {f"{title}!{chr(66 + c)}{6 + r}": -float(image[0, r, c]) for r in range(9) for c in range(9)}
            set_cells(path, pixels, copy)
        values = [v for (sheet, _), v in by_formualizer(copy).items() if sheet == title]
        maps = program.forward(symcnn.article.features(), -image if negated else image)
        expected = [float(v) for name in "xap" for v in maps[name].ravel()]
        for wanted in set(expected):
            copies = expected.count(wanted) + [float(v) for v in maps["p"].ravel()].count(wanted)
            found = sum(near(v, wanted) for v in values if isinstance(v, (int, float)))
            assert found >= copies, wanted
    places = {cell: v for (sheet, cell), v in by_formualizer(path).items() if sheet == title}
    assert any(near(v, 7 / 9) for v in places.values() if isinstance(v, (int, float)))


def find(path, title, words):
    """The row and column of a text."""
    for row in openpyxl.load_workbook(path)[title].iter_rows():
        for cell in row:
            if cell.value == words:
                return cell.row, cell.column
    raise AssertionError(words)


@pytest.mark.parametrize(("row", "column"), rest_slow([(2, 5), (1, 1), (7, 3)]))
def test_the_worked_window_follows_its_row_and_column(book, tmp_path, row, column):
    lang, path = book
    text = catalogue(lang)
    title = text("workbook.convolution")
    at = {key: find(path, title, text(f"workbook.{key}")) for key in ("row", "column", "products", "window_sum")}
    # pixels of their own: the article's X is the same when rows and columns are exchanged
    image = np.random.default_rng(6).integers(-9, 10, (9, 9)).astype(float)
    changes = {f"{title}!{chr(66 + c)}{6 + r}": float(v) for (r, c), v in np.ndenumerate(image)}
    changes |= {f"{title}!G{at['row'][0]}": row, f"{title}!G{at['column'][0]}": column}
    values = by_formualizer(set_cells(path, changes, tmp_path / "window.xlsx"))
    products = image[row - 1 : row + 2, column - 1 : column + 2] * np.array(symcnn.article.FEATURES["diagonal"])
    top, left = at["products"]
    for (r, c), product in np.ndenumerate(products):
        assert values[title, f"{chr(64 + left + c)}{top + 1 + r}"] == product
    assert values[title, f"G{at['window_sum'][0]}"] == products.sum()
    assert near(values[title, f"G{at['window_sum'][0] + 1}"], products.sum() / 9)


def test_flattening_keeps_the_order(book):
    lang, path = book
    title = catalogue(lang)("workbook.convolution")
    top, left = find(path, title, catalogue(lang)("workbook.flattened", count=147))
    values = by_formualizer(path)
    wanted = symcnn.compile(symcnn.article.operations()).predict(
        symcnn.article.features(), symcnn.article.picture().images
    )[0]
    sheet = openpyxl.load_workbook(path)[title]
    cells = [c for row in sheet.iter_rows(min_row=top + 1, min_col=left) for c in row if c.value is not None]
    assert len(cells) == 147
    assert all(near(values[title, c.coordinate], w) for c, w in zip(cells, wanted, strict=True))


def test_a_worked_window_adds_the_bias_and_divides_only_where_the_layer_does(tmp_path):
    net = symcnn.Network((3, 3), [symcnn.Conv2D(1, 2)], loss=None)
    theta = [1.0, 2.0, 3.0, 4.0, 100.0]
    image = np.arange(9.0).reshape(1, 3, 3)
    path = symcnn.export_workbook(net, (image, None), tmp_path / "w.xlsx", initial=theta)
    row, _ = find(path, "Convolution", catalogue("en")("workbook.window_sum"))
    values = by_formualizer(path)
    x = symcnn.compile(net).forward(theta, image)["x"][0, 0, 0]
    assert values["Convolution", f"G{row + 1}"] == x == values["Convolution", f"G{row}"] + 100


def test_names_are_the_contract(book):
    names = named(book[1])
    expected = {
        *("E_total", "learning_rate", "step_shown", "f_11", "w_x11h1", "b_h1", "w_h1o1", "dE_df_11", "dE_dw_x11h1"),
        *("x_11_image1", "o_1_image2", "E_image1", "dE_dx_11_image1", "i_11_image1", "t_1_image1"),
    }
    assert expected <= names.keys()
    assert all(is_legal_name(n) for n in names)
    assert len({n.lower() for n in names}) == len(names)


@pytest.mark.slow
def test_names_are_the_same_in_both_languages(net, data, tmp_path):
    books = [symcnn.export_workbook(net, data, tmp_path / f"{x}.xlsx", steps=1, lang=x) for x in ("en", "fr")]
    assert named(books[0]).keys() == named(books[1]).keys()
    titles = [openpyxl.load_workbook(b).sheetnames for b in books]
    assert titles == [
        ["Contents", "Convolution", "Inputs", "Parameters", "Forward", "Backward", "Training", "Charts", "Symbols",
         "Checks"],
        ["Sommaire", "Convolution", "Entrées", "Paramètres", "Propagation avant", "Rétropropagation", "Apprentissage",
         "Courbes", "Symboles", "Contrôles"],
    ]  # fmt: skip


def test_formulas_use_only_what_every_program_has(book):
    for sheet in openpyxl.load_workbook(book[1]):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type != "f":
                    assert not (isinstance(cell.value, str) and cell.value.startswith("="))
                    continue
                assert len(cell.value) <= 8192
                tokens = Tokenizer(cell.value).items
                functions = {t.value.rstrip("(") for t in tokens if t.type == "FUNC" and t.subtype == "OPEN"}
                assert functions <= FUNCTIONS, cell.value
                assert not re.search(r"(^=|[(,+*/^-])-[A-Z0-9$'!]+\^", cell.value), cell.value


def test_gradients_are_never_looked_up(book):
    """E_total and the gradients, and all that they rest on, are arithmetic alone, down to the named cells."""
    lang, path = book
    workbook, names = openpyxl.load_workbook(path), named(path)
    inputs = {place for name, place in names.items() if name in names and f"dE_d{name}" in names}
    todo = [place for name, place in names.items() if name.startswith("dE_d") or name == "E_total"]
    seen = set()
    while todo:
        sheet, cell = todo.pop()
        value = workbook[sheet][cell].value
        if (sheet, cell) in seen or (sheet, cell) in inputs or not str(value).startswith("="):
            continue
        seen.add((sheet, cell))
        assert not re.search(r"INDEX|MATCH|IF|&", value), value
        assert catalogue(lang)("workbook.training") not in value
        for title, first, last in re.findall(r"(?:('[^']+'|\w+)!)?\$?([A-Z]+\$?\d+)(?::([A-Z]+\d+))?", value):
            area = workbook[title.strip("'") or sheet][f"{first}:{last or first}".replace("$", "")]
            todo += [(c.parent.title, c.coordinate) for row in area for c in row]
    assert len(seen) > 20 + 2 * (13 + 32)


def test_training_rows_are_exact_fill_downs(book):
    sheet = openpyxl.load_workbook(book[1])[catalogue(book[0])("workbook.training")]
    from openpyxl.formula.translate import Translator

    for row in range(10, 9 + STEPS):
        for cell in sheet[row]:
            above = sheet.cell(row - 1, cell.column)
            if cell.data_type == "f":
                assert Translator(above.value, above.coordinate).translate_formula(cell.coordinate) == cell.value


def test_all_24_have_their_formula_beside_their_cells(book, derivation):
    lang, path = book
    sheet = openpyxl.load_workbook(path)[catalogue(lang)("workbook.backward")]
    from symcnn.formula import Plain, Typography

    typography = Typography(derivation.quantities, catalogue(lang).words("word"))
    derivative, formula, *_ = TrainingPlan(derivation, 2, STEPS, catalogue(lang)).total_columns
    shown = {sheet.cell(r, derivative).value: sheet.cell(r, formula).value for r in range(1, sheet.max_row + 1)}
    for name in derivation.gradients:
        label = f"{Plain().emit(typography.name(f'dE_d{name}'))} ="
        text = Plain().emit(typography.right_side(derivation.graph[f"dE_d{name}"])).replace("E_total", "E")
        assert shown[label] == text


def test_no_formula_gives_an_error(book):
    for place, value in by_formualizer(book[1]).items():
        assert value is not None, place
        assert not str(value).startswith("#"), place
        assert not isinstance(value, dict), (place, value)


def test_the_same_input_gives_the_same_bytes(net, data, tmp_path, monkeypatch):
    first = symcnn.export_workbook(net, data, tmp_path / "a.xlsx", steps=3).read_bytes()
    import time

    later = time.time() + 86_400 * 400
    monkeypatch.setattr(time, "time", lambda: later)
    assert symcnn.export_workbook(net, data, tmp_path / "b.xlsx", steps=3).read_bytes() == first
    assert all(e.date_time == (2021, 1, 26, 0, 0, 0) for e in zipfile.ZipFile(tmp_path / "a.xlsx").infolist())


def test_a_run_gives_its_settings(net, data, tmp_path):
    run = symcnn.train(net, data, steps=5, learning_rate=0.75, seed=9, reduction="mean")
    path = symcnn.export_workbook(net, data, tmp_path / "run.xlsx", run=run)
    values, places = by_formualizer(path), named(path)
    book = openpyxl.load_workbook(path)
    assert book[places["learning_rate"][0]][places["learning_rate"][1]].value == 0.75
    assert book[places["reduction_factor"][0]][places["reduction_factor"][1]].value == 0.5
    for name, value in zip(net.parameters, run.initial, strict=True):
        assert near(values[places[name]], value)
    sheet = book["Training"].title
    assert near(values[sheet, "C13"], run.loss[5])


@pytest.mark.slow
def test_any_other_network_is_laid_out_by_the_same_code(tmp_path):
    layers = [
        symcnn.Conv2D(2, 2, normalize=True), symcnn.Activation("sigmoid"), symcnn.AvgPool2D(2, 1),
        symcnn.Dense(2, "sigmoid"), symcnn.Dense(2),
    ]  # fmt: skip
    net = symcnn.Network((2, 4, 3), layers)
    rng = np.random.default_rng(4)
    data = (rng.normal(size=(3, 2, 4, 3)), rng.uniform(size=(3, 2)))
    path = symcnn.export_workbook(net, data, tmp_path / "other.xlsx", steps=4, learning_rate=0.1)
    assert "Convolution" not in openpyxl.load_workbook(path).sheetnames
    values, places = by_formualizer(path), named(path)
    run = symcnn.train(net, data, steps=4, learning_rate=0.1)
    loss, gradient = symcnn.compile(net).loss_and_gradient(run.initial, *data)
    assert near(values[places["E_total"]], loss)
    for name, wanted in zip(net.parameters, gradient, strict=True):
        assert near(values[places[f"dE_d{name}"]], wanted), name
    assert near(values["Training", "C12"], run.loss[4])


def test_a_forward_only_network_gives_one_sheet_of_maps(tmp_path):
    net = symcnn.article.operations("mean", stride=2)
    path = symcnn.export_workbook(
        net, symcnn.article.picture(), tmp_path / "maps.xlsx", initial=symcnn.article.features(), lang="fr"
    )
    assert openpyxl.load_workbook(path).sheetnames == ["Sommaire", "Convolution"]
    values = [v for v in by_formualizer(path).values() if isinstance(v, (int, float))]
    wanted = symcnn.compile(net).predict(symcnn.article.features(), symcnn.article.picture().images).ravel()
    assert all(any(near(v, w) for v in values) for w in wanted)


@pytest.mark.parametrize(
    ("path", "settings", "message"),
    [
        ("cnn.ods", {}, "unknown suffix '.ods'; expected .xlsx"),
        ("folder.xlsx", {}, "is a folder"),
        ("missing/cnn.xlsx", {}, "does not exist"),
        ("cnn.xlsx", {"lang": "de"}, "unknown language"),
        ("cnn.xlsx", {"steps": -1}, "steps=-1"),
        ("cnn.xlsx", {"learning_rate": 0}, "learning_rate=0"),
        ("cnn.xlsx", {"steps": 2_000_000}, "2000008 rows; a spreadsheet has 1048576"),
        ("cnn.xlsx", {"steps": 200_000}, "cells of training; at most 2500000"),
    ],
)
def test_bad_requests_write_nothing(net, data, tmp_path, path, settings, message):
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(symcnn.SymcnnError, match=re.escape(message)):
        symcnn.export_workbook(net, data, tmp_path / path, **settings)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.xlsx"]
