"""Wrong formulas, one by one: Coq proves of each that the chain rule fails, and at which quantity. And right ones."""

import re

import pytest

import symcnn
from symcnn.certificate import certificate_of, check
from symcnn.certificate.proof import tape
from symcnn.certificate.stage import Numbering, Stage
from symcnn.certificate.verdict import verdict_on
from symcnn.certificate.write import Certificate
from tests.tools.coq import needs_coq, together, with_error

#: What is wrong -> the variables with their wrong products, and the quantities whose claims Coq must name.
ERRORS = {
    "sign": ({"dE_do_1": ["t_1-o_1"]}, ["o_1"]),
    "t dropped": ({"dE_do_2": ["o_2"]}, ["o_2"]),
    "factor 2": ({"dE_do_1": ["2 o_1-t_1"]}, ["o_1"]),
    "(1 - o) missing": ({"dE_dz_o1": ["dE_do_1 o_1"]}, ["z_o1"]),
    "h(1 - h) missing": ({"dE_dz_h1": ["dE_dh_1"]}, ["z_h1"]),
    "another neuron's h": ({"dE_dz_h2": ["dE_dh_2 h_1 1-h_1"]}, ["z_h2"]),
    "tanh's derivative": ({"dE_dz_h1": ["dE_dh_1 1-h_1**2"]}, ["z_h1"]),
    "swapped weight": ({"dE_dh_1": ["dE_dz_o1 w_h2o1", "dE_dz_o2 w_h1o2"]}, ["h_1"]),
    "output 2 missing": ({"dE_dh_2": ["dE_dz_o1 w_h2o1"]}, ["h_2"]),
    "factor 1/2": ({"dE_dh_1": ["1/2 dE_dz_o1 w_h1o1", "1/2 dE_dz_o2 w_h1o2"]}, ["h_1"]),
    "transposed weight": ({"dE_dx_12": ["dE_dz_h1 w_x21h1", "dE_dz_h2 w_x12h2"]}, ["x_12"]),
    "a term twice": ({"dE_dx_21": ["dE_dz_h1 w_x21h1", "dE_dz_h2 w_x21h2", "dE_dz_h2 w_x21h2"]}, ["x_21"]),
    "a position missing": ({"dE_df_11": ["dE_dx_11 i_11", "dE_dx_12 i_12", "dE_dx_21 i_21"]}, ["f_11"]),
    "flipped filter": ({"dE_df_11": ["dE_dx_11 i_22", "dE_dx_12 i_23", "dE_dx_21 i_32", "dE_dx_22 i_33"]}, ["f_11"]),
    "transposed image": ({"dE_df_12": ["dE_dx_11 i_21", "dE_dx_12 i_31", "dE_dx_21 i_22", "dE_dx_22 i_32"]}, ["f_12"]),
    "10⁻⁹ too much": (
        {"dE_df_22": ["dE_dx_11 i_22", "dE_dx_12 i_23", "dE_dx_21 i_32", "dE_dx_22 i_33", "1/1000000000"]}, ["f_22"],
    ),
    "bias times input": ({"dE_db_h1": ["dE_dz_h1 x_11"]}, ["b_h1"]),
    "input missing": ({"dE_dw_x11h1": ["dE_dz_h1"]}, ["w_x11h1"]),
    "another cell's input": ({"dE_dw_x12h1": ["dE_dz_h1 x_21"]}, ["w_x12h1"]),
    "another output's δ": ({"dE_dw_h1o2": ["dE_dz_o1 h_1"]}, ["w_h1o2"]),
    "another bias": ({"dE_db_o1": ["dE_dz_o2"]}, ["b_o1"]),
    "two errors that cancel": (
        {"dE_dx_11": ["-1 dE_dz_h1 w_x11h1", "-1 dE_dz_h2 w_x11h2"],
         "dE_df_11": ["-1 dE_dx_11 i_11", "dE_dx_12 i_12", "dE_dx_21 i_21", "dE_dx_22 i_22"]}, ["f_11", "x_11"],
    ),
    "E without its 1/2": ({"E": ["(o_1-t_1)**2", "(o_2-t_2)**2"]}, ["o_1", "o_2"]),
    "filter flipped forward": (
        {"x_11": ["i_11 f_22", "i_12 f_21", "i_21 f_12", "i_22 f_11"]}, ["f_11", "f_12", "f_21", "f_22"],
    ),
}  # fmt: skip

