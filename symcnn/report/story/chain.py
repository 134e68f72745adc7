"""The chain rule at one quantity, as displays.

    ∂E/∂x = Σ ∂E/∂h · ∂h/∂z · ∂z/∂x          the paths, with a number under each factor
          = Σ ∂E/∂h · h(1 − h) · w            the local derivatives put in
          = 0.0123

A path leads over a preactivation to its neuron, as a person writes it; what E is made of directly is put in at once.

Local derivatives, what a quantity does to those that it acts on directly, developed term by term.

∂x_11/∂f_12 = ∂(i_11·f_11 + i_12·f_12 + …)/∂f_12
            = ∂(i_11·f_11)/∂f_12 + ∂(i_12·f_12)/∂f_12 + …
            = 0 + 1·i_12 + 0 + 0
            = i_12
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sympy import Add, Expr, Mul, Symbol

from symcnn.derivation.graph import Product
from symcnn.formula import Typography, tree
from symcnn.formula.tree import Node
from symcnn.report.document import Block, Display, Section
from symcnn.report.story.teller import MAX_TERMS, MAX_WRITTEN, Beneath, Teller, shortened
from symcnn.symbolic import E, Quantity, Tensor, TensorKind, entries

#: Local derivatives between two tensors that are developed; of more the first and the last are.
MAX_DEVELOPED, SHOWN = 16, 3


@dataclass(frozen=True)
class Local:
    """∂through/∂by, as a sum of products of factors in their order.

    Attributes:
        plain: it may be written so: nothing else leads from ``by`` to ``through``.
    """

    through: Quantity
    by: Quantity
    products: tuple[tuple[Expr, ...], ...]
    plain: bool

    @property
    def head(self) -> Quantity | None:
        """∂E/∂through; None where that is E itself."""
        return None if self.through == E else self.through.adjoint

    @property
    def expression(self) -> Expr:
        return Add(*(Mul(*factors) for factors in self.products))


def locals_of(t: Teller, quantity: Quantity) -> list[Local]:
    """The local derivatives by a quantity: of all that it acts on, each once."""
    groups: dict[Quantity, list[tuple[Expr, ...]]] = {}
    for term in t.d.step(quantity).terms:
        groups.setdefault(term.quantity, []).append(term.local)
    symbols = {v.symbol for v in groups}
    return [
        Local(v, quantity, tuple(products), t.d.graph[v].symbols().isdisjoint(symbols - {v.symbol}))
        for v, products in groups.items()
    ]


def partial(t: Teller, local: Local) -> tree.Partial:
    """∂through/∂by"""
    of = t.typography.error if local.through == E else t.typography.name(local.through, differentiated=True)
    return tree.Partial(of, t.typography.name(local.by, differentiated=True))


def local_blocks(t: Teller, tensor: Tensor, into: Tensor | None = None) -> Iterator[Block]:
    """∂(what it acts on)/∂(each entry), for all it acts on, or one tensor of that."""
    groups: dict[Tensor, list[Local]] = {}
    for quantity in entries(tensor):
        for local in locals_of(t, quantity):
            if local.through != E:  # that is ∂E/∂(quantity) itself, and stands there
                groups.setdefault(local.through.tensor, []).append(local)
    for target, found in groups.items():
        if into is not None and target != into:
            continue
        order = list(t.d.graph.forward)
        found = sorted((local for local in found if local.plain), key=lambda local: order.index(local.through.name))
        yield from _group(t, target, tensor, found)


def _group(t: Teller, target: Tensor, tensor: Tensor, found: list[Local]) -> Iterator[Block]:
    shown = found if len(found) <= MAX_DEVELOPED else [*found[: SHOWN - 1], found[-1]]
    if len(shown) < len(found):
        yield t.paragraph("story.some_developed", shown=len(shown), count=len(found))
    yield from (developed(t, local) for local in shown)


def developed(t: Teller, local: Local) -> Display:
    """One local derivative, from its definition to what is left."""
    return t.display(tree.LocalDerivative(local.through, local.by), *developed_members(t, local))


def developed_members(t: Teller, local: Local) -> list[Node]:
    """∂v/∂u = ∂(what v is)/∂u = … = what is left."""
    variable, by = t.d.graph[local.through], t.typography.name(local.by, differentiated=True)
    result = _sum([t.typography.product(p) for p in local.products])
    if variable.reduce == "max":
        return [partial(t, local), result]
    products = variable.products
    found: list[Node] = [partial(t, local)]
    if len(products) > MAX_TERMS:  # the terms without it are constants
        products = tuple(p for p in products if _holds(p, local.by.symbol))
    else:
        found.append(tree.Partial(t.typography.right_side(variable), by))
    found.append(_sum([tree.Partial(t.typography.product(p), by) for p in products]))
    found.append(_sum([_differentiated(t, p, local.by.symbol) for p in products]))
    return [*found, result]


def _differentiated(t: Teller, factors: Product, symbol: Symbol) -> Node:
    """The derivative of a product: 0, 1 · the other factors, or what the rules of its functions give."""
    if not _holds(factors, symbol):
        return tree.Number(0)
    if symbol not in factors:
        found = Mul.make_args(Mul(*factors).diff(symbol))
        return t.typography.product(sorted(found, key=lambda f: (not f.is_Number, f.is_Add)))
    rest = t.typography.product([f for f in factors if f != symbol])
    inner = rest.factors if isinstance(rest, tree.Product) else (rest,)
    return rest if rest == tree.Number(1) else tree.Product((tree.Number(1), *inner))


def _holds(factors: Product, symbol: Symbol) -> bool:
    return any(symbol in f.free_symbols for f in factors)


#: Products of a sum over paths that are written out.
MAX_PATHS = 16


def chain_rule(t: Teller) -> Section:
    """∂E/∂u = Σ ∂E/∂v · ∂v/∂u, and how the derivatives stand here."""
    error, u, v = t.typography.error, tree.Symbol("u"), tree.Symbol("v")
    path = tree.Product((tree.Partial(error, v), tree.Partial(v, u)))
    general = Display("chain_rule", tree.Equality((tree.Partial(error, u), tree.Call("Σ", (path,)))))
    blocks: list[Block] = [t.paragraph("story.chain_text"), general, t.paragraph("story.chain_order")]
    return t.section("chain", t.say("report.chain_heading"), blocks)


@dataclass(frozen=True)
class Path:
    """∂E/∂(head) times local derivatives; without a head the last of them is E's own."""

    head: Quantity | None
    locals: tuple[Local, ...]


