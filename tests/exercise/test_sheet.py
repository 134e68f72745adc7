"""The numbers of an exercise: those of the network, by another way; and what a pupil finds who rounds."""

import tomllib
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import mpmath
import pytest

import symcnn
from symcnn import article, exercise
from symcnn.derivation import Derivation
from symcnn.errors import InputError, NotSupportedYetError
from symcnn.exercise import draw
from symcnn.exercise.sheet import DECIMALS, ExercisePlan, as_printed
from symcnn.network.file import network_from
from symcnn.verification.evaluate import Evaluator

SEEDS = range(1, 21)


def network_of(text):
    return network_from(tomllib.loads(text))


NETWORKS = {
    "relu": """
        input_shape = [3, 3]
        loss = "cross_entropy"
        [[layer]]
        type = "Conv2D"
        filters = 1
        kernel_size = 2
        [[layer]]
        type = "Activation"
        kind = "relu"
        [[layer]]
        type = "Dense"
        units = 2
        activation = "tanh"
        [[layer]]
        type = "Dense"
        units = 2
    """,
    "pool": """
        input_shape = [4, 4]
        loss = "mse"
        [[layer]]
        type = "Conv2D"
        filters = 1
        kernel_size = 2
        [[layer]]
        type = "MaxPool2D"
        size = 2
        stride = 1
        [[layer]]
        type = "Dense"
        units = 2
        activation = "sigmoid"
    """,
    "dense": """
        input_shape = [3]
        loss = "binary_cross_entropy"
        [[layer]]
        type = "Dense"
        units = 2
        activation = "tanh"
        [[layer]]
        type = "Dense"
        units = 1
        activation = "sigmoid"
    """,
    "softmax": """
        input_shape = [3]
        loss = "half_squared_error"
        [[layer]]
        type = "Dense"
        units = 2
        activation = "relu"
        [[layer]]
        type = "Dense"
        units = 2
        activation = "softmax"
    """,
}


@pytest.fixture(scope="module")
def plan():
    return ExercisePlan(Derivation(article.network(), 1))


@pytest.fixture(scope="module")
def sheets(plan):
    return [draw(plan, article.images(), seed) for seed in SEEDS]


@pytest.fixture(scope="module", params=sorted(NETWORKS))
def other(request):
    plan = ExercisePlan(Derivation(network_of(NETWORKS[request.param]), 1))
    return draw(plan, None, 1)


def test_each_seed_has_other_numbers(sheets):
    assert len({tuple(s.values[n] for n in s.plan.network.parameters) for s in sheets}) == len(SEEDS)
    assert {s.label for s in sheets} == {"cross", "circle"}


def test_the_same_seed_draws_the_same(plan, sheets):
    assert draw(plan, article.images(), 3).values == sheets[2].values


def oracle_of(sheet):
    graph = sheet.plan.graph
    with mpmath.workdps(50):
        evaluator = Evaluator(graph.forward.values(), "mpmath")
        return evaluator, evaluator.values({name: sheet.values[name] for name in graph.inputs})


def check_against_the_network(sheet):
    """Quantities without symcnn's printers; gradients as difference quotients of E."""
    evaluator, values = oracle_of(sheet)
    gradients = 0
    for blank in sheet.plan.blanks.values():
        if not blank.expression.is_Symbol or blank.expression.name == "η":
            continue
        quantity = sheet.plan.derivation.quantities.of(blank.expression)
        with mpmath.workdps(50):
            if quantity.is_adjoint:
                h = mpmath.mpf(10) ** -20
                up, down = (evaluator.moved(values, quantity.primal.name, step)[0] for step in (h, -h))
                expected = (up - down) / (2 * h)
                gradients += 1
            else:
                expected = values[quantity.name]
        assert abs(float(expected) - sheet.value(blank)) < 1e-12, blank.key
        assert abs(float(expected) - float(as_printed(sheet.value(blank)))) <= 0.5 * 10**-DECIMALS, blank.key
    return gradients


