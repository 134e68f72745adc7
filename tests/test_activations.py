"""Every activation, whichever there are, through everything that symcnn does: it has one record, and nothing else."""

import re

import mpmath
import numpy as np
import openpyxl
import pytest

import symcnn
from symcnn.audit import audit
from symcnn.certificate import Certificate, check
from symcnn.symbolic import LEAF, LEAVES, Column, sigmoid
from symcnn.workbook import verify_workbook
from tests.tools.coq import needs_coq
from tests.tools.recalculate import by_formualizer, by_office, needs_office

KINDS = [leaf.activation for leaf in LEAVES if leaf.activation]
CERTIFIED = [leaf.activation for leaf in LEAVES if leaf.activation and "calculus" in leaf.columns]
every_activation = pytest.mark.parametrize("kind", KINDS)


def network(kind):
    layers = [symcnn.Conv2D(1, 2), symcnn.Activation(kind), symcnn.Flatten(), symcnn.Dense(2, kind), symcnn.Dense(1)]
    return symcnn.Network((3, 3), layers, "half_squared_error")


def data():
    rng = np.random.default_rng(1)
    return symcnn.Data(rng.normal(size=(2, 3, 3)).round(2), rng.uniform(size=(2, 1)).round(2))


def theta(net, scale=1.0):
    return scale * np.random.default_rng(2).uniform(-1, 1, len(net.parameters))


@every_activation
def test_it_is_derived_and_proved(kind):
    d = symcnn.derive(network(kind))
    proof = d.prove()
    assert proof.ok, proof
    assert d.decide("w_a11h1", d["w_a11h1"].formula * 2).status == "refuted"


def programs(net, backends):
    return {backend: symcnn.compile(net, backend=backend) for backend in backends}


@every_activation
@pytest.mark.parametrize(
    "backends", [("numpy", "expressions", "python"), pytest.param(("numba",), marks=pytest.mark.slow)]
)
def test_every_program_computes_what_pytorch_does(kind, backends):
    pytest.importorskip("torch", reason='PyTorch is not installed: pip install "symcnn[torch]"')
    from tests.tools.torch_oracle import loss_and_gradient

    net, images, targets = network(kind), data().images, data().targets
    for scale in (1.0, 30.0):
        wanted, slopes = loss_and_gradient(net, theta(net, scale), images, targets)
        for backend, program in programs(net, backends).items():
            loss, gradient = program.loss_and_gradient(theta(net, scale), images, targets)
            assert np.isclose(loss, wanted, rtol=1e-12), backend
            assert np.allclose(gradient, slopes, rtol=1e-9, atol=1e-12 * np.abs(slopes).max()), backend


