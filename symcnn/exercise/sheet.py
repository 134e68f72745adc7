"""An exercise as a document: given numbers and blanks along one path, made from the derivation of a network.

An ``ExercisePlan`` has no numbers: it follows one weight to E and back, and says at each quantity what is given, what
the pupil fills in, and from which numbers on the sheet that follows. An ``ExerciseSheet`` is a plan with numbers.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

from sympy import Add, Expr, Mul, Rational, S, Symbol

from symcnn.derivation import ChainTerm, Derivation, Variable
from symcnn.errors import InputError, NotSupportedYetError, quoted
from symcnn.formula import Typography, tree
from symcnn.numeric.values import completion
from symcnn.symbolic import LEAF, E, Quantity, Tensor, TensorKind, Z
from symcnn.symbolic.leaves import KINKED

#: Decimals to which every result is rounded.
DECIMALS = 4

#: What fits on paper, and into a lesson.
MOST_PARAMETERS, MOST_TERMS, MOST_OUTPUTS, MOST_BLANKS, MOST_PIXELS = 100, 10, 4, 110, 36

#: Paths of the chain rule in one line; more are a table.
MOST_IN_LINE = 2

#: A map of more cells is given, but for one.
MOST_CELLS = 4

#: Millimetres of the place for a result, a drawn number, a pixel.
WIDTH, WIDTH_DRAWN, WIDTH_PIXEL = 18.0, 12.0, 8.0

#: The learning rate, and its place in the update.
RATE, ETA = Rational(1, 2), Symbol("η")


@dataclass(frozen=True)
class Blank:
    """A number that the pupil fills in.

    Attributes:
        key: its name, one of a kind: ``dE_dx_11``, ``h_1*w_h1o1``; written a second time ``dE_dx_11 (2)``.
        expression: its value, in quantities of the network.
        rule: the same from what stands on the sheet: in given quantities and in keys of earlier blanks.
        section: the number of the section in which it stands.
        width: of the place for it, in millimetres.
    """

    key: str
    expression: Expr
    rule: Expr
    section: int
    width: float


@dataclass(frozen=True)
class Given:
    """A printed number: a quantity, or a constant."""

    expression: Expr


Cell = Blank | Given


@dataclass(frozen=True)
class NumberSlot:
    """A place for a number in a formula: a node that the prints of an exercise know."""

    cell: Cell


def slot(cell: Cell) -> Any:
    """A place as a part of a formula."""
    return NumberSlot(cell)


@dataclass(frozen=True)
class EqualityLine:
    """An equality with places for numbers."""

    members: tuple[Any, ...]


@dataclass(frozen=True)
class ConvolutionGrids:
    """image ∗ filter = map."""

    image: tuple[tuple[Cell, ...], ...]
    filter: tuple[tuple[Cell, ...], ...]
    map: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Products:
    """A sum of value · weight, column by column: (symbol, value, weight, product); then the sum."""

    columns: tuple[tuple[Any, Cell, Cell, Blank], ...]
    name: Any
    total: Blank


@dataclass(frozen=True)
class PathTable:
    """A sum over paths, row by row: (adjoint, its number, local derivative, its number, product); then the sum."""

    rows: tuple[tuple[Any, Cell, Any, Cell, Blank], ...]
    name: Any
    total: Blank
    by: Any


@dataclass(frozen=True)
class Room:
    """Squares to calculate on; on the key, lines in their place. Without a height it takes the rest of the page."""

    rows: int = 0
    lines: tuple[tuple[Any, ...], ...] = ()


@dataclass(frozen=True)
class Network2D:
    """The paths: columns of quantities, lines between them, under each gap the section that works it out."""

    columns: tuple[tuple[Any, ...], ...]
    edges: tuple[tuple[tuple[int, int], tuple[int, int]], ...]
    sections: tuple[int, ...]


@dataclass(frozen=True)
class ErrorQuestion:
    """A question in words; the answer has the error before and after."""


Block = EqualityLine | ConvolutionGrids | Products | PathTable | Room | ErrorQuestion


@dataclass
class SheetSection:
    """Blocks under a heading: ``title`` are keys of the catalogue and nodes; ``given`` numbers stand beside it."""

    number: int
    title: tuple[Any, ...]
    note: str = ""
    given: list[tuple[Any, Given]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True)
class SheetPart:
    """Sections under a title: the way to the error, and the way back with a figure of its paths."""

    name: str
    sections: tuple[SheetSection, ...]
    figure: Network2D | None = None


class Short(Typography):
    """z_h1, o_1, t_1, without words: there is no room for them in a line with blanks."""

    def __init__(self, derivation: Derivation) -> None:
        super().__init__(derivation.quantities, {}, total="")

    def _symbol(self, tensor: Tensor, parts: Sequence[tuple[str, str]], differentiated: bool) -> tree.Symbol:
        (letters, indices), *_ = parts
        if tensor.kind in (TensorKind.WEIGHT, TensorKind.BIAS) and (tensor.source or tensor.target):
            return super()._symbol(tensor, parts, differentiated)
        letter, _, end = letters.partition("_")
        return tree.Symbol(letter, end + indices)


class InNumbers(Short):
    """The same with a place for a given number in the place of each quantity."""

    def name(self, name: Any, differentiated: bool = False) -> Any:
        return slot(Given(Symbol(str(name))))


class ExercisePlan:
    """What stands on the sheets of a network.

    Args:
        derivation: of a small network.
        of: the weight that is followed; None: the second of the first layer.

    Attributes:
        parts: forward and backward.
        blanks: by their keys, in the order in which they are filled in.
        given: the quantities whose numbers are printed.
        way: from the weight to E, one quantity of each tensor.

    Raises:
        NotSupportedYetError: it is too large to be worked out by hand.
    """

    def __init__(self, derivation: Derivation, of: str | None = None) -> None:
        self.derivation, self.network = derivation, derivation.network
        self.graph = derivation.graph
        self.write = Short(derivation)
        self.blanks: dict[str, Blank] = {}
        self.given: dict[str, None] = {}
        self._check_size()
        self.weight = self._weight(of)
        self.way = tuple(self._way())
        self._uses: Counter[str] = Counter()
        self._number = 0
        forward = tuple(self._forward())
        backward = tuple(self._backward())
        self.parts = (SheetPart("forward", forward), SheetPart("backward", backward, self._paths(backward)))
        if len(self.blanks) > MOST_BLANKS:
            raise NotSupportedYetError(
                f"exercise: this network takes {len(self.blanks)} blanks along one path; expected at most {MOST_BLANKS}"
            )

    # --- the path -----------------------------------------------------------------------------------------------------

    def _check_size(self) -> None:
        count, pixels = len(self.network.parameters), self.network.forward.image.size
        for number, most, what in ((count, MOST_PARAMETERS, "parameters"), (pixels, MOST_PIXELS, "pixels")):
            if number > most:
                raise NotSupportedYetError(
                    f"exercise: this network has {number} {what}; expected at most {most}, so that it can be worked out"
                    " by hand"
                )

    def _weight(self, of: str | None) -> Quantity:
        first = next(t for t in self.network.forward.parameters if t.kind in (TensorKind.FILTER, TensorKind.WEIGHT))
        if of is None:
            names = first.scalars()
            return self.derivation.quantities.of(names[min(1, len(names) - 1)])
        if of not in first.scalars():
            raise InputError(f"--of {quoted(of)}: expected a weight of the first layer: {', '.join(first.scalars())}")
        return self.derivation.quantities.of(of)

    def _way(self) -> Iterator[Quantity]:
        here = self.weight
        while here != E:
            yield here
            terms = self.derivation.step(here).terms
            if not terms:
                raise NotSupportedYetError(f"exercise: the error does not depend on {here.name}; choose another weight")
            here = next((t.quantity for t in terms if not t.is_last), E)
        yield E

    # --- cells --------------------------------------------------------------------------------------------------------

    def _blank(self, expression: Expr, rule: Expr | None = None, key: str = "") -> Blank:
        key = key or str(expression)
        self._uses[key] += 1
        unique = key if self._uses[key] == 1 else f"{key} ({self._uses[key]})"
        width = WIDTH
        if expression.is_Symbol and expression.name in self.graph.inputs:
            width = WIDTH_PIXEL if self.graph.inputs[expression.name][0].role == "image" else WIDTH_DRAWN
        blank = Blank(unique, expression, expression if rule is None else rule, self._number, width)
        self.blanks[unique] = blank
        return blank

    def _copy(self, expression: Expr) -> Blank:
        """A blank for a number that stands on the sheet already."""
        return self._blank(expression)

    def _print(self, symbol: Symbol) -> Given:
        self.given[symbol.name] = None
        return Given(symbol)

    def _is_known(self, symbol: Symbol) -> bool:
        return symbol.name in self.given or symbol.name in self.blanks

    def _tell(self, section: SheetSection, expressions: Iterable[Expr]) -> None:
        """Print beside the heading what a pupil needs and has not seen yet."""
        for symbol in (s for e in expressions for s in sorted(e.free_symbols, key=str)):
            if symbol != ETA and not self._is_known(symbol):
                section.given.append((self.write.name(symbol), self._print(symbol)))

    # --- forward ------------------------------------------------------------------------------------------------------

    def _section(self, *title: Any, note: str = "") -> SheetSection:
        self._number += 1
        return SheetSection(self._number, title, note)

    def _forward(self) -> Iterator[SheetSection]:
        section: SheetSection | None = None
        for before, here in pairwise(self.way):
            variable = self.graph[here]
            kind = _topic(here.tensor)
            if section is None or section.title[0] != f"title.{kind}":
                if section is not None:
                    yield section
                is_neuron = kind in ("hidden", "output")
                entry = (self.write.name(_neuron(self, here)),) if is_neuron else ()
                section = self._section(f"title.{kind}", *entry, note=f"hint.{kind}")
            self._work_out(section, variable, before)
        assert section is not None
        section.blocks.append(Room())
        yield section

    def _work_out(self, section: SheetSection, variable: Variable, before: Quantity) -> None:
        """The blocks in which a quantity is worked out from those before it."""
        if len(variable.products) > MOST_TERMS:
            raise NotSupportedYetError(
                f"exercise: {variable.name} is made of {len(variable.products)} terms; expected at most {MOST_TERMS},"
                " so that it can be worked out by hand"
            )
        if variable.quantity == E:
            self._error(section, variable)
        elif variable.tensor.kind is TensorKind.FEATURE_MAP and _is_grid(self.network.forward.image):
            self._convolution(section, variable, before)
        elif variable.tensor.kind in (TensorKind.ACTIVATED_MAP, TensorKind.POOLED_MAP):
            for other in self._worked_entries(variable):
                self._line(section, other)
        elif _is_linear(variable):
            self._products(section, variable)
        else:
            self._line(section, variable)

    def _worked_entries(self, variable: Variable) -> list[Variable]:
        """The cells of a map that the pupil works out: all of a small one."""
        names = variable.tensor.scalars()
        return [self.graph[n] for n in names] if len(names) <= MOST_CELLS else [variable]

    def _convolution(self, section: SheetSection, variable: Variable, before: Quantity) -> None:
        forward = self.network.forward
        image = [self._print(Symbol(name)) for name in forward.image.scalars()]
        width = forward.image.shape[-1]
        weights = before.tensor
        window = [i for i in weights.indices() if i[:-2] == before.index[:-2]]
        kernel = [self._print(Symbol(weights.scalar(index))) for index in window]
        bias = {f for product in variable.products if len(product) == 1 for f in product}
        self._tell(section, bias)
        cells = [i for i in variable.tensor.indices() if i[:-2] == variable.index[:-2]]
        names = [variable.tensor.scalar(index) for index in cells]
        spelled = [f for product in variable.products for f in product]
        short = len(spelled) <= 9
        worked = names if len(names) <= MOST_CELLS else [variable.name]
        if not short:
            worked = [name for name in worked if name != variable.name]
        members: list[Any] = []
        if short:  # before the map: it shows how
            numbers = [_product([slot(self._copy(f)) for f in p]) for p in variable.products]
            members = [self.write.name(variable.quantity), self.write.right_side(variable), tree.Sum(tuple(numbers))]
        else:
            self._products(section, variable)
        maps: list[Cell] = []
        for name in names:
            if name in worked:
                maps.append(self._blank(Symbol(name), self.graph[name].expression))
            elif name == variable.name:
                maps.append(self._copy(Symbol(name)))
            else:
                maps.append(self._print(Symbol(name)))
        widths = (width, weights.shape[-1], variable.tensor.shape[-1])
        grids: list[Sequence[Cell]] = [image, kernel, maps]
        section.blocks.insert(0, ConvolutionGrids(*map(_rows, grids, widths)))
        if members:
            section.blocks.append(EqualityLine(tuple(members)))
            others = [self.graph[name] for name in worked if name != variable.name]
            write = InNumbers(self.derivation)
            lines = [(self.write.name(v.quantity), write.right_side(v), write.name(v.name)) for v in others]
            section.blocks.append(Room(3 if others else 2, tuple(lines)))

    def _products(self, section: SheetSection, variable: Variable) -> None:
        """Value, weight and product of each term, one under the other."""
        columns: list[tuple[Any, Cell, Cell, Blank]] = []
        products: list[Blank] = []
        symbol: Any
        cell: Cell
        for factors in variable.products:
            value, weight = _value_and_weight(self, factors)
            if value is None:
                symbol, cell = tree.Number(1), Given(S.One)
            else:
                symbol = self.write.name(value)
                if self.derivation.quantities.of(value).tensor.kind is TensorKind.IMAGE and not self._is_known(value):
                    cell = self._print(value)
                else:
                    self._tell(section, [value])
                    cell = self._copy(value)
            product = self._blank(Mul(*factors), key=str(Mul(*factors)) if value is not None else f"1*{weight}")
            products.append(product)
            columns.append((symbol, cell, self._print(weight), product))
        total = self._blank(variable.quantity.symbol, _sum_of(products))
        section.blocks.append(Products(tuple(columns), self.write.name(variable.quantity), total))

    def _line(self, section: SheetSection, variable: Variable) -> None:
        """The formula and its result: a function, a maximum, a mean."""
        expression = variable.expression
        self._tell(section, [expression])
        members = [self.write.name(variable.quantity), self.write.right_side(variable)]
        definition = LEAF[expression.func].definition if expression.func in LEAF else None
        if definition is not None and definition.has(Z) and len(expression.args) == 1:
            defined = self.write.expression(definition.xreplace({Z: expression.args[0]}))
            members += [defined] if defined != members[-1] else []
        members.append(slot(self._blank(variable.quantity.symbol, expression)))
        section.blocks.append(EqualityLine(tuple(members)))

    def _error(self, section: SheetSection, variable: Variable) -> None:
        if len(variable.products) > MOST_OUTPUTS:
            raise NotSupportedYetError(
                f"exercise: the error is made of {len(variable.products)} terms; expected at most {MOST_OUTPUTS}"
            )
        self._tell(section, [variable.expression])
        members = [self.write.name(E), self.write.right_side(variable)]
        terms = [self._blank(Mul(*factors)) for factors in variable.products]
        if len(terms) > 1:
            members.append(tree.Sum(tuple(map(slot, terms))))
            members.append(slot(self._blank(E.symbol, _sum_of(terms))))
        else:
            self.blanks.pop(terms[0].key)
            members.append(slot(self._blank(E.symbol, variable.expression)))
        section.blocks.append(EqualityLine(tuple(members)))

    # --- backward -----------------------------------------------------------------------------------------------------

    def _backward(self) -> Iterator[SheetSection]:
        sections: list[SheetSection] = []
        topic = "error"
        for here in reversed(self.way[:-1]):
            target = "weight" if here == self.weight else _topic(here.tensor)
            if here == self.weight or not sections or target != topic:
                note = "hint.weight" if here.tensor.kind is TensorKind.FILTER else ""
                sections.append(self._section(f"from.{topic}", f"to.{target}", note=note))
                topic = target
            self._go_back(sections[-1], here)
        sections.append(self._update())
        yield from sections

    def _go_back(self, section: SheetSection, here: Quantity) -> None:
        step, variable = self.derivation.step(here), self.graph[here.adjoint]
        name = self.write.name(here.adjoint)
        members = _members(self.write.chain_rule(self.derivation, here))
        terms = step.terms
        if len(terms) > MOST_TERMS:
            raise NotSupportedYetError(
                f"exercise: {len(terms)} paths meet at {here.name}; expected at most {MOST_TERMS}"
            )
        if len(members) == 3:  # through quantities in between
            through = list(members[1].terms) if isinstance(members[1], tree.Sum) else [members[1]]
        else:
            through = []
        if len(through) == len(terms) > MOST_IN_LINE and all(_is_path(t) for t in terms):
            self._path_table(section, here, terms, through)
            return
        self._tell(section, [f for t in terms if not _is_path(t) for f in t.local])
        factors: dict[Expr, Symbol] = {}
        addends: list[Any] = []
        has_slope = False
        for term, node in zip(terms, through, strict=False):
            if not isinstance(node, tree.Product) or term.is_last or not isinstance(node.factors[-1], tree.Partial):
                addends.append(node)
                has_slope = True
                continue
            local = Mul(*term.local)
            has_slope |= not local.is_Symbol
            upstream = term.quantity.adjoint.symbol
            above = self._copy(upstream) if self._is_known(upstream) else self._print(upstream)
            self._tell(section, [local])
            below = self._blank(local)
            factors[local] = Symbol(below.key)
            left, right = node.factors
            addends.append(tree.Product((tree.Under(left, slot(above)), tree.Under(right, slot(below)))))
        if not through:
            self._tell(section, [variable.expression])
        products = [_replace_slope(p, factors) for p in variable.products]
        line = [name]
        if addends:
            line.append(addends[0] if len(addends) == 1 else tree.Sum(tuple(addends)))
        if has_slope or not addends:
            line.append(members[-1])
        line.append(slot(self._blank(here.adjoint.symbol, Add(*products, evaluate=False))))
        section.blocks.append(EqualityLine(tuple(line)))

    def _path_table(
        self, section: SheetSection, here: Quantity, terms: Sequence[ChainTerm], nodes: Sequence[Any]
    ) -> None:
        rows, products = [], []
        for term, node in zip(terms, nodes, strict=True):
            local, upstream = Mul(*term.local), term.quantity.adjoint.symbol
            above = self._copy(upstream) if self._is_known(upstream) else self._print(upstream)
            self._tell(section, [local])
            below = self._blank(local)
            product = self._blank(Mul(upstream, local), Mul(upstream, Symbol(below.key)))
            products.append(product)
            factor = self.write.expression(local)
            rows.append((node.factors[0], above, factor, below, product))
        total = self._blank(here.adjoint.symbol, _sum_of(products))
        name = self.write.name(here)
        section.blocks.append(PathTable(tuple(rows), self.write.name(here.adjoint), total, name))

    def _update(self) -> SheetSection:
        section = self._section("title.update", note="hint.update")
        weight, slope = self.weight.symbol, self.weight.adjoint.symbol
        name, of = self.write.name(self.weight), self.write.name(self.weight.adjoint)
        before, rate, by = (slot(self._copy(s)) for s in (weight, ETA, slope))
        after = self._blank(weight - ETA * slope, key=f"{weight.name}_next")
        numbers = tree.Sum((before, tree.Negated(tree.Product((rate, by)))))
        section.blocks += [EqualityLine((tree.Update(name, of), numbers, slot(after))), ErrorQuestion(), Room()]
        return section

    def _paths(self, sections: Sequence[SheetSection]) -> Network2D:
        """The figure of the paths; preactivations and what is inside a softmax are left out."""
        chain = [q.primal for q in self.graph.chain(self.weight.adjoint)]
        columns: list[list[Quantity]] = [[self.weight]]
        for tensor in dict.fromkeys(e.target.tensor for e in self.derivation.forward):
            entries = [q for q in chain if q.tensor == tensor]
            if entries and _topic(tensor) != "softmax" and tensor.kind is not TensorKind.PREACTIVATION:
                columns.append(entries if len(entries) <= 6 else [q for q in entries if q in self.way])
        columns.append([E])
        drawn = {q for column in columns for q in column}
        edges = []
        for c, (left, right) in enumerate(pairwise(columns)):
            for b, end in enumerate(right):
                sources = self._sources(end, drawn)
                edges += [((c, a), (c + 1, b)) for a, start in enumerate(left) if start in sources]
        worked = {b.key: s.number for s in sections for b in self.blanks.values() if b.section == s.number
                  and b.expression.is_Symbol}  # fmt: skip
        first = {key: number for key, number in worked.items() if "(" not in key}
        under = tuple(first[next(q for q in column if q in self.way).adjoint.name] for column in columns[:-1])
        return Network2D(tuple(tuple(map(self.write.name, c)) for c in columns), tuple(edges), under)

    def _sources(self, end: Quantity, drawn: set[Quantity]) -> set[Quantity]:
        """The drawn quantities that one rests on."""
        quantities: set[Quantity] = set()
        waiting = [end]
        while waiting:
            for symbol in self.graph[waiting.pop()].symbols():
                quantity = self.derivation.quantities.of(symbol)
                if quantity in drawn:
                    quantities.add(quantity)
                elif symbol.name in self.graph:
                    waiting.append(quantity)
        return quantities

    @cached_property
    def names(self) -> dict[str, str]:
        """Of each blank's key, a name that a cell and a field can have."""
        return {key: f"blank_{n}" for n, key in enumerate(self.blanks, 1)}

    @cached_property
    def distances(self) -> list[Callable[[Mapping[str, float]], float]]:
        """How far each kink and each tie is, where E has no derivative, or rounding might choose the other side."""

        def to_tie(names: Sequence[str], values: Mapping[str, float]) -> float:
            second, first = sorted(values[name] for name in names)[-2:]
            return first - second

        def to_kink(name: str, values: Mapping[str, float]) -> float:
            return abs(values[name])

        distances: list[Callable[[Mapping[str, float]], float]] = []
        for variable in self.graph.forward.values():
            if variable.reduce == "max" and len(variable.symbols()) > 1:
                distances.append(partial(to_tie, sorted(s.name for s in variable.symbols())))
            for call in variable.expression.atoms(*KINKED) if variable.reduce == "sum" else ():
                distances += [partial(to_kink, s.name) for s in call.free_symbols]
        return distances

    @cached_property
    def complete(self) -> Callable[[Mapping[str, float]], dict[str, float]]:
        """From the inputs of one image to every quantity."""
        return completion(self.graph)


