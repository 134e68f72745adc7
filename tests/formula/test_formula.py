import re

import pytest
import sympy
from sympy import Rational, Symbol

import symcnn
from symcnn.formula import WORDS, Latex, Plain, Typography, Worked, format_number, tree
from symcnn.formula.breaking import Piece, lines, width
from symcnn.formula.latex import Tex
from symcnn.formula.typst import Typst
from symcnn.symbolic import LEAVES, exp, gate, leaky_relu, log, maximum, relu, sigmoid, softplus, tanh, wins
from symcnn.symbolic.leaves import elu
from symcnn.text import LANGUAGES, catalogue
from tests.tools.sample_report import FORMULAS, kinds


@pytest.fixture(scope="module")
def english(derivation):
    return Typography(derivation.quantities, catalogue("en").words("word"))


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
        ("t_1", r"o_{1,\text{target}}", "o_1,target"),
        ("dE_df_11", r"\frac{\partial E_{\text{total}}}{\partial f_{11}}", "∂E_total/∂f₁₁"),
        ("dE_dh_1", r"\frac{\partial E_{\text{total}}}{\partial h_{1,\text{activation}}}", "∂E_total/∂h_1,activation"),
    ],
)
def test_the_articles_typography(english, name, latex, plain):
    assert Latex().emit(english.name(name)) == latex
    assert Plain().emit(english.name(name)) == plain


def test_the_words_are_the_readers(derivation):
    french = Typography(derivation.quantities, catalogue("fr").words("word"))
    assert Plain().emit(french.name("o_1")) == "o_1,prédit"
    assert Latex().emit(french.name("z_h1")) == r"h_{1,\text{préactivation}}"
    assert all(set(catalogue(lang).words("word")) == set(WORDS) for lang in LANGUAGES)


def test_formulas_keep_the_order_of_the_derivation(english, derivation):
    assert (
        Plain().emit(english.equation(derivation.graph["x_12"]))
        == "x₁₂ = i₁₂ · f₁₁ + i₁₃ · f₁₂ + i₂₂ · f₂₁ + i₂₃ · f₂₂"
    )
    assert Plain().emit(english.right_side(derivation.graph["E"])).startswith("1/2 · (o_1,predicted − o_1,target)²")


def test_the_chain_rule_has_three_members(english, derivation):
    rule = english.chain_rule(derivation, "f_12")
    assert len(rule.members) == 3
    assert Plain().lines(rule).split("\n")[1].endswith("∂E_total/∂x₂₂ · ∂x₂₂/∂f₁₂") is False
    assert Plain().emit(rule.members[1]).endswith("∂E_total/∂x₂₂ · ∂x₂₂/∂f₁₂")
    assert len(english.chain_rule(derivation, "o_1").members) == 2


def test_numbers_stand_where_the_quantities_stood(derivation):
    values = {"dE_dz_h1": -0.25, "x_11": 0.5, "dE_dw_x11h1": -0.125}
    worked = Worked(derivation.quantities, catalogue("en").words("word"), values, 4)
    node = worked.right_side(derivation.graph["dE_dw_x11h1"])
    assert Plain().emit(node) == "(−0.25) × 0.5"
    assert Latex(",").emit(node) == r"\left(-0{,}25\right) \cdot 0{,}5"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1.0, 4, "1"), (-0.0, 4, "0"), (0.123456, 4, "0.1235"), (-0.00001234567, 4, "-0.00001235"), (12345.6, 4, "12346"),
     (1e-30, 4, "1e-30"), (1.2345e-7, 4, "0.0000001235"), (3e-9, 4, "0.000000003"), (-1.5e300, 4, "-1.500e+300"),
         (0.5, None, "0.5"), (3.0, None, "3"), (1234567.0, 4, "1234567"), (9999.7, 4, "10000")],
)  # fmt: skip
def test_numbers_are_shown_without_powers_of_ten(value, digits, text):
    assert format_number(value, digits) == text


@pytest.mark.parametrize("emitter", [Latex(), Tex(), Typst(), Plain()], ids=lambda e: type(e).__name__)
def test_every_node_has_a_rule_in_every_emitter(emitter):
    assert {kind for formula in FORMULAS.values() for kind in kinds(formula)} == set(tree.Node.__args__)
    for formula in FORMULAS.values():
        assert emitter.emit(formula)
        assert width(formula) > 0
    with pytest.raises(TypeError, match="no rule"):
        emitter.emit("x")


def test_what_cannot_be_displayed_is_refused(english):
    with pytest.raises(TypeError, match="no rule"):
        english.expression(sympy.sin(sympy.Symbol("f_11")))


