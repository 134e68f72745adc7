"""Mappings that say too much, too little, or the same twice."""

import pytest

from symcnn.audit import mapping_from
from symcnn.errors import InputError
from tests.tools.texts import audited, verdicts


@pytest.mark.parametrize(
    "mapping",
    [
        "definitions = ['a = 3', 'a = 4']",
        "definitions = ['a = 3']\n[constants]\na = 4",
        "[constants]\na=1\n[derived]\na='2'",
    ],
)
def test_one_symbol_has_one_definition(mapping):
    with pytest.raises(InputError, match="said a second time"):
        mapping_from(mapping, "map.toml")


@pytest.mark.parametrize("name", ["foo", "z_h1", "h_1"])
def test_a_value_is_one_of_what_the_network_is_given(derivation, name):
    with pytest.raises(InputError, match=rf"values\.{name}: expected a parameter, a pixel or a target"):
        verdicts(derivation, "x_{11} = 1", mapping=f"[values]\n{name} = 1")


@pytest.mark.parametrize(
    ("mapping", "display"),
    [
        ("definitions = ['h_1 = 0']", "h_1 = 2 h_1"),
        ("definitions = ['E = 0']", "E = 0"),
        ("[constants]\nz_h1 = 5", "z_{h1} = 5"),
        ("[alias]\nh_2 = 'h_1'", "h_1 = h_2"),
        ("[groups]\nh = ['h_1', 'h_1']", "h_1 = h_2"),
    ],
)
def test_what_is_true_because_the_mapping_renames_the_networks_own_says_so(derivation, mapping, display):
    [found] = audited(derivation, display, mapping=mapping)
    assert (found.verdict, "mapped" in found.judged.readings) == ("true", True)


def test_a_definition_that_agrees_with_the_network_is_no_reading(derivation):
    [found] = audited(derivation, r"h_1 = \sigma(z_{h1})", mapping=r"definitions = ['h_1 = \sigma(z_{h1})']")
    assert (found.verdict, found.judged.readings) == ("true", ())


def test_a_star_stands_for_digits_and_for_a_letter(derivation):
    mapping = "[derived]\n'\\delta_*' = '\\frac{\\partial E}{\\partial z_{o*}}'\n[alias]\n'c_*' = 'b_o*'"
    displays = [
        r"\delta_1 = (o_1 - t_1) o_1 (1 - o_1)",
        r"\delta_2 = (o_2 - t_2) o_2 (1 - o_2)",
        r"\delta_j = (o_j - t_j) o_j (1 - o_j)",
        r"\frac{\partial E}{\partial w_{h_k o_j}} = \delta_j h_k",
        r"\frac{\partial E}{\partial c_j} = \delta_j",
        r"\delta_2 = o_2 - t_2",
        r"\frac{\partial E}{\partial w_{h_k o_j}} = \delta_k h_j",
    ]
    assert verdicts(derivation, *displays, mapping=mapping) == ["true"] * 5 + ["false"] * 2


def test_a_weight_that_only_has_a_number_is_nobodys_before_a_mapping_says_whose(derivation):
    assert verdicts(derivation, "z_{h1} = w_1 x_{11} + b_{h1}", "w_5 = 1") == ["unread", "unread"]


def test_a_derivative_that_is_a_number_has_that_value(derivation):
    slope = r"\frac{\partial z_{h1}}{\partial b_{h1}} = "
    assert verdicts(derivation, slope + "1.0", slope + "1.5") == ["true", "false"]
    assert verdicts(derivation, r"\frac{\partial z_{o1}}{\partial h_1} = w_{h1o1} = 0.4") == ["true"]
