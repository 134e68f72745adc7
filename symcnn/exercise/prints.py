"""The prints of exercises: Typst for the PDF, a page of HTML, and a workbook that says what is right.

The workbook holds no answer. Beside a blank stands whether the number in it, times one secret number plus another,
leaves the remainder by ``MODULUS`` that the answer would leave. So no formula, hidden sheet or cell shows an answer;
who wants to calculate one back from a check has done more than the exercise asks.
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter

from symcnn.exercise.sheet import (
    DECIMALS,
    ETA,
    RATE,
    Blank,
    Block,
    Cell,
    Convolution,
    Given,
    Line,
    Network2D,
    Part,
    Paths,
    Products,
    Question,
    Room,
    Section,
    Sheet,
    Slot,
    slot,
)
from symcnn.formula import Plain, tree
from symcnn.formula.typst import Typst, string
from symcnn.printers.excel import CellFormula
from symcnn.text import Catalogue
from symcnn.workbook import style
from symcnn.workbook.book import Book, StyledSheet
from symcnn.workbook.functions import Value
from symcnn.workbook.writer import written

#: Width of the text, and of the first column of a table, in millimetres.
WIDTH, LEAD = 172.0, 19.0

#: Estimated em of one line of an equation.
MOST_EM = 40.0


class Words:
    """The sentences of a sheet in one language, and its numbers with the language's sign."""

    def __init__(self, text: Catalogue, sheet: Sheet, is_key: bool) -> None:
        self.text, self.sheet, self.is_key = text, sheet, is_key

    def __call__(self, key: str, **values: object) -> str:
        return self.text(f"exercise.{key}", **values)

    def number(self, cell: Cell | float) -> str:
        return self.sheet.text(cell).replace("-", "−").replace(".", self.text.decimal)

    def pieces(self, key: str, **nodes: Any) -> list[Any]:
        """A sentence as texts and formulas, which stand at ``{weight}``."""
        pieces: list[Any] = [self(key)]
        for name, node in nodes.items():
            mark = "{" + name + "}"
            cut = [_between(p.split(mark), node) if isinstance(p, str) else [p] for p in pieces]
            pieces = [p for parts in cut for p in parts]
        return [p for p in pieces if p != ""]

    def title(self, part: Part) -> list[Any]:
        if part.name == "forward":
            return [self("title.convolutional" if self._is_convolutional else "title.dense")]
        return self.pieces("title.backward", weight=self.weight)

    @property
    def weight(self) -> Any:
        return self.sheet.plan.write.name(self.sheet.plan.weight)

    @property
    def _is_convolutional(self) -> bool:
        return bool(self.sheet.plan.network.forward.feature_maps)

    def intro(self, part: Part) -> list[Any]:
        pieces = self.pieces(f"intro.{part.name}")
        if part.name == "forward" and 1 < len(self.sheet.classes) <= 4 and len(self.sheet.classes) == self.outputs:
            names = [self.text.words("shown").get(c, c) for c in self.sheet.classes]
            outputs = self.sheet.plan.network.forward.outputs
            pieces = [self("classes") + " "]
            for n, (name, symbol) in enumerate(zip(names, outputs.scalars(), strict=True)):
                pieces += [self.sheet.plan.write.name(symbol), f" {name}" + (", " if n < len(names) - 1 else ". ")]
            pieces += self.pieces(f"intro.{part.name}")
        return pieces

    @property
    def outputs(self) -> int:
        return self.sheet.plan.network.outputs

    def heading(self, section: Section) -> list[Any]:
        words = [self(key) for key in section.title if isinstance(key, str)]
        nodes = [node for node in section.title if not isinstance(node, str)]
        return [" ".join(words) + (", " if nodes else ""), *nodes]

    def note(self, section: Section) -> list[Any]:
        if not section.note or section.note.removeprefix("note.") not in self.text.words("exercise.note"):
            return []
        return self.pieces(section.note, weight=self.weight, rate=tree.Equality((tree.Symbol("η"), slot(Given(RATE)))))

    def beside(self, section: Section) -> list[Any]:
        """What is given for a section: "Given: h_2 = 0.4526"."""
        targets = [g for g in section.given if self._is_target(g[1])]
        others = [g for g in section.given if not self._is_target(g[1])]
        label = self.sheet.label
        image = f"{self('image')} {self.text.words('shown').get(label, label)}. " if label is not None else ""
        pieces = [image + self("targets"), *self._listed(targets), ". "] if targets else []
        return pieces + ([self("given"), *self._listed(others)] if others else [])

    def _is_target(self, given: Given) -> bool:
        graph, name = self.sheet.plan.graph, str(given.expression)
        return name in graph.inputs and graph.inputs[name][0].role == "target"

    def _listed(self, numbers: Sequence[tuple[Any, Given]]) -> Iterator[Any]:
        separator = ", " if self.text.decimal == "." else "\u202f; "
        for n, (node, given) in enumerate(numbers):
            yield separator if n else " "
            yield tree.Equality((node, slot(given)))

    def answer(self) -> list[str]:
        before, after = self.number(self.sheet.values["E"]), self.number(self.sheet.after)
        return self.pieces("answer", weight=self.weight, error=tree.Symbol("E"), before=before, after=after)


