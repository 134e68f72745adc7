"""Slopes ∂A/∂B between any two quantities of a network, and equalities of expressions in quantities and slopes.

    Slope(x_11, f_12)     ∂x_11/∂f_12, as an atom in SymPy expressions
    QuantityTable         every quantity, and every slope, as an element of one algebra
    QuantityDomain        the methods by which two expressions are compared, whatever the parameters and the data

∂A/∂B is the sum over the paths from B to A of products of local derivatives. These come from dual numbers through the
forward equations, one at a time: no ``diff``, no adjoint and no index notation, so nothing here can repeat an error of
a backward formula. B is independent of its own equation: only the quantities between B and A count. Through the
constants of an equation (the shift of a softmax) there is no path.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from sympy import Expr, Function, Symbol

from symcnn.derivation import Derivation, Variable
from symcnn.proof.algebra import Algebra, RealAlgebra
from symcnn.proof.arithmetic import Dual, Element
from symcnn.proof.domain import POINTS, SEEDS, AlgebraicDomain, Make, agree, error_probability
from symcnn.proof.verdict import Comparison, OneMethod, UndecidableError, Verdict, decide
from symcnn.symbolic import LEAF, E, Quantities, RecordAtom, entries, maximum


class Slope(RecordAtom):
    """∂of/∂by, between two quantities by their symbols, as an atom of SymPy."""

    __slots__ = ("by", "of")

    of: Symbol
    by: Symbol

    def __new__(cls, of: Symbol, by: Symbol) -> "Slope":
        return cls._of(of, by)

    def _sympystr(self, printer: object) -> str:
        return f"∂{self.of}/∂{self.by}"

    def _eval_derivative(self, symbol: Expr) -> Expr:
        raise UndecidableError(
            f"{self}: it is differentiated once more, and only first derivatives have a meaning here"
        )


def parameters_and_data(derivation: Derivation) -> tuple[list[Symbol], list[Symbol]]:
    """Return the parameters, and the pixels and targets of the image at hand."""
    forward = derivation.network.forward
    assert forward.targets is not None  # a derivation has a loss
    parameters = [q.symbol for q in entries(*forward.parameters)]
    return parameters, [q.symbol for q in entries(forward.image, forward.targets)]


def inputs(derivation: Derivation, images: Iterable[int] = (0,)) -> list[Symbol]:
    """Return the generators of an algebra: the parameters, and each image's pixels and targets (0: the one at hand)."""
    shared, data = parameters_and_data(derivation)
    return [*shared, *(derivation.quantities.of_image(s, n or None) for n in images for s in data)]


def shares(derivation: Derivation, images: Iterable[int]) -> Iterator[tuple[Symbol, list[Symbol]]]:
    """Yield each image's last target, which is 1 minus the others where targets are shares, and the others."""
    targets = derivation.network.forward.targets
    assert targets is not None
    for image in images:
        *others, last = (q.of_image(image or None).symbol for q in entries(targets))
        yield last, others


def _variables(derivation: Derivation) -> Iterable[Variable]:
    """Return the variables of the forward pass, which are all needed to decide anything of one."""
    derivation.require_scalars("decided formula by formula", "`symcnn verify` proves the equations of any network")
    return derivation.graph.forward.values()


def generators_of(derivation: Derivation) -> int:
    """Count the generators of one image's leaf functions: an output, a gate, or a share for each candidate."""
    total = 0
    for variable in _variables(derivation):
        for call in variable.expression.atoms(Function):
            total += len(call.args) if isinstance(call, maximum) else LEAF[call.func].generators
    return total


