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

from sympy import Add, Expr, Symbol

from symcnn.derivation.graph import Entries, Graph, Product, Variable, check_size, instantiate
from symcnn.derivation.operations import operations
from symcnn.derivation.reverse import gather, reverse
from symcnn.errors import InputError, NotSupportedYetError, UnknownQuantityError, one_of, quoted
from symcnn.network import Network, checked_network
from symcnn.symbolic import ADJOINT, Access, E, Equation, Name, Quantities, Quantity, Tensor, entries

#: Products of one image up to which all scalars of a network are made for one purpose: some 20 seconds, 300 MB.
MAX_PRODUCTS = 500_000

#: The most quantities of a gradient with all adjoints substituted; and of one that is short enough to be displayed.
MAX_SIZE, SHORT = 10_000, 1_000

#: Up to so many quantities such a gradient is counted.
MAX_COUNTED = 100_000


@dataclass(frozen=True)
class ChainTerm:
    """One path of the chain rule: ∂E/∂through · ∂through/∂variable.

    Attributes:
        quantity: the next one on the way to E (E itself at the end of the way).
        local: ∂through/∂variable, as a product of factors in order; empty means 1.
    """

    quantity: Quantity
    local: Product

    @property
    def through(self) -> str:
        """The name of the next quantity."""
        return self.quantity.name

    @property
    def adjoint(self) -> str | None:
        """The name of ∂E/∂through; None where through is E, whose own adjoint is 1."""
        return None if self.is_last else self.quantity.adjoint.name

    @property
    def is_last(self) -> bool:
        """Does it end the way, at E?"""
        return self.quantity == E

    def __repr__(self) -> str:
        return f"ChainTerm(through={self.through!r}, adjoint={self.adjoint!r}, local={self.local!r})"


@dataclass(frozen=True, repr=False)
class Step:
    """One application of the chain rule: ``adjoint = Σ ∂E/∂through · ∂through/∂variable``.

    Its terms and its expression are made when they are read.

    Attributes:
        quantity: the one that E is differentiated by.
    """

    derivation: "Derivation"
    quantity: Quantity

    @property
    def variable(self) -> str:
        """The name of what E is differentiated by."""
        return self.quantity.name

    @property
    def adjoint(self) -> str:
        """The name of the derivative."""
        return self.quantity.adjoint.name

    @cached_property
    def terms(self) -> tuple[ChainTerm, ...]:
        """The paths through the next quantities."""
        return tuple(map(self.derivation._chain_term, self.derivation.graph[self.adjoint].products))

    @property
    def expression(self) -> Expr:
        """Their sum."""
        return self.derivation.graph[self.adjoint].expression

    def __repr__(self) -> str:
        fields = ("variable", "adjoint", "terms", "expression")
        return f"Step({', '.join(f'{field}={getattr(self, field)!r}' for field in fields)})"

    def __str__(self) -> str:
        return f"{self.adjoint} = {self.expression}"


