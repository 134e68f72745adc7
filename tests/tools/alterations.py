"""Workbooks with one formula altered, as a slip of the hand would: and whether reading them back names the cell."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import numpy as np
from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token

import symcnn
from symcnn.printers.cells import Place, Range, Reference, moved, written
from symcnn.text import catalogue
from symcnn.workbook.cell_values import CellContent, CellValues, XlsxContent
from symcnn.workbook.check import layer_verification, verify
from symcnn.workbook.check.cell_graph import CellGraph
from symcnn.workbook.check.claims import Decider
from symcnn.workbook.check.names import LayerCells, NamedCells
from symcnn.workbook.check.xlsx_reader import read_package


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
    for (sheet, row, column), formula in package.formulas().items():
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
    wanted = verify.regenerated(quantities, graph)
    with (
        mock.patch.object(verify, "regenerated", return_value=wanted),
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


# --- workbooks with a sheet for each layer --------------------------------------------------------------------------


@dataclass(frozen=True)
class LayerAlteration:
    """One change of a workbook; where: the cell or the defined name that must be named."""

    kind: str
    where: str
    cells: tuple[tuple[Place, CellContent | None], ...] = ()
    names: tuple[tuple[str, Reference | Range | None], ...] = ()

    def __str__(self) -> str:
        new = ", ".join(c.text if c is not None else "empty" for _, c in self.cells)
        return f"{self.where}, {self.kind}: {new or [target for _, target in self.names]}"

    def applied(self, package: XlsxContent) -> XlsxContent:
        """A copy of the workbook with the change."""
        sheets, names = dict(package.sheets), dict(package.names)
        for (sheet, *at), content in self.cells:
            sheets[sheet] = dict(sheets[sheet])
            sheets[sheet].pop(tuple(at), None)
            if content is not None:
                sheets[sheet][tuple(at)] = content
        for name, target in self.names:
            names.pop(name)
            if target is not None:
                names[name] = target
        return replace(package, sheets=sheets, names=names)


class LayerWorkbook:
    """A workbook with a sheet for each layer, and random changes of it."""

    def __init__(self, path: Path, network: symcnn.Network) -> None:
        self.network, self.package = network, read_package(path)
        self.cells = LayerCells(network, self.package, str(path))
        self._inputs = [p for p, n in self.cells.entries.items() if n < sum(t.size for t in self.cells.inputs)]
        picked = {(t.sheet, t.row, t.column) for n, t in self.package.names.items() if n.startswith("picked_")}
        self._free = {*self._inputs, *picked}
        self._expected = layer_verification.regenerated(self.cells)
        made, cells = layer_verification.MADE, self._expected.sheets
        self._made = {(s, *at) for s, contents in cells.items() for at, c in contents.items() if c.value == made}
        rng = np.random.default_rng(5)
        #: The workbook, also at other inputs, where a formula that says something else has another value.
        self._calculations = [CellValues(self.package.sheets, self.package.names)]
        for _ in range(2):
            inputs = {place: float(rng.choice([-1.0, -0.4, 0.3, 0.7, 1.1])) for place in self._inputs}
            self._calculations.append(self._at(inputs))

    def _at(self, inputs: dict[Place, float]) -> CellValues:
        sheets = {s: dict(cells) for s, cells in self.package.sheets.items()}
        for (sheet, *at), value in inputs.items():
            sheets[sheet][tuple(at)] = CellContent(None, value)
        calculation = CellValues(sheets, self.package.names)
        calculation.calculate()
        return calculation

    def says_the_same(self, alteration: LayerAlteration) -> bool:
        """Has the altered formula the same values at other inputs?"""
        [((sheet, *at), content)] = alteration.cells
        if content is None or content.formula is None:
            return False
        for calculation in self._calculations:
            place = calculation.index[sheet][tuple(at)]
            before, formula = calculation.result(place), calculation.formulas[place]
            try:
                calculation.formulas[place] = calculation._formula(sheet, tuple(at), content.formula)
                if repr(before) != repr(calculation.result(place)):
                    return False
            except (KeyError, ValueError):  # no formula any more
                return False
            finally:
                calculation.formulas[place] = formula
        return True

    def alterations(self, rng: random.Random, count: int) -> list[LayerAlteration]:
        """So many changes of every kind, each at a random place of a random sheet."""
        kinds = [self._formula] * 5 + [
            self._value,
            self._value,
            self._constant,
            self._input,
            self._other,
            self._label,
            self._name,
        ]
        chosen: list[LayerAlteration] = []
        while len(chosen) < count:
            alteration = kinds[len(chosen) % len(kinds)](rng)
            if alteration is not None and alteration.where not in {a.where for a in chosen}:
                chosen.append(alteration)
        return chosen

    def _random(
        self, rng: random.Random, wanted: Callable[[Place, CellContent], bool]
    ) -> tuple[Place, CellContent] | None:
        """A random cell of a random sheet."""
        sheet = rng.choice(sorted(self.package.sheets))
        cells = [
            ((sheet, *at), c) for at, c in self.package.sheets[sheet].items()
            if (sheet, *at) not in self._made and wanted((sheet, *at), c)
        ]  # fmt: skip
        return rng.choice(cells) if cells else None

    def _formula(self, rng: random.Random) -> LayerAlteration | None:
        found = self._random(rng, lambda _, c: c.formula is not None)
        if found is None:
            return None
        place, content = found
        assert content.formula is not None
        ways = [(kind, text) for kind, text in altered(content.formula) if text != content.formula]
        kind = rng.choice(sorted({kind for kind, _ in ways}))
        text = rng.choice([text for k, text in ways if k == kind])
        alteration = LayerAlteration(kind, written(place), ((place, CellContent(text, content.value)),))
        return alteration if kind == "absolute" or not self.says_the_same(alteration) else None

    def _value(self, rng: random.Random) -> LayerAlteration | None:
        found = self._random(rng, lambda _, c: c.formula is not None and isinstance(c.value, float))
        if found is None:
            return None
        place, content = found
        assert isinstance(content.value, float)
        value = content.value * (1 + rng.choice((-1, 1)) * 10 ** rng.uniform(-6, 0)) + (content.value == 0) * 1e-3
        return LayerAlteration("kept value", written(place), ((place, content._replace(value=value)),))

    def _constant(self, rng: random.Random) -> LayerAlteration | None:
        found = self._random(rng, lambda _, c: c.formula is not None)
        return found and LayerAlteration(
            "constant", written(found[0]), ((found[0], CellContent(None, found[1].value)),)
        )

    def _input(self, rng: random.Random) -> LayerAlteration | None:
        place = rng.choice(self._inputs)
        value = self.cells.package.sheets[place[0]][place[1:]].value
        return LayerAlteration("formula for a number", written(place), ((place, CellContent(f"{value}+0", value)),))

    def _other(self, rng: random.Random) -> LayerAlteration | None:
        found = self._random(rng, lambda p, c: c.formula is None and isinstance(c.value, float) and p not in self._free)
        if found is None:
            return None
        place, content = found
        assert isinstance(content.value, float)
        new = rng.choice((CellContent(None, content.value + 1), None))
        return LayerAlteration("number" if new else "empty cell", written(place), ((place, new),))

    def _label(self, rng: random.Random) -> LayerAlteration | None:
        found = self._random(
            rng, lambda p, c: c.formula is None and isinstance(c.value, str) and p not in self._free and bool(c.value)
        )
        if found is None:
            return None
        place, text = found[0], str(found[1].value)
        n = rng.randrange(len(text))
        changed = text[:n] + chr(ord(text[n]) + 1) + text[n + 1 :]
        return LayerAlteration("label", written(place), ((place, CellContent(None, changed)),))

    def _name(self, rng: random.Random) -> LayerAlteration | None:
        name, other = rng.sample(sorted(n for n in self.package.names if n not in ("learning_rate",)), 2)
        target = self.package.names[name]
        first, last = (target.first, target.last) if isinstance(target, Range) else (target, target)
        below, down = replace(first, row=first.row + 1), replace(last, row=last.row + 1)
        ways: dict[str, tuple[tuple[str, Reference | Range | None], ...]] = {
            "name missing": ((name, None),),
            "name shifted": ((name, Range(below, down) if isinstance(target, Range) else down),),
            "name resized": ((name, Range(first, down)),),
            "names swapped": ((name, self.package.names[other]), (other, target)),
        }
        kind = rng.choice(sorted(ways))
        return LayerAlteration(kind, name, names=ways[kind])

    def missed(
        self, chosen: Sequence[LayerAlteration], together: int = 1, tell: Callable[[int], None] | None = None
    ) -> list[str]:  # fmt: skip
        """The alterations whose cell is not named, or not alone; so many are made together in one workbook."""
        found = []
        with mock.patch.object(layer_verification, "regenerated", return_value=self._expected):
            for start in range(0, len(chosen), together):
                group = chosen[start : start + together]
                package = self.package
                for alteration in group:
                    package = alteration.applied(package)
                result = verify.verify_package(package, "altered", self.network, catalogue("en"))
                named = {f.cell for f in result.findings}
                wanted = {w for a in group for w in (a.where, *(name for name, _ in a.names))}
                found += [f"{a}: missed" for a in group if a.where not in named]
                if together == 1 and named - wanted:
                    found.append(f"{group[0]}: {sorted(named - wanted)[:3]} named too")
                if tell:
                    tell(start + len(group))
        return found
