"""When a text is called certified: what Coq's word alone would let through."""

import subprocess

import pytest

import symcnn
from symcnn import certificate as certificates
from symcnn.certificate import FILE, certificate_of
from symcnn.certificate.verdict import verdict_on
from symcnn.proof import Verdict
from tests.tools.coq import needs_coq

#: A theorem that is another one by the time that Coq is asked what it rests on.
SHADOWED = """Theorem is_a : 1 = 0. Admitted.
Module Other. Theorem is_a : True. exact I. Qed. End Other. Import Other."""


@needs_coq
@pytest.mark.parametrize(
    "text",
    [
        "Theorem is_a : 1 = 0. Admitted.",
        "Lemma wrong : 1 = 0. Admitted. Theorem is_b : True. exact I. Qed.\nTheorem is_a : 1 = 0. exact wrong. Qed.",
        "Axiom mine : 1 = 0.\nTheorem is_a : 1 = 0. exact mine. Qed.",
        "Parameter mine : 1 = 0.\nTheorem is_a : 1 = 0. exact mine. Qed.",
        "Conjecture mine : 1 = 0.\nTheorem is_a : 1 = 0. exact mine. Qed.",
        "Unset Guard Checking.\nFixpoint f (n : nat) : False := f n.\nTheorem is_a : 1 = 0. destruct (f 0). Qed.",
        "Unset Positivity Checking.\nInductive bad := Bad (f : bad -> False).\nTheorem is_a : bad -> bad. auto. Qed.",
        "Unset Universe Checking.\nTheorem is_a : 1 = 1. exact eq_refl. Qed.\nDefinition is_b := is_a.",
        "Require Import Classical.\nTheorem is_a : forall P, P \\/ ~ P. exact classic. Qed.",
        SHADOWED,
    ],
)  # fmt: skip
def test_what_rests_on_something_unproved_is_not_certified(text):
    verdict = verdict_on(text, ["is_a"])
    assert verdict.status == "rejected"
    assert "not proved" in verdict.reason


@needs_coq
@pytest.mark.parametrize(
    "text",
    [
        "Theorem is_a : 1 = 0. Proof. give_up. Qed.",
        "Theorem is_a : 1 = 0. Abort.",
        "(*\nTheorem is_a : True.\n*) Theorem is_b : True. exact I. Qed.",
        'Theorem is_a : 1 = 0. Admitted.\nGoal True. idtac "Closed under the global context". Abort. (*',
    ],
)
def test_what_is_not_proved_to_its_end_is_not_certified(text):
    assert verdict_on(text, ["is_a"]).status == "rejected"


def test_an_axiom_that_is_called_like_one_of_the_reals_is_not_certified():
    verdict = verdict_on("Axiom sig_not_dec : 1 = 0.\nTheorem is_a : 1 = 0. exact sig_not_dec. Qed.", ["is_a"])
    assert verdict.status == "rejected"
    assert "sig_not_dec" in verdict.reason


def test_a_missing_theorem_is_seen(net, data):
    certificate = certificate_of(net, data)
    verdict = verdict_on(certificate.text.replace("Theorem is_dE_df_12 ", "Lemma is_dE_df_12 "), certificate.theorems)
    assert verdict.status == "rejected"
    assert "is_dE_df_12" in verdict.reason


@needs_coq
def test_coq_is_given_up_after_a_time():
    text = "Theorem is_a : True. Proof. do 100000000 (try fail); exact I. Qed."
    assert "within" in verdict_on(text, ["is_a"], timeout=0.2).reason


def test_without_coq_the_file_is_written_but_not_checked(tmp_path, net, data, monkeypatch):
    monkeypatch.setenv("PATH", "")
    found = certificates.certify(net, tmp_path, data=data)
    assert found.verdict.status == "unchecked"
    assert "apt-get install" in found.summary
    assert {p.name for p in tmp_path.iterdir()} == {FILE, "certificate.md"}


#: What coqc says where it does not accept a text -> the verdict.
COMPLAINTS = {
    "Error: Cannot find a physical path bound to logical path\nCoquelicot with prefix Coquelicot.": ("unchecked", ""),
    'File "./c.v", line 2, characters 0-3:\nError: Syntax error: bad.': ("rejected", "line 2): Syntax error: bad."),
    "": ("rejected", "coqc ended with status 1 and no word"),
}


@pytest.mark.parametrize("said", COMPLAINTS)
def test_a_coq_without_the_library_checks_nothing_and_one_that_stops_is_quoted(said, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1, "", said))
    verdict = verdict_on("Theorem is_a : True. exact I. Qed.", ["is_a"])
    status, words = COMPLAINTS[said]
    assert verdict.status == status
    assert words in verdict.reason


#: What coqc says of assumptions -> the verdict; {mark} stands where it is asked.
ANSWERS = {
    "{mark}\nClosed under the global context\n": "certified",
    "{mark}\nAxioms:\nReals.sig_not_dec : forall P : Prop, {{P}}\n  + {{P}}\nsig_forall_dec\n  : P\n": "certified",
    "{mark}\nAxioms:\nmine : 1 = 0\n": "rejected",
    "{mark}\nAxioms:\nsig_not_dec : P\nf is assumed to be guarded.\n": "rejected",
    "{mark}\nClosed under the global context\nAxioms:\nmine : 1 = 0\n": "rejected",
    "{mark}\nAxioms:\nsig_not_dec : P\nAxioms:\nmine : 1 = 0\n": "rejected",
    "Closed under the global context\n{mark}\nAxioms:\nmine : 1 = 0\n": "rejected",
    "Closed under the global context\n": "rejected",
    "{mark}\n": "rejected",
    "": "rejected",
}


@pytest.mark.parametrize("said", ANSWERS)
def test_only_coqs_plain_answer_counts(said, monkeypatch):
    def answer(command, **_):
        mark = command[-1].removesuffix(".v")
        return subprocess.CompletedProcess(command, 0, said.format(mark=mark), "")

    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr(subprocess, "run", answer)
    monkeypatch.setattr("symcnn.certificate.verdict.version", lambda coqc: "8.16.1")
    assert verdict_on("Theorem is_a : True. exact I. Qed.", ["is_a"]).status == ANSWERS[said]


def test_verify_tells_of_a_certificate_first(net, data, article):
    row = symcnn.verify(net, data, seconds=0, certificate=article.verdict).rows[0]
    assert row.status == ("proved" if article.verdict.ok else "unknown")
    assert "28" in row.method or not article.verdict.ok
    small = symcnn.Network((2,), [symcnn.Dense(1)])
    refused = certificates.CoqVerdict(
        Verdict("wrong", counterexample="line 3 is not what symcnn writes"), network=small
    )
    found = symcnn.verify(small, seconds=0, certificate=refused)
    assert not found.ok
    assert found.rows[0].method == refused.reason


def test_a_verdict_on_another_network_is_no_evidence(article):
    with pytest.raises(symcnn.InputError, match="another network"):
        symcnn.verify(symcnn.Network((2,), [symcnn.Dense(1)]), certificate=article.verdict)