class Gradient:
    """∂E/∂(one quantity), in several forms."""

    def __init__(self, derivation: "Derivation", quantity: Quantity) -> None:
        self.quantity = quantity
        self.name = quantity.name
        self.adjoint = quantity.adjoint.name
        self.derivation = derivation

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Gradient):
            return NotImplemented
        return (self.derivation, self.name) == (other.derivation, other.name)

    def __hash__(self) -> int:
        return hash((self.derivation, self.name))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.derivation, self.quantity)

    @cached_property
    def variable(self) -> Variable:
        """∂E/∂(the quantity) in the graph."""
        return self.graph.backward[self.adjoint]

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
        return self.derivation.in_forward_quantities(self.quantity.adjoint)

    @property
    def has_short_expression(self) -> bool:
        """With the adjoints put in, is it short enough to be read, and so decided and evaluated in that form too?"""
        return self.derivation.expanded_size(self.quantity.adjoint) <= SHORT

    @property
    def expanded(self) -> Expr:
        """The closed form of one image, in parameters, pixels and targets only. It is long."""
        return self.derivation.in_inputs(self.quantity.adjoint)

    @property
    def total(self) -> Expr | tuple[Expr, ...]:
        """∂E_total over the images: a sum for a parameter, which they share; else one expression for each image."""
        d = self.derivation
        each = tuple(d.of_image(self.formula, n) for n in range(1, d.samples + 1))
        return Add(*each) if self.quantity.tensor.is_shared else each

    @property
    def steps(self) -> list[Step]:
        """The chain rule, from E down to this quantity; each step rests on earlier ones."""
        return self.derivation.steps(self.quantity)

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
        return self._derivation.in_forward_quantities(self._derivation.quantities.of(name).adjoint)

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
        checked_network(network).require_loss("derive")
        if not isinstance(samples, int) or samples < 1:
            raise InputError(f"samples={quoted(samples)}: expected a whole number, at least 1")
        self.network = network
        self.samples = samples
        stated = network.forward
        assert stated.targets is not None  # there is a loss, so there are targets
        self.forward = stated.equations
        self.backward = reverse(stated.equations, (stated.image, stated.targets))
        self._targets = stated.targets
        self._inputs = (stated.image, *stated.parameters, stated.targets)
        self._in_forward: dict[Symbol, Expr] = {}
        self._sizes: dict[Symbol, int] = {}
        self._in_inputs: dict[Symbol, Expr] = {}

    @cached_property
    def equations(self) -> tuple[Equation, ...]:
        """For reading: forward, then the adjoints in gather form, also that of the image."""
        return self.forward + gather(reverse(self.forward, (self._targets,)))

    @cached_property
    def graph(self) -> Graph:
        return instantiate(self._inputs, self.forward, self.backward)

    @cached_property
    def sources(self) -> dict[Tensor, frozenset[Tensor]]:
        """The tensors from which each tensor of the forward pass is computed."""
        return {
            e.target.tensor: frozenset(a.tensor for t in e.terms for f in t.factors for a in f.atoms(Access))
            for e in self.forward
        }

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
        return tuple(quantity.name for quantity in self.listed)

    @cached_property
    def listed(self) -> tuple[Quantity, ...]:
        """The same as quantities: the parameters, then the feature maps."""
        forward = self.network.forward
        return tuple(entries(*forward.parameters, *forward.feature_maps))

    @cached_property
    def gradients(self) -> Gradients:
        return Gradients(self)

    @cached_property
    def _is_gradient(self) -> dict[str, None]:
        return dict.fromkeys(self.names)

    def __getitem__(self, name: Name) -> Gradient:
        """∂E/∂name for any quantity but pixels and targets: a parameter, x, z, h, o; ``dE_dh_1`` is ``h_1``."""
        if name not in self:
            raise UnknownQuantityError(f"{quoted(name)}: nothing is differentiated by it; {self.nearest_to(name)}")
        return Gradient(self, self.quantities.of(name).primal)

    def nearest_to(self, name: object) -> str:
        """For a message: the quantities whose names are closest to an unknown one, and how many there are."""
        bare = name.removeprefix(ADJOINT) if isinstance(name, str) else name
        return one_of(bare, [v for tensor in self._differentiated for v in tensor.scalars()])

    def __contains__(self, name: object) -> bool:
        if name not in self.quantities:
            return False
        quantity = self.quantities.of(name)
        return quantity.image is None and self.differentiates(quantity.tensor)

    def differentiates(self, tensor: Tensor) -> bool:
        """Is E differentiated by its entries?"""
        return tensor in self._differentiated

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

    def expanded_size(self, adjoint: Name) -> int:
        """How many quantities an adjoint consists of when all other adjoints are put in; counted up to MAX_COUNTED."""
        return self._size(self.quantities.of(adjoint).symbol)

    def _size(self, adjoint: Symbol) -> int:
        if adjoint not in self._sizes:
            size = 0
            for symbol in (s for product in self.graph[adjoint].products for f in product for s in f.free_symbols):
                size += self._size(symbol) if symbol in self.graph.backward else 1
                if size > MAX_COUNTED:  # the rest may take as long as the whole network
                    break
            self._sizes[adjoint] = size
        return self._sizes[adjoint]

    def in_forward_quantities(self, adjoint: Name) -> Expr:
        """An adjoint with all other adjoints put in."""
        size = self.expanded_size(adjoint)
        if size > MAX_SIZE:
            count = size if size <= MAX_COUNTED else f"more than {MAX_COUNTED}"
            raise NotSupportedYetError(
                f"{adjoint} with all adjoints put in would consist of {count} quantities; at most"
                f" {MAX_SIZE}: use its formula, with adjoints"
            )
        return self._expand(self.quantities.of(adjoint).symbol, self.graph.backward, self._in_forward)

    def in_inputs(self, name: Name) -> Expr:
        """A variable with all others put in: in parameters, pixels and targets.

        Raises:
            NotSupportedYetError: it passes through all of a network that is too large.
        """
        self.require_scalars("put into one formula", "a formula with adjoints (`formula`) does without")
        return self._expand(self.quantities.of(name).symbol, self.graph, self._in_inputs)

    def _expand(self, symbol: Symbol, known: Graph | Entries[Variable], memory: dict[Symbol, Expr]) -> Expr:
        if symbol not in memory:
            variable = known[symbol.name]
            parts = {s: self._expand(s, known, memory) for s in variable.symbols() if s.name in known}
            memory[symbol] = variable.expression.xreplace(parts)
        return memory[symbol]

    def require_scalars(self, what: str, instead: str) -> None:
        """Refuse a purpose that needs every scalar of the network, where there are too many."""
        check_size((*self.forward, *self.backward), MAX_PRODUCTS, what, instead)

    def of_image(self, expression: Expr, number: int) -> Expr:
        """The same for one image: every quantity that depends on it gets ``_image1``, ``_image2``, …"""
        return expression.xreplace({s: self.quantities.of_image(s, number) for s in expression.free_symbols})

    def steps(self, name: Name, most: int | None = None) -> list[Step]:
        """The chain rule from E down to a quantity.

        Args:
            most: of more steps, one for each tensor on the way; each is at the first quantity that the next rests on.
        """
        adjoint = self.quantities.of(name).adjoint
        chain = self.graph.chain(adjoint, most)
        if most is not None and len(chain) > most:
            chain = self._one_of_each_tensor(adjoint)
        return [Step(self, quantity.primal) for quantity in chain]

    def _one_of_each_tensor(self, adjoint: Quantity) -> list[Quantity]:
        first: dict[Tensor, Quantity] = {}
        waiting = [adjoint.primal]
        for quantity in waiting:
            if quantity.tensor not in first:
                first[quantity.tensor] = quantity
                waiting += [term.quantity for term in self.step(quantity).terms if not term.is_last]
        names = self.graph.backward.in_order(quantity.adjoint.name for quantity in first.values())
        return [self.quantities.of(name) for name in names]

    def step(self, name: Name) -> Step:
        """The chain rule at one quantity."""
        return Step(self, self.quantities.of(name).primal)

    def _chain_term(self, factors: Product) -> ChainTerm:
        for factor in factors:
            if factor.is_Symbol and factor in self.graph.backward:
                return ChainTerm(self.quantities.of(factor).primal, tuple(f for f in factors if f is not factor))
        return ChainTerm(E, factors)


def derive(network: Network, samples: int = 2) -> Derivation:
    """All derivatives of a network's error; see :class:`Derivation`."""
    return Derivation(network, samples)
