"""Files that someone hands in: Coq runs the commands of what it is shown, so that it is never shown them."""

import re

import numpy as np
import pytest

import symcnn
from symcnn import certificate as certificates
from symcnn.certificate import certificate_of, recheck

FIRST = "From Coq Require Import FunctionalExtensionality"
THEOREM = "Theorem is_dE_df_11 : "


def before(command, place=FIRST):
    return lambda text: text.replace(place, f"{command}\n{place}", 1)


def replaced(old, new):
    def change(text):
        assert old in text
        return text.replace(old, new, 1)

    return change


def proof_of_first(new):
    return lambda text: re.sub(r"(Theorem is_dE_df_11 :.*?Proof\.).*?Qed\.", rf"\1 {new}", text, count=1, flags=re.S)


#: What is done to the article's certificate.
FORGED = {
    "derivatives of one's own": before("Definition is_derive (f : R -> R) (x d : R) := True.", "Module Spec."),
    "a sum of one's own": before('Notation "x + y" := (x - y) : R_scope.', "Module Spec."),
    "reals of one's own": before("Definition R := unit.", "Module Spec."),
    "another scope": before("Open Scope nat_scope.", "Module Spec."),
    "an axiom": before("Axiom mine : False.", THEOREM),
    "a parameter": before("Parameter mine : False.", THEOREM),
    "a variable": before("Variable mine : False.", THEOREM),
    "a hypothesis": before("Hypothesis mine : False.", THEOREM),
    "a context": before("Context (mine : False).", THEOREM),
    "a conjecture": before("Conjecture mine : False.", THEOREM),
    "admitted": proof_of_first("Admitted."),
    "admit": proof_of_first("admit. Admitted."),
    "given up": proof_of_first("give_up. Qed."),
    "no guard": before("Unset Guard Checking."),
    "no universes": before("Unset Universe Checking."),
    "an option": before('Set Warnings "-all".'),
    "a theorem missing": lambda text: re.sub(r"Theorem is_dE_df_12 :.*?Qed\.\n", "", text, flags=re.S),
    "a theorem's name": replaced("Theorem is_dE_df_12 ", "Theorem is_dE_df_13 "),
    "two names": lambda text: re.sub(r"(?<=Theorem is_dE_df_1)[12]", lambda m: "21"[int(m[0]) - 1], text),
    "a statement": replaced("(dE_df_11 parameter image1 + ", "(dE_df_12 parameter image1 + "),
    "nothing to satisfy": replaced(THEOREM, "Theorem is_dE_df_11 : False -> "),
    "a formula": replaced("o_1 - t_1", "t_1 - o_1"),
    "another image": replaced("E parameter image1 + E parameter image2", "E parameter image1 + E parameter image1"),
    "a comment around": replaced("Theorem is_dE_df_12 ", "(* Theorem is_dE_df_12 "),
    "a comment": replaced("Module Spec.", "Module Spec. (* *)"),
    "an answer": lambda text: text + 'Goal True. idtac "Closed under the global context". Abort.\n',
    "a print": lambda text: text + "Eval compute in 0.\n",
    "a file written": before('Redirect "stolen" Print nat.'),
    "a program written": before('Extraction "stolen.ml" negb.'),
    "a file read": before('Load "other".'),
    "a folder": before('Add LoadPath "/" as Stolen.'),
    "a plugin": before('Declare ML Module "stolen".'),
    "a blank": lambda text: text + " ",
    "an end": lambda text: text[:-1],
    "half": lambda text: text[: len(text) // 2],
    "nothing": lambda text: "",
    "ends of lines": lambda text: text.replace("\n", "\r\n"),
    "a mark in front": lambda text: "\ufeff" + text,
    "a zero": lambda text: text + "\0",
    "another letter": replaced("E_total", "Е_total"),
}  # fmt: skip


def file_of(folder, text):
    path = folder / "handed_in.v"
    path.write_bytes(text.encode("utf-8"))
    return path


@pytest.fixture
def _derived_once(net, data, own, monkeypatch):
    monkeypatch.setattr(certificates, "certificate_of", lambda network, given: own)


@pytest.fixture(scope="module")
def own(net, data):
    return certificate_of(net, data)


@pytest.mark.usefixtures("_derived_once")
@pytest.mark.parametrize("name", FORGED)
def test_a_file_that_symcnn_would_not_write_is_refused_unseen_by_coq(name, tmp_path, net, data, text, shown_to_coq):
    forged = FORGED[name](text)
    assert forged != text
    verdict = recheck(file_of(tmp_path, forged), net, data)
    assert verdict.status == "rejected"
    assert re.fullmatch(r"line \d+ is not what symcnn writes for this network", verdict.reason)
    assert shown_to_coq == []


def test_bytes_that_are_no_text_are_refused(tmp_path, net, data, text, shown_to_coq):
    path = tmp_path / "handed_in.v"
    path.write_bytes(text.encode("utf-8") + b"\xff")
    assert recheck(path, net, data).status == "rejected"
    assert shown_to_coq == []


def test_another_networks_certificate_is_refused(tmp_path, net, data, shown_to_coq):
    path = symcnn.write_certificate(symcnn.Network((2,), [symcnn.Dense(1)]), tmp_path / "other.v")
    assert recheck(path, net, data).status == "rejected"
    assert shown_to_coq == []


def test_what_symcnn_would_write_is_shown_to_coq_and_not_the_file(tmp_path, net, data, text, shown_to_coq, monkeypatch):
    """Whoever exchanges the file after it was read gains nothing."""
    path = file_of(tmp_path, text)
    read = type(path).read_bytes

    def read_then_exchanged(self):
        found = read(self)
        self.write_text("Axiom mine : False.", "utf-8")
        return found

    monkeypatch.setattr(type(path), "read_bytes", read_then_exchanged)
    assert recheck(path, net, data).ok
    assert shown_to_coq == [text]


def test_a_certificate_of_any_number_of_images_is_one_of_these(tmp_path, net, data, shown_to_coq):
    path = symcnn.write_certificate(net, tmp_path / "any.v")
    verdict = recheck(path, net, data)
    assert verdict.ok
    assert len(verdict.theorems) == 24
    assert shown_to_coq == [certificate_of(net).text]
    one = symcnn.Data(data.images[:1], data.targets[:1])
    assert recheck(symcnn.write_certificate(net, tmp_path / "two.v", data=data), net, one).status == "rejected"


def test_what_is_no_file_is_refused_in_one_line(tmp_path, net):
    for path in (tmp_path, tmp_path / "missing.v"):
        with pytest.raises(symcnn.InputError, match=r"(no such file|cannot be read).*expected a certificate"):
            recheck(path, net)


def test_a_report_tells_of_a_certificate_and_of_what_it_presupposes(tmp_path, shown_to_coq):
    layers = [symcnn.Conv2D(1, 2), symcnn.Activation("relu"), symcnn.MaxPool2D(2), symcnn.Dense(1)]
    net, data = symcnn.Network((3, 3), layers), symcnn.Data([np.eye(3), np.ones((3, 3))], [[1.0], [0.0]])
    path = symcnn.write_certificate(net, tmp_path / "c.v", data=data)
    run = symcnn.train(net, data, steps=2, initial=[1.0] * 7)
    text = symcnn.write_report(net, tmp_path / "d.md", run=run, certificate=path).read_text("utf-8")
    assert shown_to_coq == [path.read_text("utf-8")]
    assert re.search(r"the kernel of Coq [\d.]+ has checked 15 theorems", text)
    assert "each of them (4 in total) is nonzero" in text
    assert "in each window (1 in total)" in text
    # x_11 and x_22 of the first image are tied, and all cells of the second; f moves them alike
    assert "these premises hold for 9 of 15 theorems" in text


def test_a_report_is_not_written_with_a_certificate_of_something_else(tmp_path, net, data, text):
    path = file_of(tmp_path, text.replace("o_1 - t_1", "t_1 - o_1", 1))
    with pytest.raises(symcnn.InputError, match="is not what symcnn writes"):
        symcnn.write_report(net, tmp_path / "d.md", data=data, steps=2, certificate=path)
    assert not (tmp_path / "d.md").exists()
