"""The audit never accuses wrongly, and approves nothing that only looks right."""

import time
import tomllib
from importlib.resources import files

import pytest

import symcnn
from symcnn.audit import Told, audit, audit_text, mapping_from
from symcnn.audit.page import page
from symcnn.errors import InputError
from symcnn.text import LANGUAGES, catalogue
from tests.tools.texts import audited, verdicts

MLP = symcnn.derive(
    symcnn.Network(
        (2,), [symcnn.Dense(2, activation="sigmoid"), symcnn.Dense(2, activation="sigmoid")], "half_squared_error"
    )
)
#: One of the article's forward lines.
FORWARD = r"$$x_{11} = i_{11} f_{11} + i_{12} f_{12} + i_{21} f_{21} + i_{22} f_{22}$$"


def of(text, derivation, mapping="", **how):
    return [f.verdict for f in audit_text(text, derivation, mapping_from(mapping, "test"), **how).findings]


def why(text, derivation, lang="en", **how):
    result = audit_text(text, derivation, **how)
    return [" ".join(Told(result, "t", catalogue(lang)).why(f)) for f in result.findings]


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "display",
    [
        r"\hat{y} = y", r"\bar{h}_1 = h_1", r"\tilde{h}_1 = h_1", r"\vec{h}_1 = h_1", r"\dot{x}_{11} = x_{11}", r"\hat h_1 = h_1",
        r"\mathbf{h}_1 = h_1", r"\mathcal{E} = E", r"\overline{o}_1 = o_1", r"\hat{\mathbf{h}}_1 = h_1", "ĥ_1 = h_1",
    ],
)  # fmt: skip
def test_an_accent_or_another_alphabet_makes_another_name(derivation, display):
    [found] = audited(derivation, display)
    assert found.verdict == "unread"


def test_a_name_with_an_accent_may_be_mapped(derivation):
    mapping = "[alias]\n'\\hat{y}' = 'o_1'\n'y' = 't_1'\n'\\bar{h}_*' = 'h_*'"
    slope = r"\frac{\partial E}{\partial \hat{y}}"
    displays = [
        rf"{slope} = \hat{{y}} - y",
        r"\frac{\partial E}{\partial ŷ} = ŷ - y",
        rf"{slope} = y - \hat{{y}}",
        r"\bar{h}_1 = h_1",
    ]
    assert verdicts(derivation, *displays, mapping=mapping) == ["true", "true", "false", "true"]


def test_a_style_of_a_mapped_letter_may_be_left_out_of_the_mapping(derivation):
    assert verdicts(
        derivation, r"\frac{\partial \mathcal{L}}{\partial o_1} = o_1 - t_1", mapping="[alias]\nL = 'E'"
    ) == ["true"]


@pytest.mark.parametrize(
    ("display", "name"),
    [
        (r"O_{11} = X_{11} F_{11}", "O_{11}"), ("x_{11} = q_{11}", "q"), ("H_1 = x_{11} + 1", "H_1"), ("P = (F - 1) / 2", "P"),
        (r"o_3 = \sigma(z_{o3})", "o"), ("x_{11} = i_{41} f_{11}", "i"), ("x_{111} = i_{11} f_{11}", "x"), (r"h_{11} = \sigma(z_{h1})", "h"),
    ],
)  # fmt: skip
def test_what_only_resembles_a_name_of_the_network_is_bound_by_nothing(derivation, display, name):
    text = why(f"$${display}$$", derivation)[0]
    assert "not defined" in text
    assert "défini" in why(f"$${display}$$", derivation, "fr")[0]
    assert verdicts(derivation, display) == ["unread"]
    assert name[0] in text


@pytest.mark.parametrize(
    "display",
    ["F = 3", "X = 28", "F = 0.5", "x_5 = 1", "t_0 = 1", "h_1 = 5", "x_i = 0", "E = 0", r"\lambda = 5", "o_1 = 1"],
)
def test_a_number_that_a_symbol_is_said_to_be_is_neither_wrong_nor_proved(derivation, display):
    assert verdicts(derivation, display) == ["unread"]


def test_cells_counted_row_by_row_accuse_only_in_a_sum_over_all_of_them(derivation):
    all_cells = r"\frac{\partial E}{\partial f_{11}} = %s \sum_{k=1}^{4} \frac{\partial E}{\partial x_k} \frac{\partial x_k}{\partial f_{11}}"
    assert verdicts(derivation, all_cells % "", all_cells % "2", "x_3 = x_{21}", "x_3 = x_{12}") == [
        "true",
        "false",
        "true",
        "unread",
    ]