def _between(parts: Sequence[str], node: Any) -> Iterator[Any]:
    for n, part in enumerate(parts):
        if n:
            yield node
        yield part


class _Reader(Plain):
    """Formulas for who hears them: a blank is an ellipsis."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.text.decimal)
        self._words = words

    def emit(self, node: Any) -> str:
        if isinstance(node, Slot):
            return self._words.number(node.cell) if self._words.is_key or isinstance(node.cell, Given) else "…"
        return str(super().emit(node.node if isinstance(node, tree.Under) else node))


# --- Typst ----------------------------------------------------------------------------------------------------------


class _Formulas(Typst):
    """Formulas with boxes."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.text.decimal)
        self._words = words

    def emit(self, node: Any) -> str:
        if isinstance(node, Slot):
            return self._slot(node.cell, "blank")
        if isinstance(node, tree.Under) and isinstance(node.number, Slot):
            return f"underbracket({self.emit(node.node)}, {self._slot(node.number.cell, 'under')})"
        if isinstance(node, tree.Sum):  # a number below 0 behind a sign
            rest = "".join(
                f" − {self._operand(t.node)}" if isinstance(t, tree.Negated) else f" + {self._signed(t)}"
                for t in node.terms[1:]
            )
            return self.emit(node.terms[0]) + rest
        return str(super().emit(node))

    def _operand(self, node: Any) -> str:
        return self._signed(node) if isinstance(node, Slot) else super()._operand(node)

    def _signed(self, node: Any) -> str:
        return self._slot(node.cell, "blank", True) if isinstance(node, Slot) else self.emit(node)

    def _slot(self, cell: Cell, function: str, signed: bool = False) -> str:
        words = self._words.number(cell)
        words = f"({words})" if signed and words.startswith("−") else words
        if isinstance(cell, Given):
            return f"#undergiven({string(words)})" if function == "under" else f"num({string(words)})"
        answer = string(words) if self._words.is_key else "none"
        return f"#{function}({cell.width}mm, {answer})"


