"""A reader changes learning rate, initial values, images, targets, factor and step shown: every engine follows."""

import math
from dataclasses import dataclass

import numpy as np
import openpyxl
import pytest
from openpyxl.utils.cell import range_boundaries

import symcnn
from symcnn.numeric.values import values_of_images
from symcnn.workbook.cell_values import cell_values
from symcnn.workbook.evaluator import CellError
from tests.slow import rest_slow
from tests.tools.recalculate import by_formualizer, cached, named, needs_office, set_cells, through_office

STEPS, CHANGES = 12, 20


@dataclass
class Changed:
    """A workbook with other inputs, and what symcnn makes of them."""

    path: object
    step: int
    factor: float
    run: symcnn.Run
    data: symcnn.Data


@pytest.fixture(scope="module", params=rest_slow(["en", "fr"]))
def changed(request, net, data, tmp_path_factory):
    """Twenty of them, half of them in each language."""
    folder = tmp_path_factory.mktemp("changed")
    path = symcnn.export_workbook(net, data, folder / "given.xlsx", steps=STEPS, lang=request.param)
    rng = np.random.default_rng(["en", "fr"].index(request.param))
    return [random_change(path, net, data, rng, folder / f"{n}.xlsx") for n in range(CHANGES // 2)]


def random_change(path, net, data, rng, copy):
    step, rate, mean = int(rng.integers(0, STEPS + 1)), float(rng.uniform(0.1, 2)), bool(rng.integers(2))
    given = symcnn.Data(data.images + 0.3 * rng.normal(size=data.images.shape), rng.uniform(size=data.targets.shape))
    initial = rng.uniform(-1, 1, len(net.parameters))
    factor = 0.5 if mean else 1.0
    changes = {"step_shown": step, "learning_rate": rate, "reduction_factor": factor}
    changes |= {f"initial_{p}": float(v) for p, v in zip(net.parameters, initial, strict=True)}
    for m in range(len(given.images)):
        pixels = zip(net.forward.image.scalars(), given.images[m].ravel(), strict=True)
        targets = zip(net.forward.targets.scalars(), given.targets[m], strict=True)
        changes |= {f"{name}_image{m + 1}": float(v) for name, v in (*pixels, *targets)}
    run = symcnn.train(net, given, steps=STEPS, learning_rate=rate, initial=initial,
                       reduction="mean" if mean else "sum")  # fmt: skip
    return Changed(set_cells(path, changes, copy), step, factor, run, given)


def check(case, values, net, derivation):
    """Every named cell at the step shown, and the loss of every row of the training."""
    places, run = named(case.path), case.run
    theta = trained(net, case, case.step)
    each = list(values_of_images(derivation, theta, (case.data.images, case.data.targets)))
    wanted = {f"{name}_image{m}": value for m, found in enumerate(each, 1) for name, value in found.items()}
    wanted |= {f"dE_d{p}": case.factor * sum(v[f"dE_d{p}"] for v in each) for p in net.parameters}
    wanted |= dict(zip(net.parameters, theta, strict=True)) | {"E_total": case.factor * sum(v["E"] for v in each)}
    after = trained(net, case, case.step + 1)
    wanted |= {f"next_{p}": value for p, value in zip(net.parameters, after, strict=True)}
    seen = [name for name in wanted if places.get(name) in values]
    for name in seen:
        assert near(values[places[name]], wanted[name]), (name, values[places[name]], wanted[name])
    assert len(seen) >= 20 + 2 * (13 + 32) + 1 + 20 + 20
    sheet, area = places["training_E_total"]
    column, first, _, last = range_boundaries(area)
    assert last - first == STEPS
    letter = openpyxl.utils.get_column_letter(column)
    for k, loss in enumerate(run.loss):
        assert near(values[sheet, f"{letter}{first + k}"], loss), k


def trained(net, case, steps):
    run = case.run
    return symcnn.train(net, case.data, steps=steps, initial=run.initial, learning_rate=run.learning_rate,
                        reduction=run.reduction).theta  # fmt: skip


def near(found, wanted):
    return math.isclose(float(found), float(wanted), rel_tol=1e-12, abs_tol=1e-14)


@pytest.mark.slow
def test_a_fast_engine_follows_and_symcnns_own_values_are_its(changed, net, derivation):
    for case in changed:
        engine = by_formualizer(case.path)
        check(case, engine, net, derivation)
        found = cell_values(openpyxl.load_workbook(case.path))
        for (sheet, cell), value in engine.items():
            own = found[sheet][cell]
            assert isinstance(own, CellError) if isinstance(value, dict) else own == value, (sheet, cell, own, value)


@needs_office
@pytest.mark.slow
def test_libreoffice_follows_in_every_cell(changed, net, derivation, tmp_path):
    for case, saved in zip(changed, through_office([c.path for c in changed], tmp_path), strict=True):
        values, engine = cached(case.path, saved), by_formualizer(case.path)
        check(case, values, net, derivation)
        for place, value in engine.items():
            if isinstance(value, float) and not isinstance(value, bool):
                assert near(values[place], value), (place, values[place], value)
            else:
                assert str(values[place]) == str(value), place


def test_a_formula_that_does_not_follow_is_seen(changed, net, derivation):
    case = changed[0]
    values = by_formualizer(case.path)
    place = named(case.path)["dE_df_11"]
    with pytest.raises(AssertionError, match="dE_df_11"):
        check(case, {**values, place: values[place] + 1e-9}, net, derivation)