def test_numbers_put_in_for_letters_are_not_judged_as_letters(derivation):
    shown = r"x_{11} = i_{11} f_{11} + i_{12} f_{12} + i_{21} f_{21} + i_{22} f_{22} = %s"
    assert verdicts(derivation, shown % r"1 f_{11} + 0 f_{12} + 0 f_{21} + 1 f_{22}") == ["unread"]
    assert verdicts(derivation, r"f_{11} = f_{11} - 0.5 \frac{\partial E}{\partial f_{11}}") == ["unread"]


# --- which network ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{FORWARD} $x_{{11}} = x_{{12}}$", ["true", "false"]),
        ("$x_{11} = x_{12}$", ["unread"]),
        (r"$h_1 = \sigma(z_{h1})$ $h_1 = h_2$", ["unread", "unread"]),  # any network's line
        (rf"{FORWARD} $x_{{12}} = i_{{11}} f_{{11}}$ $x_{{11}} = x_{{12}}$", ["unread"] * 3),
        (r"$E = (t_1 - o_1)^2$ $\frac{\partial E}{\partial o_1} = 2 (o_1 - t_1)$", ["unread", "unread"]),
        (r"$2 + 2 = 4$ $2 + 2 = 5$ $\sigma'(z) = \sigma(z)(1 - \sigma(z))$ $\tanh'(z) = 1 - \tanh^2(z)$", ["true", "false", "true", "true"]),
        (r"$\sigma(z) = z^2$ $\sigma'(z) = 1$", ["unread", "unread"]),  # of which σ?
        (r"$\sigma(z) = \frac{1}{1+e^{-z}}$ $\sigma'(z) = \sigma(z)$", ["true", "false"]),
    ],
)  # fmt: skip
def test_the_articles_network_is_assumed_only_once_the_text_agrees_with_it(derivation, text, expected):
    assert of(text, derivation, assumed=True) == expected


def test_a_text_without_a_network_says_how_to_name_one(derivation):
    for text, words in (
        ("$x_{11} = x_{12}$", "could be read and agrees"),
        (f"{FORWARD}\n$x_{{12}} = i_{{11}} f_{{11}}$", "line 2 contradicts"),
    ):
        result = audit_text(text, derivation, assumed=True)
        told = Told(result, "t", catalogue("en"))
        assert "--network" in told.notice()
        assert words in told.notice()
        assert told.notice() in page(told, catalogue("en")).replace("&#x27;", "'")
    assert audit_text(FORWARD, derivation, assumed=True).unnamed is None
    assert (
        audit_text("$x_{11} = x_{12}$", derivation, mapping_from("[alias]\nq='x_11'", "m"), assumed=True).unnamed
        is None
    )


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$0.15*0.05 + 0.2*0.1 + 0.35*1 = 0.3825$", "false"), ("$0.4*0.5 + 0.45*0.6 + 0.6 = 1.15$", "false"), ("$0.15*0.05 + 0.2*0.1 + 0.35*1 = 0.3775$", "true"),
        (r"$0.25 \cdot 0.4 = 0.11$", "false"), (r"$-0.5 \cdot 0.3 = 0.15$", "false"), (r"$0.1 + 0.2 = 0.4$", "false"), ("$7/9 = 0.78$", "true"),
        (r"$\frac{1}{1+e^{-0.3775}} = 0.593269992$", "true"), (r"$\frac{1}{1+e^{-0.3775}} = 0.593369992$", "false"),
        ("$0.74136507 * 0.186815602 * 0.593269992 = 0.082167041$", "true"), ("$0.123 * 0.456 = 0.0562$", "unread"), ("$2/3 = 0.66$", "remark"),
        ("$2/3 = 0.65$", "false"), (r"$2/3 \approx 0.66$", "remark"), ("$7/9 = 0,77$", "remark"), ("$-2/3 = -0.66$", "remark"),
    ],
)  # fmt: skip
def test_a_literal_is_exact_unless_it_may_be_rounded(derivation, text, expected):
    assert of(text, derivation) == [expected]


def test_a_literal_is_rounded_where_the_text_states_what_it_is_rounded_from(derivation):
    product = r"$0.593 \cdot 0.517 = 0.3069$"  # exactly 0.306581; from the unrounded numbers 0.30693
    assert of(product, derivation) == ["unread"]
    stated = r"$\frac{1}{1+e^{-0.3775}} = 0.593$ $\frac{1}{1+e^{-0.07}} = 0.517$ "
    assert of(stated + product, derivation) == ["true", "true", "true"]
    assert of(stated + r"$0.593 \cdot 0.517 = 0.3169$", derivation) == ["true", "true", "false"]


def test_numbers_that_differ_late_are_told_with_their_digits(derivation):
    [text] = why(r"$\frac{1}{1+e^{-1.1059059067}} = 0.75136507$", derivation)
    assert "This expression is 0.75136507 instead of 0.75136506" in text
    assert all(
        len(word) < 30 for word in why(r"$\frac{1}{3} \cdot \frac{1}{7919} \cdot 0.123 = 0.5$", derivation)[0].split()
    )


