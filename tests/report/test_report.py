import html
import re

import pytest
from markdown_it import MarkdownIt

import symcnn
from symcnn.report.content import gather
from symcnn.report.before import MarkdownReport
from symcnn.text import catalogue

DISPLAY = re.compile(r"\$\$\n(.*?)\n\$\$", re.DOTALL)
INLINE = re.compile(r"(?<!\$)\$([^$\n]+)\$(?!\$)")


@pytest.fixture(scope="module", params=["en", "fr"])
def report(request, net, data, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "derivation.md"
    assert symcnn.write_report(net, path, data=data, lang=request.param) == path
    return request.param, path.read_text("utf-8")


def test_all_24_formulas_with_their_chain_rule(report, net, derivation):
    from symcnn.formula import Latex, Typography

    lang, text = report
    displays = DISPLAY.findall(text)
    typography, latex = Typography(derivation.graph, catalogue(lang).words("word")), Latex(catalogue(lang).decimal)
    for name in derivation.gradients:
        assert latex.display(typography.chain_rule(derivation, name)) in text, name
    assert len(displays) == len(set(displays))


def test_20_and_4_are_24(report):
    assert "20 + 4 = 24" in report[1]


def test_commonmark_leaves_every_formula_as_it_is(report):
    """GitHub runs Markdown before the mathematics: what CommonMark changes arrives broken."""
    rendered = html.unescape(MarkdownIt("commonmark").enable("table").render(report[1]))
    plain = re.sub(r"</?(p|em|strong|td|th|li)[^>]*>", "", rendered)
    formulas = DISPLAY.findall(report[1]) + INLINE.findall(report[1])
    assert len(formulas) > 150
    for formula in formulas:
        assert formula in plain, formula


def test_nothing_that_a_renderer_refuses(report):
    for formula in DISPLAY.findall(report[1]):
        for refused in ("\\\\", r"\,", r"\{", "}_{", r"\operatorname", "*", "<", "|", "\n\n"):
            assert refused not in formula, (refused, formula)
        assert re.sub(r"\\text\{[^}]*\}", "", formula).isascii()
        for row in formula.split("\n"):
            assert row[0] == "&" or row[0].isalpha() or row[0] == "\\"


def test_the_worked_pass_is_right(net, data, derivation):
    """Every display of the worked pass: the number at its end is the value of the quantity at its start."""
    from tests.oracles import article_gradients

    content = gather(net, data, None, 0.5, 10, 0)
    by_hand = article_gradients(content.run.initial, data.images[0], data.targets[0])
    text = MarkdownReport(content, catalogue("en")).write()
    worked = text[text.index("## One pass with numbers") : text.index("### The 24 values")]
    shown = {}
    for formula in DISPLAY.findall(worked):
        left = re.split(r" &?= ", formula.replace("\\begin{aligned}\n", ""))[0]
        shown[left] = float(re.findall(r"(-?[0-9.]+)(?:\n|$)", formula)[-1])
    from symcnn.formula import Latex, Typography

    typography = Typography(derivation.graph, catalogue("en").words("word"), total="")
    for name, value in by_hand.items():
        found = shown[Latex().emit(typography.name(f"dE_d{name}"))]
        assert abs(found - value) <= 1e-3 * abs(value), name


def test_totals_and_outputs_stand_in_their_columns(net, data):
    content = gather(net, data, None, 0.5, 10, 0)
    text = MarkdownReport(content, catalogue("en")).write()
    rows = [[c.strip().strip("$") for c in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    totals = next(r for r in rows if r[0].endswith(r"\partial f_{11}}") and len(r) == 4)
    first, second, total = map(float, totals[1:])
    assert abs(first + second - total) < 2e-5
    assert abs(total) < max(abs(first), abs(second))
    assert next(r for r in rows if r[0].endswith(r"\partial x_{11}}") and len(r) == 4)[3] == "–"
    outputs = next(r for r in rows if r[0] == "image 1 (cross)" and len(r) == 5)
    program = symcnn.compile(net)
    before = program.predict(content.run.initial, data.images)[0]
    after = program.predict(content.run.theta, data.images)[0]
    assert [float(v) for v in outputs[1:]] == [float(f"{v:.4g}") for v in (*before, *after)]


def test_the_mean_is_not_called_the_total(net, data, tmp_path):
    run = symcnn.train(net, data, steps=3, reduction="mean")
    text = symcnn.write_report(net, tmp_path / "d.md", run=run).read_text("utf-8")
    assert "| 0 | $0.4988$ |" in text


def test_a_program_that_differs_is_told(net, data):
    from dataclasses import replace

    content = gather(net, data, None, 0.5, 10, 0)
    off = replace(content.agreement[0], worst=1e-3, where="b_o1")
    text = MarkdownReport(replace(content, agreement=(off, *content.agreement[1:])), catalogue("en")).write()
    assert "does **not** agree" in text
    assert "within a relative" not in text
    assert replace(content, agreement=(off,)).failed == ["numpy"]


def test_labels_mean_nothing_in_markdown(net, data, tmp_path):
    odd = symcnn.Data(data.images, data.targets, ["a|b", "$x$ <b>"])
    text = symcnn.write_report(net, tmp_path / "d.md", data=odd, steps=2).read_text("utf-8")
    assert r"a\|b" in text
    assert r"\$x\$ \<b\>" in text


def test_numbers_are_written_as_the_language_does(report):
    lang, text = report
    training = text[text.rindex("10000") :]
    assert ("0{,}0002089" in training) == (lang == "fr")
    assert ("0.0002089" in training) == (lang == "en")
    if lang == "fr":
        assert not re.search(r"\$[^$\n]*\d\.\d[^$\n]*\$", text)


def test_the_same_input_gives_the_same_bytes(net, data, tmp_path):
    paths = [symcnn.write_report(net, tmp_path / f"{n}.md", data=data, steps=50) for n in range(2)]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_what_was_not_proved_is_not_called_proved(net, data):
    from dataclasses import replace

    content = gather(net, data, None, 0.5, 10, 0)
    first, *rest = content.proof.rows
    broken = replace(content, proof=replace(content.proof, rows=(replace(first, status="refuted"), *rest)))
    text = MarkdownReport(broken, catalogue("en")).write()
    assert text.count("| proved |") == 23
    assert text.count("| refuted |") == 1
    undecided = replace(
        content, proof=replace(content.proof, rows=(replace(first, status="unknown", method="why"), *rest))
    )
    assert "| why | not decided |" in MarkdownReport(undecided, catalogue("en")).write()


def test_without_data_there_are_no_numbers(net, tmp_path):
    text = symcnn.write_report(net, tmp_path / "d.md").read_text("utf-8")
    assert "One pass with numbers" not in text
    assert "20 + 4 = 24" in text


def test_other_networks_and_many_images(tmp_path):
    import numpy as np

    net = symcnn.Network(
        (2, 4, 4), [symcnn.Conv2D(2, 3, normalize=True), symcnn.Activation("sigmoid"), symcnn.Dense(2)]
    )
    rng = np.random.default_rng(0)
    data = (rng.normal(size=(6, 2, 4, 4)), rng.uniform(size=(6, 2)))
    text = symcnn.write_report(net, tmp_path / "d.md", data=data, steps=5).read_text("utf-8")
    assert "divided by the number of cells" in text
    assert "lost" not in text  # the remark on the article's pixels


def test_a_run_that_is_handed_in_is_shown(net, data, tmp_path):
    run = symcnn.train(net, data, steps=3, seed=5)
    text = symcnn.write_report(net, tmp_path / "d.md", run=run).read_text("utf-8")
    assert "3 steps" in text


@pytest.mark.parametrize(
    ("path", "lang", "message"),
    [
        ("d.md", "de", "lang='de': unknown language; expected one of en, fr"),
        ("d.docx", "en", "unknown suffix '.docx'; expected .md"),
        ("missing/d.md", "en", "does not exist"),
        ("folder.md", "en", "is a folder"),
    ],
)
def test_bad_requests_write_nothing(net, tmp_path, path, lang, message):
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(symcnn.InputError, match=re.escape(message)):
        symcnn.write_report(net, tmp_path / path, lang=lang)
    assert [p.name for p in tmp_path.rglob("*")] == ["folder.md"]
