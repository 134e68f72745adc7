"""Reports of any network: every layer, loss and activation, both languages; past a size, index notation."""

import html
import re
from dataclasses import replace

import mpmath
import numpy as np
import pytest
import sympy
from markdown_it import MarkdownIt

import symcnn
from symcnn.derivation import Verdict
from symcnn.report import content as content_module
from symcnn.report.content import MAX_FORMULAS, gather, is_large
from symcnn.report.index_notation import IndexReport
from symcnn.report.before import MarkdownReport
from symcnn.text import catalogue
from tests.networks import from_seed

DISPLAY = re.compile(r"\$\$\n(.*?)\n\$\$", re.DOTALL)
INLINE = re.compile(r"(?<!\$)\$([^$\n]+)\$(?!\$)")


def check_document(text, lang):
    """Markdown changes no formula, browsers see no tag, every display stands alone, numbers are in the language."""
    rendered = html.unescape(MarkdownIt("commonmark").enable("table").render(text))
    plain = re.sub(r"</?(p|em|strong|td|th|li|code)[^>]*>", "", rendered)
    formulas = DISPLAY.findall(text) + INLINE.findall(text)
    assert formulas
    for formula in formulas:
        assert formula in plain, formula
        for refused in ("\\\\", r"\,", r"\{", "}_{", "*", "<", "|", "\n\n"):
            assert refused not in formula, (refused, formula)
        assert re.sub(r"\\text\{[^}]*\}", "", formula).isascii(), formula
    assert not re.search(r"(?<!\n)\n\$\$\n(?=\S)(?!\n)[^$]*\$\$\n(?!\n)", text.replace("\n\n", "\n\n\n"))
    if lang == "fr":
        assert not re.search(r"\$[^$\n]*\d\.\d[^$\n]*\$", text)


SMALL = [seed for seed in range(30) if not is_large(symcnn.derive(from_seed(seed)[0]))][:12]


@pytest.mark.parametrize("seed", SMALL)
def test_a_random_network_has_its_report(seed):
    net, theta, images, targets = from_seed(seed)
    run = symcnn.train(net, (images, targets), initial=theta, steps=2, learning_rate=0.1)
    content = gather(net, None, run, 0.1, 2, 0)
    assert all(a.ok for a in content.agreement)
    for lang in ("en", "fr"):
        text = MarkdownReport(content, catalogue(lang)).write()
        check_document(text, lang)
        assert text == MarkdownReport(content, catalogue(lang)).write()


def report_of(layers, loss="half_squared_error", shape=(4, 4), lang="en"):
    content = gather(symcnn.Network(shape, layers, loss), None, None, 0.5, 1, 0)
    return MarkdownReport(content, catalogue(lang)).write()


def test_conventions_stand_where_they_occur_and_nowhere_else():
    conv, dense = symcnn.Conv2D(1, 2), symcnn.Dense(2)
    sentences = {
        "At 0 the derivative of ReLU is 0.": [symcnn.Activation("relu")],
        "At 0 the derivative of LeakyReLU is that of its left side.": [symcnn.Activation("leaky_relu")],
        "to the first in row order": [symcnn.MaxPool2D(2, 1)],
        r"\tanh\left(z\right)^2": [symcnn.Activation("tanh")],
        "σ is the sigmoid": [symcnn.Activation("sigmoid")],
        "absent cells count as $0$": [symcnn.MaxPool2D(2, 2, 1, pad_value=0)],
        "absent cells take no part": [symcnn.MaxPool2D(2, 2, 1)],
    }
    texts = {words: report_of([conv, *layers, dense]) for words, layers in sentences.items()}
    plain = report_of([conv, dense])
    for words, text in texts.items():
        assert words in text
        assert words not in plain
    assert r"\text{ReLU}\left(z\right) = \max\left(0, z\right)" in texts["At 0 the derivative of ReLU is 0."]


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("loss", ["mse", "cross_entropy", "binary_cross_entropy"])
def test_the_error_is_told_in_words(loss, lang):
    text = report_of([symcnn.Dense(2, "sigmoid")], loss, lang=lang)
    assert catalogue(lang)(f"loss.{loss}") in text
    if loss == "cross_entropy":
        assert r"\sum_{k} o_{k,\text{" in text
        assert r"\frac{\exp\left(o_{k," in text


