"""The prints of exercises on paper: Typst for the PDF, and a page of HTML."""

from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from symcnn.colours import LIGHT, variables
from symcnn.exercise.sheet import (
    RATE,
    Blank,
    Block,
    Cell,
    ConvolutionGrids,
    EqualityLine,
    ErrorQuestion,
    ExerciseSheet,
    Given,
    Network2D,
    NumberSlot,
    PathTable,
    Products,
    Room,
    SheetPart,
    SheetSection,
    slot,
)
from symcnn.formula import MathML, Plain, tree
from symcnn.formula.breaking import width
from symcnn.formula.steps import nodes, rewritten
from symcnn.formula.typst import Typst, string
from symcnn.text import Catalogue

#: Width of the text, and of the first column of a table, in millimetres.
WIDTH, LEAD = 172.0, 19.0

#: Estimated em of one line of an equation.
MOST_EM = 40.0


class Words:
    """The sentences of a sheet in one language, and its numbers with the language's sign."""

    def __init__(self, text: Catalogue, sheet: ExerciseSheet, is_key: bool) -> None:
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

    def title(self, part: SheetPart) -> list[Any]:
        if part.name == "forward":
            return [self("title.convolutional" if self._is_convolutional else "title.dense")]
        return self.pieces("title.backward", weight=self.weight)

    @property
    def weight(self) -> Any:
        return self.sheet.plan.write.name(self.sheet.plan.weight)

    @property
    def _is_convolutional(self) -> bool:
        return bool(self.sheet.plan.network.forward.feature_maps)

    def intro(self, part: SheetPart) -> list[Any]:
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

    def heading(self, section: SheetSection) -> list[Any]:
        words = [self(key) for key in section.title if isinstance(key, str)]
        nodes = [node for node in section.title if not isinstance(node, str)]
        return [" ".join(words) + (", " if nodes else ""), *nodes]

    def note(self, section: SheetSection) -> list[Any]:
        if not section.note or section.note.removeprefix("hint.") not in self.text.words("exercise.hint"):
            return []
        return self.pieces(section.note, weight=self.weight, rate=tree.Equality((tree.Symbol("η"), slot(Given(RATE)))))

    def beside(self, section: SheetSection) -> list[Any]:
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


class SpokenFormulas(Plain):
    """Formulas for who hears them: a blank is an ellipsis."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.text.decimal)
        self._words = words

    def emit(self, node: Any) -> str:
        if isinstance(node, NumberSlot):
            return self._words.number(node.cell) if self._words.is_key or isinstance(node.cell, Given) else "…"
        return str(super().emit(node.node if isinstance(node, tree.Under) else node))


# --- Typst ----------------------------------------------------------------------------------------------------------


class _Formulas(Typst):
    """Formulas with boxes."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.text.decimal)
        self._words = words

    def emit(self, node: Any) -> str:
        if isinstance(node, NumberSlot):
            return self._slot(node.cell, "blank")
        if isinstance(node, tree.Under) and isinstance(node.number, NumberSlot):
            return f"underbracket({self.emit(node.node)}, {self._slot(node.number.cell, 'under')})"
        if isinstance(node, tree.Sum):  # a number below 0 behind a sign
            rest = "".join(
                f" − {self._operand(t.node)}" if isinstance(t, tree.Negated) else f" + {self._signed(t)}"
                for t in node.terms[1:]
            )
            return self.emit(node.terms[0]) + rest
        return str(super().emit(node))

    def _operand(self, node: Any) -> str:
        return self._signed(node) if isinstance(node, NumberSlot) else super()._operand(node)

    def _signed(self, node: Any) -> str:
        return self._slot(node.cell, "blank", True) if isinstance(node, NumberSlot) else self.emit(node)

    def _slot(self, cell: Cell, function: str, signed: bool = False) -> str:
        words = self._words.number(cell)
        words = f"({words})" if signed and words.startswith("−") else words
        if isinstance(cell, Given):
            return f"#undergiven({string(words)})" if function == "under" else f"num({string(words)})"
        answer = string(words) if self._words.is_key else "none"
        return f"#{function}({cell.width}mm, {answer})"


