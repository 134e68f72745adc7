"""LaTeX to formula trees."""

import logging

import pytest
from lark import logger

from symcnn.formula import Latex, tree
from symcnn.formula.latex import Tex
from symcnn.formula.reader import FormulaReader, Fragment, NotReadError, NumberTable, fragments, read_display
from symcnn.formula.reader.grammar import parser
from symcnn.formula.reader.symbols import symbol
from tests.tools.sample_report import FORMULAS

X, F, Z = tree.Symbol("x", "11"), tree.Symbol("f", "12"), tree.Symbol("z")


def test_the_grammar_has_no_conflict(caplog):
    """lark resolves conflicts by itself, and tells of them in its log only."""
    with caplog.at_level(logging.DEBUG, logger=logger.name):
        parser(("net", "out"), ".", debug=True)
    assert not [record for record in caplog.records if "onflict" in record.getMessage()]


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("x_{11} * f_{12}", tree.Product((X, F))),
        (r"x_{11} \cdot f_{12}", tree.Product((X, F))),
        ("x_{11} f_{12}", tree.Product((X, F))),
        ("-x_{11} + f_{12} - 2", tree.Sum((tree.Negated(X), F, tree.Negated(tree.Number(2))))),
        ("x_{11} + (f_{12} + 1)", tree.Sum((X, tree.Sum((F, tree.Number(1)))))),
        ("x_{11} / f_{12} * 2", tree.Product((tree.Fraction(X, F), tree.Number(2)))),
        (r"\frac12 (x_{11})^2", tree.Product((tree.Fraction(tree.Number(1), tree.Number(2)), tree.Power(X, 2)))),
        (r"\frac{\partial x_{11}}{\partial f_{12}}", tree.Partial(X, F)),
        (r"\partial x_{11} / \partial f_{12}", tree.Partial(X, F)),
        (r"\frac{d x_{11}}{d f_{12}}", tree.Partial(X, F)),
        (r"\frac{\partial}{\partial f_{12}} (x_{11} + 1)", tree.Partial(tree.Sum((X, tree.Number(1))), F)),
        (r"\frac{\partial (x_{11} * f_{12})}{\partial f_{12}}", tree.Partial(tree.Product((X, F)), F)),
        (r"\sum_{k=1}^4 x_k * 2 + 1",
         tree.Sum((tree.Over("Σ", ("k",), tree.Product((tree.Symbol("x", "k"), tree.Number(2))), 1, 4), tree.Number(1)))),
        (r"2 \sum_{p, q} f_{p, q}", tree.Product((tree.Number(2), tree.Over("Σ", ("p", "q"), tree.Symbol("f", "p, q"))))),
        ("e^{-z}", tree.Call("exp", (tree.Negated(Z),))),
        (r"\sigma\left(z\right)", tree.Call("σ", (Z,))),
        (r"\max\left(x_{11}, f_{12}\right)", tree.Call("max", (X, F))),
        ("0,78", tree.Number(0.78, 2)),
        ("0{,}780", tree.Number(0.78, 3)),
        (r"\begin{pmatrix} 1 & 2 \cr 3 & 4 \end{pmatrix}",
         tree.Matrix(((tree.Number(1), tree.Number(2)), (tree.Number(3), tree.Number(4))))),
        (r"\left(x_{11}\right)^{\text{image 1}}", tree.Labelled(X, "image 1")),
        (r"\underset{2}{\underbrace{x_{11}}}", tree.Under(X, tree.Number(2))),
        (r"\underbrace{x_{11}}_{2}", tree.Under(X, tree.Number(2))),
        (r"\left[x_{11} \gt 0\right]", tree.Indicator((tree.Relation(X, ">", tree.Number(0)),))),
    ],
)  # fmt: skip
def test_members_are_read(text, node):
    assert FormulaReader().read(text) == node


@pytest.mark.parametrize(
    ("text", "letter", "indices", "word"),
    [
        ("h_{1activation}", "h", "1", "activation"), (r"h_{1,\text{preactivation}}", "h", "1", "preactivation"),
        ("o_{1prédit}", "o", "1", "prédit"), ("E_{total}", "E", "", "total"), (r"E_{\text{image 1 (cross)}}", "E", "", "image 1 (cross)"),
        ("w_{x11h1}", "w", "x11h1", ""), (r"w_{x11\text{-}h1}", "w", "x11-h1", ""), ("W_{x11-h1}", "W", "x11-h1", ""),
        ("x_k", "x", "k", ""), ("i_{r+p, c+q}", "i", "r+p, c+q", ""), ("x_{kl}", "x", "k, l", ""), ("x_{k-1}", "x", "k−1", ""),
        (r"\delta_{o1}", "δ", "o1", ""), ("a^{(1)}_2", "a^(1)", "2", ""), ("w_5^+", "w^+", "5", ""), ("E", "E", "", ""),
    ],
)  # fmt: skip
def test_a_symbol_with_all_that_hangs_on_it_is_one(text, letter, indices, word):
    assert symbol(text) == tree.Symbol(letter, indices, word)