@every_activation
@pytest.mark.parametrize("backend", ["numpy", pytest.param("numba", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("dtype", "near"), [("float64", 1e-11), ("float32", 2e-4)])
def test_a_training_goes_as_in_pytorch(kind, backend, dtype, near):
    torch = pytest.importorskip("torch", reason='PyTorch is not installed: pip install "symcnn[torch]"')
    from tests.tools.torch_oracle import outputs

    net, images, targets = network(kind), data().images, data().targets
    run = symcnn.train(
        net, data(), learning_rate=0.05, epochs=5, batch_size=2, optimizer="sgd", initial=theta(net),
        backend=backend, dtype=dtype, reduction="sum",
    )  # fmt: skip
    flat = torch.tensor(theta(net), dtype=getattr(torch, dtype), requires_grad=True)
    rule = torch.optim.SGD([flat], 0.05)
    for _ in range(5):
        rule.zero_grad()
        values = outputs(net, flat, torch.tensor(images, dtype=flat.dtype))
        (((values - torch.tensor(targets, dtype=flat.dtype)) ** 2).sum() / 2).backward()
        rule.step()
    assert np.allclose(run.theta, flat.detach().numpy(), rtol=near, atol=near)


@every_activation
@pytest.mark.parametrize(
    "backends", [("numpy", "expressions", "python"), pytest.param(("numba",), marks=pytest.mark.slow)]
)
def test_nothing_overflows(kind, backends):
    """Preactivations up to 1,000 on either side: finite values, finite slopes, as the record's own value says."""
    net = symcnn.Network((1, 2), [symcnn.Flatten(), symcnn.Dense(2, kind, bias=False)], "half_squared_error")
    images, targets = np.array([[[1.0, -1.0]]]), np.zeros((1, 2))
    for size in (1e3, 40.0):
        point = np.array([size, -size, 0.0, 0.0])  # the preactivations are size and -size
        with mpmath.workdps(50):
            wanted = [float(LEAF[function_of(kind)].value_at(mpmath, mpmath.mpf(z))) for z in (size, -size)]
        for backend, program in programs(net, backends).items():
            loss, gradient = program.loss_and_gradient(point, images, targets)
            assert np.isclose(loss, sum(v * v for v in wanted) / 2, rtol=1e-12), backend
            assert np.isfinite(gradient).all(), backend
    for backend in {"numpy", "numba"} & set(backends):
        run = symcnn.train(
            net, (images, targets), learning_rate=1e-6, epochs=1, batch_size=1, initial=[1e3, -1e3, 0, 0],
            backend=backend, dtype="float32",
        )  # fmt: skip
        assert np.isfinite(run.theta).all()


def function_of(kind):
    return next(leaf.function for leaf in LEAVES if leaf.activation == kind)


@every_activation
@pytest.mark.slow
def test_a_workbook_is_read_back_and_recalculated(kind, tmp_path):
    net = network(kind)
    path = symcnn.export_workbook(net, data(), tmp_path / "net.xlsx", steps=3, seed=0)
    assert verify_workbook(path, net).ok
    _same_cells(path, by_formualizer(path))
    # the check can fail: one formula of the backward pass with another sign
    book = openpyxl.load_workbook(path)
    sheet, cell = book.defined_names["dE_dz_h1_image1"].attr_text.replace("$", "").split("!")
    formula = book[sheet.strip("'")][cell]
    formula.value = f"=-1*({str(formula.value)[1:]})"
    book.save(tmp_path / "wrong.xlsx")
    assert not verify_workbook(tmp_path / "wrong.xlsx", net).ok


@every_activation
@needs_office
@pytest.mark.slow
def test_libreoffice_finds_the_same_values(kind, tmp_path):
    path = symcnn.export_workbook(network(kind), data(), tmp_path / "net.xlsx", steps=3, seed=0)
    _same_cells(path, by_office(path, tmp_path))


def _same_cells(path, found):
    values = openpyxl.load_workbook(path, data_only=True)
    numbers = {place: v for place, v in found.items() if isinstance(v, float)}
    assert len(numbers) > 100
    for (sheet, cell), value in numbers.items():
        kept = values[sheet][cell].value
        if isinstance(kept, (int, float)) and not isinstance(kept, bool):
            assert np.isclose(value, kept, rtol=1e-6, atol=1e-9), (sheet, cell)


@every_activation
@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.slow
def test_a_report_explains_it_and_is_examined(kind, lang, tmp_path):
    net = network(kind)
    path = symcnn.write_report(net, tmp_path / "net.md", data=data(), lang=lang, steps=3)
    text = path.read_text("utf-8")
    assert text.count("| 0 |  |") == 1  # displays that are neither proved nor checked
    leaf = LEAF[function_of(kind)]
    assert (r"\left[" in text) == (leaf.sides is not None)
    assert (r"\sigma" in text) == (leaf.function is sigmoid or leaf.slope.has(sigmoid))
    found = audit(path, net, data=data())
    assert found.ok, [f for f in found.findings if f.verdict == "false"]
    # ∂a_11/∂x_11 doubled: the activation's own derivative
    rule = r"(\\frac\{\\partial a_\{11\}\}\{\\partial x_\{11\}\} &?= )"
    wrong, count = re.subn(rule, r"\1 2 \\cdot ", text, count=1)
    assert count
    path.write_text(wrong, "utf-8")
    assert not audit(path, net, data=data()).ok


@every_activation
def test_it_is_verified(kind):
    net = network(kind)
    found = symcnn.verify(net, data(), seconds=0)
    assert found.ok
    assert LEAF[function_of(kind)].rule in str(found)


@every_activation
def test_a_wrong_column_is_seen(kind, monkeypatch):
    """What Python's programs are printed from, a little wrong: 50 digits say so."""
    leaf = LEAF[function_of(kind)]
    right = leaf.column("python")
    monkeypatch.setitem(leaf.columns, "python", Column(f"(1.000001*({right.text}))"))
    assert not symcnn.verify(network(kind), data(), seconds=0, backends=("python",)).ok


@every_activation
def test_a_certificate_is_written_or_refused(kind):
    if kind in CERTIFIED:
        assert Certificate(symcnn.derive(network(kind)), 2).theorems
        return
    with pytest.raises(symcnn.NotSupportedYetError, match=f"certificate: {kind}: its slope is not proved in Coq yet"):
        Certificate(symcnn.derive(network(kind)), 2)


@pytest.mark.parametrize("kind", CERTIFIED)
@needs_coq
@pytest.mark.slow
def test_coq_certifies_it(kind):
    net = symcnn.Network((1, 2), [symcnn.Flatten(), symcnn.Dense(1, kind)], "half_squared_error")
    assert check(Certificate(symcnn.derive(net), 1)).status == "certified"
