import keyword

import numpy as np
from hypothesis import given

import symcnn
from symcnn.derivation import derive
from symcnn.network.layers import Names
from symcnn.symbolic import TensorKind
from symcnn.workbook.addresses import is_legal_name
from tests.tools.networks import differentiable


@given(differentiable())
def test_names_differ_ignoring_case_and_are_legal_everywhere(case):
    graph = derive(case[0]).graph
    names = [*graph.inputs, *(v.name for v in graph)]
    names += [f"{n}_image{m}" for n in names for m in (1, 12)]
    assert len({n.lower() for n in names}) == len(names)
    for name in names:
        assert name.isidentifier()
        assert not keyword.iskeyword(name)
        assert name == "E" or is_legal_name(name)


def test_further_layers_of_a_kind_take_letters_after_their_own():
    names = Names()
    found = [names.letters(TensorKind.FEATURE_MAP) for _ in range(53)]
    assert found[:4] == ["x", "xb", "xc", "xd"]
    assert found[25:28] == ["xz", "xbb", "xbc"]
    assert len(set(found)) == len(found)


def test_no_name_is_a_word_of_python():
    names = Names()
    assert "as" not in {names.letters(TensorKind.ACTIVATED_MAP) for _ in range(40)}
    net = symcnn.Network((3,), [*(symcnn.Activation("tanh") for _ in range(20)), symcnn.Dense(1)])
    rng = np.random.default_rng(0)
    theta, images, targets = rng.uniform(-1, 1, 4), rng.normal(size=(2, 3)), rng.uniform(size=(2, 1))
    found = [symcnn.compile(net, b).loss_and_gradient(theta, images, targets)[0] for b in ("numpy", "python")]
    assert abs(found[0] - found[1]) < 1e-14


def test_what_a_spreadsheet_takes_for_an_address_is_no_name():
    for name in (
        "x11",
        "f11",
        "h1",
        "o1",
        "net1",
        "img11",
        "XFD1",
        "R",
        "C",
        "r1c1",
        "c1_out",
        "r2_w",
        "TRUE",
        "1a",
        "",
    ):
        assert not is_legal_name(name), name
    for name in ("f_11", "w_x11h1", "b_h1", "x_11_image1", "E_total", "learning_rate", "dE_df_11", "E_image1"):
        assert is_legal_name(name), name
