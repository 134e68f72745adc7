"""What a displayed formula says, read from its tree alone."""

from itertools import pairwise

import mpmath
import pytest
import sympy
from sympy import S, Symbol

from symcnn import article, derive
from symcnn.formula import Typography, tree
from symcnn.formula.meaning import EntryGroup, Meaning
from symcnn.formula.tree import Convolution, Equality, Matrix, Negated, Number, Over, Partial, Product, Sum, Under
from symcnn.formula.tree import Symbol as Written_
from symcnn.formula.typography import Letters
from symcnn.formula.written import MeaningError, OutOfRangeError, Spelled, UnknownNameError, affine_at
from symcnn.proof.paths import Slope
from symcnn.text import catalogue
from tests.tools.networks import from_seed

WORDS = catalogue("en").words("word")
D = derive(article.network())
TYPOGRAPHY = Typography(D.quantities, WORDS)
E_TOTAL, E = Written_("E", "", "total"), Written_("E")
LABELS = {"image 1": 1, "image 2": 2}


def meaning(derivation=D, **settings):
    return Meaning(derivation, Spelled(derivation.quantities), LABELS, 2, **settings)


def is_true(left, right, derivation=D, **settings):
    m = meaning(derivation, **settings)
    images = (1, 2) if settings.get("total") else (0,)
    return derivation.identities(images).decide(m.scalar(left), m.scalar(right)).status in ("proved", "probable")


def x(letter, indices="", word=""):
    return Written_(letter, indices, word)


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("seed", range(8))
def test_every_name_is_read_back_as_it_was_written(seed, lang):
    d = derive(from_seed(seed)[0])
    words = catalogue(lang).words("word")
    letters, m = Letters(d.quantities, words), Meaning(d, Spelled(d.quantities))
    typography, own = Typography(d.quantities, words), Meaning(d)
    for name in (*d.graph.inputs, *d.graph.forward):
        for differentiated in (False, True):
            assert m.of(letters.name(name, differentiated)) == Symbol(name)
            assert own.of(typography.name(name, differentiated)) == Symbol(name)


def test_a_derivative_is_the_sum_over_the_paths_and_not_what_the_derivation_says():
    m = meaning()
    assert m.of(Partial(E_TOTAL, x("f", "11"))) == Slope(Symbol("E"), Symbol("f_11"))
    assert m.of(Partial(x("x", "11"), x("x", "11"))) == 1
    assert m.of(Partial(x("f", "11"), x("x", "11"))) == 0  # nothing leads from a map to a filter
    of_sum = Partial(Sum((Product((x("i", "11"), x("f", "11"))), Product((x("i", "12"), x("f", "12"))))), x("f", "12"))
    assert m.of(of_sum) == Symbol("i_12")


def test_the_paths_give_what_sympy_gives_with_everything_put_in():
    """The same slopes from another engine: SymPy's diff of E with everything put in, at a point."""
    d = derive(article.network())
    put_in = {name: d.in_inputs(name) for name in d.graph.forward}
    quantities = next(d.identities().reals())[0]
    names = {Symbol(n): sympy.Float(str(quantities.algebra.generators[Symbol(n)]), 60) for n in d.graph.inputs}
    for by in ("f_12", "w_x21h2", "b_o1", "w_h1o2", "i_22"):
        expected = put_in["E"].diff(Symbol(by)).xreplace(names).evalf(40)
        with mpmath.workdps(60):
            assert abs(quantities.slope(Symbol("E"), Symbol(by)) - mpmath.mpf(str(expected))) < 1e-38


def test_true_formulas_in_other_forms_are_true():
    h, one = x("h", "1"), Number(1)
    by_h = Partial(E_TOTAL, x("h", "1", "activation"))
    by_z = Partial(E_TOTAL, x("h", "1", "preactivation"))
    assert is_true(by_z, Product((by_h, h, Sum((one, Negated(h))))))
    assert is_true(by_z, Product((Sum((h, Negated(tree.Power(h, 2)))), by_h)))
    assert is_true(by_z, Negated(Product((by_h, h, Sum((h, Negated(one)))))))
    assert not is_true(by_z, Product((by_h, h, Sum((one, h)))))
    assert not is_true(by_z, Product((by_h, x("h", "2"), Sum((one, Negated(x("h", "2")))))))


