import re
from html.parser import HTMLParser

import pytest

from symcnn.formula import MathML, tree
from symcnn.formula.flow import BREAK, Flow
from symcnn.formula.tree import (
    Equality,
    Fraction,
    Labelled,
    LocalDerivative,
    Matrix,
    Negated,
    Number,
    Over,
    Partial,
    Power,
    Product,
    Sum,
    Symbol,
    Under,
    Word,
)
from symcnn.symbolic import Quantity, Tensor
from tests.tools.sample_report import FORMULAS, NODES, kinds

A, B, Z = Symbol("a"), Symbol("b"), Symbol("z", "1", "preactivation")


class Tags(HTMLParser):
    """What is open, and whether every element is closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.text = [], [], ""
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        if tag != "wbr":
            self.open.append(tag)
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def text_of(node, decimal="."):
    return Tags(MathML(decimal).emit(node)).text


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (Number(-0.25, 4), "−0.25"),
        (Number(2.5e-12, 4), "2.5·10⁻¹²"),
        (Sum((A, Negated(B), Number(-2))), "a−b+(−2)"),
        (Product((Sum((A, B)), Number(-2), Negated(A))), "(a+b)⋅(−2)⋅(−a)"),
        (Power(Sum((A, Negated(B))), 2), "(a−b)2"),
        (Power(Partial(A, B), -2), "(∂a∂b)−2"),
        (Partial(Sum((A, B)), A), "∂∂a(a+b)"),
        (Over("Σ", ("p", "q"), Sum((A, B))), "∑p,q(a+b)"),
        (Labelled(A, "image 1"), "(a)image 1"),
        (Labelled(Matrix(((A, B),)), "image 1"), "(ab)image 1"),
        (tree.Update(A, B), "a←a−η⋅b"),
        (Symbol("w", "x11-h1"), "wx11-h1"),
        (Z, "z1,preactivation"),
        (Equality((A, Word("as given"))), "a=as given"),
    ],
)
def test_what_is_read(node, text):
    assert text_of(node) == text


def test_the_decimal_sign_is_the_readers():
    assert text_of(Number(0.5, 3), ",") == "0,5"


def test_every_node_has_its_rule():
    assert kinds(tuple(FORMULAS.values())) >= NODES
    for node in FORMULAS.values():
        Tags(MathML().emit(node))
    with pytest.raises(TypeError, match="no rule to display"):
        MathML().emit("x")


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_in_lines_reads_like_the_whole(name):
    """Whatever is broken into elements: nothing is lost, doubled or put elsewhere; numbers under factors aside."""
    laid = Flow(MathML()).equation(FORMULAS[name])
    lines = laid.left + "".join(laid.steps)
    Tags(lines)  # as it stands, every element is closed
    bare = re.sub(r'<span class="un">.*?</span></span>', "", lines)
    assert Tags(bare).text == text_of(without_numbers_under(FORMULAS[name]))


def without_numbers_under(node):
    if isinstance(node, Under):
        return without_numbers_under(node.node)
    if isinstance(node, tuple):
        return tuple(map(without_numbers_under, node))
    if hasattr(node, "__dataclass_fields__"):
        return type(node)(*(without_numbers_under(getattr(node, f)) for f in node.__dataclass_fields__))
    return node


def test_a_short_formula_is_never_broken_and_a_long_one_before_its_signs():
    flow = Flow(MathML())
    short, long = Sum((A, B)), Sum(tuple(Fraction(Z, Symbol("y", str(n))) for n in range(10, 20)))
    assert BREAK not in flow.inline(short)
    assert flow.inline(long).count(BREAK) == 9
    assert all(part.startswith('<math><mo form="infix">+') for part in flow.inline(long).split(BREAK)[1:])


def test_the_derivative_of_a_sum_is_an_operator_before_brackets():
    long = Sum(tuple(Product((Symbol("x", str(n)), Symbol("w", f"x{n}-h1"))) for n in range(11, 17)))
    html = Flow(MathML()).inline(Partial(long, Symbol("x", "11")))
    assert Tags(html).text.startswith("∂∂x11(x11⋅wx11-h1+")
    assert html.count(BREAK) == 5


def test_a_number_under_a_factor_stands_outside_of_the_mathematics():
    a, b = (Quantity(Tensor(letter, (), ((letter, 0),))) for letter in "ab")
    html = Flow(MathML()).inline(Under(Partial(A, B), Number(0.5, 4, LocalDerivative(a, b))))
    assert html.startswith('<span class="uf"><math>')
    assert html.endswith('<span class="un"><span data-v="da_db" data-digits="4">0.5</span></span></span>')


def test_brackets_turn_with_the_sign_of_a_live_number():
    live, fixed = Number(0.5, 4, Quantity(Tensor("f", (2, 2), (("f_", 2),)), (0, 0))), Number(0.5, 4)
    assert '<mn data-v="f_11" data-digits="4" data-p>0.5</mn>' in MathML().emit(Product((live, A)))
    assert "data-p" not in MathML().emit(Product((fixed, A))) + MathML().emit(Equality((A, live)))


def test_words_are_made_harmless():
    for node in (Word("<b>&"), Symbol("o", "1", "<b>&"), Labelled(A, "<b>&")):
        assert "&lt;b&gt;&amp;" in MathML().emit(node)
        assert "<b>" not in Flow(MathML()).inline(node)


def test_a_long_left_side_begins_the_first_line():
    wide = Matrix((tuple(Number(n / 7, 3) for n in range(5)),))
    laid = Flow(MathML()).equation(Equality((wide, A, B)))
    assert laid.left == ""
    assert len(laid.steps) == 2
    assert Flow(MathML()).equation(Equality((A, B))).narrow
    assert not Flow(MathML()).equation(Equality((Partial(A, B), B))).narrow
