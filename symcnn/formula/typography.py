"""From names and expressions to displayed formulas: ``w_x11h1`` is written w_x11-h1, ``z_h1`` h_1,preactivation.

The article's typography, with the words of the reader's language: o_1,predicted and o_1,expected for outputs and
targets, h_1,preactivation for the argument of a sigmoid; h_1,activation where it is a variable of differentiation.

Index notation: ``i[r + p, c + q]`` is written i_{r+p, c+q}, and a sum over axes with its sign. There indices count from
0, as in ``Equation``; the indices of single quantities count from 1.

Leaf functions have a name before their arguments, a form of their own, or none, and are displayed as their definition:

    softplus(z)             ln(1 + exp(z))                      no name: its definition
    gate(y, 1, 0)           [y > 0]                             Iverson's bracket: 1 where it holds, else 0
    gate(y, 1, 1/100)       [y > 0] + 1/100 · [y ≤ 0]
    wins(a, m, b, c)        [a = m, b < m, c < m]
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import sympy
from sympy import Expr, S

from symcnn.derivation import Addend, ChainTerm, Derivation, Step, Variable
from symcnn.formula import tree
from symcnn.formula.tree import Node
from symcnn.symbolic import (
    ERROR,
    LEAF,
    LEAVES,
    Access,
    Affine,
    Equation,
    Name,
    Quantities,
    Quantity,
    Tensor,
    TensorKind,
    Term,
    Wins,
    Z,
    gate,
    in_reading_order,
    wins,
)  # fmt: skip
from symcnn.symbolic.leaves import Function, Target

T = TypeVar("T")

#: Leaf function -> its displayed name.
CALLS: Mapping[Function, str] = {leaf.function: leaf.display for leaf in LEAVES if leaf.display}


def function_names(form: str, target: Target | None = None) -> dict[str, str]:
    """Map the displayed name of each function to a target's: from the leaf's column, else from ``form``."""
    columns = {leaf.display: leaf.columns.get(target) if target else None for leaf in LEAVES if leaf.display}
    return {name: column if isinstance(column, str) else form.format(name) for name, column in columns.items()}


def _gate(arguments: tuple[Node, ...]) -> Node:
    y, above, below = arguments
    zero = tree.Number(0)
    sides = [(above, tree.Indicator((tree.Relation(y, ">", zero),))),
             (below, tree.Indicator((tree.Relation(y, "≤", zero),)))]  # fmt: skip
    terms = [side if value == tree.Number(1) else tree.Product((value, side)) for value, side in sides if value != zero]
    return terms[0] if len(terms) == 1 else tree.Sum(tuple(terms))


def _wins(arguments: tuple[Node, ...]) -> Node:
    candidate, largest, *before = arguments
    earlier = (tree.Relation(b, "<", largest) for b in dict.fromkeys(before))  # absent cells are all alike
    return tree.Indicator((tree.Relation(candidate, "=", largest), *earlier))


#: Leaf function -> its display, made of its arguments.
SPECIAL: Mapping[Function, Callable[[tuple[Node, ...]], Node]] = {gate: _gate, wins: _wins}


#: The words that a language must have.
WORDS = ("predicted", "expected", "preactivation", "activation", "first")


class Typography:
    """Builds displayed formulas over one network's quantities, in one language.

    Args:
        quantities: the quantities that occur.
        words: the language's word for each of ``WORDS``.
        total: the word at E in ∂E/∂x: the article writes E_total throughout.
    """

    def __init__(self, quantities: Quantities, words: Mapping[str, str], total: str = "total") -> None:
        self.quantities = quantities
        self._words = words
        self.error = tree.Symbol("E", "", total)
        self._activated = {t.target for t in quantities.tensors if t.kind is TensorKind.PREACTIVATION}

    # --- names ------------------------------------------------------------------------------------------------------

    def name(self, name: Name, differentiated: bool = False) -> Node:
        """Return a quantity as a person writes it."""
        quantity = self.quantities.of(name)
        if quantity.is_adjoint:
            return tree.Partial(self.error, self.name(quantity.primal, differentiated=True))
        if quantity.tensor.kind is TensorKind.ERROR:
            return tree.Symbol("E") if quantity.tensor == ERROR else self.error
        return self.entry(quantity if quantity.image is None else replace(quantity, image=None), differentiated)

    def access(self, access: Access) -> Node:
        """Return an entry in index notation: i_{r+p, c+q}, ∂E/∂x_{(R-p)/2}."""
        if access.tensor.kind is TensorKind.ERROR:
            return tree.Symbol("E")
        if access.tensor.primal is None:
            return self.entry(Access(access.tensor, access.index), False)
        return tree.Partial(self.error, self.entry(Access(access.tensor.primal, access.index), True))

    def entry(self, of: Quantity | Access, differentiated: bool) -> tree.Symbol:
        """Return the symbol of an entry, which holds the entry."""
        return EntrySymbol(of, differentiated, self)

    def look(self, of: Quantity | Access, differentiated: bool) -> tree.Symbol:
        """Return the symbol of an entry in letters alone."""
        if isinstance(of, Quantity):
            parts = of.tensor.digits(of.index)  # type: ignore[arg-type]  # SymPy has no types
        else:
            parts, index = [], list(of.index)
            for letters, count in of.tensor.parts:
                parts.append((letters, ", ".join(index_texts(index[:count]))))
                index = index[count:]
        return self._symbol(of.tensor, parts, differentiated)

    def _symbol(self, tensor: Tensor, parts: Sequence[tuple[str, str]], differentiated: bool) -> tree.Symbol:
        source, target = tensor.source, tensor.target
        (_, indices), *rest = parts
        match tensor.kind:
            case TensorKind.PREACTIVATION if target is not None:
                return tree.Symbol(target.letters, indices, self._words["preactivation"])
            case TensorKind.WEIGHT if source is not None:
                return tree.Symbol("w", f"{_end(source.letters, indices)}-{_end(*rest[0])}")
            case TensorKind.BIAS if target is not None:
                return tree.Symbol("b", _end(target.letters, indices))
            case TensorKind.TARGET:
                return tree.Symbol("o", indices, self._words["expected"])
            case TensorKind.OUTPUT:
                return tree.Symbol("o", indices, self._words["predicted"])
        word = self._words["activation"] if differentiated and tensor in self._activated else ""
        return tree.Symbol(tensor.letters, indices, word)

    # --- expressions ------------------------------------------------------------------------------------------------

    def expression(self, e: Expr) -> Node:
        if isinstance(e, Access):
            return self.access(e)
        if isinstance(e, Wins):
            cell, largest = map(self.access, e.solved)
            return tree.Indicator((tree.Relation(cell, "=", largest), tree.Word(self._words["first"])))
        if e.is_Symbol:
            return self.name(e)
        if e.is_Rational:
            return _rational(e)
        if e.is_Add:
            return tree.Sum(tuple(self._signed(t) for t in in_reading_order(e.args)))
        if e.is_Mul:
            return self._quotient(e)
        if e.is_Pow and e.exp.is_Integer:
            if e.exp < 0:
                return tree.Fraction(tree.Number(1), self.expression(1 / e))
            return tree.Power(self.expression(e.base), int(e.exp))
        leaf = LEAF.get(e.func)
        if leaf is not None and e.func not in CALLS and leaf.definition is not None:
            return self.expression(leaf.definition.xreplace({Z: e.args[0]}))
        arguments = tuple(self.expression(a) for a in e.args)
        if e.func in CALLS:
            return tree.Call(CALLS[e.func], arguments)
        if e.func in SPECIAL:
            return SPECIAL[e.func](arguments)
        raise TypeError(f"no rule to display {e!r}")

    def _quotient(self, e: Expr) -> Node:
        """Return a product in SymPy's order, or a fraction where it has a denominator."""
        above, below = sympy.fraction(e)
        if below == 1 or e.as_coeff_Mul()[0].q != 1:
            return self.product(e.args)
        return tree.Fraction(self.expression(above), self.expression(below))

    def _signed(self, term: Expr) -> Node:
        return tree.Negated(self.expression(-term)) if term.could_extract_minus_sign() else self.expression(term)

    def product(self, factors: Sequence[Expr]) -> Node:
        """Return a product of factors in their order; a number below 0 in front becomes a minus."""
        if not factors:
            return tree.Number(1)
        if factors[0].is_Number and factors[0] < 0:
            rest = factors[1:] if factors[0] == -1 and len(factors) > 1 else (-factors[0], *factors[1:])
            return tree.Negated(self.product(rest))
        nodes = tuple(self.expression(f) for f in factors)
        return nodes[0] if len(nodes) == 1 else tree.Product(nodes)

    def right_side(self, variable: Variable, most: int | None = None) -> Node:
        """Return the right side of a variable's equation, in the order of the derivation.

        Args:
            most: the most products that are displayed; of more, the last follows dots.
        """
        if variable.reduce == "max":
            return tree.Call("max", tuple(n for a in variable.addends for n in self._products(a, most)))
        terms: list[Node] = []
        for addend in variable.addends:
            products = self._products(addend, most)
            if addend.coefficient == 1:
                terms += products
            else:
                inner = products[0] if len(products) == 1 else tree.Sum(products)
                terms.append(self._scaled(addend.coefficient, inner))
        if not terms:
            return tree.Number(0)
        return terms[0] if len(terms) == 1 else tree.Sum(tuple(terms))

    def _products(self, addend: Addend, most: int | None) -> tuple[Node, ...]:
        return shortened(addend.products, most, self.product)

    def _scaled(self, coefficient: Expr, node: Node) -> Node:
        if coefficient == S.NegativeOne:
            return tree.Negated(node)
        return node if coefficient == 1 else tree.Product((self.expression(coefficient), node))

    def equation(self, variable: Variable, most: int | None = None) -> Node:
        """Return variable = right side."""
        return tree.Equality((self.name(variable.quantity), self.right_side(variable, most)))

    # --- index notation ---------------------------------------------------------------------------------------------

    def equation_in_indices(self, equation: Equation) -> tree.Equality | tree.Relation:
        """Return an equation in index notation; an adjoint in scatter form has the sign +=."""
        left, right = self.access(equation.target), self.sum_of(equation)
        return tree.Relation(left, "+=", right) if equation.adds else tree.Equality((left, right))

    def sum_of(self, equation: Equation) -> Node:
        """Return an equation's right side in index notation."""
        terms = tuple(self._over(equation, term) for term in equation.terms)
        return terms[0] if len(terms) == 1 else tree.Sum(terms)

    def _over(self, equation: Equation, term: Term) -> Node:
        factors, coefficient = term.factors, term.coefficient
        if factors[0].is_Number and len(factors) > 1:  # a number stands before the sign of the sum
            factors, coefficient = factors[1:], coefficient * factors[0]
        body = self.product(factors)
        if term.axes:
            sign: Literal["max", "Σ"] = "max" if equation.reduce == "max" else "Σ"
            body = tree.Over(sign, tuple(axis.name for axis in term.axes), body)
        return self._scaled(coefficient, body)

    # --- the chain rule ---------------------------------------------------------------------------------------------

    def chain_rule(self, derivation: Derivation, name: Name, most: int | None = None) -> Node:
        """Return ∂E/∂v = Σ ∂E/∂u · ∂u/∂v = the same with each ∂u/∂v evaluated; ``most`` as in ``right_side``."""
        step = derivation.step(name)
        adjoint = step.quantity.adjoint
        left, right = self.name(adjoint), self.right_side(derivation.graph[adjoint], most)
        if all(term.is_last for term in step.terms):  # an argument of E itself: there is nothing between
            return tree.Equality((left, right))
        by, around = step.quantity, self._leading_around(derivation, step)
        paths = shortened(step.terms, most, lambda term: self._path(term, by, term.quantity in around))
        between = paths[0] if len(paths) == 1 else tree.Sum(paths)
        return tree.Equality((left, right) if between == right else (left, between, right))

    @staticmethod
    def _leading_around(derivation: Derivation, step: Step) -> set[Quantity]:
        """Return each u that also depends on v through another term's quantity: ∂u/∂v would count that path, too."""
        quantities = [term.quantity for term in step.terms if not term.is_last]
        symbols, tensors = {q.symbol for q in quantities}, {q.tensor for q in quantities}
        chained = {tensor for tensor in tensors if not derivation.sources[tensor].isdisjoint(tensors)}
        return {q for q in quantities if q.tensor in chained and not symbols.isdisjoint(derivation.graph[q].symbols())}

    def _path(self, term: ChainTerm, by: Quantity, around: bool) -> Node:
        if term.is_last:  # E depends on it directly, too
            return self.product(term.local)
        if around:
            return self.product((term.quantity.adjoint.symbol, *term.local))
        local = tree.Partial(self.name(term.quantity, differentiated=True), self.name(by, differentiated=True))
        return tree.Product((self.name(term.quantity.adjoint), local))