class TypstPrint:
    """One sheet in Typst."""

    def __init__(self, text: Catalogue, sheet: Sheet, is_key: bool, place: int) -> None:
        self.words, self.sheet, self.is_key, self.place = Words(text, sheet, is_key), sheet, is_key, place
        self.formulas, self.reader = _Formulas(self.words), _Reader(self.words)

    def source(self) -> str:
        say, seed = self.words, self.sheet.seed
        mark = f'#text(fill: answer, weight: "bold", size: 11pt, {string(say("key"))}) · ' if self.is_key else ""
        number = f"{say('sheet')} {seed} · "
        names = ""
        if self.sheet.student:
            names = f"#{string(say('name') + ' ' + self.sheet.student)}"
        elif not self.is_key:
            fields = (("name", 52), ("form", 20), ("date", 24))
            names = " ".join(f"#{string(say(field))} #dots({width}mm)" for field, width in fields)
        header = f"{mark}#{string(number)}#page-of(<start-{self.place}>, <end-{self.place}>)"
        footer = string(f"symcnn exercise --seed {seed}")
        lines = [
            f"#set page(header: heading-line([{names}], [{header}]), footer: footing({footer}))",
            f"#metadata(none)<start-{self.place}>",
            "#step.update(0)",
        ]
        for n, part in enumerate(self.sheet.plan.parts):
            lines.append("#pagebreak()" if n else "")
            gap = 0.65 if n else 0.9
            lines.append(f"#show math.equation.where(block: true): set block(above: {gap}em, below: {gap}em)")
            lines.append(f"#title-line({n + 1}, [{self._inline(say.title(part))}])")
            lines.append(f"#par[{self._inline(say.intro(part))}]")
            if part.figure is not None:
                lines.append(self._network(part.figure))
            for section in part.sections:
                lines += self._section(section)
        lines.append(f"#metadata(none)<end-{self.place}>")
        return "\n".join(lines)

    def _inline(self, pieces: Sequence[Any]) -> str:
        return "".join(f"#{string(p)}" if isinstance(p, str) else self._math(p) for p in pieces)

    def _math(self, node: Any) -> str:
        return f"#eq({string(self.reader.emit(node))}, ${self.formulas.emit(node)}$)"

    def _section(self, section: Section) -> Iterator[str]:
        heading, beside, note = self.words.heading(section), self.words.beside(section), self.words.note(section)
        if not beside:  # where there is room for it
            beside, note = (note, []) if section.note in ("note.weight", "note.update") else ([], note)
        yield f"#head([{self._inline(heading)}], [{self._inline(beside)}])"
        if note:
            yield f"#par[{self._inline(note)}]"
        for block in section.blocks:
            yield self._block(block)

    def _block(self, block: Block) -> str:
        match block:
            case Line(members):
                return self._equation(members)
            case Convolution():
                return self._convolution(block)
            case Products():
                return self._products(block)
            case Paths():
                return self._paths(block)
            case Room():
                return self._room(block)
            case Question():
                answer = self._inline(self.words.answer()) if self.is_key else ""
                return f"#par[#{string(self.words('question'))}]\n#ruled(2, [{answer}])"

    def _equation(self, members: Sequence[Any]) -> str:
        """On one line where there is room, else a line for each member."""
        left, *rest = (self.formulas.emit(m) for m in members)
        size = sum(_em(m) for m in members)
        mark = " \\\n &= " if size > MOST_EM else " = "
        body = f"{left} {'&= ' if size > MOST_EM else '= '}" + mark.join(rest)
        return f"#eq({string(self.reader.emit(tree.Equality(tuple(members))))}, $ {body} $)"

    def _cell(self, cell: Cell, width: float, height: float, look: str = "plain") -> str:
        words = string(self.words.number(cell))
        if isinstance(cell, Given):
            return f"cell({width}mm, {height}mm, {words}, look: {string(look)})"
        return f'cell({width}mm, {height}mm, {words if self.is_key else "none"}, look: "blank")'

    def _grid(self, rows: Sequence[Sequence[Cell]], width: float, height: float, look: str) -> str:
        one = self._pixel if look == "pixel" else lambda c: self._cell(c, width, height, look)
        cells = ", ".join(one(c) for row in rows for c in row)
        return f"grid(columns: {len(rows[0])}, {cells})"

    def _pixel(self, cell: Cell) -> str:
        dark = "true" if self.sheet.value(cell) >= 0.5 else "false"
        return f"pixel({string(self.words.number(cell))}, {dark})"

    def _convolution(self, block: Convolution) -> str:
        say, letters = self.words, []
        for rows in (block.image, block.filter, block.map):
            name = self.sheet.plan.derivation.quantities.of(rows[0][0].expression).tensor.letters
            letters.append(self._math(tree.Symbol(name)))
        keys = ("picture", "filter", "map")
        names = [f"[#{string(say(k) + ' ')}{letter}]" for k, letter in zip(keys, letters, strict=True)]
        width = 17.0 if len(block.map[0]) <= 3 else 14.0
        parts = [
            f"named({names[0]}, {self._grid(block.image, 0, 0, 'pixel')})", "sign([∗])",
            f"named(text(fill: filt, {names[1]}), {self._grid(block.filter, 14, 11, 'filter')})", "sign([=])",
            f"named({names[2]}, {self._grid(block.map, width, 11, 'plain')})",
        ]  # fmt: skip
        return f"#align(center, grid(columns: 5, column-gutter: 5mm, align: horizon, {', '.join(parts)}))"

    def _products(self, block: Products) -> str:
        count = len(block.columns)
        width = round(min(19.0, (WIDTH - LEAD - 38) / count), 2)
        if width < 12.5:
            width = round((WIDTH - LEAD) / count, 2)
        heads = ", ".join(f"above[{self._math(symbol)}]" for symbol, *_ in block.columns)
        rows = [
            ", ".join([f"lead[#{string(self.words(key))}]", *(self._cell(c[n], width, 7.2) for _, *c in block.columns)])
            for n, key in enumerate(("value", "weight", "product"))
        ]
        table = f"products({LEAD}mm, {width}mm, {count}, [], {heads}, {', '.join(rows)})"
        total = self._math(tree.Equality((block.name, slot(block.total))))
        if LEAD + width * count + 38 > WIDTH:
            return f"#{table}\n#align(right)[{total}]"
        return f"#grid(columns: 2, column-gutter: 5mm, align: bottom, {table}, [{total}])"

    def _paths(self, block: Paths) -> str:
        rows = []
        for adjoint, above, local, below, product in block.rows:
            left, right = (self._math(tree.Equality((n, slot(c)))) for n, c in ((adjoint, above), (local, below)))
            rows.append(f"[{left}], [{right}], [{self._math(slot(product))}]")
        name, end = self._math(block.name), self._math(slot(block.total))
        total = f'table.cell(colspan: 2, align: right)[{name} #"= "], [{end}]'
        words = [f"#{string(self.words(key))}" for key in ("under", "product")]
        heads = f"[], lead[{words[0]}#h(1mm){self._math(block.by)}], lead[{words[1]}]"
        table = f"paths({heads}, {', '.join(rows)}, {total})"
        height = 5 * round(1.6 * (len(rows) + 1) + 1)
        room = f"squares({height}mm, {self._is_blank})"
        return f"#grid(columns: (auto, 1fr), column-gutter: 5mm, align: horizon, {table}, {room})"

    @property
    def _is_blank(self) -> str:
        return "false" if self.is_key else "true"

    def _room(self, block: Room) -> str:
        if not block.rows:
            return f"#rest({self._is_blank})"
        if not self.is_key or not block.lines:
            return f"#squares({block.rows * 5}mm, {self._is_blank})"
        lines = " \\\n ".join(" = ".join(map(self.formulas.emit, members)) for members in block.lines)
        alt = "; ".join(self.reader.emit(tree.Equality(tuple(m))) for m in block.lines)
        return f"#instead({block.rows * 5}mm, eq({string(alt)}, $ {lines} $))"

    def _network(self, block: Network2D) -> str:
        count, height = len(block.columns), max(len(c) for c in block.columns)
        down = max(12.0, 5.5 * height)
        at = {
            (c, r): (round(14 + c * 144 / (count - 1), 2), round(down * (2 * r + 1) / (2 * len(column)), 2))
            for c, column in enumerate(block.columns)
            for r in range(len(column))
        }
        edges = "".join(f"#edge({at[a][0]}mm, {at[a][1]}mm, {at[b][0]}mm, {at[b][1]}mm)" for a, b in block.edges)
        nodes = "".join(
            f"#node({at[c, r][0]}mm, {at[c, r][1]}mm, {2.6 if len(column) > 2 else 3.9}mm, [{self._math(node)}])"
            for c, column in enumerate(block.columns)
            for r, node in enumerate(column)
        )
        unders = "".join(
            f"#under-edge({round((at[c, 0][0] + at[c + 1, 0][0]) / 2, 2)}mm, {down + 1}mm, {number})"
            for c, number in enumerate(block.sections)
        )
        alt = " ← ".join("{" + ", ".join(map(self.reader.emit, column)) + "}" for column in reversed(block.columns))
        return f"#drawing({string(alt)}, {down + 5}mm)[{edges}{nodes}{unders}]"


