"""What the article prints: typed here as literal SymPy and as literal numbers, and held against what is derived.

This ties down the forward pass, which every proof shares: a flipped convolution would pass all of them.
"""

import numpy as np
import pytest
import sympy
from sympy import symbols

import symcnn
from symcnn.proof import GradientDomain
from tests.tools.oracles import NAMES

i_11, i_12, i_13, i_21, i_22, i_23, i_31, i_32, i_33 = symbols("i_11 i_12 i_13 i_21 i_22 i_23 i_31 i_32 i_33")
f_11, f_12, f_21, f_22 = symbols("f_11 f_12 f_21 f_22")
h_1, h_2, o_1, o_2, t_1, t_2 = symbols("h_1 h_2 o_1 o_2 t_1 t_2")
w_h1o1, w_h1o2, w_h2o1, w_h2o2, w_x11h1, w_x11h2 = symbols("w_h1o1 w_h1o2 w_h2o1 w_h2o2 w_x11h1 w_x11h2")
dE_dx_11, dE_dx_12, dE_dx_21, dE_dx_22 = symbols("dE_dx_11 dE_dx_12 dE_dx_21 dE_dx_22")

# the convolution
X = {
    "x_11": i_11 * f_11 + i_12 * f_12 + i_21 * f_21 + i_22 * f_22,
    "x_12": i_12 * f_11 + i_13 * f_12 + i_22 * f_21 + i_23 * f_22,
    "x_21": i_21 * f_11 + i_22 * f_12 + i_31 * f_21 + i_32 * f_22,
    "x_22": i_22 * f_11 + i_23 * f_12 + i_32 * f_21 + i_33 * f_22,
}

# the 16 derivatives ∂x/∂f; two of them and the end of the last are cut off in the text that survives
DX_DF = {
    "x_11": {"f_11": i_11, "f_12": i_12, "f_21": i_21, "f_22": i_22},
    "x_12": {"f_11": i_12, "f_12": i_13, "f_21": i_22, "f_22": i_23},
    "x_21": {"f_11": i_21, "f_12": i_22, "f_21": i_31, "f_22": i_32},
    "x_22": {"f_11": i_22, "f_12": i_23, "f_21": i_32, "f_22": i_33},
}

# ∂E/∂f with the pixels put in
DE_DF = {
    "f_11": dE_dx_11 * i_11 + dE_dx_12 * i_12 + dE_dx_21 * i_21 + dE_dx_22 * i_22,
    "f_12": dE_dx_11 * i_12 + dE_dx_12 * i_13 + dE_dx_21 * i_22 + dE_dx_22 * i_23,
    "f_21": dE_dx_11 * i_21 + dE_dx_12 * i_22 + dE_dx_21 * i_31 + dE_dx_22 * i_32,
    "f_22": dE_dx_11 * i_22 + dE_dx_12 * i_23 + dE_dx_21 * i_32 + dE_dx_22 * i_33,
}

DE_DH_1 = (o_1 - t_1) * (o_1 * (1 - o_1)) * w_h1o1 + (o_2 - t_2) * (o_2 * (1 - o_2)) * w_h1o2
DE_DH_2 = (o_1 - t_1) * (o_1 * (1 - o_1)) * w_h2o1 + (o_2 - t_2) * (o_2 * (1 - o_2)) * w_h2o2
DE_DX_11 = DE_DH_1 * (h_1 * (1 - h_1)) * w_x11h1 + DE_DH_2 * (h_2 * (1 - h_2)) * w_x11h2


def test_the_24_in_the_articles_order(derivation):
    names = list(NAMES)
    assert list(derivation.gradients) == names
    assert len(derivation.gradients) == 20 + 4 == 24
    assert list(derivation.network.parameters) == names[:20]


@pytest.mark.parametrize("name", X)
def test_the_convolution(derivation, name):
    assert sympy.expand(derivation.graph[name].expression - X[name]) == 0


@pytest.mark.parametrize(("cell", "weight"), [(x, f) for x in DX_DF for f in DX_DF[x]])
def test_the_16_derivatives_of_the_feature_map(derivation, cell, weight):
    paths = {t.through: sympy.Mul(*t.local) for t in derivation[weight].steps[-1].terms}
    assert paths[cell] == DX_DF[cell][weight]
    assert sympy.diff(X[cell], sympy.Symbol(weight)) == DX_DF[cell][weight]


@pytest.mark.parametrize("name", DE_DF)
def test_the_filters_gradients_with_the_pixels_put_in(derivation, name):
    assert derivation[name].formula == DE_DF[name]
    assert GradientDomain(derivation).decide(name, DE_DF[name])


def test_the_hidden_neurons_and_the_feature_map(derivation):
    gradients = derivation
    assert sympy.expand(gradients["h_1"].expression - DE_DH_1) == 0
    assert sympy.expand(gradients["h_2"].expression - DE_DH_2) == 0
    assert sympy.expand(derivation.gradients["x_11"] - DE_DX_11) == 0
    assert GradientDomain(derivation).decide("x_11", DE_DX_11)