A, B, C = Symbol("f_11"), Symbol("f_12"), Symbol("f_21")
LEAF_TABLE = [
    (sigmoid(A), "σ(f₁₁)", r"\sigma\left(f_{11}\right)"),
    (tanh(A), "tanh(f₁₁)", r"\tanh\left(f_{11}\right)"),
    (relu(A), "ReLU(f₁₁)", r"\text{ReLU}\left(f_{11}\right)"),
    (leaky_relu(A), "LeakyReLU(f₁₁)", r"\text{LeakyReLU}\left(f_{11}\right)"),
    (elu(A), "ELU(f₁₁)", r"\text{ELU}\left(f_{11}\right)"),
    (softplus(A), "ln(1 + exp(f₁₁))", r"\ln\left(1 + \exp\left(f_{11}\right)\right)"),
    (exp(A), "exp(f₁₁)", r"\exp\left(f_{11}\right)"),
    (log(A), "ln(f₁₁)", r"\ln\left(f_{11}\right)"),
    (gate(A, 1, 0), "[f₁₁ > 0]", r"\left[f_{11} \gt 0\right]"),
    (gate(A, 1, Rational(1, 100)), "[f₁₁ > 0] + 1/100 · [f₁₁ ≤ 0]",
     r"\left[f_{11} \gt 0\right] + \frac{1}{100} \cdot \left[f_{11} \leq 0\right]"),
    (maximum(A, B), "max(f₁₁, f₁₂)", r"\max\left(f_{11}, f_{12}\right)"),
    (wins(A, B), "[f₁₁ = f₁₂]", r"\left[f_{11} = f_{12}\right]"),
    (wins(A, B, 0, C, 0), "[f₁₁ = f₁₂, 0 < f₁₂, f₂₁ < f₁₂]",
     r"\left[f_{11} = f_{12}, 0 \lt f_{12}, f_{21} \lt f_{12}\right]"),
]  # fmt: skip


@pytest.mark.parametrize(("leaf", "plain", "latex"), LEAF_TABLE)
def test_every_leaf_function_is_displayed(english, leaf, plain, latex):
    assert Plain().emit(english.expression(leaf)) == plain
    assert Latex().emit(english.expression(leaf)) == latex


def test_the_table_of_displays_holds_every_leaf_function():
    assert {leaf.func for leaf, _, _ in LEAF_TABLE} == {leaf.function for leaf in LEAVES}


@pytest.mark.parametrize(
    ("expression", "plain"),
    [(A / B, "f₁₁/f₁₂"), (1 / A, "1/f₁₁"), (A**-2, "1/f₁₁²"), (-A, "−f₁₁"), (-A / 3, "−1/3 · f₁₁"),
     (A / (B * C), "f₁₁/(f₁₂ · f₂₁)"), (A / (B + C), "f₁₁/(f₁₂ + f₂₁)"), ((A / B) ** 2, "f₁₁²/f₁₂²"),
     (Rational(-1, 2), "−1/2"), (A - B / 2, "f₁₁ − 1/2 · f₁₂")],
)  # fmt: skip
def test_what_is_divided_by_stands_below(english, expression, plain):
    assert Plain().emit(english.expression(expression)) == plain


def test_the_rules_of_plain_text_and_latex_do_not_lose_a_bracket():
    """1/(a·b), (a/b)², −Σ: parentheses follow the tree."""
    a, b = tree.Symbol("a"), tree.Symbol("b")
    assert Plain().emit(tree.Fraction(a, tree.Product((a, b)))) == "a/(a · b)"
    assert Plain().emit(tree.Power(tree.Fraction(a, b), 2)) == "(a/b)²"
    assert Latex().emit(tree.Power(tree.Fraction(a, b), 2)) == r"\left(\frac{a}{b}\right)^2"
    over = tree.Over("Σ", ("j", "k"), tree.Sum((a, b)))
    assert Plain().emit(tree.Negated(over)) == "−Σ_j,k (a + b)"
    assert Latex().emit(over) == r"\sum_{j, k} \left(a + b\right)"


@pytest.fixture(scope="module")
def strided():
    """Two filters, stride 2 and padding 1 on an image that is not square; a maximum, softmax inside the loss."""
    layers = [symcnn.Conv2D(2, 3, stride=2, padding=1), symcnn.MaxPool2D(2, 1), symcnn.Dense(2)]
    return symcnn.derive(symcnn.Network((6, 7), layers, "cross_entropy"))


def test_equations_in_index_notation_are_displayed(strided):
    typography = Typography(strided.quantities, catalogue("en").words("word"), total="")
    shown = {e.target.tensor.name: Plain().emit(typography.equation_in_indices(e)) for e in strided.equations}
    assert shown["x"] == "x[k, r, c] = Σ_p,q i[2r+p−1, 2c+q−1] · f[k, p, q] + b[x(k)]"
    assert shown["p"] == "p[k, r, c] = max_u,v x[k, r+u, c+v]"
    assert shown["E"] == "E = Σ_k o_k,target · (m + ln(s) − o_k,predicted)"
    assert shown["dE_di"] == "∂E/∂i[R, C] = Σ_k,p,q ∂E/∂x[k, (R−p+1)/2, (C−q+1)/2] · f[k, p, q]"
    assert (
        shown["dE_dx"] == "∂E/∂x[k, R, C] = Σ_u,v ∂E/∂p[k, R−u, C−v] · [x[k, R, C] = p[k, R−u, C−v],"
        " (first of its window)]"
    )
    assert shown["dE_dw_po"] == "∂E/∂w[p(k, r, c)-o(j)] = ∂E/∂o_j,predicted · p[k, r, c]"


