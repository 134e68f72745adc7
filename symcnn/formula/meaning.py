"""The meaning of a displayed formula: its tree as a SymPy expression in a network's quantities, or a group of them.

    x_12                     the quantity of the symbol; ``Spelled`` looks up a symbol of a text
    ∂A/∂B                    ``Slope``: the sum over the paths from B to A; of an expression by linearity
    ∂E_total/∂f_11           E_total is read as the sum over the images, or, where a text says so, as E of one image
    X, [[…]], I ∗ ∂E/∂X      groups, entry by entry; ∂E/∂X · ∂X/∂F is a product of Jacobians
    Σ_{p, q} …               at every point of its letters; an entry outside its tensor counts as 0

The displayed adjoints are never looked up: whether a formula is right is decided afterwards, against the slopes.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce
from itertools import product
from typing import TypeAlias

from sympy import Add, Expr, Mul, Rational, S, Symbol

from symcnn.derivation.derivation import Derivation
from symcnn.dispatch import DispatchMethod
from symcnn.errors import SymcnnError
from symcnn.formula import tree
from symcnn.formula.tree import Node
from symcnn.formula.typography import CALLS, EntrySymbol
from symcnn.formula.written import MeaningError, Spelled, UnknownNameError, brief
from symcnn.proof.paths import Slope
from symcnn.symbolic import (
    ERROR,
    LEAVES,
    Access,
    E,
    Quantity,
    Tensor,
    Z,
    entries,
    exp,
    gate,
    log,
    maximum,
    quantity_of,
    wins,
)  # fmt: skip

#: Terms of a sum with limits; a longer one is a slip of the pen, or malice.
MAX_SPAN = 1000

_FUNCTIONS: dict[str, Callable[..., Expr]] = {written: function for function, written in CALLS.items()}

#: Leaf functions that are displayed as their definition: ln(1 + exp(z)) is softplus(z).
_UNNAMED = [leaf for leaf in LEAVES if leaf.definition is not None and not leaf.display]


class DoesNotFitError(MeaningError):
    """Groups that cannot be put together so: of other shapes, or that do not follow each other."""


class SpentError(SymcnnError):
    """A formula needs more work than there is for one equation, or for one text."""


@dataclass
class Budget:
    """Units of work: formulas evaluated at a point. A count, not a clock: the same on every machine.

    Attributes:
        one, whole: for one equation, and for a text.
    """

    one: int = 100_000
    whole: int = 10**12
    _left: int = 100_000

    def begin(self) -> None:
        """Start another equation."""
        self._left = min(self.one, self.whole)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Give an evaluation beside the equation a share of its own."""
        left = self._left
        self.begin()
        try:
            yield
        finally:
            self._left = left

    @property
    def is_spent(self) -> bool:
        """Is nothing left for the text?"""
        return self.whole <= 0

    def spend(self) -> None:
        """Spend one unit.

        Raises:
            SpentError
        """
        self._left -= 1
        self.whole -= 1
        if self._left < 0:
            raise SpentError("not decided within its share of work")


@dataclass(frozen=True)
class EntryGroup:
    """Entries in rows: X, ∂E/∂F, ∂X/∂F.

    Attributes:
        entries: row by row.
        shape: of the entries.
        of, by: the tensor whose entries they are, and the one by which it is differentiated.
        slope: are they derivatives?
    """

    entries: tuple[Expr, ...]
    shape: tuple[int, ...]
    of: Tensor | None = None
    by: Tensor | None = None
    slope: bool = False


Value: TypeAlias = Expr | EntryGroup


