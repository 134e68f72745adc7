"""The proof of a certificate's theorems, for Coq: a reader need not read it.

For each stage the tape (the formulas as terms of the calculus) and the claims (the derivation's adjoints), and in
``link.v`` the values of both as binary trees, with the lemmas that the calculus needs: the values obey the tape, the
claims obey the chain rule, and the side conditions of the calls hold.

Softmax: E does not depend on the shift inside, which is proved once for each softmax; then the shift does not move.

    m    the shift           u_k := exp (o_k - m)          s := u_1 + u_2 + …
    what reads them (log s + m - o_k, u_k/s) is the same for every m
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from importlib.resources import files
from string import Template

from sympy import Expr, Symbol

from symcnn.certificate.stage import Stage
from symcnn.derivation import Variable
from symcnn.errors import NotSupportedYetError
from symcnn.printers.coq import CalculusPrinter
from symcnn.printers.infix import is_divisor
from symcnn.symbolic import exp


@dataclass(frozen=True)
class Shift:
    """The shift of a softmax.

    Attributes:
        name: of the shift; powers, sum: the variables whose values depend on it; readers: those whose values do not.
    """

    name: str
    powers: tuple[Variable, ...]
    sum: Variable
    readers: tuple[Variable, ...]

    def shifted_by(self, stage: Stage, shift: str) -> dict[str, str]:
        """The texts of shift, powers and sum with another shift."""
        texts = {self.name: shift}
        for v in (*self.powers, self.sum):
            texts[v.name] = f"({stage.printed(v, texts)})"
        return texts


def shifts(stage: Stage) -> list[Shift]:
    """The shifts of a stage's softmaxes."""
    result = []
    for name in stage.numbers.shifts:
        if name not in stage.arguments:
            continue
        powers = tuple(v for v in stage.variables if Symbol(name) in v.symbols() and v.expression.func is exp)
        names = {Symbol(u.name) for u in powers}
        if not powers:
            continue
        (total,) = (v for v in stage.variables if v.symbols() == names)
        changing = names | {Symbol(name), Symbol(total.name)}
        others = (v for v in stage.variables if v not in powers and v is not total)
        result.append(Shift(name, powers, total, tuple(v for v in others if v.symbols() & changing)))
    return result


def lemmas(stage: Stage, shift: Shift) -> Iterator[str]:
    """The sum is positive, it depends on the shift in this way, and nothing else does."""
    inputs, name = " ".join(stage.inputs), f"{stage.name}_{shift.sum.name}"
    n, m = (shift.shifted_by(stage, letter)[shift.sum.name] for letter in ("n", "m"))
    powers = ", ".join(f"({_shifted(stage, u)})" for u in shift.powers)
    yield f"""Lemma {name}_positive ({inputs} : env) n : 0 < {n}.
Proof. repeat apply Rplus_lt_0_compat; apply exp_pos. Qed.
Lemma {name}_shift ({inputs} : env) m n : {n} = {m} * exp (m - n).
Proof. rewrite {powers}; ring. Qed."""
    positive = f"({name}_positive {inputs} m)"
    for v in shift.readers:
        powers = "".join(f", ?({_shifted(stage, u)})" for u in shift.powers if Symbol(u.name) in v.symbols())
        last = f"rewrite ?(log_exp_times _ _ {positive}); ring"
        if powers:
            last = f"field; repeat split; apply Rgt_not_eq; (apply exp_pos || apply {positive})"
        sides = (stage.printed(v, shift.shifted_by(stage, letter)) for letter in ("m", "n"))
        yield f"""Lemma {stage.name}_{v.name}_any_shift ({inputs} : env) m n : {" = ".join(sides)}.
Proof. symmetry; rewrite ({name}_shift {inputs} m n){powers}; {last}. Qed."""


def _shifted(stage: Stage, power: Variable) -> str:
    """exp (z - n) in terms of exp (z - m)."""
    (call,) = power.products[0]
    (z,) = (s for s in call.free_symbols if s.name in {v.name for v in stage.variables})
    return f"exp_shift {stage.applied(z.name)} m n"


COMPUTED = "Proof. vm_compute; reflexivity. Qed."