class QuantityTable:
    """The quantities of some images in one algebra.

    Args:
        images: their numbers; (0,) is the image at hand, whose names have no number.
        algebra: has a generator for each parameter, and for each pixel and target of each image.
    """

    def __init__(self, derivation: Derivation, algebra: Algebra, images: Sequence[int] = (0,)) -> None:
        self.algebra = algebra
        self._quantities = derivation.quantities
        self._forward = {v.quantity.symbol: v for v in _variables(derivation)}
        self._order = {symbol: n for n, symbol in enumerate(self._forward)}
        constants = {e.target.tensor for e in derivation.forward if e.constant}
        self._constants = {symbol for symbol, v in self._forward.items() if v.tensor in constants}
        self._images = [image or None for image in images]
        self._local: dict[Symbol, dict[Symbol, Element]] = {}
        self._slopes: dict[Symbol, dict[Symbol, Element]] = {}
        self._known: dict[Expr, Element] = dict(algebra.generators)
        for image in self._images:
            for symbol, variable in self._forward.items():
                known = {s: self._known[self._at(s, image)] for s in variable.symbols()}
                self._known[self._at(symbol, image)] = algebra.element(variable.expression, known)

    def elements(self, *expressions: Expr) -> list[Element]:
        """Return expressions in symbols and slopes as elements; functions that only they have are forgotten afterwards.

        Raises:
            UndecidableError: one of them has no place in the algebra.
        """
        # sorted: what is cached when the budget ends must not depend on the order of a set
        for slope in sorted({s for e in expressions for s in e.atoms(Slope)}, key=str):
            if slope not in self._known:
                self._known[slope] = self.slope(slope.of, slope.by)
        known, mark = dict(self._known), self.algebra.mark()
        try:
            return [self.algebra.element(e, known) for e in expressions]
        finally:
            self.algebra.restore(mark)

    def sides(self, left: Expr, right: Expr) -> tuple[Element, Element]:
        """Return two expressions as elements."""
        left, right = self.elements(left, right)
        return left, right

    def slope(self, of: Symbol, by: Symbol) -> Element:
        """Return ∂of/∂by."""
        if of not in self._slopes:
            self._slopes[of] = self._reverse_slopes(of)
        return self._slopes[of].get(by, self.algebra.zero)

    def _reverse_slopes(self, of: Symbol) -> dict[Symbol, Element]:
        """Return ∂of/∂(every quantity) in reverse mode: each quantity passes its slope on to its own arguments."""
        slopes = {of: self.algebra.one}
        quantity = self._quantities.of(of)
        bare = quantity.of_image(None).symbol
        if bare not in self._forward or quantity.image not in self._images:
            return slopes
        symbols = list(self._forward)
        for symbol in reversed(symbols[: self._order[bare] + 1]):
            slope = slopes.get(self._at(symbol, quantity.image))
            if slope is None or symbol in self._constants:
                continue
            for source, local in self._locals(symbol, quantity.image).items():
                part = self.algebra.times(slope, local)
                slopes[source] = slopes[source] + part if source in slopes else part
        return slopes

    def _locals(self, symbol: Symbol, image: int | None = None) -> dict[Symbol, Element]:
        """Return ∂symbol/∂(each argument of its own equation), of an image."""
        key = self._at(symbol, image)
        if key not in self._local:
            variable = self._forward[symbol]
            seeds = {}
            for s in variable.symbols():
                named = self._at(s, image)
                seeds[s] = Dual(self._known[named], {named: self.algebra.one})
            self._local[key] = dict(self.algebra.dual(variable.expression, seeds).slopes)
        return self._local[key]

    @property
    def symbols(self) -> list[Symbol]:
        """Every quantity of the images."""
        return [s for s in self._known if s.is_Symbol]

    def forward_slope(self, of: Symbol, by: Symbol) -> Element:
        """Return ∂of/∂by in forward mode: each quantity adds the slopes of its own arguments."""
        slopes = {by: self.algebra.one}
        for symbol in self._forward:
            if symbol in slopes or symbol in self._constants:
                continue
            parts = [self.algebra.times(local, slopes[s]) for s, local in self._locals(symbol).items() if s in slopes]
            if parts:
                slopes[symbol] = sum(parts, self.algebra.zero)
        return slopes.get(of, self.algebra.zero)

    def _at(self, symbol: Symbol, image: int | None) -> Symbol:
        return self._quantities.of_image(symbol, image)


def symbols_in(expressions: Iterable[Expr]) -> set[Symbol]:
    """Return every symbol of expressions, also of their slopes."""
    symbols: set[Symbol] = set()
    for e in expressions:
        symbols |= e.free_symbols
        symbols |= {symbol for slope in e.atoms(Slope) for symbol in (slope.of, slope.by)}
    return symbols


