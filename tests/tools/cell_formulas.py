"""Random expressions of the grammar that cell formulas are made of, and their values in a spreadsheet engine."""

import random
from collections.abc import Sequence
from pathlib import Path

import formualizer
import openpyxl
from sympy import Add, Expr, Integer, Mul, Pow, Rational, Symbol

from symcnn.printers.cells import CellReader, Reference, parse
from symcnn.printers.excel import FormulaPrinter
from symcnn.symbolic import LEAVES, exp, gate, log, maximum, tanh, wins

#: The cells that expressions are made of, in the first row: name -> value, of no tie and no kink.
CELLS = {f"q_{n + 1}": Rational(v, 64) for n, v in enumerate((-70, 23, 101, -11, 47, 5, -90, 33))}
COLUMNS = "ABCDEFGH"


def address(name: str) -> str:
    return f"{COLUMNS[int(name[2:]) - 1]}$1"


def named(cell: Reference) -> Expr:
    return Symbol(f"q_{cell.column}")


def unknown(name: str) -> Expr:
    raise AssertionError(name)


def expression(rng: random.Random, depth: int) -> Expr:
    """Sums, products, powers, quotients and every leaf function."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice([Symbol(rng.choice(list(CELLS))), Symbol(rng.choice(list(CELLS))), _number(rng)])

    def part() -> Expr:
        return expression(rng, depth - 1)

    kind = rng.choice(["sum", "sum", "product", "product", "power", "quotient", "call", "call", "gate", "wins", "max"])
    if kind == "sum":
        return Add(*(part() for _ in range(rng.randint(2, 4))))
    if kind == "product":
        return Mul(_number(rng) if rng.random() < 0.4 else 1, *(part() for _ in range(rng.randint(1, 3))))
    if kind == "power":
        return Pow(part(), rng.choice([2, 3]))
    if kind == "quotient":
        return part() / (2 + part() ** 2)
    if kind == "gate":
        return gate(Symbol(rng.choice(list(CELLS))), _number(rng), _number(rng))
    candidates = [Symbol(q) for q in rng.sample(list(CELLS), rng.randint(1, 4))]
    if kind == "max":
        return maximum(*candidates, part())
    if kind == "wins":
        return wins(candidates[0], maximum(*candidates), *candidates[1:])
    function = rng.choice([leaf.function for leaf in LEAVES if leaf.takes_one])
    inner = part()
    return log(2 + inner**2) if function is log else function(tanh(inner) if function is exp else inner)


def _number(rng: random.Random) -> Expr:
    return rng.choice([Integer(rng.randint(-4, 4)), Rational(rng.randint(-9, 9), rng.randint(1, 9))])


def printed(e: Expr) -> str:
    return "=" + FormulaPrinter(lambda symbol: address(symbol.name)).expression(e).text


def read(text: str) -> Expr:
    return CellReader(named, unknown).expression(parse(text))


def values(formulas: Sequence[str], folder: Path) -> list[object]:
    """What formualizer makes of them."""
    book = openpyxl.Workbook()
    sheet = book.active
    for column, value in enumerate(CELLS.values(), 1):
        sheet.cell(1, column, float(value))
    for row, formula in enumerate(formulas, 2):
        sheet.cell(row, 1, formula)
    path = folder / "formulas.xlsx"
    book.save(path)
    engine = formualizer.load_workbook(str(path))
    engine.evaluate_all()
    return [engine.get_value(sheet.title, row, 1) for row in range(2, len(formulas) + 2)]


def disagreements(count: int, seed: int, folder: Path) -> list[str]:
    """SymPy -> Excel -> SymPy gives the same expression, and a spreadsheet engine its value: what does not hold."""
    rng = random.Random(seed)
    # no complex values, no sizes that drown everything else
    made: list[tuple[Expr, str, float]] = []
    while len(made) < count:
        e = expression(rng, rng.randint(1, 4))
        text = printed(e)
        value = e.xreplace({Symbol(q): v for q, v in CELLS.items()}).evalf(30)
        if len(text) < 2_000 and value.is_Float is not False and value.is_real and abs(value) < 1e9:
            made.append((e, text, float(value)))
    found = []
    for (e, text, value), engine in zip(made, values([t for _, t, _ in made], folder), strict=True):
        back = read(text)
        if back != e:
            found.append(f"{text}: read as {back}, printed from {e}")
        elif not isinstance(engine, (int, float)) or abs(engine - value) > 1e-9 * max(1, abs(value)):
            found.append(f"{text}: {engine} in a spreadsheet, {value} here")
    return found