# --- numbers --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExerciseSheet:
    """A plan with numbers.

    Attributes:
        values: of every quantity, as the network has them, and of every blank by its key.
        label: of the image, if it has one; classes: names of the outputs.
        after: E after the update of the one weight.
    """

    plan: ExercisePlan
    seed: int
    values: Mapping[str, float]
    label: str | None
    classes: tuple[str, ...]
    after: float
    student: str = ""

    def value(self, cell: Cell) -> float:
        if isinstance(cell, Blank):
            return self.values[cell.key]
        return self.values[cell.expression.name] if cell.expression.is_Symbol else float(cell.expression)

    def text(self, cell: Cell | float) -> str:
        """The number as it is printed, with a point: pixels and drawn numbers exactly, the rest with four decimals."""
        return as_printed(cell if isinstance(cell, float) else self.value(cell))


def as_printed(value: float) -> str:
    """A number with the fewest decimals that are exact, or four."""
    text = f"{round_half_up(value):.{DECIMALS}f}"
    if abs(float(text) - value) < 1e-9:
        text = text.rstrip("0").rstrip(".")
    return text.removeprefix("-") if float(text) == 0 else text


def round_half_up(value: float) -> float:
    """As a pupil rounds: a half away from zero."""
    scaled = abs(value) * 10**DECIMALS
    return math.copysign(math.floor(scaled + 0.5 + 1e-7) / 10**DECIMALS, value)