def images_in(expressions: Iterable[Expr], quantities: Quantities) -> set[int]:
    """Return the images whose quantities occur."""
    known = (quantities.of(s) for s in symbols_in(expressions) if s in quantities)
    return {q.image for q in known if q.image is not None}


def of_image(expression: Expr, image: int | None, quantities: Quantities) -> Expr:
    """Return an expression of another image; None: of the image at hand."""
    names: dict[Expr, Expr] = {s: quantities.of_image(s, image) for s in symbols_in([expression]) if s in quantities}
    for slope in expression.atoms(Slope):
        names[slope] = Slope(names[slope.of], names[slope.by])
    return expression.xreplace(names)


#: The most products of monomials for all identities of one network: about a second. After that, random points decide.
BUDGET = 60_000

#: Why an equality holds with a softmax and not without.
SHARES = "targets add to 1"


class QuantityDomain(AlgebraicDomain[QuantityTable]):
    """The quantities of some images; where functions depend on each other (a textbook's softmax), numbers suffice.

    Args:
        images: (0,) is the image at hand; more where an equality names them.
    """

    numbers_suffice = True
    budget = BUDGET

    def __init__(self, derivation: Derivation, images: tuple[int, ...] = (0,)) -> None:
        self.derivation, self.images = derivation, images
        self._decided: dict[tuple[Expr, Expr], Verdict] = {}

    def decide(self, left: Expr, right: Expr) -> Verdict:
        """Decide whether left = right is an identity, each once."""
        if (left, right) not in self._decided:
            self._decided[left, right] = decide(left, right, self)
        return self._decided[left, right]

    def decide_where_shares(self, left: Expr, right: Expr) -> Verdict:
        """Decide left = right in numbers at points where each image's targets add to 1, as shares do."""
        return decide(left, right, OneMethod("numbers", SHARES, self._compare_where_shares))

    def _compare_where_shares(self, left: Expr, right: Expr) -> Comparison:
        return Comparison(all(agree(*table.sides(left, right)) for table in self._where_shares))

    def decide_chain_rule(self) -> Verdict:
        """Decide ∂E/∂u = Σ ∂E/∂v · (∂v/∂u by v's own equation) for every quantity u of the network."""
        symbols, e = self.modular[0].symbols, E.symbol
        forward = [[table.forward_slope(e, u) for u in symbols] for table in self.modular]
        backward = [[table.slope(e, u) for u in symbols] for table in self.modular]
        return decide(forward, backward, OneMethod("modulo a prime", self.modularly, self._compare_chain_rule))

    def _compare_chain_rule(self, forward: list[list[Element]], backward: list[list[Element]]) -> Comparison:
        if forward != backward:
            return Comparison(False, counterexample="∂E/∂u carried forward is not what is collected backward")
        degree = 2 * max(int(self.degrees.slope(E.symbol, u)) for u in self.degrees.symbols)
        return Comparison(True, error_probability(degree, self.leaves(), 1, len(SEEDS)))

    # --- the same quantities in each algebra --------------------------------------------------------------------------

    def sides_in(self, make: Make) -> QuantityTable:
        algebra = make(self._inputs, self._generators * (len(self.images) + 1))
        return QuantityTable(self.derivation, algebra, self.images)

    def leaves(self) -> int:
        return 2 * self._generators * len(self.images)

    @cached_property
    def _inputs(self) -> list[Symbol]:
        return inputs(self.derivation, self.images)

    @cached_property
    def _generators(self) -> int:
        return generators_of(self.derivation)

    @cached_property
    def _where_shares(self) -> list[QuantityTable]:
        """Real points at which the targets of each image add to 1."""
        points = []
        for seed in range(POINTS // 4):
            algebra = RealAlgebra(self._inputs, seed)
            for last, others in shares(self.derivation, self.images):
                algebra.generators[last] = algebra.one - sum(algebra.generators[other] for other in others)
            points.append(QuantityTable(self.derivation, algebra, self.images))
        return points