# --- a workbook -----------------------------------------------------------------------------------------------------

#: A prime; numbers below 100 with four decimals leave different remainders.
MODULUS = 2_000_003

#: A pair of columns: a number, and whether it is right.
PAIR, FIRST = 2, 3

#: Pairs in a row.
MOST_PAIRS = 9

_UNLOCKED, _HIDDEN = Protection(locked=False), Protection(hidden=True)
_BLANK: style.Style = {**style.INPUT, "number_format": "General", "protection": _UNLOCKED}
_ANSWER: style.Style = {**_BLANK, "font": Font(name="Calibri", size=10, color="B3261E", bold=True, italic=True)}
_GIVEN: style.Style = {**style.VALUE, "number_format": "General"}
_CHECK: style.Style = {
    "font": Font(name="Calibri", size=10, bold=True, color=style.GREY), "alignment": Alignment("left", "center"),
    "protection": _HIDDEN,
}  # fmt: skip
_PROSE: style.Style = {**style.WORDS, "alignment": Alignment(wrap_text=True, vertical="top")}
_FREE: style.Style = {**_BLANK, "alignment": Alignment(wrap_text=True, vertical="top")}
_FORMULA: style.Style = {"font": Font(name="Cambria", size=11, italic=True, color=style.INK)}
_LABEL: style.Style = {**style.SYMBOL, "alignment": Alignment("center", "bottom")}


