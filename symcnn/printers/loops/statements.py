"""Equations as statements in loops, and which of them share a loop.

    Statement        target =, += or max= coefficient·Π factors, for every index of its axes
    StatementGroup   statements under the same outer axes, one after the other at each of their points

A group starts as one equation. Groups are joined in two ways: a tensor that only one group reads, each entry once, is
computed inside that group and never stored (a convolution inside its maximum); small equations in a row become one
straight line, so that nothing of a softmax and its loss goes through memory.

Scalar expressions are printed in the program's own precision, and each function call once. A number is written as
``real(0.5)`` in single precision: a bare 0.5 would make the whole expression double.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import sympy
from sympy import Expr, Rational, S

from symcnn.printers.infix import ATOM, POWER, PRODUCT, InfixPrinter, InfixText, Language
from symcnn.printers.loops.rewrite import fresh_name, is_one_to_one, number_in, reads_of, winner_of
from symcnn.printers.python import PYTHON
from symcnn.symbolic import Access, Affine, Axis, Column, Equation, Leaf, Tensor, Term, substitute

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
    """Prints expressions; ``assign`` stores the text of a function call and returns the variable's name."""

    def __init__(self, language: Language, assign: Callable[[str, str], str]) -> None:
        super().__init__(language)
        self._assign = assign

    def _call(self, call: object, arguments: Sequence[InfixText], function: type[sympy.Function]) -> InfixText:
        text = super()._call(call, arguments, function).text
        return InfixText(self._assign(function.__name__, text), ATOM)

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

Mode = Literal["=", "+=", "max="]


@dataclass(frozen=True)
class Statement:
    """``target = coefficient·Π factors`` and the like, for every index of ``axes``.

    Attributes:
        winner: of a maximum: where the winner's number is kept, and that number.
    """

    target: Access
    axes: tuple[Axis, ...]
    factors: tuple[Expr, ...]
    mode: Mode = "="
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
        comments: the equations as text.
        cleared: a tensor that is set to 0 before: an adjoint that is scattered.
        straight: written out for every index, in one loop over the samples.
    """

    outer: tuple[Axis, ...]
    statements: tuple[Statement, ...]
    comments: tuple[str, ...]
    cleared: Tensor | None = None
    straight: bool = False

    def tensors(self) -> set[Tensor]:
        return {a.tensor for s in self.statements for a in (*s.reads(), *s.writes())}


def grouped(forward: Sequence[Equation], backward: Sequence[Equation]) -> tuple[StatementGroup, ...]:
    """All equations as groups, joined."""
    read = {a.tensor for e in backward for t in e.terms for f in t.factors for a in reads_of(f)}
    groups = [_forward_group(e, read) for e in forward]
    begun: set[Tensor] = set()
    for equation in backward:
        groups.append(_adjoint_group(equation, begun))
        begun.add(equation.target.tensor)
    return straightened(fused(groups))


def local_tensors(groups: Sequence[StatementGroup], results: set[Tensor]) -> list[set[Tensor]]:
    """For each group, the tensors that nothing outside the group reads; the results are for the caller."""

    def local(group: StatementGroup) -> set[Tensor]:
        own = {w.tensor for s in group.statements for w in s.writes() if not w.tensor.is_shared}
        return own.difference(results, *(g.tensors() for g in groups if g is not group))

    return [local(group) for group in groups]


# --- one equation as a group ----------------------------------------------------------------------------------------


def _forward_group(equation: Equation, read: set[Tensor]) -> StatementGroup:
    """The group of a forward equation; ``read``: the tensors that the backward pass reads."""
    target, axes = equation.target, equation.axes
    if equation.reduce == "max":
        (term,) = equation.terms
        winner = winner_of(target)
        kept = (winner, number_in(term.axes)) if winner.tensor in read else None
        start = [Statement(target, axes, (S.NegativeInfinity,))]
        start += [Statement(winner, axes, (S.Zero,))] if kept else []
        largest = Statement(target, axes + term.axes, term.factors, "max=", term.coefficient, kept)
        return StatementGroup(axes, (*start, largest), (str(equation),))
    terms = sorted(equation.terms, key=lambda t: bool(t.axes))  # a bias first: the sum starts from it
    return StatementGroup(axes, tuple(_sum(target, axes, terms, begins=True)), (str(equation),))


def _sum(target: Access, axes: tuple[Axis, ...], terms: Iterable[Term], begins: bool) -> Iterable[Statement]:
    """The statements of a sum; ``begins``: the target has no value yet."""
    for term in terms:
        if begins and term.axes:
            yield Statement(target, axes, (S.Zero,))
        mode: Mode = "=" if begins and not term.axes else "+="
        yield Statement(target, axes + term.axes, term.factors, mode, term.coefficient)
        begins = False


def _adjoint_group(equation: Equation, begun: set[Tensor]) -> StatementGroup:
    """The group of an adjoint equation: one sum for each entry of the target where that is possible, else a scatter."""
    (term,), target, comments = equation.terms, equation.target, (str(equation),)
    outer = tuple(a for a in equation.axes if a.name in target.axes)
    inner = tuple(a for a in equation.axes if a.name not in target.axes)
    begins = target.tensor not in begun and target.tensor.role != "gradient"
    covers = math.prod(a.size for a in outer) == target.tensor.size
    is_plain = is_one_to_one(target, replace(equation, axes=outer, terms=(Term((S.One,)),))) and (covers or not begins)
    if target.tensor.role != "gradient" and is_plain:
        return StatementGroup(outer, tuple(_sum(target, outer, (replace(term, axes=inner),), begins)), comments)
    # the target's axes first: rows that are added to again come soon again
    scattered = Statement(target, (*outer, *inner), term.factors, "+=", term.coefficient)
    return StatementGroup((), (scattered,), comments, target.tensor if begins else None)


# --- joining groups -------------------------------------------------------------------------------------------------


def fused(groups: Sequence[StatementGroup]) -> list[StatementGroup]:
    """Compute a tensor that one group reads, each entry once, inside that group."""
    result = list(groups)
    for tensor in [g.statements[-1].target.tensor for g in groups]:
        users = [g for g in result if tensor in g.tensors()]
        if len(users) == 2 and users[0].statements[-1].target.tensor == tensor and not users[0].cleared:
            source, reader = users
            joined = _fuse(source, reader, tensor)
            if joined is not None:
                result = [joined if g is reader else g for g in result if g is not source]
    return result


def _fuse(source: StatementGroup, reader: StatementGroup, tensor: Tensor) -> StatementGroup | None:
    """The source's statements inside the reader's loops; None where they don't fit."""
    reads = [(s, a) for s in reader.statements for a in s.reads() if a.tensor == tensor]
    target = source.statements[-1].target
    is_written = any(w.tensor == tensor for s in reader.statements for w in s.writes())
    if len(reads) != 1 or target.tensor.is_shared or is_written:
        return None
    ((statement, read),) = reads
    at_axes = [affine.axes for affine in target.index]
    if at_axes != [(a.name,) for a in source.outer] or any(a not in statement.axes for a in reader.outer):
        return None
    candidates = math.prod(a.size for a in statement.axes if a not in reader.outer)
    if candidates > WINDOW or not is_one_to_one(read, Equation(read, statement.axes, (Term((S.One,)),))):
        return None
    inside = tuple(_moved(s, source.outer, read, statement.axes) for s in source.statements)
    return replace(reader, statements=(*inside, *reader.statements), comments=(*source.comments, *reader.comments))


