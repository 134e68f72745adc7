"""What is more than an equality: steps of gradient descent, rules in one letter."""

import pytest

from tests.tools.texts import audited

STEP = r"f_{11} - \eta \frac{\partial E}{\partial f_{11}}"


@pytest.mark.parametrize(
    ("display", "expected"),
    [
        (rf"f_{{11}} \leftarrow {STEP}", "true"),
        (rf"f_{{11}} := {STEP}", "true"),
        (rf"f_{{11}}^{{+}} = {STEP} = 0.4 - 0.5 \cdot 0.08 = 0.36", "true"),
        (rf"f_{{11}}^{{+}} = {STEP} = 0.4 - 0.5 \cdot 0.08 = 0.37", "false"),
        (rf"f_{{11}}' = {STEP}", "true"),
        (r"f_{11}^{(t+1)} = f_{11}^{(t)} - \eta \frac{\partial E}{\partial f_{11}}", "true"),
        (r"f_{11}^{\text{new}} = f_{11}^{\text{old}} - \eta \frac{\partial E}{\partial f_{11}}", "true"),
        (r"F \leftarrow F - \eta \frac{\partial E}{\partial F}", "true"),
        (rf"f_{{11}} \leftarrow {STEP.replace('-', '+')}", "false"),
        (rf"f_{{11}}^{{+}} = {STEP.replace('-', '+')}", "false"),
        (r"F \leftarrow F + \eta \frac{\partial E}{\partial F}", "false"),
        (r"f_{12} \leftarrow f_{12} - \eta \frac{\partial E}{\partial f_{11}}", "false"),
        (rf"f_{{11}} \leftarrow {STEP} - \eta \lambda f_{{11}}", "unread"),  # of another loss
        (r"h_1' = h_1 (1 + h_1)", "unread"),
    ],
)
def test_a_step_of_gradient_descent_goes_down_and_along_its_own_gradient(derivation, display, expected):
    [found] = audited(derivation, display)
    assert found.verdict == expected
    if expected == "false" and "0.37" not in display:
        assert found.correction.count("-") == 1
        assert found.judged.counterexample is not None


@pytest.mark.parametrize(
    ("display", "expected", "correction"),
    [
        (r"\sigma'(z) = \sigma(z)(1 - \sigma(z))", "true", ""),
        (r"\sigma'(z) = \sigma(z)(1 + \sigma(z))", "false", r"\sigma(z) (1 - \sigma(z))"),
        (r"\sigma'(z_{h1}) = h_1 (1 - h_1)", "true", ""),
        (r"\tanh'(z) = 1 - \tanh^2(z)", "true", ""),
        (r"\frac{d}{dz} \sigma(z) = \sigma(z) - \sigma(z)^2", "true", ""),
        (r"\sigma(z) = \frac{1}{1 + e^{z}}", "false", r"\frac{1}{1 + \exp(-z)}"),
        (r"\sigma(z) = 0.62", "unread", ""),  # at one z, not everywhere
    ],
)
def test_a_rule_in_one_letter_holds_for_every_number_or_is_false(derivation, display, expected, correction):
    [found] = audited(derivation, display)
    assert (found.verdict, found.correction.replace(r"\, ", "")) == (expected, correction)
    if expected == "false":
        assert found.judged.counterexample.written != found.judged.counterexample.right
