"""Ways in which one place of a displayed formula may be wrong: an index, a word, a sign, a factor, a term, a number.

Nothing here knows what a formula means; what is true in spite of it is sorted out by the tests.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from symcnn.formula import tree
from symcnn.formula.tree import Node


def mutations(node: Any) -> Iterator[tuple[str, Any]]:
    """(kind, the formula with one place changed)."""
    yield from _here(node)
    for name, part in vars(node).items():
        if isinstance(part, tuple):
            for n, inner in enumerate(part):
                yield from _inside(
                    inner, lambda new, n=n, part=part, name=name: replace(node, **{name: _with(part, n, new)})
                )
        elif hasattr(part, "__dataclass_fields__"):
            yield from _inside(part, lambda new, name=name: replace(node, **{name: new}))


def _inside(part: Any, put: Callable[[Any], Node]) -> Iterator[tuple[str, Node]]:
    if isinstance(part, tuple):  # a row of a matrix
        for n, entry in enumerate(part):
            yield from _inside(entry, lambda new, n=n: put(_with(part, n, new)))
    elif hasattr(part, "__dataclass_fields__"):
        for kind, changed in mutations(part):
            yield kind, put(changed)


def _with(parts: tuple[Any, ...], n: int, new: Any) -> tuple[Any, ...]:
    return (*parts[:n], new, *parts[n + 1 :])


def _here(node: Any) -> Iterator[tuple[str, Any]]:
    match node:
        case tree.Symbol():
            yield from _symbols(node)
        case tree.Number():
            yield "number", replace(node, value=node.value + 1 if node.value == int(node.value) else node.value * 1.01)
        case tree.Sum():
            for n, term in enumerate(node.terms):
                rest = (*node.terms[:n], *node.terms[n + 1 :])
                yield "dropped term", tree.Sum(rest) if len(rest) > 1 else rest[0]
                flipped = term.node if isinstance(term, tree.Negated) else tree.Negated(term)
                yield "sign", tree.Sum(_with(node.terms, n, flipped))
        case tree.Product():
            for n in range(len(node.factors)):
                rest = (*node.factors[:n], *node.factors[n + 1 :])
                yield "dropped factor", tree.Product(rest) if len(rest) > 1 else rest[0]
        case tree.Negated():
            yield "sign", node.node
        case tree.Fraction():
            yield "turned over", tree.Fraction(node.below, node.above)
        case tree.Power():
            yield "exponent", replace(node, exponent=node.exponent + 1)
        case tree.Partial():
            yield "turned over", tree.Partial(node.by, node.of)
        case tree.Over() if len(node.letters) > 1:
            yield "dropped letter", replace(node, letters=node.letters[1:])
        case tree.Matrix():
            yield from _matrices(node)
        case tree.Convolution():
            yield "turned around", tree.Convolution(node.filter, node.image)
        case tree.Call() if node.function in ("σ", "exp", "ln", "ReLU", "tanh"):
            yield "function", replace(node, function="tanh" if node.function != "tanh" else "σ")
        case tree.Labelled():
            yield "label", replace(node, word=_other_label(node.word))


def _symbols(node: tree.Symbol) -> Iterator[tuple[str, Any]]:
    for n, c in enumerate(node.indices):
        if c.isdigit():
            yield from (("index", _put(node, n, other)) for other in "123" if other != c)
        elif c in "rcpqRCuv" and "-" not in node.indices:
            yield from (("index letter", _put(node, n, other)) for other in "rcpq" if other != c)
        elif c in "+−" and "-" not in node.indices:
            yield "index sign", _put(node, n, "−" if c == "+" else "+")
    others = {"predicted": "expected", "expected": "predicted", "preactivation": ""}
    if node.word in others:
        yield "word", replace(node, word=others[node.word])
    letters = {"i": "x", "x": "i", "f": "x", "h": "o"}
    if node.letter in letters and not node.word:
        yield "letter", replace(node, letter=letters[node.letter])


def _put(node: tree.Symbol, n: int, c: str) -> tree.Symbol:
    return replace(node, indices=node.indices[:n] + c + node.indices[n + 1 :])


def _matrices(node: tree.Matrix) -> Iterator[tuple[str, Any]]:
    yield "transposed", tree.Matrix(tuple(zip(*node.rows, strict=True)))
    yield "dropped row", tree.Matrix(node.rows[1:])
    first = node.rows[0]
    if len(first) > 1:
        yield "swapped", tree.Matrix(((first[1], first[0], *first[2:]), *node.rows[1:]))


def _other_label(word: str) -> str:
    return word.replace("1", "2") if "1" in word else word.replace("2", "1")
