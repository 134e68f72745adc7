"""One format that fails costs no other; a script that the PDF's fonts lack costs none at all."""

import numpy as np
import pytest

import symcnn
from symcnn import report
from symcnn.errors import PrintError, SymcnnWarning
from tests.test_cli import run
from tests.untrusted.test_hostile import NETWORK, named, network_file


@pytest.mark.parametrize("label", ["猫", "😀", "แมว", "\U0001faea"])
def test_a_script_that_the_fonts_lack_is_set_with_a_warning(label, tmp_path, capsys):
    pytest.importorskip("typst", reason="typst is not installed: pip install typst")
    with pytest.warns(SymcnnWarning, match="the PDF: .*font"):
        symcnn.write_report(NETWORK, tmp_path / "a.pdf", data=named(label), steps=2)
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_the_warning_is_one_line_on_standard_error(tmp_path, capsys):
    pytest.importorskip("typst", reason="typst is not installed: pip install typst")
    outs = [tmp_path / "a.pdf", tmp_path / "b.html"]
    status, out, err = run(
        "report", network_file(tmp_path, "猫"), "--steps", 2, "--out", outs[0], "--out", outs[1], capsys=capsys
    )
    assert (status, out.split()) == (0, list(map(str, outs)))
    assert err.startswith("symcnn: warning: the PDF: ")
    assert err.count("\n") == 1


def test_what_the_fonts_have_is_set_without_a_warning(tmp_path, recwarn):
    pytest.importorskip("typst", reason="typst is not installed: pip install typst")
    symcnn.write_report(NETWORK, tmp_path / "a.pdf", data=named("éß Ω =1+1 #let"), steps=2)
    assert not [w for w in recwarn if issubclass(w.category, SymcnnWarning)]


@pytest.mark.parametrize("error", [PrintError("no"), symcnn.InputError("no")])
def test_a_format_that_fails_costs_no_other(error, tmp_path, monkeypatch, capsys):
    def fails(*_):
        raise error

    monkeypatch.setattr(report, "_PRINTS", {**report._PRINTS, ".tex": fails})
    net, bad, good = network_file(tmp_path, "a"), tmp_path / "a.tex", tmp_path / "b.html"
    status, _, err = run("report", net, "--steps", 2, "--out", bad, "--out", good, capsys=capsys)
    assert status == 2
    assert err == f"symcnn: {bad}: no; written: {good}\n"
    assert good.exists()
    assert not bad.exists()


def test_a_fault_of_ours_costs_no_other_format_and_is_not_hidden(tmp_path, monkeypatch):
    def fails(*_):
        raise KeyError("a fault")

    monkeypatch.setattr(report, "_PRINTS", {**report._PRINTS, ".tex": fails})
    content = report.gather(NETWORK, symcnn.Data(np.array([[1.0]]), [[1.0, 0.0]]), None, 0.5, 2, 0)
    with pytest.raises(KeyError, match="a fault"):
        report.write_content(content, [tmp_path / "a.tex", tmp_path / "b.md"], "en")
    assert (tmp_path / "b.md").exists()