@dataclass(frozen=True)
class Meaning:
    """Reads formulas over one network.

    Attributes:
        derivation: of the network.
        written: looks up symbols; None: only symbols that hold their quantity (``EntrySymbol``), as our own do.
        labels: a word at the foot of a bracket, or of E -> the image that it names.
        images: how many images E_total adds.
        total: is E_total the sum over the images? Else it stands for E of the image at hand.
        image: whose quantities unlabelled symbols are; 0: of the image at hand, whichever that is.
        sizes: index letter -> how far it runs.
        free: letters without a quantity that may occur: z in σ(z).
        point: the values of the index letters.
        base: the first value of an index letter.
        limited: the letters that run between limits of a sum.
        keys: what a number with a key means instead of its value; None: its value.
        budget: how much work there is for it; None: any.
    """

    derivation: Derivation
    written: Spelled | None = None
    labels: Mapping[str, int] = field(default_factory=dict)
    images: int = 1
    total: bool = False
    image: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)
    free: frozenset[str] = frozenset()
    point: Mapping[str, int] = field(default_factory=dict)
    base: int = 0
    limited: frozenset[str] = frozenset()
    keys: Callable[[tree.Key], Expr | None] = lambda key: None
    budget: Budget | None = None
    _known: dict[Node, Value] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of(self, node: Node) -> Value:
        """Return the meaning of a formula.

        Raises:
            MeaningError: it has none: an unknown name, an index out of range, words, groups that do not fit.
        """
        if node not in self._known:
            if self.budget is not None:
                self.budget.spend()
            self._known[node] = self._of(node)
        return self._known[node]

    # --- quantities -------------------------------------------------------------------------------------------------

    @DispatchMethod
    def _of(self, node: Node) -> Value:
        raise MeaningError("not_a_value", what=brief(node))

    def scalar(self, node: Node) -> Expr:
        """Return the meaning of a formula that must be a single quantity."""
        value = self.of(node)
        if isinstance(value, EntryGroup):
            raise MeaningError("group", what=brief(node), count=len(value.entries))
        return value

    @_of.register
    def _(self, node: tree.Symbol) -> Value:
        if node.letter == "E" and not node.indices:
            return self._error(node.word)
        if node == tree.DOTS:
            raise MeaningError("dots")
        if node.letter in self.free and not node.indices and not node.word:
            return Symbol(node.letter)
        group = self.written.group(node) if self.written is not None and not isinstance(node, EntrySymbol) else None
        if group is not None:
            return self._group(group)
        quantity = self.entry(node)
        if quantity is None and self.limited and self.written is not None:
            self.written.check_limits(node, self.point, self.base, self.limited)
        return S.Zero if quantity is None else self._named(quantity)

    def entry(self, node: tree.Symbol) -> Quantity | None:
        """Return the quantity of a symbol; None where index notation leaves the tensor (absent, or padding).

        Raises:
            UnknownNameError, OutOfRangeError
        """
        if isinstance(node, EntrySymbol):
            quantities = self.derivation.quantities
            if isinstance(node.of, Quantity):
                if node.of.symbol not in quantities or quantities.of(node.of.symbol) != node.of:
                    raise self._unknown(node)
                return node.of
            if node.of.tensor not in quantities.tensors:
                raise self._unknown(node)
            try:
                tensor, index = node.of.tensor, node.of.at(self.point)
            except KeyError as error:
                raise UnknownNameError("no_axis", what=node.indices, letter=error.args[0]) from None
        else:
            tensor, index = self._reader(node).entry(node, self.point, self.base)
        return None if index is None else quantity_of(tensor, index)

    def tensor(self, node: tree.Symbol) -> Tensor:
        """Return the tensor of a symbol, whatever its indices."""
        return node.of.tensor if isinstance(node, EntrySymbol) else self._reader(node).tensor(node)

    def _reader(self, node: tree.Symbol) -> Spelled:
        if self.written is None:
            raise self._unknown(node)
        return self.written

    def _unknown(self, node: tree.Symbol) -> UnknownNameError:
        known = ", ".join(next(entries(t)).name for t in self.derivation.quantities.tensors)
        return UnknownNameError("unknown", what=brief(node), known=known)

    def _named(self, quantity: Quantity) -> Symbol:
        if self.total and not self.image and not quantity.tensor.is_shared:
            raise MeaningError("of_which", what=quantity.name, count=self.images)
        return self.derivation.quantities.of_image(quantity.symbol, self.image or None)

    def _group(self, tensor: Tensor) -> EntryGroup:
        return EntryGroup(tuple(map(self._named, entries(tensor))), tensor.shape, of=tensor)

    def _error(self, word: str) -> Expr:
        if word == "total":
            images = range(1, self.images + 1) if self.total else (self.image or None,)
            return Add(*(E.of_image(n).symbol for n in images))
        return E.of_image(self._labelled(word)).symbol if word else self._named(E)

    def _labelled(self, word: str) -> int:
        if word not in self.labels:
            raise UnknownNameError("unlabelled", word=word, known=", ".join(self.labels))
        return self.labels[word]

    @_of.register
    def _(self, node: tree.Labelled) -> Value:
        return replace(self, image=self._labelled(node.word)).of(node.node)

    @_of.register
    def _(self, node: tree.Number) -> Value:
        if not math.isfinite(node.value):
            raise MeaningError("not_finite", what=node.value)
        named = None if node.key is None else self.keys(node.key)
        return Rational(node.exact) if named is None else named

    @_of.register
    def _(self, node: tree.Under) -> Value:
        return self.of(node.node)

    # --- derivatives ------------------------------------------------------------------------------------------------

    @_of.register
    def _(self, node: tree.Partial) -> Value:
        of, by = self.of(node.of), self.of(node.by)
        if by == 0 and isinstance(node.by, tree.Symbol):
            return S.Zero  # by an entry outside its tensor
        if not isinstance(of, EntryGroup) and not isinstance(by, EntryGroup):
            return self._linear_derivative(of, by)
        above = of if isinstance(of, EntryGroup) else EntryGroup((of,), ())
        below = by if isinstance(by, EntryGroup) else EntryGroup((by,), ())
        entries = tuple(self._linear_derivative(a, b) for a in above.entries for b in below.entries)
        return EntryGroup(entries, (*above.shape, *below.shape), above.of, below.of, slope=True)

    def _linear_derivative(self, of: Expr, by: Expr) -> Expr:
        """By linearity: Σ over the names u of an expression of ∂expression/∂u · ∂u/∂by."""
        if of.is_Symbol and by.is_Symbol:
            return self._of_name(of, by)
        if not by.is_Symbol:
            raise MeaningError("by_one", what=by)
        if of.has(Slope):
            raise MeaningError("second")
        return Add(*(Mul(derivative, self._of_name(name, by)) for name, derivative in _derivatives(of)))

    def _of_name(self, of: Expr, by: Expr) -> Expr:
        return S.One if of == by else S.Zero if self._is_apart(of, by) else _derivative(self.derivation, of, by)

    def _is_apart(self, of: Expr, by: Expr) -> bool:
        """Does ``of`` depend on nothing, or belong to another image than ``by``?"""
        if of.name in self.free or by.name in self.free:
            return True
        quantity, other = map(self.derivation.quantities.of, (of, by))
        if quantity.tensor.role in ("image", "parameter", "target"):
            return True
        return bool(quantity.image and other.image and quantity.image != other.image)

    # --- arithmetic -------------------------------------------------------------------------------------------------

    @_of.register
    def _(self, node: tree.Fraction) -> Value:
        below = self.scalar(node.below)
        if below == 0:
            raise MeaningError("by_zero", what=brief(node))
        return _scaled(self.of(node.above), 1 / below)

    @_of.register
    def _(self, node: tree.Power) -> Value:
        base = self.scalar(node.base)
        if base == 0 and node.exponent < 0:
            raise MeaningError("by_zero", what=brief(node))
        return base**node.exponent

    @_of.register
    def _(self, node: tree.Negated) -> Value:
        return _scaled(self.of(node.node), S.NegativeOne)

    @_of.register
    def _(self, node: tree.Product) -> Value:
        return reduce(_times, map(self.of, node.factors), S.One)

    @_of.register
    def _(self, node: tree.Sum) -> Value:
        if not node.terms:
            raise MeaningError("empty_sum")
        return reduce(_plus, map(self.of, node.terms))

    @_of.register
    def _(self, node: tree.Call) -> Value:
        if node.function == "Σ":
            return self._over_images(node)
        if node.function not in _FUNCTIONS:
            raise UnknownNameError("no_function", what=node.function, known=", ".join(_FUNCTIONS))
        if not node.arguments:
            raise MeaningError("of_nothing", what=node.function)
        function = _FUNCTIONS[node.function]
        if len(node.arguments) == 1 and isinstance(group := self.of(node.arguments[0]), EntryGroup):
            return replace(group, entries=tuple(map(function, group.entries)), of=None, by=None)  # cell by cell
        arguments = [self.scalar(a) for a in node.arguments]
        if function is maximum:
            return maximum(*arguments) if len(arguments) > 1 else arguments[0]
        if len(arguments) != 1:
            raise MeaningError("arguments", what=node.function, count=len(arguments))
        [z] = arguments
        if function is log and z == 0:
            raise MeaningError("log_zero", what=brief(node))
        return _as_function(function(z))

    def _over_images(self, node: tree.Call) -> Value:
        """Return Σ(∂E/∂f_11), the sum over all images."""
        [body] = node.arguments
        return reduce(_plus, (replace(self, image=n).of(body) for n in range(1, self.images + 1)))

    # --- index notation ---------------------------------------------------------------------------------------------

    @_of.register
    def _(self, node: tree.Over) -> Value:
        if not node.letters:
            raise MeaningError("over_nothing", what=node.sign)
        letters = frozenset(node.letters)
        inside = replace(self, limited=self.limited - letters if node.first is None else self.limited | letters)
        terms = [
            replace(inside, point={**self.point, **dict(zip(node.letters, values, strict=True))}).scalar(node.body)
            for values in product(*(self._span(node, letter) for letter in node.letters))
        ]
        return maximum(*terms) if node.sign == "max" else Add(*terms)

    def _span(self, node: tree.Over, letter: str) -> range:
        """Return the values of a letter."""
        if node.first is not None and node.last is not None:
            if not 0 <= node.last - node.first < MAX_SPAN:
                raise MeaningError("span", what=node.sign, first=node.first, last=node.last, most=MAX_SPAN)
            return range(node.first, node.last + 1)
        if letter not in self.sizes:
            raise UnknownNameError("no_length", what=node.sign, letter=letter)
        return range(self.base, self.base + self.sizes[letter])

    @_of.register
    def _(self, node: tree.Indicator) -> Value:
        relations = [c for c in node.conditions if isinstance(c, tree.Relation)]
        if len(relations) != len(node.conditions):
            raise MeaningError("words", what=brief(node))
        first, *others = relations
        left, right = self.scalar(first.left), self.scalar(first.right)
        if first.sign in (">", "≤") and right == 0 and not others:
            return gate(left, 1, 0) if first.sign == ">" else gate(left, 0, 1)
        if first.sign != "=" or any(r.sign != "<" or self.scalar(r.right) != right for r in others):
            raise MeaningError("no_gate", what=brief(node))
        return self._first_of(left, right, {self.scalar(r.left) for r in others}, node)

    def _first_of(self, cell: Expr, largest: Expr, before: set[Expr], node: Node) -> Expr:
        """Return [a = m, b < m]: a reached the maximum m, and no candidate before it did."""
        quantities, image = self.derivation.quantities, self.image or None
        quantity = quantities.of(largest) if largest in quantities else None
        variable = None if quantity is None else self.derivation.graph.forward.get(quantity.of_image(None).name)
        if quantity is None or variable is None or variable.reduce != "max" or quantity.image != image:
            raise MeaningError("no_maximum", what=brief(node), largest=largest)
        names = {s: quantities.of_image(s, image) for s in variable.symbols()}
        candidates = [Mul(*factors).xreplace(names) for a in variable.addends for factors in a.products]
        if cell not in candidates or set(candidates[: candidates.index(cell)]) != before:
            raise MeaningError("no_candidate", what=brief(node), largest=largest)
        return wins(cell, largest, *candidates[: candidates.index(cell)])

    # --- groups -----------------------------------------------------------------------------------------------------

    @_of.register
    def _(self, node: tree.Matrix) -> Value:
        widths = {len(row) for row in node.rows}
        if len(widths) != 1:
            raise MeaningError("ragged")
        entries = tuple(self.scalar(entry) for row in node.rows for entry in row)
        return EntryGroup(entries, (len(node.rows), *widths))

    @_of.register
    def _(self, node: tree.Convolution) -> Value:
        image, window = self.of(node.image), self.of(node.filter)
        if (
            not isinstance(image, EntryGroup)
            or not isinstance(window, EntryGroup)
            or {len(image.shape), len(window.shape)} != {2}
        ):
            raise DoesNotFitError("two_matrices", what=brief(node))
        (rows, columns), (height, width) = image.shape, window.shape
        if height > rows or width > columns:
            raise DoesNotFitError("filter_larger", what=brief(node))
        shape = (rows - height + 1, columns - width + 1)
        cells = list(product(range(height), range(width)))
        entries = tuple(
            Add(*(image.entries[(r + p) * columns + c + q] * window.entries[p * width + q] for p, q in cells))
            for r, c in product(*map(range, shape))
        )
        return EntryGroup(entries, shape)