def test_no_equality_is_decided_less_than_never(derivation):
    assert audit_text(r"$a = b$ $A^\top = B^\top$ $q = 1$ $x = \frac{1}{$", derivation).pairs == 0


@pytest.mark.parametrize(
    ("display", "expected"),
    [
        ("f = -3 < 0", "unread"), ("f(x,y) = -3 < 0", "unread"), ("1 - 3 = -2 < 0", "true"), ("1 - 3 = -2 > 0", "false"), ("1 - 3 = -1 < 0", "false"),
        ("0 < h_1 < 1", "unread"), ("x_{11} = x_{11} > 0", "unread"), (r"2 + 3 = 5 \geq 5", "true"), (r"2 + 3 = 5 \neq 5", "false"), (r"0.5 \le 0.7 < 1", "true"),
    ],
)  # fmt: skip
def test_an_equality_before_a_comparison_is_judged_alone(derivation, display, expected):
    assert verdicts(derivation, display) == [expected]


def test_a_value_of_the_mapping_is_what_a_derivative_comes_to():
    slope = r"$\frac{\partial z_{h1}}{\partial w_{i1h1}} = i_1 = %s$"
    assert of(slope % 0, MLP, "[values]\ni_1 = 0") == ["true"]
    assert of(slope % 1, MLP, "[values]\ni_1 = 0") == ["false"]
    assert of(slope % "0.05", MLP, "[values]\ni_1 = 0.05") == ["true"]


def test_an_update_without_an_arrow_is_arithmetic():
    mapping = "[alias]\nw = 'w_i1h1'\n[values]\nw_i1h1 = 0.55"
    right, wrong = (rf"$w = 0.55 - 0.5 \cdot (-0.0226) = {value}$" for value in (0.5613, 0.5713))
    assert of(right, MLP, mapping) == of(right, MLP) == ["true"]
    assert of(wrong, MLP, mapping) == of(wrong, MLP) == ["false"]
    assert of("$w = 0.56$", MLP, mapping) == ["false"]
    assert of(r"$w \leftarrow w - \eta \frac{\partial E}{\partial w}$ $w = 0.56$", MLP, mapping) == ["true", "unread"]
    assert of(r"$w_5 = w_5 - 0.1 \times (-0.0397) = 0.5 + 0.00397 = 0.50397$", MLP) == ["true"]


# --- assumptions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("If $y_i = 1$, stop.", ["assumption"]), ("when $h_1 = 0$", ["assumption"]), (r"Suppose $\sigma(z) = z$.", ["assumption"]),
        (r"since $y_1 = 0$: $\frac{\partial E}{\partial o_1} = o_1$", ["assumption", "unread"]),
        ("Si $h_1 = 0$ et $h_2 = 1$, alors $h_1 = h_2$.", ["assumption", "assumption", "unread"]),
        ("Lorsque la sortie $o_1 = 1$", ["assumption"]), ("Supposons que $h_1 = h_2$.", ["assumption"]), ("puisque $t_1 = 0$", ["assumption"]),
        (r"$$\frac{\partial E}{\partial o_1} = o_1 \quad \text{if } t_1 = 0$$", ["unread", "assumption"]),
        (r"suppose $\sigma(z) = z$, so $h_1 = z_{h1}$", ["assumption", "unread"]),
        ("If $h_1 = h_2$, then\n\n$$h_1 + h_2 = 2 h_1$$", ["assumption", "true"]),
        ("If $h_1 = h_2$.\n\n# Next\n\n$h_1 = h_2$", ["assumption", "false"]),
        (r"If $h_1 = 0$, then $x_{11} = x_{12}$", ["assumption", "false"]),  # which does not rest on it
        (r"since $\frac{\partial x_{11}}{\partial f_{21}} = i_{12}$", ["false"]),  # a claim
        (r"if $h_1 = \sigma(z_{h1})$", ["true"]), ("If $2 + 2 = 5$", ["false"]), ("$h_1 = h_2$", ["false"]),
    ],
)  # fmt: skip
def test_what_is_assumed_is_neither_right_nor_wrong_and_holds_in_its_section(derivation, text, expected):
    assert of(text, derivation, "[alias]\n'y_*' = 't_*'") == expected


def test_an_equation_under_an_assumption_says_so(derivation):
    result = audit_text("If $h_1 = h_2$, then $h_1 + h_2 = 2 h_1$ and $h_1 = h_2$.", derivation)
    assert "assumed" in result.findings[1].judged.readings
    for lang in LANGUAGES:
        told = Told(result, "t", catalogue(lang))
        assert told.rows()[0][1] == {"en": "given", "fr": "donné"}[lang]
    assert '"assumption": 1' in told.json()  # as earlier versions had it
    assert result.ok
    assert result.count("assumption") == 1


