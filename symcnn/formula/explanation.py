"""Explanations for notebooks and the terminal: a number with its formula, and derivations in LaTeX.

A number is explained by its formula as the article writes it, the same with numbers, the result, and the quantities
on which it depends and those that it feeds.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sympy import Symbol

from symcnn.derivation import Derivation, Gradient, Graph, Variable
from symcnn.formula import tree
from symcnn.formula.latex import Latex
from symcnn.formula.plain import Plain
from symcnn.formula.tree import Node
from symcnn.formula.typography import WORDS, Typography, Worked, shortened
from symcnn.symbolic import E_TOTAL, Access, E, Equation, Name, Quantities, Quantity, Wins, quantity_of
from symcnn.text import catalogue

#: Significant digits of the numbers in a formula.
DIGITS = 6

#: The most products of a formula, and quantities of a list, that are written out; the rest is "…".
MOST_SHOWN = 100

#: The most formulas of a derivation without index notation.
MAX_FORMULAS = 60


@dataclass(frozen=True, repr=False)
class Explanation:
    """One number explained; it prints in the terminal and shows in Jupyter.

    Attributes:
        name: of the quantity: "x_12", "dE_df_12".
        value: the result as the graph computes it, not rounded.
        equation: quantity = formula = numbers = result.
        rests_on: the quantities of the formula with their values.
        feeds: the quantities whose formulas contain it.
        gradient: the same of ∂E/∂(the quantity), where that is asked for and exists.
    """

    name: str
    value: float
    equation: tree.Equality
    rests_on: tuple[tuple[Node, float], ...]
    feeds: tuple[Node, ...]
    words: Mapping[str, str]
    decimal: str = "."
    gradient: "Explanation | None" = None

    def __str__(self) -> str:
        plain = Plain(self.decimal)
        lines = [plain.lines(self.equation)]
        pairs = [f"{plain.emit(n)} = {plain.emit(tree.Number(v, DIGITS))}" for n, v in self.rests_on[:MOST_SHOWN]]
        names = [plain.emit(n) for n in self.feeds[:MOST_SHOWN]]
        for key, texts, count in (("rests_on", pairs, len(self.rests_on)), ("feeds", names, len(self.feeds))):
            if texts:
                rest = f", … ({count})" if count > MOST_SHOWN else ""
                lines.append(f"{self.words[key]} {', '.join(texts)}{rest}")
        return "\n".join([*lines, *(["", str(self.gradient)] if self.gradient else [])])

    __repr__ = __str__

    @property
    def latex(self) -> str:
        """The equation as a display; below it that of the gradient."""
        display = Latex(self.decimal).display(self.equation)
        return f"{display}\n{self.gradient.latex}" if self.gradient else display

    def _repr_latex_(self) -> str:
        return self.latex


def explain_variable(
    graph: Graph, name: Name, values: Mapping[str, float], words: Mapping[str, Mapping[str, str]], decimal: str = "."
) -> Explanation:
    """Explain a variable of one image's graph.

    Args:
        values: every quantity of that image.
        words: "word": the typography's; "explain": the labels.
    """
    variable = graph[name]
    typography = Typography(graph.quantities, words["word"], total="")
    numbers = Worked(graph.quantities, words["word"], values, DIGITS)
    here, value = variable.quantity, values[variable.name]
    formula, worked = (t.right_side(variable, MOST_SHOWN) for t in (typography, numbers))
    members = [typography.name(here), formula, worked, numbers.name(here)]
    members = [m for n, m in enumerate(members) if n == 0 or m != members[n - 1]]
    sources = tuple((typography.name(s), values[s.name]) for s in in_order(variable))
    feeds = _feeds(graph, here, typography)
    if variable.tensor.role == "gradient":  # the images' gradients are added
        feeds = (Typography(graph.quantities, words["word"]).name(here),)
    return Explanation(variable.name, value, tree.Equality(tuple(members)), sources, feeds, words["explain"], decimal)


def in_order(variable: Variable) -> list[Symbol]:
    """Return the quantities of a formula in its order, each once."""
    factors = (factor for product in variable.products for factor in product)
    return list(dict.fromkeys(s for factor in factors for s in sorted(factor.free_symbols, key=str)))


def _feeds(graph: Graph, quantity: Quantity, typography: Typography) -> tuple[Node, ...]:
    """Return the quantities whose formulas contain it."""
    return tuple(map(typography.name, graph.users(quantity)))


def explain_input(
    graph: Graph, name: Name, value: float, what: str, words: Mapping[str, Mapping[str, str]], decimal: str = "."
) -> Explanation:
    """Explain an input: a pixel, a target, an initial value."""
    typography = Typography(graph.quantities, words["word"], total="")
    quantity = graph.quantities.of(name)
    equation = tree.Equality((typography.name(quantity), tree.Number(value, DIGITS), tree.Word(what)))
    feeds = _feeds(graph, quantity, typography)
    return Explanation(quantity.name, value, equation, (), feeds, words["explain"], decimal)


def explain_sum(
    graph: Graph, name: Name, parts: Sequence[float], factor: float, labels: Sequence[str],
    words: Mapping[str, Mapping[str, str]], decimal: str = ".",
) -> Explanation:  # fmt: skip
    """Explain E_total or ∂E_total/∂parameter: the sum over the images, times 1 or 1/number of images."""
    of_one, total = Typography(graph.quantities, words["word"], total=""), Typography(graph.quantities, words["word"])
    quantity = graph.quantities.of(name)
    one, whole = of_one.name(E if quantity == E_TOTAL else quantity), total.name(quantity)
    symbols: Node = tree.Sum(shortened(labels, MOST_SHOWN, lambda label: tree.Labelled(one, label)))
    numbers: Node = tree.Sum(shortened(parts, MOST_SHOWN, lambda v: tree.Number(v, DIGITS)))
    if factor != 1:
        symbols, numbers = (tree.Product((tree.Number(factor, DIGITS), m)) for m in (symbols, numbers))
    value = factor * sum(parts)
    feeds = () if quantity == E_TOTAL else (of_one.name(quantity.primal),)
    equation = tree.Equality((whole, symbols, numbers, tree.Number(value, DIGITS)))
    sources = tuple((tree.Labelled(one, label), v) for label, v in zip(labels, parts, strict=True))
    return Explanation(quantity.name, value, equation, sources, feeds, words["explain"], decimal)


@dataclass(frozen=True)
class Change:
    """A step of a parameter: its value before, the learning rate, the gradient, its value after, the step's number."""

    before: float
    rate: float
    slope: float
    after: float
    step: int


