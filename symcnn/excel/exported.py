"""What symcnn computed with the inputs as they were written: E_total and every parameter after the last step.

It can be compared as long as a reader has changed no input. Whether one was changed is seen from weighted sums of all
input cells, some fifty in each, which are stored beside their value at export.
"""

from dataclasses import dataclass, field
from typing import Literal

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from symcnn.errors import TrainingDivergedError
from symcnn.excel import style
from symcnn.excel.book import Book
from symcnn.excel.plan import E_TOTAL, WorkbookLayout
from symcnn.network import Array, Data
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import Quantity, entries
from symcnn.train import train

#: Inputs in one weighted sum.
INPUTS_IN_SUM = 50


@dataclass
class Exported:
    """Values at export; ``formulas`` is there once it is written: "is it unchanged?", the gaps, and what is stored."""

    plan: WorkbookLayout
    inputs: dict[str, float]
    after: dict[Quantity, float | None]
    formulas: tuple[str, str, str] = field(init=False)

    @property
    def converged(self) -> bool:
        """Did the training come to numbers? If not, nothing is stored, and there is nothing to compare."""
        return None not in self.after.values()

    def write(self, book: Book, sheet: Worksheet, top: int, left: int, tolerance: str) -> None:
        """Four columns from ``left`` on: live, stored, and the verdict or the gap; sums first, results below.

        Args:
            tolerance: below that, relative to the stored value, a sum is unchanged: programs may add in another order.
        """
        letters = [get_column_letter(left + n) for n in range(3)]
        items = list(self.inputs.items())
        row = top
        for start in range(0, len(items), INPUTS_IN_SUM):
            part = items[start : start + INPUTS_IN_SUM]
            live = "+".join(f"{n}*{reference}" for n, (reference, _) in enumerate(part, 1))
            stored = sum(n * value for n, (_, value) in enumerate(part, 1)) if self.converged else None
            here, there = f"{letters[0]}{row}", f"{letters[1]}{row}"
            near = f"IF(ABS({here}-{there})<={tolerance}*MAX(1,ABS({there})),1,0)"
            same = CellFormula(f"=IF(COUNT({there})=1,{near},0)")
            for column, value in enumerate((CellFormula(f"={live}"), stored, same)):
                book.put(sheet, row, left + column, value, style.ROW)
            row += 1
        unchanged = f"MIN(${letters[2]}${top}:${letters[2]}${row - 1})=1"
        first = row
        for quantity, value in self.after.items():
            last = self.plan.trained_ends(quantity)[1]
            book.put(sheet, row, left, CellFormula(f"={last.absolute}"), style.ROW)
            book.put(sheet, row, left + 1, value, style.ROW)
            here, there = f"{letters[0]}{row}", f"{letters[1]}{row}"
            none = book.label("not_finite")
            gap = CellFormula(f'=IF(COUNT({here})=1,ABS({here}-{there})/MAX(1,ABS({there})),"{none}")')
            book.put(sheet, row, left + 2, gap, style.GAP_LINED)
            row += 1
        last_row = max(first, row - 1)
        ranges = [f"${letters[n]}${first}:${letters[n]}${last_row}" for n in (2, 1)]
        self.formulas = (unchanged, ranges[0], ranges[1])


def exported(plan: WorkbookLayout, data: Data, theta: Array, rate: float, factor: float) -> Exported:
    """The training that the workbook shows, by symcnn."""
    stated, steps = plan.network.forward, plan.steps
    assert stated.targets is not None
    assert data.targets is not None
    assert steps is not None
    inputs = {plan.learning_rate.absolute: rate, plan.factor.absolute: factor}
    inputs |= {plan.parameter(p, "initial").absolute: v for p, v in zip(plan.parameters, theta.tolist(), strict=True)}
    for image, pixels, targets in zip(plan.inputs, data.images, data.targets, strict=True):
        inputs |= {image[q].absolute: v for q, v in zip(entries(stated.image), pixels.ravel().tolist(), strict=True)}
        inputs |= {image[q].absolute: v for q, v in zip(entries(stated.targets), targets.tolist(), strict=True)}
    reduction: Literal["sum", "mean"] = "sum" if factor == 1 else "mean"
    try:
        run = train(plan.network, data, learning_rate=rate, steps=steps, initial=theta, reduction=reduction)
    except TrainingDivergedError:
        return Exported(plan, inputs, dict.fromkeys((E_TOTAL, *plan.parameters)))
    after = dict(zip(plan.parameters, run.parameters.values(), strict=True))
    return Exported(plan, inputs, {E_TOTAL: float(run.loss[-1]), **after})
