"""What should stand in the place of a wrong member that speaks of many quantities at once.

x_kl, ∂E/∂f_i      the network's own equation in index notation, with the text's letters
∂E/∂F              the chain rule for groups, over what the group is used in
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from symcnn.derivation import Derivation
from symcnn.formula import Typography, tree
from symcnn.formula.steps import nodes, rewritten
from symcnn.formula.tree import Node
from symcnn.formula.written import MeaningError, Spelled, letters_in
from symcnn.symbolic import Access, Equation, Tensor

#: A letter that runs: r in "r+p, c+q", and in "x(r, c)-h(j)".
_RUNNING = re.compile(r"(?<![a-zA-Z])[a-zA-Z](?![a-zA-Z(])")

_LETTERS = "pqrsuvmnklab"


class General:
    """Right sides of such left sides; whether one holds in the text is the caller's to decide."""

    def __init__(self, derivation: Derivation, spelled: Spelled, typography: Typography) -> None:
        self._d, self._spelled, self._typography = derivation, spelled, typography

    def right_sides(self, left: Node) -> Iterator[Node]:
        """What could stand there."""
        symbol = left.by if isinstance(left, tree.Partial) else left
        if not isinstance(symbol, tree.Symbol) or (isinstance(left, tree.Partial) and not _is_error(left.of)):
            return
        try:
            letters = letters_in(self._spelled.canonical(symbol))
            if letters:
                yield from self._stated(self._spelled.tensor(symbol), letters, isinstance(left, tree.Partial))
            elif isinstance(left, tree.Partial) and (group := self._spelled.group(symbol)):
                yield from self._chained(left, symbol, group)
        except MeaningError:
            return

    # --- index notation ---------------------------------------------------------------------------------------------

    def _stated(self, tensor: Tensor, letters: list[str], differentiated: bool) -> Iterator[Node]:
        if not all(len(letter) == 1 and letter.isalpha() for letter in letters):
            return
        target = tensor.adjoint() if differentiated else tensor
        for equation in (e for e in self._d.equations if e.target.tensor == target and not e.adds):
            own = [letter for n in self._places(equation) for letter in letters_in(n)]
            if len(own) == len(letters):
                renamed = dict(zip(own, letters, strict=True))
                yield _renamed(self._typography.sum_of(equation), renamed)

    def _places(self, equation: Equation) -> list[tree.Symbol]:
        """The symbol that has the letters of an equation's left side."""
        left = self._typography.access(equation.target)
        return [n for n in nodes(left) if isinstance(n, tree.Symbol) and letters_in(n)]

    # --- groups -----------------------------------------------------------------------------------------------------

    def _chained(self, left: tree.Partial, symbol: tree.Symbol, group: Tensor) -> Iterator[Node]:
        """∂E/∂F = ∂E/∂X · ∂X/∂F, where F is used in X alone."""
        reads = (
            (e.target.tensor, {a.tensor for t in e.terms for f in t.factors for a in f.atoms(Access)})
            for e in self._d.forward
        )
        users = [target for target, read in reads if group in read]
        if len(users) == 1 and users[0].shape:
            through = replace(symbol, letter=users[0].name.upper())
            if self._spelled.group(through) == users[0]:
                yield tree.Product((tree.Partial(left.of, through), tree.Partial(through, symbol)))


def _is_error(node: Node) -> bool:
    return isinstance(node, tree.Symbol) and node.letter == "E" and not node.indices


def _renamed(node: Node, letters: dict[str, str]) -> Node:
    """A formula with other index letters; a bound letter that would be caught gets another."""
    bound = {letter for n in nodes(node) if isinstance(n, tree.Over) for letter in n.letters}
    taken = set(letters.values()) | bound
    spare = (c for c in _LETTERS if c not in taken)
    return _put(node, letters | {letter: next(spare) for letter in sorted(bound & set(letters.values()))})


def _put(node: Node, names: dict[str, str]) -> Node:
    def put(part: Any) -> Node | None:
        if isinstance(part, tree.Symbol):
            return replace(part, indices=_RUNNING.sub(lambda found: names.get(found[0], found[0]), part.indices))
        if isinstance(part, tree.Over):
            return replace(part, letters=tuple(names.get(x, x) for x in part.letters), body=_put(part.body, names))
        return None

    found: Node = rewritten(node, put)
    return found