# --- several equations in a row ---------------------------------------------------------------------------------------

TWO = (r"h_1 %s= \sigma(z_{h1})", r"h_2 %s= \sigma(z_{h2})")


@pytest.mark.parametrize(
    "text",
    [
        rf"\begin{{align}} {TWO[0] % '&'} & {TWO[1] % '&'} \end{{align}}",
        rf"$$\begin{{aligned}} {TWO[0] % '&'}, & {TWO[1] % '&'} \end{{aligned}}$$",
        rf"\begin{{alignat}}{{2}} {TWO[0] % '&'} & \quad {TWO[1] % '&'} \end{{alignat}}",
        rf"$${TWO[0] % ''} \;\;\;\; {TWO[1] % ''}$$",
        rf"$${TWO[0] % ''} \qquad {TWO[1] % ''}$$",
        rf"$${TWO[0] % ''} \hspace{{1cm}} {TWO[1] % ''}$$",
        rf"$$\begin{{array}}{{ll}} {TWO[0] % ''} & {TWO[1] % ''} \end{{array}}$$",
        rf"\begin{{align}} {TWO[0] % '&'} && {TWO[1] % '&'} \end{{align}}",
        rf"\begin{{align}} {TWO[0] % '&'} & {TWO[1] % '&'} \\ &= \frac{{1}}{{1+e^{{-z_{{h1}}}}}} & &= \frac{{1}}{{1+e^{{-z_{{h2}}}}}} \end{{align}}",
    ],
)  # fmt: skip
def test_columns_are_equations_of_their_own(derivation, text):
    assert of(text, derivation) == ["true", "true"]


def test_a_blank_that_may_part_two_equations_accuses_nobody(derivation):
    assert verdicts(derivation, rf"{TWO[0] % ''} \; {TWO[1] % ''}") == ["unread"]
    assert verdicts(derivation, r"h_1 + \cancel{h_2} = h_1") == ["unread"]
    assert verdicts(derivation, r"\begin{eqnarray} h_1 & = & \sigma(z_{h1}) \\ & = & h_1 \end{eqnarray}") == ["true"]


# --- mappings ---------------------------------------------------------------------------------------------------------


def test_an_alias_is_applied_once(derivation):
    assert verdicts(derivation, r"a_{h_1} = \sigma(h_1)", mapping='[alias]\nh_1 = "z_h1"\n"a_{h_1}" = "h_1"') == [
        "true"
    ]
    swapped = '[alias]\nh_1 = "h_2"\nh_2 = "h_1"'
    assert verdicts(derivation, r"h_2 = \sigma(z_{h1})", r"h_1 = \sigma(z_{h1})", mapping=swapped) == ["true", "false"]
    defined = r"""definitions = ['a = \sigma(h_1)']
[alias]
h_1 = "z_h1"
"""
    assert verdicts(
        derivation, r"a = \sigma(h_1)", r"\frac{\partial a}{\partial h_1} = a (1 - a)", mapping=defined
    ) == ["true", "true"]
    step = r"f_{11} \leftarrow f_{11} - \eta \frac{\partial E}{\partial f_{11}}"
    assert verdicts(derivation, step, mapping='[alias]\nf_11 = "f_12"\nf_12 = "f_11"') == ["true"]


def test_stars_stand_for_indices_in_order(derivation):
    mapping = "[alias]\n'X_{**}' = 'i_**'\n[derived]\n'D_{**}' = '\\frac{\\partial E}{\\partial x_{**}}'"
    displays = [
        r"x_{11} = X_{11} f_{11} + X_{12} f_{12} + X_{21} f_{21} + X_{22} f_{22}", r"x_{r,c} = \sum_{p,q} X_{r+p, c+q} f_{p,q}",
        r"D_{12} = \frac{\partial E}{\partial x_{12}}", r"D_{12} = \frac{\partial E}{\partial x_{21}}", "X_{12} = i_{21}",
    ]  # fmt: skip
    assert verdicts(derivation, *displays, mapping=mapping) == ["true", "true", "true", "false", "false"]


@pytest.mark.parametrize("entry", ["'X_{**}' = 'i_*'", "'X_*' = 'h_1'", "'X_1' = 'h_*'", "'X_{***}' = 'i_**'"])
def test_stars_without_a_partner_are_refused(entry):
    with pytest.raises(InputError, match="expected as many on both sides"):
        mapping_from(f"[alias]\n{entry}", "map.toml")