# --- small things ---------------------------------------------------------------------------------------------------


def _topic(tensor: Tensor) -> str:
    """What a section is about; a preactivation belongs to its neuron."""
    if tensor.kind is TensorKind.PREACTIVATION and tensor.target is not None:
        tensor = tensor.target
    names = {
        TensorKind.FEATURE_MAP: "feature_map", TensorKind.ACTIVATED_MAP: "activated_map",
        TensorKind.POOLED_MAP: "pooled_map", TensorKind.HIDDEN: "hidden", TensorKind.OUTPUT: "output",
        TensorKind.ERROR: "error",
    }  # fmt: skip
    return names.get(tensor.kind, "softmax")


def _neuron(plan: ExercisePlan, quantity: Quantity) -> Quantity:
    """The quantity that a heading names: of a preactivation that of its neuron."""
    target = quantity.tensor.target
    return next((q for q in plan.way if q.tensor == target), quantity) if target is not None else quantity


def _is_grid(tensor: Tensor) -> bool:
    return len(tensor.shape) == 2 or (len(tensor.shape) == 3 and tensor.shape[0] == 1)


def _is_linear(variable: Variable) -> bool:
    """Is it a sum of products of two symbols, and of single ones?"""
    products = variable.products
    symbols = all(bool(f.is_Symbol) for factors in products for f in factors)
    return symbols and variable.reduce == "sum" and max(map(len, products)) == 2


