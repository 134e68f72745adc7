"""What is displayed is what is proved: a report that would show a wrong equality is refused."""

import random
from collections import Counter
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

import symcnn
from symcnn import article
from symcnn.errors import RefusedError, SymcnnError
from symcnn.formula import Typography, tree
from symcnn.formula.tree import Equality, Negated, Number, Partial, Product, Sum, Symbol, Under
from symcnn.numeric.values import evaluate_displayed
from symcnn.report.document import Display, Document, InlineFormula, Link, Paragraph, Section
from symcnn.report.examination import Examiner, evidence_table, examined
from symcnn.report.one_pass import OnePass
from symcnn.report.story import tell
from symcnn.reports import gather
from symcnn.symbolic import Quantity
from symcnn.text import catalogue
from tests.slow import rest_slow
from tests.tools.networks import digits, from_seed
from tests.tools.report_mutations import mutations

OF = symcnn.derive(article.network()).quantities.of
EN = catalogue("en")
OURS = Typography(symcnn.derive(article.network()).quantities, EN.words("word"))


def ours(name, differentiated=False):
    """The symbol of a quantity of the article's network."""
    return OURS.name(name, differentiated)


@pytest.fixture(scope="module")
def content():
    return gather(article.network(), article.images(), None, 0.5, 20, 0)


@pytest.fixture(scope="module")
def large():
    return gather(digits(), None, None, 0.5, 3, 0)


@pytest.fixture(scope="module")
def worked():
    """A large network with the numbers of a pass."""
    rng = np.random.default_rng(1)
    pixels = rng.uniform(size=(1, 8, 8)).round(1)
    return gather(digits(), (pixels, np.eye(10)[[3]]), None, 0.1, 3, 0)


@pytest.fixture(scope="module")
def told(content):
    return tell(content, EN)


@pytest.fixture(scope="module")
def examiner(content, told):
    """That has read the document: results shown early may be used later."""
    found = Examiner(content, EN)
    for display in told.displays():
        found.examine(display.formula)
    return found


@pytest.fixture(scope="module")
def written(content):
    return Typography(content.derivation.quantities, EN.words("word"))


def document(*blocks, last=()):
    return Document(("A",), ("",), (Section("a", ("A",), blocks), Section("verified", ("End",), last)), "en", ".")


def displayed(*members, name="shown"):
    return document(Display(name, Equality(members)))


# --- what holds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_equation_of_the_article_is_examined_and_none_is_left(content, lang):
    text = catalogue(lang)
    found = examined(tell(content, text), content, text)
    displays = list(found.displays())
    assert [d.number for d in displays] == list(range(1, len(displays) + 1))
    assert all(d.evidence is not None and d.evidence.detail for d in displays)
    methods = Counter(d.evidence.method for d in displays)
    assert methods.keys() <= {"definition", "read", "rule", "proved", "computed"}  # nothing is only probable
    assert methods["proved"] > 90


def test_the_last_table_names_every_equation_once(content, told):
    found = examined(told, content, EN)
    table = found.sections[-1].blocks[-1]
    assert [s.id for s in found.sections][-1] == "verified"
    displays = {d.id: d.number for d in found.displays()}
    counted = sum(int(row[1][0]) for row in table.rows)
    assert counted == len(displays)
    assert table.rows[-1] == ((EN("evidence.unproved"),), ("0",), ())
    covered = []
    for row in table.rows:
        numbers = [displays[link.target] for link in row[2] if isinstance(link, Link)]
        joins = [part for part in row[2] if isinstance(part, str)]
        first = numbers.pop(0) if numbers else None
        covered += [first] if first else []
        for join in joins:
            following = numbers.pop(0)
            covered += range(covered[-1] + 1, following + 1) if join == "–" else [following]
    assert sorted(covered) == list(range(1, len(displays) + 1))
    assert evidence_table(found, EN) == table


