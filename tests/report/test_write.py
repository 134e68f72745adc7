"""Reports as files: the article's and any network's, in every format, whole or not at all."""

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import symcnn
from symcnn import report
from symcnn.report.examination import examined
from symcnn.report.markdown import FIGURE_MARK, to_markdown
from symcnn.report.story import tell
from symcnn.report.tex import to_latex
from symcnn.reports import gather
from symcnn.text import catalogue
from tests.tools.commonmark import changed, formulas_of
from tests.tools.networks import from_seed

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["en", "fr"])
def article(request, reports):
    return reports[request.param]


def test_commonmark_changes_no_formula_of_the_article(article):
    text, _ = to_markdown(article, "d")
    assert len(formulas_of(text)) > 250
    assert changed(text) == []


def test_no_reader_meets_an_ascii_name_or_another_decimal_sign(article):
    text, _ = to_markdown(article, "d")
    prose = re.sub(r"(`+)[^`\n].*?\1", "", text)
    for formula in formulas_of(text):
        prose = prose.replace(formula, "")
        assert not re.search(r"E_total|dE_d", formula)
        if article.lang == "fr":
            assert not re.search(r"\d\.\d", formula), formula
    assert not re.search(r"E\\?_total|dE\\?_d|w\\?_x", prose)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [5])
def test_a_random_network_has_its_report(seed, tmp_path):
    net, theta, images, targets = from_seed(seed)
    run = symcnn.train(net, (images, targets), initial=theta, steps=2, learning_rate=0.1)
    content = gather(net, None, run, 0.1, 2, 0)
    for lang in ("en", "fr"):
        document = examined(tell(content, catalogue(lang)), content, catalogue(lang))
        text, _ = to_markdown(document, "d")
        assert changed(text) == []
        assert to_latex(document)
        assert text == to_markdown(document, "d")[0]


def test_two_convolutions_have_a_picture_each(tmp_path):
    layers = [symcnn.Conv2D(1, 2), symcnn.Conv2D(1, (1, 2)), symcnn.Flatten(), symcnn.Dense(1, "sigmoid")]
    net = symcnn.Network((3, 4), layers, "mse")
    images = np.arange(12).reshape(1, 3, 4) / 12
    text = symcnn.write_report(net, tmp_path / "d.md", data=(images, [[1]]), steps=1).read_text("utf-8")
    pictures = re.findall(r'src="d-(gradient_windows\w*)\.svg"', text)
    assert pictures == ["gradient_windows", "gradient_windows_fb"]
    assert len({(tmp_path / f"d-{name}.svg").read_text("utf-8") for name in pictures}) == 2


def test_every_format_is_written_from_one_content(content, tmp_path):
    pytest.importorskip("typst", reason="typst is not installed: pip install typst")
    paths = [tmp_path / f"d{suffix}" for suffix in report.SUFFIXES]
    written = report.write_content(content, [*paths, paths[0]], "en")
    assert written[:4] == paths
    assert sorted(tmp_path.iterdir()) == sorted(set(written))
    for path in written[4:]:
        assert path.suffix == ".svg"
        assert FIGURE_MARK in path.read_bytes()
    before = {path: path.read_bytes() for path in written}
    report.write_content(content, paths, "en")  # over its own files, figures too
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_beside_that_is_not_ours_is_left_alone(tmp_path):
    own = tmp_path / "d-loss.svg"
    own.write_text("<svg/>")
    with pytest.raises(symcnn.InputError, match=r"d-loss.svg: exists and is not a figure of a report"):
        report.check_beside([own])
    own.write_bytes(b"<svg/>" + FIGURE_MARK)
    report.check_beside([own, tmp_path / "new.svg"])


def test_a_run_that_is_handed_in_is_shown(net, data, tmp_path):
    run = symcnn.train(net, data, steps=3, seed=5)
    text = symcnn.write_report(net, tmp_path / "d.md", run=run).read_text("utf-8")
    assert re.search(r"\b3\b", text)


