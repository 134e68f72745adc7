"""Expressions and their derivatives worked out in an algebra in which equality can be decided.

Every output of a smooth function (sigmoid, exp, log …) is a generator, beside parameters, pixels and targets; two
outputs are one generator when their arguments agree. What a relu lets through and which candidate a maximum takes is a
generator too: relu(z) = g·z, max(a, b, …) = v₁·a + v₂·b + …, whatever g and v are; so a formula is shown for every
region between the kinks at once. Then a gradient is a polynomial, or where something is divided by, a fraction.

The algebras themselves stand in ``algebras.py``.

Derivatives come from dual numbers, D(s) = s·(1 - s)·D(z): forward mode, without ``diff`` and without adjoints.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Expr, Symbol

from symcnn.proof.arithmetic import Arithmetic, Dual, Element
from symcnn.proof.verdict import UndecidableError
from symcnn.symbolic import LEAF, Y, Z, exp, gate, maximum, sigmoid, tanh, wins
from symcnn.symbolic.leaves import Function


class Algebra(Arithmetic):
    """Sums, products, quotients and the leaf functions of named generators."""

    #: Do equal elements make equal formulas? Bounds of degrees don't, nor do numbers at one point.
    is_faithful = True
    zero: Element
    one: Element
    generators: dict[Symbol, Element]

    def __init__(self) -> None:
        #: what was met: ("sigmoid", z) -> its generator, ("gate", z) -> g, ("winners", largest) -> (candidates, v…)
        self._known: dict[tuple[str, Element], Any] = {}

    @abstractmethod
    def fresh(self) -> Element:
        """One more generator."""

    def renew_budget(self) -> None:
        """Let what follows take its time anew."""
        return

    def mark(self) -> int:
        """How much is known."""
        return len(self._known)

    def restore(self, mark: int) -> bool:
        """Forget what was met since a mark; was there anything?"""
        later = list(self._known)[mark:]
        for key in later:
            del self._known[key]
        return bool(later)

    # --- the leaf functions -------------------------------------------------------------------------------------------

    def call(self, function: Function, z: Sequence[Element]) -> Element:
        """A leaf function's output."""
        if function is maximum:
            return self.maximum(z)
        if function is wins:
            return self.winner(*z)
        if function is gate:
            return self._between(self._gate_of(z[0]), z[1], z[2])
        leaf = LEAF.get(function)
        if leaf is None:
            raise UndecidableError(f"{function.__name__} has no normal form here")
        if leaf.is_linear:
            return self.gated(z[0], self._slope(function, z[0]))
        output = self.output(function, z[0])
        if leaf.sides:  # the output has the sign of z
            self._known.setdefault(("gate", output), self.gate(z[0]))
        return output

    def derivative(self, function: Function, z: Element, output: Element) -> Element:
        """D(output) = derivative · D(z), for a function of one argument."""
        leaf = LEAF[function]
        return self._slope(function, z) if leaf.is_linear else self.element(leaf.slope, {Z: z, Y: output})

    def output(self, function: Function, z: Element) -> Element:
        """The generator of a smooth function's output, one for each argument."""
        odd = {sigmoid: self.one, tanh: self.zero}
        if function in odd:
            if z == self.zero:  # where a window lies in the padding
                return self.rational(1, 2) if function is sigmoid else self.zero
            if (function.__name__, -z) in self._known:  # σ(-z) = 1 - σ(z), tanh(-z) = -tanh(z)
                return odd[function] - self._known[function.__name__, -z]
        if (function.__name__, z) not in self._known and function in (exp, tanh, sigmoid):
            related = self._related(function, z)
            if related is not None:
                return related
        return self._remembered(function.__name__, z)

    def _related(self, function: Function, z: Element) -> Element | None:
        """exp, tanh and sigmoid in each other, where one of them is known: each is a fraction of each other.

        exp(z) = σ(z)/(1 - σ(z)) = (1 + tanh(z/2))/(1 - tanh(z/2)); and exp(z) = exp(z - m)·exp(m) as in a softmax.
        """
        two, half = self.rational(2, 1), self.rational(1, 2)
        if function is exp:
            for known, sign in (("sigmoid", self.one), ("sigmoid", -self.one)):
                s = self._known.get((known, self.times(sign, z)))
                if s is not None:
                    above, below = (s, self.one - s) if sign == self.one else (self.one - s, s)
                    return self.times(above, self.inverse(below))
            for sign in (self.one, -self.one):
                t = self._known.get(("tanh", self.times(self.times(sign, half), z)))
                if t is not None:
                    t = self.times(sign, t)
                    return self.times(self.one + t, self.inverse(self.one - t))
            powers = [(a, value) for (kind, a), value in self._known.items() if kind == "exp"]
            for key in [k for k in self._known if k[0] == "winners"]:  # the shift of a softmax
                if any(z - key[1] == a for a, _ in powers):
                    return self.times(self._known["exp", z - key[1]], self._remembered("exp", key[1]))
            return self._quotient_of_powers(z, dict(powers))
        power = self._known.get(("exp", z if function is sigmoid else self.times(two, z)))
        if power is not None:
            above = power if function is sigmoid else power - self.one
            return self.times(above, self.inverse(self.one + power))
        other = self._known.get(
            ("tanh", self.times(half, z)) if function is sigmoid else ("sigmoid", self.times(two, z))
        )
        if other is None:
            return None
        return self.times(half, self.one + other) if function is sigmoid else self.times(two, other) - self.one

    def _quotient_of_powers(self, z: Element, powers: Mapping[Element, Element]) -> Element | None:
        """exp(a - b) = exp(a)/exp(b)."""
        for b, below in powers.items():
            if z + b in powers:
                return self.times(powers[z + b], self.inverse(below))
        return None

    def gate(self, z: Element) -> Element:
        """1 where z > 0, else 0: a generator, the same for what the gate lets through."""
        return self._remembered("gate", z)

    def gated(self, z: Element, slope: Element) -> Element:
        """slope·z, which has the sign of z."""
        found = self.times(slope, z)
        self._known.setdefault(("gate", found), self._known.get(("gate", z)))
        return found

    def maximum(self, candidates: Sequence[Element]) -> Element:
        """v₁·a + v₂·b + …: one generator for each candidate."""
        if len(candidates) == 1:
            return candidates[0]
        key = ("maximum", tuple(candidates))
        if key not in self._known:
            shares = [self.fresh() for _ in candidates]
            largest = sum((self.times(v, a) for v, a in zip(shares, candidates, strict=True)), self.zero)
            self._known[key] = (largest, shares)
            self._known["winners", largest] = (list(candidates), shares)
        return self._known[key][0]

    def shares(self, candidates: Sequence[Element]) -> list[Element]:
        """∂max/∂candidate, candidate by candidate."""
        if len(candidates) == 1:
            return [self.one]
        self.maximum(candidates)
        found: list[Element] = self._known["maximum", tuple(candidates)][1]
        return found

    def winner(self, value: Element, largest: Element, *before: Element) -> Element:
        """∂max/∂value, where ``before`` are the candidates before it: as the maximum itself has it, or refused."""
        if value == largest and not before:  # alone in its window
            return self.one
        candidates, shares = self._known.get(("winners", largest), ([], []))
        place = len(before)
        if candidates[: place + 1] != [*before, value]:
            raise UndecidableError("[… is the first maximum]: no maximum of these candidates in the network")
        return shares[place]

    def _slope(self, function: Function, z: Element) -> Element:
        _, above, below = LEAF[function].slope.args
        return self._between(self.gate(z), *(self.rational(side.p, side.q) for side in (above, below)))

    def _between(self, g: Element, above: Element, below: Element) -> Element:
        return below + self.times(g, above - below)

    def _gate_of(self, y: Element) -> Element:
        if ("gate", y) not in self._known:
            raise UndecidableError("[… > 0]: not an argument or an output of a relu of the network")
        return self._known["gate", y]

    def _remembered(self, kind: str, z: Element) -> Element:
        if (kind, z) not in self._known:
            self._known[kind, z] = self.fresh()
        return self._known[kind, z]

    # --- expressions --------------------------------------------------------------------------------------------------

    def element(self, e: Expr, known: dict[Expr, Element]) -> Element:
        """A SymPy expression in the algebra; ``known`` holds the names, and remembers each sum and call met."""
        if e in known:
            return known[e]
        if e.is_Symbol:
            raise UndecidableError(f"{e.name} is not a quantity of the network")
        if e.is_Rational:
            return self.rational(e.p, e.q)
        if e.is_Mul:
            first, *rest = (self.element(a, known) for a in e.args)
            for part in rest:
                first = self.times(first, part)
            return first
        if e.is_Pow and e.exp.is_Integer:
            return self.power(self.element(e.base, known), int(e.exp))
        if e.is_Add:
            known[e] = sum((self.element(a, known) for a in e.args), self.zero)
        elif e.is_Function:
            known[e] = self.call(e.func, [self.element(a, known) for a in e.args])
        else:
            raise UndecidableError(f"{e.func.__name__} has no normal form here")
        return known[e]

    def dual(self, e: Expr, lookup: Mapping[Symbol, Dual]) -> Dual:
        """A SymPy expression in dual numbers: value and derivatives by forward mode."""
        if e.is_Symbol:
            return lookup[e]
        if e.is_Rational:
            return Dual(self.rational(e.p, e.q))
        if e.is_Add or e.is_Mul:
            parts = [self.dual(a, lookup) for a in e.args]
            return self.dual_sum(parts) if e.is_Add else self.dual_product(parts)
        if e.is_Pow and e.exp.is_Integer:
            return self.dual_power(self.dual(e.base, lookup), int(e.exp))
        if e.is_Function:
            return self._dual_call(e.func, [self.dual(a, lookup) for a in e.args])
        raise UndecidableError(f"{e.func.__name__} has no normal form here")

    def power(self, base: Element, exponent: int) -> Element:
        if exponent < 0:
            base, exponent = self.inverse(base), -exponent
        result = self.one
        for _ in range(exponent):
            result = self.times(result, base)
        return result

    def _dual_call(self, function: Function, z: Sequence[Dual]) -> Dual:
        values = [d.value for d in z]
        output = self.call(function, values)
        if function is maximum:
            shared = [self.chain(output, v, d).slopes for v, d in zip(self.shares(values), z, strict=True)]
            return Dual(output, self.merged(shared))
        if function is gate:  # constant between the kinks
            g, (_, above, below) = self._gate_of(values[0]), z
            return Dual(
                output,
                self.merged((self.chain(output, g, above).slopes, self.chain(output, self.one - g, below).slopes)),
            )
        if function is wins:  # constant between the ties
            return Dual(output)
        return self.chain(output, self.derivative(function, values[0], output), z[0])