class WorkbookPrint:
    """One sheet as a worksheet: blanks can be typed in, nothing else."""

    def __init__(self, text: Catalogue, sheet: Sheet, is_key: bool) -> None:
        self.words, self.sheet, self.is_key = Words(text, sheet, is_key), sheet, is_key
        self.reader = _Reader(self.words)
        self.book = Book(text)
        self.page = StyledSheet(self.book, self.book.workbook.create_sheet(f"{self.words('sheet')} {sheet.seed}"))
        self.row, self.last = 1, FIRST + PAIR * MOST_PAIRS - 1
        self.checks: dict[str, Value] = {}

    def content(self) -> bytes:
        page, say = self.page, self.words
        page.widths({1: 2, 2: 17} | {FIRST + n: 3.5 if n % PAIR else 9.5 for n in range(PAIR * MOST_PAIRS)})
        status = self._head()
        for part in self.sheet.plan.parts:
            self._line_of(say.title(part), style.TITLE, 28)
            self._line_of(say.intro(part), style.WORDS)
            for section in part.sections:
                self._section(section)
        area = f"A6:{get_column_letter(self.last)}{self.row}"
        count = len(self.sheet.plan.blanks)
        formula = CellFormula(f'=COUNTIF({area},"✓")&" / {count}"')
        page.put(status, 2, formula, {**style.STATUS_FIRST, "protection": _HIDDEN})
        right = count if self.is_key else 0
        values: dict[str, dict[str, Value]] = {page.title: {f"B{status}": f"{right} / {count}", **self.checks}}
        self._finish(area)
        return written(self.book.workbook, values)

    def _head(self) -> int:
        name = f"{self.words('name')} "
        self._line_of([self.words("key")] if self.is_key else [name + self.sheet.student], style.HINT)
        if not self.is_key and not self.sheet.student:
            self.page.merged(1, FIRST, 1, 5, None, _BLANK)
        self._line_of(
            [f"{self.words('sheet')} {self.sheet.seed} · symcnn exercise --seed {self.sheet.seed}"], style.HINT
        )
        status = self.row
        self.page.height(status, 21)
        self.page.bar(status, self.last, None, style.STATUS, style.STATUS_FIRST)
        self.page.put(status, FIRST, self.words("status"), style.RIBBON)
        self.row += 2
        return status

    def _line_of(self, pieces: Sequence[Any], look: style.Style, height: float | None = None) -> None:
        if pieces:
            words = "".join(p if isinstance(p, str) else self.reader.emit(p) for p in pieces)
            self.page.put(self.row, 2, words, look)
            if height is not None:
                self.page.height(self.row, height)
            self.row += 1

    def _section(self, section: Section) -> None:
        self.row += 1
        heading = "".join(p if isinstance(p, str) else self.reader.emit(p) for p in self.words.heading(section))
        self.page.section(self.row, f"{section.number}   {heading}", self.last, 20)
        self.row += 1
        self._line_of(self.words.note(section), style.NOTE)
        self._line_of(self.words.beside(section), style.WORDS)
        for block in section.blocks:
            self._block(block)

    def _block(self, block: Block) -> None:
        match block:
            case Line(members):
                self._line(members)
            case Convolution():
                self._convolution(block)
            case Products():
                self._products(block)
            case Paths():
                self._paths(block)
            case Question():
                self._line_of([self.words("question")], style.WORDS)
                answer = "".join(p if isinstance(p, str) else self.reader.emit(p) for p in self.words.answer())
                self.page.merged(self.row, 2, 2, 12, answer if self.is_key else None, _PROSE if self.is_key else _FREE)
                self.row += 3

    def _put(self, row: int, pair: int, cell: Cell, look: style.Style | None = None) -> None:
        """A number in a pair of columns, beside it whether it is right."""
        column = FIRST + PAIR * pair
        printed = self.sheet.text(cell)
        if isinstance(cell, Given):
            decimals = len(printed.partition(".")[2])
            number = '0.{0};"−"0.{0}'.format("0" * decimals) if decimals else '0;"−"0'
            self.page.put(row, column, float(printed), look or _number_format(number))
            return
        self.page.put(row, column, float(printed) if self.is_key else None, _ANSWER if self.is_key else _BLANK)
        place = f"{get_column_letter(column)}{row}"
        self.page.put(row, column + 1, _check(place, cell, self.sheet), _CHECK)
        self.checks[f"{get_column_letter(column + 1)}{row}"] = "✓" if self.is_key else ""

    def _line(self, members: Sequence[Any]) -> None:
        """The formula, and below it the places of its numbers with what belongs there."""
        self._line_of([self.reader.emit(tree.Equality(tuple(m for m in members if not _is_only_slots(m))))], _FORMULA)
        left = members[0].name if isinstance(members[0], tree.Update) else members[0]
        named = [pair for member in members for pair in self._slots(member, self.reader.emit(left))]
        for start in range(0, len(named), MOST_PAIRS):
            for pair, (label, cell) in enumerate(named[start : start + MOST_PAIRS]):
                self.page.put(self.row, FIRST + PAIR * pair, label, _LABEL)
                self._put(self.row + 1, pair, cell)
            self.row += 2
        self.row += 1

    def _slots(self, node: Any, name: str) -> list[tuple[str, Cell]]:
        match node:
            case Slot(cell):
                return [(name, cell)]
            case tree.Under(inner, Slot(cell)):
                return [(self.reader.emit(inner), cell)]
            case tree.Sum(parts) | tree.Product(parts):
                return [pair for part in parts for pair in self._slots(part, self._name_of(part))]
            case tree.Negated(inner):
                return self._slots(inner, self._name_of(inner))
        return []

    def _name_of(self, node: Any) -> str:
        if not isinstance(node, Slot):
            return ""
        if node.cell.expression == ETA:
            return "η"
        return self.reader.emit(self.sheet.plan.write.expression(node.cell.expression))

    def _convolution(self, block: Convolution) -> None:
        keys = ("picture", "filter", "map")
        start, pair, height = self.row, 0, 0
        grids: list[tuple[tuple[Cell, ...], ...]] = [block.image, block.filter, block.map]
        for key, rows in zip(keys, grids, strict=True):
            if pair + len(rows[0]) > MOST_PAIRS:
                start, pair, height = start + height + 2, 0, 0
            self.page.put(start, FIRST + PAIR * pair, self.words(key), style.HEAD)
            for r, row in enumerate(rows, 1):
                for c, cell in enumerate(row):
                    dark = key == "picture" and self.sheet.value(cell) >= 0.5
                    self._put(start + r, pair + c, cell, _DARK if dark else None)
            pair, height = pair + len(rows[0]) + 1, max(height, len(rows))
        self.row = start + height + 2

    def _products(self, block: Products) -> None:
        for n, key in enumerate(("value", "weight", "product"), 1):
            self.page.put(self.row + n, 2, self.words(key), style.NOTE)
        for start in range(0, len(block.columns), MOST_PAIRS):
            for pair, (symbol, *cells) in enumerate(block.columns[start : start + MOST_PAIRS]):
                self.page.put(self.row, FIRST + PAIR * pair, self.reader.emit(symbol), _LABEL)
                for n, cell in enumerate(cells, 1):
                    self._put(self.row + n, pair, cell)
            self.row += 4
        self.page.put(self.row, 2, f"{self.reader.emit(block.name)} =", style.NAME)
        self._put(self.row, 0, block.total)
        self.row += 2

    def _paths(self, block: Paths) -> None:
        under = f"{self.words('under')} {self.reader.emit(block.by)}"
        self.page.put(self.row, FIRST + PAIR, under, style.HEAD)
        self.page.put(self.row, FIRST + PAIR * 4, self.words("product"), style.HEAD)
        for adjoint, above, local, below, product in block.rows:
            self.row += 1
            self.page.put(self.row, 2, f"{self.reader.emit(adjoint)} =", style.NAME)
            self._put(self.row, 0, above)
            self.page.put(self.row, FIRST + PAIR, f"{self.reader.emit(local)} =", _LABEL)
            self._put(self.row, 2, below)
            self._put(self.row, 4, product)
        self.row += 1
        self.page.put(self.row, FIRST + PAIR * 3, f"{self.reader.emit(block.name)} =", _LABEL)
        self._put(self.row, 4, block.total)
        self.row += 2

    def _finish(self, area: str) -> None:
        sheet, workbook = self.page.sheet, self.book.workbook
        for mark, (colour, _) in (("✓", style.GOOD), ("✗", style.BAD)):
            first = area.partition(":")[0]
            rule = FormulaRule(formula=[f'{first}="{mark}"'], font=Font(color=colour, bold=True))  # type: ignore[no-untyped-call]
            sheet.conditional_formatting.add(area, rule)
        sheet.protection.sheet = True
        sheet.sheet_view.showGridLines = False
        sheet.freeze_panes = "A5"
        sheet.page_setup.paperSize, sheet.page_setup.orientation = 9, "portrait"
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
        workbook.properties.title = self.words("document", number=self.sheet.seed)
        workbook.properties.creator, workbook.properties.language = "symcnn", self.words.text.lang


