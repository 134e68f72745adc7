"""Windows in pairs and with holes: rows and columns of a setting, and a convolution's dilation, everywhere."""

import numpy as np
import pytest

import symcnn
from symcnn import AvgPool2D, Conv2D, Dense, Flatten, InputError, MaxPool2D, Network
from symcnn.network.file import network_from, words_of
from symcnn.workbook import verify_workbook
from tests.tools import oracles
from tests.tools.networks import values_for

#: Layers before the last two, and the map that comes out.
CASES = {
    "stride": ([Conv2D(2, (2, 3), stride=(2, 1))], (2, 3, 3)),
    "padding": ([Conv2D(1, (3, 2), padding=(0, 2))], (4, 8)),
    "dilation": ([Conv2D(1, 2, dilation=2)], (4, 3)),
    "dilations": ([Conv2D(1, (2, 3), dilation=(3, 1), padding=(1, 0))], (5, 3)),
    "same": ([Conv2D(1, (3, 2), stride=(2, 3), padding="same", dilation=(1, 2))], (3, 2)),
    "normalized": ([Conv2D(2, (2, 1), dilation=(3, 1), normalize=True, bias=False)], (2, 3, 5)),
    "maximum": ([MaxPool2D((3, 2), (1, 2), padding=(1, 0)), Conv2D(1, 1)], (6, 2)),
    "mean": ([AvgPool2D((2, 3), padding=(1, 0)), Conv2D(1, 1)], (4, 1)),
    "mean there": ([AvgPool2D((2, 3), (1, 2), (1, 2), count_include_pad=False), Conv2D(1, 1)], (7, 4)),
    "two": ([Conv2D(2, 2, dilation=(2, 1)), Conv2D(1, (1, 2), stride=(2, 1), dilation=(1, 2))], (2, 2)),
}  # fmt: skip


def network(case):
    return Network((6, 5), [*CASES[case][0], Flatten(), Dense(2, "sigmoid")], "half_squared_error")


@pytest.mark.parametrize("case", CASES)
def test_every_program_has_the_oracles_shape_and_gradient(case):
    net = network(case)
    theta, images, targets = values_for(net, np.random.default_rng(0), 3)
    last = [t for t in symcnn.compile(net).forward(theta, images) if t not in ("z_o", "o", "E")][-1]
    assert symcnn.compile(net).forward(theta, images)[last].shape[1:] == CASES[case][1]
    loss, gradient = oracles.loss(net, theta, images, targets).real, oracles.gradient(net, theta, images, targets)
    for backend in ("numpy", "expressions", "python"):
        value, slope = symcnn.compile(net, backend).loss_and_gradient(theta, images, targets)
        assert np.isclose(value, loss, rtol=1e-12)
        assert np.allclose(slope, gradient, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("case", CASES)
def test_pytorch_agrees(case):
    pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
    from tests.tools.torch_oracle import loss_and_gradient

    net = network(case)
    theta, images, targets = values_for(net, np.random.default_rng(1), 2)
    value, slope = symcnn.compile(net).loss_and_gradient(theta, images, targets)
    expected, gradient = loss_and_gradient(net, theta, images, targets)
    assert np.isclose(value, expected, rtol=1e-12)
    assert np.allclose(slope, gradient, rtol=1e-9, atol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["dilations", "maximum"])
def test_it_is_proved_and_written_with_its_numbers(case, tmp_path):
    net = network(case)
    _, images, targets = values_for(net, np.random.default_rng(2), 1)
    data = images.round(2), targets.round(2)
    assert symcnn.derive(net).prove().ok
    book = symcnn.export_workbook(net, data, tmp_path / "book.xlsx", steps=1)
    assert verify_workbook(book, net).ok
    text = symcnn.write_report(net, tmp_path / "report.md", data=data, steps=1).read_text("utf-8")
    assert {"dilations": "padding 1×0, dilation 3×1", "maximum": "3×2 windows, stride 1×2"}[case] in text


def test_the_window_that_is_worked_out_has_the_layers_steps(tmp_path):
    """The forward-only workbook picks the window's pixels by the equation's own index."""
    net = Network((6, 5), [Conv2D(1, 2, stride=(1, 2), dilation=(2, 1), bias=False)], None)
    book = symcnn.export_workbook(net, (np.arange(30.0).reshape(1, 6, 5), np.zeros((1, 0))), tmp_path / "b.xlsx")
    import openpyxl

    cells = [c.value for row in openpyxl.load_workbook(book)["Convolution"] for c in row if "INDEX(" in str(c.value)]
    assert [c.split("INDEX(")[1].split(",", 1)[1] for c in cells] == [
        f"1*($G${r}-1)+{1 + 2 * p},2*($G${r + 1}-1)+{1 + q})" for p in (0, 1) for q in (0, 1)
        for r in [int(cells[0].split("$G$")[1].split("-")[0])]
    ]  # fmt: skip


@pytest.mark.parametrize("layers", [[MaxPool2D(2)], [AvgPool2D((2, 1))], [symcnn.Activation("elu")]])
def test_a_forward_pass_without_parameters_has_its_workbook(layers, tmp_path):
    data = np.arange(30.0).reshape(1, 6, 5), np.zeros((1, 0))
    assert symcnn.export_workbook(Network((6, 5), layers, None), data, tmp_path / "b.xlsx").is_file()


def test_a_file_keeps_them():
    for case in CASES:
        assert network_from(words_of(network(case))) == network(case)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Conv2D(1, 2, dilation=6), r"kernel_size must be at most 1, or add padding"),
        (Conv2D(1, 4, dilation=2), r"the input has 6 rows; kernel_size must be at most 3"),
        (MaxPool2D((1, 6)), r"the input has 5 columns; size must be at most 5"),
    ],
)
def test_a_window_that_does_not_fit_says_what_does(layer, message):
    with pytest.raises(InputError, match=message):
        Network((6, 5), [layer, Flatten(), Dense(1)], "mse").forward  # noqa: B018
