"""A small document with every kind of block, of running text and of formula: what a print must be able to set.

``HOSTILE`` stands wherever a user's words may stand: in titles, cells, captions, labels. Set rightly, a reader sees
exactly those characters, in every format.
"""

from dataclasses import dataclass, fields, is_dataclass
from typing import get_args
from xml.sax.saxutils import escape

from symcnn.formula import tree
from symcnn.formula.tree import (
    Call,
    Convolution,
    Equality,
    Fraction,
    Indicator,
    Key,
    Labelled,
    Matrix,
    Negated,
    Node,
    Number,
    Over,
    Partial,
    Power,
    Product,
    Relation,
    Sum,
    Symbol,
    Under,
    Update,
    Word,
)
from symcnn.report.document import (
    Bullets,
    Code,
    Display,
    Document,
    Emphasis,
    Evidence,
    Figure,
    InlineFormula,
    Link,
    Note,
    Paragraph,
    Section,
    States,
    Table,
    Theme,
)
from symcnn.symbolic import Quantities, Quantity, Tensor

#: What Markdown, HTML, LaTeX, Typst and their mathematics take for commands, and no command's effect.
HOSTILE = (
    r"a_b*c* `d` $x^2$ \input{/etc/passwd} <script>alert(1)</script> & &lt; #eval(read) @label [l](u) ![i](u) {b} ~s~"
    r" 50% \\ ^ | // /* -- ... \"q\" 'q' <l> \u{41} ==h== :e: https://example.org/a_b"
)

#: What begins a list, a heading or a quotation at the start of a line.
STARTS = ("# no heading", "- no item", "+ no item", "1. no item", "> no quotation", "= no heading", "/ no: term", "---")

X, F = (Tensor(letter, (2, 2), ((f"{letter}_", 2),)) for letter in "xf")
OF = Quantities((X, F)).of

E = Symbol("E", "", "total")
x_11, f_12, i_11, i_12, h_1, z_1 = (
    Symbol("x", "11"), Symbol("f", "12"), Symbol("i", "11"), Symbol("i", "12"), Symbol("h", "1"),
    Symbol("h", "1", "preactivation"),
)  # fmt: skip
by_map, by_filter = Partial(E, x_11), Partial(E, f_12)
_NUMBER = Number(-0.03125, 4, key=OF("dE_dx_11"))

#: A formula for every node of a tree, by what it shows.
FORMULAS: dict[str, Node] = {
    "sum": Equality((x_11, Sum((Product((i_11, f_12)), Negated(Product((i_12, f_12))), Symbol("b", "x1"))))),
    "symbols": Equality((Symbol("w", "x11-h1"), Symbol("i", "2r+p−1, (C−q)/2"), Symbol("η"), tree.DOTS)),
    "partial": Equality((by_filter, Product((by_map, Partial(x_11, f_12))), Number(0.5))),
    "numbers": Equality((Symbol("y"), Number(-3), Number(1.5), Number(2.5e-12, 4), Number(1.25e21, 3), Number(-0.0))),
    "negative": Equality((Symbol("y"), Sum((Number(-2), Number(-3), Negated(Number(-4)))), Product((Number(-1), h_1)))),
    "fraction": Equality((h_1, Fraction(Number(1), Sum((Number(1), Call("exp", (Negated(z_1),))))))),
    "power": Equality((Power(Sum((h_1, Negated(Number(1)))), 2), Power(Fraction(h_1, z_1), -12), Power(h_1, 2))),
    "calls": Sum(tuple(Call(name, (z_1, h_1)[: 1 + (name == "max")]) for name in
                       ("σ", "tanh", "ReLU", "LeakyReLU", "exp", "ln", "max", "Σ"))),
    "over": Equality((Symbol("x", "r, c"),
                      Over("Σ", ("p", "q"), Product((Symbol("i", "r+p, c+q"), Symbol("f", "p, q")))),
                      Over("max", ("p",), Sum((h_1, z_1))))),
    "relations": Indicator((Relation(h_1, ">", Number(0)), Relation(h_1, "<", z_1), Relation(h_1, "≤", z_1),
                            Relation(h_1, "=", z_1), Word("the first"))),
    "adds": Relation(Partial(E, i_11), "+=", Product((by_map, f_12))),
    "labelled": Equality((by_filter, Sum((Labelled(Partial(Symbol("E"), f_12), "image 1"),
                                          Labelled(by_filter, "é & <b>"))))),
    "update": Update(f_12, by_filter),
    "under": Equality((by_filter, Product((Under(by_map, _NUMBER), Under(Partial(x_11, f_12), Number(1, 4)))),
                       Number(-0.03125, 4, key=OF("dE_df_12")))),
    "matrix": Equality((Symbol("F"),
                        Matrix(((Symbol("f", "11"), f_12), (Number(-1), Fraction(Number(1), Number(2))))))),
    "convolution": Equality((Partial(E, Symbol("F")), Convolution(Symbol("I"), Partial(E, Symbol("X"))))),
    "words": Equality((h_1, Word("as given, à 50 % & <b> #x $y$ \\z {u} _v_ ^"))),
    "long": Equality((by_filter, Sum(tuple(Product((Under(Partial(E, Symbol("x", rc)), _NUMBER),
                                                    Partial(Symbol("x", rc), f_12)))
                                           for rc in ("11", "12", "13", "21", "22", "23"))),
                      Sum(tuple(Number((-1) ** n * n / 7, 4, Quantity(F, (0, n - 1))) for n in range(1, 24))),
                      Number(1.5, 4))),
}  # fmt: skip