@cache
def _number_format(text: str) -> style.Style:
    return {**_GIVEN, "number_format": text}


_DARK: style.Style = {
    **_GIVEN, "font": Font(name="Calibri", size=10, color="FFFFFF"), "fill": PatternFill("solid", fgColor=style.DARK),
}  # fmt: skip


def _check(place: str, blank: Blank, sheet: Sheet) -> CellFormula:
    """✓ or ✗ beside a number, ? beside what is none; beside a blank nothing. A rounded one may be off by 0.0001."""
    digest = hashlib.sha256(f"{sheet.seed} {blank.key}".encode()).digest()
    factor = 100_000 + int.from_bytes(digest[:6]) % (MODULUS - 200_000)
    more = int.from_bytes(digest[6:12]) % MODULUS
    scale = 10**DECIMALS
    answer = round(float(sheet.text(blank)) * scale)
    is_exact = abs(answer / scale - sheet.values[blank.key]) < 1e-9
    numbers = [answer] if is_exact else [answer - 1, answer, answer + 1]
    remainders = ",".join(str(r) for r in sorted((n * factor + more) % MODULUS for n in numbers))
    remainder = f"MOD(ROUND({place}*{scale},0)*{factor}+{more},{MODULUS})"
    test = f'IF(ABS({place})<100,IF(ISNUMBER(MATCH({remainder},{{{remainders}}},0)),"✓","✗"),"✗")'
    return CellFormula(f'=IF(ISBLANK({place}),"",IF(ISNUMBER({place}),{test},"?"))')


