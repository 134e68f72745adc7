"""Numbers beside letters: were they put in for them?"""

import pytest

from tests.tools.texts import verdicts

SLOPE = r"\frac{\partial E}{\partial o_1}"


@pytest.mark.parametrize(
    ("displays", "expected"),
    [
        ([rf"{SLOPE} = -(t_1 - o_1) = -(0.01 - 0.75136507) = 0.74136507"], ["true"]),
        ([rf"{SLOPE} = -(t_1 - o_1) = 0.75136507 - 0.01 = 0.74136507"], ["true"]),  # in another order
        ([rf"{SLOPE} = -(t_1 - o_1) = -(0.01 + 0.75136507) = -0.76136507"], ["unread"]),
        ([rf"{SLOPE} = 0.3 \cdot 0.5 = 0.15"], ["unread"]),
        ([rf"{SLOPE} = o_1 - t_1", rf"{SLOPE} = 0.75 - 0.01 = 0.74"], ["true", "true"]),  # said before
        ([r"\frac{\partial o_1}{\partial z_{o1}} = o_1 (1 - o_1) = 0.75 (1 - 0.75) = 0.1875"], ["true"]),
        ([r"\frac{\partial o_1}{\partial z_{o1}} = o_1 (1 - o_1) = 0.75 (1 - 0.57) = 0.3225"], ["false"]),
        ([r"E = \sum_{k=1}^{2} \frac12 (t_k - o_k)^2 = \frac12 (0.01 - 0.75)^2 + \frac12 (0.99 - 0.77)^2 = 0.298"], ["true"]),
        ([r"E = \sum_{k=1}^{2} \frac12 (t_k - o_k)^2 = \frac12 (0.01 - 0.75)^2 + \frac12 (0.99 - 0.77) = 0.3838"], ["unread"]),
    ],
)  # fmt: skip
def test_numbers_must_have_been_put_in_for_letters(derivation, displays, expected):
    assert verdicts(derivation, *displays) == expected


def test_a_number_of_the_mapping_is_the_one_that_must_be_put_in(derivation):
    mapping = "[values]\nt_1 = 0.01\nw_h1o1 = 0.4"
    chain = rf"{SLOPE} = o_1 - t_1 = 0.75 - 0.01 = 0.74"
    turned = rf"{SLOPE} = o_1 - t_1 = 0.01 - 0.75 = -0.74"
    assert verdicts(derivation, chain, turned, mapping=mapping) == ["true", "false"]
    assert verdicts(derivation, "w_{h1o1} = 0.4", "w_{h1o1} = 0.5", mapping=mapping) == ["true", "false"]
