"""``symcnn certify`` and ``symcnn verify --certificate``, without Coq, whose word is tested elsewhere."""

import pytest

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
    assert "expected one of them" in err


def test_verify_refuses_a_certificate_that_symcnn_would_not_write(tmp_path, small, capsys):
    run("certify", small, "--out", tmp_path, capsys=capsys)
    file = tmp_path / FILE
    file.write_text(file.read_text("utf-8").replace("o_1 - t_1", "o_1 + t_1", 1), "utf-8")
    status, out, err = run("verify", small, "--certificate", file, capsys=capsys)
    assert status == 1
    assert "REFUTED: line" in out
    assert "certificate" in err