@pytest.mark.parametrize(
    "text",
    ["", "x_{11} +", "* x", "(x", r"\frac{1}", r"\partial x", r"\sum_{k=1}^n x_k", "x^{99}", "1" * 60, "(" * 200 + "x" + ")" * 200,
     r"\begin{pmatrix} 1 & 2", "|x|", r"x \odot y", r"x^\top", "2 3", "x" * 30_000],
)  # fmt: skip
def test_what_is_no_formula_is_refused_with_a_reason(text):
    with pytest.raises(NotReadError, match=r"\w"):
        FormulaReader().read(text)


def chains(body):
    return [(c.signs, [m.text for m in c.members], c.goes_on) for c in read_display(body, FormulaReader())]


def test_rows_chains_and_lists():
    assert chains(r"a = b = c") == [(("=", "="), ["a", "b", "c"], False)]
    assert chains(r"= b") == [(("=",), ["b"], True)]
    assert chains(r"\begin{aligned} a &= b \\ &= c \\ d &= e \\ & + f \end{aligned}") == [
        (("=", "="), ["a", "b", "c"], False), (("=",), ["d", "e  + f".replace("  ", " ")], False),
    ]  # fmt: skip
    assert [m for _, m, _ in chains(r"a = 1, \quad b = 2 \text{ and } c = 3 \Rightarrow d = 4")] == [
        ["a", "1"], ["b", "2"], ["c", "3"], ["d", "4"],
    ]  # fmt: skip
    assert chains(r"\sum_{k=1}^2 x_k = 1") == [(("=",), [r"\sum_{k=1}^2 x_k", "1"], False)]
    assert chains(">>> 1 + 1 = 2") == [(("=",), ["1 + 1", "2"], False)]


def test_a_line_that_goes_on_may_hold_a_bracket_with_a_relation():
    """As symcnn breaks a sum: the > of [h > 0] begins no equation of its own."""
    body = r"\begin{aligned} a &= b [h_1 \gt 0] \cr &\quad{}+ c [h_2 \gt 0] \cr &= d [h_1 \gt 0] \cr &\quad{}+ e \end{aligned}"
    assert [len(members) for members in chains(body)] == [3]


def test_one_bad_member_does_not_hide_the_others():
    [chain] = read_display(r"a = \frac{1}{ } = c", FormulaReader())
    assert [m.node is None for m in chain.members] == [False, True, False]
    assert chain.members[1].fault


def test_a_text_is_taken_apart_with_its_lines():
    text = "a $x_1$ b\n\n$$\ny = 1\n$$\n\n```\n$$no$$\n```\n\\[ z = 2 \\]\n\\begin{align}\nu &= 1 \\\\\nv &= 2\n\\end{align}\n<!-- $n$ -->\n\\frac{a}{b} outside\n"
    found = [(f.kind, f.line, f.body.strip()[:6]) for f in fragments(text) if isinstance(f, Fragment)]
    assert found == [
        ("inline", 1, "x_1"), ("display", 4, "y = 1"), ("display", 10, "z = 2"), ("display", 12, "u &= 1"),
        ("outside", 16, r"\frac{"),
    ]  # fmt: skip


def test_a_display_closes_before_a_blank_line():
    kinds = [(f.kind, f.body) for f in fragments("$$a = 1\n\nand $x = 2$ end") if isinstance(f, Fragment)]
    assert ("inline", "x = 2") in kinds
    assert any(kind == "outside" for kind, _ in kinds)


def test_tables_of_numbers():
    [table] = [f for f in fragments("words\n-1\t1\t0,5\n1\t1\t1\n\nwords 1\n") if isinstance(f, NumberTable)]
    assert table.rows == (("-1", "1", "0,5"), ("1", "1", "1"))
    assert table.line == 2


@pytest.mark.parametrize("emitter", [Latex(), Latex(","), Tex()], ids=["en", "fr", "tex"])
def test_what_symcnn_writes_reads_back_and_writes_the_same(emitter):
    """Reading undoes writing, up to brackets that change nothing."""
    reader = FormulaReader(decimal="," if emitter._decimal != "." else ".")
    count = 0
    for formula in FORMULAS.values():
        for member in formula.members if isinstance(formula, tree.Equality) else ():
            text = emitter.emit(member)
            count += 1
            found = emitter.emit(reader.read(text))
            assert found == text or "text" in text  # a user's words are not unescaped
    assert count > 20
