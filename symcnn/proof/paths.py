"""∂A/∂B for any two quantities of a network: the sum over the paths from B to A of products of local derivatives.

    Slope("x_11", "f_12")     ∂x_11/∂f_12, as an atom in SymPy expressions
    QuantityTable             every quantity, and every slope, as an element of one algebra

The local derivatives come from dual numbers through the forward equations, one at a time: no ``diff``, no adjoint, no
index notation, so a wrong backward formula has nothing to lean on here. B is cut from its own definition: only what
lies between B and A counts. Of what an equation holds constant (the shift of a softmax) nothing is collected.
"""

from collections.abc import Iterable, Iterator, Sequence

from sympy import Expr, Symbol

from symcnn.derivation import Derivation, Variable
from symcnn.proof.algebra import Algebra
from symcnn.proof.arithmetic import Dual, Element
from symcnn.proof.verdict import UndecidableError
from symcnn.symbolic import RecordAtom


class Slope(RecordAtom):
    """∂of/∂by, between two quantities by their names, as an atom of SymPy."""

    __slots__ = ("by", "of")

    of: str
    by: str

    def __new__(cls, of: str, by: str) -> "Slope":
        return cls._of(of, by)

    def _sympystr(self, printer: object) -> str:
        return f"∂{self.of}/∂{self.by}"

    def _eval_derivative(self, symbol: Expr) -> Expr:
        raise UndecidableError(
            f"{self}: it is differentiated once more, and only first derivatives have a meaning here"
        )


def suffix(image: int) -> str:
    """What the names of one image's quantities end with; of the image at hand (0) with nothing."""
    return f"_image{image}" if image else ""


class QuantityTable:
    """The quantities of some images in one algebra.

    Args:
        images: their numbers; (0,) is the image at hand, whose names stand as they are.
        algebra: with a generator for each parameter, and for each pixel and target of each image.
    """

    def __init__(self, derivation: Derivation, algebra: Algebra, images: Sequence[int] = (0,)) -> None:
        self.algebra = algebra
        self._forward = derivation.graph.forward
        self._order = {name: n for n, name in enumerate(self._forward)}
        held = {e.target.tensor for e in derivation.forward if e.constant}
        self._held = {v.name for v in self._forward.values() if v.tensor in held}
        self._shared = frozenset(derivation.network.parameters)
        self._images = tuple(images)
        self._local: dict[str, dict[str, Element]] = {}
        self._slopes: dict[str, dict[str, Element]] = {}
        self._known: dict[Expr, Element] = {Symbol(name): e for name, e in algebra.generators.items()}
        for ending in map(suffix, images):
            for variable in self._forward.values():
                known = {s: self._known[Symbol(self._named(s.name, ending))] for s in variable.symbols()}
                self._known[Symbol(variable.name + ending)] = algebra.element(variable.expression, known)

    @staticmethod
    def inputs(derivation: Derivation, images: Sequence[int] = (0,)) -> list[str]:
        """The names of the generators: parameters once, the rest once for each image."""
        shared = derivation.network.parameters
        data = [name for name in derivation.graph.inputs if name not in set(shared)]
        return [*shared, *(name + suffix(n) for n in images for name in data)]

    @staticmethod
    def shares(derivation: Derivation, images: Sequence[int]) -> Iterator[tuple[str, list[str]]]:
        """Of each image: the target that the others leave to 1 where targets are shares, and the others."""
        targets = derivation.network.forward.targets
        names = targets.scalars() if targets is not None else ()
        for ending in map(suffix, images if names else ()):
            *others, last = (name + ending for name in names)
            yield last, others

    def elements(self, *expressions: Expr) -> list[Element]:
        """Expressions in names and slopes as elements; the functions that only they bring are forgotten afterwards.

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

    def slope(self, of: str, by: str) -> Element:
        """∂of/∂by."""
        if of not in self._slopes:
            self._slopes[of] = self._sweep(of)
        return self._slopes[of].get(by, self.algebra.zero)

    def _sweep(self, of: str) -> dict[str, Element]:
        """∂of/∂(everything): each quantity hands what it has collected on to what it is made of."""
        found = {of: self.algebra.one}
        variable, ending = self._split(of)
        if variable is None:
            return found
        names = list(self._forward)
        for name in reversed(names[: self._order[variable.name] + 1]):
            collected = found.get(name + ending)
            if collected is None or name in self._held:
                continue
            for source, local in self.local(name, ending).items():
                part = self.algebra.times(collected, local)
                found[source] = found[source] + part if source in found else part
        return found

    def local(self, name: str, ending: str = "") -> dict[str, Element]:
        """∂name/∂(each quantity that its own equation is made of)."""
        if name + ending not in self._local:
            variable = self._forward[name]
            names = sorted(s.name for s in variable.symbols())
            seeds = {
                s: Dual(self._known[Symbol(self._named(s, ending))], {self._named(s, ending): self.algebra.one})
                for s in names
            }
            self._local[name + ending] = dict(self.algebra.dual(variable.expression, seeds).slopes)
        return self._local[name + ending]

    @property
    def names(self) -> list[str]:
        """Everything that may be differentiated by, of the first of the images."""
        return [s.name for s in self._known if s.is_Symbol]

    def carried(self, by: str, of: str) -> Element:
        """∂of/∂by once more, from ``by`` forward: each quantity collects from what it is made of."""
        found = {by: self.algebra.one}
        for name in self._forward:
            if name in found or name in self._held:
                continue
            parts = [self.algebra.times(local, found[s]) for s, local in self.local(name).items() if s in found]
            if parts:
                found[name] = sum(parts, self.algebra.zero)
        return found.get(of, self.algebra.zero)

    def _split(self, name: str) -> tuple[Variable | None, str]:
        for ending in map(suffix, self._images):
            bare = name.removesuffix(ending)
            if name.endswith(ending) and bare in self._forward:
                return self._forward[bare], ending
        return None, ""

    def _named(self, name: str, ending: str) -> str:
        return name if name in self._shared else name + ending


def of_one_image(expression: Expr) -> Expr:
    """The same of the image at hand."""
    names: dict[Expr, Expr] = {s: Symbol(s.name.partition("_image")[0]) for s in expression.free_symbols}
    for slope in expression.atoms(Slope):
        names[slope] = Slope(slope.of.partition("_image")[0], slope.by.partition("_image")[0])
    return expression.xreplace(names)


def names_in(expressions: Iterable[Expr]) -> set[str]:
    """Every name that occurs, in slopes too."""
    found: set[str] = set()
    for e in expressions:
        found |= {s.name for s in e.free_symbols}
        for slope in e.atoms(Slope):
            found |= {slope.of, slope.by}
    return found
