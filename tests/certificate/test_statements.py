"""What the theorems state, read by a second reader and put into numbers: that the kernel proves it is another test."""

import re
from functools import cache
from pathlib import Path

import pytest

import symcnn
from symcnn.certificate import certificate_of, premises_of
from symcnn.network import checked
from symcnn.numeric import initial_values
from tests.tools import oracles
from tests.tools.certificate_reader import Reader
from tests.tools.networks import from_seed

EXAMPLES = Path(__file__).parents[2] / "examples"
STEP = 1e-5
CASES = ["article", "two filters", 1, 9]


@cache
def case(name):
    """Network, samples, the certificate's text."""
    if name == "article":
        net, data = symcnn.article.network(), symcnn.article.images()
    elif name == "two filters":
        net, data = symcnn.read_network(EXAMPLES / "two_filters.toml")
    else:
        net, _, *samples = from_seed(name)
        data = symcnn.Data(*samples)
    return net, data, certificate_of(net, data).text


def families(reader, net, theta, data):
    """The parameters and each image as the certificate numbers them, found by their names."""
    names = [*net.forward.image.scalars(), *net.forward.targets.scalars()]
    given = [(net.parameters, theta)]
    given += [(names, [*image.ravel(), *target]) for image, target in zip(*checked(net, data), strict=True)]
    numbers = [{reader.number(n): float(x) for n, x in zip(*one, strict=True) if reader.number(n)} for one in given]
    parameter, *images = (found.__getitem__ for found in numbers)
    return {"parameter": parameter, **{f"image{n}": f for n, f in enumerate(images, 1)}}


def differing(reader, net, theta, data):
    """Theorems whose value is not the slope of their function at these numbers; "E_total" if it is not the error."""
    values = families(reader, net, theta, data)
    images, targets = checked(net, data)
    total = reader.evaluate(" ".join(["E_total parameter", *(f"image{n + 1}" for n in range(len(images)))]), **values)
    found = [] if total == pytest.approx(oracles.loss(net, theta, images, targets), rel=1e-12) else ["E_total"]
    for said in reader.statements:
        here = reader.evaluate(said.point, **values)
        after, before = (reader.evaluate(said.function, **values, r=here + d) for d in (STEP, -STEP))
        slope = (after - before) / (2 * STEP)
        if reader.evaluate(said.value, **values) != pytest.approx(slope, rel=1e-5, abs=1e-8):
            found.append(said.name)
    return found


@pytest.mark.parametrize("name", CASES)
def test_each_theorem_states_the_derivative_of_the_networks_error_where_its_premises_hold(name):
    net, data, text = case(name)
    theta = initial_values(net, 1)
    reader = Reader(text)
    assert [s.name for s in reader.statements] == list(certificate_of(net, data).theorems)
    failed = [c.theorem for c in premises_of(net, theta, data).failed]
    assert differing(reader, net, theta, data) == failed
    assert len(failed) == (27 if name == "two filters" else 0)


def about_another(reader, count):
    """Theorems that are not about the quantity, the images and the premises that their names call for."""
    found = []
    for said in reader.statements:
        quantity, image = re.fullmatch(r"is_dE_d(\w+?)(?:_(image\d+))?", said.name).groups()
        images = [image] if image else [f"image{n + 1}" for n in range(count)]
        number = reader.number(quantity)
        moved = rf"\(moved (?:parameter|\(map_\w+ parameter {image}\)) {number} r\)"
        function = rf"After_\w+\.E parameter {image} {moved}|After_\w+\.E {moved}" if image else (
            rf"E_total {moved} {' '.join(images)}")  # fmt: skip
        values = said.value.strip("()").split(" + ")
        fits = [
            said.variables == ("parameter", *images),
            said.point.strip("()").split()[0] == quantity,
            re.fullmatch(function, said.function),
            len(values) == len(images),
            all(re.fullmatch(rf"dE_d{quantity}( parameter)?( {i})?", v) for v, i in zip(values, images, strict=False)),
            all(re.match(rf"(After_\w+\.)?no_(kink|tie) {number} parameter image\d+", p) for p in said.premises),
        ]
        found += [] if all(fits) else [said.name]
    return found


@pytest.mark.parametrize("name", CASES)
def test_each_theorem_is_about_the_quantity_of_its_name(name):
    _, data, text = case(name)
    assert about_another(Reader(text), len(data.images)) == []


@pytest.mark.parametrize(
    ("right", "wrong", "seen"),
    [
        ("i_12 * f_11 + i_13", "i_13 * f_11 + i_13", "E_total"),
        ("E parameter image1 + E parameter image2", "E parameter image1 + E parameter image1", "E_total"),
        ("Definition dE_do_1 := o_1 - t_1", "Definition dE_do_1 := t_1 - o_1", "is_dE_df_11"),
        ("Definition f_12 := parameter 2%", "Definition f_12 := parameter 3%", "E_total"),
    ],
)
def test_a_text_that_states_another_network_is_seen(right, wrong, seen):
    net, data, text = case("article")
    assert right in text
    assert seen in differing(Reader(text.replace(right, wrong, 1)), net, initial_values(net, 1), data)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("parameter 1 r) image1 image2) (f_11 parameter)", "parameter 2 r) image1 image2) (f_12 parameter)"),
        ("is_derive (fun r => E_total (moved parameter 1 ", "False -> is_derive (fun r => E_total (moved parameter 1 "),
        ("(dE_df_11 parameter image1 + dE_df_11 parameter image2)", "(dE_df_11 parameter image1)"),
    ],
)  # fmt: skip
def test_a_theorem_about_something_else_is_seen(right, wrong):
    _, _, text = case("article")
    assert right in text
    assert about_another(Reader(text.replace(right, wrong, 1)), 2) == ["is_dE_df_11"]