class TypstPrint:
    """One sheet in Typst."""

    def __init__(self, text: Catalogue, sheet: ExerciseSheet, is_key: bool, place: int) -> None:
        self.words, self.sheet, self.is_key, self.place = Words(text, sheet, is_key), sheet, is_key, place
        self.formulas, self.spoken = _Formulas(self.words), SpokenFormulas(self.words)

    def source(self) -> str:
        say, seed = self.words, self.sheet.seed
        mark = f'#text(fill: answer, weight: "bold", size: 11pt, {string(say("key"))}) · ' if self.is_key else ""
        number = f"{say('sheet')} {seed} · "
        names = ""
        if self.sheet.student:
            names = f"#{string(say('name') + ' ' + self.sheet.student)}"
        elif not self.is_key:
            fields = (("name", 52), ("form", 20), ("date", 24))
            names = " ".join(f"#{string(say(field))} #dots({wide}mm)" for field, wide in fields)
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
        return f"#eq({string(self.spoken.emit(node))}, ${self.formulas.emit(node)}$)"

    def _section(self, section: SheetSection) -> Iterator[str]:
        heading, beside, note = self.words.heading(section), self.words.beside(section), self.words.note(section)
        if not beside:  # where there is room for it
            beside, note = (note, []) if section.note in ("hint.weight", "hint.update") else ([], note)
        yield f"#head([{self._inline(heading)}], [{self._inline(beside)}])"
        if note:
            yield f"#par[{self._inline(note)}]"
        for block in section.blocks:
            yield self._block(block)

    def _block(self, block: Block) -> str:
        match block:
            case EqualityLine(members):
                return self._equation(members)
            case ConvolutionGrids():
                return self._convolution(block)
            case Products():
                return self._products(block)
            case PathTable():
                return self._paths(block)
            case Room():
                return self._room(block)
            case ErrorQuestion():
                answer = self._inline(self.words.answer()) if self.is_key else ""
                return f"#par[#{string(self.words('question'))}]\n#ruled(2, [{answer}])"

    def _equation(self, members: Sequence[Any]) -> str:
        """On one line where there is room, else a line for each member."""
        left, *rest = (self.formulas.emit(m) for m in members)
        size = sum(_em(m) for m in members)
        mark = " \\\n &= " if size > MOST_EM else " = "
        body = f"{left} {'&= ' if size > MOST_EM else '= '}" + mark.join(rest)
        return f"#eq({string(self.spoken.emit(tree.Equality(tuple(members))))}, $ {body} $)"

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

    def _convolution(self, block: ConvolutionGrids) -> str:
        say, letters = self.words, []
        for rows in (block.image, block.filter, block.map):
            name = self.sheet.plan.derivation.quantities.of(rows[0][0].expression).tensor.letters
            letters.append(self._math(tree.Symbol(name)))
        keys = ("picture", "filter", "map")
        names = [f"[#{string(say(k) + ' ')}{letter}]" for k, letter in zip(keys, letters, strict=True)]
        wide = 17.0 if len(block.map[0]) <= 3 else 14.0
        parts = [
            f"named({names[0]}, {self._grid(block.image, 0, 0, 'pixel')})", "sign([∗])",
            f"named(text(fill: filt, {names[1]}), {self._grid(block.filter, 14, 11, 'filter')})", "sign([=])",
            f"named({names[2]}, {self._grid(block.map, wide, 11, 'plain')})",
        ]  # fmt: skip
        return f"#align(center, grid(columns: 5, column-gutter: 5mm, align: horizon, {', '.join(parts)}))"

    def _products(self, block: Products) -> str:
        count = len(block.columns)
        each = round(min(19.0, (WIDTH - LEAD - 38) / count), 2)
        if each < 12.5:
            each = round((WIDTH - LEAD) / count, 2)
        heads = ", ".join(f"above[{self._math(symbol)}]" for symbol, *_ in block.columns)
        rows = [
            ", ".join([f"lead[#{string(self.words(key))}]", *(self._cell(c[n], each, 7.2) for _, *c in block.columns)])
            for n, key in enumerate(("value", "weight", "product"))
        ]
        table = f"products({LEAD}mm, {each}mm, {count}, [], {heads}, {', '.join(rows)})"
        total = self._math(tree.Equality((block.name, slot(block.total))))
        if LEAD + each * count + 38 > WIDTH:
            return f"#{table}\n#align(right)[{total}]"
        return f"#together(grid(columns: 2, column-gutter: 5mm, align: bottom, {table}, [{total}]))"

    def _paths(self, block: PathTable) -> str:
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
        return f"#together(grid(columns: (auto, 1fr), column-gutter: 5mm, align: horizon, {table}, {room}))"

    @property
    def _is_blank(self) -> str:
        return "false" if self.is_key else "true"

    def _room(self, block: Room) -> str:
        if not block.rows:
            return f"#rest({self._is_blank})"
        if not self.is_key or not block.lines:
            return f"#squares({block.rows * 5}mm, {self._is_blank})"
        lines = " \\\n ".join(" = ".join(map(self.formulas.emit, members)) for members in block.lines)
        alt = "; ".join(self.spoken.emit(tree.Equality(tuple(m))) for m in block.lines)
        return f"#instead({block.rows * 5}mm, eq({string(alt)}, $ {lines} $))"

    def _network(self, block: Network2D) -> str:
        at, down = _placed(block)
        edges = "".join(f"#edge({at[a][0]}mm, {at[a][1]}mm, {at[b][0]}mm, {at[b][1]}mm)" for a, b in block.edges)
        nodes = "".join(
            f"#node({at[c, r][0]}mm, {at[c, r][1]}mm, {_radius(column)}mm, [{self._math(node)}])"
            for c, column in enumerate(block.columns)
            for r, node in enumerate(column)
        )
        unders = "".join(f"#under-edge({x}mm, {down + 1}mm, {number})" for x, number in _gaps(block))
        return f"#drawing({string(_described(block, self.spoken))}, {down + 5}mm)[{edges}{nodes}{unders}]"


