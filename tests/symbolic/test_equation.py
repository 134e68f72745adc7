from itertools import product

import sympy

import symcnn
from symcnn.derivation import derive
from symcnn.symbolic import Access, Affine, Tensor


def test_an_access_is_an_atom_with_its_own_derivative():
    x = Tensor("x", (2, 2), (("x_", 2),))
    first, second = (Access(x, (Affine((("r", 1),)), Affine((("c", 1),), shift))) for shift in (0, 1))
    assert first != second
    assert (first**2 * second).diff(first) == 2 * first * second
    assert str(second) == "x[r, c + 1]"


def test_an_access_outside_its_tensor_has_no_index():
    x = Access(Tensor("x", (3,), (("x_", 1),)), (Affine((("r", 2), ("p", 1)), -1),))
    assert x.at({"r": 0, "p": 0}) is None
    assert x.at({"r": 1, "p": 1}) == (2,)
    assert x.at({"r": 2, "p": 0}) is None


def test_scalars_are_padded_to_the_width_of_their_axis():
    assert Tensor("i", (12, 9), (("i_", 2),)).scalar((0, 8)) == "i_019"
    assert Tensor("w_xh", (2, 2, 2), (("w_x", 2), ("h", 1))).scalar((0, 0, 1)) == "w_x11h2"


def test_equations_read_as_mathematics(net):
    texts = [str(e) for e in derive(net).equations]
    assert texts[0] == "x[r, c] = Σ_{p, q} i[r + p, c + q]·f[p, q]"
    assert texts[-2:] == [
        "dE_di[R, C] = Σ_{p, q} dE_dx[R - p, C - q]·f[p, q]",
        "dE_df[p, q] = Σ_{r, c} dE_dx[r, c]·i[r + p, c + q]",
    ]
    assert str(symcnn.article.operations().forward.equations[-1]) == "p[k, r, c] = max_{u, v} a[k, r + u, c + v]"


def test_the_sympy_view_differentiates_to_the_adjoint(net):
    """SymPy's own derivative of the indexed sum, instantiated, is the scattered adjoint: an independent check."""
    equation = net.forward.equations[0].to_sympy()
    f, i = sympy.IndexedBase("f"), sympy.IndexedBase("i")
    r, c = sympy.symbols("r c", integer=True)
    for p in range(2):
        for q in range(2):
            slope = equation.rhs.doit().diff(f[p, q])
            assert sympy.simplify(slope - i[r + p, c + q]) == 0


def test_the_span_of_an_affine_map_is_what_it_takes():
    sizes = {"r": 3, "p": 2, "s": 1}
    for coefficients, offset in [
        ((("r", 2), ("p", 1)), -1),
        ((("r", -2), ("p", 1)), 4),
        ((("s", 5),), 2),
        ((("r", -1), ("p", -3), ("s", 7)), 0),
        ((), -2),
    ]:
        affine = Affine(coefficients, offset)
        points = product(*(range(n) for n in sizes.values()))
        values = [affine.at(dict(zip(sizes, point, strict=True))) for point in points]
        assert affine.span(sizes) == (min(values), max(values))


def test_an_axis_is_replaced_in_an_affine_map():
    """At every place where the replaced axis is whole, the value is that of the map before."""
    for affine, value in [
        (Affine((("a", 2), ("c", 1)), 3), Affine((("b", 1),), 1, 2)),
        (Affine((("a", 4),), 6), Affine((("b", 2),), -3, 2)),
        (Affine((("a", 2),), 3), Affine((("b", 1),), 1, 2)),  # all of it divided by 2: b + 4
        (Affine((("a", -3), ("b", 1)), 0), Affine((("b", 1), ("c", -2)), 5)),
        (Affine((("a", 1),), 1, 1), Affine((("b", 3),), 2, 3)),
    ]:
        after = affine.substitute({"a": value})
        for b, c in product(range(-4, 5), range(3)):
            a = value.at({"b": b, "c": c})
            if a is not None:
                assert after.at({"b": b, "c": c}) == affine.at({"a": a, "b": b, "c": c})
    assert Affine((("a", 2),), 3).substitute({"a": Affine((("b", 1),), 1, 2)}) == Affine((("b", 1),), 4)
    assert Affine((("a", 2),)).substitute({"x": Affine((("b", 1),))}) == Affine((("a", 2),))
