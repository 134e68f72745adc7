"""Whole-array NumPy, printed from the index-notation equations; no loop over samples or cells.

    x[r, c] = Σ_{p, q} i[r + p, c + q]·f[p, q]    ->  i_windows = sliding_window_view(i, (2, 2), axis=(1, 2))
                                                      x = np.einsum("nrcpq,pq->nrc", i_windows, f)
    dE_dz_o[j] += dE_do[j]·o[j]·(1 - o[j])        ->  dE_dz_o = dE_do * o * (1 - o)

Index letters are those of the equation, ``n`` is the sample. A factor becomes an operand with letters; operands with
the letters of the result are multiplied element by element, others meet in an einsum. An adjoint that is scattered
through a compound index (r + p) is added window cell by window cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy
from sympy import Expr

from symcnn.printers.infix import PRODUCT, InfixPrinter
from symcnn.printers.numpy_scalars import NUMPY
from symcnn.symbolic import Access, Equation, Tensor, Term


@dataclass(frozen=True)
class _Operand:
    text: str
    letters: str


class ArrayPrinter:
    """Prints equations as statements over whole arrays; remembers the window views that it has named."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._views: dict[str, str] = {}
        self._assigned: set[str] = set()

    def equation(self, equation: Equation) -> None:
        """Append the statements of one equation."""
        target = equation.target
        sizes = {a.name: a.size for t in equation.terms for a in (*equation.axes, *t.axes)}
        plain = all(len(affine.coefficients) == 1 for affine in target.index)
        letters = _sample(target.tensor) + "".join(a for affine in target.index for a, _ in affine.coefficients)
        constant = any(not affine.coefficients for affine in target.index)
        values = [self._term(term, equation.reduce, letters, sizes) for term in equation.terms]
        text = " + ".join(values)
        name = target.tensor.name
        if constant:  # the bias of a single filter: an axis of length 1
            text = f"np.reshape({text}, {target.tensor.shape})"
            plain = True
        if plain:
            self.lines.append(f"{name} {'+=' if name in self._assigned else '='} {text}")
        else:
            self._scatter(equation, values, sizes)
        self._assigned.add(name)

    # --- one term ---------------------------------------------------------------------------------------------------

    def _term(self, term: Term, reduce: str, letters: str, sizes: dict[str, int]) -> str:
        numbers = [f for f in term.factors if f.is_Number]
        operands = [self._operand(f, sizes) for f in term.factors if not f.is_Number]
        coefficient = sympy.Mul(term.coefficient, *numbers)
        if reduce == "max":
            axes = tuple(operands[0].letters.index(a.name) for a in term.axes)
            return f"{operands[0].text}.max(axis={axes})"
        return _times(_contracted(operands, letters), coefficient)

    def _operand(self, factor: Expr, sizes: dict[str, int]) -> _Operand:
        if isinstance(factor, Access):
            return self._view(factor, sizes)
        accesses = sorted(factor.atoms(Access), key=str)
        views = {a: self._view(a, sizes) for a in accesses}
        if len({v.letters.lstrip("n") for v in views.values()}) != 1:
            raise TypeError(f"no rule to print {factor}: its quantities have different indices")
        names = {f"operand_{n}": a for n, a in enumerate(accesses)}
        renamed = factor.xreplace({a: sympy.Symbol(name) for name, a in names.items()})
        printed = InfixPrinter(NUMPY, lambda name: views[names[name]].text).expression(renamed)
        return _Operand(printed.within(PRODUCT), max((v.letters for v in views.values()), key=len))

    def _view(self, access: Access, sizes: dict[str, int]) -> _Operand:
        """A tensor seen through its index maps: itself, an entry, or its sliding windows."""
        tensor, sample = access.tensor, _sample(access.tensor)
        positions, inner, slices = "", "", [":"] * len(sample)
        windows: list[tuple[int, int, int, int]] = []  # axis, size, cells before, cells after
        for axis, affine in enumerate(access.index, len(sample)):
            if len(affine.coefficients) == 2:
                (position, stride), (offset, one) = affine.coefficients
                assert one == 1  # every layer's window has cells one apart
                before = -affine.offset
                last = (sizes[position] - 1) * stride + sizes[offset] - 1 - before
                length = tensor.shape[axis - len(sample)]
                windows.append((axis, sizes[offset], before, max(last - length + 1, 0)))
                positions, inner = positions + position, inner + offset
                exact = stride == 1 and last >= length - 1
                slices.append(":" if exact else f"0:{(sizes[position] - 1) * stride + 1}:{stride}")
            elif affine.coefficients:
                positions += affine.coefficients[0][0]
                slices.append(":")
            else:
                slices.append(str(affine.offset))
        text = tensor.name
        if windows:
            text = self._named(_windows(access, windows, len(sample)), tensor)
        if any(s != ":" for s in slices):
            text = f"{text}[{', '.join(slices)}]"
        return _Operand(text, sample + positions + inner)

    def _named(self, view: str, tensor: Tensor) -> str:
        if view not in self._views:
            number = sum(v.startswith(f"{tensor.name}_windows") for v in self._views.values())
            self._views[view] = f"{tensor.name}_windows{number + 1 if number else ''}"
            self.lines.append(f"{self._views[view]} = {view}")
        return self._views[view]

    # --- scattering through a compound index ------------------------------------------------------------------------

    def _scatter(self, equation: Equation, values: Sequence[str], sizes: dict[str, int]) -> None:
        target = equation.target
        name, tensor = target.tensor.name, target.tensor
        inner = [affine.coefficients[1][0] for affine in target.index if len(affine.coefficients) == 2]
        borders, cells, inner_index = [(0, 0)], [":"], ":"
        for length, affine in zip(tensor.shape, target.index, strict=True):
            if len(affine.coefficients) == 2:
                (position, stride), (offset, _one) = affine.coefficients
                before = -affine.offset
                span = (sizes[position] - 1) * stride + sizes[offset]
                borders.append((before, max(span - before - length, 0)))
                cells.append(f"at_{offset}:at_{offset} + {(sizes[position] - 1) * stride + 1}:{stride}")
                inner_index += f", :, at_{offset}"
            else:
                borders.append((0, 0))
                cells.append(":")
                inner_index += ", :"
        shape = ", ".join(str(n + a + b) for n, (a, b) in zip(tensor.shape, borders[1:], strict=True))
        sizes_of_cells = ", ".join(str(sizes[a]) for affine in target.index for a, _ in affine.coefficients)
        inside = ", ".join(
            ":" if b == (0, 0) else f"{b[0]}:{b[0] + n}" for n, b in zip((0, *tensor.shape), borders, strict=True)
        )
        self.lines += [
            f"{name}_cells = np.broadcast_to({' + '.join(values)}, (len(images), {sizes_of_cells}))",
            f"{name}_padded = np.zeros((len(images), {shape}))",
            f"for {', '.join(f'at_{a}' for a in inner)} in np.ndindex({', '.join(str(sizes[a]) for a in inner)}):",
            f"    {name}_padded[{', '.join(cells)}] += {name}_cells[{inner_index}]",
            f"{name} {'+=' if name in self._assigned else '='} {name}_padded[{inside}]",
        ]


