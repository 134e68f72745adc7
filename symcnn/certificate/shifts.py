"""Softmax: E does not depend on the shift inside, which is proved once for each softmax and then does not move.

m    the shift           u_k := exp (o_k - m)          s := u_1 + u_2 + …
what reads them (log s + m - o_k, u_k/s) is the same for every m
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sympy import Symbol

from symcnn.certificate.stage import Stage
from symcnn.derivation import Variable
from symcnn.symbolic import exp


@dataclass(frozen=True)
class Shift:
    """One softmax.

    Attributes:
        name: of the shift; powers, sum: the variables whose value depends on it; readers: those that do not.
    """

    name: str
    powers: tuple[Variable, ...]
    sum: Variable
    readers: tuple[Variable, ...]

    def instead(self, stage: Stage, shift: str) -> dict[str, str]:
        """The shift's names, as they read with another shift in its place."""
        found = {self.name: shift}
        for u in self.powers:
            found[u.name] = f"({stage.printed(u, found)})"
        found[self.sum.name] = f"({stage.printed(self.sum, found)})"
        return found


def shifts(stage: Stage) -> list[Shift]:
    """The softmaxes of a stage."""
    found = []
    for name in stage.numbers.shifts:
        if name not in stage.arguments:
            continue
        powers = tuple(v for v in stage.stated if Symbol(name) in v.symbols() and v.expression.func is exp)
        names = {Symbol(u.name) for u in powers}
        if not powers:
            continue
        (total,) = (v for v in stage.stated if v.symbols() == names)
        carried = names | {Symbol(name), Symbol(total.name)}
        others = (v for v in stage.stated if v not in powers and v is not total)
        found.append(Shift(name, powers, total, tuple(v for v in others if v.symbols() & carried)))
    return found


def lemmas(stage: Stage, shift: Shift) -> Iterator[str]:
    """That the sum is positive, how it depends on the shift, and that nothing else does."""
    given, name = " ".join(stage.given), f"{stage.name}_{shift.sum.name}"
    n, m = (shift.instead(stage, letter)[shift.sum.name] for letter in ("n", "m"))
    powers = ", ".join(f"({_shifted(stage, u)})" for u in shift.powers)
    yield f"""Lemma {name}_positive ({given} : env) n : 0 < {n}.
Proof. repeat apply Rplus_lt_0_compat; apply exp_pos. Qed.
Lemma {name}_shift ({given} : env) m n : {n} = {m} * exp (m - n).
Proof. rewrite {powers}; ring. Qed."""
    positive = f"({name}_positive {given} m)"
    for v in shift.readers:
        powers = "".join(f", ?({_shifted(stage, u)})" for u in shift.powers if Symbol(u.name) in v.symbols())
        last = f"rewrite ?(log_exp_times _ _ {positive}); ring"
        if powers:
            last = f"field; repeat split; apply Rgt_not_eq; (apply exp_pos || apply {positive})"
        sides = (stage.printed(v, shift.instead(stage, letter)) for letter in ("m", "n"))
        yield f"""Lemma {stage.name}_{v.name}_any_shift ({given} : env) m n : {" = ".join(sides)}.
Proof. symmetry; rewrite ({name}_shift {given} m n){powers}; {last}. Qed."""


def _shifted(stage: Stage, power: Variable) -> str:
    """exp (z - n) in terms of exp (z - m)."""
    (call,) = power.products[0]
    (z,) = (s for s in call.free_symbols if s.name in {v.name for v in stage.stated})
    return f"exp_shift {stage.applied(z.name)} m n"
