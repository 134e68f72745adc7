import sympy

import symcnn
from symcnn.derivation import derive


def test_products_and_factors_keep_the_order_of_the_derivation(derivation):
    symbols = [[str(f) for f in factors] for factors in derivation.graph["dE_df_12"].products]
    assert symbols == [["dE_dx_11", "i_12"], ["dE_dx_12", "i_13"], ["dE_dx_21", "i_22"], ["dE_dx_22", "i_23"]]
    assert [str(f) for f in derivation.graph["dE_dz_o1"].products[0]] == ["dE_do_1", "o_1", "1 - o_1"]


def test_every_variable_rests_on_earlier_ones(derivation):
    known = set(derivation.graph.inputs)
    for variable in derivation.graph:
        assert {s.name for s in variable.symbols()} <= known
        known.add(variable.name)


def test_padding_drops_products_and_a_maximum_keeps_its_pad_value():
    padded = derive(symcnn.Network((2, 2), [symcnn.Conv2D(1, 3, padding=1, bias=False), symcnn.Dense(1)])).graph
    assert len(padded["x_11"].products) == 4
    first = symcnn.article.operations()
    from symcnn.derivation.graph import instantiate

    graph = instantiate((first.forward.image, *first.forward.parameters), first.forward.equations, ())
    assert [str(f[0]) for f in graph["p_177"].products] == ["a_177", "0", "0", "0"]
    absent = symcnn.Network((7, 7), [symcnn.MaxPool2D(2, 1, "same")], loss=None).forward
    graph = instantiate((absent.image,), absent.equations, ())
    assert [str(f[0]) for f in graph["p_77"].products] == ["i_77"]


def test_a_scale_stands_outside_of_its_sum():
    net = symcnn.Network((3, 3), [symcnn.Conv2D(1, 3, normalize=True), symcnn.Dense(1)])
    variable = derive(net).graph["x_11"]
    assert [a.coefficient for a in variable.addends] == [sympy.Rational(1, 9), 1]
    assert len(variable.addends[0].products) == 9
    assert str(variable.addends[1].products[0][0]) == "b_x1"
