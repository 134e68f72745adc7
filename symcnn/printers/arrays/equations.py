"""One equation as lines: sums, elementwise products, scatters and maxima.

    plain target      out = Σ terms, one after the other
    compound target   ī[r + p, c + q] += …: the right side for every r, c, p, q, then one strided += for each p, q;
                      directly where no cell is hit twice
    maximum           a running maximum over the cells of the window, and a mask for each: is it the first to reach it

The equation itself stands above its lines as a comment.

Sums of products: one matrix product for each contraction, a reduction where there is nothing to multiply.

    x[k, r, c] = Σ_{p, q} f[k, p, q]·i[r + p, c + q]

The axes of two operands fall into four groups: summed (p, q), the first's own (k), the second's own (r, c, n), and
those of both that stay. With none of the last it is ``matmul(f[k, pq], i[pq, rcn])``: the operands' axes joined, which
costs nothing where they follow each other in memory. The windows of i don't: they are copied, once in a run, in the
order in which the plain operand has the summed axes, so that the filter's adjoint finds the same copy turned.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import product

import sympy
from sympy import Expr

from symcnn.printers.arrays.elementwise import Elementwise, Value
from symcnn.printers.arrays.lines import SAMPLES, Arrays, Lines, Operand, Sizes, borders_of, is_plain, within
from symcnn.symbolic import Access, Affine, Axis, Equation, Tensor, Term, Wins


class Contraction:
    """Writes the sums of one equation."""

    def __init__(self, lines: Lines, arrays: Arrays, sizes: Sizes) -> None:
        self.lines, self.arrays, self.sizes = lines, arrays, sizes

    def axes(self, factor: Expr) -> list[str]:
        """Every axis of a factor, in the order of its largest array."""
        operands = [self.arrays.find(leaf, self.sizes) for leaf in factor.atoms(Access, Wins)]
        operands.sort(key=lambda o: (-len(o.axes), o.name))
        return list(dict.fromkeys(a for o in operands for a in o.axes))

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
        name = self.lines.acquire(self.sizes.shape(order))
        printer = Elementwise(self.lines, self.sizes, order, lambda leaf: self.arrays.find(leaf, self.sizes))
        printer.store(printer.product(factors, out=name), name)
        return Operand(name, tuple(order), True, True)

    # --- reductions -------------------------------------------------------------------------------------------------

    def _reduced(self, operand: Operand, summed: set[str], result: Sequence[str], out: str | None) -> Operand:
        total = self._result(result, out)
        own = [a for a in operand.axes if a in summed]
        matrix = self.lines.matrix(operand, result, own, self.sizes) if len(result) == 1 else None
        if matrix is not None:
            self.lines.call("add.reduce", matrix, "axis=1", out=total.name)
        else:
            turned = self.lines.in_order(operand, [*own, *result])
            axes = ", ".join(str(n) for n in range(len(own)))
            self.lines.call("add.reduce", turned.name, f"axis=({axes})" if len(own) > 1 else "axis=0", out=total.name)
        self._release(operand)
        return total

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
        in_order = (*rows, *columns) == tuple(result)
        product = self._result(result, out) if in_order else self._result((*rows, *columns), None)
        matrix = self.lines.matrix(product, rows, columns, self.sizes)
        assert matrix is not None  # a contiguous buffer with these very axes
        self.lines.call("matmul", left, right, out=matrix)
        for operand in operands:
            self._release(operand)
        if in_order:
            return product
        transposed = self._result(result, out)
        self.lines.copy(transposed.name, self.lines.in_order(product, result).name)
        self._release(product)
        return transposed

    def _summed_order(
        self, a: Operand, b: Operand, summed: set[str], rows: Sequence[str], columns: Sequence[str]
    ) -> list[str]:
        """The order of the summed axes that needs the fewest copies: that of the plain operand, beside windows."""
        orders = [[x for x in o.axes if x in summed] for o in (a, b)]
        if orders[0] == orders[1]:
            return orders[0]

        def copies(order: list[str]) -> int:
            left = self.arrays.matrix(a, rows, order, self.sizes)
            right = self.arrays.matrix(b, order, columns, self.sizes)
            return (left, right).count(None)

        return min(orders, key=copies)

    def _as_matrix(
        self, operand: Operand, rows: Sequence[str], columns: Sequence[str], copy: tuple[Sequence[str], Sequence[str]]
    ) -> str:
        matrix = self.arrays.matrix(operand, rows, columns, self.sizes)
        if matrix is None:
            copied = self.arrays.copied(operand, [*copy[0], *copy[1]], self.sizes)
            matrix = self.lines.matrix(copied, rows, columns, self.sizes)
        assert matrix is not None  # a contiguous copy with these axes
        return matrix

    def _result(self, result: Sequence[str], out: str | None) -> Operand:
        if out is not None:
            return Operand(out, tuple(result))
        return Operand(self.lines.acquire(self.sizes.shape(result)), tuple(result), True, True)

    def _release(self, operand: Operand) -> None:
        if operand.scratch:
            self.lines.release(operand.name)


class EquationPrinter:
    """Writes equations, in order.

    Args:
        equations: all that will be written: how many add to a tensor, and which maxima need masks of their winners.
    """

    def __init__(self, lines: Lines, arrays: Arrays, equations: Sequence[Equation]) -> None:
        self.lines, self.arrays = lines, arrays
        self._writers = Counter(e.target.tensor for e in equations)
        factors = [f for e in equations for t in e.terms for f in t.factors]
        self._masked = {w.largest.tensor for f in factors for w in f.atoms(Wins)}
        self._written: set[Tensor] = set()

    def equation(self, equation: Equation) -> None:
        """Append the lines of one equation, under the equation itself."""
        self.lines.each.append(f"# {equation}")
        sizes = Sizes(equation.sizes)
        if equation.reduce == "max":
            self._maximum(equation, sizes)
        elif not is_plain(equation.target, sizes):
            self._scatter(equation, sizes)
        elif not self._is_same(equation, sizes):
            self._plain(equation, sizes)
        self._written.add(equation.target.tensor)
        self.lines.release_all()

    def _is_same(self, equation: Equation, sizes: Sizes) -> bool:
        """``ā[k, r] += x̄[k, r]`` and nothing else: another name for the same array."""
        tensor, (term, *others) = equation.target.tensor, equation.terms
        (factor, *more) = term.factors
        if others or more or term.coefficient != 1 or not isinstance(factor, Access) or tensor.role != "adjoint":
            return False
        same = factor.index == equation.target.index and factor.tensor.shape == tensor.shape
        if not same or self._writers[tensor] > 1 or not is_plain(factor, sizes):
            return False
        self.arrays.stored[tensor] = self.arrays.stored[factor.tensor]
        self.lines.each[-1] += f"   (the same array as {factor.tensor.name})"
        return True

    # --- plain targets ----------------------------------------------------------------------------------------------

    def _plain(self, equation: Equation, sizes: Sizes) -> None:
        tensor = equation.target.tensor
        self.arrays.allocate(tensor)
        out = self.arrays.find(equation.target, sizes)
        printer = self._elementwise(sizes, out.axes)
        total = printer.leaf(out) if tensor in self._written else None
        for term in equation.terms:
            value = self._term(equation, term, sizes, out.axes, None if total else out.name)
            total = printer.binary("add", total, value, out.name) if total else value
        assert total is not None  # an equation has a term
        printer.store(total, out.name)

    def _elementwise(self, sizes: Sizes, order: Sequence[str]) -> Elementwise:
        return Elementwise(self.lines, sizes, order, lambda leaf: self.arrays.find(leaf, sizes))

    def _term(
        self, equation: Equation, term: Term, sizes: Sizes, order: Sequence[str], out: str | None, whole: bool = True
    ) -> Value:
        """A term over the axes ``order``; ``whole``: out is contiguous, so that a product may write into it."""
        contraction, printer = Contraction(self.lines, self.arrays, sizes), self._elementwise(sizes, order)
        coefficient = sympy.Mul(term.coefficient, *(f for f in term.factors if f.is_Number))
        factors = [f for f in term.factors if not f.is_Number]
        axes = {f: set(contraction.axes(f)) for f in factors}
        present = set().union(*axes.values())
        summed = ({a.name for a in (*equation.axes, *term.axes)} | (present & {SAMPLES})) - set(order)
        for axis in summed - present:
            coefficient *= int(sizes[axis])
        summed &= present
        if not summed:
            return printer.product(factors, coefficient, out)
        inside = [f for f in factors if axes[f] & summed]
        outside = [f for f in factors if not axes[f] & summed]
        result = [a for a in order if any(a in axes[f] for f in inside)]
        fits = whole and result == list(order)
        total = contraction.sum(inside, summed, result, out if fits else None)
        value = Value(self.lines.aligned(total, order), frozenset(result), False)
        if not outside and coefficient.p == 1 and coefficient.q != 1:
            return printer.binary("divide", value, Value(str(coefficient.q)), out)
        if outside or coefficient != 1:
            return printer.binary("multiply", value, printer.product(outside, coefficient), out)
        return value

    # --- scattering -------------------------------------------------------------------------------------------------

    def _scatter(self, equation: Equation, sizes: Sizes) -> None:
        target, (term,) = equation.target, equation.terms
        borders = borders_of(target, sizes)
        first = target.tensor not in self._written
        whole = self.arrays.allocate_bordered(target.tensor, borders)
        index, lengths = within(target, borders)
        order = self._order_of_cells(equation, term, sizes)
        at_once = _hit_once(index, equation.axes)
        looped = [a for a in order if a != SAMPLES and a not in at_once]
        if not looped and self._writers[target.tensor] == 1:
            # cells that no window covers stay 0, from the beginning
            text = self.lines.strided(whole, index, lengths, order, sizes)
            view = self.lines.named(f"{whole}_{''.join(order)}", text)
            value = self._term(equation, term, sizes, order, view, whole=False)
            self._elementwise(sizes, order).store(value, view)
            return
        if first:
            self.lines.copy(whole, "0")
        value = self._term(equation, term, sizes, order, None)
        view = self.lines.strided(whole, index, lengths, [a for a in order if a not in looped], sizes)
        self._add_cells(whole, view, value, order, looped, sizes)
        self._elementwise(sizes, order).release(value)

    def _order_of_cells(self, equation: Equation, term: Term, sizes: Sizes) -> list[str]:
        """The target's axes, in the order in which the right side has them in memory.

        A product has the parameter's axes first; the others follow as in the target's memory, so that its rows and
        columns are added in long runs. Element by element, the largest array decides.
        """
        steps = [sorted(m.coefficients, key=lambda pair: -pair[1]) for m in equation.target.index]
        wanted = [a for dimension in steps for a, _ in dimension] + [SAMPLES]
        operands = [self.arrays.find(leaf, sizes) for f in term.factors for leaf in f.atoms(Access, Wins)]
        if {a.name for a in equation.axes} - set(wanted):
            operands = [o for o in operands if SAMPLES not in o.axes]
        operands.sort(key=lambda o: (-len(o.axes), o.name))
        stored = list(dict.fromkeys(a for o in operands for a in o.axes if a in wanted))
        rest = [a for a in wanted if a not in stored]
        return rest + stored if SAMPLES in stored else stored + rest

    def _add_cells(
        self, whole: str, view: str, value: Value, order: Sequence[str], looped: Sequence[str], sizes: Sizes
    ) -> None:
        """One strided += for each point of the axes ``looped``."""
        rank = len(order) - next((n for n, a in enumerate(order) if a in value.axes), len(order) - 1)
        places = [(a if a in value.axes else "0") if a in looped else ":" for a in order[-rank:]]
        part = f"{value.text}[{', '.join(places)}]" if looped else value.text
        loops = " ".join(f"for {a} in range({sizes[a]})" for a in looped) or "for _ in range(1)"
        cells = self.lines.named(f"{whole}_cells", f"[({view}, {part}) {loops}]")
        self.lines.each.append(f"for cell, part in {cells}:")
        self.lines.each.append(f"    {self.lines.use('add')}(cell, part, cell)")

    # --- maxima -----------------------------------------------------------------------------------------------------

    def _maximum(self, equation: Equation, sizes: Sizes) -> None:
        (term,) = equation.terms
        (cell,) = term.factors
        if not isinstance(cell, Access) or term.coefficient != 1:
            raise TypeError(f"no rule to print {equation}")
        self.arrays.allocate(equation.target.tensor)
        out, candidates = self.arrays.find(equation.target, sizes), self.arrays.find(cell, sizes)
        window = [a.name for a in term.axes]
        turned = self.lines.in_order(candidates, [*window, *out.axes])
        has_masks = equation.target.tensor in self._masked
        if is_plain(cell, sizes) and not has_masks:
            axes = ", ".join(str(n) for n in range(len(window)))
            self.lines.call("maximum.reduce", turned.name, f"axis=({axes},)", out=out.name)
            return
        cells = self._cells(turned, cell.tensor.name, term.axes)
        masks: list[str] = []
        if has_masks:
            order = candidates.axes if is_plain(cell, sizes) else turned.axes
            name = self.lines.buffer(f"wins_{out.name}", sizes.shape(order), "bool")
            self.arrays.masks[equation.target.tensor] = mask = Operand(name, order)
            masks = self._cells(self.lines.in_order(mask, turned.axes), name, term.axes)
        self._running_maximum(cells, masks, out.name)
        if has_masks:
            self._first_winners(masks, sizes.shape(out.axes))

    def _cells(self, operand: Operand, name: str, window: Sequence[Axis]) -> list[str]:
        """A view for each place of the window, in row order: ``x_u0v1``."""
        return [
            self.lines.named(
                f"{name}_" + "".join(f"{a.name}{n}" for a, n in zip(window, place, strict=True)),
                f"{operand.name}[{', '.join(map(str, place))}]",
            )
            for place in product(*(range(a.size) for a in window))
        ]

    def _running_maximum(self, cells: Sequence[str], masks: Sequence[str], out: str) -> None:
        """Write the maximum; each mask then tells whether its cell is larger than all before it."""
        largest = cells[0]
        for number, cell in enumerate(cells[1:], 1):
            if masks:
                self.lines.call("greater", cell, largest, out=masks[number])
            self.lines.call("maximum", largest, cell, out=out)
            largest = out
        if largest != out:
            self.lines.copy(out, largest)

    def _first_winners(self, masks: Sequence[str], shape: Sequence[int | str]) -> None:
        """Keep the last mask that is set: its cell is the first that reaches the maximum."""
        if len(masks) == 1:
            self.lines.copy(masks[0], "True")
            return
        later = masks[-1]
        any_later = self.lines.acquire(shape, "bool")
        for mask in masks[-2:0:-1]:
            self.lines.call("greater", mask, later, out=mask)
            self.lines.call("logical_or", mask, later, out=any_later)
            later = any_later
        self.lines.call("logical_not", later, out=masks[0])
        self.lines.release(any_later)


def _hit_once(index: Sequence[Affine], first: Sequence[Axis]) -> set[str]:
    """Axes over which the index may run at once without meeting a cell twice: the largest steps first.

    Within a dimension the steps are those of a number system: each is longer than all smaller ones together.
    """
    sizes = {a.name: a.size for a in first}
    place = {a.name: n for n, a in enumerate(first)}
    kept: set[str] = set()
    for affine in index:
        chosen: list[tuple[str, int]] = []
        for axis, step in sorted(affine.coefficients, key=lambda pair: (-pair[1], place[pair[0]])):
            trial, reach, fits = sorted([*chosen, (axis, step)], key=lambda pair: pair[1]), 0, True
            for a, s in trial:
                fits, reach = fits and s > reach, reach + s * (sizes[a] - 1)
            if fits:
                chosen.append((axis, step))
        kept |= {a for a, _ in chosen}
    return kept
