"""Certificates of the article's network and of others; what is written, and when it is called certified."""

import re
from pathlib import Path

import pytest

import symcnn
from symcnn import certificate as certificates
from symcnn.certificate import AXIOMS, FILE, certificate_of, check, recheck
from symcnn.certificate.page import Page
from symcnn.certificate.write import Certificate
from symcnn.text import catalogue
from tests.certificate.coq import needs_coq

EXAMPLES = Path(__file__).parents[2] / "examples"
REPORTS = Path(__file__).parents[2] / "reports" / "certificate"


@pytest.fixture(scope="module")
def text(net, data):
    return certificate_of(net, data).text


@pytest.fixture(scope="module")
def checked(net, data, tmp_path_factory):
    return certificates.certify(net, tmp_path_factory.mktemp("certificate"), data=data)


@needs_coq
def test_the_article_is_certified(checked):
    assert checked.verdict.ok
    assert len(checked.verdict.theorems) == 28
    for axioms in checked.verdict.theorems.values():
        assert {a.rsplit(".", 1)[-1] for a in axioms} == AXIOMS


@needs_coq
def test_relu_maxima_and_softmax_are_certified_with_their_premises(tmp_path):
    net, data = symcnn.read_network(EXAMPLES / "two_filters.toml")
    found = certificates.certify(net, tmp_path, data=data)
    assert found.verdict.ok
    assert len(found.verdict.theorems) == 37 + 3 * 32
    text = (tmp_path / FILE).read_text("utf-8")
    statement = text[text.index("Theorem is_dE_df_111 ") :].partition("Proof.")[0]
    assert "no_kink parameter image1 ->" in statement
    assert "no_tie parameter image3 ->" in statement
    assert "`no_kink`" in (tmp_path / "certificate.md").read_text("utf-8")


@needs_coq
def test_other_layers_and_losses_are_certified(tmp_path):
    """Two convolutions, mean-pooling with absent cells, tanh, leaky_relu, a softmax inside, binary cross-entropy."""
    layers = [
        symcnn.Conv2D(1, 2), symcnn.Activation("tanh"), symcnn.AvgPool2D(2, 1, 1, count_include_pad=False),
        symcnn.Conv2D(1, 2, padding=1, stride=2), symcnn.MaxPool2D(2, 1, 1, pad_value=-0.5),
        symcnn.Dense(2, "leaky_relu"), symcnn.Dense(2, "softmax"), symcnn.Dense(2, "sigmoid"),
    ]  # fmt: skip
    net = symcnn.Network((3, 3), layers, "binary_cross_entropy")
    certificate = Certificate(symcnn.derive(net), 1)
    path = tmp_path / "certificate.v"
    path.write_text(certificate.text, "utf-8")
    verdict = check(path, certificate.theorems)
    assert verdict.ok, verdict.reason


def test_the_theorems_are_the_gradients(net, text):
    theorems = re.findall(r"^Theorem (\w+)", text, re.MULTILINE)
    parameters = [f"is_dE_d{p}" for p in net.parameters]
    assert theorems == parameters + [f"is_dE_dx_{x}_image{n}" for x in (11, 12, 21, 22) for n in (1, 2)]


@needs_coq
def test_without_data_the_24_are_certified_for_any_number_of_images(tmp_path, net):
    found = certificates.certify(net, tmp_path)
    assert found.verdict.ok
    assert len(found.verdict.theorems) == 24
    assert "is_dE_dx_11" in found.verdict.theorems
    many = symcnn.Data([[[0.0] * 3] * 3] * 11, [[0.0, 1.0]] * 11)
    assert certificate_of(net, many).text == (tmp_path / FILE).read_text("utf-8")


def test_the_specification_prints_the_derivation_in_its_order(text):
    assert "Definition x_12 := i_12 * f_11 + i_13 * f_12 + i_22 * f_21 + i_23 * f_22." in text
    assert "Definition dE_dz_o1 := dE_do_1 * o_1 * (1 - o_1)." in text
    assert "Definition dE_df_12 := dE_dx_11 * i_12 + dE_dx_12 * i_13 + dE_dx_21 * i_22 + dE_dx_22 * i_23." in text