def _placed(block: Network2D) -> tuple[dict[tuple[int, int], tuple[float, float]], float]:
    """Where each node of the paths stands, in millimetres, and how high they are."""
    count, down = len(block.columns), max(12.0, 5.5 * max(map(len, block.columns)))
    places = {
        (c, r): (round(14 + c * 144 / (count - 1), 2), round(down * (2 * r + 1) / (2 * len(column)), 2))
        for c, column in enumerate(block.columns)
        for r in range(len(column))
    }
    return places, down


def _gaps(block: Network2D) -> Iterator[tuple[float, int]]:
    """The middle between two columns, and the section that works it out."""
    step = 144 / (len(block.columns) - 1)
    return ((round(14 + (c + 0.5) * step, 2), number) for c, number in enumerate(block.sections))


def _radius(column: Sequence[Any]) -> float:
    return 2.6 if len(column) > 2 else 3.9


def _described(block: Network2D, spoken: SpokenFormulas) -> str:
    return " ← ".join("{" + ", ".join(map(spoken.emit, column)) + "}" for column in reversed(block.columns))


# --- HTML -----------------------------------------------------------------------------------------------------------


class _Fields:
    """Formulas with fields, which stand between pieces of mathematics: what is inside of <math> has no focus."""

    def __init__(self, words: Words) -> None:
        self._words, self._spoken, self._formulas = words, SpokenFormulas(words), MathML(words.text.decimal)

    def emit(self, node: Any) -> str:
        return "".join(self._pieces(node))

    def line(self, node: Any) -> str:
        """The same as a display: pieces side by side, the fractions on one height."""
        return f'<div class="line">{"".join(f"<span>{piece}</span>" for piece in self._pieces(node))}</div>'

    def _pieces(self, node: Any, signed: bool = False) -> list[str]:
        if isinstance(node, NumberSlot):
            return [self.field(node.cell, signed)]
        if not any(isinstance(n, NumberSlot) for n in nodes(node)):
            alt = escape(self._spoken.emit(node))
            return [f'<math alttext="{alt}"><mrow>{self._formulas.emit(node)}</mrow></math>']
        match node:
            case tree.Under(factor, number):
                above, below = self.emit(factor), self.emit(number)
                return [f'<span class="under"><span>{above}</span><span>{below}</span></span>']
            case tree.Equality(members):
                return self._joined(" = ", [self._pieces(m) for m in members])
            case tree.Product(factors):
                return self._joined(" · ", [self._pieces(f, True) for f in factors])
            case tree.Negated(inner):
                return [" − ", *self._pieces(inner, True)]
            case tree.Sum(terms):
                rest = [[] if isinstance(t, tree.Negated) else [" + "] for t in terms[1:]]
                rests = [p for sign, t in zip(rest, terms[1:], strict=True) for p in (*sign, *self._pieces(t, True))]
                return [*self._pieces(terms[0]), *rests]
        raise TypeError(f"no rule to show {node!r}")

    @staticmethod
    def _joined(sign: str, parts: Sequence[list[str]]) -> list[str]:
        return [piece for n, part in enumerate(parts) for piece in (*((sign,) if n else ()), *part)]

    def field(self, cell: Cell, signed: bool = False) -> str:
        words = escape(self._words.number(cell))
        words = f"({words})" if signed and words.startswith("−") else words
        if isinstance(cell, Given):
            return f"<span>{words}</span>"
        if self._words.is_key:
            return f'<b style="min-width:{cell.width}mm">{words}</b>'
        label = escape(self._words("blank", section=cell.section, name=cell.key))
        name = f'name="{self._words.sheet.plan.names[cell.key]}" aria-label="{label}"'
        return f'<input inputmode="decimal" autocomplete="off" style="width:{cell.width}mm" {name}>'


