"""The table of a network: ``net.summary()``, ``print(net)`` and what notebooks show."""

import html
import re

import symcnn
from symcnn.network.layers import OutputRow
from tests.tools.networks import from_seed

PUBLIC = {name: getattr(symcnn, name) for name in symcnn.__all__}

LENET = [
    ["input", "i", "28×28", "", ""],
    ["Conv2D(6, 5, padding=2)", "x", "6×28×28", "156",
     "x[k, r, c] = Σ_{p, q} i[r + p - 2, c + q - 2]·f[k, p, q] + b_x[k]"],
    ["Flatten()", "pb", "400", "0", ""],
    ["Dense(120, activation='relu')", "h", "120", "48120",
     "z_h[j] = Σ_{k, r, c} pb[k, r, c]·w_pbh[k, r, c, j] + b_h[j]\nh[j] = relu(z_h[j])"],
]  # fmt: skip


def test_a_summary_of_a_lenet(capsys):
    network = symcnn.read_network("examples/lenet.toml")[0]
    assert network.summary() is None
    lines = capsys.readouterr().out.splitlines()
    rows = network.table()[1]
    assert [row for row in rows if row in LENET] == LENET
    assert lines[0].split() == network.table()[0]
    assert len({line.find(row[4].split("\n")[0]) for line, row in zip(lines[1:9], rows, strict=False) if row[4]}) == 1
    assert "\n".join(lines) == str(network)
    assert lines[-1].startswith("61,706 parameters: f_111, f_112, ")
    assert eval(repr(network), PUBLIC) == network


def test_the_rows_are_the_layers_as_they_are_written():
    """Layers, shapes and counts from what was declared; the formulas are the forward equations, each once."""
    maps = symcnn.Network((4, 4), [symcnn.Conv2D(3, 3), symcnn.AvgPool2D(2), symcnn.Activation("softmax")], "mse")
    for network in (maps, *(from_seed(seed)[0] for seed in range(20))):
        heads, rows = network.table()
        assert heads == ["layer", "output", "shape", "parameters", "formula"]
        written = [row[0] for row in rows if row[0] not in ("input", "outputs", network.loss)]
        assert [eval(text, PUBLIC) for text in written] == list(network.layers)
        assert sum(int(row[3] or 0) for row in rows) == len(network.parameters)
        equations = [line for row in rows for line in row[4].split("\n") if line]
        assert equations == [str(equation) for equation in network.forward.equations]
        is_row = any(isinstance(step, OutputRow) and made.equations for step, made in network.forward.steps)
        assert is_row == ("outputs" in [row[0] for row in rows])


def test_a_notebook_shows_the_same_table(net):
    cells = re.findall("<t[dh] [^>]*>(.*?)</t[dh]>", net._repr_html_())
    heads, rows = net.table()
    assert [html.unescape(cell).replace("<br>", "\n") for cell in cells] == [*heads, *(c for row in rows for c in row)]
    assert "20 parameters: f_11, f_12" in net._repr_html_()
    assert "no parameters" in str(symcnn.Network((2, 2), [symcnn.Flatten()], loss=None))
