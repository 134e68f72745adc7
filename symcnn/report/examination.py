"""One formula of a report examined: what it says is decided, step by step and number by number, or it is refused.

E_total stands for two things, and a report says which: in letters for the error of one image, as the article writes it;
beside words that name images, and wherever numbers stand, for the sum over them. E and E_total in one equality without
such words are refused.

A document's equations numbered and examined: what is displayed is what is proved, or nothing is printed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, pairwise

from sympy import Expr

from symcnn.derivation import Derivation
from symcnn.errors import RefusedError, SymcnnError
from symcnn.formula import Typography, tree
from symcnn.formula.matcher import EquationMatcher, is_chain_rule, is_rest, points, same_function
from symcnn.formula.meaning import EntryGroup, Meaning, Value, pairs
from symcnn.formula.steps import FAULTS, Derived, bare, derived, faults, nodes
from symcnn.formula.tree import Node
from symcnn.formula.typography import EntrySymbol
from symcnn.formula.written import MeaningError, brief, letters_in
from symcnn.proof import QuantityDomain, Verdict, check_equations
from symcnn.proof.domain import DIGITS, POINTS
from symcnn.proof.paths import images_in, of_image, symbols_in
from symcnn.report.content import Content, head
from symcnn.report.document import Block, Display, Document, Evidence, InlineFormula, Link, Method, Section, Table, Text
from symcnn.report.values import MAX_TRIED, EntryChecker, ReportNumberChecker, Values, image_of, is_shown
from symcnn.symbolic import Equation
from symcnn.text import Catalogue

#: From the strongest: an equation is as good as its weakest step.
STRENGTH: tuple[Method, ...] = ("definition", "read", "rule", "proved", "probable", "agrees", "computed")

#: The error probability that is told.
EPSILON = 1e-12

#: The learning rate is a letter without a quantity.
_RATE = frozenset({"η"})


@dataclass(frozen=True)
class Found:
    """How an equality was examined: the method, whether numbers were checked too, the error probability, in words."""

    method: Method
    numbers: bool = False
    epsilon: float = 0.0
    words: str = ""


class Examiner:
    """Examines the formulas of one content.

    Args:
        derivation: another than the content's: of its last layer and loss alone, where the whole is too large.
    """

    def __init__(self, content: Content, text: Catalogue, derivation: Derivation | None = None) -> None:
        self.content, self._text = content, text
        self.d = derivation or content.derivation
        self._large = content.large and derivation is None
        words = text.words("word")
        self._total_error, _ = typographies = [Typography(self.d.quantities, words, t) for t in ("total", "")]
        count = 0 if content.data is None else len(content.data.images)
        # of very many images two show that they are added
        self._images = tuple(range(1, (count if 0 < count <= MAX_TRIED else 2) + 1))
        self._meaning = Meaning(self.d, None, self._labels(count), len(self._images), free=_RATE)
        self._matcher = EquationMatcher(self.d, self._meaning, typographies)
        values = None if content.large or content.run is None else Values(content)
        self._shown = ReportNumberChecker(values, self._meaning, self._same)
        self.check_keys = self._shown.check_keys
        if self._large and content.one_pass is not None:
            self._in_pass = EntryChecker(self.d, content.one_pass, self._meaning)
            self.check_keys = self._in_pass.check_keys

    def _labels(self, count: int) -> dict[str, int]:
        """What images are called -> their numbers."""
        data = self.content.data
        labels = None if data is None or data.labels is None else list(map(str, data.labels))
        names = self._text.image_labels(labels, count)
        numbered = {self._text("label.image", number=n): n for n in range(1, count + 1)}
        return numbered | {name: n for n, name in enumerate(names, 1)}

    def examine(self, formula: Node) -> Found:
        """How a display holds.

        Raises:
            SymcnnError: it does not, or it cannot be examined.
        """
        self.check_keys(formula)
        if isinstance(formula, tree.Update):
            return self._update(formula)
        if isinstance(formula, tree.Relation) and formula.sign == "+=":
            return self._of_equation(formula)
        if not isinstance(formula, tree.Equality):
            raise RefusedError(f"{brief(formula)}: it says nothing that could be examined")
        members = [m for m in formula.members if not isinstance(m, tree.Word)]
        if len(members) < 2:
            raise RefusedError(f"{brief(formula)}: only one side")
        for a, b in pairwise(members):
            if a == b:
                raise RefusedError(f"{brief(a)}: the same on both sides, which says nothing")
        if any(n == tree.Negated(tree.Number(0)) for n in nodes(formula)):
            raise RefusedError("−0: nothing to take away")
        return self._equality(members)

    def _equality(self, members: Sequence[Node]) -> Found:
        """Which kind of equality is it?"""
        plain = list(map(bare, members))
        everything = list(nodes(tuple(plain)))
        symbols = {n for n in everything if isinstance(n, tree.Symbol)}
        if is_chain_rule(plain):
            return self._chain_rule()
        if any(map(letters_in, symbols)) or any(isinstance(n, tree.Over) for n in everything):
            return self._indexed(plain)
        free = self._free(symbols)
        if free:
            return self._rule(plain, free)
        if self._large:
            return self._entry(members, plain)
        if tree.DOTS in symbols:
            plain = self._matcher.without_dots(plain, self.d.graph)
        return self._claims(members, plain)

    def _entry(self, members: Sequence[Node], plain: Sequence[Node]) -> Found:
        """One entry of a large network's equation: as the equation gives it at that index, then its value."""
        entry = self._matcher.entry(tree.Equality(tuple(plain[:2]))) if len(plain) in (2, 3) else None
        if entry is None:
            raise RefusedError(f"{brief(plain[0])}: not an equation, and the network is too large to decide it alone")
        found = self._proved(entry.equation)
        if self.content.one_pass is None or not any(
            isinstance(n, tree.Number) and n.key for n in nodes(tuple(members))
        ):
            return found
        self._in_pass.check_entry(members, entry)
        return replace(found, numbers=True)

    def _free(self, symbols: Iterable[tree.Symbol]) -> frozenset[str]:
        """Letters that stand for any quantity: u, v, z."""
        unbound = (s for s in symbols if not isinstance(s, EntrySymbol) and not s.indices and not s.word)
        return frozenset(s.letter for s in unbound if s.letter.islower()) - _RATE

    # --- quantities -------------------------------------------------------------------------------------------------

    def _claims(self, members: Sequence[Node], plain: Sequence[Node]) -> Found:
        """An equality between quantities of the network, or numbers."""
        labelled = any(self._names_image(n) for n in nodes(tuple(plain)))
        self._one_error(plain, labelled)
        self._steps(plain)
        meaning = replace(self._meaning, total=True, image=image_of(members)) if labelled else self._meaning
        exact = [not any(map(is_shown, nodes(m))) for m in plain]
        letters = any(isinstance(n, tree.Symbol) for n in nodes(tuple(plain)))
        found = [
            self._pair(a, b, meaning)
            for n, (a, b) in enumerate(pairwise(plain))
            if letters and exact[n] and exact[n + 1]
        ]
        if not all(exact) or not letters or any(isinstance(n, tree.Under) for n in nodes(tuple(members))):
            self._shown.check(members, plain, labelled)
            found.append(Found("read" if self._is_read(plain) else "computed", True))
        return weakest(found)

    def _names_image(self, node: object) -> bool:
        """Does it say of which image it is, or that all are added?"""
        if isinstance(node, tree.Symbol):
            return node.letter == "E" and node.word in self._meaning.labels
        return isinstance(node, tree.Labelled) or (isinstance(node, tree.Call) and node.function == "Σ")

    def _one_error(self, plain: Sequence[Node], labelled: bool) -> None:
        """E and E_total side by side, without a word which image is meant, would be two readings in one display."""
        symbols = (n for n in nodes(tuple(plain)) if isinstance(n, tree.Symbol))
        if len({s.word for s in symbols if s.letter == "E"}) > 1 and not labelled:
            raise RefusedError("E and E_total in one equality: which image is meant?")

    def _steps(self, plain: Sequence[Node]) -> None:
        """What value alone cannot see; see ``formula/steps.py``."""
        for fault in faults(plain, self._same_quantity, self._is_rest):
            raise RefusedError(f"{brief(fault.node)}: {FAULTS[fault.kind]}")

    def _same_quantity(self, a: Node, b: Node) -> bool:
        return bool(self._holds(a, b, self._meaning))

    def _is_rest(self, first: Derived, second: Derived) -> bool:
        return not self._large and is_rest(first, second, self._meaning, self.d.graph)

    def _pair(self, a: Node, b: Node, meaning: Meaning) -> Found:
        found = self._holds(a, b, meaning)
        defines = found.method in ("proved", "probable") and self._defines(a, meaning.of(a), meaning.of(b))
        return replace(found, method="definition", epsilon=0.0) if defines else found

    def _defines(self, a: Node, left: Value, right: Value) -> bool:
        """Is it what the network states: a quantity by what its own equation is made of, E_total, a group?"""
        if not isinstance(a, tree.Symbol):
            return False
        if isinstance(left, EntryGroup) or a == self._total_error.error:
            return True
        assert not isinstance(right, EntryGroup)  # they were found to be equal
        variable = None if self._large else self.d.graph.forward.get(str(left))
        return variable is not None and symbols_in([right]) == variable.symbols()

    def _holds(self, a: Node, b: Node, meaning: Meaning) -> Found:
        """Equal, entry by entry; the weakest."""
        found = []
        for one, other in pairs(meaning.of(a), meaning.of(b), tree.Equality((a, b))):
            verdict = self._decide(one, other, meaning)
            if verdict.status == "refuted":
                raise RefusedError(f"{brief(a)} is not {brief(b)}: {verdict.reason}")
            if verdict.status == "unknown":
                raise RefusedError(f"{brief(a)} = {brief(b)}: not decided; {verdict.reason or 'both are 0'}")
            if verdict.epsilon > EPSILON:
                raise RefusedError(f"{brief(a)} = {brief(b)}: not decided; error probability {verdict.epsilon:.1g}")
            found.append(Found(verdict.status, False, verdict.epsilon))
        return weakest(found)

    def _decide(self, left: Expr, right: Expr, meaning: Meaning) -> Verdict:
        if self._large and left != right:
            raise RefusedError(f"{left} = {right}: not an equation, and the network is too large to decide it alone")
        return (self._over_images if meaning.total else self._of_one).decide(left, right)

    def _same(self, left: Expr, right: Expr) -> bool:
        """One quantity, both of one image?"""
        if left == right:
            return True
        images = images_in([left, right], self.d.quantities)
        verdict = self._of_one.decide(*(of_image(side, None, self.d.quantities) for side in (left, right)))
        return len(images) == 1 and verdict.status in ("proved", "probable")

    @cached_property
    def _of_one(self) -> QuantityDomain:
        return QuantityDomain(self.d)

    @cached_property
    def _over_images(self) -> QuantityDomain:
        return QuantityDomain(self.d, self._images)

    def _is_read(self, plain: Sequence[Node]) -> bool:
        """Only pixels, targets and first parameters, with their numbers."""
        everything = list(nodes(tuple(plain)))
        symbols = [n for n in everything if isinstance(n, tree.Symbol)]
        bare_values = all(isinstance(n, (tree.Symbol, tree.Number, tree.Matrix, tree.Labelled)) for n in everything)
        roles = {s.of.tensor.role if isinstance(s, EntrySymbol) else "value" for s in symbols}
        return bare_values and bool(roles) and roles <= {"image", "target", "parameter"}

    # --- rules, index notation, what is printed from an equation ------------------------------------------------------

    def _update(self, node: tree.Update) -> Found:
        if str(self._meaning.scalar(node.name)) not in self.d.network.parameters:
            raise RefusedError(f"{brief(node.name)}: not a parameter")
        self._holds(node.slope, tree.Partial(self._total_error.error, node.name), self._meaning)
        return Found("definition")

    def _chain_rule(self) -> Found:
        if self._large:
            return Found("rule", words="rule_large")
        if not self._of_one.decide_chain_rule():
            raise RefusedError("the chain rule does not hold in this network")
        return Found("rule", words="rule_tried")

    def _rule(self, plain: Sequence[Node], free: frozenset[str]) -> Found:
        """In one letter that stands for any number."""
        if len(free) != 1:
            raise RefusedError(f"{', '.join(sorted(free))}: letters of which nothing is known")
        meaning = replace(self._meaning, free=_RATE | free)
        for a, b in pairwise(plain):
            if not same_function(meaning.scalar(a), meaning.scalar(b), *free):
                raise RefusedError(f"{brief(a)} is not {brief(b)}")
        return Found("rule" if derived(plain[0]) else "definition")

    def _indexed(self, plain: Sequence[Node]) -> Found:
        """Index notation: what the network states; else decided at every point of its letters, or as an equation."""
        formula = tree.Equality(tuple(plain))
        equation = self._matcher.equation(formula)
        if equation and (self._large or not equation.target.tensor.is_adjoint):
            return self._of_equation(formula)
        if self._large:
            return self._head._indexed(plain)
        try:
            return self._at_every_point(plain)
        except MeaningError:  # a letter of which only the equation tells how far it runs
            if equation is None:
                raise
            return self._of_equation(formula)

    def _at_every_point(self, plain: Sequence[Node]) -> Found:
        sizes = self._matcher.sizes(plain)
        bound = {letter for n in nodes(tuple(plain)) if isinstance(n, tree.Over) for letter in n.letters}
        found = [
            self._holds(a, b, replace(self._meaning, sizes=sizes, point=point))
            for point in points(sorted(sizes.keys() - bound), sizes)
            for a, b in pairwise(plain)
        ]
        return weakest(found)

    @cached_property
    def _head(self) -> "Examiner":
        """Of the outputs and the loss alone, where the whole network is too large to be written out.

        Raises:
            RefusedError: nothing can be decided of them by themselves.
        """
        found = head(self.content.derivation)
        if found is None:
            raise RefusedError("index notation that is no equation of this network")
        return Examiner(self.content, self._text, found)

    def _of_equation(self, formula: tree.Equality | tree.Relation) -> Found:
        """The print of an equation, or of one entry of it, which is proved as an equation."""
        equation = self._matcher.equation(formula)
        if equation is None:
            raise RefusedError(f"{brief(formula)}: not an equation of this network")
        return self._proved(equation)

    def _proved(self, equation: Equation) -> Found:
        """A forward equation is stated by the network; the adjoint ones are proved all at once."""
        if not equation.target.tensor.is_adjoint:
            return Found("definition")
        verdict = self._verdict
        if verdict.status == "unknown" and self._large and self.content.one_pass is not None:
            return Found("agrees", words="pass")  # the pass agrees with dual numbers, or no number of it is printed
        if not verdict:
            raise RefusedError(f"the adjoint equations are not proved: {verdict.method}")
        return Found("probable" if verdict.epsilon else "proved", False, verdict.epsilon)

    @cached_property
    def _verdict(self) -> Verdict:
        """Of all adjoint equations as they are shown."""
        if self._large:
            return self.content.proof.rows[0]
        return check_equations(self.d, self.d.equations[len(self.d.forward) :])


