"""Equalities in unusual places: each is judged, or told as not read."""

import pytest

from symcnn.audit import audit_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"$$x_{11} {=} i_{11}$$", ["false"]),
        (r"$$x_{11} \mathrel{=} i_{11}$$", ["false"]),
        (r"$$x_{11} \stackrel{(1)}= i_{11}$$", ["false"]),
        (r"$$x_{11} \overset{!}{=} i_{11}$$", ["unread"]),
        (r"$$x_{11} \triangleq i_{11}$$", ["unread"]),
        (r"$$\boxed{x_{11} = i_{11}}$$", ["false"]),
        (r"$$\left\{\begin{array}{l} x_{11} = i_{11} \\ x_{12} = i_{12} \end{array}\right.$$", ["false", "false"]),
        (r"$$x_{11} = i_{11} \text{ (by the chain rule)}$$", ["false"]),
        (r"$$x_{11} = 0 \text{ if all pixels are dark}$$", ["unread"]),
        (r"$$(x_{11} = i_{11})$$", ["unread"]),
        (r"$$[x_{11} = i_{11}]$$", ["unread"]),
        (r"$$\mathbf{x_{11} = i_{11}}$$", ["unread"]),
        (r"$$\underbrace{x_{11} = i_{11}}_{\text{so}}$$", ["unread"]),
        (r"$$\text{so x_{11} = i_{11}}$$", ["unread"]),
        ("$x_{11}$ = $i_{11}$", ["false"]),
        ("$`x_{11} = i_{11}`$", ["false"]),
        ("```math\nx_{11} = i_{11}\n```", ["false"]),
        ("x_{11} = i_{11}", ["unread"]),
        ("∂x_11/∂f_11 = i_12", ["unread"]),
        (r"\begin{array}{l} x_{11} = i_{11} \end{array}", ["unread"]),
        ("\\[x_{11}\n\n= i_{11}\\]", ["unread"]),
        ("% $x_{11} = i_{11}$", []),
        ("\\section{A} 5 % $x_{11} = i_{11}$", []),
        ("5 % of $x_{11} = 2 i_{11}$", ["false"]),
        (r"\verb|$x_{11} = i_{11}$|", []),
        ("\\begin{verbatim}\n$x_{11} = i_{11}$\n\\end{verbatim}", []),
        ("$x_{11}$ and $i_{11}$", []),
        (r"$\sum_{k=1}^{4} x_k$", []),
    ],
)
def test_no_equality_is_passed_over_and_none_is_read_in_what_is_no_text(derivation, text, expected):
    assert [f.verdict for f in audit_text(text, derivation).findings] == expected


MACROS = r"""
\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}
\def\xx{x_{11}}
\newcommand\dd[1]{\pd{E}{#1}}
\DeclareMathOperator{\sigm}{sigmoid}
"""


@pytest.mark.parametrize(
    ("display", "expected"),
    [
        (r"\pd{x_{11}}{f_{11}} = i_{11}", "true"),
        (r"\pd{\xx}{f_{11}} = i_{12}", "false"),
        (r"\dd{o_1} = o_1 - t_1", "true"),
        (r"\dd{o_1} = t_1 - o_1", "false"),
        (r"h_1 = \sigm(z_{h1})", "true"),
        (r"\pd{x_{11}} = i_{11}", "unread"),  # an argument is missing
        (r"\undefined{x_{11}} = i_{11}", "unread"),
    ],
)
def test_an_authors_own_commands_are_put_in(derivation, display, expected):
    [found] = audit_text(f"{MACROS}\n$${display}$$\n", derivation).findings
    assert (found.verdict, found.line) == (expected, 7)


@pytest.mark.parametrize("body", [r"\a\a", r"\b", "#1#1#1#1#1#1#1#1"])
def test_commands_that_stand_for_themselves_or_grow_end(derivation, body):
    text = (
        rf"\newcommand{{\a}}[1]{{{body}}}\newcommand{{\b}}{{\a{{\b}}}} $x_{{11}} = "
        + r"\a{" * 12
        + "1"
        + "}" * 12
        + "$"
    )
    assert [f.verdict for f in audit_text(text, derivation).findings] == ["unread"]


@pytest.mark.parametrize(
    ("span", "is_told"),
    [
        ("∂L/∂w = δ·x", True), ("dL/dw = (a - y) * x", True), ("σ(z) = 1/(1+e^-z)", True), ("z = w × x", True),
        (r"\frac{dL}{dw} = x", True), ("E = Σ (t - o)²", True), ("dA/dZ ≈ 0.25", True), ("δ = Wᵀδ ⊙ h", True),
        ("lr = 0.1", False), ("x == 3", False), ("n_epochs=10", False), ("dx_dt = f(x)", False), ("a/b == c", False),
        ("y = x**2", False), ("∂L/∂w", False), ("dL/dw == 2", False),
    ],
)  # fmt: skip
def test_of_code_what_no_language_writes_is_told(derivation, span, is_told):
    for text in (f"Here `{span}` stands.", f"Here\n\n```\n{span}\n```\n", f"- `{span}`: so"):
        found = audit_text(text, derivation).findings
        told = [(f.text, f.verdict, f.judged.reason, f.kind) for f in found]
        assert told == ([(span, "unread", "outside", "outside")] if is_told else [])
