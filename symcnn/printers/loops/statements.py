"""Equations as statements in loops, and which of them share a loop.

    Statement   target =, += or max= coefficient·Π factors, for every index of its axes
    Group       statements under the same outer axes, one after the other at each of their points

A group starts as one equation. Groups are joined in two ways: a tensor that only one group reads, each entry once, is
computed inside that group and never stored (a convolution inside its maximum); small equations in a row become one
straight line, so that nothing of a softmax and its loss goes through memory.

Scalar expressions in the loops: plain arithmetic in the program's own precision, each function call once.

A number is written as ``real(0.5)`` in single precision: a bare 0.5 would make the whole expression double.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import sympy
from sympy import Expr, Rational, S

from symcnn.printers.infix import ATOM, POWER, PRODUCT, InfixPrinter, InfixText, Language
from symcnn.printers.loops.rewrite import (
    is_one_to_one,
    number_in,
    put_in,
    reads_of,
    winner_of,
)  # fmt: skip
from symcnn.printers.python import PYTHON
from symcnn.symbolic import Access, Affine, Axis, Column, Equation, Leaf, Tensor, Term

#: A decimal number in a template.
_NUMBER = re.compile(r"\d+\.\d+")


def number_text(value: Expr, dtype: str) -> str:
    """A number in the program's precision."""
    text = "-inf" if value == sympy.S.NegativeInfinity else repr(float(value))
    return text if dtype == "float64" else f"real({text})"


def language(dtype: str) -> Language:
    """Python, each number in the program's precision; NaN goes through every leaf function."""

    def number(value: Expr) -> InfixText:
        text = number_text(value, dtype)
        return InfixText(text, PRODUCT if text.startswith("-") else ATOM)

    def column(leaf: Leaf) -> Column | None:
        template = leaf.column("loops", "python")
        if template is None or not isinstance(template.text, str):
            return template
        return template._replace(text=_NUMBER.sub(lambda m: number_text(sympy.Float(m.group()), dtype), template.text))

    return replace(PYTHON, column=column, number=number)


class LoopPrinter(InfixPrinter):
    """Prints expressions; a function call is handed to ``named``, which gives it a name of its own."""

    def __init__(self, language: Language, named: Callable[[str, str], str]) -> None:
        super().__init__(language)
        self._named = named

    def _call(self, shown: object, arguments: Sequence[InfixText], function: type[sympy.Function]) -> InfixText:
        text = super()._call(shown, arguments, function).text
        return InfixText(self._named(function.__name__, text), ATOM)

    def _number(self, number: Expr) -> InfixText:
        return self.language.number(number)

    def _scaled(self, text: InfixText, coefficient: Expr) -> InfixText:
        if coefficient == 1:
            return text
        if coefficient == -1:
            return InfixText(f"-{text.within(POWER)}", PRODUCT)
        return self._times([self.language.number(coefficient), text])


#: Equations of at most so many instances are written out; a straight line has at most so many.
SMALL, STRAIGHT = 64, 600
#: Candidates of a window whose sums are made inside the maximum.
WINDOW = 16


@dataclass(frozen=True)
class Statement:
    """``target = coefficient·Π factors`` and the like, for every index of ``axes``.

    Attributes:
        winner: of a maximum: where the winner's number is kept, and that number.
    """

    target: Access
    axes: tuple[Axis, ...]
    factors: tuple[Expr, ...]
    mode: Literal["=", "+=", "max="] = "="
    coefficient: Rational = S.One
    winner: tuple[Access, Affine] | None = None

    @property
    def instances(self) -> int:
        return math.prod(a.size for a in self.axes)

    def reads(self) -> set[Access]:
        return {a for f in self.factors for a in reads_of(f)}

    def writes(self) -> tuple[Access, ...]:
        return (self.target, self.winner[0]) if self.winner else (self.target,)


