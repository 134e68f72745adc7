"""One formula of a report examined: what it says is decided, number by number and step by step, or it is refused."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sympy import Expr, Rational, S, Symbol

from symcnn.derivation import Variable, Verdict, instance
from symcnn.derivation.identities import DIGITS, POINTS, Decision, Identities
from symcnn.derivation.paths import Quantities
from symcnn.errors import SymcnnError
from symcnn.formula import Plain, Typography, tree
from symcnn.formula.meaning import Group, Meaning, Value
from symcnn.formula.steps import bare, broken_chain, derived, nodes, same_terms
from symcnn.formula.tree import Node
from symcnn.formula.written import MeaningError, Written, letters_in
from symcnn.report import stated
from symcnn.report.content import Content
from symcnn.report.document import Method
from symcnn.report.values import Values, close
from symcnn.symbolic import Equation
from symcnn.text import Catalogue
from symcnn.verification import check_equations


class RefusedError(SymcnnError):
    """An equality failed, or could not be examined: a report that shows it is not printed."""


#: From the strongest: an equation is as good as its weakest step.
STRENGTH: tuple[Method, ...] = ("definition", "read", "rule", "proved", "probable", "agrees", "computed")

#: The learning rate is a letter without a quantity.
_RATE = frozenset({"η"})

#: Images that are tried where a display with numbers does not say whose they are.
MAX_TRIED = 4


@dataclass(frozen=True)
class Found:
    """How an equality was examined: the method, whether numbers were checked too, the error probability."""

    method: Method
    numbers: bool = False
    epsilon: float = 0.0


class Examiner:
    """Examines the formulas of one content."""

    def __init__(self, content: Content, text: Catalogue) -> None:
        self.content, self.d, self._text = content, content.derivation, text
        words = text.words("word")
        self._typographies = [Typography(self.d.scalars, words, total) for total in ("total", "")]
        self._plain = Plain(text.decimal)
        count = 0 if content.data is None else len(content.data.images)
        labels = {text("label.image", number=n): n for n in range(1, count + 1)}
        known = content.data.labels if content.data else None
        names = text.image_labels(None if known is None else list(map(str, known)), count)
        labels |= {name: n for n, name in enumerate(names, 1)}
        # of very many images two show that they are added
        self._images = tuple(range(1, (count if 0 < count <= MAX_TRIED else 2) + 1))
        self._meaning = Meaning(self.d, Written(self.d.scalars, words), labels, len(self._images), free=_RATE)
        self.values = None if content.large or content.run is None else Values(content)

    def examine(self, formula: Node) -> Found:
        """How a display holds.

        Raises:
            SymcnnError: it does not, or it cannot be examined.
        """
        self.check_numbers(formula)
        if isinstance(formula, tree.Update):
            return self._update(formula)
        if isinstance(formula, tree.Relation) and formula.sign == "+=":
            return self._printed(formula)
        if not isinstance(formula, tree.Equality):
            raise MeaningError(f"{self._plain.emit(formula)}: it says nothing that could be examined")
        members = [m for m in formula.members if not isinstance(m, tree.Word)]
        if len(members) < 2:
            raise MeaningError(f"{self._plain.emit(formula)}: only one side")
        for a, b in zip(members, members[1:], strict=False):
            if a == b:
                raise MeaningError(f"{self._plain.emit(a)}: the same on both sides, which says nothing")
        return self._equality(members)

    def check_numbers(self, thing: object) -> None:
        """Every number with a key is the value that the key stands for."""
        for number in (n for n in nodes(thing) if isinstance(n, tree.Number) and n.key):
            wanted = self.values.at_key(number.key) if self.values else None
            if wanted is not None and not close(wanted, number.value):
                raise RefusedError(f"{number.key} is shown as {number.value!r}; it is {wanted!r}")

    # --- which kind of equality -------------------------------------------------------------------------------------

    def _equality(self, members: Sequence[Node]) -> Found:
        symbols = {s for m in members for s in nodes(m) if isinstance(s, tree.Symbol)}
        plain = tuple(map(bare, members))
        if tree.DOTS in symbols or self.content.large and any(not letters_in(s) for s in symbols if s.letter != "E"):
            return self._printed(tree.Equality(plain)) if not self._free(symbols) else self._rule(plain, symbols)
        if any(isinstance(n, tree.Over) for m in members for n in nodes(m)) or any(map(letters_in, symbols)):
            return self._rule(plain, symbols) if stated.is_chain_rule(tree.Equality(plain)) else self._indexed(plain)
        if self._free(symbols):
            return self._rule(plain, symbols)
        return self._claims(members, plain)

    def _free(self, symbols: Iterable[tree.Symbol]) -> set[str]:
        """Letters that stand for any quantity: u, v, z."""
        found = set()
        for s in symbols:
            if s.indices or s.word or s.letter in ("E", "η", "…") or not s.letter.islower():
                continue
            try:
                self._meaning.written.tensor(s)
            except MeaningError:
                found.add(s.letter)
        return found

    # --- quantities -------------------------------------------------------------------------------------------------

    def _claims(self, members: Sequence[Node], plain: Sequence[Node]) -> Found:
        """An equality between quantities of the network, or numbers."""
        labelled = any(
            isinstance(n, tree.Labelled) or (isinstance(n, tree.Call) and n.function == "Σ") or self._of_an_image(n)
            for m in members
            for n in nodes(m)
        )
        self._one_error(plain, labelled)
        self._steps(plain)
        symbolic = [not any(_is_shown(n) for n in nodes(m)) for m in plain]
        meaning = replace(self._meaning, total=True) if labelled else self._meaning
        found, numeric = [], any(_is_shown(n) for m in members for n in nodes(m))
        for (a, exact), (b, also) in zip(zip(plain, symbolic), list(zip(plain, symbolic))[1:]):
            if exact and also:
                found.append(self._pair(a, b, meaning))
        if numeric or len(found) < len(plain) - 1:
            self._numbers(members, plain, labelled)
            found.append(Found("read" if self._is_read(plain) else "computed", True))
        return _weakest(found)

    def _of_an_image(self, node: object) -> bool:
        return isinstance(node, tree.Symbol) and node.letter == "E" and node.word in self._meaning.labels

    def _one_error(self, plain: Sequence[Node], labelled: bool) -> None:
        """E and E_total side by side, without a word which image is meant, would be two readings in one display."""
        words = {
            s.word for m in plain for s in nodes(m) if isinstance(s, tree.Symbol) and s.letter == "E" and not s.indices
        }
        if len(words) > 1 and not labelled:
            raise MeaningError("E and E_total in one equality: which image is meant?")

    def _steps(self, plain: Sequence[Node]) -> None:
        """What value alone cannot see."""
        chain = broken_chain(plain)
        if chain:
            raise MeaningError(chain)
        for a, b in zip(plain, plain[1:], strict=False):
            one, other = derived(a), derived(b)
            if one and other and len(one[0]) + len(other[0]) > 2 or (one and other and one[1] != other[1]):
                assert one is not None
                assert other is not None
                if one[1] != other[1]:
                    raise MeaningError(f"{self._plain.emit(b)}: differentiated by another quantity than before")
                sums = [tree.Sum(of) if len(of) > 1 else of[0] for of in (one[0], other[0])]
                self._holds(*sums, self._meaning)
            for term, result in same_terms(a, b):
                if term != result:
                    self._holds(term, result, self._meaning)

    def _pair(self, a: Node, b: Node, meaning: Meaning) -> Found:
        left, right = meaning.of(a), meaning.of(b)
        found = self._decided(a, b, left, right, meaning)
        if found.method == "proved" and self._defines(a, b):
            return replace(found, method="definition")
        return found

    def _holds(self, a: Node, b: Node, meaning: Meaning) -> Found:
        return self._decided(a, b, meaning.of(a), meaning.of(b), meaning)

    def _decided(self, a: Node, b: Node, left: Value, right: Value, meaning: Meaning) -> Found:
        """Entry by entry; the weakest."""
        identities = self._total if meaning.total else self._one
        found = []
        for one, other in _entries(left, right, tree.Equality((a, b))):
            decision = identities.decide(one, other)
            if decision.status in ("refuted", "unknown"):
                decision = self._with_data(one, other, meaning) or decision
            if decision.status in ("refuted", "unknown"):
                reason = f" ({decision.reason})" if decision.reason else ""
                word = "is not" if decision.status == "refuted" else "could not be decided to be"
                raise RefusedError(f"{self._plain.emit(a)} {word} {self._plain.emit(b)}{reason}")
            found.append(Found(_METHODS[decision.status], False, decision.epsilon))
        return _weakest(found)

    def _with_data(self, left: Expr, right: Expr, meaning: Meaning) -> Decision | None:
        """Equal when the pixels of an image are put in?"""
        if self.values is None or meaning.total or not (left - right).atoms(Rational):
            return None
        for data in self.values.data[:MAX_TRIED]:
            given = {Symbol(name): Rational(value) for name, value in data.items()}
            decision = self._one.decide(left.xreplace(given), right.xreplace(given))
            if decision.status in ("proved", "probable"):
                return decision
        return None

    def _defines(self, a: Node, b: Node) -> bool:
        """Is it what the network states: a quantity's own equation, E_total the sum, a group its entries?"""
        if not isinstance(a, tree.Symbol):
            return False
        if isinstance(b, tree.Matrix) or a.letter == "E":
            return True
        name = str(self._meaning.scalar(a)) if not isinstance(self._meaning.of(a), Group) else ""
        return name in self.d.graph.forward and self._meaning.of(b) == self.d.graph.forward[name].expression

    @cached_property
    def _one(self) -> Identities:
        return Identities(self.d)

    @cached_property
    def _total(self) -> Identities:
        return Identities(self.d, self._images)

    # --- numbers ----------------------------------------------------------------------------------------------------

    def _numbers(self, members: Sequence[Node], plain: Sequence[Node], labelled: bool) -> None:
        """All members have one value, and every number stands under what it is the value of."""
        if not any(isinstance(n, tree.Symbol) for m in plain for n in nodes(m)):
            return self._arithmetic(plain)
        if self.values is None:
            raise MeaningError("numbers without a pass that they could come from")
        images = {int(n.key.rpartition("_image")[2]) for m in members for n in nodes(m)
                  if isinstance(n, tree.Number) and n.key.rpartition("_image")[2].isdigit()}  # fmt: skip
        named = images if len(images) == 1 else ({0} if labelled else set(self._images[: self.values.images]))
        refused: SymcnnError | None = None
        for image in sorted(named):
            try:
                return self._numbers_of(members, plain, replace(self._meaning, total=True, image=image))
            except SymcnnError as error:
                refused = refused or error
        assert refused is not None
        raise refused

    def _numbers_of(self, members: Sequence[Node], plain: Sequence[Node], meaning: Meaning) -> None:
        for member in members:
            self._beneath(member, meaning)
        for a, b in zip(plain, plain[1:], strict=False):
            self._close(a, b, meaning.of(a), meaning.of(b))
            self._aligned(a, b, meaning)

    def _beneath(self, node: Node, meaning: Meaning) -> None:
        """Each number under a factor is its value."""
        if isinstance(node, tree.Labelled):
            return self._beneath(node.node, replace(meaning, image=meaning.labels.get(node.word, 0)))
        if isinstance(node, tree.Under):
            self._close(node.node, node.number, meaning.of(bare(node.node)), meaning.of(node.number))
        for part in vars(node).values():
            for inner in part if isinstance(part, tuple) else (part,):
                if isinstance(inner, tuple):
                    for entry in inner:
                        self._beneath(entry, meaning)
                elif hasattr(inner, "__dataclass_fields__"):
                    self._beneath(inner, meaning)
        return None

    def _aligned(self, a: Node, b: Node, meaning: Meaning) -> None:
        """Formulas of one shape, in letters and in numbers: number by number, also where a 0 hides one."""
        if isinstance(b, tree.Number) and not isinstance(a, tree.Number):
            self._close(a, b, meaning.of(a), meaning.of(b))
        elif type(a) is type(b) and _shape(a) == _shape(b):
            inner = replace(meaning, image=meaning.labels[a.word]) if isinstance(a, tree.Labelled) else meaning
            for one, other in zip(_parts(a), _parts(b), strict=True):
                self._aligned(one, other, inner)

    def _close(self, a: Node, b: Node, left: Value, right: Value) -> None:
        assert self.values is not None
        for one, other in _entries(left, right, tree.Equality((a, b))):
            values = self.values.of(one), self.values.of(other)
            if not close(*values):
                raise RefusedError(
                    f"{self._plain.emit(a)} is {values[0]:.10g}; {self._plain.emit(b)} gives {values[1]:.10g}"
                )

    def _arithmetic(self, plain: Sequence[Node]) -> None:
        """Numbers that follow from shown ones."""
        for a, b in zip(plain, plain[1:], strict=False):
            for one, other in _entries(self._meaning.of(a), self._meaning.of(b), tree.Equality((a, b))):
                values = float(one.evalf()), float(other.evalf())
                if not close(*values):
                    raise RefusedError(
                        f"{self._plain.emit(a)} is {values[0]:.10g}; {self._plain.emit(b)} gives {values[1]:.10g}"
                    )

    def _is_read(self, plain: Sequence[Node]) -> bool:
        """Only pixels, targets and first parameters, with their numbers."""
        symbols = [s for m in plain for s in nodes(m) if isinstance(s, tree.Symbol)]
        kinds = all(
            isinstance(n, (tree.Symbol, tree.Number, tree.Matrix, tree.Labelled)) for m in plain for n in nodes(m)
        )
        given = ("image", "target", "parameter")
        return kinds and bool(symbols) and all(s.letter != "E" and self._role(s) in given for s in symbols)

    def _role(self, symbol: tree.Symbol) -> str:
        return (self._meaning.written.group(symbol) or self._meaning.written.tensor(symbol)).role

    # --- rules, index notation, what is printed from an equation ------------------------------------------------------

    def _update(self, node: tree.Update) -> Found:
        name = self._meaning.scalar(node.name)
        if str(name) not in self.d.network.parameters:
            raise MeaningError(f"{self._plain.emit(node.name)}: not a parameter")
        error = self._typographies[0].error
        self._holds(node.slope, tree.Partial(error, node.name), self._meaning)
        return Found("definition")

    def _rule(self, plain: Sequence[Node], symbols: Iterable[tree.Symbol]) -> Found:
        if stated.is_chain_rule(tree.Equality(tuple(plain))):
            if not self.content.large and not stated.chain_rule_holds(self.d, self._quantities):
                raise RefusedError("the chain rule does not hold")
            return Found("rule")
        free = self._free(symbols)
        if len(free) != 1:
            raise MeaningError(f"{', '.join(sorted(free))}: letters that nothing is known of")
        [letter] = free
        meaning = replace(self._meaning, free=_RATE | free)
        for a, b in zip(plain, plain[1:], strict=False):
            if not stated.same_function(meaning.scalar(a), meaning.scalar(b), letter):
                raise RefusedError(f"{self._plain.emit(a)} is not {self._plain.emit(b)}")
        return Found("rule" if derived(plain[0]) else "definition")

    @cached_property
    def _quantities(self) -> Quantities:
        """Of the image at hand, in the algebra that decides."""
        return self._one.quantities

    def _indexed(self, plain: Sequence[Node]) -> Found:
        """Index notation: at every point of the letters; or the very equation that the network states."""
        equality = tree.Equality(tuple(plain))
        if self._matching(equality) is not None:
            return self._printed(equality)
        if self.content.large:
            raise MeaningError(f"{self._plain.emit(equality)}: not an equation of this network")
        sizes = self._sizes(plain)
        bound = {letter for m in plain for n in nodes(m) if isinstance(n, tree.Over) for letter in n.letters}
        free = sorted(set(sizes) - bound)
        found = []
        for point in _points(free, sizes):
            meaning = replace(self._meaning, sizes=sizes, point=point)
            for a, b in zip(plain, plain[1:], strict=False):
                found.append(self._holds(a, b, meaning))
        return _weakest(found)

    def _sizes(self, plain: Sequence[Node]) -> dict[str, int]:
        """How far each index letter runs: as far as the dimension at which it stands alone."""
        sizes: dict[str, int] = {}
        for symbol in (s for m in plain for s in nodes(m) if isinstance(s, tree.Symbol)):
            texts = letters_in(symbol)
            shape = self._meaning.written.tensor(symbol).shape if texts else ()
            for letter, size in zip(texts, shape, strict=False):
                if len(letter) == 1 and sizes.setdefault(letter, size) != size:
                    raise MeaningError(f"{letter}: it runs to {sizes[letter]} and to {size}")
        return sizes

    def _printed(self, formula: tree.Equality | tree.Relation) -> Found:
        """The print of an equation, or of one entry of it, which is proved as an equation."""
        equation = self._matching(formula) or self._instance(formula)
        if equation is None:
            raise RefusedError(f"{self._plain.emit(formula)}: not an equation of this network")
        if not equation.target.tensor.is_adjoint:
            return Found("definition")
        verdict = self._verdict
        if not verdict:
            raise RefusedError(f"the adjoint equations are not proved: {verdict.method}")
        return Found("proved" if verdict.status == "proved" else "probable", False, verdict.epsilon)

    def _matching(self, formula: tree.Equality | tree.Relation) -> Equation | None:
        for typography in self._typographies:
            for equation in self.d.equations:
                if typography.stated(equation) == formula:
                    return equation
        return None

    def _instance(self, formula: tree.Equality | tree.Relation) -> Equation | None:
        """An entry written out, as a print of its equation; in a long sum dots stand for the middle."""
        if not isinstance(formula, tree.Equality) or len(formula.members) != 2:
            return None
        left, right = formula.members
        symbol = left.by if isinstance(left, tree.Partial) else left
        if not isinstance(symbol, tree.Symbol):
            return None
        tensor, index = self._meaning.written.entry(symbol, {})
        wanted = tensor.adjoint() if isinstance(left, tree.Partial) else tensor
        [equation] = [e for e in self.d.equations if e.target.tensor == wanted] or [None]
        if equation is None or index is None:
            return None
        variable = instance(equation, index)
        for typography in self._typographies:
            if typography.name(variable.name) == left and any(
                right == shown for shown in _prints(typography, variable)
            ):
                return equation
        return None

    @cached_property
    def _verdict(self) -> Verdict:
        """Of all adjoint equations as they are shown."""
        if self.content.large:
            return self.content.proof.rows[0]
        return check_equations(self.d, self.d.equations[len(self.d.forward) :])