def tape(stage: Stage) -> Iterator[str]:
    """The whole network's tape and claims."""
    n = stage.numbers
    printer = CalculusPrinter(n.name, n.number)
    claims = [(n.of[name], printer.backward(v)) for name, v in stage.adjoints.items()] + [(n.last, "1")]
    yield "Open Scope expr_scope."
    terms = [(n.of[v.name], stage.terms[v.name]) for v in stage.variables]
    yield f"Definition network_tape : tape := [\n{_rows(terms)}]."
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
    """The bridge from the specification's definitions of a stage to the calculus: ``link.v``."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.numbers = stage, stage.numbers
        self.is_whole = stage.tensor is None
        self.q = f"{stage.name}_q"
        self._shifts = shifts(stage)

    @property
    def text(self) -> str:
        """``link.v``, filled in."""
        text = _template("link.v").substitute(self._words)
        return text if self.is_whole else text + self._is_e

    @property
    def _is_e(self) -> str:
        """The lemma that E as a function of the map is E, where the map is that of the network."""
        stage = self.stage
        return f"""
Lemma {stage.module}_is_E parameter image : {stage.applied("E", map=stage.point("image"))} = {stage.whole.applied("E")}.
Proof. exact (f_equal (fun v : env => v {self.numbers.last}%positive) ({self.q}_whole image parameter)). Qed."""

    def with_premises(self, premises: str) -> list[str]:
        """The arguments of the gradient lemma for no_kink and no_tie, from the premises of a theorem."""
        own = iter(re.findall(r"\(.*?\)|\w+", premises))
        return [next(own) if conditions else "I" for conditions in (self.stage.kinks, self.stage.ties)]

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
            # a transparent map would be looked up in its list of cells over and over
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
        shifts = self.numbers.shifts
        return reduce(lambda image, m: f"(moved {image} {self.numbers.of[m]} at_{m})", shifts, "image")

    @property
    def _values(self) -> dict[int, str]:
        """Number -> value; the values of calls, which no formula of the tape reads, in the whole network only."""
        stage, numbers = self.stage, self.numbers
        shifted: dict[str, str] = {}
        for shift in self._shifts:
            shifted |= shift.shifted_by(stage, f"at_{shift.name}")
        values = {numbers.of[v.name]: shifted.get(v.name) or stage.applied(v.name) for v in stage.variables}
        return values | {k: f"({_value(stage, e)})" for e, k in numbers.values.items() if self.is_whole}

    @property
    def _adjoints(self) -> str:
        if not self.is_whole:
            return ""
        adjoints = {self.numbers.of[name]: self.stage.applied(v.name) for name, v in self.stage.adjoints.items()}
        text = tree(adjoints | {self.numbers.last: "1"})
        return f"Definition network_g (image parameter : env) : env := lookup (\n{text})."

    @property
    def _readers(self) -> list[tuple[Variable, Shift]]:
        """The variables that are the same for every shift, in the tape's order."""
        readers = [(v, s) for s in self._shifts for v in s.readers]
        return sorted(readers, key=lambda pair: self.numbers.of[pair[0].name])

    @property
    def _any_shift(self) -> str:
        text = "eq_refl"
        for v, shift in reversed(self._readers):
            same = f"{self.stage.name}_{v.name}_any_shift {' '.join(self.stage.inputs)}"
            text = f"(f_equal2 cons ({same} {self.stage.applied(shift.name)} at_{shift.name})\n  {text})"
        return text

    @property
    def _positive(self) -> str:
        """The proof that the sums of exponentials inside logarithms and denominators are positive."""
        sums = {Symbol(shift.sum.name): shift for shift in self._shifts}
        proofs = []
        for demand in (d for v in self.stage.variables for d in self.stage.demands[v.name]):
            if demand.function in ("Log", "Inverse"):
                if demand.argument not in sums:
                    raise NotSupportedYetError(f"{demand.function} of {demand.argument}: not known to be positive")
                shift = sums[demand.argument]
                at = self.stage.whole.applied(shift.name)
                proofs.append(f"(network_{shift.sum.name}_positive parameter image {at})")
        *others, last = proofs or ["I"]
        return reduce(lambda text, proof: f"(conj {proof}\n  {text})", reversed(others), last)


def _template(name: str) -> Template:
    return Template(files("symcnn.certificate").joinpath(name).read_text("utf-8"))


def _value(stage: Stage, call: Expr) -> str:
    """A call's value; of 1/s, Coq's inverse of s."""
    return f"/ {stage.printed(1 / call)}" if is_divisor(call) else stage.printed(call)


def tree(entries: Mapping[int, str]) -> str:
    """Text of a binary tree in which a number's binary digits, from the last one on, lead to its entry."""
    left = {n // 2: text for n, text in entries.items() if n > 1 and n % 2 == 0}
    right = {n // 2: text for n, text in entries.items() if n > 1 and n % 2 == 1}
    branches = [f"({tree(branch)})" if branch else "Leaf" for branch in (left, right)]
    return f"Node {branches[0]} {entries.get(1, '0')}\n{branches[1]}"