@pytest.mark.parametrize("name", rest_slow(["strided", "two_filters", "x_and_o"]))
def test_the_examples_are_examined(name):
    net, data = symcnn.read_network(f"examples/{name}.toml")
    own = gather(net, data, None, 0.5, 3, 0)
    found = examined(tell(own, EN), own, EN)
    assert all(d.evidence for d in found.displays())


@pytest.mark.slow
@pytest.mark.parametrize("seed", [17, 62])
def test_any_network_is_examined(seed):
    net, _, images, targets = from_seed(seed)
    own = gather(net, (images, targets), None, 0.5, 3, 0)
    found = examined(tell(own, EN), own, EN)
    assert all(d.evidence for d in found.displays())


@pytest.mark.slow
def test_a_network_without_data_and_a_large_one_are_examined(large):
    for own in (gather(article.network(), None, None, 0.5, 3, 0), large):
        assert all(d.evidence for d in examined(tell(own, EN), own, EN).displays())


def test_of_a_network_with_a_million_products_the_report_is_written_and_a_formula_says_itself():
    net = symcnn.Network((32, 32), [symcnn.Conv2D(6, 11), symcnn.AvgPool2D(22), symcnn.Dense(2)])
    own = gather(net, None, None, 0.5, 3, 0)
    assert all(d.evidence for d in examined(tell(own, EN), own, EN).displays())
    d = symcnn.derive(net)
    assert len(d["f_10101"].formula.args) == 22 * 22
    with pytest.raises(symcnn.InputError, match="'nope': nothing is differentiated by it"):
        d["nope"]


def test_true_formulas_in_other_forms_pass(content, written):
    by_f, h, one = Partial(written.error, ours("f_11")), ours("h_1"), Number(1)
    cells = ("11", "12", "21", "22")
    reversed_sum = Sum(
        tuple(Product((ours(f"i_{c}"), Partial(written.error, ours(f"x_{c}")))) for c in reversed(cells))
    )
    by_z = Partial(written.error, ours("z_h1"))
    by_h = Partial(written.error, ours("h_1", True))
    factored = Negated(Product((by_h, h, Sum((h, Negated(one))))))
    for members in ((by_f, reversed_sum), (by_z, factored), (by_h, *_through_outputs(written))):
        [display] = examined(displayed(*members), content, EN).displays()
        assert display.evidence.method == "proved"


def _through_outputs(written):
    products = tuple(Product((Partial(written.error, ours(f"z_o{k}")), ours(f"w_h1o{k}"))) for k in ("2", "1"))
    return (Sum(products),)


# --- what does not ----------------------------------------------------------------------------------------------------


def _is_harmless(kind, display):
    """True in spite of a change: 1 · i is i, equal windows may change places, max finds the same among others."""
    ones = any(n == Number(1) for n in _nodes(display.formula))
    window, largest = display.id == "window_products", display.id.startswith("pooled")
    return (kind == "dropped factor" and ones) or (kind == "turned around" and window) or (kind == "number" and largest)


def _nodes(node):
    from symcnn.formula.steps import nodes

    return nodes(node)


def test_any_one_change_in_any_equation_is_refused(told, examiner, written):
    """Some 13,000 changes of one place are possible: 700 of them, of every equation and of every kind."""
    rng = random.Random(20261125)
    caught: Counter[str] = Counter()
    missed = []
    for display in told.displays():
        changes = [
            (kind, changed) for kind, changed in mutations(display.formula, written) if changed != display.formula
        ]
        kinds = sorted({kind for kind, _ in changes})
        chosen = [rng.choice([c for c in changes if c[0] == kind]) for kind in kinds]
        for kind, changed in chosen:
            try:
                examiner.examine(changed)
                if not _is_harmless(kind, display):
                    missed.append((display.id, kind))
            except SymcnnError:
                caught[kind] += 1
    assert not missed
    assert sum(caught.values()) > 500
    assert len(caught) >= 14