@dataclass(frozen=True)
class Square:
    """A square with words in it and one live number."""

    words: str = HOSTILE

    def svg(self, theme: Theme) -> str:
        ink, paper = {"light": ("#1b2430", "#ffffff"), "dark": ("#e8e6e3", "#16181c"),
                      "page": ("var(--ink)", "var(--paper)")}[theme]  # fmt: skip
        live = ' data-v="f_12"' if theme == "page" else ""
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 90">'
            f'<rect x="1" y="1" width="318" height="88" fill="{paper}" stroke="{ink}"/>'
            f'<text x="10" y="40" font-size="9" font-family="sans-serif" fill="{ink}">{escape(self.words[:60])}</text>'
            f'<text x="10" y="70" font-size="14" font-family="sans-serif" fill="{ink}"{live}>0.5</text></svg>'
        )

    def keys(self) -> tuple[Key, ...]:
        return (OF("f_12"),)


def document(lang: str = "en") -> Document:
    """The whole of it, each equation numbered and examined by one of the methods in turn."""
    methods = ("definition", "read", "rule", "computed", "proved", "probable", "agrees")
    displays = tuple(
        Display(name, formula, Evidence(methods[n % len(methods)], f"detail {n} & <i>"), n + 1)
        for n, (name, formula) in enumerate(FORMULAS.items())
    )
    figure = Figure(
        "square", Square(), ("A square: ", InlineFormula(f_12), f" {HOSTILE}"), f"A square. {HOSTILE}", width=0.6
    )
    narrow = Figure("phone", Square("wide"), ("Two layouts.",), "Wide or narrow.", Square("narrow"))
    table = Table(
        (("name",), (InlineFormula(E),), (HOSTILE,)),
        ((("one | two",), (InlineFormula(Number(0.25, 4, OF("f_12"))),), (Code("a|b`c"),)),
         ((Link("partial"),), (InlineFormula(Number(-1234.5, 6)),), (Emphasis("stressed | _words_"),))),
        ("A table: ", InlineFormula(by_filter), "."), numeric=(1,),
    )  # fmt: skip
    running = Paragraph(
        ("Words, ", Emphasis("stressed *words*"), ", ", Emphasis("strong <b>words</b>", strong=True), ", ",
         Code("symcnn report --out `a` $b$ \\c <d>"), ", ", Link("partial"), " and ", Link("figures", "the figures_*"),
         ", ", Link("square", "a figure"), ": ", InlineFormula(by_filter), ", ", InlineFormula(f_12), f". {HOSTILE}")
    )  # fmt: skip
    return Document(
        title=("Derivation: ", InlineFormula(E), f" {HOSTILE}"),
        lead=("What this is. ", InlineFormula(Symbol("o", "1", "predicted"))),
        sections=(
            Section("prose", ("Words ", HOSTILE), (running, *(Paragraph((start,)) for start in STARTS),
                    Bullets(((HOSTILE,), ("with ", InlineFormula(f_12)), *((start,) for start in STARTS))),
                    Note(f"Why? {HOSTILE}", ("Because ", InlineFormula(f_12), " ", Link("update"))))),
            Section("equations", ("Equations",), (Paragraph(("Each by itself.",)),),
                    (Section("short", ("Short: ", InlineFormula(f_12)), displays[:-1]),
                     Section("wide", ("Wide",), (*displays[-1:], Paragraph(("Said.",)))))),
            Section("figures", ("Figures",), (figure, narrow, table)),
        ),
        lang=lang,
        decimal="," if lang == "fr" else ".",
        states=States((0, 1, 10), {OF("f_12"): (0.5, 0.25, 0.125), OF("dE_dx_11"): (-0.03125, 0.5, 1e-12)}, 0),
    )  # fmt: skip


def kinds(thing: object) -> set[type]:
    """The types of all that a document or tree is made of."""
    if isinstance(thing, tuple):
        return set().union(*map(kinds, thing))
    if isinstance(thing, Number):
        return {Number}
    if not is_dataclass(thing):
        return set()
    return {type(thing)}.union(*(kinds(getattr(thing, f.name)) for f in fields(thing)))


#: Every node that a tree may have.
NODES = frozenset(get_args(Node))