def _windows(access: Access, windows: Sequence[tuple[int, int, int, int]], first: int) -> str:
    tensor = access.tensor.name
    if any(before or after for _, _, before, after in windows):
        borders = {axis: (before, after) for axis, _, before, after in windows}
        widths = tuple(borders.get(axis, (0, 0)) for axis in range(first + len(access.tensor.shape)))
        value = "-np.inf" if access.outside is None else str(float(access.outside))
        tensor = f"np.pad({tensor}, {widths}, constant_values={value})"
    shape = ", ".join(str(size) for _, size, _, _ in windows)
    axes = ", ".join(str(axis) for axis, _, _, _ in windows)
    return f"sliding_window_view({tensor}, ({shape}), axis=({axes}))"


def _sample(tensor: Tensor) -> str:
    return "" if tensor.is_shared else "n"


def _contracted(operands: Sequence[_Operand], letters: str) -> str:
    """The operands multiplied, and summed over every letter that the result does not have."""
    summed = {a for o in operands for a in o.letters} - set(letters)
    ordered = all(o.letters == "".join(a for a in letters if a in o.letters) for o in operands)
    if not summed and ordered:
        return " * ".join(_broadcast(o, letters) for o in operands)
    if len(operands) == 1:
        (operand,) = operands
        axes = tuple(n for n, a in enumerate(operand.letters) if a in summed)
        text = operand.text if operand.text.isidentifier() else f"({operand.text})"
        return f"{text}.sum(axis={axes[0] if len(axes) == 1 else axes})"
    inputs = ",".join(o.letters for o in operands)
    return f'np.einsum("{inputs}->{letters}", {", ".join(o.text for o in operands)})'


def _broadcast(operand: _Operand, letters: str) -> str:
    """An operand with fewer letters than the result, lined up with it: ``b_x[:, None, None]``."""
    if letters.endswith(operand.letters):
        return operand.text
    index = [":" if a in operand.letters else "None" for a in letters]
    while index[0] == "None":
        index.pop(0)
    return f"{operand.text}[{', '.join(index)}]"


def _times(text: str, coefficient: Expr) -> str:
    if coefficient == 1:
        return text
    above, below = coefficient.p, coefficient.q
    factor = "" if above == 1 else f"{above} * "
    return f"{factor}{text}" + (f" / {below}" if below != 1 else "")


def array_program(
    forward: Sequence[Equation], backward: Sequence[Equation], parameters: Sequence[Tensor], image: Tensor,
    targets: Tensor | None,
) -> str:  # fmt: skip
    """The functions ``forward(theta, images)`` and, with targets, ``loss_and_gradient(theta, images, targets)``."""
    values = [e for e in forward if e.target.tensor.shape]  # all but E
    source = _function("forward(theta, images)", _head(parameters, image), values)
    names = [image.name, *(e.target.tensor.name for e in values)]
    source += _return_all(names)
    if targets is None:
        return source
    head = [*_head(parameters, image), f"{targets.name} = targets"]
    source += "\n\n" + _function("loss_and_gradient(theta, images, targets)", head, [*forward, *backward])
    parts = ", ".join(f"dE_d{p.name}.ravel()" for p in parameters)
    return source + f"    return E.sum(), np.concatenate([{parts}])\n"


def _return_all(names: Sequence[str]) -> str:
    pairs = ", ".join(f'"{name}": {name}' for name in names)
    return f"    return {{{pairs}}}\n"


def _head(parameters: Sequence[Tensor], image: Tensor) -> list[str]:
    lines, at = [], 0
    for tensor in parameters:
        lines.append(f"{tensor.name} = theta[{at}:{at + tensor.size}].reshape({tensor.shape})")
        at += tensor.size
    return [*lines, f"{image.name} = images"]


def _function(head: str, lines: Sequence[str], equations: Sequence[Equation]) -> str:
    printer = ArrayPrinter()
    for equation in equations:
        printer.equation(equation)
    return "\n    ".join([f"def {head}:", *lines, *printer.lines]) + "\n"