# --- spelling, and what is listed -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "display",
    [
        r"E_\text{total} = 0.5(o_1-t_1)^2 + 0.5(o_2-t_2)^2", r"\frac{\partial{h_1}}{\partial{z_{h1}}} = h_1(1.0-h_1)", r"h_1 = \sigma{(z_{h1})}",
        r"\pdv{E}{o_1} = o_1 + -t_1", r"\frac{\partial E}{\partial o_1} = \underbrace{o_1}_{\text{out}} - \textcolor{red}{t_1}", r"h_1 = \cfrac{1}{1+e^{-z_{h1}}}",
        r"\dv{h_1}{z_{h1}} = \cancel{h_1} (1-h_1)", r"E = \frac12 |t_1-o_1|^2 + \frac12 |t_2-o_2|^2", r"\boxed{x_{11} = x11}", r"o_1 - -t_1 = o_1 + t_1",
    ],
)  # fmt: skip
def test_other_spellings_are_read(derivation, display):
    assert verdicts(derivation, display) == ["true"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("h1 = w1*i1 + b1", 1), ("```\n∂E/∂w5 = (a_o1 - t1) * a_o1\nx = 3\n```", 1), ("The value :math:`h_1 = 2` is", 1),
        (".. math::\n\n   h_1 = \\sigma(z)", 2), ("∂E/∂w5 = (a_o1 - t1) * a_o1", 1), ("```python\nx = 3\nfor i in range(3): pass\n```", 0),
        ("We had a = b at home, and size = 2.", 0),
    ],
)  # fmt: skip
def test_what_stands_outside_of_formulas_is_listed(derivation, text, count):
    assert of(text, derivation) == ["unread"] * count


def test_a_notebook_is_one_line_that_says_what_to_do(tmp_path, net):
    path = tmp_path / "text.ipynb"
    path.write_text('{"cells": []}', "utf-8")
    with pytest.raises(InputError, match=r"a notebook; .* nbconvert --to markdown"):
        audit(path, net)


@pytest.mark.parametrize(
    "body",
    [
        "".join(rf"\sum_{{{letter}=1}}^{{40}}" for letter in "abcde") + " x_{11} = 1",
        "".join(rf"\sum_{{{letter}=1}}^{{40}}" for letter in "abcde") + r" \sigma(z) = \sigma(z) + 1",
        r"\sum_{a=1}^{2} " * 300 + "x_{11} = 1", "x_{11} = " + "a/" * 5000 + "b", "{" * 8000 + "x = 1" + "}" * 8000, r"x = \sigma(" * 50 + "x" + ")" * 50,
        "x_{11} = " + "-" * 5000 + "1",
    ],
    ids=["sums", "rule", "nested sums", "quotients", "braces", "calls", "signs"],
)  # fmt: skip
def test_what_asks_for_too_much_is_not_read_within_seconds(derivation, body):
    start = time.process_time()
    result = audit_text(f"$${body}$$ $x_{{11}} = x_{{12}}$", derivation)
    assert [f.verdict for f in result.findings] == ["unread", "false"]
    assert time.process_time() - start < 40


# --- what a hostile reader tried --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "It is not true that $h_1 = 2 h_2$.", "A common mistake is $h_1 = 2 h_2$.", "Does $h_1 = 2 h_2$ hold?", "$h_1 = 2 h_2$ is wrong.",
        "Il est faux que $h_1 = 2 h_2$.", "On n'a pas $h_1 = 2 h_2$.", "We don't have\n\n$$h_1 = 2 h_2$$", "A-t-on $h_1 = 2 h_2$ ?",
        "One may look at $h_1 = h_2$.", "à étudier : le point $h_1 = h_2$", "Suppose\n\n$$h_1 = h_2$$",
        "Under the assumption that\n\n\\begin{equation}\n h_1 = h_2\n\\end{equation}", "On pose $h_1 = h_2$", "Choose $h_1 = h_2$.",
    ],
)  # fmt: skip
def test_what_the_words_beside_deny_ask_or_assume_is_not_false(derivation, text):
    assert of(text, derivation)[0] in ("unread", "assumption")


@pytest.mark.parametrize(
    "text",
    ["Hence $h_1 = h_2$.", "so that $h_1 = 2 h_1$", "# Not a claim\n\n$h_1 = h_2$", r"The sum is $$\sum_{i=1}^{2} h_i = 2 h_1$$", "Donc $h_1 = h_2$."],
)  # fmt: skip
def test_what_is_claimed_still_is(derivation, text):
    assert of(text, derivation) == ["false"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$60,000 / 100 = 600$", ["unread"]), ("$60{,}000 / 100 = 600$", ["unread"]), (r"$1,024 = 32 \cdot 32$", ["unread"]),
        ("$60,000 = 60$", ["unread"]), (r"$28 \cdot 1{,}000 = 28{,}000$", ["true"]), ("$6,000 / 2 = 3,500$", ["false"]),
        ("$0,5 + 0,5 = 1$ $1,105 + 1 = 2,205$", ["true", "false"]), ("$0.5 = 0.5$ $1.105 + 1 = 2.205$", ["true", "false"]),
        ("$0,5 = 0,5$ $60.000 / 100 = 600$", ["true", "unread"]),
        ("$0.37 = 0.38$", ["false"]), ("$-0.37 = -0.38$", ["false"]), ("$0.2748 = 0.2749$", ["unread"]), ("$0.375 = 0.38$", ["true"]),
        ("$0.5 = 0.50$", ["true"]), (r"$0.37 \approx 0.38$", ["unread"]), (r"$784 \approx 800$", ["unread"]), (r"$3 \approx 5$", ["false"]),
        (r"$\exp(\exp(\exp(100))) = x_{11}$", ["unread"]),
    ],
)  # fmt: skip
def test_a_number_may_be_written_in_several_ways(derivation, text, expected):
    assert of(text, derivation) == expected