def test_nothing_is_admitted(text):
    assert not re.search(r"\b(Admitted|admit|Axiom|Parameter|Conjecture|Hypothesis of)\b", text)


def test_the_text_grows_with_the_network_and_not_faster():
    def size(side):
        layers = [symcnn.Conv2D(2, 2, bias=False), symcnn.Dense(3, "sigmoid"), symcnn.Dense(2, "sigmoid")]
        derivation = symcnn.derive(symcnn.Network((side, side), layers))
        own = len(Certificate(derivation, 1).text) - len(Certificate(symcnn.derive(symcnn.article.network()), 1).text)
        return own, sum(len(v.products) for v in derivation.graph)

    (small, few), (large, many) = size(4), size(8)
    assert large / small < 1.3 * many / few


def test_past_a_size_a_sample_is_proved(monkeypatch, net):
    monkeypatch.setattr("symcnn.certificate.write.MAX_THEOREMS", 7)
    certificate = Certificate(symcnn.derive(net), 2)
    assert certificate.sampled
    assert certificate.theorems[0] == "is_dE_df_11"
    assert len(set(certificate.theorems)) == 7
    assert re.findall(r"^Theorem (\w+)", certificate.text, re.MULTILINE) == list(certificate.theorems)


# --- the verdict ----------------------------------------------------------------------------------------------------


def file_of(tmp_path, text):
    path = tmp_path / "small.v"
    path.write_text(text, "utf-8")
    return path


@needs_coq
@pytest.mark.parametrize(
    "text",
    [
        "Theorem is_a : 1 = 0. Admitted.",
        "Lemma wrong : 1 = 0. Admitted. Theorem is_b : True. exact I. Qed.\nTheorem is_a : 1 = 0. exact wrong. Qed.",
        "Axiom mine : 1 = 0.\nTheorem is_a : 1 = 0. exact mine. Qed.",
        "Unset Guard Checking.\nFixpoint f (n : nat) : False := f n.\nTheorem is_a : 1 = 0. destruct (f 0). Qed.",
        "Unset Universe Checking.\nTheorem is_a : 1 = 1. exact eq_refl. Qed.\nDefinition is_b := is_a.",
        "Require Import Classical.\nTheorem is_a : forall P, P \\/ ~ P. exact classic. Qed.",
    ],
)  # fmt: skip
def test_what_rests_on_something_unproved_is_not_certified(tmp_path, text):
    verdict = check(file_of(tmp_path, text), ["is_a"])
    assert verdict.status == "rejected"
    assert "not proved" in verdict.reason


def test_an_axiom_that_is_called_like_one_of_the_reals_is_not_certified(tmp_path):
    verdict = check(
        file_of(tmp_path, "Axiom sig_not_dec : 1 = 0.\nTheorem is_a : 1 = 0. exact sig_not_dec. Qed."), ["is_a"]
    )
    assert verdict.status == "rejected"
    assert "sig_not_dec" in verdict.reason


@needs_coq
def test_a_file_that_answers_in_coqs_stead_is_not_certified(tmp_path):
    text = 'Theorem is_a : 1 = 0. Admitted.\nGoal True. idtac "Closed under the global context". Abort. (*'
    assert check(file_of(tmp_path, text), ["is_a"]).status == "rejected"


def test_a_missing_theorem_is_seen(tmp_path, net, data):
    certificate = certificate_of(net, data)
    text = certificate.text.replace("Theorem is_dE_df_12 ", "Lemma is_dE_df_12 ")
    verdict = check(file_of(tmp_path, text), certificate.theorems)
    assert verdict.status == "rejected"
    assert "is_dE_df_12" in verdict.reason


@needs_coq
def test_coq_is_given_up_after_a_time(tmp_path):
    text = "Theorem is_a : True. Proof. do 100000000 (try fail); exact I. Qed."
    assert "within" in check(file_of(tmp_path, text), ["is_a"], timeout=0.5).reason


def test_without_coq_the_file_is_written_but_not_checked(tmp_path, net, data, monkeypatch):
    monkeypatch.setenv("PATH", "")
    found = certificates.certify(net, tmp_path, data=data)
    assert found.verdict.status == "unchecked"
    assert "apt-get install" in found.summary
    assert {p.name for p in tmp_path.iterdir()} == {FILE, "certificate.md"}