def test_the_message_names_the_display_and_what_is_wrong(content, told):
    [wrong] = [d for d in told.displays() if d.id == "dE_df_12"]
    left, *_ = wrong.formula.members
    flipped = replace(wrong, formula=Equality((left, Partial(left.of, ours("f_21")))))
    with pytest.raises(
        RefusedError, match=r"display dE_df_12 \(1\): ∂E_total/∂f₁₂ is not ∂E_total/∂f₂₁: .* ≠ .*"
    ) as caught:
        examined(document(flipped), content, EN)
    assert "\n" not in str(caught.value)


def _numbers_of(content, name):
    value = content.values[0][name]
    return Number(value, 4), value


def test_wrong_numbers_are_refused(content, written):
    x, value = _numbers_of(content, "x_12")
    right = [written.right_side(content.derivation.graph["x_12"])]
    examined(displayed(ours("x_12"), *right, x), content, EN)
    for wrong in (value * 1.001, -value, value + 1):
        with pytest.raises(RefusedError, match="display shown"):
            examined(displayed(ours("x_12"), *right, Number(wrong, 4)), content, EN)


@pytest.mark.parametrize(
    ("value", "key", "words"),
    [
        (0.9, OF("f_11"), "f_11 is shown as 0.9; it is 0.27"),
        (0.9, OF("x_11_image1"), "x_11_image1 is shown as 0.9"),
        (0.9, OF("dE_df_11"), "dE_df_11 is shown as 0.9"),
        (0.9, OF("dE_df_11_image2"), "dE_df_11_image2 is shown"),
        (0.9, tree.LocalDerivative(OF("x_11"), OF("f_12"), 2), "dx_11_df_12_image2 is shown"),
        (0.9, OF("E_total"), "E_total is shown"),
        (0.9, tree.NextValue(OF("f_11")), "f_11_next is shown"),
        (0, OF("i_11_image1"), "i_11_image1 is shown as 0; it is 1"),
    ],
)
def test_a_number_with_a_key_is_checked_wherever_it_stands(content, value, key, words):
    number = Number(value, 4, key)
    with pytest.raises(RefusedError, match=f"section a: {words}"):
        examined(document(Paragraph(("x is ", InlineFormula(number)))), content, EN)


def test_the_slider_shows_at_the_printed_step_what_is_printed(content, told):
    assert told.states is not None
    key = next(iter(told.states.values))
    first, *later = told.states.values[key]
    wrong = replace(told.states, values={**told.states.values, key: (first + 0.1, *later)})
    with pytest.raises(RefusedError, match=f"states: {key} is shown as"):
        examined(replace(told, states=wrong), content, EN)


def test_an_equality_in_running_text_is_examined_as_well(content):
    true, false = (Equality((tree.Fraction(Number(9), Number(3)), Number(n))) for n in (3, 4))
    examined(document(Paragraph(("since ", InlineFormula(true)))), content, EN)
    with pytest.raises(RefusedError, match="section a: 9/3 is 3; 4 gives 4"):
        examined(document(Paragraph(("since ", InlineFormula(false)))), content, EN)


def test_numbers_of_no_key_outside_equations_are_the_content_s(content, told):
    """Losses, answers, learning rate, weights before and after, the largest gradients."""
    run, d = content.run, content.derivation
    known = [*run.initial, *run.theta, *run.loss, run.learning_rate, *content.before.ravel(), *content.after.ravel()]
    for theta in (run.initial, run.theta):
        slopes = evaluate_displayed(d, theta, run.data.images, run.data.targets)
        known += [abs(float(slopes[name].sum())) for name in d.network.parameters]
    loose = {
        n.value for block in told.blocks() if not isinstance(block, Display)
        for n in _nodes(block) if isinstance(n, Number) and not n.key and n.digits
    }  # fmt: skip
    assert len(loose) > 20
    assert [value for value in loose if not any(abs(value - k) < 1e-12 for k in known)] == []