def test_the_textbooks_errors_are_the_computed_ones_to_50_digits():
    """The claim of the report, evaluated: -Σ t·ln y and -Σ t·ln o + (1 - t)·ln(1 - o) against the graph's E."""
    rng = np.random.default_rng(2)
    for loss in ("cross_entropy", "binary_cross_entropy"):
        net = symcnn.Network((3,), [symcnn.Dense(3, "sigmoid" if loss == "binary_cross_entropy" else None)], loss)
        graph = symcnn.derive(net).graph
        with mpmath.workdps(50):
            values = {sympy.Symbol(n): sympy.Float(float(rng.uniform(0, 1)), 60) for n in graph.inputs}
            for variable in graph.forward.values():
                values[sympy.Symbol(variable.name)] = variable.expression.xreplace(values).evalf(55)
            o, t = ([values[sympy.Symbol(f"{letter}_{n}")] for n in (1, 2, 3)] for letter in "ot")
            if loss == "cross_entropy":
                total = sum(sympy.exp(v) for v in o)
                wanted = -sum(b * sympy.log(sympy.exp(a) / total) for a, b in zip(o, t, strict=True))
            else:
                terms = (b * sympy.log(a) + (1 - b) * sympy.log(1 - a) for a, b in zip(o, t, strict=True))
                wanted = -sum(terms)
            assert abs(values[sympy.Symbol("E")] - wanted.evalf(55)) < sympy.Float("1e-48")


def test_the_gradient_of_a_cross_entropy_is_shown_only_if_it_is_proved():
    net = symcnn.Network((3,), [symcnn.Dense(2)], "cross_entropy")
    content = gather(net, None, None, 0.5, 1, 0)
    assert len(content.loss_gradient) == 2
    found = "Found, not put in"
    proved = [Verdict(n, "", "probable", "random points", 1e-13) for n in ("o_1", "o_2")]
    text = MarkdownReport(replace(content, loss_gradient=tuple(proved)), catalogue("en")).write()
    assert found in text
    assert r"y_{k} \cdot \sum_{j} o_{j,\text{expected}} - o_{k,\text{expected}}" in text
    doubtful = (proved[0], replace(proved[1], status="unknown"))
    assert found not in MarkdownReport(replace(content, loss_gradient=doubtful), catalogue("en")).write()
    refuted = (replace(proved[0], status="refuted"), proved[1])
    assert found not in MarkdownReport(replace(content, loss_gradient=refuted), catalogue("en")).write()


def test_what_is_not_decided_is_said_to_be_unproved():
    content = gather(symcnn.Network((2, 2), [symcnn.Dense(2)]), None, None, 0.5, 1, 0)
    rows = tuple(replace(row, status="unknown", method="no normal form") for row in content.proof.rows)
    text = MarkdownReport(replace(content, proof=replace(content.proof, rows=rows)), catalogue("en")).write()
    assert "such a formula is not proved" in text
    assert "equality is exact" not in text
    assert text.count("| no normal form | not decided |") == len(rows)


def test_programs_are_compared_at_the_first_images_and_that_is_said(tmp_path):
    net = symcnn.Network((2, 2), [symcnn.Dense(1, "sigmoid")])
    rng = np.random.default_rng(1)
    for count, said in ((4, False), (6, True)):
        data = (rng.normal(size=(count, 2, 2)), rng.uniform(size=(count, 1)))
        text = symcnn.write_report(net, tmp_path / "d.md", data=data, steps=1).read_text("utf-8")
        assert (f"{count} images: numbers were compared at the first 4." in text) == said


def test_claims_of_many_formulas_are_told_by_tensor():
    content = gather(symcnn.Network((6, 6), [symcnn.Dense(2)]), None, None, 0.5, 1, 0)
    text = MarkdownReport(content, catalogue("en")).write()
    assert "(72) | exact normal form | proved |" in text
    first, *rest = content.proof.rows
    broken = replace(content, proof=replace(content.proof, rows=(replace(first, status="refuted"), *rest)))
    text = MarkdownReport(broken, catalogue("en")).write()
    assert "| refuted |" in text
    assert "(71) | exact normal form | proved |" in text


def test_of_a_cross_entropy_the_probabilities_are_shown(tmp_path):
    net = symcnn.Network((2,), [symcnn.Dense(2)], "cross_entropy")
    data = (np.eye(2), np.array([0, 1]))
    run = symcnn.train(net, data, steps=20)
    text = symcnn.write_report(net, tmp_path / "d.md", run=run).read_text("utf-8")
    rows = [line.split("|")[2:-1] for line in text.splitlines() if line.startswith("| image")]
    shown = np.array([[float(cell.strip(" $")) for cell in row] for row in rows])
    wanted = []
    for theta in (run.initial, run.theta):
        powers = np.exp(symcnn.compile(net, "expressions").predict(theta, data[0]))
        wanted.append(powers / powers.sum(axis=1, keepdims=True))
    assert np.allclose(shown, np.hstack(wanted), rtol=1e-3)
    assert "$y_{1}$ after" in text


