"""A Coq file that states and proves a network's gradients: the definitions a reader reads, and what proves them."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files

from symcnn.certificate.numbering import Numbering
from symcnn.derivation import Derivation, Variable
from symcnn.printers.coq import CalculusPrinter, COQ
from symcnn.printers.infix import InfixPrinter


def certificate(derivation: Derivation, samples: int) -> str:
    writer = Writer(derivation, samples)
    return "\n".join([files("symcnn.certificate").joinpath("calculus.v").read_text("utf-8"), *writer.lines()]) + "\n"


def definition(name: str, body: str) -> str:
    return f"Definition {name} := {body}."


class Writer:
    def __init__(self, derivation: Derivation, samples: int) -> None:
        self.derivation = derivation
        self.graph = derivation.graph
        self.samples = samples
        self.numbers = Numbering(derivation)
        self.arguments = arguments(self.numbers, [*self.graph.forward.values(), *self.graph.backward.values()])

    def applied(self, name: str) -> str:
        found = self.arguments[name]
        return f"({' '.join([name, *found])})" if found else name

    def lines(self) -> Iterable[str]:
        yield from self.tape()
        yield from self.specification()
        yield from self.links()
        yield from self.theorems()

    def tape(self) -> Iterable[str]:
        n = self.numbers
        printer = CalculusPrinter(n.name, n.number)
        yield "Open Scope expr_scope."
        yield "Definition network_tape : tape := ["
        yield ";\n".join(f"({n.of[v.name]}%positive, {printer.forward(v)})" for v in n.stated) + "]."
        yield "Definition network_claims : claims := ["
        backward = self.graph.backward
        rows = [f"({n.of[p]}%positive, {printer.backward(backward[f'dE_d{p}'])})" for p in n.parameters]
        rows += [f"({n.of[v.name]}%positive, {printer.backward(backward[f'dE_d{v.name}']) if v.name != 'E' else '1'})" for v in n.stated]
        yield ";\n".join(rows) + "]."
        yield "Close Scope expr_scope."
        yield f"Lemma network_proper : proper {n.first} {n.last} network_tape network_claims = true.\nProof. vm_compute; reflexivity. Qed."
        yield f"Lemma network_wrong : wrong {n.last} network_tape network_claims = [].\nProof. vm_compute; reflexivity. Qed."

    def specification(self) -> Iterable[str]:
        n = self.numbers
        printer = InfixPrinter(COQ)
        yield "Module Spec.\nSection OneImage.\nVariables parameter image : positive -> R."
        yield from (definition(p, f"parameter {n.of[p]}%positive") for p in n.parameters)
        yield from (definition(p, f"image {n.of[p]}%positive") for p in n.data)
        for v in (*self.graph.forward.values(), *self.graph.backward.values()):
            yield definition(v.name, printer.variable(v))
        yield "End OneImage."
        images = [f"image{k}" for k in range(1, self.samples + 1)]
        yield f"Definition E_total parameter {' '.join(images)} := {' + '.join(f'E parameter {i}' for i in images)}."
        yield "End Spec.\nImport Spec."

    def links(self) -> Iterable[str]:
        n = self.numbers
        printer = InfixPrinter(COQ, self.applied)
        yield "Section Link.\nVariable image : positive -> R."
        entries = {n.of[v.name]: self.applied(v.name) for v in n.stated}
        entries |= {k: printer.expression(e).text for e, k in n.values.items()}
        yield f"Definition q (parameter : positive -> R) u := if Pos.ltb u {n.first} then within 1 {len(n.parameters) + 1} parameter image u else lookup ({tree(entries)}) u."
        entries = {n.of[p]: self.applied(f"dE_d{p}") for p in (*n.parameters, *(v.name for v in n.stated[:-1]))} | {n.last: "1"}
        yield f"Definition g (parameter : positive -> R) u := lookup ({tree(entries)}) u."
        yield f"""Lemma q_inputs : from_inputs {n.first} (fun parameter => within 1 {len(n.parameters) + 1} parameter image) q.
Proof. intros p u L; unfold q; apply Pos.ltb_lt in L; rewrite L; reflexivity. Qed.
Lemma q_values : values network_tape q.
Proof. intros parameter a; reflexivity. Qed.
Lemma g_claimed : claimed network_claims q g.
Proof. intro parameter; reflexivity. Qed.
Lemma q_conditions parameter : conditions_all (q parameter) (g parameter) network_tape.
Proof. repeat (apply conj; [reflexivity |]); exact I. Qed.
Lemma q_gradient parameter p : (Pos.leb 1 p && Pos.ltb p {len(n.parameters) + 1} = true)%bool -> mem p (map fst network_claims) = true ->
  is_derive (fun r => q (moved parameter p r) {n.last}) (parameter p) (g parameter p).
Proof.
intros L M; refine (gradient {n.first} {n.last} network_tape network_claims (fun parameter => within 1 {len(n.parameters) + 1} parameter image) q g network_proper network_wrong q_inputs q_values g_claimed (fun _ => eq_refl) parameter p _ M _ (q_conditions parameter)).
- apply andb_prop in L as [_ L]; apply Pos.ltb_lt in L; apply Pos.ltb_lt; lia.
- intro u; apply within_derive; exact L.
Qed.
End Link."""

    def theorems(self) -> Iterable[str]:
        n = self.numbers
        images = [f"image{k}" for k in range(1, self.samples + 1)]
        for p in n.parameters:
            terms = [self.applied(f"dE_d{p}").replace(" image", f" {i}").strip("()") for i in images]
            proof = f"q_gradient image1 parameter {n.of[p]} eq_refl eq_refl"
            for i in images[1:]:
                proof = f"der_plus _ _ _ _ _ ({proof}) (q_gradient {i} parameter {n.of[p]} eq_refl eq_refl)"
            yield f"""Theorem is_dE_d{p} : forall parameter {' '.join(images)},
  is_derive (fun r => E_total (moved parameter {n.of[p]} r) {' '.join(images)}) ({p} parameter) ({' + '.join(terms)}).
Proof. intros; exact ({proof}). Qed."""


def arguments(numbers: Numbering, variables: Sequence[Variable]) -> Mapping[str, tuple[str, ...]]:
    """What each quantity is a function of."""
    found = {p: {"parameter"} for p in numbers.parameters} | {p: {"image"} for p in numbers.data}
    for v in variables:
        found[v.name] = set().union(*(found[s.name] for s in v.symbols()))
    return {name: tuple(a for a in ("parameter", "image") if a in of) for name, of in found.items()}


def tree(entries: Mapping[int, str]) -> str:
    """Text of a binary tree: where a number's binary digits, from the last one on, lead to its entry."""
    if not entries:
        return "Leaf"
    left = {n // 2: text for n, text in entries.items() if n > 1 and n % 2 == 0}
    right = {n // 2: text for n, text in entries.items() if n > 1 and n % 2 == 1}
    return f"Node {_inner(left)} {entries.get(1, '0')}\n {_inner(right)}"


def _inner(entries: Mapping[int, str]) -> str:
    return f"({tree(entries)})" if entries else "Leaf"