#: Statements of theorems that are not true, where the proof of the true one must not fit.
STATEMENTS = {
    "an image forgotten": "dE_df_11 parameter image1",
    "an image twice": "dE_df_11 parameter image1 + dE_df_11 parameter image1",
    "the mean": "(dE_df_11 parameter image1 + dE_df_11 parameter image2) / 2",
    "another weight": "dE_df_12 parameter image1 + dE_df_12 parameter image2",
    "δ of the other image": "dE_df_11 parameter image1 + (dE_dx_11 parameter image1 * i_11 image2 + "
    "dE_dx_12 parameter image1 * i_12 image2 + dE_dx_21 parameter image1 * i_21 image2 + "
    "dE_dx_22 parameter image1 * i_22 image2)",
}  # fmt: skip


def _claims_are_wrong(network):
    """For each error a lemma that says which claims are wrong."""
    for n, (error, named) in enumerate(ERRORS.values()):
        numbers = Numbering(derivation := with_error(network, error))
        lines = "\n".join(tape(Stage(derivation, numbers))).replace("network_", f"wrong{n}_")
        yield lines[: lines.index("Lemma")]
        found = "; ".join(f"{k}%positive" for k in sorted(numbers.of[q] for q in named))
        yield f"Lemma wrong{n} : wrong {numbers.last} wrong{n}_tape wrong{n}_claims = [{found}]."
        yield "Proof. vm_compute; reflexivity. Qed."


def _statements_do_not_fit(text):
    proof = re.findall(r"Theorem is_dE_df_11 .*?exact (.*?)\. Qed\.", text, re.DOTALL)[-1]
    for value in STATEMENTS.values():
        yield "Goal forall parameter image1 image2,"
        yield "  is_derive (fun r => E_total (moved parameter 1 r) image1 image2) (f_11 parameter)"
        yield f"  ({value}). Proof. intros parameter image1 image2. Fail exact {proof}. Abort."


#: Mean-pooling with absent cells, tanh, a maximum with padding, leaky_relu, a softmax inside, binary cross-entropy.
OTHER = [
    symcnn.Conv2D(1, 2), symcnn.Activation("tanh"), symcnn.AvgPool2D(2, 1, 1, count_include_pad=False),
    symcnn.MaxPool2D(2, 2, 1, pad_value=-0.5), symcnn.Dense(2, "leaky_relu"), symcnn.Dense(2, "softmax"),
    symcnn.Dense(1, "sigmoid"),
]  # fmt: skip


@pytest.fixture(scope="module")
def other():
    """Of any number of images."""
    return certificate_of(symcnn.Network((3, 3), OTHER, "binary_cross_entropy"))


@pytest.fixture(scope="module")
def said(net, two_filters, other):
    """What Coq says of two other certificates, of the article's, and of all errors: one run takes less time."""
    article = Certificate(symcnn.derive(net), 2)
    text = together({"two_filters": certificate_of(*two_filters), "other": other}, article)
    lines = [text, *_claims_are_wrong(net), *_statements_do_not_fit(text)]
    return verdict_on("\n".join(lines), [*article.theorems, "is_certified_two_filters", "is_certified_other"])


@pytest.mark.slow
@needs_coq
def test_every_wrong_formula_is_refused(said):
    """Coq proves of each that it is wrong, and where; if one were right, it would stop there."""
    assert len(ERRORS) + len(STATEMENTS) >= 20
    assert said.ok, said.reason


@pytest.mark.slow
@needs_coq
def test_relu_maxima_and_softmax_are_certified_with_their_premises(said, two_filters):
    assert "is_certified_two_filters" in said.theorems, said.reason
    certificate = certificate_of(*two_filters)
    assert len(certificate.theorems) == 37 + 3 * 32
    assert certificate.premises == {"no_kink": 32, "no_tie": 8}
    statement = certificate.text.partition("Theorem is_dE_df_111 ")[2].partition("Proof.")[0]
    assert "no_kink 1 parameter image1 ->" in statement
    assert "no_tie 1 parameter image3 ->" in statement


@pytest.mark.slow
@needs_coq
def test_other_layers_and_losses_are_certified_for_any_number_of_images(said, other):
    assert "is_certified_other" in said.theorems, said.reason
    assert "is_dE_dx_11" in other.theorems


@needs_coq
def test_a_certificate_with_an_error_is_not_certified(net):
    verdict = check(Certificate(with_error(net, ERRORS["two errors that cancel"][0]), 2))
    assert verdict.status == "rejected"
    assert "network_obeys" in verdict.reason


@pytest.mark.slow
@needs_coq
def test_the_specification_says_what_is_proved():
    """An error in what the reader reads, not in what the calculus is given."""
    certificate = Certificate(symcnn.derive(symcnn.Network((2,), [symcnn.Dense(1, "sigmoid")])), 1)
    right = "Definition dE_dw_i1o1 := dE_dz_o1 * i_1."
    assert right in certificate.text
    verdict = verdict_on(certificate.text.replace(right, right.replace("i_1.", "i_2.")), certificate.theorems)
    assert verdict.status == "rejected"
    assert "network_q_claimed" in verdict.reason
