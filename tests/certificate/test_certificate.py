"""Certificates of the article's network and of others: what is written, and that Coq accepts it."""

import re
from pathlib import Path

import pytest

import symcnn
from symcnn import certificate as certificates
from symcnn.certificate import AXIOMS, FILE, certificate_of
from symcnn.certificate.page import Page
from symcnn.certificate.verdict import NOT_INSTALLED
from symcnn.certificate.write import Certificate
from symcnn.proof import Verdict
from symcnn.text import catalogue
from tests.tools.coq import needs_coq

REPORTS = Path(__file__).parents[2] / "reports" / "certificate"


@needs_coq
def test_the_article_is_certified(article):
    assert article.verdict.ok
    assert len(article.verdict.theorems) == 28
    for axioms in article.verdict.theorems.values():
        assert {a.rsplit(".", 1)[-1] for a in axioms} == AXIOMS


def test_the_theorems_are_the_gradients(net, text):
    theorems = re.findall(r"^Theorem (\w+)", text, re.MULTILINE)
    parameters = [f"is_dE_d{p}" for p in net.parameters]
    assert theorems == parameters + [f"is_dE_dx_{x}_image{n}" for x in (11, 12, 21, 22) for n in (1, 2)]


def test_without_data_or_with_many_samples_the_24_are_about_any_number_of_images(net):
    certificate = certificate_of(net)
    assert len(certificate.theorems) == 24
    assert "is_dE_dx_11" in certificate.theorems
    many = symcnn.Data([[[0.0] * 3] * 3] * 11, [[0.0, 1.0]] * 11)
    assert certificate_of(net, many).text == certificate.text


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
    page = Page(
        certificate, certificates.CoqVerdict(Verdict("not decided", why=NOT_INSTALLED)), catalogue("en")
    ).write()
    assert "28 partial derivatives; 7 of them" in page


def test_networks_without_loss_or_data_that_do_not_fit_are_refused(tmp_path, net):
    with pytest.raises(symcnn.InputError, match="no loss"):
        symcnn.write_certificate(symcnn.article.operations(), tmp_path / "a.v")
    with pytest.raises(symcnn.InputError, match="images"):
        symcnn.write_certificate(net, tmp_path / "a.v", data=([[1.0]], [[1.0]]))


# --- the page -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_page_says_what_is_proved_what_is_trusted_and_what_not(tmp_path, net, data, monkeypatch, lang):
    monkeypatch.setenv("PATH", "")
    certificates.certify(net, tmp_path, data=data, lang=lang)
    (path,) = tmp_path.glob("*.md")
    page = path.read_text("utf-8")
    assert page.count("| `is_dE_d") == 28
    assert all(axiom in page for axiom in AXIOMS)
    assert "E_total" not in re.sub("```.*?```", "", page, flags=re.DOTALL)
    assert len(re.findall("^## ", page, re.MULTILINE)) == 4


def test_the_page_says_for_how_many_theorems_the_premises_hold_at_the_networks_numbers(
    tmp_path, two_filters, monkeypatch
):
    monkeypatch.setenv("PATH", "")
    net, data = two_filters
    found = certificates.certify(net, tmp_path, data=data, lang="fr")
    page = (tmp_path / "certificat.md").read_text("utf-8")
    assert "paramètres initiaux (graine 0), ces hypothèses sont vraies pour 87 théorèmes sur 133" in page
    assert "(46 au total)\u202f: `is_dE_dx_111_image2`, " in page
    assert "en est à 0,087." in found.summary


@pytest.mark.parametrize(("lang", "name"), [("en", "certificate.md"), ("fr", "certificat.md")])
def test_what_stands_in_reports_is_what_is_written(net, data, lang, name):
    """The articles's certificate, and the page of the day when Coq checked it."""
    certificate = certificate_of(net, data)
    assert (REPORTS / FILE).read_text("utf-8") == certificate.text
    kept = (REPORTS / name).read_text("utf-8")
    (version,) = set(re.findall(r"Coq (\d+\.\d+\.\d+)", kept))
    verdict = certificates.CoqVerdict(
        Verdict("right", "kernel"), dict.fromkeys(certificate.theorems, frozenset()), coq=version
    )
    assert kept == Page(certificate, verdict, catalogue(lang)).write()