def pairs(left: Value, right: Value, what: Node) -> list[tuple[Expr, Expr]]:
    """Return the pairs of entries that must be equal; a group of one entry is that entry.

    Raises:
        MeaningError: the groups are of different shapes.
    """
    if isinstance(left, EntryGroup) and isinstance(right, EntryGroup) and left.shape == right.shape:
        return list(zip(left.entries, right.entries, strict=True))
    one, other = (v.entries[0] if isinstance(v, EntryGroup) and len(v.entries) == 1 else v for v in (left, right))
    if isinstance(one, EntryGroup) or isinstance(other, EntryGroup):
        one_size, other_size = (
            "×".join(map(str, v.shape)) if isinstance(v, EntryGroup) else "1" for v in (left, right)
        )
        raise DoesNotFitError("sizes", what=brief(what), one=one_size, other=other_size)
    return [(one, other)]


def _derivative(derivation: Derivation, of: Symbol, by: Symbol) -> Expr:
    """Return ∂of/∂by.

    ∂E/∂o needs a rule of its own where the loss is an equation without the output o, as binary cross-entropy in z, of
    which o is σ(z): o lies on no path then, yet nobody takes ∂E/∂o for 0. Where o is a function of one quantity z, it
    is ∂E/∂z divided by ∂o/∂z. Elsewhere (softmax) E is no function of the outputs here, so it has no meaning.

    Raises:
        MeaningError: by an output that no loss term contains.
    """
    quantities = derivation.quantities
    output = quantities.of(by)
    if quantities.of(of).tensor != ERROR or not _is_unused_output(derivation, output.tensor):
        return Slope(of, by)
    expression = derivation.graph[output.of_image(None)].expression
    if len(expression.free_symbols) != 1:
        raise MeaningError("no_path", what=output.of_image(None).name)
    [z] = expression.free_symbols
    argument = quantities.of_image(z, output.image)
    return Slope(of, argument) / expression.diff(z).xreplace({z: argument})