def test_a_file_from_elsewhere_is_shown_to_coq_only_if_symcnn_would_write_it(tmp_path, net, data, text):
    changed = text.replace("o_1 - t_1", "t_1 - o_1", 1)
    verdict = recheck(file_of(tmp_path, changed), net, data)
    assert verdict.status == "rejected"
    assert re.search(r"line \d+ is not what symcnn writes", verdict.reason)


@needs_coq
def test_a_file_from_elsewhere_that_symcnn_would_write_is_certified(tmp_path):
    net = symcnn.Network((2,), [symcnn.Dense(1, "sigmoid")])
    data = symcnn.Data([[0.0, 1.0]], [[1.0]])
    path = symcnn.write_certificate(net, tmp_path / "own.v", data=data)
    assert recheck(path, net, data).ok


def test_verify_tells_of_a_certificate_first(net, data, checked):
    row = symcnn.verify(net, data, seconds=0, certificate=checked.verdict).rows[0]
    assert row.status == ("proved" if checked.verdict.ok else "unknown")
    assert "28" in row.method or not checked.verdict.ok
    refused = certificates.Verdict("rejected", reason="line 3 is not what symcnn writes")
    found = symcnn.verify(net, data, seconds=0, certificate=refused)
    assert not found.ok
    assert found.rows[0].method == refused.reason


@needs_coq
def test_a_report_tells_of_a_certificate_and_of_what_it_presupposes(tmp_path):
    net, data = symcnn.read_network(EXAMPLES / "two_filters.toml")
    path = symcnn.write_certificate(net, tmp_path / "c.v", data=data)
    text = symcnn.write_report(net, tmp_path / "d.md", data=data, steps=2, certificate=path).read_text("utf-8")
    assert re.search(r"of 133 gradients the kernel of Coq \d", text)
    assert "each of the 32 is not 0" in text
    assert "in each of the 8 windows" in text


def test_a_report_is_not_written_with_a_certificate_of_something_else(tmp_path, net, data, text):
    path = file_of(tmp_path, text.replace("o_1 - t_1", "t_1 - o_1", 1))
    with pytest.raises(symcnn.InputError, match="is not what symcnn writes"):
        symcnn.write_report(net, tmp_path / "d.md", data=data, steps=2, certificate=path)
    assert not (tmp_path / "d.md").exists()


# --- the page -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_page_says_what_is_proved_what_is_trusted_and_what_not(tmp_path, net, data, monkeypatch, lang):
    monkeypatch.setenv("PATH", "")
    certificates.certify(net, tmp_path, data=data, lang=lang)
    (path,) = tmp_path.glob("*.md")
    page = path.read_text("utf-8")
    assert page.count("`is_dE_d") == 28
    assert all(axiom in page for axiom in AXIOMS)
    assert "E_total" not in page
    assert len(re.findall("^## ", page, re.MULTILINE)) == 4


def test_networks_without_loss_or_data_that_do_not_fit_are_refused(tmp_path, net):
    with pytest.raises(symcnn.InputError, match="no loss"):
        symcnn.write_certificate(symcnn.article.operations(), tmp_path / "a.v")
    with pytest.raises(symcnn.InputError, match="images"):
        symcnn.write_certificate(net, tmp_path / "a.v", data=([[1.0]], [[1.0]]))


@pytest.mark.parametrize(("lang", "name"), [("en", "certificate.md"), ("fr", "certificat.md")])
def test_what_stands_in_reports_is_what_is_written(net, data, lang, name):
    """The articles's certificate, and the page of the day when Coq checked it."""
    certificate = certificate_of(net, data)
    assert (REPORTS / FILE).read_text("utf-8") == certificate.text
    kept = (REPORTS / name).read_text("utf-8")
    (version,) = set(re.findall(r"Coq (\d+\.\d+\.\d+)", kept))
    verdict = certificates.Verdict("certified", dict.fromkeys(certificate.theorems, frozenset()), coq=version)
    assert kept == Page(certificate, verdict, catalogue(lang)).write()
