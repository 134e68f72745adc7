"""What a text's symbols mean in a network: definitions put in, index letters run through, images told apart, values."""

import difflib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property, partial
from itertools import islice, pairwise, product

from sympy import Expr, Rational, Symbol

from symcnn.audit.binding import Binding
from symcnn.audit.numbers import NoNumberError, block, exactly_equal, is_numeric
from symcnn.audit.remembered import IMAGE, Remembered
from symcnn.audit.rules import Rules
from symcnn.derivation import Derivation
from symcnn.errors import InputError
from symcnn.formula import tree
from symcnn.formula.matcher import points
from symcnn.formula.meaning import Budget, EntryGroup, Meaning, Value
from symcnn.formula.meaning import pairs as entry_pairs
from symcnn.formula.steps import degree, nodes, replaced
from symcnn.formula.tree import Node
from symcnn.formula.typography import Letters
from symcnn.formula.written import (
    MeaningError,
    OwnSymbol,
    Spelled,
    UnknownNameError,
    as_own,
    filled,
    letters_in,
    starred,
)
from symcnn.network import Data
from symcnn.proof.algebra import PointAlgebra
from symcnn.proof.numbers import INTERVALS, IntervalArray
from symcnn.proof.paths import SHARES, QuantityDomain, QuantityTable, images_in, inputs
from symcnn.proof.verdict import UndecidableError, Verdict, decide
from symcnn.symbolic import sigmoid
from symcnn.text import LANGUAGES, catalogue

#: Nodes and degree of a formula; points of free letters and terms of sums; images that are added.
MAX_SIZE, MAX_DEGREE, MAX_POINTS, MAX_IMAGES = 20_000, 500, 2_000, 4

#: How far a stated value may be from the known one: floating point only.
NEAR = Fraction(1, 10**9)

#: Ways to choose among the numbers that a text states.
MAX_STATED = 256

#: Whether a network's adjoint equations are right.
Check = Callable[[Derivation], object]


