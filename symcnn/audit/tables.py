"""Tables of numbers: what one says of the tables before it, where an operation is shown and its input is in the text.

    given        a table that is known: the article's features
    products     a table that is, cell by cell, the product of two before it; or of a window and a feature
    window       a table that is a piece of a larger one before it
    mean, sum    one number, of the table before it
    map          a feature slid over an image before it: sums of products, or their means
    begins       the first cells of the next table that a rule explains: one that grows from table to table

What no rule explains is told as not checked. A table that a rule explains but for one or two cells is false there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product, takewhile

from symcnn.formula.reader import NumberTable
from symcnn.proof import Comparison, OneMethod, UndecidableError, decide

#: So many cells may be wrong where a rule is still meant; of a table that has at least so many times as many.
MOST_WRONG, AT_LEAST = 1, 6

#: Larger tables are data, not a demonstration.
MAX_CELLS = 400

#: Tables that are looked back at.
BACK = 6

Rows = tuple[tuple[Fraction, ...], ...]


@dataclass(frozen=True)
class TableAudit:
    """What was found of one table.

    Attributes:
        rule: "given", "products", "window", "mean", "sum", "map", "begins"; empty: no rule explains it.
        wrong: a cell that is not what the rule gives, by row and column from 0, as written, and what it should be.
    """

    numbers: NumberTable
    rule: str = ""
    wrong: tuple[int, int, str, Fraction] | None = None


def tables(found: Sequence[NumberTable], given: Sequence[Rows] = ()) -> Iterator[TableAudit]:
    """Each table of a text, with what it says of those before it, or begins to say.

    Args:
        given: tables that are known beforehand.
    """
    return _grown(list(_looking_back(found, given)))


def _looking_back(found: Sequence[NumberTable], given: Sequence[Rows]) -> Iterator[TableAudit]:
    known: list[Rows] = []
    for numbers in found:
        rows = _values(numbers)
        if rows is None:
            yield TableAudit(numbers)
            continue
        yield _explained(numbers, rows, known[-BACK:], given)
        known.append(rows)


def _grown(found: list[TableAudit]) -> Iterator[TableAudit]:
    """What no rule explains, and is the beginning of the table that follows, explained."""
    for n, table in enumerate(found):
        ahead = list(takewhile(lambda t: not t.rule, found[n : n + BACK]))
        whole = found[n + len(ahead)] if n + len(ahead) < len(found) and len(ahead) < BACK else None
        if table.rule or whole is None:
            yield table
            continue
        behind = list(takewhile(lambda t: not t.rule, reversed(found[:n])))
        yield _beginning(table.numbers, whole.numbers, [t.numbers for t in (*behind, *ahead[1:])])


def _beginning(numbers: NumberTable, whole: NumberTable, others: Sequence[NumberTable]) -> TableAudit:
    """A table as the first cells of another; told wrong in one cell only where two more grow into the same."""
    if decide(numbers, whole, BEGINNINGS):
        return TableAudit(numbers, "begins")
    differs = _off(numbers, whole)
    if differs is None or len(differs) > MOST_WRONG or sum(bool(decide(o, whole, BEGINNINGS)) for o in others) < 2:
        return TableAudit(numbers)
    row, column = differs[0]
    right = number(whole.rows[row][column])
    return TableAudit(numbers, "begins", (row, column, numbers.rows[row][column], right))


def _off(numbers: NumberTable, whole: NumberTable) -> list[tuple[int, int]] | None:
    """The cells that are not those of the other table, row by row from its first; None: it is no beginning by shape."""
    *full, last = numbers.rows
    shapes = zip(full, whole.rows, strict=False)
    if len(numbers.rows) > len(whole.rows) or any(len(a) != len(b) for a, b in shapes):
        return None
    if len(last) > len(whole.rows[len(full)]) or sum(map(len, numbers.rows)) >= sum(map(len, whole.rows)):
        return None
    return [
        (r, c)
        for r, row in enumerate(numbers.rows)
        for c, cell in enumerate(row)
        if number(cell) != number(whole.rows[r][c])
    ]


def number(cell: str) -> Fraction:
    """What a cell says, with a decimal comma or point."""
    return Fraction(cell.replace(",", ".").replace("−", "-"))


def _values(numbers: NumberTable) -> Rows | None:
    widths = {len(row) for row in numbers.rows}
    if len(widths) != 1 or sum(map(len, numbers.rows)) > MAX_CELLS:
        return None
    return tuple(tuple(map(number, row)) for row in numbers.rows)


def _explained(numbers: NumberTable, rows: Rows, before: Sequence[Rows], given: Sequence[Rows]) -> TableAudit:
    """By the first rule that fits; else by one that fits but for a cell."""
    near: tuple[str, list[tuple[int, int, str, Fraction]]] | None = None
    # a number alone is taken for a mean only behind a sign like ∇
    least = 1 if numbers.marked else AT_LEAST
    for rule, wanted in _ways(rows, before, given):
        if decide(numbers, wanted, CELLS):
            return TableAudit(numbers, rule)
        wrong = list(islice(_differences(numbers, wanted), MOST_WRONG + 1))
        if (
            len(wrong) <= MOST_WRONG
            and len(rows) * len(rows[0]) >= least
            and (near is None or len(wrong) < len(near[1]))
        ):
            near = (rule, wrong)
    return TableAudit(numbers, near[0], near[1][0]) if near else TableAudit(numbers)


def _differences(numbers: NumberTable, wanted: Rows) -> Iterator[tuple[int, int, str, Fraction]]:
    """The cells that are not what is wanted, within the places that are written."""
    for r, (texts, should) in enumerate(zip(numbers.rows, wanted, strict=True)):
        for c, (text, right) in enumerate(zip(texts, should, strict=True)):
            places = len(text.replace(",", ".").partition(".")[2])
            if abs(number(text) - right) > Fraction(1, 2) / 10**places * (places > 0):
                yield r, c, text, right


def _compare_cells(numbers: NumberTable, wanted: Rows) -> Comparison:
    """Is each cell of a table what a rule gives, within the places that are written?"""
    for _, _, text, right in _differences(numbers, wanted):
        return Comparison(False, counterexample=(float(number(text)), float(right)))
    return Comparison(True)


def _compare_beginnings(numbers: NumberTable, whole: NumberTable) -> Comparison:
    """Are the cells of a table the first ones of another?

    Raises:
        UndecidableError: by its shape it is no beginning.
    """
    differs = _off(numbers, whole)
    if differs is None:
        raise UndecidableError("another shape")
    return Comparison(not differs, counterexample=f"cell {differs[0]}" if differs else None)


CELLS = OneMethod("numbers", "cell by cell, to the places shown", _compare_cells)
BEGINNINGS = OneMethod("exact", "cell by cell", _compare_beginnings)


def _ways(rows: Rows, before: Sequence[Rows], given: Sequence[Rows]) -> Iterator[tuple[str, Rows]]:
    """What a table of this shape may be, by each rule."""
    shape = (len(rows), len(rows[0]))
    recent = list(reversed(before))
    if shape == (1, 1) and recent and len(recent[0]) * len(recent[0][0]) > 1:
        cells = [c for row in recent[0] for c in row]
        yield "mean", ((sum(cells, Fraction(0)) / len(cells),),)
        yield "sum", ((sum(cells, Fraction(0)),),)
        return
    size = shape[0] * shape[1]
    if len(recent) > 1 and {(len(t), len(t[0])) for t in recent[:2]} == {shape} and size > 1:
        yield "products", _cellwise(recent[0], recent[1], lambda x, y: x * y)
    features = [t for t in given if (len(t), len(t[0])) == shape]
    yield from (("given", t) for t in features)
    larger = [
        t for t in (*recent, *given) if len(t) >= shape[0] and len(t[0]) >= shape[1] and (len(t), len(t[0])) != shape
    ]
    for image in larger:
        for feature in (*recent, *given):
            yield from _maps(image, feature, shape)
        first = tuple(row[: shape[1]] for row in image[: shape[0]])  # a demonstration begins there
        yield from (("products", _cellwise(first, feature, lambda x, y: x * y)) for feature in features)
    for image in larger if size >= AT_LEAST else ():
        for r, c in product(range(len(image) - shape[0] + 1), range(len(image[0]) - shape[1] + 1)):
            yield "window", tuple(row[c : c + shape[1]] for row in image[r : r + shape[0]])


def _maps(image: Rows, feature: Rows, shape: tuple[int, int]) -> Iterator[tuple[str, Rows]]:
    """The feature slid over the image; only some of its rows may be shown."""
    height, width = len(feature), len(feature[0])
    rows, columns = len(image) - height + 1, len(image[0]) - width + 1
    if columns != shape[1] or not shape[0] <= rows or height * width < 2:
        return
    sums = tuple(
        tuple(sum((image[r + p][c + q] * feature[p][q] for p, q in product(range(height), range(width))), Fraction(0))
              for c in range(columns))
        for r in range(rows)
    )  # fmt: skip
    for first in range(rows - shape[0] + 1):
        shown = sums[first : first + shape[0]]
        yield "map", tuple(tuple(v / (height * width) for v in row) for row in shown)
        yield "map", shown


def _cellwise(a: Rows, b: Rows, combined: Callable[[Fraction, Fraction], Fraction]) -> Rows:
    return tuple(tuple(map(combined, x, y)) for x, y in zip(a, b, strict=True))
