"""Every example runs, in a folder of its own, and prints what it is there to show."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from symcnn import article
from symcnn.audit import audit
from symcnn.network import read_network
from tests.slow import rest_slow

EXAMPLES = Path(__file__).parents[1] / "examples"
SHOWN = {
    "1_one_gradient.py": ["dE_dx_11*i_12 + dE_dx_12*i_13 + dE_dx_21*i_22 + dE_dx_22*i_23", "dE_do_1 = o_1 - t_1"],
    "2_prove_your_own.py": ["prints it: proved", "lost: refuted", "10⁻¹²: refuted"],
    "3_train.py": ["stopped: loss", "cross: o_1 = 0.9", "circle: o_1 = 0.0"],
    "4_operations.py": ["first window: 0.78", "[(2, 2), (3, 3), (5, 5), (6, 6)]", "147"],
    "5_a_network_of_your_own.py": ["proved: 59 of 59", "own.xlsx", "own.md"],
    "7_x_and_o.py": [
        "272 gradients", "dE_df[k, p, q] = Σ_{r, c} 1/9·dE_dx[k, r, c]·i[r + p, c + q]", "right: 2 of 2", "x_and_o.md",
    ],
    "8_two_filters.py": ["dE_do_1 = dE_du_1*u_1 - t_1", "- t_1: probable", "proved: 69 of 69", "two_filters.md"],
    "10_exercise.py": [
        "image 1: dE/dx_11 × i_11 = -0.023244 × 1", "their sum -0.013012, the workbook's dE_total/df_11 -0.013012",
        "0.5 - 0.5 × -0.013012 = 0.506506", "shows 0.5 at step 0 and 0.506506 at step 1; all_checks: ✓ ok",
        "η = 0.5: E_total 0.496", "0.322; falls at every step", "η = 30.0: E_total 0.496, 0.365, 0.638",
        "does not fall at every step",
    ],
    "11_certificate.py": [
        "Definition dE_df_12 := dE_dx_11 * i_12 + dE_dx_12 * i_13", "(f_12 parameter)", "theorems: 28",
        "as it was written: ", "with one sign turned: line ", "is not what symcnn writes for this network",
    ],
    "9_stride_and_padding.py": [
        "Σ_{k, p, q} dE_dx[k, (R - p + 1)/2, (C - q + 1)/2]·f[k, p, q]", "dE_dx_122*i_22", "used in a₁₁₁", "strided.md",
    ],
    "12_lenet.py": ["epoch 8: loss", "% of 359 digits", "digit 8: taken for 8", "lenet.xlsx", "lenet.html"],
    "6_digits.py": ["30 epochs, 630 steps", "stopped: epochs", "% of 359 digits"],
}  # fmt: skip
LONG = {
    "5_a_network_of_your_own.py", "6_digits.py", "7_x_and_o.py", "8_two_filters.py", "9_stride_and_padding.py",
    "11_certificate.py", "12_lenet.py",
}  # fmt: skip
NEED_SKLEARN = {"6_digits.py", "12_lenet.py"}


@pytest.mark.parametrize("name", rest_slow(sorted(SHOWN, key=LONG.__contains__), fast=len(SHOWN) - len(LONG)))
def test_an_example(name, tmp_path):
    out = shown_by(name, tmp_path)
    made = {path.name for path in tmp_path.iterdir()}
    assert made <= {"examples-output"}
    if made:  # the last line names a file there
        assert (tmp_path / out.splitlines()[-1]).parent == tmp_path / "examples-output"
    for words in SHOWN[name]:
        assert words in out, out
    if name in NEED_SKLEARN:
        assert float(re.search(r"test accuracy: ([0-9.]+)%", out)[1]) >= 95


def test_lenet_has_the_sizes_of_lenet():
    network, data = read_network(EXAMPLES / "lenet.toml")
    assert data is None
    assert (network.input_shape, network.outputs, network.loss) == ((28, 28), 10, "cross_entropy")
    assert len(network.parameters) == 6 * 25 + 6 + 16 * 6 * 25 + 16 + 400 * 120 + 120 + 120 * 84 + 84 + 84 * 10 + 10
    kinds = ["Conv2D", "Activation", "MaxPool2D"] * 2 + ["Flatten"] + ["Dense"] * 3
    assert [type(layer).__name__ for layer in network.layers] == kinds


def test_the_notes_have_three_wrong_lines_and_one_that_is_right_by_luck():
    found = audit(EXAMPLES / "notes.md", article.network()).findings
    assert [f.line for f in found if f.verdict == "false"] == [10, 18, 26]
    assert [f.line for f in found if f.verdict == "remark"] == [29]
    assert {f.verdict for f in found} == {"true", "false", "remark"}


def shown_by(name, folder):
    if name in NEED_SKLEARN:
        pytest.importorskip("sklearn", reason="scikit-learn is not installed: pip install scikit-learn")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name)], cwd=folder, capture_output=True, check=False,
        encoding="utf-8", env={**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": str(EXAMPLES.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_script_is_run():
    assert {p.name for p in EXAMPLES.glob("*.py")} == set(SHOWN)


def outputs(cells):
    """What each code cell shows, as text."""
    shown = []
    for cell in cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            text = output.get("text") or data.get("text/latex") or data.get("text/html") or data.get("text/plain", "")
            shown.append(re.sub(r"object at 0x[0-9a-f]+", "…", "".join(text)))
    return shown


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_notebook_shows_what_it_shows():
    """Every cell is run again; what it shows is what stands in the file."""
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: pip install nbformat")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed: pip install nbclient")
    pytest.importorskip("pandas", reason="pandas is not installed: pip install pandas")
    kept = nbformat.read(EXAMPLES / "tour.ipynb", as_version=4)
    fresh = nbformat.from_dict({**kept, "cells": [{**c} for c in kept.cells]})
    nbclient.NotebookClient(
        fresh, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(EXAMPLES.parent)}}
    ).execute()
    found = outputs(fresh.cells)
    assert len(found) >= 10
    assert found == outputs(kept.cells)
