"""The scalar graph: its entries as they are looked up, against all of them made at once by a loop over every point."""

from random import Random

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import symcnn
from symcnn.derivation import Variable, derive
from symcnn.derivation.graph import Addend, instance_of, instantiate, points, points_at
from symcnn.derivation.reverse import reverse
from symcnn.printers.rewriting import rewritten
from symcnn.symbolic import Access, Affine, Axis, Tensor, quantity_of
from tests.slow import rest_slow
from tests.tools.golden import networks
from tests.tools.networks import differentiable, lenet


def made_at_once(equations):
    """Every variable by name: each equation at every point of its axes, scattered to its target."""
    order = {e.target.tensor: n for n, e in enumerate(equations)}
    addends = {(t, index): [] for t in sorted(order, key=order.get) for index in t.indices()}
    for equation in equations:
        for point in points(equation.axes):
            index = equation.target.at(point)
            if index is None:  # in the padding
                continue
            own = addends[equation.target.tensor, index]
            for term in equation.terms:
                each = [instance_of(term, {**point, **inner}) for inner in points(term.axes)]
                each = tuple(f for f in each if f is not None and (equation.reduce == "max" or 0 not in f))
                if each and not term.axes and own and own[-1].coefficient == term.coefficient:
                    each = own.pop().products + each
                if each:
                    own.append(Addend(each, term.coefficient))
    reduce = {e.target.tensor: e.reduce for e in equations}
    return {
        tensor.scalar(index): Variable(tensor.scalar(index), tensor, index, tuple(own), reduce[tensor])
        for (tensor, index), own in addends.items()
    }


def assert_same(equations, entries, seed=0):
    wanted = made_at_once(equations)
    assert list(entries) == list(wanted)
    assert len(entries) == len(wanted)
    assert not entries.made
    names = list(wanted)
    Random(seed).shuffle(names)
    assert all(name in entries for name in names[:50])
    assert not entries.made
    for name in names:
        assert entries[name] == wanted[name], name
    assert list(entries.values()) == list(wanted.values())


@pytest.mark.parametrize("name", networks())
def test_an_entry_is_the_same_in_whatever_order_they_are_looked_up(name):
    d = derive(networks()[name]()[0])
    assert_same(d.forward, d.graph.forward)
    assert_same(d.backward, d.graph.backward)


@settings(max_examples=8)
@given(differentiable())
def test_so_it_is_in_random_networks_and_their_rewritten_equations(case):
    net = case[0]
    d = derive(net)
    fewer = rewritten(net.forward.equations)
    adjoints = reverse(fewer, (net.forward.image, net.forward.targets))
    for forward, backward in ((d.forward, d.backward), (fewer, adjoints)):
        graph = instantiate((net.forward.image, *net.forward.parameters, net.forward.targets), forward, backward)
        assert_same(forward, graph.forward)
        assert_same(backward, graph.backward)


@given(st.data())
def test_the_points_at_an_index_are_those_where_an_access_is_there(data):
    """Of any index maps: strides, offsets, negative coefficients, divisors, an axis in two dimensions."""
    axes = [Axis(name, data.draw(st.integers(1, 4))) for name in "rcpq"[: data.draw(st.integers(0, 4))]]
    maps = tuple(
        Affine(
            tuple((axis.name, n) for axis in axes if (n := data.draw(st.integers(-3, 3)))),
            data.draw(st.integers(-3, 3)),
            data.draw(st.integers(1, 2)),
        )
        for _ in range(data.draw(st.integers(0, 2)))
    )
    access = Access(Tensor("t", (5,) * len(maps), (("t", len(maps)),)), maps)
    for index in access.tensor.indices():
        assert list(points_at(axes, access, index)) == [p for p in points(axes) if access.at(p) == index]


@pytest.mark.parametrize("name", rest_slow(networks(), 15))
def test_what_uses_a_quantity_is_what_has_it_in_its_formula(name):
    graph = derive(networks()[name]()[0]).graph
    symbols = {v.quantity: v.symbols() for v in graph}
    for quantity in [*(quantity_of(*place) for place in graph.inputs.values()), *symbols]:
        assert graph.users(quantity) == [q for q, own in symbols.items() if quantity.symbol in own], quantity


@pytest.mark.parametrize("name", rest_slow(networks(), 15))
def test_the_chain_to_an_adjoint_is_what_its_formula_rests_on(name):
    d = derive(networks()[name]()[0])
    symbols = {n: [s.name for s in v.symbols() if s.name in d.graph.backward] for n, v in d.graph.backward.items()}
    rests_on: dict[str, set[str]] = {}
    for adjoint, own in symbols.items():  # each rests on earlier ones
        rests_on[adjoint] = {adjoint}.union(*(rests_on[other] for other in own))
    for adjoint in symbols:
        chain = [q.name for q in d.graph.chain(d.quantities.of(adjoint))]
        assert chain == [other for other in symbols if other in rests_on[adjoint]], adjoint


def test_one_formula_of_a_large_network_makes_no_other():
    graph = derive(lenet()).graph
    assert len(graph.forward) + len(graph.backward) > 65_000
    assert len(graph["dE_df_111"].products) == 24 * 24
    assert len(graph.backward.made) == 1
    assert not graph.forward.made


@pytest.mark.parametrize("name", ["dE_df_999", "f_11", "E_total", "dE_dE", "x_11_image1", "dE_dx_11_image1", "", "π"])
def test_what_is_no_entry_is_not_in_it(derivation, name):
    assert name not in derivation.graph
    with pytest.raises(KeyError):
        _ = derivation.graph[name]


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