def _is_only_slots(node: Any) -> bool:
    """Is it a member of blanks and signs, which a workbook shows below the formula?"""
    match node:
        case Slot():
            return True
        case tree.Sum(parts) | tree.Product(parts):
            return all(map(_is_only_slots, parts))
        case tree.Negated(inner):
            return _is_only_slots(inner)
    return False


def to_workbook(sheet: Sheet, text: Catalogue, is_key: bool) -> bytes:
    """The file of one sheet."""
    return WorkbookPrint(text, sheet, is_key).content()


def _em(node: Any) -> float:
    """About how wide a member is."""
    match node:
        case Slot(cell):
            return cell.width / 3.9 if isinstance(cell, Blank) else 3.5
        case tree.Under(inner, number):
            return max(_em(inner), _em(number)) + 0.3
        case tree.Sum(terms):
            return sum(map(_em, terms)) + 1.2 * (len(terms) - 1)
        case tree.Product(factors):
            return sum(map(_em, factors)) + 0.6 * (len(factors) - 1)
        case tree.Negated(inner) | tree.Power(inner, _):
            return _em(inner) + 0.6
        case tree.Partial() | tree.Symbol():
            return 1.8
        case tree.Call(function, arguments):
            return 0.6 * len(function) + 1 + sum(map(_em, arguments))
        case tree.Fraction(above, below):
            return max(_em(above), _em(below)) + 0.3
    return 1.0


def to_typst(sheets: Sequence[Sheet], text: Catalogue, is_key: bool) -> str:
    """The source of a PDF with all the sheets, one behind the other."""
    pages = [TypstPrint(text, sheet, is_key, n).source() for n, sheet in enumerate(sheets, 1)]
    title = text("exercise.document", number=sheets[0].seed)
    head = f'#set document(title: {string(title)}, author: "symcnn")\n#set text(lang: {string(text.lang)})\n'
    return "\n".join([_preamble(), head, *pages, ""])


@cache
def _preamble() -> str:
    return files("symcnn.exercise").joinpath("sheet.typ").read_text("utf-8")
