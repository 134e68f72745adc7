"""A network's derivation: every ∂E/∂(quantity), the chain rule behind it, and its forms.

d["f_12"].formula    dE_dx_11·i_12 + dE_dx_12·i_13 + …        as the article writes it, with adjoints
d.gradients["f_12"]  the same with the adjoints substituted   in i, f, x, w, b, h, o, t of one image
d["f_12"].expanded   closed form of one image                 in parameters, pixels, targets
d["f_12"].total      over the images                          names with _image1, _image2
d["f_12"].steps      the chain rule, from E down to f_12
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from sympy import Add, Expr

from symcnn.derivation.graph import Graph, Product, Variable, instantiate
from symcnn.derivation.operations import operations
from symcnn.derivation.reverse import gather, reverse
from symcnn.errors import InputError, NotSupportedYetError, UnknownQuantityError, one_of, quoted
from symcnn.network import Network
from symcnn.symbolic import ADJOINT, Equation, Quantities, Tensor

#: The most quantities of a gradient with all adjoints substituted; and of one that is short enough to be displayed.
MAX_SIZE, SHORT = 10_000, 1_000


@dataclass(frozen=True)
class ChainTerm:
    """One path of the chain rule: ∂E/∂through · ∂through/∂variable.

    Attributes:
        through: the next quantity on the path to E ("E" itself at its end).
        adjoint: the name of ∂E/∂through; None where through is E, whose own adjoint is 1.
        local: ∂through/∂variable, as a product of factors in order; empty means 1.
    """

    through: str
    adjoint: str | None
    local: Product


@dataclass(frozen=True)
class Step:
    """One application of the chain rule: ``adjoint = Σ ∂E/∂through · ∂through/∂variable``."""

    variable: str
    adjoint: str
    terms: tuple[ChainTerm, ...]
    expression: Expr

    def __str__(self) -> str:
        return f"{self.adjoint} = {self.expression}"


class Gradient:
    """∂E/∂(one quantity), in several forms."""

    def __init__(self, derivation: "Derivation", name: str) -> None:
        self.name = name
        self.adjoint = ADJOINT + name
        self.derivation = derivation
        self.variable: Variable = derivation.graph.backward[self.adjoint]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Gradient):
            return NotImplemented
        return (self.derivation, self.name) == (other.derivation, other.name)

    def __hash__(self) -> int:
        return hash((self.derivation, self.name))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.derivation, self.name)

    @property
    def formula(self) -> Expr:
        """As the article writes it: of one image, in adjoints and earlier quantities."""
        return self.variable.expression

    @property
    def expression(self) -> Expr:
        """Of one image, with the adjoints substituted: in pixels, parameters, x, h, o, t.

        Raises:
            NotSupportedYetError: it is too long: through several layers its length grows with their product.
        """
        return self.derivation.in_forward_quantities(self.adjoint)

    @property
    def has_short_expression(self) -> bool:
        """Is ``expression`` short enough to be displayed, and so decided and evaluated in that form too?"""
        return self.derivation.expanded_size(self.adjoint) <= SHORT

    @property
    def expanded(self) -> Expr:
        """The closed form of one image, in parameters, pixels and targets only. It is long."""
        return self.derivation.in_inputs(self.adjoint)

    @property
    def total(self) -> Expr | tuple[Expr, ...]:
        """∂E_total over the images: a sum for a parameter, which they share; else one expression for each image."""
        d = self.derivation
        each = tuple(d.of_image(self.formula, n) for n in range(1, d.samples + 1))
        return Add(*each) if self.name in d.network.parameters else each

    @property
    def steps(self) -> list[Step]:
        """The chain rule, from E down to this quantity; each step uses earlier ones."""
        return self.derivation.steps(self.name)

    @property
    def graph(self) -> Graph:
        """The derivation's graph."""
        return self.derivation.graph

    def __repr__(self) -> str:
        return f"{self.adjoint} = {self.formula}"