def weakest(found: Sequence[Found]) -> Found:
    """The weakest step; numbers beside letters are told, but do not make a proof weaker."""
    letters = [f for f in found if not f.numbers] or found
    worst = max(letters, key=lambda f: (STRENGTH.index(f.method), f.epsilon))
    return replace(worst, numbers=any(f.numbers for f in found))


#: The section at whose end the table of all equations stands.
LAST = "verified"


def examined(document: Document, content: Content, text: Catalogue) -> Document:
    """The document with every display numbered and with its evidence, and the table of them in its last section.

    Raises:
        RefusedError: an equality failed or could not be examined; the message names the display.
    """
    examiner = Examiner(content, text)
    numbered = _Numberer(examiner, text)
    sections = tuple(map(numbered.section, document.sections))
    repeated = [name for name, count in Counter(numbered.ids).items() if count > 1]
    if repeated:
        raise RefusedError(f"display {repeated[0]}: it stands twice in the document; an id names one equation")
    for part in (document.title, document.lead):
        numbered.check(part, "title")
    _check_states(document, examiner)
    whole = replace(document, sections=sections)
    table = evidence_table(whole, text)
    return replace(whole, sections=tuple(_appended(s, table) if s.id == LAST else s for s in sections))


class _Numberer:
    """Walks through sections, numbering what it meets."""

    def __init__(self, examiner: Examiner, text: Catalogue) -> None:
        self._examiner, self._text = examiner, text
        self.ids: list[str] = []

    def section(self, section: Section) -> Section:
        blocks = tuple(self._block(block, section.id) for block in section.blocks)
        return replace(section, blocks=blocks, sections=tuple(map(self.section, section.sections)))

    def _block(self, block: Block, where: str) -> Block:
        if not isinstance(block, Display):
            self.check(block, f"section {where}")
            return block
        self.ids.append(block.id)
        try:
            found = self._examiner.examine(block.formula)
        except SymcnnError as error:
            raise RefusedError(f"display {block.id} ({len(self.ids)}): {error}") from error
        return replace(block, number=len(self.ids), evidence=_evidence(found, self._text))

    def check(self, part: object, where: str) -> None:
        """The numbers in running text and tables, and equalities that stand there."""
        try:
            self._examiner.check_keys(part)
            for node in nodes(part):
                if isinstance(node, InlineFormula) and isinstance(node.node, (tree.Equality, tree.Update)):
                    self._examiner.examine(node.node)
        except SymcnnError as error:
            raise RefusedError(f"{where}: {error}") from error