class HtmlPrint:
    """One sheet as an article of a page."""

    def __init__(self, text: Catalogue, sheet: ExerciseSheet, is_key: bool) -> None:
        self.words, self.sheet, self.is_key = Words(text, sheet, is_key), sheet, is_key
        self.fields, self.spoken = _Fields(self.words), SpokenFormulas(self.words)

    def article(self) -> str:
        say, sheet = self.words, self.sheet
        number = f"{escape(say('sheet'))} {sheet.seed}"
        who = escape(f"{say('name')} {sheet.student}")
        if self.is_key:
            who = f"<strong>{escape(say('key'))}</strong>"
        elif not sheet.student:
            label = escape(say("name"))
            who = f'<label>{label} <input class="name" autocomplete="off"></label>'
        parts = []
        for part in sheet.plan.parts:
            parts.append(f"<section><h1>{self._inline(say.title(part))}</h1><p>{self._inline(say.intro(part))}</p>")
            parts.append("" if part.figure is None else self._network(part.figure))
            parts += [self._section(section) for section in part.sections]
            parts.append("</section>")
        foot = f"<footer>symcnn exercise --seed {sheet.seed}</footer>"
        return f"<article><header>{who}<span>{number}</span></header>{''.join(parts)}{foot}</article>"

    def _inline(self, pieces: Sequence[Any]) -> str:
        return "".join(escape(p) if isinstance(p, str) else self.fields.emit(p) for p in pieces)

    def _section(self, section: SheetSection) -> str:
        say = self.words
        title = f"<i>{section.number}</i> {self._inline(say.heading(section))}"
        notes = [f"<p>{self._inline(pieces)}</p>" for pieces in (say.note(section), say.beside(section)) if pieces]
        head = f'<div class="head"><h2>{title}</h2>{"".join(notes)}</div>'
        return head + "".join(map(self._block, section.blocks))

    def _block(self, block: Block) -> str:
        match block:
            case EqualityLine(members):
                return self.fields.line(tree.Equality(tuple(members)))
            case ConvolutionGrids():
                grids = zip(
                    ("picture", "filter", "map"), (block.image, block.filter, block.map), ("∗", "=", ""), strict=True
                )
                return f'<div class="grids" tabindex="0">{"".join(self._grid(*grid) for grid in grids)}</div>'
            case Products():
                return self._products(block)
            case PathTable():
                return self._paths(block)
            case Room(rows):
                return "" if self.is_key else f'<div class="room" style="height:{5 * (rows or 5)}mm"></div>'
            case ErrorQuestion():
                words = self._inline(self.words.answer()) if self.is_key else ""
                field = f'<p class="answer">{words}</p>' if self.is_key else '<textarea rows="2"></textarea>'
                return f"<label>{escape(self.words('question'))} {field}</label>"

    def _grid(self, key: str, rows: tuple[tuple[Cell, ...], ...], sign: str) -> str:
        def look(cell: Cell) -> str:
            return ' class="dark"' if key == "picture" and self.sheet.value(cell) >= 0.5 else ""

        lines = "".join(f"<tr>{''.join(f'<td{look(c)}>{self.fields.field(c)}</td>' for c in row)}</tr>" for row in rows)
        end = f"<span>{sign}</span>" if sign else ""
        return f"<table><caption>{escape(self.words(key))}</caption>{lines}</table>{end}"

    def _products(self, block: Products) -> str:
        heads = "".join(f'<td class="symbol">{self.fields.emit(symbol)}</td>' for symbol, *_ in block.columns)
        rows = "".join(
            f'<tr><th scope="row">{escape(self.words(key))}</th>'
            + "".join(f"<td>{self.fields.field(cells[n])}</td>" for _, *cells in block.columns) + "</tr>"
            for n, key in enumerate(("value", "weight", "product"))
        )  # fmt: skip
        total = self.fields.emit(tree.Equality((block.name, slot(block.total))))
        return f'<div class="grids" tabindex="0"><table><tr><td></td>{heads}</tr>{rows}</table><div>{total}</div></div>'

    def _paths(self, block: PathTable) -> str:
        under = f"{escape(self.words('under'))} {self.fields.emit(block.by)}"
        rows = "".join(
            f"<tr><td>{self.fields.emit(tree.Equality((adjoint, slot(above))))}</td>"
            f"<td>{self.fields.emit(tree.Equality((local, slot(below))))}</td>"
            f"<td>{self.fields.field(product)}</td></tr>"
            for adjoint, above, local, below, product in block.rows
        )
        total = f'<td colspan="2">{self.fields.emit(block.name)} =</td><td>{self.fields.field(block.total)}</td>'
        head = f'<td></td><th scope="col">{under}</th><th scope="col">{escape(self.words("product"))}</th>'
        return f'<table class="paths"><tr>{head}</tr>{rows}<tr>{total}</tr></table>'

    def _network(self, block: Network2D) -> str:
        at, down = _placed(block)
        lines = "".join(f'<path d="M{at[a][0]} {at[a][1]}L{at[b][0]} {at[b][1]}"/>' for a, b in block.edges)
        nodes = "".join(
            f'<circle cx="{at[c, r][0]}" cy="{at[c, r][1]}" r="{_radius(column)}"/>'
            f'<text x="{at[c, r][0]}" y="{at[c, r][1] + 0.8}">{escape(self.spoken.emit(node))}</text>'
            for c, column in enumerate(block.columns)
            for r, node in enumerate(column)
        )
        unders = "".join(f'<text x="{x}" y="{down + 4}">← {number}</text>' for x, number in _gaps(block))
        label = escape(_described(block, self.spoken))
        return f'<svg viewBox="0 0 172 {down + 5}" role="img" aria-label="{label}">{lines}{nodes}{unders}</svg>'


