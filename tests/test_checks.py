"""``symcnn.check``: one verb, one vocabulary, one schema, for a network, a workbook, a text and a certificate."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import get_args

import jsonschema
import openpyxl
import pytest

import symcnn
from symcnn import audit, certificate, checks
from symcnn.checks import check_certificate
from symcnn.cli import main
from symcnn.proof import vocabulary
from symcnn.proof.verdict import Status
from symcnn.text import catalogue
from symcnn.verification import Caught, CheckRow, Verification
from symcnn.verification.evidence import Measurement
from tests.tools.coq import needs_coq

ROOT = Path(__file__).parents[1]
VALIDATOR = jsonschema.Draft202012Validator(checks.schema())

TINY = """
input_shape = [2, 2]
loss = "mse"

[[layer]]
type = "Flatten"

[[layer]]
type = "Dense"
units = 1
activation = "sigmoid"
"""


def verdicts(result):
    """(claim, verdict, how) of each finding; the result is of the schema."""
    VALIDATOR.validate(json.loads(json.dumps(result.to_dict())))
    assert sum(result.to_dict()["counts"].values()) == len(result.findings)
    return [(f.claim, f.verdict, f.how) for f in result.findings]


def status(capsys, *words):
    """Exit status, standard output and standard error of a command."""
    try:
        main(["check", *map(str, words)])
        code = 0
    except SystemExit as stop:
        code = stop.code
    return code, *capsys.readouterr()


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY, "utf-8")
    return path


def test_a_network_is_proved_and_its_programs_are_compared(tiny):
    result = symcnn.check(tiny)
    found = verdicts(result)
    assert found[0] == ("∂E_total/∂w_i11o1", "right", "exact")
    assert all(f.digits >= 12 for f in result.findings if f.how == "numbers")
    assert {"exact", "numbers"} <= {how for _, _, how in found}
    assert result.ok
    assert result.status == 0
    assert result.details.ok
    assert [f.claim for f in symcnn.check(symcnn.read_network(tiny)[0]).findings] == [f.claim for f in result.findings]


def test_a_row_has_one_verdict():
    """The rows of a verification, in the one vocabulary."""
    digits = Measurement("complex step", 1e-3)  # beyond its bar
    expected = {
        ("proved", None, ()): ("right", "exact", None),
        ("probable", None, ()): ("right", "modulo a prime", None),
        ("unknown", 3e-14, ()): ("right", "numbers", 13),
        ("unknown", 0.0, ()): ("right", "numbers", 17),
        ("unknown", None, ()): ("not decided", "", None),
        ("refuted", None, ()): ("wrong", "", None),
        ("refuted", 0.5, ()): ("wrong", "", None),
        ("proved", None, (digits,)): ("wrong", "", None),
    }
    for (row_status, worst, figures), (verdict, how, count) in expected.items():
        finding = CheckRow("claim", row_status, "method", figures, worst=worst).finding
        assert (finding.verdict, finding.how, finding.digits) == (verdict, how, count)
        assert (finding.error_probability is None) == (how != "modulo a prime")


def test_a_text_with_wrong_lines(capsys):
    result = symcnn.check(ROOT / "examples" / "notes.md")
    assert [(f.place, f.verdict) for f in result.findings] == [
        ("line 8", "given"), ("line 10", "right"), ("line 10", "wrong"), ("line 12", "right"), ("line 14", "right"),
        ("line 18", "wrong"), ("line 22", "right"), ("line 26", "wrong"), ("line 29", "right"),
        ("line 29", "right, but"),
    ]  # fmt: skip
    verdicts(result)
    wrong = [f for f in result.findings if f.verdict == "wrong"]
    assert wrong[0].correction == "i_{21}"
    assert all(f.why and f.correction not in f.why for f in wrong[:1])
    assert result.summary == "notes.md: 5 right · 1 right, but · 1 given · 3 WRONG"
    code, out, err = status(capsys, ROOT / "examples" / "notes.md", "--lang", "fr")
    assert code == 1
    assert "FAUX\u202f: 3" in out
    assert err.strip().endswith("notes.md\u202f: 3 faux")


def test_the_article_by_name_is_audited_with_the_tables_that_it_prints(monkeypatch):
    asked = []
    monkeypatch.setattr(checks, "audit", lambda *words, assumed: asked.append((len(words[-1]) > 0, assumed)))
    for network in (None, "article", symcnn.article.network()):
        checks.audit_about("notes.md", network, None)
    assert asked == [(True, True), (True, False), (False, False)]


def test_where_nothing_could_be_decided_the_status_is_3(tmp_path, capsys):
    text = tmp_path / "other.md"
    text.write_text("Of another network: $\\nabla C = 0$ and $a^2 = W^2 a^1$.\n", "utf-8")
    result = symcnn.check_text(text)
    assert {f.verdict for f in result.findings} == {"not decided"}
    assert all(f.why for f in result.findings)
    assert not result.ok
    assert result.status == 3
    code, out, err = status(capsys, text, "--json")
    assert (code, json.loads(out)) == (3, result.to_dict())
    assert err.strip() == f"symcnn: {text}: nothing could be decided"


@pytest.mark.parametrize("character", ["\x9b", "\x1b", "\u202e", "猫", "\u200d"])
def test_json_is_json_whatever_the_text_holds(tmp_path, capsys, character):
    text = tmp_path / "hostile.md"
    text.write_text(f"It says $h_1 = h_2 {character}$.\n", "utf-8")
    code, out, _ = status(capsys, text, "--json")
    assert (code, json.loads(out)) == (3, symcnn.check(text).to_dict())
    assert character in json.loads(out)["findings"][0]["claim"]


def test_what_it_cannot_check_it_says(tmp_path, tiny, capsys):
    for name in ("notes.rst", "picture.png", "run"):
        code, out, err = status(capsys, tmp_path / name)
        assert (code, out) == (2, "")
        assert "expected a network file (.toml), a workbook that symcnn wrote (.xlsx), a text" in err
    assert status(capsys, tmp_path / "missing.toml")[0] == 2
    code, _, err = status(capsys, tmp_path / "notes.ipynb")
    assert code == 2
    assert "nbconvert" in err
    tiny.write_text(TINY.replace("units = 1", "units = 0"), "utf-8")
    code, _, err = status(capsys, tiny)
    assert code == 2
    assert "units" in err


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    (folder / "tiny.toml").write_text(TINY, "utf-8")
    net, _ = symcnn.read_network(folder / "tiny.toml")
    return symcnn.export_workbook(net, ([[[0.5, 1], [0, 0.25]]], [[1]]), folder / "tiny.xlsx", steps=2)


def test_a_workbook_that_symcnn_wrote(book, capsys):
    result = symcnn.check(book, book.with_name("tiny.toml"))
    verdicts(result)
    assert result.count("right") > 5
    assert result.count("wrong") == 0
    assert status(capsys, book, "--network", book.with_name("tiny.toml"))[0] == 0
    assert status(capsys, book)[0] == 2  # it is not of the article's network


def test_a_wrong_cell_is_named_with_what_should_stand_there(book, tmp_path, capsys):
    workbook = openpyxl.load_workbook(book)
    name, place = next((n, d) for n, d in workbook.defined_names.items() if n.startswith("dE_dw_"))
    sheet, cell = place.attr_text.replace("$", "").split("!")
    right = workbook[sheet][cell].value
    workbook[sheet][cell].value = f"{right}*2"
    changed = tmp_path / "changed.xlsx"
    workbook.save(changed)
    result = symcnn.check_workbook(changed, book.with_name("tiny.toml"))
    verdicts(result)
    wrong = [f for f in result.findings if f.verdict == "wrong"]
    assert (wrong[0].claim, wrong[0].place) == (name, f"{sheet}!{cell}")
    assert wrong[0].why == f"{right}*2"
    assert wrong[0].correction
    assert status(capsys, changed, "--network", book.with_name("tiny.toml"))[0] == 1


@needs_coq
@pytest.mark.slow
def test_a_certificate_is_right_where_coq_says_so(tmp_path):
    net = symcnn.article.network()
    path = symcnn.write_certificate(net, tmp_path / "c.v", data=symcnn.article.images())
    result = symcnn.check(path)
    assert {f.verdict for f in result.findings} == {"right"}
    assert {f.how for f in result.findings} == {"exact"}
    assert len(result.findings) == 28


def test_a_file_that_is_no_certificate_of_ours_is_not_accused(tmp_path):
    path = tmp_path / "other.v"
    path.write_text("Theorem t : True. exact I. Qed.\n", "utf-8")
    [finding] = check_certificate(path).findings
    assert finding.verdict == "not decided"
    assert "line 1 is not what symcnn writes" in finding.why
    assert check_certificate(path).status == 3


def test_a_coq_that_does_not_answer_accuses_nobody(tmp_path, monkeypatch):
    """Too slow a machine is no error of the certificate."""
    from symcnn.certificate import verdict
    from symcnn.certificate.verdict import CoqVerdict, decide

    path = symcnn.write_certificate(symcnn.article.network(), tmp_path / "c.v", data=symcnn.article.images())

    def late(*_):
        raise verdict.UndecidableError("coqc did not answer within 600 s")

    slow = CoqVerdict(decide("", "", verdict.OneMethod("kernel", "Coq", late)))
    monkeypatch.setattr(checks, "recheck", lambda *_: slow)
    [finding] = check_certificate(path).findings
    assert (finding.verdict, finding.why) == ("not decided", "coqc did not answer within 600 s")


def test_digits_are_those_that_agree():
    assert CheckRow("c", "unknown", "", worst=9.9e-5).finding.digits == math.floor(-math.log10(9.9e-5))


# --- verify and audit speak the same ----------------------------------------------------------------------------------


def spelled(capsys, *words):
    """Exit status and standard output of a command."""
    try:
        main([*map(str, words)])
        code = 0
    except SystemExit as stop:
        code = stop.code
    return code, capsys.readouterr().out


def test_an_audit_has_the_findings_and_the_status_of_the_check(tmp_path, capsys):
    nothing = tmp_path / "other.md"
    nothing.write_text("Of another network: $\\nabla C = 0$ and $a^2 = W^2 a^1$.\n", "utf-8")
    for path, expected in ((ROOT / "examples" / "notes.md", 1), (nothing, 3)):
        result = symcnn.check(path)
        code, out = spelled(capsys, "audit", path, "--json")
        document = json.loads(out)
        assert code == result.status == document["check"]["status"] == expected
        assert document["check"]["counts"] == result.to_dict()["counts"]
        told = [equation["check"] for equation in document["equations"]]
        assert told == [{key: getattr(f, key) for key in told[0]} for f in result.findings]
        words = {"true", "remark", "assumption", "false", "unread"}  # those of earlier versions
        assert {equation["verdict"] for equation in document["equations"]} <= words
        assert words < document["totals"].keys()
        assert spelled(capsys, "audit", path)[0] == expected
        assert spelled(capsys, "audit", path, "--html", tmp_path / "page.html")[0] == expected
    assert spelled(capsys, "audit", nothing, "--strict")[0] == 1


def test_a_verification_has_the_words_of_the_check(tiny, capsys):
    code, out = spelled(capsys, "verify", tiny)
    assert (code, "right (exact)" in out, "proved" in out) == (0, True, False)
    assert symcnn.check(tiny).findings == symcnn.check(tiny).details.claims


def test_a_verification_of_which_nothing_could_be_told_ends_with_3(tiny, capsys, monkeypatch):
    undecided = Verification((CheckRow("c", "unknown", "no time"),), (Caught("deciding", 0, 0),), (), catalogue("en"))
    monkeypatch.setattr(symcnn, "verify", lambda *_, **__: undecided)
    assert undecided.ok
    assert spelled(capsys, "verify", tiny)[0] == 3
    missed = replace(undecided, planted=(Caught("deciding", 0, 1),))
    monkeypatch.setattr(symcnn, "verify", lambda *_, **__: missed)
    assert not missed.ok
    assert spelled(capsys, "verify", tiny)[0] == 1


def test_every_word_of_a_check_has_its_verdict():
    """What rooms may say, and how a right equation of a text was decided."""
    said = {*get_args(Status), *get_args(audit.verdicts.Verdict), *get_args(certificate.verdict.Status)} - {"mention"}
    methods = set(catalogue("en").words("audit.method"))
    assert said | methods == set(vocabulary._KNOWN)


@pytest.mark.parametrize(
    ("lang", "rest"), [("en", "and 39 more, all of them right"), ("fr", "et 39 autres, toutes justes")]
)
def test_a_notebook_shows_a_part_of_many_claims_and_all_that_are_not_right(lang, rest):
    findings = [vocabulary.known(f"<claim {n}>", "proved") for n in range(60)] + [
        vocabulary.known("late", "proved") for _ in range(39)
    ]
    findings += [vocabulary.known("a & b", "refuted"), vocabulary.known("last", "unknown", why="too\nlarge")]
    result = symcnn.CheckResult("text", "notes.md", tuple(findings), (), catalogue(lang))
    page = result._repr_html_()
    assert page.count("<tr>") == 1 + 60 + 2
    assert ("late" in page, "a &amp; b" in page, "&lt;claim 59&gt;" in page, rest in page) == (False, True, True, True)
    assert "too<br>large" in page
    assert repr(result) == f"CheckResult({result.summary})"
    with pytest.raises(symcnn.InputError, match=r"int: expected symcnn\.Network, or the path of a file"):
        symcnn.check(3)