_METHODS: dict[str, Method] = {"proved": "proved", "probable": "probable", "agrees": "agrees"}


def _is_shown(node: object) -> bool:
    """A number rounded for display, or one that a key names."""
    return isinstance(node, tree.Number) and (node.digits is not None or bool(node.key))


def _entries(left: Value, right: Value, what: Node) -> Iterator[tuple[Expr, Expr]]:
    if isinstance(left, Group) and isinstance(right, Group):
        if left.shape != right.shape:
            raise RefusedError(f"{Plain().emit(what)}: {left.shape} entries on the left, {right.shape} on the right")
        yield from zip(left.entries, right.entries, strict=True)
        return
    pair = [v.entries[0] if isinstance(v, Group) and len(v.entries) == 1 else v for v in (left, right)]
    if any(isinstance(v, Group) for v in pair):
        raise RefusedError(f"{Plain().emit(what)}: a group on one side, a single quantity on the other")
    yield pair[0], pair[1]


def _weakest(found: Sequence[Found]) -> Found:
    """The weakest step; numbers beside letters are told, but do not make a proof weaker."""
    letters = [f for f in found if not f.numbers] or found
    worst = max(letters, key=lambda f: (STRENGTH.index(f.method), f.epsilon))
    return replace(worst, numbers=any(f.numbers for f in found))


def _parts(node: Node) -> list[Node]:
    found: list[Node] = []
    for part in vars(node).values():
        for inner in part if isinstance(part, tuple) else (part,):
            if isinstance(inner, tuple):
                found += inner
            elif hasattr(inner, "__dataclass_fields__"):
                found.append(inner)
    return found


def _shape(node: Node) -> tuple[object, ...]:
    """What makes two nodes alike, their parts aside."""
    own = tuple(v for v in vars(node).values() if isinstance(v, (str, int, float, type(None))))
    return () if isinstance(node, tree.Number) else (*own, len(_parts(node)))


def _points(letters: Sequence[str], sizes: dict[str, int]) -> Iterator[dict[str, int]]:
    from itertools import product

    for values in product(*(range(sizes[letter]) for letter in letters)):
        yield dict(zip(letters, values, strict=True))


def _prints(typography: Typography, variable: Variable) -> Iterator[Node]:
    for most in (None, *range(2, 64)):
        yield typography.right_side(variable, most)
