"""Where a number comes from: the formula as the article writes it, the same with numbers, the result, and which
quantities it rests on and feeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sympy import Symbol

from symcnn.derivation import Graph, Variable
from symcnn.formula import tree
from symcnn.formula.latex import Latex
from symcnn.formula.plain import Plain
from symcnn.formula.tree import Node
from symcnn.formula.typography import WORDS, Typography, Worked
from symcnn.symbolic import E_TOTAL, E, Name, Quantity, quantity_of

#: Significant digits of the numbers put in.
DIGITS = 6


@dataclass(frozen=True)
class Explanation:
    """One number explained; it prints in the terminal and shows in Jupyter.

    Attributes:
        name: of the quantity: "x_12", "dE_df_12".
        value: the result, exactly as the graph gives it.
        equation: quantity = formula = numbers = result.
        rests_on: the quantities of the formula with their values.
        feeds: the quantities in whose formulas it stands.
    """

    name: str
    value: float
    equation: tree.Equality
    rests_on: tuple[tuple[Node, float], ...]
    feeds: tuple[Node, ...]
    words: Mapping[str, str]
    decimal: str = "."

    def __str__(self) -> str:
        plain = Plain(self.decimal)
        lines = [plain.lines(self.equation)]
        if self.rests_on:
            pairs = (f"{plain.emit(n)} = {plain.emit(tree.Number(v, DIGITS))}" for n, v in self.rests_on)
            lines.append(f"{self.words['rests_on']} {', '.join(pairs)}")
        if self.feeds:
            lines.append(f"{self.words['feeds']} {', '.join(map(plain.emit, self.feeds))}")
        return "\n".join(lines)

    @property
    def latex(self) -> str:
        """The equation as a display."""
        return Latex(self.decimal).display(self.equation)

    def _repr_latex_(self) -> str:
        return self.latex


def explain_variable(
    graph: Graph, name: Name, values: Mapping[str, float], words: Mapping[str, Mapping[str, str]], decimal: str = "."
) -> Explanation:
    """A variable of one image's graph.

    Args:
        values: every quantity of that image.
        words: "word": the typography's; "explain": the labels.
    """
    variable = graph[name]
    typography = Typography(graph.quantities, words["word"], total="")
    numbers = Worked(graph.quantities, words["word"], values, DIGITS)
    here, value = variable.quantity, values[variable.name]
    members = [typography.name(here), typography.right_side(variable), numbers.right_side(variable), numbers.name(here)]
    kept = [m for n, m in enumerate(members) if n == 0 or m != members[n - 1]]
    sources = tuple((typography.name(s), values[s.name]) for s in in_order(variable))
    feeds = _feeds(graph, here, typography)
    if variable.tensor.role == "gradient":  # the images' gradients are added
        feeds = (Typography(graph.quantities, words["word"]).name(here),)
    return Explanation(variable.name, value, tree.Equality(tuple(kept)), sources, feeds, words["explain"], decimal)


def in_order(variable: Variable) -> list[Symbol]:
    """The quantities of a formula, each once, as they stand in it."""
    found: dict[Symbol, None] = {}
    for factors in variable.products:
        for factor in factors:
            found.update(dict.fromkeys(sorted(factor.free_symbols, key=str)))
    return list(found)


def _feeds(graph: Graph, quantity: Quantity, typography: Typography) -> tuple[Node, ...]:
    """The quantities in whose formulas it stands."""
    return tuple(typography.name(v.quantity) for v in graph if quantity.symbol in v.symbols())


def explain_given(
    graph: Graph, name: Name, value: float, what: str, words: Mapping[str, Mapping[str, str]], decimal: str = "."
) -> Explanation:
    """Something that is given: a pixel, a target, an initial value."""
    typography = Typography(graph.quantities, words["word"], total="")
    quantity = graph.quantities.of(name)
    equation = tree.Equality((typography.name(quantity), tree.Number(value, DIGITS), tree.Word(what)))
    feeds = _feeds(graph, quantity, typography)
    return Explanation(quantity.name, value, equation, (), feeds, words["explain"], decimal)


def explain_sum(
    graph: Graph, name: Name, parts: Sequence[float], factor: float, labels: Sequence[str],
    words: Mapping[str, Mapping[str, str]], decimal: str = ".",
) -> Explanation:  # fmt: skip
    """E_total or ∂E_total/∂(a parameter): the images added, times the factor (1, or 1/number of images)."""
    of_one, total = Typography(graph.quantities, words["word"], total=""), Typography(graph.quantities, words["word"])
    quantity = graph.quantities.of(name)
    one, whole = of_one.name(E if quantity == E_TOTAL else quantity), total.name(quantity)
    symbols: Node = tree.Sum(tuple(tree.Labelled(one, label) for label in labels))
    numbers: Node = tree.Sum(tuple(tree.Number(v, DIGITS) for v in parts))
    if factor != 1:
        symbols, numbers = (tree.Product((tree.Number(factor, DIGITS), m)) for m in (symbols, numbers))
    value = factor * sum(parts)
    feeds = () if quantity == E_TOTAL else (of_one.name(quantity.primal),)
    equation = tree.Equality((whole, symbols, numbers, tree.Number(value, DIGITS)))
    sources = tuple((tree.Labelled(one, label), v) for label, v in zip(labels, parts, strict=True))
    return Explanation(quantity.name, value, equation, sources, feeds, words["explain"], decimal)


@dataclass(frozen=True)
class Change:
    """One step of a parameter: what it was, learning rate, gradient, what it is then, and after how many steps."""

    before: float
    rate: float
    slope: float
    after: float
    step: int


def explain_update(
    graph: Graph, name: Name, change: Change, words: Mapping[str, Mapping[str, str]], decimal: str = "."
) -> Explanation:
    """A parameter after a step: what it was, minus learning rate times gradient."""
    total, label = Typography(graph.quantities, words["word"]), words["explain"]["step"]
    quantity = graph.quantities.of(name)
    symbol, gradient = total.name(quantity), total.name(quantity.adjoint)
    was = tree.Labelled(symbol, label.format(step=change.step - 1))
    before, rate, slope, after = (
        tree.Number(v, DIGITS) for v in (change.before, change.rate, change.slope, change.after)
    )
    equation = tree.Equality(
        (
            tree.Labelled(symbol, label.format(step=change.step)),
            tree.Sum((was, tree.Negated(tree.Product((tree.Symbol("η"), gradient))))),
            tree.Sum((before, tree.Negated(tree.Product((rate, slope))))),
            after,
        )
    )
    sources = ((was, change.before), (tree.Symbol("η"), change.rate), (gradient, change.slope))
    feeds = _feeds(graph, quantity, Typography(graph.quantities, words["word"], total=""))
    return Explanation(quantity.name, change.after, equation, sources, feeds, words["explain"], decimal)


def written_names(graph: Graph) -> dict[str, str]:
    """What symcnn writes for a quantity (w_x11-h1, h_1,activation, ∂E/∂x₁₁), in plain text -> its name."""
    found = {}
    for total in ("", "total"):
        typography = Typography(graph.quantities, {word: word for word in WORDS}, total)
        for quantity in (*(quantity_of(*place) for place in graph.inputs.values()), *(v.quantity for v in graph)):
            for differentiated in (False, True):
                found[Plain().emit(typography.name(quantity, differentiated))] = quantity.name
    return found