class Notation:
    """One text's notation over one network.

    Args:
        spelled: which symbol is which quantity.
        definitions: a symbol of the text -> what it stands for.
        values: name -> value, for steps in numbers.
        data: the samples that the text may speak of.
        check: decides whether the network's adjoint equations are right: what is the print of one is proved then.
    """

    def __init__(
        self, derivation: Derivation, spelled: Spelled, definitions: Mapping[tree.Symbol, Node] | None = None,
        values: Mapping[str, float] | None = None, data: Data | None = None, check: Check | None = None,
    ) -> None:  # fmt: skip
        self.derivation, self.spelled = derivation, spelled
        self.budget = Budget()
        self.meaning = Meaning(derivation, spelled, budget=self.budget)
        self.rules = Rules(self)
        self.binding = Binding(self)
        #: Does the text itself say what σ is, where no network does?
        self.says_sigmoid = False
        self._values = dict(values or {})
        self._data, self._check = data, check
        self.remembered = Remembered(spelled)
        #: Did a decision since this was last reset rest on targets that add to 1?
        self.assumes_shares = False
        self._decided: dict[tuple[Expr, Expr], Verdict] = {}
        self._domains: dict[int, QuantityDomain] = {}
        self._definitions: dict[tree.Symbol, Node] = {}
        self._put_in: dict[tree.Symbol, Node] = {}
        self._open: set[tree.Symbol] = set()
        #: The network's own spelling, without what the mapping says.
        self.own = Spelled(derivation.quantities)
        #: what may have a value: parameters, pixels and targets
        self._inputs = inputs(derivation)
        names = list(map(str, self._inputs))
        for name in self._values:
            if name not in names:
                near = difflib.get_close_matches(name, names, 1, 0.0)[0]
                raise InputError(f"values.{name}: expected a parameter, a pixel or a target of the network, as {near}")
        for symbol, node in (definitions or {}).items():
            found = self._quantity(node)
            if found is None:
                self._definitions[symbol] = node
            elif found != as_own(self.own.canonical(symbol)):  # else it says what the network says
                self._definitions[symbol] = found

    # --- symbols ----------------------------------------------------------------------------------------------------

    def _quantity(self, node: Node) -> OwnSymbol | None:
        """The network's own quantity that a definition defines, where there is one."""
        try:
            value = self.meaning.scalar(self.resolved(node))
        except MeaningError:
            return None
        for variable in self.derivation.graph.forward.values():
            if self.decide(variable.quantity.symbol, value).status in ("proved", "probable"):
                found = Letters(self.derivation.quantities, catalogue("en").words("word")).name(variable.quantity)
                return OwnSymbol(found.letter, found.indices, found.word) if isinstance(found, tree.Symbol) else None
        return None

    def resolved(self, node: Node) -> Node:
        """A formula with what the text's notation says put in.

        Raises:
            MeaningError: it is too large then, or definitions rest on themselves.
        """
        found = replaced(node, self._put)
        size = sum(1 for _ in islice(nodes(found), MAX_SIZE + 1))
        if size > MAX_SIZE or degree(found) > MAX_DEGREE:
            raise MeaningError("too_large")
        return found

    def _put(self, symbol: tree.Symbol | tree.Word) -> Node:
        if isinstance(symbol, (tree.Word, OwnSymbol)):
            return symbol
        self._define(symbol)
        if symbol in self._definitions:
            if symbol in self._open:
                raise MeaningError("circular")
            if symbol not in self._put_in:
                self._open.add(symbol)
                try:
                    self._put_in[symbol] = self.resolved(self._definitions[symbol])
                finally:
                    self._open.discard(symbol)
            return self._put_in[symbol]
        known = self.spelled.canonical(symbol)
        return known if known.letter == "E" else symbol

    def _define(self, symbol: tree.Symbol) -> None:
        """Of \\delta_*: what δ_1 is, or δ_j."""
        for pattern, node in list(self._definitions.items()) if symbol not in self._definitions else ():
            if "*" not in pattern.indices or (pattern.letter, pattern.word) != (symbol.letter, symbol.word):
                continue
            stars = starred(pattern.indices, symbol.indices)
            if stars is not None:
                found = replaced(node, partial(_starred, stars))
                self._definitions[symbol] = self._quantity(found) or found
                return

    @cached_property
    def has_sigmoid(self) -> bool:
        """Does the network use it?"""
        return any(e.has(sigmoid) for e in (t.expression for t in self.derivation.graph.forward.values()))

    @property
    def defines_sigmoid(self) -> bool:
        """Is σ the sigmoid: of the network, or by the text's own line?"""
        return self.says_sigmoid or self.has_sigmoid

    def is_mapped(self, symbol: tree.Symbol) -> bool:
        """Does the mapping say what it stands for?"""
        self._define(symbol)
        return symbol in self._definitions or self.spelled.is_mapped(symbol)

    def is_updated(self, symbol: Node) -> bool:
        """Does the text give it another value somewhere?"""
        return isinstance(symbol, tree.Symbol) and self.spelled.canonical(symbol) in self.remembered.updated

    def is_redefined(self, symbol: tree.Symbol) -> bool:
        """Does it stand for another quantity than the network's of that name?"""
        own = self.own.canonical(symbol)
        if not self.own.is_known(own) and (symbol.letter != "E" or symbol.indices):
            return False
        said = self._definitions.get(symbol)
        return (said is not None and said != as_own(own)) or self.spelled.canonical(symbol) != own

    def canonical(self, node: Node) -> Node:
        """A formula in the typography's own spelling."""

        def put(part: tree.Symbol | tree.Word) -> Node:
            return self.spelled.canonical(part) if isinstance(part, tree.Symbol) else tree.Word(_own_word(part.text))

        return replaced(self.resolved(node), put)

    # --- meanings ---------------------------------------------------------------------------------------------------

    def meanings(self, members: Sequence[Node], start: int = 0) -> list[Meaning]:
        """The meaning at every point of the free letters; one where there are none.

        Args:
            start: from where index letters count, where limits of sums do not tell.

        Raises:
            MeaningError: too many points.
        """
        everything = list(nodes(tuple(members)))
        base = self._of_images(everything)
        overs = [n for n in everything if isinstance(n, tree.Over)]
        texts = [
            (s, letters_in(self.spelled.canonical(s)))
            for s in dict.fromkeys(n for n in everything if isinstance(n, tree.Symbol))
        ]
        if not overs and not any(t for _, t in texts):
            return [base]
        sizes, lone = self._sizes(texts)
        firsts = {n.first for n in overs if n.first is not None}
        start = 0 if 0 in firsts else 1 if firsts or lone else start
        free = sorted(set(sizes) - {letter for n in overs for letter in n.letters})
        count = 1
        for letter in free:
            count *= sizes[letter]
        for over in overs:
            count *= (over.last - over.first + 1) if over.first is not None and over.last is not None else 1
        if count > MAX_POINTS:
            raise MeaningError("points", count=count, most=MAX_POINTS)
        return [replace(base, sizes=sizes, point=point, base=start) for point in points(free, sizes, start)]

    def has_index_letters(self, members: Sequence[Node]) -> bool:
        """Is anything written in index notation?"""
        symbols = {n for n in nodes(tuple(members)) if isinstance(n, tree.Symbol)}
        return any(letters_in(self.spelled.canonical(s)) for s in symbols)

    def _sizes(self, texts: Sequence[tuple[tree.Symbol, list[str]]]) -> tuple[dict[str, int], bool]:
        """How far each index letter runs, and whether one counts cells row by row."""
        sizes: dict[str, int] = {}
        lone = False
        for symbol, found in texts:
            try:
                tensor = self.spelled.tensor(symbol) if found else None
            except UnknownNameError:
                continue
            if tensor is None:
                continue
            shape = tensor.shape
            if len(found) == 1 and len(shape) > 1:
                lone, shape = True, (tensor.size,)
            for letter, size in zip(found, shape, strict=False):
                if len(letter) == 1 and letter.isalpha():
                    sizes.setdefault(letter, size)
        return sizes, lone

    def _of_images(self, everything: Sequence[object]) -> Meaning:
        """Where images are named, E_total is the sum over them."""
        words = {n.word for n in everything if isinstance(n, tree.Labelled)}
        words |= {n.word for n in everything if isinstance(n, tree.Symbol) and n.letter == "E"}
        labels = {word: int(match[1]) for word in words if (match := IMAGE.fullmatch(word))}
        adds = any(isinstance(n, tree.Call) and n.function == "Σ" for n in everything)
        if not labels and not adds:
            return self.meaning
        most = max([*labels.values(), self._images if adds or any(map(is_total, everything)) else 1])
        if most > MAX_IMAGES:
            raise MeaningError("images", number=most, most=MAX_IMAGES)
        return replace(self.meaning, total=True, images=most, labels=labels)

    def over_images(self, node: Node, members: Sequence[Node]) -> Node | None:
        """Of E_total, or of its derivative, the sum over the images; None where no image is named beside it."""
        everything = list(nodes(tuple(members)))
        if self.meaning is self._of_images(everything) or not any(map(is_total, nodes(node))):
            return None
        terms = (
            replaced(node, lambda part, n=n: tree.Symbol("E", "", f"image {n}") if is_total(part) else part)  # type: ignore[misc]
            for n in range(1, self._images + 1)
        )
        return tree.Sum(tuple(terms))

    @cached_property
    def _images(self) -> int:
        """How many E_total adds: those of the data, or those that the text names; two, where neither tells."""
        stated = 0 if self._data is None else len(self._data.images)
        return max(2, self.remembered.images, stated if stated <= MAX_IMAGES else 0)

    def readings(self, members: Sequence[Node]) -> Iterator[str]:
        """Under which readings a chain is true."""
        everything = list(nodes(tuple(members)))
        symbols = {n for n in everything if isinstance(n, tree.Symbol)}
        one = self.meaning is self._of_images(everything)
        if one and any(s.letter == "E" and s.word for s in symbols):
            yield "one_image"
        bound = {letter for n in everything if isinstance(n, tree.Over) for letter in n.letters}
        if any(self._is_counted(s) for s in symbols):
            yield "counted"
        if any(set(letters_in(self.spelled.canonical(s))) - bound for s in symbols):
            yield "every"
        if any(not s.indices and self._group(s) for s in symbols):
            yield "groups"
        if self.assumes_shares:
            yield "shares"
        if any(map(self.is_redefined, symbols)):
            yield "mapped"
        try:
            if all(map(is_numeric, members)) and not all(exactly_equal(a, b) for a, b in pairwise(members)):
                yield "rounded"
        except NoNumberError:
            return

    def _is_counted(self, symbol: tree.Symbol) -> bool:
        try:
            shape = self.spelled.tensor(symbol).shape
        except MeaningError:
            return False
        symbol = self.spelled.canonical(symbol)
        letters = letters_in(symbol)
        return len(shape) > 1 and (len(letters) == 1 or (symbol.indices.isdigit() and len(symbol.indices) < len(shape)))

    def _group(self, symbol: tree.Symbol) -> bool:
        try:
            return self.spelled.group(symbol) is not None
        except MeaningError:
            return False

    @cached_property
    def adjoints_hold(self) -> bool:
        """Are the adjoint equations, as they would be printed, proved?"""
        return self._check is not None and bool(self._check(self.derivation))

    # --- decisions --------------------------------------------------------------------------------------------------

    def decide(self, left: Expr, right: Expr) -> Verdict:
        """Are two expressions equal, whatever the parameters and the pixels?"""
        if (left, right) not in self._decided:
            domain = self._over(max(images_in([left, right], self.derivation.quantities), default=0))
            verdict = domain.decide(left, right)
            if verdict.outcome == "wrong" and self.derivation.network.loss == "cross_entropy":
                verdict = domain.decide_where_shares(left, right) or verdict
            self._decided[left, right] = verdict
        self.assumes_shares |= self._decided[left, right].words == SHARES
        return self._decided[left, right]

    def _over(self, images: int) -> QuantityDomain:
        if images not in self._domains:
            self._domains[images] = QuantityDomain(self.derivation, tuple(range(1, images + 1)) or (0,))
        return self._domains[images]

    # --- values that are given --------------------------------------------------------------------------------------

    def is_given(self, node: Node) -> bool:
        """Nothing but pixels, targets and parameters?"""
        everything = list(nodes(node))
        symbols = [n for n in everything if isinstance(n, tree.Symbol)]
        if not symbols or not all(isinstance(n, (tree.Symbol, tree.Matrix, tree.Labelled)) for n in everything):
            return False
        try:
            return all(self.spelled.role(s) in ("image", "target", "parameter") for s in symbols)
        except MeaningError:
            return False

    def contradicts(self, symbols: Node, numbers: Node) -> str:
        """Which stated value is not the sample's, or not the mapping's; empty where none is, or where none is known."""
        match = IMAGE.fullmatch(symbols.word) if isinstance(symbols, tree.Labelled) else None
        known = dict(self._values)
        if match is not None and self._data is not None and 1 <= int(match[1]) <= len(self._data.images):
            known = self._sample(int(match[1]) - 1)
        if not known or isinstance(symbols, tree.Partial):
            return ""
        try:
            value = self.meaning.of(self.resolved(symbols.node if isinstance(symbols, tree.Labelled) else symbols))
            entries = value.entries if isinstance(value, EntryGroup) else (value,)
            stated = block(numbers, True).entries
        except (MeaningError, NoNumberError):
            return ""
        for entry, (low, high) in zip(entries, stated, strict=False):
            if str(entry) not in known:
                continue
            value = Fraction(known[str(entry)])
            near = IntervalArray(((low - NEAR, high + NEAR),))
            if not decide(IntervalArray(((value, value),)), near, INTERVALS):
                return f"{entry}: {known[str(entry)]:g}"
        return ""

    def _sample(self, number: int) -> dict[str, float]:
        assert self._data is not None
        stated = self.derivation.network.forward
        found = dict(zip(stated.image.scalars(), map(float, self._data.images[number].ravel()), strict=False))
        if stated.targets is not None and self._data.targets is not None and self._data.targets.ndim > 1:
            found |= dict(zip(stated.targets.scalars(), map(float, self._data.targets[number].ravel()), strict=False))
        return found

    def constant(self, values: Sequence[Value]) -> float | None:
        """A quantity that is one number whatever the parameters and the pixels; None: it is not."""
        return self._settled(values, {})

    def value(self, values: Sequence[Value]) -> float | None:
        """A quantity at the values that the text's notation gives; None where it rests on others too."""
        return self._settled(values, self._values)

    @property
    def knows_values(self) -> bool:
        """Does anything tell values, so that a number may be one of them?"""
        return bool(self._values) or self.remembered.has_numbers

    def hold_as_stated(self, members: Sequence[Node]) -> bool:
        """Are they equal where the pixels, targets and parameters have the numbers that the text states of them?"""
        known: dict[str, list[float]] = {name: [value] for name, value in self._values.items()}
        names = list(map(str, self._inputs))
        for symbol, number in self.remembered.stated():
            try:
                name, [(low, high)] = str(self.meaning.scalar(self.resolved(symbol))), block(number, True).entries
            except (MeaningError, NoNumberError, ValueError):
                continue
            if name in names and name not in self._values:
                known.setdefault(name, []).append(float((low + high) / 2))
        if not known:
            return False
        try:
            values = [self.meaning.of(self.resolved(m)) for m in members]
            differences = [a - b for one, other in pairwise(values) for a, b in entry_pairs(one, other, members[0])]
        except MeaningError:
            return False
        # a text that speaks of several images states several numbers of one pixel
        ways = (dict(zip(known, way, strict=True)) for way in islice(product(*known.values()), MAX_STATED))
        return any(all(self._vanishes(d, way) for d in differences) for way in ways)

    def _vanishes(self, difference: Expr, known: Mapping[str, float]) -> bool:
        found = self._settled((difference,), known)
        return found is not None and abs(found) < 1e-9

    def _settled(self, values: Sequence[Value], known: Mapping[str, float]) -> float | None:
        """The one number that a quantity is, wherever the quantities without a value stand."""
        if len(values) != 1 or isinstance(values[0], EntryGroup):
            return None
        found: float | None = None
        for seed in (7, 11, 13):
            point = {s: known.get(s.name, (seed * n % 19 - 9.5) / 10) for n, s in enumerate(self._inputs, 1)}
            number = self._number_at(values[0], point)
            if number is None or not math.isfinite(number):
                return None
            if found is not None and abs(found - number) > 1e-9 * max(1, abs(found)):
                return None
            found = number
        if found is None or known:
            return found
        exact = Rational(str(round(found, 12)))
        return float(exact) if self.decide(values[0], exact).status in ("proved", "probable") else None

    def _number_at(self, expression: Expr, point: Mapping[Symbol, float]) -> float | None:
        try:
            quantities = QuantityTable(self.derivation, PointAlgebra(dict(point)))
        except (UndecidableError, ArithmeticError):
            return None
        return number_of(expression, quantities)


def number_of(expression: Expr, quantities: QuantityTable) -> float | None:
    """The value of an expression; None where it has none."""
    try:
        [found] = quantities.elements(expression)
        return float(found)
    except (UndecidableError, ArithmeticError):
        return None


def is_total(node: object) -> bool:
    """E_total?"""
    return isinstance(node, tree.Symbol) and (node.letter, node.word) == ("E", "total")


def _starred(stars: tuple[str, ...], part: tree.Symbol | tree.Word) -> Node:
    """A symbol of a definition with what its stars stand for: o* with j is o(j)."""
    if isinstance(part, tree.Word) or "*" not in part.indices:
        return part
    return replace(part, indices=filled(part.indices, stars))


def _own_word(text: str) -> str:
    """A word of the typography in English, whichever language it is in."""
    own = catalogue("en").words("word")
    return next(
        (own[key] for lang in LANGUAGES for key, word in catalogue(lang).words("word").items() if word == text), text
    )
