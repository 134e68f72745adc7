"""Texts held against a network: what is true, what is wrong and where, what should stand there."""

import os
import time
from collections import Counter
from pathlib import Path

import pytest

import symcnn
from symcnn.article import printed
from symcnn.audit import audit, audit_text, mapping_from
from symcnn.audit.article import held
from symcnn.audit.told import Told
from symcnn.report import write_content
from symcnn.reports import gather
from symcnn.text import catalogue
from tests.slow import rest_slow
from tests.tools.audit_campaign import Bench
from tests.tools.derivations import DERIVATIONS
from tests.tools.texts import audited, verdicts

EXAMPLES = Path(__file__).parents[2] / "examples"


# --- the article ------------------------------------------------------------------------------------------------------


def test_the_articles_equations_are_true_but_one_that_is_garbled(derivation):
    found = audit_text(printed.text(), derivation)
    assert (found.count("true"), found.count("unread"), len(found.findings)) == (38, 1, 39)
    assert found.pairs == 88
    [unread] = [f for f in found.findings if f.verdict == "unread"]
    assert "matrix notation" in str(dict(unread.judged.values)["reason"])
    readings = {reading for f in found.findings for reading in f.judged.readings}
    assert readings == {"one_image", "counted", "every", "groups", "rounded"}


def test_what_is_cut_off_or_missing_has_what_it_must_be(derivation):
    found = held(derivation)
    states = Counter(h.state for h in found)
    assert states == {"agrees": 18, "reading": 16, "cut": 1, "garbled": 1, "missing": 6}
    must_be = {h.latex: h.must_be for h in found if h.state == "missing"}
    assert must_be[r"\frac{\partial x_{11}}{\partial f_{11}}"] == "i_{11}"
    assert must_be[r"\frac{\partial h_{2préactivation}}{\partial x_{11}}"] == "w_{x11h2}"
    [cut] = [h for h in found if h.state == "cut"]
    assert cut.must_be == "i_{33}"
    text = "".join(f"$${left} = {right}$$\n\n" for left, right in must_be.items())
    assert audit_text(text, derivation).count("true") == len(printed.missing()) == 6


def test_the_article_says_24_and_lists_20():
    assert printed.numbers()["said"] == printed.numbers()["listed"] + printed.numbers()["derived"] == 24


@pytest.mark.skipif("SYMCNN_ARTICLE" not in os.environ, reason="SYMCNN_ARTICLE names no file with the article's text")
def test_the_articles_text(net):
    start = time.process_time()
    found = audit(Path(os.environ["SYMCNN_ARTICLE"]), net)
    assert time.process_time() - start < 20
    assert (found.count("true"), found.count("unread"), found.count("false"), found.count("remark")) == (38, 1, 0, 0)
    assert found.mentions == 61


# --- mutations --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bench():
    return Bench()


def test_a_change_in_one_place_is_told_on_its_line_and_on_no_other(bench):
    tally = bench.run(bench.sample(300, seed=6))
    assert not tally.missed
    assert not tally.elsewhere
    assert len(tally.tried) >= 10


def test_every_false_equation_has_its_correction_and_its_counterexample(bench):
    bench.with_corrections()
    wrong = 0
    for n, mutation in bench.sample(40, seed=3):
        found, _ = bench.judged(mutation.body, bench._carried[n])
        for judged in (j for j in found if j.verdict == "false"):
            wrong += 1
            assert judged.counterexample is not None, mutation
            assert judged.counterexample.written != judged.counterexample.right
            assert judged.correction is not None or judged.member == 0, mutation
    assert wrong > 10


@pytest.mark.slow
def test_with_its_correction_in_place_an_equation_is_true(bench):
    bench.with_corrections()
    tally = bench.run(bench.sample(60, seed=9))
    assert tally.false > 15
    assert not tally.unshown
    assert not tally.uncorrected


