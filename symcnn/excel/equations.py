"""The line of equations under a band: of each stage the first entry's, as long as there is room for it."""

from collections.abc import Iterator, Sequence

from symcnn.derivation import Variable
from symcnn.excel.plan import CHARACTER_PIXELS, FIRST_COLUMN, WorkbookLayout
from symcnn.excel.words import CellTexts
from symcnn.symbolic import Tensor

#: Lines under a band; stages that stand close take turns.
LINES = 2

#: Products that are shown, the more the better.
LENGTHS = (6, 4, 3, 2)


def equation_lines(
    plan: WorkbookLayout, words: CellTexts, variables: Sequence[Variable]
) -> Iterator[tuple[int, int, str]]:
    """Line, column and text of the equations of some variables, left to right."""
    columns = {b.tensor: FIRST_COLUMN + b.column for b in plan.band.blocks}
    if variables and not variables[0].tensor.is_adjoint:  # a neuron's sum stands under its weights
        columns |= {a.target: FIRST_COLUMN + a.column for a in plan.band.above}
    first: dict[int, Variable] = {}
    seen: set[Tensor] = set()
    for variable in variables:
        tensor = variable.quantity.tensor
        if tensor not in seen and tensor in columns and variable.addends:
            seen.add(tensor)
            first.setdefault(columns[tensor], variable)
    end = FIRST_COLUMN + plan.band.width + 3
    free = [FIRST_COLUMN] * LINES
    starts = sorted(first)
    for n, column in enumerate(starts):
        after = starts[n + 1] if n + 1 < len(starts) else end
        beyond = starts[n + 2] if n + 2 < len(starts) else end
        line = next((k for k in range(LINES) if free[k] <= column), None)
        if line is None:
            continue
        for limit in (after, beyond) if LINES > 1 else (after,):
            room = plan.columns.room(column, limit)
            texts = [words.equation(first[column], most) for most in LENGTHS]
            text = next((t for t in texts if len(t) * CHARACTER_PIXELS <= room), None)
            if text is not None:
                free[line] = column + 1
                while plan.columns.room(column, free[line]) < len(text) * CHARACTER_PIXELS:
                    free[line] += 1
                yield line, column, text
                break