def _is_unused_output(derivation: Derivation, tensor: Tensor) -> bool:
    """Is the tensor computed, and nothing computed from it?"""
    if tensor == ERROR or derivation.differentiates(tensor):
        return False
    if all(equation.target.tensor != tensor for equation in derivation.forward):
        return False
    factors = (f for equation in derivation.forward for term in equation.terms for f in term.factors)
    return all(access.tensor != tensor for factor in factors for access in factor.atoms(Access))


@lru_cache(4096)
def _derivatives(of: Expr) -> tuple[tuple[Expr, Expr], ...]:
    """Return the names of an expression with its derivative by each; reports repeat few expressions many times."""
    return tuple((name, of.diff(name)) for name in sorted(of.free_symbols, key=str))


def _scaled(value: Value, factor: Expr) -> Value:
    if isinstance(value, EntryGroup):
        return replace(value, entries=tuple(Mul(factor, e) for e in value.entries))
    return Mul(factor, value)


def _plus(a: Value, b: Value) -> Value:
    if not isinstance(a, EntryGroup) and not isinstance(b, EntryGroup):
        return Add(a, b)
    if not isinstance(a, EntryGroup) or not isinstance(b, EntryGroup) or a.shape != b.shape:
        raise DoesNotFitError("sum_shapes")
    return replace(a, entries=tuple(map(Add, a.entries, b.entries)))


