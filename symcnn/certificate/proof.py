"""What proves a certificate's theorems; a reader need not read it, Coq does.

For each stage: the tape (the formulas as terms of the calculus), the claims (the derivation's adjoints), the values of
both as binary trees, and the lemmas that calculus.v wants: that the values obey the tape, that the claims obey the chain
rule, and that what the calls demand is so.
"""

from collections.abc import Iterator, Mapping, Sequence

from sympy import Expr, Symbol

from symcnn.certificate.shifts import Shift, lemmas, shifts
from symcnn.certificate.stage import Stage
from symcnn.errors import NotSupportedYetError
from symcnn.printers.coq import CalculusPrinter, Demand
from symcnn.printers.infix import is_divisor

#: Premises by their letters in proofs.
KINDS = (("kinks", "K"), ("windows", "T"))

COMPUTED = "Proof. vm_compute; reflexivity. Qed."


def tape(stage: Stage) -> Iterator[str]:
    """The whole network's tape and claims."""
    n, graph = stage.numbers, stage.derivation.graph
    printer = CalculusPrinter(n.name, n.number)
    adjoints = {p: graph.backward[f"dE_d{p}"] for p in (*n.parameters, *(v.name for v in stage.stated[:-1]))}
    claims = [(n.of[name], printer.backward(v)) for name, v in adjoints.items()] + [(n.last, "1")]
    yield "Open Scope expr_scope."
    yield f"Definition network_tape : tape := [\n{_rows([(n.of[v.name], stage.terms[v.name]) for v in stage.stated])}]."
    yield f"Definition network_claims : claims := [\n{_rows(claims)}]."
    yield "Close Scope expr_scope."
    yield from _checked(stage, "network")


def _rows(rows: list[tuple[int, str]]) -> str:
    return ";\n".join(f"({number}%positive, {term})" for number, term in rows)


def _checked(stage: Stage, name: str) -> Iterator[str]:
    last = stage.numbers.last
    yield f"Lemma {name}_proper : proper {stage.first} {last} {name}_tape {name}_claims = true.\n{COMPUTED}"
    yield f"Lemma {name}_obeys : wrong {last} {name}_tape {name}_claims = [].\n{COMPUTED}"


