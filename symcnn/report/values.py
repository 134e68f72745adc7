"""What a report's numbers must be: values of expressions, and of keys, at the parameters and images that it shows.

    f_11, dE_df_11, f_11_next, E_total             over the images: a parameter, its gradient, its next value
    x_12_image1, dE_df_11_image1, E_image1         of one image
    dx_11_df_12_image1                             a derivative between two quantities, of one image

They are worked out here from the forward equations and the slopes, in floating point: no program and no adjoint.

A report's numbers, checked: under a factor, behind an equals sign, in a table, in a matrix.

Each is compared before it is rounded, with a value that is worked out anew (``values.py``): the formula in letters, the
formula in numbers and the result are one number, and each number is that of its own letter, also where a 0 hides it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from sympy import Add, Expr, Rational, Symbol

from symcnn.derivation import Derivation, Product
from symcnn.errors import RefusedError, SymcnnError
from symcnn.formula import tree
from symcnn.formula.matcher import PrintedEntry
from symcnn.formula.meaning import EntryGroup, Meaning, Value, pairs
from symcnn.formula.steps import alike, bare, nodes, parts, rewritten
from symcnn.formula.tree import Key, LocalDerivative, NextValue, Node
from symcnn.formula.written import brief
from symcnn.network import checked
from symcnn.proof import decide
from symcnn.proof.algebra import PointAlgebra
from symcnn.proof.numbers import FLOATS
from symcnn.proof.paths import QuantityTable, Slope, images_in, parameters_and_data
from symcnn.report.content import Content
from symcnn.report.one_pass import OnePass
from symcnn.symbolic import E_TOTAL, E, Quantity


class Values:
    """Values at a training's first parameters."""

    def __init__(self, content: Content) -> None:
        assert content.run is not None
        assert content.data is not None
        self._d = content.derivation
        self._network = content.derivation.network
        pixels, targets = checked(self._network, content.data)
        self.images = len(pixels)
        shared, data = parameters_and_data(self._d)
        rows = np.concatenate([pixels.reshape(self.images, -1), targets], axis=1).tolist()
        self._data: list[dict[Symbol, float]] = [dict(zip(data, row, strict=True)) for row in rows]
        self._parameters: dict[Symbol, float] = dict(zip(shared, content.run.initial.tolist(), strict=True))
        self.rate: float = content.run.learning_rate
        self._step = self.rate / (self.images if content.run.reduction == "mean" else 1)
        self._known: dict[tuple[int, ...], QuantityTable] = {}

    def of(self, expression: Expr) -> float:
        """The value of an expression in quantities of images (x_11_image1) and parameters."""
        terms = Add.make_args(expression)
        if len(terms) > 1:  # E_total adds images that have nothing else in common
            return float(sum(map(self.of, terms)))
        images = sorted(images_in([expression], self._d.quantities))
        [value] = self._at(tuple(images) or (1,)).elements(expression.xreplace({Symbol("η"): Rational(self.rate)}))
        return float(value)

    def _at(self, images: tuple[int, ...]) -> QuantityTable:
        if images not in self._known:
            values = dict(self._parameters)
            for n in images:
                values |= {self._d.quantities.of_image(s, n): value for s, value in self._data[n - 1].items()}
            self._known[images] = QuantityTable(self._d, PointAlgebra(values), images)
        return self._known[images]

    def expression(self, key: Key) -> Expr | None:
        """What a key stands for; None: no quantity that these values have."""
        if key.image is not None and not 1 <= key.image <= self.images:
            return None
        if isinstance(key, LocalDerivative):
            return Slope(*(q.of_image(key.image).symbol for q in (key.of, key.by)))
        if isinstance(key, NextValue):
            return None
        shared = key.tensor.is_shared
        if key == E_TOTAL:
            return Add(*(E.of_image(n).symbol for n in range(1, self.images + 1)))
        if key.is_adjoint:
            images = range(1, self.images + 1) if shared and key.image is None else [key.image]
            of_each = ((E.of_image(n), key.primal.of_image(n)) for n in images)
            return Add(*(Slope(of.symbol, by.symbol) for of, by in of_each)) if shared or key.image else None
        return key.symbol if shared == (key.image is None) else None

    def at_key(self, key: Key) -> float | None:
        """The value that a key stands for."""
        if isinstance(key, NextValue):
            gradient = self.expression(key.parameter.adjoint)
            return self._parameters[key.parameter.symbol] - self._step * self.of(gradient)
        found = self.expression(key)
        return None if found is None else self.of(found)


#: Images that are tried where a display with numbers does not say whose they are.
MAX_TRIED = 4


def is_shown(node: object) -> bool:
    """A number rounded for display, or one that a key names."""
    return isinstance(node, tree.Number) and (node.digits is not None or bool(node.key))