def test_a_counterexample_can_be_recomputed_from_the_values_that_it_tells(derivation):
    [found] = audited(derivation, rf"x_{{11}} = {WINDOW.replace('+ i_{22}', '- i_{22}')}")
    at = dict(found.at)
    terms = [at[f"i_{{{k}}}"] * at[f"f_{{{k}}}"] for k in (11, 12, 21, 22)]
    shown = found.judged.counterexample
    assert shown.written == (pytest.approx(sum(terms[:3]) - terms[3]),)
    assert shown.right == (pytest.approx(sum(terms)),) == (pytest.approx(at["x_{11}"]),)


def test_what_has_no_value_is_shown_by_what_should_stand_there(derivation):
    [found] = audited(derivation, r"\frac{\partial E}{\partial F} = \frac{\partial E}{\partial x_{11}}")
    assert len(found.judged.counterexample.right) == 4


def test_a_gate_that_hides_an_error_is_opened():
    """relu(x) = x holds at half of the points."""
    network, _ = symcnn.read_network(EXAMPLES / "two_filters.toml")
    derivation = symcnn.derive(network)
    names = [v for v in derivation.graph.forward if v.startswith("a_")]
    found = audited(derivation, *(f"a_{{{name[2:]}}} = x_{{{name[2:]}}}" for name in names))
    assert len(found) == len(names) > 8
    assert all(f.verdict == "false" and f.judged.counterexample is not None for f in found)


# --- single wrong equations -------------------------------------------------------------------------------------------

WINDOW = "i_{11} * f_{11} + i_{12} * f_{12} + i_{21} * f_{21} + i_{22} * f_{22}"


