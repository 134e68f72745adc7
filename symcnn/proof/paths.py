"""∂A/∂B for any two quantities of a network: the sum over the paths from B to A of products of local derivatives.

    Slope(x_11, f_12)     ∂x_11/∂f_12, as an atom in SymPy expressions
    QuantityTable         every quantity, and every slope, as an element of one algebra

The local derivatives come from dual numbers through the forward equations, one at a time: no ``diff``, no adjoint, no
index notation, so a wrong backward formula has nothing to lean on here. B is cut from its own definition: only what
lies between B and A counts. Of what an equation holds constant (the shift of a softmax) nothing is collected.
"""

from collections.abc import Iterable, Iterator, Sequence

from sympy import Expr, Symbol

from symcnn.derivation import Derivation
from symcnn.proof.algebra import Algebra
from symcnn.proof.arithmetic import Dual, Element
from symcnn.proof.verdict import UndecidableError
from symcnn.symbolic import Quantities, RecordAtom, entries


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


def given(derivation: Derivation) -> tuple[list[Symbol], list[Symbol]]:
    """What is not computed: the parameters, and the pixels and targets of the image at hand."""
    stated = derivation.network.forward
    assert stated.targets is not None  # a derivation has a loss
    data = (stated.image, stated.targets)
    return (
        [q.symbol for tensor in stated.parameters for q in entries(tensor)],
        [q.symbol for tensor in data for q in entries(tensor)],
    )


def inputs(derivation: Derivation, images: Iterable[int] = (0,)) -> list[Symbol]:
    """The generators of an algebra: parameters once, pixels and targets once for each image (0: the one at hand)."""
    shared, data = given(derivation)
    return [*shared, *(derivation.quantities.of_image(s, n or None) for n in images for s in data)]


def shares(derivation: Derivation, images: Iterable[int]) -> Iterator[tuple[Symbol, list[Symbol]]]:
    """Of each image: the target that the others leave to 1 where targets are shares, and the others."""
    targets = derivation.network.forward.targets
    assert targets is not None
    for image in images:
        *others, last = (q.of_image(image or None).symbol for q in entries(targets))
        yield last, others


class QuantityTable:
    """The quantities of some images in one algebra.

    Args:
        images: their numbers; (0,) is the image at hand, whose names stand as they are.
        algebra: with a generator for each parameter, and for each pixel and target of each image.
    """

    def __init__(self, derivation: Derivation, algebra: Algebra, images: Sequence[int] = (0,)) -> None:
        self.algebra = algebra
        self._quantities = derivation.quantities
        self._forward = {v.quantity.symbol: v for v in derivation.graph.forward.values()}
        self._order = {symbol: n for n, symbol in enumerate(self._forward)}
        held = {e.target.tensor for e in derivation.forward if e.constant}
        self._held = {symbol for symbol, v in self._forward.items() if v.tensor in held}
        self._images = [image or None for image in images]
        self._local: dict[Symbol, dict[Symbol, Element]] = {}
        self._slopes: dict[Symbol, dict[Symbol, Element]] = {}
        self._known: dict[Expr, Element] = dict(algebra.generators)
        for image in self._images:
            for symbol, variable in self._forward.items():
                known = {s: self._known[self._at(s, image)] for s in variable.symbols()}
                self._known[self._at(symbol, image)] = algebra.element(variable.expression, known)

    def elements(self, *expressions: Expr) -> list[Element]:
        """Expressions in symbols and slopes as elements; the functions that only they bring are forgotten afterwards.

        Raises:
            UndecidableError: one of them has no place in the algebra.
        """
        # in an order of their own: what is remembered when the budget ends must not depend on the order of a set
        for slope in sorted({s for e in expressions for s in e.atoms(Slope)}, key=str):
            if slope not in self._known:
                self._known[slope] = self.slope(slope.of, slope.by)
        known, mark = dict(self._known), self.algebra.mark()
        try:
            return [self.algebra.element(e, known) for e in expressions]
        finally:
            self.algebra.restore(mark)

    def sides(self, left: Expr, right: Expr) -> tuple[Element, Element]:
        """Two expressions as elements."""
        left, right = self.elements(left, right)
        return left, right

    def slope(self, of: Symbol, by: Symbol) -> Element:
        """∂of/∂by."""
        if of not in self._slopes:
            self._slopes[of] = self._sweep(of)
        return self._slopes[of].get(by, self.algebra.zero)

    def _sweep(self, of: Symbol) -> dict[Symbol, Element]:
        """∂of/∂(everything): each quantity hands what it has collected on to what it is made of."""
        found = {of: self.algebra.one}
        quantity = self._quantities.of(of)
        bare = quantity.of_image(None).symbol
        if bare not in self._forward or quantity.image not in self._images:
            return found
        symbols = list(self._forward)
        for symbol in reversed(symbols[: self._order[bare] + 1]):
            collected = found.get(self._at(symbol, quantity.image))
            if collected is None or symbol in self._held:
                continue
            for source, local in self._locals(symbol, quantity.image).items():
                part = self.algebra.times(collected, local)
                found[source] = found[source] + part if source in found else part
        return found

    def _locals(self, symbol: Symbol, image: int | None = None) -> dict[Symbol, Element]:
        """∂symbol/∂(each quantity that its own equation is made of), of an image."""
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
        """Everything that may be differentiated by, of the first of the images."""
        return [s for s in self._known if s.is_Symbol]

    def carried(self, by: Symbol, of: Symbol) -> Element:
        """∂of/∂by once more, from ``by`` forward: each quantity collects from what it is made of."""
        found = {by: self.algebra.one}
        for symbol in self._forward:
            if symbol in found or symbol in self._held:
                continue
            parts = [self.algebra.times(local, found[s]) for s, local in self._locals(symbol).items() if s in found]
            if parts:
                found[symbol] = sum(parts, self.algebra.zero)
        return found.get(of, self.algebra.zero)

    def _at(self, symbol: Symbol, image: int | None) -> Symbol:
        return self._quantities.of_image(symbol, image)


def symbols_in(expressions: Iterable[Expr]) -> set[Symbol]:
    """Every symbol that occurs, in slopes too."""
    found: set[Symbol] = set()
    for e in expressions:
        found |= e.free_symbols
        for slope in e.atoms(Slope):
            found |= {slope.of, slope.by}
    return found


def images_in(expressions: Iterable[Expr], quantities: Quantities) -> set[int]:
    """The images that are named."""
    known = (quantities.of(s) for s in symbols_in(expressions) if s in quantities)
    return {q.image for q in known if q.image is not None}


def of_image(expression: Expr, image: int | None, quantities: Quantities) -> Expr:
    """The same of another image; None: of the image at hand."""
    put: dict[Expr, Expr] = {s: quantities.of_image(s, image) for s in symbols_in([expression]) if s in quantities}
    for slope in expression.atoms(Slope):
        put[slope] = Slope(put[slope.of], put[slope.by])
    return expression.xreplace(put)