def test_values_that_a_text_states_may_be_put_in(derivation):
    pixels = "$i_{11} = 1$, $i_{12} = 0$, $i_{21} = 0$, $i_{22} = 1$. "
    assert of(pixels + "$x_{11} = f_{11} + f_{22}$ $x_{11} = f_{11} + f_{12}$", derivation)[4:] == ["unread", "false"]
    second = "$i_{11} = 0$, $i_{12} = 1$, $i_{21} = 1$, $i_{22} = 0$. "
    assert of(pixels + second + "$x_{11} = f_{12} + f_{21}$ $x_{11} = 2 f_{12}$", derivation)[8:] == ["unread", "false"]
    slope = r"$\frac{\partial E}{\partial o_1} = %s$ "
    assert of("$t_1 = 1$ " + slope % "o_1 - 1" + slope % "1 - o_1", derivation)[1:] == ["unread", "false"]
    step = r"$f_{11} \gets f_{11} - \alpha \frac{\partial E}{\partial f_{11}} = f_{11} - \alpha \cdot 0.3$"
    assert of(step, derivation) == ["unread"]


@pytest.mark.parametrize(
    "blank", [r"\quad", r"\qquad ", r"\hspace{1cm}", r"\phantom{=}", "~~", r"\quad {}", r"\mspace{5mu}"]
)
def test_a_row_that_begins_with_a_blank_goes_on(derivation, blank):
    rows = [
        r"x_{11} &= i_{11} f_{11} + i_{12} f_{12}",
        *(rf"&{blank} + {t}" for t in ("i_{21} f_{21}", "i_{22} f_{22}")),
    ]
    assert verdicts(derivation, r"\begin{aligned}" + r" \\ ".join(rows) + r"\end{aligned}") == ["true"]


def test_an_unnamed_network_is_the_articles_in_no_more_than_the_text_says(derivation):
    tanh = r"$\frac{\partial h_1}{\partial z_{h1}} = 1 - h_1^2$ "
    loss = r"$\frac{\partial E}{\partial o_1} = 2 (o_1 - t_1)$ "
    own = r"$h_1 = \sigma(z_{h1})$ $E = \frac{1}{2} (t_1 - o_1)^2 + \frac{1}{2} (t_2 - o_2)^2$ "
    assert of(FORWARD + tanh + loss, derivation, assumed=True) == ["true", "unread", "unread"]
    assert of(FORWARD + own + tanh + loss, derivation, assumed=True) == ["true", "true", "true", "false", "false"]
    assert of(FORWARD + tanh + loss, derivation) == ["true", "false", "false"]


@pytest.mark.parametrize("text", ["```latex\nh_1 = 2 h_1\n```\n", "σ′(z) = σ(z)(1 − σ(z))\n", "$$x_{11} ＝ y_{11}$$"])
def test_no_equality_of_these_is_passed_over(derivation, text):
    assert of(text, derivation) == ["unread"]


@pytest.mark.parametrize(
    "display",
    [
        r"1\frac12 = 1.5", r"2\frac{1}{2} + 1 = 3.5", r"\log(2) = 0.301", "6/2(1+2) = 1",
        r"\begin{aligned} \frac{\partial E}{\partial w_{h1o1}} &= (o_1 - t_1) \\ & o_1 (1 - o_1) h_1 \end{aligned}",
        r"\frac{\partial E}{\partial w_{h1o1}} = (o_1 - t_1) \quad o_1 (1 - o_1) h_1",
    ],
)  # fmt: skip
def test_what_is_read_in_two_ways_is_not_false(derivation, display):
    assert verdicts(derivation, display)[0] == "unread"