class Link:
    """Between the specification's definitions of a stage and the calculus.

    Attributes:
        q: the values of all quantities by number, as a function of what moves; g: those of the adjoints.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage, self.numbers = stage, stage.numbers
        self.shifts = shifts(stage)
        self.is_whole = stage.tensor is None
        self.name = "network" if self.is_whole else f"after_{stage.tensor and stage.tensor.name}"
        self.q, self.g = f"{self.name}_q", "network_g" if self.is_whole else "network_g image"
        self.at = "".join(f" ({m} parameter image)" for m in self.numbers.shifts)
        self.here = f"({self.q}{self.at})" if self.at else self.q
        self.point = "parameter" if self.is_whole else f"({stage.moved} parameter image)"

    def lines(self) -> Iterator[str]:
        yield f"Section {self.name.title()}.\nVariable image : positive -> R."
        if not self.is_whole:
            yield "Variable parameter : positive -> R."
        for shift in self.shifts:
            yield from lemmas(self.stage, shift, self.name)
        yield from self._values() if self.is_whole else self._values_after()
        yield from self._obeyed()
        yield from self._conditions()
        yield from self._gradient()
        yield f"End {self.name.title()}."

    # --- values ---------------------------------------------------------------------------------------------------------

    @property
    def _at(self) -> str:
        return "".join(f" at_{m}" for m in self.numbers.shifts)

    def _entries(self) -> dict[int, str]:
        instead: dict[str, str] = {}
        for shift in self.shifts:
            instead |= shift.instead(self.stage, f"at_{shift.name}")
        return {self.numbers.of[v.name]: instead.get(v.name) or self.stage.applied(v.name) for v in self.stage.stated}

    def _values(self) -> Iterator[str]:
        n, stage = self.numbers, self.stage
        fixed = "image"
        for m in n.shifts:
            fixed = f"(moved {fixed} {n.of[m]} at_{m})"
        entries = self._entries() | {k: f"({_value(stage, e)})" for e, k in n.values.items()}
        yield f"Definition {self.q}{self._at} (parameter : positive -> R) : env := fun u => if Pos.ltb u {stage.first}"
        yield f"then within {stage.low} {stage.high} parameter {fixed} u else lookup ({tree(entries)}) u."
        adjoints = {n.of[p]: stage.applied(f"dE_d{p}") for p in (*n.parameters, *(v.name for v in stage.stated[:-1]))}
        yield f"Definition {self.g} (parameter : positive -> R) : env := lookup ({tree(adjoints | {n.last: '1'})})."
        self.inputs = f"(fun parameter => within {stage.low} {stage.high} parameter {fixed})"

    def _values_after(self) -> Iterator[str]:
        """Before the map, and for values of calls, which no formula of the tape reads: as in the whole network."""
        stage, last = self.stage, self.numbers.last
        whole = f"(network_q image{self._at} parameter)"
        yield f"Definition {self.q}{self._at} (map : positive -> R) : env := fun u => if Pos.ltb u {stage.first}"
        yield f"then within {stage.low} {stage.high} map {whole} u else if Pos.ltb {last} u then {whole} u else"
        yield f"lookup ({tree(self._entries())}) u."
        self.inputs = f"(fun map => within {stage.low} {stage.high} map {whole})"

    # --- what they obey -------------------------------------------------------------------------------------------------

    def _obeyed(self) -> Iterator[str]:
        stage, tape, q = self.stage, f"{self.name}_tape", self.q
        readers = sorted(
            ((v, s) for s in self.shifts for v in s.readers), key=lambda pair: self.numbers.of[pair[0].name]
        )
        few = "; ".join(f"{self.numbers.of[v.name]}%positive" for v, _ in readers)
        equal = "eq_refl"
        for v, shift in reversed(readers):
            equal = f"(f_equal2 cons ({self.name}_{v.name}_any_shift {stage.moving} {stage.applied(shift.name)} at_{shift.name}) {equal})"
        yield f"Definition {self.name}_few : list positive := [{few}]."
        yield f"Lemma {q}_inputs{self._at} : from_inputs {stage.first} {self.inputs} ({q}{self._at})."
        yield f"Proof. intros {stage.moving} u L; unfold {q}; apply Pos.ltb_lt in L; rewrite L; reflexivity. Qed."
        yield f"Lemma {q}_many{self._at} : values_of {tape} ({q}{self._at}) {self.name}_few false."
        yield f"Proof. intros {stage.moving} a; reflexivity. Qed."
        yield f"Lemma {q}_few{self._at} : values_of {tape} ({q}{self._at}) {self.name}_few true."
        yield f"Proof. intros {stage.moving} a; exact {equal}. Qed."
        if not self.is_whole:
            yield from self._is_whole()
        over = "parameter" if self.is_whole else ""
        yield f"Lemma {q}_claimed {over} : claimed {self.name}_claims {self.here} ({self.g} parameter) {self.point}."
        yield f"Proof. {'' if self.is_whole else f'unfold claimed; rewrite {q}_whole; '}reflexivity. Qed."

    def _is_whole(self) -> Iterator[str]:
        """At the map's own values the part computes what the whole network does."""
        stage, numbers, tape = self.stage, self.numbers, f"{self.name}_tape"
        cells = "; ".join(stage.whole.applied(x) for x in stage.free)
        yield f"""Lemma {self.q}_whole : {self.here} {self.point} = network_q image{self.at} parameter.
Proof.
refine (part_is_whole {stage.low} {stage.high} {stage.first} {numbers.last} network_tape {tape} (network_q image{self.at})
  {self.here} parameter network_few {self.name}_few [{cells}] _ _ _ _ _ _ (network_q_many image{self.at})
  (network_q_few image{self.at}) ({self.q}_many{self.at}) ({self.q}_few{self.at}) _ _).
- vm_compute; reflexivity.
- vm_compute; reflexivity.
- reflexivity.
- lia.
- repeat (apply conj; [reflexivity |]); exact I.
- intros k e K; rewrite {tape}_part in K; exact (proj1 (proj1 (filter_In _ _ _) K)).
- intros u L; exact ({self.q}_inputs{self.at} _ u L).
- intros u L; unfold {self.q}; destruct (Pos.ltb_spec u {stage.first}); [lia |];
  destruct (Pos.ltb_spec {numbers.last} u); [reflexivity | lia].
Qed."""

    # --- what the calls demand ------------------------------------------------------------------------------------------

    def _conditions(self) -> Iterator[str]:
        """What the calls demand, kind by kind."""
        over, tape, v = "parameter " if self.is_whole else "", f"{self.name}_tape", f"({self.here} {self.point})"
        along, g = f"(along_v {self.here} {self.point})", f"({self.g} parameter)"
        equalities = f"(of_all (equalities {v} {g}) {tape})"
        at = "" if self.is_whole else f"rewrite {self.q}_whole; "
        yield f"Lemma {self.q}_equal {over}: map fst {equalities} = map snd {equalities}.\nProof. {at}reflexivity. Qed."
        premises = dict(zip((letter for letter, _ in self._premises), self._hypotheses("image"), strict=True))
        given = {k: f"{p} ->" for k, p in premises.items()}
        yield f"Lemma {self.q}_kinks {over}: {given.get('k', '')}"
        yield f"  every (map (kinkless {along} {v} {g}) (of_all (calls has_kink) {tape}))."
        yield f"Proof. {'intro K; exact K' if 'k' in given else 'exact I'}. Qed."
        yield f"Lemma {self.q}_windows {over}: {given.get('t', '')}"
        yield f"  every (map (winner {along} {v}) (of_all windows {tape}))."
        yield f"Proof. {'intro T; apply settled_windows; exact T' if 't' in given else 'exact I'}. Qed."
        yield f"Lemma {self.q}_positive {over}: every (map (fun x => 0 < eval {v} {g} x) (of_all (calls wants_positive) {tape}))."
        yield f"Proof. {at}exact {self._positive()}. Qed."

    @property
    def _premises(self) -> list[tuple[str, int]]:
        """A letter for no_kink and for no_tie, where there are such, and of how many parts they are."""
        both = [("k", len(self.stage.kinks)), ("t", len(self.stage.ties))]
        return [(letter, count) for letter, count in both if count]

    def assumed(self, suffix: str) -> list[str]:
        """Names for the premises that a theorem has."""
        return [letter + suffix for letter, _ in self._premises]

    def _hypotheses(self, image: str) -> list[str]:
        path = f"{self.stage.module}." if self.stage.module else ""
        given = f"parameter {image}" + ("" if self.is_whole else f" ({self.stage.moved} parameter {image})")
        names = {"k": "no_kink", "t": "no_tie"}
        return [f"{path}{names[letter]} {given}" for letter, _ in self._premises]

    def hypotheses(self, image: str) -> str:
        """The premises of a theorem about an image, each with its arrow."""
        return " ".join(f"{premise} ->" for premise in self._hypotheses(image))

    def _positive(self) -> str:
        """That the sums of exponentials are, of which the logarithm is taken or by which is divided."""
        sums = {Symbol(shift.sum.name): shift for shift in self.shifts}
        found = []
        for demand in (d for v in self.stage.stated for d in self.stage.demands[v.name]):
            if demand.function in ("Log", "Inverse"):
                if demand.argument not in sums:
                    raise NotSupportedYetError(f"{demand.function} of {demand.argument}: no rule says it is positive")
                shift = sums[demand.argument]
                image = "" if self.is_whole else " image"
                found.append(f"(network_{shift.sum.name}_positive{image} parameter ({shift.name} parameter image))")
        text = found.pop() if found else "I"
        for one in reversed(found):
            text = f"(conj {one} {text})"
        return text

    # --- the chain rule -------------------------------------------------------------------------------------------------

    def _gradient(self) -> Iterator[str]:
        stage, q, name = self.stage, self.q, self.name
        over = "parameter " if self.is_whole else ""
        names = [letter.upper() for letter, _ in self._premises]
        kinks, windows = (f"({q}_{what} {over}{letter if letter in names else ''})" for what, letter in KINDS)
        claimed = f"({q}_claimed parameter)" if self.is_whole else f"{q}_claimed"
        yield f"""Lemma {q}_gradient {over}p : {self.hypotheses("image")} Pos.leb {stage.low} p && Pos.ltb p {stage.high} = true ->
  mem p (map fst {name}_claims) = true ->
  is_derive (fun r => {self.here} (moved {self.point} p r) {self.numbers.last}%positive) ({self.point} p) ({self.g} parameter p).
Proof.
intros {" ".join([*names, "L", "M"])}; apply (gradient {stage.first} {self.numbers.last} {name}_tape {name}_claims _ {self.here}
  ({self.g} parameter) {self.point} {name}_few {name}_proper {name}_obeys ({q}_inputs{self.at}) ({q}_many{self.at})
  ({q}_few{self.at}) {claimed} eq_refl
  ({q}_equal {over}) {kinks} {windows} ({q}_positive {over})); [| exact M |].
- apply andb_prop in L as [_ L]; apply Pos.ltb_lt in L; apply Pos.ltb_lt; lia.
- intro u; apply within_derive; exact L.
Qed."""

    def derivative(self, image: str, number: int, names: Sequence[str]) -> str:
        """The proof that E of an image has the derivative; names: the hypotheses of the theorem."""
        over = f"{image} parameter"
        return f"({self.q}_gradient {' '.join([over, str(number), *names])} eq_refl eq_refl)"