def _moved(statement: Statement, outer: tuple[Axis, ...], read: Access, axes: tuple[Axis, ...]) -> Statement:
    """A statement at the places at which its result is read."""
    values = dict(zip([a.name for a in outer], read.index, strict=True))
    # the sum's own axes get other names, of each other too: a group may have been joined before
    taken = {a.name for a in (*axes, *outer, *statement.axes)}
    inner = []
    for axis in statement.axes:
        if axis in outer:
            continue
        if axis.name in {a.name for a in axes}:
            name = fresh_name(axis.name, taken)
            taken.add(name)
            values[axis.name] = Axis(name, axis.size).index
            axis = Axis(name, axis.size)
        inner.append(axis)
    winner = statement.winner
    return replace(
        statement,
        target=statement.target.substitute(values),
        axes=(*axes, *inner),
        factors=tuple(substitute(f, values) for f in statement.factors),
        winner=winner and (winner[0].substitute(values), winner[1].substitute(values)),
    )


def straightened(groups: Sequence[StatementGroup]) -> tuple[StatementGroup, ...]:
    """Join small groups in a row to one straight line."""
    result: list[StatementGroup] = []
    for group in groups:
        if group.cleared or any(s.instances > SMALL for s in group.statements):
            result.append(group)
            continue
        line = replace(group, outer=(), straight=True)
        total = sum(s.instances for g in (*result[-1:], line) for s in g.statements)
        if result and result[-1].straight and total <= STRAIGHT:
            before = result.pop()
            statements, comments = before.statements + line.statements, before.comments + line.comments
            line = replace(before, statements=statements, comments=comments)
        result.append(line)
    return tuple(result)