def test_the_weights_and_biases(derivation):
    """∂E/∂w_hj-ok = δ_ok·h_j, ∂E/∂b_ok = δ_ok, ∂E/∂w_xkl-hj = δ_hj·x_kl, ∂E/∂b_hj = δ_hj"""
    for k in (1, 2):
        delta_o, delta_h = sympy.Symbol(f"dE_dz_o{k}"), sympy.Symbol(f"dE_dz_h{k}")
        assert derivation[f"b_o{k}"].formula == delta_o
        assert derivation[f"b_h{k}"].formula == delta_h
        for j in (1, 2):
            assert derivation[f"w_h{j}o{k}"].formula == delta_o * sympy.Symbol(f"h_{j}")
        for cell in X:
            assert derivation[f"w_{cell.replace('_', '')}h{k}"].formula == delta_h * sympy.Symbol(cell)


def test_the_three_observations(derivation):
    """The four formulas have one form, use the same four ∂E/∂x, and all nine pixels."""
    formulas = [derivation[f].formula for f in DE_DF]
    adjoints = {dE_dx_11, dE_dx_12, dE_dx_21, dE_dx_22}
    for formula in formulas:
        assert len(formula.args) == 4
        assert all(len(term.args) == 2 for term in formula.args)
        assert adjoints <= formula.free_symbols
    pixels = set().union(*(f.free_symbols for f in formulas)) - adjoints
    assert pixels == {i_11, i_12, i_13, i_21, i_22, i_23, i_31, i_32, i_33}


# --- part 1 ---------------------------------------------------------------------------------------------------------

FOUR_ROWS = """
0.8 -0.1 0.1 0.3 0.6 -0.1 0.3
-0.1 1.0 -0.1 0.3 -0.1 0.1 -0.1
0.1 -0.1 1.0 -0.3 0.1 -0.1 0.6
0.3 0.3 -0.3 0.6 -0.3 0.3 0.3
"""


def maps(image=None, **settings):
    net = symcnn.article.operations(**settings)
    program = symcnn.compile(net)
    images = symcnn.article.picture().images if image is None else image
    return {name: values[0] for name, values in program.forward(symcnn.article.features(), images).items()}


def test_the_image():
    rows = ["".join("X" if v == 1 else "." for v in row) for row in symcnn.article.picture().images[0]]
    assert rows == [
        ".........", ".X.....X.", "..X...X..", "...X.X...", "....X....",
        "...X.X...", "..X...X..", ".X.....X.", ".........",
    ]  # fmt: skip


def test_the_first_and_the_last_window():
    image, feature = symcnn.article.picture().images[0], np.array(symcnn.article.FEATURES["diagonal"])
    assert (image[:3, :3] * feature).ravel().tolist() == [-1, 1, 1, 1, 1, 1, 1, 1, 1]
    assert (image[-3:, -3:] * feature).ravel().tolist() == [1, 1, 1, 1, 1, 1, 1, 1, -1]
    found = maps()["x"][0]
    assert found[0, 0] == 7 / 9
    assert found[6, 6] == 7 / 9
    assert f"{found[0, 0]:.2f}" == "0.78"


def test_the_four_printed_rows():
    wanted = [[float(n) for n in row.split()] for row in FOUR_ROWS.split("\n") if row]
    assert np.array_equal(np.round(maps()["x"][0][:4], 1), wanted)


def test_the_found_cells_and_the_centre():
    first = maps()["x"][0]
    assert first.shape == (7, 7)
    assert [(int(r) + 1, int(c) + 1) for r, c in np.argwhere(first == 1)] == [(2, 2), (3, 3), (5, 5), (6, 6)]
    assert round(first[3, 3], 1) == 0.6


def test_inverted_colours_negate_the_map():
    negated = maps(-symcnn.article.picture().images)["x"]
    assert np.array_equal(negated, -maps()["x"])
    assert int((negated[0] == -1).sum()) == 4


def test_relu_and_pooling():
    found = maps()
    assert np.array_equal(found["a"], np.maximum(found["x"], 0))
    assert found["p"].shape == (3, 7, 7)
    assert found["p"][0, 6, 6] == found["a"][0, 6, 6]  # three of its cells are absent and count as 0
    assert found["p"][0, 0, 0] == 1
    strided = maps(stride=2)["p"]
    assert strided.shape == (3, 4, 4)
    assert np.array_equal(strided, found["p"][:, ::2, ::2])
    mean = maps(pooling="mean")
    assert np.isclose(mean["p"][0, 6, 6], mean["a"][0, 6, 6] / 4)
    program = symcnn.compile(symcnn.article.operations())
    flat = program.predict(symcnn.article.features(), symcnn.article.picture().images)
    assert flat.shape == (1, 147)
    assert np.array_equal(flat[0], found["p"].ravel())


def test_forward_only_networks_say_why_they_cannot_be_derived_or_trained():
    net = symcnn.article.operations()
    for refused in (lambda: symcnn.derive(net), lambda: symcnn.train(net, ([], []))):
        with pytest.raises(symcnn.InputError, match="loss=None"):
            refused()


def test_the_background_is_one_argument_away():
    assert set(symcnn.article.images().images.ravel()) == {0, 1}
    assert set(symcnn.article.images(background=-1).images.ravel()) == {-1, 1}
