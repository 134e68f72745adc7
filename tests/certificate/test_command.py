"""``symcnn certify`` and ``symcnn verify --certificate``, without Coq, whose word is tested elsewhere."""

import os
import sys

import pytest

from symcnn import certificate, read_network, verify, write_report
from symcnn.certificate import FILE
from symcnn.cli import main


def run(*arguments, capsys):
    try:
        main([str(a) for a in arguments])
        status = 0
    except SystemExit as stop:
        status = stop.code or 0
    return (status, *capsys.readouterr())


@pytest.fixture(autouse=True)
def _without_coq(monkeypatch):
    monkeypatch.setenv("PATH", "")


@pytest.fixture
def small(tmp_path):
    file = tmp_path / "net.toml"
    file.write_text('input_shape = [2]\nlayer = [{type = "Dense", units = 1}]\n', "utf-8")
    return file


def test_it_writes_the_file_and_the_page_and_says_that_they_are_not_checked(tmp_path, capsys):
    status, out, _ = run("certify", "--out", tmp_path, capsys=capsys)
    assert status == 0
    assert "∂E_total/∂f₁₁" in out
    assert "not checked" in out
    assert "apt-get install" in out
    assert out.splitlines()[-2:] == [str(tmp_path / FILE), str(tmp_path / "certificate.md")]


def test_a_network_file_is_given_by_name_or_by_place(tmp_path, small, capsys):
    for n, arguments in enumerate([("--network", small), (small,)]):
        assert run("certify", *arguments, "--out", tmp_path / str(n), capsys=capsys)[0] == 0
    assert (tmp_path / "0" / FILE).read_text("utf-8") == (tmp_path / "1" / FILE).read_text("utf-8")
    status, _, err = run("certify", small, "--network", small, capsys=capsys)
    assert status == 2
    assert "cannot be used together" in err


@pytest.fixture
def _late_coq(tmp_path, monkeypatch):
    """A Coq that does not answer in its time."""
    coqc = tmp_path / "bin" / "coqc"
    coqc.parent.mkdir()
    coqc.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n", "utf-8")
    coqc.chmod(0o755)
    monkeypatch.setenv("PATH", str(coqc.parent))
    monkeypatch.setattr(certificate.verdict_on, "__defaults__", (0.1,))
    for ask in (certificate.check, certificate.recheck):
        monkeypatch.setattr(ask, "__defaults__", (*ask.__defaults__[:-1], 0.1))


@pytest.mark.usefixtures("_late_coq")
@pytest.mark.skipif(os.name == "nt", reason="a program that is a text")
def test_a_coq_that_does_not_answer_rejects_nothing(tmp_path, small, capsys):
    """Too slow a machine is no error of the certificate."""
    status, out, err = run("certify", small, "--out", tmp_path / "c", capsys=capsys)
    assert status == 3
    assert "not checked: coqc did not answer within 0.1 s" in out
    page = (tmp_path / "c" / "certificate.md").read_text("utf-8")
    assert "did not answer" in page + out + err
    assert "ot certified" not in page + out + err
    status, out, _ = run("verify", small, "--certificate", tmp_path / "c" / FILE, capsys=capsys)
    assert status == 0
    assert "WRONG" not in out
    net = read_network(small)[0]
    row, *_ = verify(net, certificate=certificate.recheck(tmp_path / "c" / FILE, net)).rows
    assert (row.status, row.method) == ("unknown", "coqc did not answer within 0.1 s")
    path = write_report(net, tmp_path / "d.md", certificate=tmp_path / "c" / FILE, lang="fr")
    assert "Coq n'a pas répondu" in path.read_text("utf-8").replace("’", "'")


def test_verify_refuses_a_certificate_that_symcnn_would_not_write(tmp_path, small, capsys):
    run("certify", small, "--out", tmp_path, capsys=capsys)
    file = tmp_path / FILE
    file.write_text(file.read_text("utf-8").replace("o_1 - t_1", "o_1 + t_1", 1), "utf-8")
    status, out, err = run("verify", small, "--certificate", file, capsys=capsys)
    assert status == 1
    assert "WRONG: line" in out
    assert "certificate" in err