@pytest.mark.parametrize(
    "text",
    [
        r"With $\tanh$ units, $\frac{\partial h_1}{\partial z_{h1}} = 1 - h_1^2$.", r"For ReLU: $h_1 = \max(0, z_{h1})$.",
        r"With cross-entropy, $\frac{\partial E}{\partial o_1} = -\frac{t_1}{o_1}$.", r"Instead, $h_1 = \tanh(z_{h1})$ is common.",
        r"Avec l'entropie croisée, $\frac{\partial E}{\partial o_1} = -\frac{t_1}{o_1}$.",
    ],
)  # fmt: skip
def test_a_sentence_about_another_network_is_not_false(derivation, text):
    assert of(text, derivation) == ["unread"]
    assert of(r"Here $h_1 = \tanh(z_{h1})$.", derivation) == ["false"]


# --- signs, units, letters --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sign",
    [
        ":=", r"\coloneqq", "≔", "=:", r"\equiv", r"\triangleq", r"\doteq", r"\overset{?}{=}", r"\stackrel{!}{=}",
        r"\overset{\text{def}}{=}", r"\stackrel{\mathrm{def}}=", r"\overset{\Delta}{=}", r"\overset{d}{=}", r"\overset{z > 0}{=}",
    ],
)  # fmt: skip
def test_a_sign_that_defines_or_asks_accuses_nobody(derivation, sign):
    assert verdicts(derivation, f"h_1 {sign} h_2") == ["unread"]
    assert "defines, asks or demands" in why(f"$$h_1 {sign} h_2$$", derivation)[0]
    assert verdicts(derivation, rf"h_1 {sign} \sigma(z_{{h1}})") == ["true"]


@pytest.mark.parametrize("above", ["(1)", r"\text{(chain rule)}", r"\text{chain rule}", "(2.3)", "*12*"])
def test_a_reason_above_a_sign_of_equality_leaves_it_a_claim(derivation, above):
    assert verdicts(derivation, rf"h_1 \overset{{{above}}}{{=}} h_2") == ["false"]


def test_about_says_no_more_than_near(derivation):
    displays = [
        r"h_1 (1 - h_1) \approx h_1", r"h_1 \simeq h_2", r"7/9 \approx 1", r"7/9 \approx 3", r"7/9 = 1", r"7/9 \approx 0.78",
        r"h_1 \approx h_2 = h_1", r"h_1 = h_2 \approx 0.5",
    ]  # fmt: skip
    assert verdicts(derivation, *displays) == [
        "unread", "unread", "unread", "false", "false", "true", "unread", "unread",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("display", "verdict"),
    [
        (r"5\,\text{cm} = 50\,\text{mm}", "unread"), (r"1\,\text{KB} = 1024\,\text{B}", "unread"), (r"10\,\text{dB} = 10", "unread"),
        (r"2 \cdot 10^3 = 2\,\text{k}", "unread"), (r"28 \cdot 28 = 784 \text{ pixels}", "true"), (r"3\,\text{s} + 1\,\text{s} = 5\,\text{s}", "unread"),
        (r"2 + 2 = 5 \text{ (by induction)}", "false"), (r"x_{11} = x_{12} \text{ because of that}", "false"), (r"2 + 2 = 5", "false"),
    ],
)  # fmt: skip
def test_a_word_behind_a_number_may_be_its_unit(derivation, display, verdict):
    assert verdicts(derivation, display) == [verdict]


@pytest.mark.parametrize(
    "letter", [r"\mathrm{h}", r"\text{h}", r"\mathsf{h}", r"\mathtt{h}", r"\mathrm h", r"\operatorname{h}"]
)
def test_an_upright_letter_is_another_name(derivation, letter):
    assert verdicts(derivation, f"{letter}_1 = h_2", f"{letter}_1 = h_1") == ["unread", "unread"]
    mapping = f"[alias]\n'{letter}_*' = 'h_*'"
    assert verdicts(derivation, f"{letter}_1 = h_1", f"{letter}_1 = h_2", mapping=mapping) == ["true", "false"]
    assert "not defined" in why(f"$${letter}_1 = h_2$$", derivation)[0]


def test_much_less_and_much_greater_are_not_decided(derivation):
    assert verdicts(derivation, r"1 \ll 2", r"1 \ll 10^9", r"5 \gg 1", "1 < 2", "2 < 1") == [
        "unread", "unread", "unread", "true", "false",
    ]  # fmt: skip


# --- words of other languages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before",
    [
        "Wenn", "Falls", "Angenommen,", "Sei", "Es wäre falsch, zu schreiben:", "Supongamos que", "Cuando", "Sería un error escribir",
        "Supponiamo che", "Se", "Suponha que", "Não vale", "Als", "Stel", "Gdy", "Załóżmy, że", "Antag att", "Hvis", "Dans le cas où, si",
        "如果", "假设", "Если", "Пусть", "もし", "만약", "נניח", "Prevent", "A common error is", "To avoid", "On évite",
        "In case", "It seems that",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "formula", ["$h_1 = h_2$", "\n\n$$h_1 = h_2$$\n\n", r"$\frac{\partial x_{11}}{\partial f_{11}} = i_{12}$"]
)
def test_what_other_languages_suppose_or_deny_is_not_accused(derivation, before, formula):
    accused = [f.verdict for f in audit_text(f"{before} {formula}", derivation).findings]
    assert accused in (["unread"], ["assumption"])


