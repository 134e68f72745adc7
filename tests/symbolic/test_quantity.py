import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Symbol

import symcnn
from symcnn.symbolic import ERROR, TOTAL_ERROR, Quantity, TensorKind, entries, split_name
from tests.tools.networks import from_seed


@pytest.mark.parametrize("seed", range(8))
def test_a_name_and_its_quantity_are_one(seed):
    derivation = symcnn.derive(from_seed(seed)[0])
    for tensor in derivation.quantities.tensors:
        for quantity in (*entries(tensor), *entries(tensor.adjoint())):
            for image in (None, 1, 12):
                of_image = quantity.of_image(image)
                assert derivation.quantities.of(of_image.name) == derivation.quantities.of(of_image.symbol) == of_image


def test_how_a_quantity_is_called():
    f = symcnn.article.network().forward.parameters[0]
    quantity = Quantity(f, (0, 1))
    assert quantity.name == "f_12"
    assert quantity.of_image(1) == quantity  # all images share it
    assert quantity.adjoint.of_image(2).name == "dE_df_12_image2"
    assert quantity.adjoint.symbol == Symbol("dE_df_12")
    assert quantity.adjoint.primal == quantity.adjoint.of_image(2).primal == quantity  # a parameter is of no image
    assert (f.kind, f.adjoint().kind, f.adjoint().primal) == (TensorKind.FILTER, TensorKind.FILTER, f)


def test_a_symbol_has_a_like_of_each_image():
    quantities = symcnn.derive(symcnn.article.network()).quantities
    for symbol, image, like in (("x_12", 2, "x_12_image2"), ("x_12_image2", None, "x_12"), ("f_12", 2, "f_12")):
        assert quantities.of_image(Symbol(symbol), image) == Symbol(like)
    with pytest.raises(KeyError):
        quantities.of_image(Symbol("eta"), 1)


def test_a_name_may_end_in_its_image_however_it_is_written():
    assert split_name("w_x11-h1_image2") == ("w_x11-h1", 2)
    assert split_name("x_12") == ("x_12", None)
    with pytest.raises(ValueError, match="expected a name that ends in _image1"):
        split_name("x_12_imageB")


def test_the_error_is_a_quantity_too():
    quantities = symcnn.derive(symcnn.article.network()).quantities
    assert quantities.of("E_total") == Quantity(TOTAL_ERROR)
    assert quantities.of("E_image2") == Quantity(ERROR, (), 2)
    assert quantities.of("E_total").of_image(1) == Quantity(TOTAL_ERROR)


@given(st.text(max_size=12) | st.sampled_from(["f_13", "x_011", "dE_d", "_image1", "f_11_image0", "f_11_image01"]))
def test_what_is_no_name_is_no_quantity(text):
    quantities = symcnn.derive(symcnn.article.network()).quantities
    if text in quantities:
        assert quantities.of(text).name == text
    else:
        with pytest.raises(KeyError):
            quantities.of(text)