def test_e_total_is_one_image_or_their_sum():
    by_f, one_by_f = Partial(E_TOTAL, x("f", "11")), Partial(E, x("f", "11"))
    parts = tuple(tree.Labelled(one_by_f, label) for label in LABELS)
    assert is_true(by_f, Sum(parts), total=True)
    assert is_true(by_f, tree.Call("Σ", (one_by_f,)), total=True)
    assert not is_true(by_f, parts[0], total=True)
    assert is_true(by_f, one_by_f)  # in a text that means one image by E_total
    with pytest.raises(MeaningError, match="of which image"):
        meaning(total=True).of(one_by_f)
    other = Partial(tree.Labelled(E, "image 2"), tree.Labelled(x("x", "11"), "image 1"))
    assert meaning(total=True).of(other) == 0  # a map belongs to one image


def test_groups_are_laid_out_like_what_is_differentiated_by():
    m = meaning()
    image, filters, cells = x("I"), x("F"), x("X")
    by_x = m.of(Partial(E_TOTAL, cells))
    assert isinstance(by_x, EntryGroup)
    assert (by_x.shape, by_x.entries[1]) == ((2, 2), Slope(Symbol("E"), Symbol("x_12")))
    chain = m.of(Product((Partial(E_TOTAL, cells), Partial(cells, filters))))
    turned = m.of(Product((Partial(cells, filters), Partial(E_TOTAL, cells))))
    window = m.of(Convolution(image, Partial(E_TOTAL, cells)))
    identities = D.identities()
    for found in (chain, turned, window):
        assert found.shape == (2, 2)
        for entry, name in zip(found.entries, ("f_11", "f_12", "f_21", "f_22"), strict=True):
            assert identities.decide(entry, Slope(Symbol("E"), Symbol(name))).status == "proved"
    assert m.of(Matrix(((x("x", "11"), x("x", "12")), (x("x", "21"), x("x", "22"))))).entries == m.of(cells).entries
    with pytest.raises(MeaningError, match="do not chain"):
        m.of(Product((Partial(cells, filters), Partial(x("H"), x("O", "", "predicted")))))
    with pytest.raises(MeaningError, match="larger than the image"):
        m.of(Convolution(filters, image))


def test_index_notation_counts_from_0_and_what_lies_outside_is_0():
    terms = Product((x("i", "r+p, c+q"), x("f", "p, q")))
    settings = {"sizes": {"p": 2, "q": 2}, "point": {"r": 0, "c": 1}}
    assert is_true(x("x", "12"), Over("Σ", ("p", "q"), terms), **settings)
    assert not is_true(x("x", "21"), Over("Σ", ("p", "q"), terms), **settings)
    assert meaning(point={"r": 2, "c": 0}).of(x("i", "r+1, c")) == 0
    assert meaning(point={"r": 2, "c": 0}).of(Partial(E, x("x", "r, c"))) == 0
    assert meaning(point={"j": 1}).of(x("w", "h(j)-o(j)")) == Symbol("w_h2o2")


@pytest.mark.parametrize(
    ("text", "point", "value"),
    [
        ("2r+u−1", {"r": 2, "u": 1}, 4),
        ("(R−p+1)/2", {"R": 2, "p": 1}, 1),
        ("(R−p)/2", {"R": 2, "p": 1}, None),
        ("k", {"k": 3}, 3),
    ],
)
def test_indices_are_worked_out(text, point, value):
    assert affine_at(text, point) == value