@pytest.mark.parametrize(
    ("display", "reason", "wrong", "correction"),
    [
        (r"\frac{\partial x_{11}}{\partial f_{21}} = i_{12}", "differs", "i_{12}", "i_{21}"),
        (rf"x_{{11}} = {WINDOW.replace('i_{22}', 'i_{23}')}", "differs", WINDOW.replace("i_{22}", "i_{23}"), WINDOW),
        (r"\frac{\partial E_{total}}{\partial h_{1activation}} = \frac{\partial E_{total}}{\partial o_{1prédit}} * o_{1prédit} * (1 - o_{1prédit}) * w_{h1o1}",
         "differs", None,
         r"\frac{\partial E_{total}}{\partial o_{1prédit}} * o_{1prédit} * (1 - o_{1prédit}) * w_{h1o1}"
         r" + \frac{\partial E_{total}}{\partial o_{2prédit}} * o_{2prédit} * (1 - o_{2prédit}) * w_{h1o2}"),
        ("7 / 9 = 0,79", "differs", "0,79", "0{,}78"),
        ("0,9 = 7 / 9", "differs", "0,9", "0{,}8"),
        ("0.8 = 1", "differs", "1", "0.8"),
        (r"\frac{\partial E}{\partial o_1} = t_1 - o_1", "differs", "t_1 - o_1", "o_1 - t_1"),
        (r"\frac{\partial h_1}{\partial z_{h1}} = -h_1 * (1 - h_1)", "differs", None, r"h_1 * (1 - h_1)"),
        (r"\frac{\partial E}{\partial F} = \frac{\partial E}{\partial F} * \frac{\partial X}{\partial F}", "does_not_fit", None,
         r"\frac{\partial E}{\partial X} * \frac{\partial X}{\partial F}"),
        (r"\frac{\partial E}{\partial F} = 2 * \frac{\partial E}{\partial X} * \frac{\partial X}{\partial F} + F", "differs", None,
         r"\frac{\partial E}{\partial X} * \frac{\partial X}{\partial F}"),
        (r"x_{kl} = \sum_{p=1}^2 \sum_{q=1}^2 i_{k+p, l+q} * f_{pq}", "differs", None, r"\sum_{p, q} i_{k+p, l+q} * f_{pq}"),
        (r"x_{p,q} = \sum_{r,c} i_{r, c} * f_{r, c}", "differs", None, r"\sum_{r, s} i_{p+r, q+s} * f_{r, s}"),
        (r"\frac{\partial E}{\partial f_{k,l}} = \sum_{r,c} \frac{\partial E}{\partial x_{r, c}} * i_{r, c}", "differs", None,
         r"\sum_{r, c} \frac{\partial E}{\partial x_{r, c}} * i_{r+k, c+l}"),
        (rf"x_{{11}} = {WINDOW} + 1 = {WINDOW}", "differs", f"{WINDOW} + 1", WINDOW),
        (rf"x_{{12}} = {WINDOW} = {WINDOW}", "differs", "x_{12}", "x_{11}"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_what_should_stand_there(derivation, display, reason, wrong, correction):
    [found] = audited(derivation, display)
    assert (found.verdict, found.judged.reason) == ("false", reason)
    assert wrong is None or found.wrong == wrong
    assert found.correction == correction


@pytest.mark.parametrize(
    ("display", "reason"),
    [
        (rf"\frac{{\partial x_{{11}}}}{{\partial f_{{21}}}} = \frac{{\partial ({WINDOW.replace('i_{11}', 'i_{13}')})}}{{\partial f_{{21}}}}", "step_varied"),
        (r"\frac{\partial E}{\partial f_{11}} = \frac{\partial E}{\partial x_{11}} * \frac{\partial x_{11}}{\partial f_{11}}"
         r" + \frac{\partial E}{\partial x_{12}} * \frac{\partial x_{11}}{\partial f_{12}} + \frac{\partial E}{\partial x_{21}} * \frac{\partial x_{21}}{\partial f_{11}}"
         r" + \frac{\partial E}{\partial x_{22}} * \frac{\partial x_{22}}{\partial f_{11}}", "step_chain"),
        (r"\frac{\partial x_{11}}{\partial f_{21}} = \frac{\partial (i_{11} * f_{11})}{\partial f_{21}} + \frac{\partial (i_{12} * f_{12})}{\partial f_{21}}"
         r" + \frac{\partial (i_{21} * f_{21})}{\partial f_{21}} + \frac{\partial (i_{22} * f_{22})}{\partial f_{21}} = 0 + i_{21} + 0 + 0", "step_terms"),
        (r"\frac{\partial x_{11}}{\partial f_{21}} = i_{21} - 0", "negative_zero"),
    ],
)  # fmt: skip
def test_a_wrong_step_between_equal_things_is_a_remark(derivation, display, reason):
    [found] = audited(derivation, display)
    assert (found.verdict, found.judged.reason) == ("remark", reason)


def test_words_prove_nothing(derivation):
    found = audit_text(r"$$x_{11} = \text{given}$$ and $$\text{a} = \text{b}$$", derivation)
    assert (len(found.findings), found.mentions) == (0, 2)


def test_a_name_that_nobody_knows_is_not_read_and_has_a_nearest(derivation):
    [found] = audited(derivation, "x_{11} = q_{11}")
    assert found.verdict == "unread"
    assert str(dict(found.judged.values)["text"]).endswith("nearest is x_11")
    [found] = audited(derivation, r"x_{11} = \lambda")
    assert str(dict(found.judged.values)["text"]).endswith("z_h1, h_1, z_o1, o_1"), "nothing is near: all there is"


def test_a_continuation_goes_on_from_the_last_good_member(derivation):
    good, bad, later = audited(derivation, f"x_{{11}} = {WINDOW}", f"= {WINDOW} + 1", f"= {WINDOW}")
    assert (good.verdict, bad.verdict, later.verdict) == ("true", "false", "true")


def test_the_chain_rule_may_be_written_from_either_end(derivation):
    chain = r"\frac{\partial h_{1activation}}{\partial h_{1préactivation}} * \frac{\partial h_{1préactivation}}{\partial x_{11}}"
    turned = " * ".join(reversed(chain.split(" * ")))
    left = r"\frac{\partial h_{1activation}}{\partial x_{11}} = "
    assert verdicts(derivation, left + chain, left + turned) == ["true", "true"]


def test_pixels_that_are_not_the_samples_are_false(derivation):
    right = r"\begin{pmatrix} i_{11} & i_{12} \\ i_{21} & i_{22} \end{pmatrix}^{\text{image 1}} = \begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}"
    assert verdicts(derivation, right, right.replace("1 & 0", "1 & 1")) == ["true", "false"]


def test_numbers_of_a_mapping_are_put_in(derivation):
    names = [*derivation.network.parameters, *derivation.network.forward.image.scalars(), "t_1", "t_2"]
    mapping = "[values]\n" + "\n".join(f"{name} = {n / 10}" for n, name in enumerate(names))
    right = 0 * 2.0 + 0.1 * 2.1 + 0.2 * 2.3 + 0.3 * 2.4
    assert verdicts(derivation, f"x_{{11}} = {right:.2f}", "x_{11} = 1.38", mapping=mapping) == ["true", "false"]
    assert verdicts(derivation, "x_{11} = 1.38") == ["unread"]


# --- other texts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DERIVATIONS)
def test_true_derivations_in_other_notations_are_true(name):
    network, mapping, text = DERIVATIONS[name]
    found = audit_text(text, symcnn.derive(network), mapping_from(mapping, name))
    assert [(f.verdict, f.text) for f in found.findings if f.verdict != "true"] == []
    assert found.findings


def test_front_matter_is_a_mapping(tmp_path, net):
    path = tmp_path / "text.md"
    path.write_text(
        '+++\n[alias]\n"v_*" = "h_*"\n+++\n\n$$\\frac{\\partial v_1}{\\partial z_{h1}} = v_1 (1 - v_1)$$\n', "utf-8"
    )
    [found] = audit(path, net).findings
    assert (found.verdict, found.line) == ("true", 6)


# --- the circle -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("lang", rest_slow(["en", "fr"]))
def test_our_own_reports_pass_our_own_audit_and_an_error_planted_in_one_is_found(tmp_path, net, data, lang):
    paths = [tmp_path / f"derivation.{suffix}" for suffix in ("md", "tex")]
    write_content(gather(net, data, None, 0.5, 20, 0), paths, lang)
    for path in paths:
        found = audit(path, net, data=data)
        assert [(f.line, f.verdict, f.judged.reason, f.text) for f in found.findings if f.verdict != "true"] == []
        assert len(found.findings) > 100
    text, path = paths[0].read_text("utf-8"), tmp_path / "planted.md"
    begin, changed = text.index(r"x_{11} &="), []
    for old, new in (("0 & 1 & 0", "0 & 1 & 1"), (r"\cdot i_{12}", r"\cdot i_{13}"), ("&= -0", "&= -1")):
        at = text.index(old, begin)
        text = text[:at] + new + text[at + len(old) :]
        changed.append(text.count("\n", 0, at) + 1)
    path.write_text(text, "utf-8")
    told = [f.line for f in audit(path, net, data=data).findings if f.verdict != "true"]
    assert len(told) == 3
    assert all(0 <= at - line < 4 for at, line in zip(sorted(changed), told, strict=True))


def test_reasons_are_told_in_the_language_of_the_reader(derivation):
    """A wrong index, an unknown name, what the grammar does not read: no English in French."""
    text = "\n\n".join(
        f"$${body}$$" for body in ("x_5 = i_{11}", "x_{11} = q_{11}", r"x_{11} = A^{\top} x", "x_{11} =")
    )
    audit = audit_text(text, derivation)
    told = {lang: [Told(audit, "t", catalogue(lang)).why(f)[0] for f in audit.findings] for lang in ("en", "fr")}
    for words in ("out of range", "nearest is", "transposed", "missing"):
        assert sum(words in line for line in told["en"]) == 1, words
        assert not any(words in line for line in told["fr"])
    for words in ("hors limites", "la plus proche", "transposée", "manque"):
        assert sum(words in line for line in told["fr"]) == 1, words


def test_limits_of_a_sum_keep_a_letter_within_its_axis(derivation):
    def loss(last):
        return rf"E = \frac12 \sum_{{k=1}}^{{{last}}} (t_k - o_k)^2"

    window = r"x_{r,c} = \sum_{p=1}^{%d} \sum_{q=1}^{2} i_{r+p-1, c+q-1} f_{p,q}"
    full = r"\frac{\partial E}{\partial i_{r,c}} = \sum_{p=1}^{2}\sum_{q=1}^{2} \frac{\partial E}{\partial x_{r-p+1,c-q+1}} f_{p,q}"
    found = audited(derivation, loss(2), loss(3), window % 2, window % 3, full)
    assert [f.verdict for f in found] == ["true", "unread", "true", "unread", "true"]
    assert found[1].judged.reason == "out_of_range"


@pytest.mark.parametrize(
    ("name", "display", "expected"),
    [
        ("softmax with shares", r"\frac{\partial E}{\partial o_1} = y_1 - t_1", "true"),
        ("softmax with shares", r"\frac{\partial E}{\partial o_1} = t_1 - y_1", "false"),
        ("softmax with shares", r"\frac{\partial E}{\partial o_1} = y_1 - t_2", "false"),
        ("softmax with shares", r"\frac{\partial E}{\partial y_1} = 0", "unread"),  # the loss is stated without it
        ("binary cross-entropy by its output", r"\frac{\partial E}{\partial o_1} = 0", "unread"),  # where E is least
        ("binary cross-entropy by its output", r"\frac{\partial E}{\partial o_1} = o_1 - t_1", "false"),
    ],
)
def test_a_loss_that_is_stated_without_the_outputs(name, display, expected):
    network, _, _ = DERIVATIONS[name]
    [found] = audited(symcnn.derive(network), display)
    assert found.verdict == expected
    assert (found.judged.readings == ("shares",)) == (expected == "true")


@pytest.mark.parametrize(
    ("display", "expected"),
    [
        (
            r"\frac{\partial E}{\partial f_{11}} = \frac{\partial E}{\partial X} \frac{\partial X}{\partial f_{11}}",
            "true",
        ),
        (
            r"\frac{\partial E}{\partial f_{11}} = \frac{\partial E}{\partial X} \frac{\partial X}{\partial f_{12}}",
            "false",
        ),
        (r"\frac{\partial E}{\partial F} = \frac{\partial E}{\partial X} \frac{\partial X}{\partial f_{11}}", "false"),
        (r"\frac{\partial E}{\partial f_{11}} = \frac{\partial E}{\partial X} X", "unread"),  # a product of matrices
        (r"\frac{\partial x_{11}^2}{\partial x_{11}} = 2 x_{11}", "true"),
        (r"\frac{\partial x_{11}^2}{\partial x_{11}} = 2", "false"),
    ],
)
def test_groups_by_one_quantity_and_powers_are_derived(derivation, display, expected):
    assert verdicts(derivation, display) == [expected]


def test_the_total_is_over_all_images_though_one_is_named(derivation):
    def slope(word):
        return rf"\frac{{\partial E_{{{word}}}}}{{\partial f_{{11}}}}"

    one, two = (rf"\text{{image {n}}}" for n in (1, 2))
    right = [rf"E_{{total}} = E_{{{one}}} + E_{{{two}}}", rf"{slope('total')} = {slope(one)} + {slope(two)}"]
    wrong = [
        rf"E_{{total}} = E_{{{one}}}",
        rf"E_{{total}} = E_{{{one}}} - E_{{{two}}}",
        rf"{slope('total')} = {slope(one)}",
    ]
    assert verdicts(derivation, *right) == ["true", "true"]
    found = audited(derivation, *wrong)
    assert [f.verdict for f in found] == ["false"] * 3
    assert (
        verdicts(derivation, rf"E_{{total}} = {found[0].correction}", rf"{slope('total')} = {found[2].correction}")
        == ["true"] * 2
    )