def _as_function(e: Expr) -> Expr:
    """Replace a definition by the function that it defines: ln(1 + exp(z)) by softplus(z)."""
    for leaf in _UNNAMED:
        if e.func is leaf.definition.func:
            for z in {power.args[0] for power in e.atoms(exp)}:
                if leaf.definition.xreplace({Z: z}) == e:
                    return leaf.function(z)
    return e


def _times(a: Value, b: Value) -> Value:
    if not isinstance(a, EntryGroup):
        return _scaled(b, a)
    if not isinstance(b, EntryGroup):
        return _scaled(a, b)
    if a.by is None or a.by != b.of:
        a, b = b, a  # ∂X/∂F · ∂E/∂X says the same as ∂E/∂X · ∂X/∂F
    if not (a.slope and b.slope):
        raise MeaningError("matrix_product")
    if a.by is None or a.by != b.of:
        raise DoesNotFitError("product_groups")
    between = a.by.size
    left, right = len(a.entries) // between, len(b.entries) // between
    entries = tuple(
        Add(*(a.entries[n * between + k] * b.entries[k * right + m] for k in range(between)))
        for n, m in product(range(left), range(right))
    )
    dimensions = len(a.by.shape)
    return EntryGroup(entries, (*a.shape[: len(a.shape) - dimensions], *b.shape[dimensions:]), a.of, b.by, slope=True)