def shortened(parts: Sequence[T], most: int | None, node: Callable[[T], Node]) -> tuple[Node, ...]:
    """Return the nodes of some parts; of more than ``most`` the first and, after dots, the last."""
    if most is None or len(parts) <= most:
        return tuple(map(node, parts))
    return (*map(node, parts[: most - 1]), tree.DOTS, node(parts[-1]))


@dataclass(frozen=True, init=False)
class EntrySymbol(tree.Symbol):
    """The symbol of a quantity or of an access in index notation, from which its letters follow."""

    of: Quantity | Access = field(kw_only=True)

    def __init__(self, of: Quantity | Access, differentiated: bool, typography: Typography) -> None:
        look = typography.look(of, differentiated)
        super().__init__(look.letter, look.indices, look.word)
        object.__setattr__(self, "of", of)

    @property
    def index_texts(self) -> list[str]:
        """Return the indices in index notation, r+p and c+q; of a single quantity none."""
        return [] if isinstance(self.of, Quantity) else index_texts(self.of.index)


class Letters(Typography):
    """The same formulas in letters alone, as they are read from a text: symbols hold no quantity."""

    def entry(self, of: Quantity | Access, differentiated: bool) -> tree.Symbol:
        return self.look(of, differentiated)


class Worked(Typography):
    """The same formulas in numbers: every quantity is its value."""

    def __init__(
        self, quantities: Quantities, words: Mapping[str, str], values: Mapping[str, float], digits: int
    ) -> None:
        super().__init__(quantities, words)
        self._values = values
        self._digits = digits

    def name(self, name: Name, differentiated: bool = False) -> Node:
        return tree.Number(self._values[name if isinstance(name, str) else name.name], self._digits)


def _end(letters: str, indices: str) -> str:
    """Return one end of a weight: x11, or in index notation x(r, c)."""
    return letters + (indices if not indices or indices.isdigit() else f"({indices})")


def index_texts(index: Sequence[Affine]) -> list[str]:
    """Return the index of each dimension, 2r+u−1 or (a−p)/2, with a true minus; a constant index is left out."""
    return [str(a).replace(" ", "").replace("*", "").replace("-", "−") for a in index if a.coefficients]


def _rational(e: Expr) -> Node:
    if e.q == 1:
        return tree.Number(int(e.p))
    fraction = tree.Fraction(tree.Number(abs(int(e.p))), tree.Number(int(e.q)))
    return tree.Negated(fraction) if e < 0 else fraction
