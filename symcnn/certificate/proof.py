"""What proves a certificate's theorems; a reader need not read it, Coq does.

For each stage the tape (the formulas as terms of the calculus) and the claims (the derivation's adjoints), and in
``link.v`` the values of both as binary trees, with the lemmas that the calculus wants: that the values obey the tape,
that the claims obey the chain rule, and that what the calls demand is so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from string import Template

from sympy import Expr, Symbol

from symcnn.certificate.shifts import Shift, lemmas, shifts
from symcnn.certificate.stage import Stage
from symcnn.derivation import Variable
from symcnn.errors import NotSupportedYetError
from symcnn.printers.coq import CalculusPrinter
from symcnn.printers.infix import is_divisor

COMPUTED = "Proof. vm_compute; reflexivity. Qed."


def tape(stage: Stage) -> Iterator[str]:
    """The whole network's tape and claims."""
    n = stage.numbers
    printer = CalculusPrinter(n.name, n.number)
    claims = [(n.of[name], printer.backward(v)) for name, v in stage.adjoints.items()] + [(n.last, "1")]
    yield "Open Scope expr_scope."
    yield f"Definition network_tape : tape := [\n{_rows([(n.of[v.name], stage.terms[v.name]) for v in stage.stated])}]."
    yield f"Definition network_claims : claims := [\n{_rows(claims)}]."
    yield "Close Scope expr_scope."
    yield from _checked(stage, "network")


def part(stage: Stage) -> Iterator[str]:
    """The part of the tape and of the claims that follows a feature map."""
    tape = f"filter (fun kn => Pos.leb {stage.first} (fst kn)) network_tape"
    yield f"Definition {stage.name}_tape := Eval vm_compute in {tape}."
    yield f"Lemma {stage.name}_tape_part : {stage.name}_tape = {tape}.\n{COMPUTED}"
    claims = f"filter (fun uc => Pos.leb {stage.low} (fst uc)) network_claims"
    yield f"Definition {stage.name}_claims := Eval vm_compute in {claims}."
    yield from _checked(stage, stage.name)


def _rows(rows: Sequence[tuple[int, str]]) -> str:
    return ";\n".join(f"({number}%positive, {term})" for number, term in rows)


def _checked(stage: Stage, name: str) -> Iterator[str]:
    last = stage.numbers.last
    yield f"Lemma {name}_proper : proper {stage.first} {last} {name}_tape {name}_claims = true.\n{COMPUTED}"
    yield f"Lemma {name}_obeys : wrong {last} {name}_tape {name}_claims = [].\n{COMPUTED}"


class Bridge:
    """Between the specification's definitions of a stage and the calculus."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.numbers = stage, stage.numbers
        self.is_whole = stage.tensor is None
        self.q = f"{stage.name}_q"
        self._shifts = shifts(stage)

    @property
    def text(self) -> str:
        """``link.v``, filled in."""
        found = _template("link.v").substitute(self._words)
        return found if self.is_whole else found + self._is_e

    @property
    def _is_e(self) -> str:
        """E as a function of the map is E, where the map is that of the network."""
        stage = self.stage
        return f"""
