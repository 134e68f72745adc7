"""Sums of products: one matrix product for each contraction, a reduction where there is nothing to multiply.

    x[k, r, c] = Σ_{p, q} f[k, p, q]·i[r + p, c + q]

The axes of two operands fall into four groups: summed (p, q), the first's own (k), the second's own (r, c, n), and
those of both that stay. With none of the last it is ``matmul(f[k, pq], i[pq, rcn])``: the operands' axes joined, which
costs nothing where they follow each other in memory. The windows of i don't: they are copied, once in a run, in the
order in which the plain operand has the summed axes, so that the filter's adjoint finds the same copy turned.
"""

from collections.abc import Sequence

from sympy import Expr

from symcnn.printers.arrays.accesses import Arrays
from symcnn.printers.arrays.elementwise import Elementwise
from symcnn.printers.arrays.lines import Lines, Operand, Sizes, letters
from symcnn.symbolic import Access, Wins


class Contraction:
    """Writes the sums of one equation."""

    def __init__(self, lines: Lines, arrays: Arrays, sizes: Sizes) -> None:
        self.lines, self.arrays, self.sizes = lines, arrays, sizes

    def axes(self, factor: Expr) -> list[str]:
        """Every axis of a factor, in the order of its largest array."""
        operands = [self.arrays.find(leaf, self.sizes) for leaf in factor.atoms(Access, Wins)]
        found: list[str] = []
        for operand in sorted(operands, key=lambda o: (-len(o.axes), o.name)):
            found += [a for a in operand.axes if a not in found]
        return found

    def sum(self, factors: Sequence[Expr], summed: set[str], result: Sequence[str], out: str | None) -> Operand:
        """Σ over ``summed`` of the product, with the axes ``result``; in ``out``, else in a scratch buffer."""
        if len(factors) == 2:
            first, second = (set(self.axes(f)) for f in factors)
            if summed <= first & second and not first & second - summed:
                return self._product(factors, summed, result, out)
        if len(factors) == 1:
            return self._reduced(self._operand(factors[0]), summed, result, out)
        every = [a for f in factors for a in self.axes(f)]
        order = [*(a for a in dict.fromkeys(every) if a in summed), *result]
        return self._reduced(self._multiplied(factors, order), summed, result, out)

    def _operand(self, factor: Expr) -> Operand:
        if isinstance(factor, (Access, Wins)):
            return self.arrays.find(factor, self.sizes)
        return self._multiplied([factor], self.axes(factor))

    def _multiplied(self, factors: Sequence[Expr], order: Sequence[str]) -> Operand:
        name = self.lines.take(self.sizes.shape(order))
        printer = Elementwise(self.lines, self.sizes, order, lambda leaf: self.arrays.find(leaf, self.sizes))
        printer.store(printer.product(factors, out=name), name)
        return Operand(name, tuple(order), True, True)

    # --- reductions -------------------------------------------------------------------------------------------------

    def _reduced(self, operand: Operand, summed: set[str], result: Sequence[str], out: str | None) -> Operand:
        made = self._result(result, out)
        own = [a for a in operand.axes if a in summed]
        joined = self.lines.matrix(operand, result, own, self.sizes) if len(result) == 1 else None
        if joined is not None:
            self.lines.call("add.reduce", joined, "axis=1", out=made.name)
        else:
            turned = self.lines.in_order(operand, [*own, *result])
            axes = ", ".join(str(n) for n in range(len(own)))
            self.lines.call("add.reduce", turned.name, f"axis=({axes})" if len(own) > 1 else "axis=0", out=made.name)
        self._done(operand)
        return made

    # --- products ---------------------------------------------------------------------------------------------------

    def _product(self, factors: Sequence[Expr], summed: set[str], result: Sequence[str], out: str | None) -> Operand:
        operands = [self._operand(f) for f in factors]
        if result and result[0] not in operands[0].axes:
            operands.reverse()
        a, b = operands
        rows, columns = ([x for x in result if x in o.axes] for o in (a, b))
        order = self._summed_order(a, b, summed, rows, columns)
        left = self._as_matrix(a, rows, order, copy=(order, rows))
        right = self._as_matrix(b, order, columns, copy=(order, columns))
        together = (*rows, *columns) == tuple(result)
        made = self._result(result, out) if together else self._result((*rows, *columns), None)
        into = self.lines.matrix(made, rows, columns, self.sizes)
        assert into is not None  # a contiguous buffer with these very axes
        self.lines.call("matmul", left, right, out=into)
        for operand in operands:
            self._done(operand)
        if together:
            return made
        wanted = self._result(result, out)
        self.lines.copy(wanted.name, self.lines.in_order(made, result).name)
        self._done(made)
        return wanted

    def _summed_order(
        self, a: Operand, b: Operand, summed: set[str], rows: Sequence[str], columns: Sequence[str]
    ) -> list[str]:
        """The order of the summed axes that needs the fewest copies: that of the plain operand, beside windows."""
        orders = [[x for x in o.axes if x in summed] for o in (a, b)]
        if letters(orders[0]) == letters(orders[1]):
            return orders[0]

        def copies(order: list[str]) -> int:
            found = (self.arrays.matrix(a, rows, order, self.sizes), self.arrays.matrix(b, order, columns, self.sizes))
            return found.count(None)

        return min(orders, key=copies)

    def _as_matrix(
        self, operand: Operand, rows: Sequence[str], columns: Sequence[str], copy: tuple[Sequence[str], Sequence[str]]
    ) -> str:
        found = self.arrays.matrix(operand, rows, columns, self.sizes)
        if found is None:
            copied = self.arrays.copied(operand, [*copy[0], *copy[1]], self.sizes)
            found = self.lines.matrix(copied, rows, columns, self.sizes)
        assert found is not None  # a contiguous copy with these axes
        return found

    def _result(self, result: Sequence[str], out: str | None) -> Operand:
        if out is not None:
            return Operand(out, tuple(result))
        return Operand(self.lines.take(self.sizes.shape(result)), tuple(result), True, True)

    def _done(self, operand: Operand) -> None:
        if operand.scratch:
            self.lines.release(operand.name)