class Gradients(Mapping[str, Expr]):
    """An ordered mapping, name -> expression of one image; an expression is made when it is read."""

    def __init__(self, derivation: "Derivation") -> None:
        self._derivation = derivation

    def __getitem__(self, name: str) -> Expr:
        names = self._derivation._is_gradient
        if name not in names:
            raise UnknownQuantityError(f"{quoted(name)}: not among the gradients; {one_of(name, names)}")
        return self._derivation.in_forward_quantities(ADJOINT + name)

    def __contains__(self, name: object) -> bool:
        return name in self._derivation._is_gradient

    def __iter__(self) -> Iterator[str]:
        return iter(self._derivation.names)

    def __len__(self) -> int:
        return len(self._derivation.names)


class Derivation(Mapping[str, Gradient]):
    """All derivatives of a network's error, by name; in the order of ``gradients``.

    Beside those that it lists, ``d["h_1"]`` is ∂E/∂(any other quantity but pixels and targets); ``d["dE_dh_1"]`` is
    the same.

    Args:
        network: with a loss.
        samples: how many images E_total adds (``Gradient.total``).

    Attributes:
        equations: in index notation, forward and then backward, for reading.
        forward, backward: the forward equations, and the adjoints in scatter form, from which all else is made.
        graph: the same as scalar variables of one image.
        gradients: name -> expression: the parameters in their order, then the convolutions' feature maps.
    """

    def __init__(self, network: Network, samples: int = 2) -> None:
        if not isinstance(network, Network):
            raise InputError(f"network of type {type(network).__name__}: expected symcnn.Network")
        network.require_loss("derive")
        if not isinstance(samples, int) or samples < 1:
            raise InputError(f"samples={quoted(samples)}: expected a whole number, at least 1")
        self.network = network
        self.samples = samples
        image, targets = network.forward.image, network.forward.targets
        assert targets is not None  # there is a loss, so there are targets
        self.forward = network.forward.equations
        self.backward = reverse(self.forward, (image, targets))
        self._targets = targets
        self._inputs = (image, *network.forward.parameters, targets)
        self._in_forward: dict[str, Expr] = {}
        self._sizes: dict[str, int] = {}
        self._in_inputs: dict[str, Expr] = {}

    @cached_property
    def equations(self) -> tuple[Equation, ...]:
        """For reading: forward, then the adjoints in gather form, also that of the image."""
        return self.forward + gather(reverse(self.forward, (self._targets,)))

    @cached_property
    def graph(self) -> Graph:
        return instantiate(self._inputs, self.forward, self.backward)

    @cached_property
    def operations(self) -> tuple[int, int]:
        """Operations of one image: forward, and for all adjoints and gradients; counted from the equations."""
        return operations(self.forward), operations(self.backward)

    @cached_property
    def quantities(self) -> Quantities:
        """Every single quantity by its name or its symbol; the graph is not needed."""
        return Quantities((*self._inputs, *(e.target.tensor for e in self.forward)))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The quantities of ``gradients``: the article's 20 + 4."""
        maps = tuple(name for tensor in self.network.forward.feature_maps for name in tensor.scalars())
        return self.network.parameters + maps

    @cached_property
    def gradients(self) -> Gradients:
        return Gradients(self)

    @cached_property
    def _is_gradient(self) -> dict[str, None]:
        return dict.fromkeys(self.names)

    def __getitem__(self, name: str) -> Gradient:
        """∂E/∂name for any quantity but pixels and targets: a parameter, x, z, h, o; ``dE_dh_1`` is ``h_1``."""
        if name not in self:
            raise UnknownQuantityError(f"{quoted(name)}: nothing is differentiated by it; {self.nearest_to(name)}")
        return Gradient(self, self.quantities.of(name).primal.name)

    def nearest_to(self, name: object) -> str:
        """For a message: the quantities whose names are closest to an unknown one, and how many there are."""
        bare = name.removeprefix(ADJOINT) if isinstance(name, str) else name
        return one_of(bare, [v for tensor in self._differentiated for v in tensor.scalars()])

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str) or name not in self.quantities:
            return False
        quantity = self.quantities.of(name)
        return quantity.image is None and quantity.tensor in self._differentiated

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Derivation):
            return NotImplemented
        return (self.network, self.samples) == (other.network, other.samples)

    def __hash__(self) -> int:
        return hash((self.network, self.samples))

    def __reduce__(self) -> tuple[object, ...]:
        # a copy is derived again
        return type(self), (self.network, self.samples)

    @cached_property
    def _differentiated(self) -> dict[Tensor, None]:
        """The tensors that E is differentiated by."""
        return {e.target.tensor.primal: None for e in self.backward if e.target.tensor.primal is not None}

    def __repr__(self) -> str:
        return f"Derivation of {len(self.names)} gradients: {', '.join(self.names[:4])}, …"

    # --- forms of one adjoint ---------------------------------------------------------------------------------------

    def expanded_size(self, name: str) -> int:
        """How many quantities an adjoint has when all other adjoints are substituted."""
        if name not in self._sizes:
            self._sizes[name] = sum(
                self.expanded_size(s.name) if s.name in self.graph.backward else 1
                for factors in self.graph.backward[name].products
                for f in factors
                for s in f.free_symbols
            )
        return self._sizes[name]

    def in_forward_quantities(self, name: str) -> Expr:
        """An adjoint with all other adjoints substituted."""
        if self.expanded_size(name) > MAX_SIZE:
            raise NotSupportedYetError(
                f"{name} with all adjoints put in would consist of {self.expanded_size(name)} quantities; at most"
                f" {MAX_SIZE}: use its formula, with adjoints"
            )
        return self._expand(name, self.graph.backward, self._in_forward)

    def in_inputs(self, name: str) -> Expr:
        """A variable with all others substituted: in parameters, pixels and targets."""
        return self._expand(name, {**self.graph.forward, **self.graph.backward}, self._in_inputs)

    def _expand(self, name: str, variables: Mapping[str, Variable], memo: dict[str, Expr]) -> Expr:
        if name not in memo:
            variable = variables[name]
            parts = {s: self._expand(s.name, variables, memo) for s in variable.symbols() if s.name in variables}
            memo[name] = variable.expression.xreplace(parts)
        return memo[name]

    def of_image(self, expression: Expr, number: int) -> Expr:
        """The expression for one image: every quantity that depends on it gets ``_image1``, ``_image2``, …"""
        of = self.quantities.of
        return expression.xreplace({s: of(s).of_image(number).symbol for s in expression.free_symbols})

    def steps(self, name: str) -> list[Step]:
        """The chain rule from E down to one quantity."""
        backward, needed, waiting = self.graph.backward, {ADJOINT + name}, [ADJOINT + name]
        while waiting:
            new = {s.name for s in backward[waiting.pop()].symbols() if s.name in backward} - needed
            needed |= new
            waiting += new
        return [self.step(v) for v in backward if v in needed]

    def step(self, adjoint: str) -> Step:
        """The chain rule at one quantity."""
        variable = self.graph.backward[adjoint]
        terms = tuple(self._chain_term(factors) for factors in variable.products)
        return Step(variable.quantity.primal.name, adjoint, terms, variable.expression)

    def _chain_term(self, factors: Product) -> ChainTerm:
        for factor in factors:
            if factor.is_Symbol and factor.name in self.graph.backward:
                local = tuple(f for f in factors if f is not factor)
                return ChainTerm(self.quantities.of(factor).primal.name, factor.name, local)
        return ChainTerm("E", None, factors)


def derive(network: Network, samples: int = 2) -> Derivation:
    """All derivatives of a network's error; see :class:`Derivation`."""
    return Derivation(network, samples)