def image_of(members: Iterable[Node]) -> int:
    """The one image that the numbers of some formulas name; 0: none, or several."""
    keys = (n.key for m in members for n in nodes(m) if isinstance(n, tree.Number) and n.key)
    images = {key.image for key in keys if key.image is not None}
    return images.pop() if len(images) == 1 else 0


class ReportNumberChecker:
    """Checks the numbers of one content.

    Args:
        values: None where there is no pass with numbers.
        same: are two expressions the same quantity?
    """

    def __init__(self, values: Values | None, meaning: Meaning, same: Callable[[Expr, Expr], bool]) -> None:
        self.values, self._same = values, same
        self._meaning = replace(meaning, total=True, images=values.images if values else meaning.images)
        self._results: set[float] = set()

    def check_keys(self, thing: object) -> None:
        """Every number with a key, anywhere, is the value that the key stands for."""
        for number in (n for n in nodes(thing) if isinstance(n, tree.Number)):
            wanted = self.values.at_key(number.key) if self.values and number.key else None
            if wanted is not None and not decide(wanted, number.value, FLOATS):
                raise RefusedError(f"{number.key} is shown as {number.value!r}; it is {wanted!r}")

    def check(self, members: Sequence[Node], plain: Sequence[Node], labelled: bool) -> None:
        """All members have one value, and every number stands under what it is the value of.

        Args:
            plain: the members without the numbers under them, and with what dots stand for.
            labelled: does the display say of each quantity of which image it is?
        """
        if not any(isinstance(n, tree.Symbol) for m in plain for n in nodes(m)):
            return self._results_only(plain)
        if self.values is None:
            raise RefusedError("numbers, but no pass that they could come from")
        named = image_of(members)
        tried = [named] if named or labelled else range(1, min(self.values.images, MAX_TRIED) + 1)
        refused: SymcnnError | None = None
        for image in tried:
            try:
                return self._at(members, plain, replace(self._meaning, image=image))
            except SymcnnError as error:
                refused = refused or error
        assert refused is not None  # there is an image, so one was tried
        raise refused

    def _at(self, members: Sequence[Node], plain: Sequence[Node], meaning: Meaning) -> None:
        for member in members:
            self._beneath(member, meaning)
        for a, b in pairwise(plain):
            self._close(a, b, meaning.of(a), meaning.of(b))
            self._aligned(a, b, meaning)
            self._aligned(plain[0], b, meaning)
            if self.values and any(isinstance(n, tree.Convolution) for m in (a, b) for n in nodes(m)):
                self._places(a, b, replace(meaning, keys=self.values.expression))

    def _places(self, a: Node, b: Node, meaning: Meaning) -> None:
        """Cells that changed places may give the same numbers; the quantities that they stand for do not."""
        for one, other in pairs(meaning.of(a), meaning.of(b), tree.Equality((a, b))):
            if not (one.is_number or other.is_number or self._same(one, other)):
                raise RefusedError(f"{brief(a)} = {brief(b)}: the numbers stand for other cells")

    def _results_only(self, plain: Sequence[Node]) -> None:
        """Where there are no letters, rounded numbers can only be results that were shown before."""
        rounded = [[n for n in nodes(m) if isinstance(n, tree.Number) and n.digits] for m in plain]
        for number in rounded[0]:
            if number.value not in self._results:
                raise RefusedError(f"{brief(number)}: a rounded number that comes from nowhere")
        self._at(plain, plain, self._meaning)
        self._results |= {n.value for numbers in rounded for n in numbers}

    def _beneath(self, node: Node, meaning: Meaning) -> None:
        """Each number under a factor is its value."""
        if isinstance(node, tree.Labelled):
            meaning = replace(meaning, image=meaning.labels.get(node.word, 0))
        if isinstance(node, tree.Under):
            self._aligned(bare(node.node), node.number, meaning)
        for part in parts(node):
            self._beneath(part, meaning)

    def _aligned(self, a: Node, b: Node, meaning: Meaning) -> None:
        """Formulas of one shape, in letters and in numbers: number by number."""
        if isinstance(b, tree.Number) and not isinstance(a, tree.Number):
            self._close(a, b, meaning.of(a), meaning.of(b))
            self._its_own(a, b, meaning)
        elif isinstance(a, tree.Labelled) and not isinstance(b, tree.Labelled):
            self._aligned(a.node, b, replace(meaning, image=meaning.labels.get(a.word, 0)))
        elif alike(a, b) and a != b:
            inner = replace(meaning, image=meaning.labels[a.word]) if isinstance(a, tree.Labelled) else meaning
            for one, other in zip(parts(a), parts(b), strict=True):
                self._aligned(one, other, inner)

    def _its_own(self, a: Node, number: tree.Number, meaning: Meaning) -> None:
        """A number with a key stands for the quantity that the key names, not for another with the same value."""
        wanted = self.values.expression(number.key) if self.values and number.key else None
        found = meaning.of(a)
        if wanted is None or isinstance(found, EntryGroup) or not isinstance(a, (tree.Symbol, tree.Partial)):
            return
        if not self._same(found, wanted):
            raise RefusedError(f"{number.key} stands for {brief(a)}, which is another quantity")

    def _close(self, a: Node, b: Node, left: Value, right: Value) -> None:
        for one, other in pairs(left, right, tree.Equality((a, b))):
            found, given = self._value(one, a), self._value(other, a)
            if not decide(found, given, FLOATS):
                raise RefusedError(f"{brief(a)} is {found:.10g}; {brief(b)} gives {given:.10g}")

    def _value(self, e: Expr, node: Node) -> float:
        try:
            if e.is_number:
                return float(e)
            assert self.values is not None  # a letter was found, so there are values
            return self.values.of(e)
        except (OverflowError, TypeError):
            raise RefusedError(f"{brief(node)}: too large a number, or none") from None


