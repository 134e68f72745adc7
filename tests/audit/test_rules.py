"""What is more than an equality: steps of gradient descent."""

import pytest

from tests.audit.texts import audited

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