@dataclass(frozen=True)
class StatementGroup:
    """Statements under the same outer axes.

    Attributes:
        said: the equations, for reading.
        cleared: a tensor that is set to 0 before: an adjoint that is scattered.
        straight: written out for every index, in one loop over the samples.
    """

    outer: tuple[Axis, ...]
    statements: tuple[Statement, ...]
    said: tuple[str, ...]
    cleared: Tensor | None = None
    straight: bool = False

    def tensors(self) -> set[Tensor]:
        return {a.tensor for s in self.statements for a in (*s.reads(), *s.writes())}


def grouped(forward: Sequence[Equation], backward: Sequence[Equation]) -> tuple[StatementGroup, ...]:
    """All equations as groups, joined."""
    watched = {a.tensor for e in backward for t in e.terms for f in t.factors for a in reads_of(f)}
    groups = [_stated(e, watched) for e in forward]
    begun: set[Tensor] = set()
    for equation in backward:
        groups.append(_added(equation, begun))
        begun.add(equation.target.tensor)
    return straightened(computed_where_read(groups))


def local_tensors(groups: Sequence[StatementGroup], results: set[Tensor]) -> list[set[Tensor]]:
    """For each group, what it computes and nobody else reads; the results are for the caller."""
    found = []
    for group in groups:
        own = {w.tensor for s in group.statements for w in s.writes() if not w.tensor.is_shared}
        others = set().union(*(g.tensors() for g in groups if g is not group))
        found.append(own - others - results)
    return found


# --- one equation as a group ----------------------------------------------------------------------------------------


def _stated(equation: Equation, watched: set[Tensor]) -> StatementGroup:
    target, axes = equation.target, equation.axes
    if equation.reduce == "max":
        (term,) = equation.terms
        winner = winner_of(target)
        kept = (winner, number_in(term.axes)) if winner.tensor in watched else None
        start = [Statement(target, axes, (S.NegativeInfinity,))]
        start += [Statement(winner, axes, (S.Zero,))] if kept else []
        largest = Statement(target, axes + term.axes, term.factors, "max=", term.coefficient, kept)
        return StatementGroup(axes, (*start, largest), (str(equation),))
    terms = sorted(equation.terms, key=lambda t: bool(t.axes))  # a bias first: the sum starts from it
    return StatementGroup(axes, tuple(_sum(target, axes, terms, begins=True)), (str(equation),))


def _sum(target: Access, axes: tuple[Axis, ...], terms: Iterable[Term], begins: bool) -> Iterable[Statement]:
    """``begins``: the target has no value yet."""
    for term in terms:
        if begins and term.axes:
            yield Statement(target, axes, (S.Zero,))
        yield Statement(
            target, axes + term.axes, term.factors, "=" if begins and not term.axes else "+=", term.coefficient
        )
        begins = False


def _added(equation: Equation, begun: set[Tensor]) -> StatementGroup:
    """An adjoint's equation: what a target's entry is made of is added one after the other, where that is known."""
    target, said = equation.target, (str(equation),)
    own = {a for affine in target.index for a, _ in affine.coefficients}
    outer = tuple(a for a in equation.axes if a.name in own)
    inner = tuple(a for a in equation.axes if a.name not in own)
    begins = target.tensor not in begun and target.tensor.role != "gradient"
    whole = math.prod(a.size for a in outer) == target.tensor.size
    plain = replace(equation, axes=outer, terms=())
    if target.tensor.role == "gradient" or not (
        is_one_to_one(target, replace(plain, terms=(Term((S.One,)),))) and (whole or not begins)
    ):
        (term,) = equation.terms
        # rows that are added to again come soon again
        axes = tuple(sorted(equation.axes, key=lambda a: a.name not in own))
        scattered = Statement(target, axes, term.factors, "+=", term.coefficient)
        return StatementGroup((), (scattered,), said, target.tensor if begins else None)
    (term,) = equation.terms
    return StatementGroup(outer, tuple(_sum(target, outer, (replace(term, axes=inner),), begins)), said)


# --- joining groups -------------------------------------------------------------------------------------------------


