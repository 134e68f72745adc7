"""Ways in which one place of a displayed formula may be wrong: an index, a word, a sign, a factor, a term, a number.

Nothing here knows what a formula means; what is true in spite of it is sorted out by the tests.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from symcnn.formula import tree
from symcnn.formula.tree import Node
from symcnn.formula.typography import EntrySymbol, Typography
from symcnn.symbolic import Access, Quantity, TensorKind


def mutations(node: Any, typography: Typography) -> Iterator[tuple[str, Any]]:
    """(kind, the formula with one place changed)."""
    yield from _here(node, typography)
    if isinstance(node, (tree.Symbol, tree.Number)):
        return
    for name, part in vars(node).items():
        if isinstance(part, tuple):
            for n, inner in enumerate(part):
                yield from _inside(
                    inner,
                    typography,
                    lambda new, n=n, part=part, name=name: replace(node, **{name: _with(part, n, new)}),
                )
        elif hasattr(part, "__dataclass_fields__"):
            yield from _inside(part, typography, lambda new, name=name: replace(node, **{name: new}))


def _inside(part: Any, typography: Typography, put: Callable[[Any], Node]) -> Iterator[tuple[str, Node]]:
    if isinstance(part, tuple):  # a row of a matrix
        for n, entry in enumerate(part):
            yield from _inside(entry, typography, lambda new, n=n: put(_with(part, n, new)))
    elif hasattr(part, "__dataclass_fields__"):
        for kind, changed in mutations(part, typography):
            yield kind, put(changed)


def _with(parts: tuple[Any, ...], n: int, new: Any) -> tuple[Any, ...]:
    return (*parts[:n], new, *parts[n + 1 :])


def _here(node: Any, typography: Typography) -> Iterator[tuple[str, Any]]:
    match node:
        case EntrySymbol():
            yield from _entries(node, typography)
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


#: What another letter, or another word at its foot, would say.
_LETTERS = {
    TensorKind.IMAGE: TensorKind.FEATURE_MAP, TensorKind.FEATURE_MAP: TensorKind.IMAGE,
    TensorKind.FILTER: TensorKind.FEATURE_MAP, TensorKind.HIDDEN: TensorKind.OUTPUT,
}  # fmt: skip
_WORDS = {TensorKind.OUTPUT: TensorKind.TARGET, TensorKind.TARGET: TensorKind.OUTPUT}


def _entries(node: EntrySymbol, typography: Typography) -> Iterator[tuple[str, Any]]:
    """Symbols of other quantities: a symbol shows what it stands for, so nothing else can be changed in it."""
    of, differentiated = node.of, EntrySymbol(node.of, True, typography) == node
    for kind, other in _others(of, typography):
        yield kind, typography.entry(other, differentiated)


def _others(of: Quantity | Access, typography: Typography) -> Iterator[tuple[str, Quantity | Access]]:
    tensor, index = of.tensor, of.index
    for axis, size in enumerate(tensor.shape):
        if isinstance(of, Quantity):
            for n in set(range(min(size, 3))) - {index[axis]}:
                yield "index", Quantity(tensor, _with(index, axis, n))
            continue
        parts = index[axis].coefficients
        for n, (letter, factor) in enumerate(parts):
            for other in set("rcpq") - dict(parts).keys():
                yield "index letter", _moved(of, axis, _with(parts, n, (other, factor)))
            if n:
                yield "index sign", _moved(of, axis, _with(parts, n, (letter, -factor)))
    if tensor.kind is TensorKind.PREACTIVATION and tensor.target is not None:
        yield "word", replace(of, tensor=tensor.target) if isinstance(of, Quantity) else Access(tensor.target, index)
    for name, kinds in (("letter", _LETTERS), ("word", _WORDS)):
        for other in typography.quantities.tensors:
            if other.kind is kinds.get(tensor.kind) and len(other.shape) == len(tensor.shape):
                if not isinstance(of, Quantity):
                    yield name, Access(other, index)
                elif all(n < size for n, size in zip(index, other.shape, strict=True)):
                    yield name, Quantity(other, index)


def _moved(access: Access, axis: int, coefficients: Any) -> Access:
    return Access(access.tensor, _with(access.index, axis, replace(access.index[axis], coefficients=coefficients)))


def _matrices(node: tree.Matrix) -> Iterator[tuple[str, Any]]:
    yield "transposed", tree.Matrix(tuple(zip(*node.rows, strict=True)))
    yield "dropped row", tree.Matrix(node.rows[1:])
    first = node.rows[0]
    if len(first) > 1:
        yield "swapped", tree.Matrix(((first[1], first[0], *first[2:]), *node.rows[1:]))


def _other_label(word: str) -> str:
    return word.replace("1", "2") if "1" in word else word.replace("2", "1")