def to_html(sheets: Sequence[ExerciseSheet], text: Catalogue, is_key: bool) -> str:
    """A page by itself, without scripts, with all the sheets."""
    title = escape(text("exercise.document", number=sheets[0].seed))
    articles = "".join(HtmlPrint(text, sheet, is_key).article() for sheet in sheets)
    return (
        f'<!DOCTYPE html>\n<html lang="{text.lang}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>'
        f"{variables(LIGHT)}\n{_file('sheet.css')}</style></head><body><main>{articles}</main></body></html>\n"
    )


def _em(node: Any) -> float:
    """About how wide a member is, a place as wide as so many digits."""
    digits = rewritten(
        node, lambda n: tree.Word("0" * round(_width(n.cell) / 2.1)) if isinstance(n, NumberSlot) else None
    )
    return width(digits)


def _width(cell: Cell) -> float:
    return cell.width if isinstance(cell, Blank) else 13.0


def to_typst(sheets: Sequence[ExerciseSheet], text: Catalogue, is_key: bool) -> str:
    """The source of a PDF with all the sheets, one behind the other."""
    pages = [TypstPrint(text, sheet, is_key, n).source() for n, sheet in enumerate(sheets, 1)]
    title = text("exercise.document", number=sheets[0].seed)
    head = f'#set document(title: {string(title)}, author: "symcnn")\n#set text(lang: {string(text.lang)})\n'
    palette = ", ".join(f"{name}: rgb({string(colour)})" for name, colour in LIGHT.items())
    return "\n".join([f"#let palette = ({palette})", _file("sheet.typ"), head, *pages, ""])


@cache
def _file(name: str) -> str:
    return files("symcnn.exercise").joinpath(name).read_text("utf-8")
