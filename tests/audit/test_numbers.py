"""Numbers are what is written, to the last digit, however many there are."""

import pytest

from symcnn.audit import audit_text, mapping_from
from symcnn.formula import tree
from symcnn.formula.latex import Latex
from symcnn.formula.reader import FormulaReader


def verdict(derivation, display):
    [found] = audit_text(f"$${display}$$", derivation).findings
    return found.verdict


@pytest.mark.parametrize(
    "display",
    [
        "0.7513650695523157 = 0.7513650695523158",  # one float
        "0.75136506955231571 = 0.75136506955231572", "-0.12345678901234567890 = -0.12345678901234567891",
        "9007199254740993 = 9007199254740992", "9007199254740993.0 = 9007199254740992.0",
        r"\sigma(0.5) = 0.6224593312018999", r"\tanh(0.3) = 0.2913126124519", "0.99999999999999999 = 1",
        r"\frac{1}{3} = 0.33333333333333334",
    ],
)  # fmt: skip
def test_a_digit_that_differs_is_not_approved(derivation, display):
    assert verdict(derivation, display) in ("false", "unread")


@pytest.mark.parametrize(
    "display",
    [
        "0.7513650695523157 = 0.751365069552315728", "0.751365069552315728 = 0.7513650695523157",
        r"\sigma(0.5) = 0.6224593312018546", r"\sigma(0.5) = 0.62245933120185456464", r"\sigma(0.5) = 0.62",
        r"\ln(0.5) = -0.693147180559945309417", "0.123456789012345678 + 0.1 = 0.223456789012345678", "2.00 = 2",
    ],
)  # fmt: skip
def test_digits_that_are_rounded_are_approved(derivation, display):
    assert verdict(derivation, display) == "true"


@pytest.mark.parametrize(
    ("display", "correction"),
    [
        ("0.123456789012345678 = 0.123456789012345698", "0.123456789012345678"),
        (r"0.1 + 0.2 = 0.30000000000001234", "0.3"),
        (r"\sigma(0.5) = 0.6224593312018646499", "0.6224593312018545646"),
    ],
)
def test_a_correction_has_all_digits(derivation, display, correction):
    [found] = audit_text(f"$${display}$$", derivation).findings
    assert (found.verdict, found.correction) == ("false", correction)


@pytest.mark.parametrize(
    "display", ["0.1 + 0.2 = 0.30000000000000004", r"0.05 \cdot 0.15 + 0.37 = 0.37749999999999995"]
)
def test_what_a_program_printed_is_not_false_by_its_last_bits(derivation, display):
    assert verdict(derivation, display) == "unread"


@pytest.mark.parametrize("text", ["0.12345678901234567891", "1.5", "0.3000000000000000123", "123456789012.12345678"])
def test_a_literal_is_read_and_written_as_it_stands(text):
    number = FormulaReader().read(text)
    assert isinstance(number, tree.Number)
    assert Latex(".").emit(number) == text
    assert number.negative.negative == number
    assert number.exact == -number.negative.exact


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("0.1", "true"), ("0.1000", "true"), ("0.10000000000", "true"), ("0.1000000001234", "unread"), ("0.10000000000000001", "unread"),
        ("0.10000001", "false"), ("0.2", "false"),
    ],
)  # fmt: skip
def test_a_value_is_approved_to_no_more_digits_than_are_worked_out(derivation, number, expected):
    pixels = "\n".join(f'"i_{r}{c}" = 1' for r in (1, 2) for c in (1, 2))
    filters = '"f_11" = 0.7\n"f_12" = -0.5\n"f_21" = -0.2\n"f_22" = 0.1'
    mapping = mapping_from(f"[values]\n{pixels}\n{filters}", "m")
    [found] = audit_text(f"$x_{{11}} = {number}$", derivation, mapping).findings
    assert found.verdict == expected


@pytest.mark.parametrize("z", ["0.8", "-0.3", "0", "-2"])
def test_a_rectifier_of_a_number_is_a_number_on_either_side(derivation, z):
    """The side of a rectifier may be the plain number 0."""
    right = max(float(z), 0)
    assert verdict(derivation, rf"\text{{ReLU}}({z}) = {right:g}") == "true"
    assert verdict(derivation, rf"\text{{ReLU}}({z}) = {right + 0.1:g}") == "false"