def test_a_verification_that_is_handed_in_is_told_of(net, data, tmp_path):
    found = symcnn.verify(net, data)
    path = symcnn.write_report(net, tmp_path / "a.md", data=data, steps=10, verification=found, lang="fr")
    text = catalogue("fr")
    count = found.planted[0].planted
    assert text("verify.planted", count=count) in path.read_text("utf-8")
    failed = dataclasses.replace(found, rows=(dataclasses.replace(found.rows[0], status="refuted"), *found.rows[1:]))
    with pytest.raises(symcnn.InputError, match=r"verification: .*expected one in which nothing failed"):
        symcnn.write_report(net, tmp_path / "b.md", data=data, steps=10, verification=failed)
    assert not (tmp_path / "b.md").exists()


@pytest.mark.slow
def test_labels_mean_nothing_in_any_format(net, data, tmp_path):
    pytest.importorskip("typst", reason="typst is not installed: pip install typst")
    odd = symcnn.Data(data.images, data.targets, ["a|b", "$x$ <b> \\input{x} #y"])
    content = gather(net, odd, None, 0.5, 2, 0)
    report.write_content(content, [tmp_path / f"d{suffix}" for suffix in report.SUFFIXES], "fr")
    assert changed((tmp_path / "d.md").read_text("utf-8")) == []
    assert r"\input{x}" not in (tmp_path / "d.tex").read_text("utf-8")
    assert "$ <b>" not in (tmp_path / "d.html").read_text("utf-8")


@pytest.mark.slow
def test_many_images_and_channels(tmp_path):
    layers = [symcnn.Conv2D(2, 3, normalize=True), symcnn.Activation("sigmoid"), symcnn.Dense(2)]
    rng = np.random.default_rng(0)
    data = (rng.normal(size=(6, 2, 4, 4)), rng.uniform(size=(6, 2)))
    path = symcnn.write_report(symcnn.Network((2, 4, 4), layers), tmp_path / "d.md", data=data, steps=5)
    assert changed(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("path", "lang", "message"),
    [
        ("d.md", "de", "lang='de': unknown language; expected one of en, fr"),
        ("d.docx", "en", "unknown suffix '.docx'; expected .md or .html or .tex or .pdf"),
        ("missing/d.html", "en", "does not exist"),
        ("folder.md", "en", "is a folder"),
    ],
)
def test_bad_requests_write_nothing(net, tmp_path, path, lang, message):
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(symcnn.InputError, match=re.escape(message)):
        symcnn.write_report(net, tmp_path / path, lang=lang)
    assert [p.name for p in tmp_path.rglob("*")] == ["folder.md"]


def test_what_fails_late_leaves_the_other_formats_whole(content, tmp_path, monkeypatch):
    def fails(document):
        raise symcnn.InputError("d.tex: no")

    monkeypatch.setattr("symcnn.report.tex.to_latex", fails)
    with pytest.raises(symcnn.SymcnnError, match=r"d\.tex: no; written: .*d\.md"):
        report.write_content(content, [tmp_path / "d.md", tmp_path / "d.tex"], "en")
    assert {path.suffix for path in tmp_path.iterdir()} == {".md", ".svg"}


@pytest.mark.slow
def test_a_report_has_the_same_bytes_whatever_the_order_of_sets(tmp_path):
    """Where the budget of exact proofs ends depends on the network alone: random 18 is one that spends it."""
    program = (
        "import sys, symcnn; from tests.tools.networks import from_seed\n"
        "net, _, *data = from_seed(18)\n"
        "symcnn.write_report(net, sys.argv[1], data=data, steps=2)"
    )
    texts = []
    for seed in ("0", "3"):
        path = tmp_path / seed / "report.md"
        path.parent.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", program, path], cwd=ROOT, env=environment, check=True)
        texts.append(path.read_text("utf-8"))
    one, other = texts
    assert one == other
    assert "same normal form" in one
    assert "random points" in one