@pytest.mark.parametrize(
    ("node", "error", "words"),
    [
        (x("i", "41"), OutOfRangeError, "i₄₁: index out of range; expected i_11 to i_33"),
        (x("x", "5"), OutOfRangeError, "x_5: index out of range"),
        (x("v", "11"), UnknownNameError, "no quantity of this network has this name; the nearest is"),
        (x("h", "1", "predicted"), UnknownNameError, "nearest is"),
        (x("W"), UnknownNameError, "ambiguous, could be w_xh, w_ho"),
        (tree.DOTS, MeaningError, "cannot tell which terms are omitted"),
        (Number(float("nan")), MeaningError, "not a finite number"),
        (tree.Fraction(x("h", "1"), Number(0)), MeaningError, "division by zero"),
        (tree.Call("cos", (x("h", "1"),)), UnknownNameError, "unknown function"),
        (tree.Call("σ", (x("h", "1"), x("h", "2"))), MeaningError, "2 arguments"),
        (Partial(E, Product((x("f", "11"), x("f", "12")))), MeaningError, "a single variable of differentiation"),
        (Partial(Partial(E, x("x", "11")), x("f", "11")), MeaningError, "a second derivative"),
        (Over("Σ", ("k",), x("h", "k")), UnknownNameError, "cannot tell how far the index runs"),
        (x("h", "k"), UnknownNameError, "k belongs to no sum and no axis"),
        (x("h", "2·1"), MeaningError, "not an index"),
        (tree.Labelled(E, "image 9"), UnknownNameError, "no image has this name"),
        (tree.Indicator((tree.Word("rainy"),)), MeaningError, "text cannot be evaluated"),
        (Matrix(((x("h", "1"),), (x("h", "1"), x("h", "2")))), MeaningError, "rows of different lengths"),
        (Equality((E, E)), MeaningError, "not a value"),
        (tree.Word("as given"), MeaningError, "not a value"),
        (Sum((x("X"), x("F"), x("h", "1"))), MeaningError, "arrays of different shapes"),
        (Sum(()), MeaningError, "an empty sum"),
        (tree.Call("max", ()), MeaningError, "missing argument"),
        (tree.Power(Number(0), -1), MeaningError, "division by zero"),
        (tree.Call("ln", (Number(0),)), MeaningError, "logarithm of 0"),
    ],
)  # fmt: skip
def test_what_says_nothing_is_a_named_error(node, error, words):
    with pytest.raises(error, match=words):
        meaning().of(node)


def test_a_group_letter_of_several_tensors_is_not_guessed():
    assert isinstance(meaning().of(x("F")), EntryGroup)
    two = derive(from_seed(2)[0])
    letters = [t.name for t in two.quantities.tensors if t.name.startswith("f")]
    assert all(isinstance(meaning(two).of(x(name.upper())), EntryGroup) for name in letters)


@pytest.mark.parametrize("seed", [0, 2, 3, 4, 6, 9])
def test_the_chain_rule_of_any_network_is_true_and_twice_its_right_side_is_not(seed):
    """Network 6 ends with a softmax, where one quantity acts on another in two ways."""
    d = derive(from_seed(seed)[0])
    typography, m, identities = Letters(d.quantities, WORDS), meaning(d), d.identities()
    names = [name.removeprefix("dE_d") for name in d.graph.backward]
    skipped = [name for name in names if name.startswith("u")]
    for name in (*names[:: max(1, len(names) // 12)], *skipped):
        members = [m.scalar(member) for member in typography.chain_rule(d, name).members]
        for left, right in pairwise(members):
            assert identities.decide(left, right).status in ("proved", "probable")
        if identities.decide(members[0], S.Zero).status not in ("proved", "probable"):
            assert identities.decide(members[0], 2 * members[-1]).status in ("refuted", "unknown")


def test_a_maximum_hands_on_to_the_first_and_a_gate_opens_above_0():
    d = derive(from_seed(6)[0])
    typography, m, identities = Letters(d.quantities, WORDS), meaning(d), d.identities()
    kinked = [n for n, v in d.graph.backward.items() if v.expression.atoms(sympy.Function)]
    assert kinked
    for name in kinked:
        right = m.scalar(typography.right_side(d.graph.backward[name]))
        assert identities.decide(m.scalar(typography.name(name)), right).status in ("proved", "probable")


def test_numbers_beneath_say_nothing_and_exact_numbers_are_themselves():
    m = meaning()
    assert m.of(Under(x("h", "1"), Number(0.25, 4))) == Symbol("h_1")
    assert m.of(Number(0.5)) == S.Half
