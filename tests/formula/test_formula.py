import pytest
import sympy

from symcnn.formula import WORDS, Latex, Plain, Typography, Worked, shown, tree
from symcnn.text import LANGUAGES, catalogue


@pytest.fixture(scope="module")
def english(derivation):
    return Typography(derivation.graph, catalogue("en").words("word"))


@pytest.mark.parametrize(
    ("name", "latex", "plain"),
    [
        ("f_11", "f_{11}", "f₁₁"),
        ("w_x11h1", r"w_{x11\text{-}h1}", "w_x11-h1"),
        ("w_h2o1", r"w_{h2\text{-}o1}", "w_h2-o1"),
        ("b_h1", "b_{h1}", "b_h1"),
        ("h_1", "h_{1}", "h₁"),
        ("z_h1", r"h_{1,\text{preactivation}}", "h_1,preactivation"),
        ("o_1", r"o_{1,\text{predicted}}", "o_1,predicted"),
        ("t_1", r"o_{1,\text{expected}}", "o_1,expected"),
        ("dE_df_11", r"\frac{\partial E_{\text{total}}}{\partial f_{11}}", "∂E_total/∂f₁₁"),
        ("dE_dh_1", r"\frac{\partial E_{\text{total}}}{\partial h_{1,\text{activation}}}", "∂E_total/∂h_1,activation"),
    ],
)
def test_the_articles_typography(english, name, latex, plain):
    assert Latex().emit(english.name(name)) == latex
    assert Plain().emit(english.name(name)) == plain


def test_the_words_are_the_readers(derivation):
    french = Typography(derivation.graph, catalogue("fr").words("word"))
    assert Plain().emit(french.name("o_1")) == "o_1,prédit"
    assert Latex().emit(french.name("z_h1")) == r"h_{1,\text{préactivation}}"
    assert all(set(catalogue(lang).words("word")) == set(WORDS) for lang in LANGUAGES)


def test_formulas_keep_the_order_of_the_derivation(english, derivation):
    assert (
        Plain().emit(english.equation(derivation.graph["x_12"]))
        == "x₁₂ = i₁₂ · f₁₁ + i₁₃ · f₁₂ + i₂₂ · f₂₁ + i₂₃ · f₂₂"
    )
    assert Plain().emit(english.right_side(derivation.graph["E"])).startswith("1/2 · (o_1,predicted − o_1,expected)²")


def test_the_chain_rule_has_three_members(english, derivation):
    rule = english.chain_rule(derivation, "f_12")
    assert len(rule.members) == 3
    assert Plain().lines(rule).split("\n")[1].endswith("∂E_total/∂x₂₂ · ∂x₂₂/∂f₁₂") is False
    assert Plain().emit(rule.members[1]).endswith("∂E_total/∂x₂₂ · ∂x₂₂/∂f₁₂")
    assert len(english.chain_rule(derivation, "o_1").members) == 2


def test_numbers_stand_where_the_quantities_stood(derivation):
    values = {"dE_dz_h1": -0.25, "x_11": 0.5, "dE_dw_x11h1": -0.125}
    worked = Worked(derivation.graph, catalogue("en").words("word"), values, 4)
    node = worked.right_side(derivation.graph["dE_dw_x11h1"])
    assert Plain().emit(node) == "(−0.25) × 0.5"
    assert Latex(",").emit(node) == r"\left(-0{,}25\right) \cdot 0{,}5"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1.0, 4, "1"), (-0.0, 4, "0"), (0.123456, 4, "0.1235"), (-0.00001234567, 4, "-0.00001235"), (12345.6, 4, "12346"),
     (1e-30, 4, "1e-30"), (1.2345e-7, 4, "0.0000001235"), (3e-9, 4, "0.000000003"), (-1.5e300, 4, "-1.500e+300"),
         (0.5, None, "0.5"), (3.0, None, "3"), (1234567.0, 4, "1234567")],
)  # fmt: skip
def test_numbers_are_shown_without_powers_of_ten(value, digits, text):
    assert shown(value, digits) == text


def test_every_node_has_a_rule_in_every_emitter():
    x = tree.Symbol("x", "1")
    nodes = [
        x, tree.Number(2), tree.Partial(x, x), tree.Fraction(x, x), tree.Power(x, 2), tree.Call("σ", (x,)),
        tree.Product((x, x)), tree.Sum((x, tree.Negated(x))), tree.Negated(x), tree.Equality((x, x)),
        tree.Labelled(x, "image 1"), tree.Update(x, x), tree.Word("as given"),
    ]  # fmt: skip
    assert {type(n) for n in nodes} == set(tree.Node.__args__)
    for emitter in (Latex(), Plain()):
        assert all(emitter.emit(node) for node in nodes)
        with pytest.raises(TypeError, match="no rule"):
            emitter.emit("x")


def test_what_cannot_be_displayed_is_refused(english):
    with pytest.raises(TypeError, match="no rule"):
        english.expression(sympy.sin(sympy.Symbol("f_11")))