def computed_where_read(groups: Sequence[StatementGroup]) -> list[StatementGroup]:
    """A tensor that one group reads, each entry once, is computed there."""
    found = list(groups)
    for tensor in [g.statements[-1].target.tensor for g in groups]:
        users = [g for g in found if tensor in g.tensors()]
        if len(users) == 2 and users[0].statements[-1].target.tensor == tensor and not users[0].cleared:
            joined = _joined(users[0], users[1], tensor)
            if joined is not None:
                found = [joined if g is users[1] else g for g in found if g is not users[0]]
    return found


def _joined(source: StatementGroup, reader: StatementGroup, tensor: Tensor) -> StatementGroup | None:
    """The source's statements inside the reader's loops; None where they don't fit."""
    reading = [s for s in reader.statements if any(a.tensor == tensor for a in s.reads())]
    target = source.statements[-1].target
    if (
        len(reading) != 1
        or target.tensor.is_shared
        or any(w.tensor == tensor for s in reader.statements for w in s.writes())
    ):
        return None
    found = [a for a in reading[0].reads() if a.tensor == tensor]
    names = [a.name for a in source.outer]
    at_axes = [affine.coefficients[0][0] if len(affine.coefficients) == 1 else "" for affine in target.index]
    if len(found) != 1 or at_axes != names or any(a not in reading[0].axes for a in reader.outer):
        return None
    (read,) = found
    window = [a for a in reading[0].axes if a not in reader.outer]
    instance = Equation(read, reading[0].axes, (Term((S.One,)),))
    if math.prod(a.size for a in window) > WINDOW or not is_one_to_one(read, instance):
        return None
    inside = tuple(_moved(s, source.outer, read, reading[0].axes) for s in source.statements)
    return replace(reader, statements=(*inside, *reader.statements), said=(*source.said, *reader.said))


def _moved(statement: Statement, outer: tuple[Axis, ...], read: Access, axes: tuple[Axis, ...]) -> Statement:
    """A statement at the places at which its result is read."""
    own = [a for a in statement.axes if a not in outer]
    # the sum's own axes get out of the way first, of each other too: a group may have been joined before
    taken = {a.name for a in (*axes, *outer, *statement.axes)}
    for axis in own:
        if axis.name in {a.name for a in axes}:
            fresh = axis.name.upper()
            while fresh in taken:
                fresh += "_"
            taken.add(fresh)
            statement = _put_in(statement, {axis.name: Affine(((fresh, 1),))}, {axis.name: Axis(fresh, axis.size)})
    inner = tuple(a for a in statement.axes if a not in outer)
    values = dict(zip([a.name for a in outer], read.index, strict=True))
    moved = _put_in(statement, values, {})
    return replace(moved, axes=(*axes, *inner))


def _put_in(statement: Statement, values: dict[str, Affine], axes: dict[str, Axis]) -> Statement:
    """Axes replaced, all at once: through names that nobody has."""
    steps = [(a, Affine(((f"{a}'", 1),))) for a in values] + [(f"{a}'", value) for a, value in values.items()]
    target, factors, winner = statement.target, statement.factors, statement.winner
    for name, value in steps:
        target = target.put_in(name, value)
        factors = tuple(put_in(f, name, value) for f in factors)
        winner = (winner[0].put_in(name, value), winner[1].put_in(name, value)) if winner else None
    named = tuple(axes.get(a.name, a) for a in statement.axes)
    return replace(statement, target=target, factors=factors, winner=winner, axes=named)


def straightened(groups: Sequence[StatementGroup]) -> tuple[StatementGroup, ...]:
    """Small groups in a row become one straight line."""
    found: list[StatementGroup] = []
    for group in groups:
        small = not group.cleared and all(s.instances <= SMALL for s in group.statements)
        if not small:
            found.append(group)
            continue
        line = replace(group, outer=(), straight=True)
        total = sum(s.instances for g in (*found[-1:], line) for s in g.statements)
        if found and found[-1].straight and total <= STRAIGHT:
            before = found.pop()
            line = replace(before, statements=(*before.statements, *line.statements), said=(*before.said, *line.said))
        found.append(line)
    return tuple(found)