def paths(t: Teller, quantity: Quantity) -> list[Path]:
    """The paths from a quantity to E, each up to the next neuron."""
    found = []
    for local in locals_of(t, quantity):
        onward = locals_of(t, local.through) if local.through.tensor.kind is TensorKind.PREACTIVATION else []
        if len(onward) == 1 and onward[0].head:
            found.append(Path(onward[0].head, (onward[0], local)))
        else:
            found.append(Path(local.head, (local,)))
    return found


def chain_display(t: Teller, quantity: Quantity) -> Display:
    """∂E_total/∂v over its paths, then the local derivatives put in, then the number (of a quantity of one image)."""
    own, adjoint = quantity.tensor.is_shared, quantity.adjoint
    variable = t.d.graph[adjoint]
    if len(variable.products) > MAX_WRITTEN:
        return shortened(t, variable)
    found, result = paths(t, quantity), () if own else t.result(adjoint.of_image(1))
    left = t.typography.name(adjoint)
    if not found:  # no window reaches it
        return t.display(adjoint, left, tree.Number(0))
    if len(found) == 1 and not found[0].head:  # E rests on it and on nothing between
        return t.display(adjoint, *developed_members(t, found[0].locals[0]), *result)
    members: list[Node] = [left]
    if len(found) <= MAX_PATHS and any(p.head for p in found):
        members.append(_sum(_written(t, p, None if own else 1) for p in found))
    if len(found) <= MAX_PATHS and not own:
        members.append(_sum(_put_in(t, t.typography, p) for p in found))
    else:
        members.append(t.typography.right_side(variable))
    return t.display(adjoint, *members, *result)


def total_displays(t: Teller, parameter: Quantity) -> Iterator[Display]:
    """The gradient of a parameter with the numbers of the images; of many images that of the first."""
    if not t.quantities:
        return
    gradient = parameter.adjoint
    variable, left = t.d.graph[gradient], t.of_one.name(gradient)
    short = len(variable.products) <= MAX_PATHS
    if not t.named_images:
        formula, first = [t.beneath(1, total="").right_side(variable)] if short else [], gradient.of_image(1)
        yield t.display(first, tree.Labelled(left, t.label(1)), *formula, t.number(first))
        return
    keys = {n: gradient.of_image(n) for n in t.named_images}
    whole = t.typography.name(gradient)
    if short:
        formulas = [tree.Labelled(t.beneath(n, total="").right_side(variable), t.label(n)) for n in keys]
        members = [whole, _sum(formulas), _sum([t.number(key) for key in keys.values()])]
    else:
        members = [whole, _sum([t.under(tree.Labelled(left, t.label(n)), key) for n, key in keys.items()])]
    yield t.display(f"{gradient}_total", *members, t.number(gradient))


def _written(t: Teller, path: Path, image: int | None) -> Node:
    """∂E/∂h · ∂h/∂z · ∂z/∂x, with the numbers of an image under the factors."""
    beneath = t.beneath(image) if image else t.typography
    factors: list[Node] = [beneath.name(path.head, True)] if path.head else []
    for local in path.locals:
        if path.head is None or not local.plain:
            factors += _factors(beneath, local)
            continue
        node: Node = partial(t, local)
        if isinstance(beneath, Beneath):
            node = beneath.with_value(node, local.expression, local.through, local.by)
        factors.append(node)
    return _product(factors)


def _put_in(t: Teller, typography: Typography, path: Path) -> Node:
    """The same with the local derivatives written out; ∂E/∂o too, where it is E's own."""
    factors: list[Node] = []
    if path.head:
        before = locals_of(t, path.head.primal)
        if len(before) == 1 and before[0].head is None and len(before[0].products) == 1:
            factors += _factors(typography, before[0])
        else:
            factors.append(typography.name(path.head))
    for local in path.locals:
        factors += _factors(typography, local)
    return _product(factors)


def _factors(typography: Typography, local: Local) -> list[Node]:
    """A local derivative's factors; of several products their sum is one factor."""
    if len(local.products) == 1:
        (factors,) = local.products
        if not factors:
            return []
        node = typography.product(factors)
        return list(node.factors) if isinstance(node, tree.Product) else [node]
    return [tree.Sum(tuple(typography.product(factors) for factors in local.products))]


def _product(factors: Sequence[Node]) -> Node:
    """Factors side by side; a minus in one of them stands before all."""
    negative = sum(isinstance(f, tree.Negated) for f in factors) % 2
    bare = [f.node if isinstance(f, tree.Negated) else f for f in factors]
    kept = tuple(f for f in bare if f != tree.Number(1)) or (tree.Number(1),)
    node = kept[0] if len(kept) == 1 else tree.Product(kept)
    return tree.Negated(node) if negative else node


def _sum(terms: Iterator[Node] | Sequence[Node]) -> Node:
    found = tuple(terms)
    return found[0] if len(found) == 1 else tree.Sum(found)
