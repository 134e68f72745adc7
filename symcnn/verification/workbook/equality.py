"""Do two formulas of cells say the same? As written, by normal forms, modulo a prime, or in numbers."""

from collections.abc import Iterable, Iterator, Mapping

from sympy import Expr, Function, Rational, Symbol

from symcnn.proof.algebra import Algebra
from symcnn.proof.algebras import RealAlgebra
from symcnn.proof.arithmetic import Element
from symcnn.proof.domain import AlgebraicDomain, Make
from symcnn.proof.verdict import UndecidableError, Verdict, decide
from symcnn.symbolic import LEAF, maximum, relu

#: Values of quantities, and where they are: "at_initial_values" or "at_other_values".
Values = tuple[str, Mapping[Symbol, Element]]


class Bounded(RealAlgebra):
    """Real numbers whose functions are only worked out where a spreadsheet could: formulas may tower up anything."""

    def output(self, function: type[Function], z: Element) -> Element:
        if abs(z) > 1e9:
            raise UndecidableError("too large a number")
        return super().output(function, z)


class FormulaEvaluator:
    """Formulas in one algebra.

    Args:
        known: symbol -> element.
    """

    def __init__(self, algebra: Algebra, known: Mapping[Expr, Element]) -> None:
        self._algebra, self._known = algebra, known

    def sides(self, left: Expr, right: Expr) -> tuple[Element, Element]:
        known = dict(self._known)
        return self._algebra.element(left, known), self._algebra.element(right, known)


class FormulaDomain(AlgebraicDomain[FormulaEvaluator]):
    """Two formulas, whatever the quantities in them are. A cell must hold what symcnn writes, in whatever form.

    Args:
        points: values of the quantities at which the formulas may differ; others are at random.
    """

    is_canonical = True
    apart = 1e-12

    def __init__(self, left: Expr, right: Expr, points: Iterable[Values] = ()) -> None:
        self._left, self._right = written_alike(left), written_alike(right)
        self._points = points
        self._symbols = sorted(self._left.free_symbols | self._right.free_symbols, key=str)
        # names that a ring takes, whatever the sheets are called
        self._names = [f"q_{n}" for n in range(len(self._symbols))]
        calls = [c for e in (self._left, self._right) for c in e.atoms(Function)]
        self._calls = sum(max(len(c.args), LEAF[c.func].generators if c.func in LEAF else 1) for c in calls)

    def decide(self) -> Verdict:
        """Do they say the same?"""
        return decide(self._left, self._right, self)

    def counterexample(self) -> tuple[tuple[float, float], str] | None:
        """Two values that differ, and where."""
        try:
            comparison = self.in_numbers(self._left, self._right)
        except UndecidableError:
            return None
        values = comparison.counterexample
        return (values, comparison.at) if isinstance(values, tuple) else None

    def sides_in(self, make: Make) -> FormulaEvaluator:
        algebra = make(self._names, self._calls)
        return FormulaEvaluator(algebra, dict(zip(self._symbols, algebra.generators.values(), strict=True)))

    def leaves(self) -> int:
        return self._calls

    def reals(self) -> Iterator[tuple[FormulaEvaluator, str]]:
        for at, values in self._points:
            algebra = Bounded([s.name for s in self._symbols if s not in values], 1)
            known = {s: values.get(s, algebra.generators.get(s.name)) for s in self._symbols}
            yield FormulaEvaluator(algebra, known), at


def written_alike(e: Expr) -> Expr:
    """Decimals as the rational numbers that are written, and MAX(0,z) as one and the same function."""
    changes = {f: Rational(repr(float(f))) for f in e.atoms() if f.is_Float}
    changes |= {m: relu(m.args[1]) for m in e.atoms(maximum) if len(m.args) == 2 and m.args[0] == 0}
    return e.xreplace(changes) if changes else e
