"""The command line as a user meets it: in a process of its own where that matters, otherwise through ``main``."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import symcnn
from symcnn.cli import main
from symcnn.cli.commands import commands
from symcnn.report.pdf import has_pdf
from tests.network.test_file import BAD, GOOD, SAMPLE
from tests.slow import rest_slow


def run(*arguments, capsys=None):
    """Exit status, standard output and error of a command."""
    try:
        main([str(a) for a in arguments])
        status = 0
    except SystemExit as stop:
        status = stop.code or 0
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize("lang", rest_slow(["en", "fr"]))
def test_the_story_of_the_article(tmp_path, capsys, lang):
    folder = tmp_path / "a" / "story"
    status, out, _ = run("article", "--out", folder, "--lang", lang, "--steps", 200, capsys=capsys)
    assert status == 0
    reports = [f"derivation{suffix}" for suffix in (".md", ".html", ".tex", ".pdf") if suffix != ".pdf" or has_pdf()]
    made = {p.name for p in folder.iterdir()}
    assert made >= {"cnn.xlsx", "one-number.svg", *reports}
    assert {Path(name).suffix for name in made - {"cnn.xlsx", *reports}} == {".svg"}
    assert all(str(folder / name) in out for name in ("cnn.xlsx", *reports))
    assert ("24 of 24, by exact equality" if lang == "en" else "24 sur 24, par égalité exacte") in out
    assert ("0.78" if lang == "en" else "0,78") in out
    assert "20 " in out
    assert " 4 " in out
    assert "315 " in out


def test_a_failed_check_is_exit_status_1_and_says_what(tmp_path, capsys, monkeypatch):
    from symcnn.numeric import PROGRAMS

    program = PROGRAMS["expressions"]
    right = program._print
    monkeypatch.setattr(program, "_print", lambda self: right(self).replace("dE_db_o1 = dE", "dE_db_o1 = -dE"))
    status, _, err = run("article", "--out", tmp_path, "--steps", 10, capsys=capsys)
    assert status == 1
    assert "expressions is off by" in err
    assert "b_o1" in err


def test_derive_prints_every_formula(capsys):
    status, out, _ = run("derive", capsys=capsys)
    assert status == 0
    assert "∂E_total/∂x₁₁ · i₁₂ + ∂E_total/∂x₁₂ · i₁₃ + ∂E_total/∂x₂₁ · i₂₂ + ∂E_total/∂x₂₂ · i₂₃" in out
    assert "24 gradients: 20 for the parameters + 4 for the feature maps." in out
    status, out, _ = run("derive", "--of", "h_1", "--latex", capsys=capsys)
    assert out.count("$$") == 2 * 5
    status, _, err = run("derive", "--of", "q_1", capsys=capsys)
    assert "no such quantity" in err
    assert status == 2
    assert "--of 'q_1'" in err


def test_explain_gives_a_value_and_its_gradient(capsys):
    out = run("explain", "f_12", capsys=capsys)[1]
    assert out.startswith("f₁₂ = −0.460427\n")
    assert "\n\n∂E_total/∂f₁₂ = (∂E/∂f₁₂)[image 1] + (∂E/∂f₁₂)[image 2]\n" in out
    assert run("explain", "dE_df_12", capsys=capsys)[1] == out.partition("\n\n")[2]
    # after a step: the gradient that moved it, and the next one
    out = run("explain", "f_12", "--step", 3, capsys=capsys)[1]
    assert "(f₁₂)[step 3] = (f₁₂)[step 2] − η · (∂E_total/∂f₁₂)[step 2]\n" in out
    assert run("explain", "dE_df_12", "--step", 3, capsys=capsys)[1] == out.partition("\n\n")[2]
    # of one image; what has no gradient has one part
    out = run("explain", "h_1_image2", capsys=capsys)[1]
    assert run("explain", "dE_dh_1", "--image", 2, capsys=capsys)[1] == out.partition("\n\n")[2] != ""
    assert all("\n\n" not in run("explain", name, capsys=capsys)[1] for name in ("i_12", "E", "E_total", "dE_dx_11"))


DIGITS = """
input_shape = [8, 8]
loss = "cross_entropy"
layer = [
    {type = "Conv2D", filters = 8, kernel_size = 3}, {type = "Activation", kind = "relu"},
    {type = "MaxPool2D", size = 2}, {type = "Flatten"}, {type = "Dense", units = 10},
]
"""


def test_one_formula_of_a_large_network_with_one_step_of_each_tensor_on_the_way(tmp_path, capsys):
    net = tmp_path / "large.toml"
    net.write_text('input_shape = [60, 60]\nloss = "cross_entropy"\n[[layer]]\ntype = "Dense"\nunits = 70\n')
    status, out, err = run("derive", "--of", "w_i0101-o71", net, capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "no such quantity; did you mean 'w_i0101o61' or " in err
    for name in ("w_i0101o02", "w_i0101-o02", "dE_dw_i0101o02"):
        status, out, _ = run("derive", "--of", name, net, capsys=capsys)
        assert (status, out.count("\n")) == (0, 7)
        assert "∂E_total/∂w_i0101-o02 = ∂E_total/∂o_02,predicted · ∂o_02,predicted/∂w_i0101-o02\n" in out

    net.write_text(
        'input_shape = [20, 20]\nloss = "mse"\n[[layer]]\ntype = "Conv2D"\nfilters = 2\nkernel_size = 3\n'
        '[[layer]]\ntype = "Dense"\nunits = 300\n'
    )
    status, out, _ = run("derive", "--of", "b_x1", net, capsys=capsys)
    assert status == 0
    assert out.startswith("∂E_total/∂o_001,predicted = ")
    assert "\n∂E_total/∂x₁₀₁₀₁ = ∂E_total/∂o_001,predicted · ∂o_001,predicted/∂x₁₀₁₀₁ + " in out
    assert "\n∂E_total/∂b_x1 = ∂E_total/∂x₁₀₁₀₁ · ∂x₁₀₁₀₁/∂b_x1 + " in out
    assert out.endswith(
        "\nThe chain rule passes through more than 200 quantities; of each tensor, one is shown here.\n"
    )


def test_derive_prints_a_larger_network_in_index_notation(tmp_path, capsys, monkeypatch):
    net = tmp_path / "net.toml"
    net.write_text(DIGITS, "utf-8")
    status, out, _ = run("derive", net, capsys=capsys)
    assert status == 0
    assert "dE_df[k, p, q] = Σ_{r, c} dE_dx[k, r, c]·i[r + p, c + q]\n" in out
    assert "dE_di[R, C] = Σ_{k, p, q} dE_dx[k, R - p, C - q]·f[k, p, q]\n" in out
    assert "1,098 gradients: 810 for the parameters + 288 for the feature maps." in out
    assert "together 2.20 times the forward pass" in out
    assert "Checked (error probability below" in out
    status, out, _ = run("derive", net, "--latex", capsys=capsys)
    assert out.count("$$") % 2 == 0
    status, out, _ = run("derive", "--index", capsys=capsys)
    assert "dE_df[p, q] = Σ_{r, c} dE_dx[r, c]·i[r + p, c + q]\n" in out
    status, _, err = run("derive", "--index", "--of", "f_11", capsys=capsys)
    assert (status, "--index and --of cannot be used together" in err) == (2, True)

    # equations that are not the derivative are printed as what they are
    from symcnn.verification import check_equations

    monkeypatch.setattr("symcnn.verification.check_equations", lambda d: check_equations(d, d.backward[:-1]))
    status, out, err = run("derive", net, capsys=capsys)
    assert status == 1
    assert "refuted" in out
    assert "not the derivative" in err


def test_commands_work_on_a_network_file(tmp_path, capsys):
    net = tmp_path / "net.toml"
    net.write_text(GOOD + SAMPLE + SAMPLE.replace("[1, 0]\n", "[0, 1]\n"), "utf-8")
    for arguments, made in (
        (["derive", net], None),
        (["train", net, "--steps", "30"], None),
        (["export", net, "--out", tmp_path / "b.xlsx", "--steps", "3"], "b.xlsx"),
        (["report", net, "--out", tmp_path / "r.md", "--steps", "30", "--lang", "fr"], "r.md"),
    ):
        status, out, err = run(*arguments, capsys=capsys)
        assert status == 0, err
        if made:
            assert (tmp_path / made).is_file()
            assert out.strip().endswith(str(tmp_path / made))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--rate", "0"], "learning_rate=0.0: expected a finite number above 0"),
        (["train", "--rate", "nan"], "learning_rate=nan"),
        (["train", "--rate", "fast"], "--learning-rate 'fast': expected a number"),
        (["train", "--steps", "-1"], "steps=-1"),
        (["train", "--backend", "gpu"], "expected one of auto, numpy"),
        (["train", "--seed", "-2"], "seed=-2"),
        (["train", "missing.toml"], "missing.toml: no such file; expected a network file"),
        (["article", "--lang", "de"], "--lang: unknown language 'de'; expected one of en, fr"),
        (["article", "--rate", "-1", "--out", "new"], "learning_rate=-1.0"),
        (["article", "--out", "file.txt"], "file.txt"),
        (["export", "--out", "folder.xlsx"], "is a folder"),
        (["export", "--out", "cnn.csv"], "unknown suffix '.csv'"),
        (["report", "--out", "no/where.md"], "does not exist"),
        (["report", "--out", "d.docx"], "unknown suffix '.docx'"),
        (["report", "--out", "d.md", "--out", "no/where.tex"], "does not exist"),
        (["nonsense"], "unknown command 'nonsense'; see symcnn --help"),
        (["train", "--nonsense"], "unknown option '--nonsense'; see symcnn train --help"),
        (["trian"], "unknown command 'trian'; did you mean 'train'?"),
        (["train", "--optimiser", "adam"], "unknown option '--optimiser'; did you mean '--optimizer'?"),
        (["train", "--optimizer", "adm"], "--optimizer 'adm': did you mean 'adam'? expected one of"),
        (["explain"], "missing argument NAME; see symcnn explain --help"),
    ],
)
def test_bad_input_is_one_line_and_exit_status_2(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.xlsx").mkdir()
    (tmp_path / "file.txt").write_text("mine")
    status, out, err = run(*arguments, capsys=capsys)
    assert status == 2
    assert message in err
    assert err.count("\n") == 1
    assert not out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file.txt", "folder.xlsx"]
    assert (tmp_path / "file.txt").read_text() == "mine"


@pytest.mark.parametrize(("old", "message", "new"), BAD)
def test_bad_network_files_too(tmp_path, capsys, old, message, new):
    path = tmp_path / "net.toml"
    path.write_text("" if new is None else GOOD.replace(old, new, 1), "utf-8")
    status, _, err = run("derive", path, capsys=capsys)
    assert status == 2
    assert message in err
    assert err.count("\n") == 1


def test_a_network_without_samples_or_loss_says_what_is_missing(tmp_path, capsys):
    path = tmp_path / "net.toml"
    path.write_text(GOOD, "utf-8")
    assert "add [[sample]] tables" in run("train", path, capsys=capsys)[2]
    path.write_text(GOOD.replace('"half_squared_error"', '"none"'), "utf-8")
    assert "loss=None" in run("train", path, capsys=capsys)[2]


def test_a_folder_without_permission(tmp_path, capsys, monkeypatch):
    def refused(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkdtemp", refused)
    status, _, err = run("article", "--out", tmp_path, "--steps", 3, capsys=capsys)
    assert status == 2
    assert f"{tmp_path}: Permission denied" in err


def test_a_failing_write_leaves_the_old_file(tmp_path, net, monkeypatch):
    path = tmp_path / "d.md"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(symcnn.InputError, match="No space left"):
        symcnn.write_report(net, path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["d.md"]


def test_every_command_has_help(capsys):
    for name in ("", *commands.commands):
        status, out, _ = run(*([name] if name else []), "--help", capsys=capsys)
        assert status == 0
        assert "Usage: symcnn" in out
    known = {
        "article",
        "audit",
        "certify",
        "check",
        "derive",
        "train",
        "export",
        "report",
        "verify",
        "predict",
        "explain",
        "new",
        "exercise",
        "picture",
    }
    assert set(commands.commands) == known


def test_the_version(capsys):
    assert symcnn.__version__ in run("--version", capsys=capsys)[1]


def test_help_imports_nothing_heavy():
    """--help must not cost what a training costs: no workbook library, no table library."""
    code = "import sys\nfrom symcnn.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print([m for m in ('openpyxl', 'rich', 'torch', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_python_m_symcnn():
    done = subprocess.run([sys.executable, "-m", "symcnn", "--version"], capture_output=True, text=True, check=True)
    assert symcnn.__version__ in done.stdout


def test_the_package_carries_its_texts():
    assert {p.name for p in (Path(symcnn.__file__).parent / "text").glob("*.toml")} == {
        f"{name}.toml" for name in ("en", "fr", "cli.en", "cli.fr", "errors.fr", "new")
    }