Lemma {stage.module}_is_E parameter image : {stage.applied("E", map=stage.point("image"))} = {stage.whole.applied("E")}.
Proof. exact (f_equal (fun v : env => v {self.numbers.last}%positive) ({self.q}_whole image parameter)). Qed."""

    def with_premises(self, given: str) -> list[str]:
        """What the gradient lemma wants, no_kink and no_tie, of what a theorem has of them."""
        found = iter(re.findall(r"\(.*?\)|\w+", given))
        return [next(found) if there else "I" for there in (self.stage.kinks, self.stage.ties)]

    @cached_property
    def _words(self) -> dict[str, object]:
        stage, numbers = self.stage, self.numbers
        at = "".join(f" at_{m}" for m in numbers.shifts)
        here_at = "".join(f" {stage.whole.applied(m)}" for m in numbers.shifts)
        point = "Variable parameter : positive -> R.\n"
        whole_at = f"(network_q image{at} parameter)"
        words: dict[str, object] = {
            "title": stage.module or "the whole network", "section": f"Proof_of_{stage.name}", "name": stage.name,
            "q": self.q, "at": at, "here_at": here_at, "moving": stage.moving, "point": stage.point("image"),
            "here": f"({self.q}{here_at})", "low": stage.low, "high": stage.high, "first": stage.first,
            "last": numbers.last, "g": "(network_g image parameter)",
            "whole": f"network_q{'' if self.is_whole else ' image'}{here_at} parameter",
            # as the map's list of cells each of its cells would be looked up over and over
            "opaque": "" if stage.tensor is None else f"Opaque map_{stage.tensor.name}.\n",
            "transparent": "" if stage.tensor is None else f"Transparent map_{stage.tensor.name}.\n",
            "as_whole": "" if self.is_whole else f"rewrite {self.q}_whole; ",
            "before": "" if self.is_whole else point, "then": point if self.is_whole else "",
            "shifts": "\n".join(line for s in self._shifts for line in lemmas(stage, s)),
            "fixed": self._image if self.is_whole else whole_at,
            "until": numbers.last + (len(numbers.values) if self.is_whole else 0),
            "otherwise": "(fun _ => 0)" if self.is_whole else whole_at,
            "values": tree(self._values), "adjoints": self._adjoints,
            "few": "; ".join(f"{numbers.of[v.name]}%positive" for v, _ in self._readers),
            "any_shift": self._any_shift, "positive": self._positive,
            "cells": "; ".join(stage.whole.applied(x) for x in stage.free),
        }  # fmt: skip
        premises = dict(stage.premises("image", "n"))
        words |= {name: premises.get(name, "True") for name in ("no_kink", "no_tie")}
        words["is_whole"] = "reflexivity." if self.is_whole else _template("after.v").substitute(words)
        return words

    @property
    def _image(self) -> str:
        """Pixels and targets, and shifts that do not move."""
        found = "image"
        for m in self.numbers.shifts:
            found = f"(moved {found} {self.numbers.of[m]} at_{m})"
        return found

    @property
    def _values(self) -> dict[int, str]:
        """What stands under which number. Calls, which no formula of the tape reads, the whole network knows."""
        stage, numbers = self.stage, self.numbers
        instead: dict[str, str] = {}
        for shift in self._shifts:
            instead |= shift.instead(stage, f"at_{shift.name}")
        found = {numbers.of[v.name]: instead.get(v.name) or stage.applied(v.name) for v in stage.stated}
        return found | {k: f"({_value(stage, e)})" for e, k in numbers.values.items() if self.is_whole}

    @property
    def _adjoints(self) -> str:
        if not self.is_whole:
            return ""
        found = {self.numbers.of[name]: self.stage.applied(v.name) for name, v in self.stage.adjoints.items()}
        text = tree(found | {self.numbers.last: "1"})
        return f"Definition network_g (image parameter : env) : env := lookup (\n{text})."

    @property
    def _readers(self) -> list[tuple[Variable, Shift]]:
        """What is the same for every shift, in the tape's order."""
        found = [(v, s) for s in self._shifts for v in s.readers]
        return sorted(found, key=lambda pair: self.numbers.of[pair[0].name])

    @property
    def _any_shift(self) -> str:
        text = "eq_refl"
        for v, shift in reversed(self._readers):
            same = f"{self.stage.name}_{v.name}_any_shift {' '.join(self.stage.given)}"
            text = f"(f_equal2 cons ({same} {self.stage.applied(shift.name)} at_{shift.name})\n  {text})"
        return text

    @property
    def _positive(self) -> str:
        """That the sums of exponentials are, of which the logarithm is taken or by which is divided."""
        sums = {Symbol(shift.sum.name): shift for shift in self._shifts}
        found = []
        for demand in (d for v in self.stage.stated for d in self.stage.demands[v.name]):
            if demand.function in ("Log", "Inverse"):
                if demand.argument not in sums:
                    raise NotSupportedYetError(f"{demand.function} of {demand.argument}: not known to be positive")
                shift = sums[demand.argument]
                at = self.stage.whole.applied(shift.name)
                found.append(f"(network_{shift.sum.name}_positive parameter image {at})")
        text = found.pop() if found else "I"
        for one in reversed(found):
            text = f"(conj {one}\n  {text})"
        return text


def _template(name: str) -> Template:
    return Template(files("symcnn.certificate").joinpath(name).read_text("utf-8"))


def _value(stage: Stage, call: Expr) -> str:
    """A call's value; 1/s is the inverse of s, which t/s multiplies t with."""
    return f"/ {stage.printed(1 / call)}" if is_divisor(call) else stage.printed(call)


def tree(entries: Mapping[int, str]) -> str:
    """Text of a binary tree: where a number's binary digits, from the last one on, lead to its entry."""
    left = {n // 2: text for n, text in entries.items() if n > 1 and n % 2 == 0}
    right = {n // 2: text for n, text in entries.items() if n > 1 and n % 2 == 1}
    branches = [f"({tree(branch)})" if branch else "Leaf" for branch in (left, right)]
    return f"Node {branches[0]} {entries.get(1, '0')}\n{branches[1]}"
