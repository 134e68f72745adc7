"""From names and expressions to displayed formulas: ``w_x11h1`` is written w_x11-h1, ``z_h1`` h_1,preactivation.

The article's typography, and the words of the reader's language: o_1,predicted and o_1,expected for outputs and
targets, h_1,preactivation for what goes into a sigmoid; h_1,activation where one differentiates by it.
"""

from collections.abc import Mapping, Sequence

import sympy
from sympy import Expr

from symcnn.derivation import ChainTerm, Derivation, Graph, Variable
from symcnn.formula import tree
from symcnn.formula.tree import Node
from symcnn.symbolic import in_reading_order, maximum, relu, sigmoid

FUNCTIONS: dict[type[sympy.Function], str] = {sigmoid: "σ", relu: "ReLU", maximum: "max"}

#: The words that a language must have.
WORDS = ("predicted", "expected", "preactivation", "activation")


class Typography:
    """Builds displayed formulas over one network's graph, in one language.

    Args:
        graph: whose names occur.
        words: the language's word for each of ``WORDS``.
        total: what E stands for in ∂E/∂x: the article writes E_total throughout.
    """

    def __init__(self, graph: Graph, words: Mapping[str, str], total: str = "total") -> None:
        self._graph = graph
        self._words = words
        self.error = tree.Symbol("E", "", total)
        self._activated = {name.removeprefix("z_") for name in graph.forward if name.startswith("z_")}

    # --- names ------------------------------------------------------------------------------------------------------

    def name(self, name: str, differentiated: bool = False) -> Node:
        """A quantity as a person writes it."""
        if name.startswith("dE_d"):
            return tree.Partial(self.error, self.name(name.removeprefix("dE_d"), differentiated=True))
        if name in ("E", "E_total"):
            return self.error if name == "E_total" else tree.Symbol("E")
        tensor, index = self._graph.place(name)
        parts = tensor.digits(index)
        first, digits = parts[0]
        if first.startswith("z_"):
            return tree.Symbol(first.removeprefix("z_"), digits, self._words["preactivation"])
        if first.startswith("w_"):
            (target, numbers) = parts[1]
            return tree.Symbol("w", f"{first.removeprefix('w_')}{digits}-{target}{numbers}")
        if first.startswith("b_"):
            return tree.Symbol("b", f"{first.removeprefix('b_')}{digits}")
        letter = first.rstrip("_")
        if tensor.role == "target":
            return tree.Symbol("o", digits, self._words["expected"])
        if letter == "o":
            return tree.Symbol("o", digits, self._words["predicted"])
        if differentiated and name.replace("_", "") in self._activated:
            return tree.Symbol(letter, digits, self._words["activation"])
        return tree.Symbol(letter, digits)

    # --- expressions ------------------------------------------------------------------------------------------------

    def expression(self, e: Expr) -> Node:
        if e.is_Symbol:
            return self.name(e.name)
        if e.is_Rational:
            number = tree.Number(int(e.p))
            return number if e.q == 1 else tree.Fraction(number, tree.Number(int(e.q)))
        if e.is_Add:
            return tree.Sum(tuple(self._signed(t) for t in in_reading_order(e.args)))
        if e.is_Mul:
            return self.product(e.args)
        if e.is_Pow and e.exp.is_Integer:
            return tree.Power(self.expression(e.base), int(e.exp))
        if e.func in FUNCTIONS:
            return tree.Call(FUNCTIONS[e.func], tuple(self.expression(a) for a in e.args))
        raise TypeError(f"no rule to display {e!r}")

    def _signed(self, term: Expr) -> Node:
        return tree.Negated(self.expression(-term)) if term.could_extract_minus_sign() else self.expression(term)

    def product(self, factors: Sequence[Expr]) -> Node:
        if not factors:
            return tree.Number(1)
        nodes = tuple(self.expression(f) for f in factors)
        return nodes[0] if len(nodes) == 1 else tree.Product(nodes)

    def right_side(self, variable: Variable) -> Node:
        """What a variable is made of, in the order of the derivation."""
        if variable.reduce == "max":
            cells = tuple(self.product(f) for a in variable.addends for f in a.products)
            return tree.Call("max", cells)
        terms: list[Node] = []
        for addend in variable.addends:
            products = tuple(self.product(factors) for factors in addend.products)
            if addend.coefficient == 1:
                terms += products
            else:
                inner = products[0] if len(products) == 1 else tree.Sum(products)
                terms.append(tree.Product((self.expression(addend.coefficient), inner)))
        if not terms:
            return tree.Number(0)
        return terms[0] if len(terms) == 1 else tree.Sum(tuple(terms))

    def equation(self, variable: Variable) -> Node:
        """variable = right side."""
        return tree.Equality((self.name(variable.name), self.right_side(variable)))

    # --- the chain rule ---------------------------------------------------------------------------------------------

    def chain_rule(self, derivation: Derivation, name: str) -> Node:
        """∂E/∂v = Σ ∂E/∂u · ∂u/∂v, then the same with each ∂u/∂v put in."""
        step = derivation.step(f"dE_d{name}")
        left, right = self.name(step.adjoint), self.right_side(derivation.graph.backward[step.adjoint])
        paths = tuple(self._path(term, name) for term in step.terms if term.adjoint is not None)
        if not paths:  # what E itself is made of: there is nothing between
            return tree.Equality((left, right))
        return tree.Equality((left, paths[0] if len(paths) == 1 else tree.Sum(paths), right))

    def _path(self, term: ChainTerm, name: str) -> Node:
        assert term.adjoint is not None
        by = self.name(name, differentiated=True)
        return tree.Product((self.name(term.adjoint), tree.Partial(self.name(term.through, differentiated=True), by)))


class Worked(Typography):
    """The same formulas with numbers: every quantity is written as its value."""

    def __init__(self, graph: Graph, words: Mapping[str, str], values: Mapping[str, float], digits: int) -> None:
        super().__init__(graph, words)
        self._values = values
        self._digits = digits

    def name(self, name: str, differentiated: bool = False) -> Node:
        return tree.Number(self._values[name], self._digits)