def _value_and_weight(plan: ExercisePlan, factors: Sequence[Expr]) -> tuple[Symbol | None, Symbol]:
    if len(factors) == 1:
        return None, factors[0]
    first, second = factors
    if plan.derivation.quantities.of(first).tensor.role == "parameter":
        return second, first
    return first, second


def _is_path(term: ChainTerm) -> bool:
    return not term.is_last and bool(Mul(*term.local).is_Symbol)


def _replace_slope(product: Sequence[Expr], factors: Mapping[Expr, Symbol]) -> Expr:
    """A product with the blank of its local derivative in place of that."""
    for n in range(1, len(product) + 1):
        if Mul(*product[n:]) in factors and n < len(product):
            return Mul(*product[:n], factors[Mul(*product[n:])])
    return Mul(*product)


def _sum_of(blanks: Sequence[Blank]) -> Expr:
    return Add(*(Symbol(b.key) for b in blanks))


def _product(factors: Sequence[Any]) -> Any:
    return factors[0] if len(factors) == 1 else tree.Product(tuple(factors))


def _members(node: Any) -> tuple[Any, ...]:
    return node.members if isinstance(node, tree.Equality) else (node,)


def _rows(cells: Sequence[Cell], width: int) -> tuple[tuple[Cell, ...], ...]:
    return tuple(tuple(cells[n : n + width]) for n in range(0, len(cells), width))
