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


def lemmas(stage: Stage, shift: Shift, prefix: str) -> Iterator[str]:
    """That the sum is positive, how it depends on the shift, and that nothing else does."""
    moving = stage.moving
    n, m = (shift.instead(stage, letter) for letter in ("n", "m"))
    s = shift.sum.name
    positive, shifted = f"{prefix}_{s}_positive", f"{prefix}_{s}_shift"
    yield f"""Lemma {positive} {moving} n : 0 < {n[s]}.
Proof. repeat apply Rplus_lt_0_compat; apply exp_pos. Qed.
Lemma {shifted} {moving} m n : {n[s]} = {m[s]} * exp (m - n).
Proof. rewrite {", ".join(f"(exp_shift {_logit(stage, u)} m n)" for u in shift.powers)}; ring. Qed."""
    for v in shift.readers:
        powers = [u for u in shift.powers if Symbol(u.name) in v.symbols()]
        steps = [f"({shifted} {moving} m n)", *(f"?(exp_shift {_logit(stage, u)} m n)" for u in powers)]
        last = f"rewrite ?(log_exp_times _ _ ({positive} {moving} m)); ring"
        if powers:
            last = f"field; repeat split; apply Rgt_not_eq; (apply exp_pos || apply ({positive} {moving} m))"
        yield f"""Lemma {prefix}_{v.name}_any_shift {moving} m n : {stage.printed(v, m)} = {stage.printed(v, n)}.
Proof. symmetry; rewrite {", ".join(steps)}; {last}. Qed."""


def _logit(stage: Stage, power: Variable) -> str:
    """z in exp (z - m)."""
    (call,) = power.products[0]
    (z,) = (s for s in call.free_symbols if s.name in {v.name for v in stage.stated})
    return stage.applied(z.name)