def pupil(sheet):
    """What is found with the printed numbers alone, every result rounded: key -> decimal."""
    evaluator = Evaluator((), "mpmath")
    paper = {n: Decimal(as_printed(sheet.values[n])) for n in (*sheet.plan.given, "η")}
    for blank in sheet.plan.blanks.values():
        with mpmath.workdps(30):
            result = evaluator.value(blank.rule, {name: mpmath.mpf(str(v)) for name, v in paper.items()})
        decimal = Decimal(mpmath.nstr(mpmath.mpf(result), 25))
        paper[blank.key] = decimal.quantize(Decimal(1).scaleb(-DECIMALS), ROUND_HALF_UP)
    return paper


def check_rounding(sheet):
    paper = pupil(sheet)
    for blank in sheet.plan.blanks.values():
        assert paper[blank.key] == Decimal(sheet.text(blank)), blank.key
        addends = blank.rule.args if blank.rule.is_Add else ()
        if addends and all(a.is_Symbol for a in addends):  # true to the last digit
            assert sum(Decimal(as_printed(sheet.values[a.name])) for a in addends) == Decimal(sheet.text(blank))
    return len(paper)


def test_the_key_of_the_article_is_what_the_network_has(sheets):
    for sheet in sheets[:5]:
        assert check_against_the_network(sheet) >= 10


def test_who_rounds_gets_exactly_the_key(sheets):
    for sheet in sheets:
        assert check_rounding(sheet) > 60


def test_other_networks_too(other):
    assert check_against_the_network(other) >= 6
    assert check_rounding(other) > 30


def test_the_step_makes_the_error_smaller(sheets, other):
    for sheet in (*sheets, other):
        evaluator, values = oracle_of(sheet)
        weight = sheet.plan.weight.name
        with mpmath.workdps(50):
            after = evaluator.moved(values, weight, sheet.values[f"{weight}_next"] - sheet.values[weight])[0]
        assert abs(float(after) - sheet.after) < 1e-12
        assert Decimal(as_printed(sheet.after)) < Decimal(as_printed(sheet.values["E"]))


def test_a_blank_uses_what_stands_before_it(plan, other):
    for each in (plan, other.plan):
        seen = {*each.given, "η"}
        for blank in each.blanks.values():
            assert {s.name for s in blank.rule.free_symbols} <= seen, blank.key
            seen.add(blank.key)


def test_gradients_are_worth_the_work(sheets):
    for sheet in sheets:
        for quantity in sheet.plan.way[:-1]:
            assert abs(sheet.values[quantity.adjoint.name]) >= 0.005


@pytest.mark.parametrize("of", ["f_11", "f_22"])
def test_another_weight(of):
    plan = ExercisePlan(Derivation(article.network(), 1), of)
    sheet = draw(plan, article.images(), 1)
    assert check_against_the_network(sheet) >= 10
    assert f"dE_d{of}" in plan.blanks


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.6, "0.6"), (-1.0, "-1"), (0.51250, "0.5125"), (0.515, "0.515"), (0.51504, "0.5150"),
                    (-0.00004, "0.0000"), (0.0, "0"), (-0.13575, "-0.1358")]
)  # fmt: skip
def test_numbers_are_printed_exactly_or_with_four_decimals(value, text):
    assert as_printed(value) == text


def test_gradients_that_hardly_show_are_refused(monkeypatch):
    monkeypatch.setattr(exercise, "MOST_DRAWS", 20)
    network, data = symcnn.read_network(Path(__file__).parents[2] / "examples" / "network.toml")
    with pytest.raises(NotSupportedYetError, match="20 draws gave no numbers whose gradients show in 4 decimals"):
        draw(ExercisePlan(Derivation(network, 1)), data, 1)


def test_too_large_networks_are_refused():
    digits = Path(__file__).parents[2] / "examples" / "digits.toml"
    with pytest.raises(NotSupportedYetError, match="810 parameters; expected at most 100"):
        ExercisePlan(Derivation(symcnn.read_network(digits)[0], 1))
    with pytest.raises(InputError, match="expected a weight of the first layer: f_11, f_12"):
        ExercisePlan(Derivation(article.network(), 1), "w_h1o1")