def test_an_adjoint_in_scatter_form_says_that_it_adds(strided):
    typography = Typography(strided.quantities, catalogue("en").words("word"))
    assert all("+=" in Plain().emit(typography.equation_in_indices(e)) for e in strided.backward)


def test_markdown_and_browsers_leave_every_display_alone(strided):
    typography = Typography(strided.quantities, catalogue("fr").words("word"))
    formulas = [Latex(",").display(typography.equation_in_indices(e)) for e in strided.equations]
    formulas += [Latex(",").display(typography.equation(v)) for v in strided.graph]
    for formula in formulas:
        for refused in ("\\\\", r"\,", r"\{", "}_{", "]_", ")_", "*", "<", "|"):
            assert refused not in formula, (refused, formula)
        assert re.sub(r"\\text\{[^}]*\}", "", formula).isascii(), formula


def test_equations_and_large_derivations_show_in_jupyter(strided):
    assert strided.equations[0]._repr_latex_() == (
        "$$\nx_{k, r, c} = \\sum_{p, q} i_{2r+p-1, 2c+q-1} \\cdot f_{k, p, q} + b_{x(k)}\n$$"
    )
    shown = strided._repr_latex_()
    assert shown.count("\\cr") == sum(e.target.tensor.is_adjoint for e in strided.equations) - 1
    assert r"\sum_{k, p, q}" in shown


def test_what_e_rests_on_directly_and_otherwise_stands_in_the_chain_rule(strided):
    """E of a cross-entropy rests on o itself, and on the exponentials."""
    typography = Typography(strided.quantities, catalogue("en").words("word"), total="")
    assert Plain().emit(typography.chain_rule(strided, "o_1")) == (
        "∂E/∂o_1,predicted = −o_1,target + ∂E/∂u₁ · ∂u₁/∂o_1,predicted = −o_1,target + ∂E/∂u₁ · u₁"
    )


def test_a_long_sum_goes_on_on_the_next_line():
    terms = [tree.Symbol("x", "1" * 12, str(n)) for n in range(1, 10)]
    shown = Latex().display(tree.Equality((tree.Symbol("s"), tree.Sum((*terms[:7], tree.Negated(terms[7]), terms[8])))))
    assert [row.split("_")[0] for row in shown.split("\n")[2:4]] == ["s &= x", r"&\quad{}+ x"]
    assert shown.count(" + ") + shown.count(" - ") + shown.count("}+ ") == 8
    assert " - x" in shown
    short = Latex().display(tree.Equality((tree.Symbol("s"), tree.Sum(tuple(terms[:3])))))
    assert "aligned" not in short


WIDE = tree.Sum(tuple(tree.Symbol("x", "1" * 30) for _ in range(9)))


@pytest.mark.parametrize(
    ("node", "starts"),
    [
        (tree.Product((tree.Number(0.5), WIDE)), ["=", "+"]),
        (tree.Negated(WIDE), ["=", "+"]),
        (tree.Partial(WIDE, tree.Symbol("f")), ["=", "+"]),
        (tree.Call("max", WIDE.terms), ["=", ""]),
        (tree.Labelled(WIDE, "image 1"), ["=", "+"]),
        (tree.Over("Σ", ("p", "q"), tree.Product(WIDE.terms)), ["=", "·"]),
        (tree.Sum((tree.Labelled(WIDE, "a"), tree.Labelled(WIDE, "b"))), ["=", "+"]),
        (tree.Sum((tree.Symbol("a"), tree.Product(WIDE.terms))), ["=", "·"]),
        (tree.Sum((tree.Symbol("a"), tree.Negated(tree.Product((WIDE, WIDE))))), ["=", "+"]),
    ],
)
def test_what_does_not_fit_is_opened_at_a_sign_and_every_bracket_is_closed(node, starts):
    left, found = lines(tree.Equality((tree.Symbol("s"), node)), 40)
    assert left == tree.Symbol("s")
    assert len(found) > 2
    assert ["".join(line[0].before)[:1] for line in found[:2]] == starts
    assert all(sum(piece.width for piece in line) <= 40 for line in found)
    pieces = [piece for line in found for piece in line]
    assert sum(sign[-1] in "(⎛" for p in pieces for sign in p.before) == sum(
        bracket != "," for p in pieces for bracket in p.after
    )


def test_what_cannot_be_opened_stays_whole():
    fraction = tree.Fraction(WIDE, WIDE)
    assert lines(fraction, 10) == (None, ((Piece((), fraction),),))


def test_where_a_quantity_leads_around_another_its_own_derivative_is_written_out():
    """A softmax's u leads to o itself and by way of s: ∂o/∂u would count both."""
    d = symcnn.derive(symcnn.Network((2,), [symcnn.Dense(2, "softmax")], "mse"))
    written = Plain().emit(Typography(d.quantities, catalogue("en").words("word")).chain_rule(d, "u_1"))
    direct = "∂E_total/∂o_1,predicted · 1/s + ∂E_total/∂s"
    assert written == f"∂E_total/∂u₁ = {direct} · ∂s/∂u₁ = {direct}"
