"""The prints of exercises: Typst for the PDF, and a page of HTML."""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from symcnn.exercise.sheet import (
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
from symcnn.text import Catalogue

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