def _value(stage: Stage, call: Expr) -> str:
    """A call's value; 1/s is the inverse of s, which t/s multiplies t with."""
    return f"/ {stage.printed(1 / call)}" if is_divisor(call) else stage.printed(call)


def part(stage: Stage) -> Iterator[str]:
    """The part of the tape and of the claims that follows a feature map."""
    name = f"after_{stage.tensor and stage.tensor.name}"
    chosen = {
        "tape": f"filter (fun kn => Pos.leb {stage.first} (fst kn)) network_tape",
        "claims": f"filter (fun uc => Pos.leb {stage.low} (fst uc)) network_claims",
    }
    for what, filtered in chosen.items():
        yield f"Definition {name}_{what} := Eval vm_compute in {filtered}."
    yield f"Lemma {name}_tape_part : {name}_tape = {chosen['tape']}.\n{COMPUTED}"
    yield from _checked(stage, name)


def tree(entries: Mapping[int, str]) -> str:
    """Text of a binary tree: where a number's binary digits, from the last one on, lead to its entry."""
    left = {n // 2: text for n, text in entries.items() if n > 1 and n % 2 == 0}
    right = {n // 2: text for n, text in entries.items() if n > 1 and n % 2 == 1}
    branches = [f"({tree(branch)})" if branch else "Leaf" for branch in (left, right)]
    return f"Node {branches[0]} {entries.get(1, '0')}\n{branches[1]}"