def test_a_number_under_another_quantity_of_the_same_value_is_refused(content):
    one = Number(1.0, 4, OF("i_11_image1"))  # i_13 is 1 as well
    with pytest.raises(RefusedError, match="i_11_image1 stands for i₁₃, which is another quantity"):
        examined(displayed(ours("i_13"), one), content, EN)
    examined(displayed(ours("i_11"), one), content, EN)


E, E_TOTAL, Z = Symbol("E"), Symbol("E", "", "total"), Symbol("z")
i_11, i_13, i_21, f_11, f_12, f_21 = map(ours, ("i_11", "i_13", "i_21", "f_11", "f_12", "f_21"))
x_11, x_12, x_21, x_22, z_1 = map(ours, ("x_11", "x_12", "x_21", "x_22", "z_h1"))
BY_F, OF_IMAGE_1 = Partial(E_TOTAL, f_11), tree.Labelled(Partial(E, f_11), "image 1")
SIGMA = tree.Call("σ", (Z,))

#: What stands on both sides -> why it is refused.
REFUSED = {
    "the same on both sides": ((x_11, x_11), "the same on both sides"),
    "one side": ((x_11, tree.Word("as given")), "only one side"),
    "dots": ((x_11, Sum((tree.DOTS, i_11))), "cannot tell which terms are omitted"),
    "E and E_total": ((BY_F, Partial(E, f_11)), "which image is meant"),
    "E_total of one image": ((BY_F, OF_IMAGE_1), "is not"),
    "of which image": ((E_TOTAL, Sum((tree.Labelled(E, "image 1"), E))), "of which image"),
    "letters of nothing": ((Symbol("u"), Symbol("v")), "u, v: letters of which nothing is known"),
    "a wrong rule": ((Partial(SIGMA, Z), SIGMA), "is not"),
    "a wrong kink": ((tree.Call("ReLU", (Z,)), tree.Call("max", (Number(1), Z))), "is not"),
    "an index too far": ((OURS.entry(Quantity(OF("x_11").tensor, (2, 2)), False), i_11), "x₃₃ is not defined"),
    "an unknown name": ((Symbol("v", "11"), i_11), "no quantity of this network"),
    "minus nothing": ((i_11, Sum((i_11, Negated(Number(0))))), "nothing to take away"),
    "a broken chain": (
        (Partial(z_1, f_11), Product((Partial(z_1, x_11), Partial(x_12, f_12)))), "do not follow each other",
    ),
    "another variable": ((Partial(x_12, f_11), Partial(x_11, f_12)), "by another quantity"),  # both are i_12
    "another constant under a derivative": (
        (Partial(x_11, f_21), Partial(Sum((Product((i_13, f_11)), Product((i_21, f_21)))), f_21)), "is not",
    ),
    "a wrong number below": ((x_12, Sum((Under(x_12, Number(0.123, 4)), f_11, Negated(f_11)))), "is -1.378"),
    "a matrix too small": (
        (tree.Matrix(((x_11, x_12), (x_21, x_22))), tree.Matrix(((x_11, x_12),))), "2×2 entries on one side and 1×2",
    ),
    "letters without a quantity": ((Symbol("x", "11"), x_11), "no quantity of this network"),
    "numbers from nowhere": ((Number(0.123, 2), Number(0.123, 3)), "comes from nowhere"),
    "wrong arithmetic": ((tree.Fraction(Number(7), Number(9)), Number(0.79, 2)), "is 0.7777777778; .* gives 0.79"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_honest_equation_is_refused(content, name):
    members, words = REFUSED[name]
    with pytest.raises(RefusedError, match=words):
        examined(displayed(*members), content, EN)


def test_other_displays_that_are_refused(content, written):
    f, slope = ours("f_11"), Partial(written.error, ours("f_11"))
    for formula, words in (
        (tree.Update(f, Partial(written.error, ours("f_12"))), "is not"),
        (tree.Update(ours("x_11"), slope), "not a parameter"),
        (Product((f, slope)), "says nothing that could be examined"),
        (tree.Relation(slope, "+=", f), "not an equation of this network"),
    ):
        with pytest.raises(RefusedError, match=words):
            examined(document(Display("shown", formula)), content, EN)
    examined(document(Display("shown", tree.Update(f, slope))), content, EN)


def test_a_symbol_shows_what_it_stands_for_and_nothing_else(content, written):
    """What is displayed is what is examined: only the quantity can be changed, never a letter, and that is seen."""
    for name in ("i_13", "w_x11h1", "b_h1", "z_h1", "o_1", "t_1"):
        symbol = written.name(name)
        assert symbol.of == OF(name)
        for change in ({"letter": "x"}, {"indices": "22"}, {"word": "other"}, {"of": OF("i_11")}):
            with pytest.raises(TypeError):
                replace(symbol, **change)
            with pytest.raises(FrozenInstanceError):
                setattr(symbol, *next(iter(change.items())))
    equation = written.equation(content.derivation.graph["x_11"])
    examined(document(Display("shown", equation)), content, EN)
    left, right = equation.members
    for n, term in enumerate(right.terms):
        pixel, weight = term.factors
        other = written.entry(replace(pixel.of, index=(2 - pixel.of.index[0], pixel.of.index[1])), False)
        terms = (*right.terms[:n], Product((other, weight)), *right.terms[n + 1 :])
        if other != pixel:
            assert other.indices != pixel.indices
            with pytest.raises(RefusedError, match="is not"):
                examined(document(Display("shown", Equality((left, Sum(terms))))), content, EN)


def test_an_id_names_one_equation(content, written):
    display = Display("twice", written.equation(content.derivation.graph["x_11"]))
    with pytest.raises(RefusedError, match="display twice: it stands twice"):
        examined(document(display, display), content, EN)


def test_a_wrong_backward_formula_is_refused_though_the_derivation_displays_it(content, written):
    """The adjoints are no witness of their own: a derivation with a wrong one is caught."""
    d = content.derivation
    variable = d.graph.backward["dE_dh_1"]
    wrong = replace(variable, addends=(replace(variable.addends[0], products=variable.addends[0].products[:1]),))
    display = Display("dE_dh_1", Equality((written.name("dE_dh_1"), written.right_side(wrong))))
    with pytest.raises(RefusedError, match="display dE_dh_1"):
        examined(document(display), content, EN)


def test_a_large_network_shows_only_prints_of_its_equations(large):
    written = Typography(large.derivation.quantities, EN.words("word"))
    shown = [d for d in tell(large, EN).displays() if isinstance(d.formula, Equality)]
    indexed = [d for d in shown if d.id.endswith("_indexed")]
    assert indexed
    rng = random.Random(1)
    # every ∂E/∂u_k of a softmax is the same: with another index it is still true
    shown = [d for d in shown if not d.id.startswith(("dE_du", "dE_do"))]
    for display in rng.sample(shown, 12):
        changes = [
            changed
            for kind, changed in mutations(display.formula, written)
            if changed != display.formula
            and kind != "dropped factor"
            and not (kind == "dropped term" and _dots_take_it(display.formula.members[1], changed.members[1]))
        ]
        with pytest.raises(RefusedError):
            examined(document(replace(display, formula=rng.choice(changes))), large, EN)
    slope = written.name("dE_df_111")
    false = Equality((slope, Negated(slope)))
    with pytest.raises(RefusedError, match="too large to decide it alone"):
        examined(document(Display("shown", false)), large, EN)


def test_of_a_large_network_chosen_entries_have_numbers_and_any_one_change_is_refused(worked):
    document, examiner = tell(worked, EN), Examiner(worked, EN)
    written = Typography(worked.derivation.quantities, EN.words("word"))
    entries = [d for d in document.displays() if isinstance(d.formula, Equality) and len(d.formula.members) == 3]
    assert len(entries) > 25
    assert {examiner.examine(d.formula).method for d in entries} == {"definition", "probable"}
    assert all(examiner.examine(d.formula).numbers for d in entries)
    rng, caught, missed = random.Random(7), Counter(), []
    for display in entries:
        changes = [c for c in mutations(display.formula, written) if c[1] != display.formula]
        for kind in sorted({kind for kind, _ in changes}):
            changed = rng.choice([c for k, c in changes if k == kind])
            try:
                examiner.examine(changed)
                if not (kind == "dropped term" and _dots_take_it(display.formula.members[1], changed.members[1])):
                    missed.append((display.id, kind, changed))
            except SymcnnError:
                caught[kind] += 1
    assert not missed
    assert sum(caught.values()) > 100
    assert {"number", "sign", "dropped term", "dropped factor"} < set(caught)


def _dots_take_it(before, after):
    """The term before the dots may go: they then stand for it too."""
    terms = list(getattr(before, "terms", ()))
    if tree.DOTS not in terms:
        return False
    del terms[terms.index(tree.DOTS) - 1]
    return tuple(terms) == getattr(after, "terms", None)


def test_a_pass_with_one_wrong_entry_is_not_printed(worked):
    own = OnePass(worked.derivation, worked.run.initial, worked.data.images[0], np.eye(10)[3])
    [tensor] = [t for t in own.arrays if t.name == "dE_dx"]
    own.arrays[tensor][0, 0, 0] += 1e-3
    with pytest.raises(RefusedError, match="the pass differs from the program or from dual numbers"):
        Examiner(replace(worked, one_pass=own), EN)


def test_a_number_of_one_image_is_no_gradient_of_all(worked):
    """∂E_total/∂f is the sum over the images: the number of one image does not stand there."""
    [display] = [d for d in tell(worked, EN).displays() if d.id.startswith("dE_db_o") and "indexed" not in d.id]
    left, right, number = display.formula.members
    of_all = Symbol("E", "", "total")
    total = Equality((replace(left, of=of_all), replace(right, node=replace(right.node, of=of_all)), number))
    with pytest.raises(RefusedError, match=r"is of one image, ∂E_total/∂.* of all"):
        Examiner(worked, EN).examine(total)


def test_numbers_that_changed_places_are_refused(worked):
    """Each is a number of the pass, and the products are the same; but they stand under other factors."""
    [display] = [d for d in tell(worked, EN).displays() if d.id == "x_111"]
    left, right, value = display.formula.members
    product, *others = right.terms
    one, other = product.factors
    swapped = replace(product, factors=(replace(one, number=other.number), replace(other, number=one.number)))
    with pytest.raises(RefusedError, match=r"f_111 stands for i₁₁, which is another quantity"):
        Examiner(worked, EN).examine(Equality((left, replace(right, terms=(swapped, *others)), value)))


def test_a_print_that_says_something_else_than_the_equation_is_refused(worked, monkeypatch):
    """Printed and recognised by the same typography: only its meaning at that entry tells that it is wrong."""
    right_side = Typography.right_side

    def flawed(self, variable, most=None):
        found = right_side(self, variable, most)
        return Negated(found) if variable.tensor.name == "p" else found

    monkeypatch.setattr(Typography, "right_side", flawed)
    [display] = [d for d in tell(worked, EN).displays() if d.id == "p_111"]
    with pytest.raises(RefusedError, match="not the value of"):
        Examiner(worked, EN).examine(display.formula)


def test_numbers_that_are_none_are_refused(content):
    far = tree.Call("exp", (Number(2000),))
    with pytest.raises(RefusedError, match="is inf; 1 gives 1"):
        examined(displayed(far, Number(1)), content, EN)