def explain_update(
    graph: Graph, name: Name, change: Change, words: Mapping[str, Mapping[str, str]], decimal: str = "."
) -> Explanation:
    """Explain a parameter after a step: its value before, minus learning rate times gradient."""
    total, label = Typography(graph.quantities, words["word"]), words["explain"]["step"]
    quantity = graph.quantities.of(name)
    symbol = total.name(quantity)
    old, gradient = (
        tree.Labelled(node, label.format(step=change.step - 1)) for node in (symbol, total.name(quantity.adjoint))
    )
    before, rate, slope, after = (
        tree.Number(v, DIGITS) for v in (change.before, change.rate, change.slope, change.after)
    )
    equation = tree.Equality(
        (
            tree.Labelled(symbol, label.format(step=change.step)),
            tree.Sum((old, tree.Negated(tree.Product((tree.Symbol("η"), gradient))))),
            tree.Sum((before, tree.Negated(tree.Product((rate, slope))))),
            after,
        )
    )
    sources = ((old, change.before), (tree.Symbol("η"), change.rate), (gradient, change.slope))
    feeds = _feeds(graph, quantity, Typography(graph.quantities, words["word"], total=""))
    return Explanation(quantity.name, change.after, equation, sources, feeds, words["explain"], decimal)


def name_as_written(graph: Graph, text: str) -> str | None:
    """Return the name of the quantity that symcnn writes so in plain text (w_x11-h1, h_1,activation, ∂E/∂x₁₁)."""
    digits = {ord(subscript): str(n) for n, subscript in enumerate("₀₁₂₃₄₅₆₇₈₉")}
    numbers = re.findall("[0-9]", text.translate(digits))
    name = None
    for total in ("", "total"):
        typography = Typography(graph.quantities, {word: word for word in WORDS}, total)
        for tensor in graph.tensors:
            widths = [len(str(size)) for size in tensor.shape]
            if sum(widths) != len(numbers):
                continue
            each = iter(numbers)
            index = tuple(int("".join(islice(each, width))) - 1 for width in widths)
            if not all(0 <= n < size for n, size in zip(index, tensor.shape, strict=True)):
                continue
            quantity = quantity_of(tensor, index)
            for differentiated in (False, True):
                if Plain().emit(typography.name(quantity, differentiated)) == text:
                    name = quantity.name
    return name


def gradient_latex(gradient: Gradient) -> str:
    """Return the chain rule at one quantity; of a long one the first terms and the last."""
    derivation = gradient.derivation
    return Latex().display(_typography(derivation).chain_rule(derivation, gradient.quantity, MOST_SHOWN))


def equation_latex(equation: Equation) -> str:
    """Return an equation in index notation; nothing else of its network is known."""
    atoms = {a for t in equation.terms for f in t.factors for a in f.atoms(Access, Wins)}
    accesses = {access for a in atoms for access in (a.solved if isinstance(a, Wins) else (a,))}
    quantities = Quantities(sorted({a.tensor for a in (*accesses, equation.target)}))
    return Latex().display(Typography(quantities, catalogue("en").words("word")).equation_in_indices(equation))


def derivation_latex(derivation: Derivation) -> str:
    """Return all gradients, one under the other; where there are many, every adjoint in index notation."""
    lines = " \\cr\n".join(f"{left} &= {right}" for left, right in derivation_rows(derivation, Latex()))
    return f"$$\n\\begin{{aligned}}\n{lines}\n\\end{{aligned}}\n$$"


def derivation_rows(derivation: Derivation, emitter: Latex | Plain) -> list[tuple[str, ...]]:
    """Return each gradient and its formula, or where there are many, every adjoint and its, in index notation."""
    typography = _typography(derivation)
    if len(derivation.names) > MAX_FORMULAS:
        adjoints = [e for e in derivation.equations if e.target.tensor.is_adjoint]
        nodes = [(typography.access(e.target), typography.sum_of(e)) for e in adjoints]
    else:
        variables = [derivation.graph[quantity.adjoint] for quantity in derivation.listed]
        nodes = [(typography.name(v.quantity), typography.right_side(v)) for v in variables]
    return [(emitter.emit(left), emitter.emit(right)) for left, right in nodes]


def _typography(derivation: Derivation) -> Typography:
    return Typography(derivation.quantities, catalogue("en").words("word"))