# --- past a size ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lenet():
    """28×28, 6 and 16 filters, 120, 84 and 10 neurons: 44,426 parameters."""
    relu, pool = symcnn.Activation("relu"), symcnn.MaxPool2D(2)
    layers = [symcnn.Conv2D(6, 5, padding=2), relu, pool, symcnn.Conv2D(16, 5), relu, pool]
    layers += [symcnn.Dense(120, "relu"), symcnn.Dense(84, "relu"), symcnn.Dense(10)]
    return symcnn.Network((28, 28), layers, "cross_entropy")


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_large_network_is_shown_in_index_notation_and_says_so(lenet, lang, tmp_path):
    text = symcnn.write_report(lenet, tmp_path / "d.md", lang=lang).read_text("utf-8")
    check_document(text, lang)
    words = catalogue(lang)
    for key in ("large_text", "gather_text", "large_proof"):
        assert words(f"report.{key}") in text
    assert len(text) < 200_000
    derivation = symcnn.derive(lenet)
    assert len(DISPLAY.findall(text)) > 2 * len(derivation.equations)
    assert r"\ldots" in text
    assert r"xb_{k, r, c} = \sum_{d, p, q} p_{d, r+p, c+q} \cdot fb_{k, d, p, q} + b_{xb(k)}" in text
    assert r"\frac{\partial E_{\text{total}}}{\partial i_{R, C}} = \sum_{k, p, q}" in text
    assert f"{words('verify.modular_equations')} | {words('report.status_probable')} |" in text
    assert "xb_{010101} &= " in text
    assert "xb_{090606} &= " in text


def test_its_chosen_entries_are_those_of_the_whole_graph():
    """A network small enough for both: each display of the large report is made of the graph's variables."""
    net = symcnn.Network((5, 5), [symcnn.Conv2D(2, 2), symcnn.MaxPool2D(2), symcnn.Dense(2)], "cross_entropy")
    content = gather(net, None, None, 0.5, 1, 0)
    assert not content.large
    report = IndexReport(content, catalogue("en"))
    text = report.write()
    for name in ("x_111", "x_233", "p_222", "u_2", "o_2"):
        assert report.latex.display(report.typography.equation(content.derivation.graph[name], 8)) in text, name


def test_a_large_network_is_trained_and_its_outputs_shown(tmp_path):
    net = symcnn.Network((20, 20), [symcnn.Conv2D(4, 5), symcnn.Activation("sigmoid"), symcnn.Dense(3, "sigmoid")])
    data = (np.random.default_rng(0).uniform(size=(5, 20, 20)), np.eye(3)[[0, 1, 2, 0, 1]])
    run = symcnn.train(net, data, steps=3, learning_rate=0.01)
    text = symcnn.write_report(net, tmp_path / "d.md", run=run).read_text("utf-8")
    before = symcnn.compile(net).predict(run.initial, data[0])
    assert f"| image 5 | ${before[4][0]:.4g}$ |" in text
    assert "One pass with numbers" not in text


def test_a_wrong_equation_of_a_large_network_is_told(lenet, monkeypatch):
    """The verdict is that of the equations shown: with a sign lost in one it is "refuted", and the report failed."""
    content = gather(lenet, None, None, 0.5, 1, 0)
    assert not content.failed
    d = content.derivation
    wrong = d.equations[-1]
    lost = replace(wrong, terms=(replace(wrong.terms[0], coefficient=-wrong.terms[0].coefficient), *wrong.terms[1:]))
    monkeypatch.setitem(d.__dict__, "equations", (*d.equations[:-1], lost))
    verdict = content_module._equations_checked(d)
    broken = replace(content, proof=replace(content.proof, rows=(verdict,)))
    assert broken.failed
    assert "| refuted |" in IndexReport(broken, catalogue("en")).write()


def test_size_is_counted_without_making_anything(lenet):
    assert is_large(symcnn.derive(lenet))
    assert not is_large(symcnn.derive(symcnn.article.network()))
    edge = symcnn.Network((MAX_FORMULAS,), [symcnn.Dense(1)])
    assert is_large(symcnn.derive(edge))


def test_the_scalar_graph_of_a_large_network_is_refused(lenet):
    with pytest.raises(symcnn.NotSupportedYetError, match=r"scalar by scalar.*at most 500000"):
        _ = symcnn.derive(lenet).graph