class EntryChecker:
    """Checks the numbers of a large network: those of its one pass.

    Raises:
        RefusedError: they differ from what the program, or dual numbers, give.
    """

    def __init__(self, derivation: Derivation, one_pass: OnePass, meaning: Meaning) -> None:
        if not one_pass.agrees:
            worst, where = one_pass.difference
            raise RefusedError(f"{where}: the pass differs from the program or from dual numbers by {worst:.1e}")
        self._quantities, self._pass, self._meaning = derivation.quantities, one_pass, meaning
        self._algebra = PointAlgebra({})

    def check_keys(self, thing: object) -> None:
        """Every number with a key, anywhere, is the value that the key stands for."""
        for number in (n for n in nodes(thing) if isinstance(n, tree.Number)):
            if number.key is None:
                continue
            if number.key not in self._pass:
                raise RefusedError(f"{number.key}: a number that comes from nowhere")
            if not decide(self._pass[number.key], number.value, FLOATS):
                raise RefusedError(f"{number.key} is shown as {number.value!r}; it is {self._pass[number.key]!r}")

    def check_entry(self, members: Sequence[Node], entry: PrintedEntry) -> None:
        """What stands there, read as mathematics, has the value that is shown; each number is that of what it is under.

        Args:
            members: the left side, the right side, and its value.
        """
        if len(members) != 3:
            raise RefusedError(f"{brief(members[0])}: numbers, but not its value")
        left, right, value = members
        for under in (n for n in nodes((left, right)) if isinstance(n, tree.Under)):
            self._check_owner(bare(under.node), under.number)
        self._check_owner(bare(left), value)
        hidden = iter(entry.behind_dots())

        def put(node: Node) -> Node | None:
            return self._together(next(hidden), entry) if node == tree.DOTS else None

        whole = rewritten(bare(right), put)
        if not decide(self._value(self._meaning.scalar(bare(left))), self._value(self._meaning.scalar(whole)), FLOATS):
            raise RefusedError(f"{brief(left)}: not the value of {brief(right)}")

    def _check_owner(self, node: Node, number: Node) -> None:
        """A number stands for the quantity that its key names, and that is the one beside or above it."""
        if not isinstance(number, tree.Number) or not isinstance(number.key, Quantity):
            raise RefusedError(f"{brief(number)}: a number that comes from nowhere")
        quantity = number.key.of_image(None)
        if isinstance(node, tree.Partial) and quantity.tensor.is_shared and node.of != tree.Symbol("E"):
            raise RefusedError(f"{number.key} is of one image, {brief(node)} of all")
        meant = Slope(E.symbol, quantity.primal.symbol) if quantity.is_adjoint else quantity.symbol
        if self._meaning.of(node) != meant:
            raise RefusedError(f"{number.key} stands for {brief(node)}, which is another quantity")

    def _together(self, products: Sequence[Product], entry: PrintedEntry) -> tree.Number:
        """What dots stand for."""
        numbers = [math.prod(map(self._value, factors)) for factors in products]
        return tree.Number(max(numbers) if entry.variable.reduce == "max" else math.fsum(numbers))

    def _value(self, expression: Expr) -> float:
        """The value of an expression in the pass."""
        of, image = self._quantities.of, self._pass.image
        if expression.is_Symbol:
            return self._pass[of(expression).of_image(image)]
        values: dict[Expr, float] = {s: self._pass[of(s.by).adjoint.of_image(image)] for s in expression.atoms(Slope)}
        values |= {s: self._pass[of(s).of_image(image)] for s in expression.free_symbols}
        return float(self._algebra.element(expression, values))
