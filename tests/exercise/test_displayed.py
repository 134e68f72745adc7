"""What is displayed is true: each side of each line, each bracket, each row and column, worked out from its symbols."""

import math

import mpmath
import pytest
import sympy

from symcnn import article
from symcnn.derivation import Derivation
from symcnn.exercise import draw
from symcnn.exercise.sheet import (
    Blank,
    ConvolutionGrids,
    EqualityLine,
    ExercisePlan,
    NumberSlot,
    PathTable,
    Products,
    Room,
)
from symcnn.formula import tree
from symcnn.formula.typography import EntrySymbol
from symcnn.verification.evaluate import Evaluator
from tests.exercise.test_sheet import NETWORKS, network_of

CALLS = {
    "σ": lambda z: 1 / (1 + math.exp(-z)), "tanh": math.tanh, "exp": math.exp, "ln": math.log, "max": max,
    "ReLU": lambda z: max(z, 0),
}  # fmt: skip


class Values:
    """A formula's value, from the values of its quantities and of the places in it."""

    def __init__(self, sheet):
        self.sheet, self.brackets = sheet, 0

    def __call__(self, node):
        match node:
            case NumberSlot(cell):
                return self.sheet.value(cell)
            case EntrySymbol():
                return self.sheet.values[node.of.name]
            case tree.Symbol(letter):
                return self.sheet.values[letter]
            case tree.Number(value):
                return value
            case tree.Partial(of, by):
                return self.derivative(of, by)
            case tree.Under(inner, number):
                self.brackets += 1
                assert math.isclose(self(inner), self(number), abs_tol=1e-12), (inner, number)
                return self(number)
            case tree.Update(name, slope):
                return self(name) - self.sheet.values["η"] * self(slope)
            case tree.Sum(terms):
                return sum(map(self, terms))
            case tree.Product(factors):
                return math.prod(map(self, factors))
            case tree.Negated(inner):
                return -self(inner)
            case tree.Fraction(above, below):
                return self(above) / self(below)
            case tree.Power(base, exponent):
                return self(base) ** exponent
            case tree.Call(function, arguments):
                return CALLS[function](*map(self, arguments))
            case tree.Indicator(conditions):
                return float(all(map(self.holds, conditions)))
        raise TypeError(node)

    def holds(self, relation):
        left, right = self(relation.left), self(relation.right)
        return {"=": left == right, ">": left > right, "≤": left <= right, "<": left < right}[relation.sign]

    def derivative(self, of, by):
        """∂E/∂by is an adjoint; ∂of/∂by of two neighbours is SymPy's, of one equation."""
        if not isinstance(of, EntrySymbol):
            return self.sheet.values[by.of.adjoint.name]
        expression = self.sheet.plan.graph[of.of].expression
        if not expression.has(sympy.Function):
            slope = sympy.diff(expression, by.of.symbol)
            return float(slope.subs({s: self.sheet.values[s.name] for s in slope.free_symbols}))
        evaluator, h = Evaluator((), "mpmath"), mpmath.mpf(10) ** -20
        with mpmath.workdps(50):
            values = {s.name: mpmath.mpf(self.sheet.values[s.name]) for s in expression.free_symbols}
            up, down = (evaluator.value(expression, {**values, by.of.name: values[by.of.name] + d}) for d in (h, -h))
            return float((up - down) / (2 * h))


def same(value, numbers):
    return all(math.isclose(value, n, abs_tol=1e-10) for n in numbers)


def check(sheet):
    """How many statements hold: of lines, columns, rows, brackets."""
    value, count = Values(sheet), 0
    values, graph = sheet.values, sheet.plan.graph
    for block in (b for part in sheet.plan.parts for section in part.sections for b in section.blocks):
        match block:
            case EqualityLine(members):
                first, *rest = members
                slots = isinstance(rest[-1], NumberSlot)
                numbers = [value(m) for m in rest]
                left = value(first)
                assert rest[0] != first
                assert same(left, numbers), members
                assert slots or len(members) == 3
                count += len(numbers)
            case ConvolutionGrids(image, kernel, cells):
                weights = [[values[c.expression.name] for c in row] for row in kernel]
                for row in cells:
                    for cell in row:
                        assert sheet.value(cell) == values[cell.expression.name]
                        assert cell.expression.name in graph
                        count += 1
                assert len(weights) <= len(image)
            case Products(columns, name, total):
                for symbol, number, weight, product in columns:
                    assert same(value(symbol), [sheet.value(number)])
                    assert same(sheet.value(product), [sheet.value(number) * sheet.value(weight)])
                assert same(value(name), [sheet.value(total), sum(sheet.value(c[3]) for c in columns)])
                count += len(columns)
            case PathTable(rows, name, total):
                for adjoint, above, local, below, product in rows:
                    assert same(value(adjoint), [sheet.value(above)])
                    assert same(value(local), [sheet.value(below)])
                    assert same(sheet.value(product), [sheet.value(above) * sheet.value(below)])
                assert same(value(name), [sheet.value(total), sum(sheet.value(r[4]) for r in rows)])
                count += len(rows)
            case Room(_, lines):
                for name, numbers, result in lines:
                    assert same(value(name), [value(numbers), value(result)])
                    count += 1
    assert value.brackets > 4
    return count


@pytest.fixture(scope="module")
def plan():
    return ExercisePlan(Derivation(article.network(), 1))


def test_every_statement_of_the_article(plan):
    for seed in (1, 7):
        assert check(draw(plan, article.images(), seed)) > 30


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_statement_of_other_networks(name):
    assert check(draw(ExercisePlan(Derivation(network_of(NETWORKS[name]), 1)), None, 1)) > 12


def test_every_blank_stands_on_the_sheet_once(plan):
    """What is filled in is what is printed, in the order in which it can be worked out."""
    from symcnn.formula.steps import nodes

    for each in (plan, *(ExercisePlan(Derivation(network_of(text), 1)) for text in NETWORKS.values())):
        seen = []
        for block in (b for part in each.parts for section in part.sections for b in section.blocks):
            seen += [n.key for n in nodes(block) if isinstance(n, Blank)]
        assert sorted(seen) == sorted(each.blanks)


def test_headings_and_figures_name_sections_that_are_there(plan):
    for each in (plan, *(ExercisePlan(Derivation(network_of(text), 1)) for text in NETWORKS.values())):
        numbers = [section.number for part in each.parts for section in part.sections]
        assert numbers == list(range(1, len(numbers) + 1))
        figure = each.parts[1].figure
        assert set(figure.sections) <= set(numbers)
        assert len(figure.sections) == len(figure.columns) - 1
        assert all(left[0] + 1 == right[0] for left, right in figure.edges)
