"""Workbooks with one formula altered, as a slip of the hand would: and whether reading them back names the cell."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token

import symcnn
from symcnn.printers.cells import Place, moved, written
from symcnn.text import catalogue
from symcnn.verification.workbook import verify
from symcnn.verification.workbook.claims import Decider
from symcnn.verification.workbook.comparisons import workbook_inputs
from symcnn.verification.workbook.graph import CellGraph
from symcnn.verification.workbook.package import CellContent, XlsxContent, formulas, read_package
from symcnn.verification.workbook.quantities import NamedCells


@dataclass(frozen=True)
class Alteration:
    """A cell, how it was altered, and the formula that it has then."""

    place: Place
    kind: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{written(self.place)}, {self.kind}: ={self.before} -> ={self.after}"


Pieces = list[tuple[str, str, str]]


def altered(formula: str) -> Iterator[tuple[str, str]]:
    """Kind -> what a formula becomes; of each kind at every place where it can be done."""
    pieces: Pieces = [(t.value, t.type, t.subtype) for t in Tokenizer(f"={formula}").items]
    for n, (value, kind, subtype) in enumerate(pieces):
        for what, new in _of_piece(value, kind, subtype):
            yield what, "".join(new if m == n else v for m, (v, _, _) in enumerate(pieces))
    yield "factor", f"2*({formula})"
    if formula.count(",") == 0:
        yield "sign", f"-({formula})"


def _of_piece(value: str, kind: str, subtype: str) -> Iterator[tuple[str, str]]:
    swaps = {"+": "-", "-": "+", "*": "+", "/": "*", "^": "*", "<>": "=", "=": "<>", ">": "<", "&": "+"}
    if kind == Token.OP_IN and value in swaps:
        yield "sign" if value in "+-" else "operator", swaps[value]
    if kind == Token.OP_PRE and value == "-":
        yield "sign", "+"
    if kind == Token.OPERAND and subtype == Token.NUMBER:
        yield "constant", str(int(value) + 1) if value.isdecimal() else f"{value}1"
    if kind == Token.OPERAND and subtype == Token.RANGE:
        yield from _of_reference(value)


def _of_reference(value: str) -> Iterator[tuple[str, str]]:
    loose = value.replace("$", "")
    if ":" in value:
        first, _, last = value.rpartition(":")
        found = re.fullmatch(r"(\$?)([A-Z]+)(\$?)(\d+)", last)
        assert found is not None
        if int(found[4]) > 1:
            yield "range", f"{first}:{found[1]}{found[2]}{found[3]}{int(found[4]) - 1}"
        yield "range", first  # the first cell alone
    elif loose == value:
        for what, steps in (("row", (1, 0)), ("column", (0, 1)), ("column", (0, -1))):
            with suppress(symcnn.InputError):
                yield what, moved(value, *steps)
    else:
        sheet, _, cell = loose.rpartition("!")
        for what, steps in (("row", (1, 0)), ("column", (0, 1))):
            column, row = re.fullmatch(r"([A-Z]+)(\d+)", moved(cell, *steps)).groups()  # type: ignore[union-attr]
            yield what, f"{value.rpartition('!')[0] + '!' if sheet else ''}${column}${row}"
    if loose != value:
        yield "absolute", loose


def alterations(package: XlsxContent, rng: random.Random, each: int) -> Iterator[Alteration]:
    """Every distinct formula of a workbook altered in ``each`` ways, of different kinds first."""
    seen: set[tuple[str, str]] = set()
    training = package.names["training_e_total"].first.sheet  # type: ignore[union-attr]
    for sheet, cells in package.sheets.items():
        for (row, column), formula in formulas(cells):
            if (sheet, formula) in seen:
                continue
            seen.add((sheet, formula))
            ways = [(kind, text) for kind, text in altered(formula) if text != formula]
            if sheet != training:  # where nothing is filled down, a reference is as good without its $
                ways = [way for way in ways if way[0] != "absolute"]
            rng.shuffle(ways)
            kinds: dict[str, int] = {}
            ranked = []
            for kind, text in ways:
                kinds[kind] = kinds.get(kind, 0) + 1
                ranked.append((kinds[kind], kind, text))
            for _, kind, text in sorted(ranked, key=lambda way: way[0])[:each]:
                yield Alteration((sheet, row, column), kind, formula, text)


def outcome(package: XlsxContent, alteration: Alteration, network: symcnn.Network) -> str:
    """ "caught", or what was said instead."""
    sheet, row, column = alteration.place
    cells = package.sheets[sheet]
    kept = cells[row, column]
    cells[row, column] = CellContent(alteration.after, kept.value)
    try:
        found = verify.verify_package(package, "altered", network, catalogue("en"))
    except symcnn.InputError as reason:
        return "caught" if written(alteration.place) in str(reason) else f"refused without the cell: {reason}"
    finally:
        cells[row, column] = kept
    if found.ok:
        return "missed"
    named = [f for f in found.findings if f.cell == written(alteration.place)]
    if not named:
        return f"another cell is named: {found.findings[:1]}"
    return "caught" if named[0].right else "no right formula"


@contextmanager
def remembered(package: XlsxContent, network: symcnn.Network) -> Iterator[None]:
    """What is the same for every alteration is worked out once: the writer's formulas, the derivation's verdicts."""
    quantities = NamedCells(network, package, "unaltered")
    graph = CellGraph(package, quantities.current)
    names = [v.quantity.primal.name for v in quantities.derivation.graph.backward.values()]
    verdicts = Decider(quantities, graph, graph).derived(names)
    wanted = verify.regenerate_formulas(workbook_inputs(quantities, graph))
    with (
        mock.patch.object(verify, "regenerate_formulas", return_value=wanted),
        mock.patch.object(Decider, "derived", lambda _, asked: {n: verdicts[n] for n in asked}),
    ):
        yield


def workbook(folder: Path, lang: str, steps: int = 4) -> XlsxContent:
    """The article's workbook, read."""
    path = folder / f"article-{lang}.xlsx"
    symcnn.export_workbook(symcnn.article.network(), symcnn.article.images(), path, steps=steps, lang=lang)
    return read_package(path)


def missed(
    package: XlsxContent, chosen: Sequence[Alteration], network: symcnn.Network,
    tell: Callable[[int], None] | None = None,
) -> list[str]:  # fmt: skip
    """The alterations that were not caught."""
    found = []
    with remembered(package, network):
        for n, alteration in enumerate(chosen, 1):
            said = outcome(package, alteration, network)
            if said != "caught":
                found.append(f"{alteration}: {said}")
            if tell:
                tell(n)
    return found