@pytest.mark.parametrize(
    "before", ["Also folgt somit", "Por tanto", "Quindi", "Portanto", "Dus", "Zatem", "Donc", "Thus", ""]
)
def test_a_claim_of_another_language_is_still_one(derivation, before):
    assert of(f"{before}\n\n$$h_1 = h_2$$", derivation) == ["false"]


def test_arithmetic_is_accused_in_every_language(derivation):
    assert of("所以 $2 + 2 = 5$ 和 $h_1 = h_2$", derivation) == ["false", "unread"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"When we differentiate, we may write, if all goes well, $$\frac{\partial E}{\partial \mathbf{w}} = \mathbf{x} \odot \delta$$", "unread"),
        (r"If we differentiate:" + "\n\n" + r"$$\nabla_w E = \delta \mathbf{x}^T$$", "unread"),
        (r"Suppose $\frac{d\mathcal{L}}{d\mathbf{W}} = \mathbf{A}^T \mathbf{D}$", "unread"),
        (r"with $\mathbf{x} = \mathbf{h}^{(0)}_k \odot h_1$", "unread"),
        (r"if $\mathbf{x} = \mathbf{0} \odot 1$", "assumption"),
        (r"for $\delta^{(l)} = (\mathbf{W}^T \delta) \odot f'(z)$", "unread"),
    ],
)  # fmt: skip
def test_what_is_not_read_and_derives_is_no_assumption(derivation, text, expected):
    assert of(text, derivation) == [expected]


# --- what may be meant in another way ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("display", "expected"),
    [
        ("1.000 = 1000", "unread"), ("2.500 + 2.500 = 5000", "unread"), ("1.125 = 9/8", "true"), ("1.125 = 1126", "false"),
        (r"(1,2) \cdot (3,4) = 11", "unread"), (r"\max(1,2) = 2", "unread"), (r"(0,5) \cdot 2 = 1", "true"), ("[3,4] = 3", "unread"),
        ("E[h_1] = h_2", "unread"), ("E(h_1 + 1) = h_2", "unread"), ("o_1(h_1) = h_2", "unread"), ("h_1[x_{11}] = h_2", "unread"),
        ("h_1^2 = h_2", "unread"), ("o_1^2 = h_1", "unread"), ("h_1^2 = h_1 h_1", "true"), ("h_1 (1 - h_1) = h_1", "false"),
        (r"\frac{\partial h_1}{\partial z_{h1}} = 1 - h_1^2", "false"),
        (r"h_1 = h_2 \text{?}", "unread"), (r"h_1 = h_2 \text{ (wrong!)}", "unread"), (r"h_1 = h_2 \text{ is false}", "unread"),
    ],
)  # fmt: skip
def test_what_may_be_meant_in_another_way_is_not_accused(derivation, display, expected):
    assert verdicts(derivation, display) == [expected]


@pytest.mark.parametrize("arrow", [r"\Rightarrow", r"\quad\implies\quad", r"\;\Rightarrow\;"])
def test_an_implication_claims_neither_its_premise_nor_what_follows_from_a_false_one(derivation, arrow):
    right = r"x_{11} = i_{11} f_{11} + i_{12} f_{12} + i_{21} f_{21} + i_{22} f_{22}"
    slope = r"\frac{\partial x_{11}}{\partial f_{11}} = "
    assert of(f"$$h_1 = h_2 {arrow} o_1 = o_2$$", derivation) == ["unread", "unread"]
    assert of(f"$${right} {arrow} {slope} i_{{12}}$$", derivation) == ["true", "false"]
    assert of(f"$${right} {arrow} {slope} i_{{11}}$$", derivation) == ["true", "true"]
    assert of(r"$$h_1 = h_2 \iff o_1 = o_2$$ $$h_1 = h_2$$", derivation) == ["unread", "unread", "false"]


def test_every_language_has_words_of_every_kind():
    words = tomllib.loads(files("symcnn.audit").joinpath("words.toml").read_text("utf-8"))
    assert len(words) >= 9
    for language in words.values():
        assert set(language) == {"supposed", "reasoned", "claims", "denies", "denied"}
        assert all(word == word.strip() and word for kind in language.values() for word in kind)
    # a claim's word that also supposes, or denies, would hide it
    every = {kind: {w for language in words.values() for w in language[kind]} for kind in words["en"]}
    assert not every["claims"] & (every["supposed"] | every["denies"])