def _check_states(document: Document, examiner: Examiner) -> None:
    """At the step that is printed, what a slider looks up is what stands there."""
    if document.states is None:
        return
    at = document.states.steps.index(document.states.shown)
    try:
        for key, values in document.states.values.items():
            examiner.check_keys(tree.Number(values[at], None, key))
    except SymcnnError as error:
        raise RefusedError(f"states: {error}") from error


def _evidence(found: Found, text: Catalogue) -> Evidence:
    """The method, and its name in the reader's language."""
    detail = text(f"evidence.{found.words or found.method}", points=POINTS, digits=DIGITS)
    if found.numbers and found.method not in ("computed", "read"):
        detail = text("evidence.with_numbers", method=detail)
    return Evidence(found.method, detail)


def evidence_table(document: Document, text: Catalogue) -> Table:
    """How the equations were examined: method, count, their numbers."""
    displays = [d for d in document.displays() if d.evidence is not None]
    groups: dict[tuple[str, str], list[Display]] = {}
    for display in displays:
        assert display.evidence is not None
        groups.setdefault((display.evidence.method, display.evidence.detail), []).append(display)
    ordered = sorted(groups.items(), key=lambda item: STRENGTH.index(item[0][0]))
    rows: list[tuple[Text, ...]] = [
        ((detail,), (str(len(found)),), tuple(_runs(found))) for (_, detail), found in ordered
    ]
    rows.append(((text("evidence.unproved"),), (str(sum(d.evidence is None for d in document.displays())),), ()))
    head = ((text("evidence.method"),), (text("evidence.count"),), (text("evidence.equations"),))
    return Table(head, tuple(rows), (text("evidence.caption", count=len(displays)),), numeric=(1,))


def _runs(displays: list[Display]) -> Iterator[str | Link]:
    """(1)–(13), (20)"""
    for n, (_, run) in enumerate(groupby(enumerate(displays), lambda pair: pair[1].number - pair[0])):
        found = [display for _, display in run]
        yield from ((", ",) if n else ())
        yield Link(found[0].id)
        if len(found) > 1:
            yield from ("–" if len(found) > 2 else ", ", Link(found[-1].id))


def _appended(section: Section, table: Table) -> Section:
    return replace(section, blocks=(*section.blocks, table))


__all__ = ["RefusedError", "evidence_table", "examined"]
