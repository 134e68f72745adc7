"""What every chapter needs: sentences, formulas of quantities, the numbers under them, displays with their ids.

Running text from the catalogue: a template's words, with formulas and links where its placeholders stand.

"{total} is *the sum*; `symcnn verify` says so"   ->   (InlineFormula(E_total), " is ", Emphasis("the sum"), …)
"""

import re
from collections.abc import Hashable, Iterable, Iterator
from functools import cached_property

from sympy import Expr

from symcnn.derivation import Variable, instance
from symcnn.formula import Typography, tree
from symcnn.formula.tree import Node
from symcnn.network import Network
from symcnn.report.content import Content
from symcnn.report.document import (
    Block,
    Code,
    Display,
    Emphasis,
    Figure,
    Inline,
    InlineFormula,
    Link,
    Note,
    Paragraph,
    Section,
    Text,
)
from symcnn.report.entries import MOST, ChosenEntry, choose, form
from symcnn.report.story.quantities import QuantityValues
from symcnn.symbolic import Equation, Index, Name, Quantity, Tensor, entries, quantity_of
from symcnn.text import Catalogue

#: What may be put in a template: a formula, something inline, words, a whole number, or running text.
Part = Node | Inline | int | Text

_MARKED = re.compile(r"\{(?P<name>\w+)\}|\*\*(?P<strong>.+?)\*\*|\*(?P<emphasis>.+?)\*|`(?P<code>.+?)`")


def sentence(text: Catalogue, key: str, **parts: Part) -> Text:
    """The catalogue's text with its parts put in.

    Raises:
        KeyError: the template asks for a part that is not given.
    """
    return joined(_split(text(key), {name: text.shown(name, part) for name, part in parts.items()}))


def joined(pieces: Iterable[Part]) -> Text:
    """Pieces one after the other as running text; neighbouring words become one."""
    found: list[Inline] = []
    for piece in (inline for given in pieces for inline in _inlines(given)):
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        elif piece != "":
            found.append(piece)
    return tuple(found)


def listed(items: Iterable[Part], separator: str = ", ") -> Text:
    """Items with a separator between them."""
    pieces: list[Part] = []
    for item in items:
        pieces += [separator, item] if pieces else [item]
    return joined(pieces)


def capitalized(words: Text) -> Text:
    """The same with a capital letter in front, where it starts with a word."""
    first, *rest = words
    return (first[:1].upper() + first[1:], *rest) if isinstance(first, str) else words


def _split(template: str, parts: dict[str, Part]) -> Iterator[Part]:
    end = 0
    for found in _MARKED.finditer(template):
        yield template[end : found.start()]
        end = found.end()
        if found["name"]:
            yield parts[found["name"]]
        elif found["code"]:
            yield Code(found["code"])
        else:
            yield Emphasis(found["strong"] or found["emphasis"], bool(found["strong"]))
    yield template[end:]


def _inlines(part: Part) -> tuple[Inline, ...]:
    if isinstance(part, int):
        return (str(part),)
    if isinstance(part, str | Emphasis | Code | Link | InlineFormula):
        return (part,)
    return part if isinstance(part, tuple) else (InlineFormula(part),)


#: Significant digits of the numbers shown.
DIGITS = 4

#: Entries of one tensor of parameters, or of values, that are written out; of a larger one an equation in index
#: notation and chosen entries. So many numbers a table or a matrix may have.
MAX_ENTRIES, MAX_VALUES = 36, 16

#: Products of a sum that are written out where nothing but the sum is shown.
MAX_TERMS = 12

#: Products of a sum that are ever written out; of more the first and the last are, fewer where they have numbers.
MAX_WRITTEN, MAX_SHORTENED, MAX_BESIDE_NUMBERS = 60, 8, 5

#: With more tensors, adjoints too, a large network's report says less of layers that are alike.
MANY_TENSORS = 48

#: Images that a sum or a table names one by one.
MAX_IMAGES = 4


class Teller:
    """One report's content and language.

    Attributes:
        typography: formulas with ∂E_total, as the article writes them.
        of_one: the same with ∂E, where the numbers of one image stand.
        quantities: the numbers; None where the report shows none of all images (no data, or too large a network).
        one_pass: of a large network the numbers of its first image, if any are shown.
    """

    def __init__(self, content: Content, text: Catalogue) -> None:
        self.content, self.text = content, text
        self.d = content.derivation
        self.network: Network = self.d.network
        words = text.words("word")
        self.typography = Typography(self.d.quantities, words)
        self.of_one = Typography(self.d.quantities, words, total="")
        self.quantities = None if content.large or content.run is None else self._quantities()
        self.one_pass = content.one_pass
        self._said, self._forms = set[Block](), dict[Hashable, Tensor]()

    def _quantities(self) -> QuantityValues:
        run = self.content.run
        assert run is not None
        assert self.content.data is not None
        rate = run.learning_rate * (1 if run.reduction == "sum" else 1 / self.images)
        return QuantityValues(self.d, self.content.data, run.initial, rate)

    # --- words ------------------------------------------------------------------------------------------------------

    def say(self, key: str, **parts: Part) -> Text:
        """The catalogue's text with its parts put in; the letters that every sentence may use are always there."""
        return sentence(self.text, key, **{**self._letters, **parts})

    @cached_property
    def _letters(self) -> dict[str, Part]:
        error, one = self.typography.error, tree.Symbol("E")
        letters = {x: tree.Symbol(x) for x in "EIFXuv"}
        derivatives = {"dF": tree.Partial(error, letters["F"]), "dX": tree.Partial(error, letters["X"])}
        first = tree.Partial(one, self.typography.name(self.network.parameters[0]))
        return {**letters, **derivatives, "total": error, "eta": tree.Symbol("η"), "derivative": first}

    def paragraph(self, key: str, **parts: Part) -> Paragraph:
        return Paragraph(self.say(key, **parts))

    def note(self, name: str, **parts: Part) -> Note:
        """The answer to a question that readers have at this place."""
        return Note(self.text(f"note.{name}_title"), self.say(f"note.{name}", **parts))

    def once(self, *blocks: Block) -> list[Block]:
        """What a large network's report says once, where a smaller one's says it of every layer."""
        kept = [b for b in blocks if not (self.content.large and b in self._said)]
        self._said.update(kept)
        return kept

    def section(self, name: str, title: Text, blocks: Iterable[Block], *inner: Section | None) -> Section:
        return Section(name, capitalized(title), tuple(blocks), tuple(s for s in inner if s is not None))

    def kind(self, tensor: Tensor) -> Text:
        """What a tensor is, in words and letters."""
        letter = tensor.kind.value
        source, target = (tree.Symbol(t.letters if t else "") for t in (tensor.source, tensor.target))
        words = self.say(f"kind.{letter}", source=source, target=target)
        further = tensor.target is None and tensor.name != letter  # xb beside x
        return (*words, " ", InlineFormula(tree.Symbol(tensor.name))) if further else words

    @cached_property
    def image_labels(self) -> list[str]:
        """What each image is called."""
        labels = self.content.data.labels if self.content.data else None
        return self.text.image_labels(None if labels is None else list(map(str, labels)), self.images)

    def label(self, image: int) -> str:
        """The short name of an image, at the foot of a formula."""
        return self.text("label.image", number=image)

    # --- quantities -------------------------------------------------------------------------------------------------

    @property
    def counts(self) -> tuple[int, int]:
        """How many parameters there are, and how many cells of feature maps."""
        stated = self.network.forward
        return sum(p.size for p in stated.parameters), sum(x.size for x in stated.feature_maps)

    @property
    def images(self) -> int:
        return 0 if self.content.data is None else len(self.content.data.images)

    @property
    def shown_images(self) -> range:
        """The images that are shown."""
        return range(1, min(self.images, MAX_IMAGES) + 1)

    @property
    def named_images(self) -> range:
        """The images that are told one by one: none where there are too many, or no numbers."""
        return range(1, self.images + 1 if self.quantities and self.images <= MAX_IMAGES else 1)

    def symbol(self, quantity: Quantity) -> InlineFormula:
        """A quantity in running text or a cell."""
        return InlineFormula(self.typography.name(quantity))

    def first(self, tensor: Tensor) -> InlineFormula:
        """The first entry of a tensor."""
        return self.symbol(next(entries(tensor)))

    @property
    def has_numbers(self) -> bool:
        """Do numbers stand under the factors?"""
        return self.quantities is not None or self.one_pass is not None

    def number(self, key: tree.Key) -> tree.Number:
        values = self.one_pass if self.quantities is None else self.quantities.values
        assert values is not None
        return tree.Number(values[key], DIGITS, key)

    def shown(self, value: float) -> InlineFormula:
        """A number that belongs to no step."""
        return InlineFormula(tree.Number(value, DIGITS))

    def under(self, node: Node, key: tree.Key) -> Node:
        """A factor with its number under it, where there are numbers."""
        return tree.Under(node, self.number(key)) if self.has_numbers else node

    # --- variables --------------------------------------------------------------------------------------------------

    @cached_property
    def stated(self) -> dict[Tensor, Equation]:
        """Each tensor's equation in index notation, as it is shown."""
        return {e.target.tensor: e for e in self.d.equations}

    @property
    def is_long(self) -> bool:
        """Has a network so many layers that nobody reads the same of each?"""
        return len(self.stated) > MANY_TENSORS

    def most_entries(self, tensor: Tensor) -> int:
        """How many entries of a large network's tensor are written out; of many layers that are alike only one."""
        own = form(self.stated[tensor])
        repeated = self.is_long and self._forms.setdefault(own, tensor) != tensor
        return 1 if repeated else MOST

    def instance(self, tensor: Tensor, index: Index) -> Variable:
        """One entry, from the equation in index notation as it is shown."""
        return instance(self.stated[tensor], index)

    def in_index_notation(self, tensor: Tensor) -> Node:
        return self.typography.equation_in_indices(self.stated[tensor])

    def is_whole(self, tensor: Tensor) -> bool:
        """Are all of its entries written out?"""
        return tensor.size <= (MAX_ENTRIES if tensor.role == "parameter" else MAX_VALUES)

    def entries(self, tensor: Tensor) -> list[Index]:
        """The entries that are written out: all, or the first, one from the middle and the last."""
        if self.is_whole(tensor) or tensor.size <= 2:
            return list(tensor.indices())
        ends = (tuple(0 for _ in tensor.shape), tuple(n // 2 for n in tensor.shape), tuple(n - 1 for n in tensor.shape))
        return list(dict.fromkeys(ends))

    # --- displays ---------------------------------------------------------------------------------------------------

    def display(self, about: tree.Key | str, *members: Node) -> Display:
        """left = … = right; a member that says the same as the one before it is left out.

        Args:
            about: what its id is made of.
        """
        kept = [m for n, m in enumerate(members) if n == 0 or m != members[n - 1]]
        return Display(str(about), tree.Equality(tuple(kept)))

    def beneath(self, image: int = 1, total: str = "total") -> Typography:
        """Formulas with the numbers of an image under every quantity."""
        return Beneath(self, image, total) if self.has_numbers else (self.typography if total else self.of_one)

    def result(self, key: tree.Key) -> tuple[Node, ...]:
        """The last member of a display: the number, where there are numbers."""
        return (self.number(key),) if self.has_numbers else ()


def shortened(t: Teller, variable: Variable) -> Display:
    """One entry as its equation in index notation gives it, with dots in a long sum; no numbers."""
    stated = t.instance(variable.tensor, variable.index)
    left = t.typography.name(stated.quantity)
    return t.display(stated.quantity, left, t.typography.right_side(stated, MAX_SHORTENED))


def chosen_entries(t: Teller, tensor: Tensor, picture: Figure | None = None) -> Iterator[Block]:
    """A tensor of a large network: its equation in index notation, a picture, then chosen entries and why those."""
    chosen = choose(t.stated[tensor], t.one_pass, t.most_entries(tensor))
    yield from indexed(t, tensor, len(chosen))
    if picture is not None:
        yield picture
    for entry in chosen:
        if entry.reasons != ("only",):
            yield Paragraph(_why(t, tensor, entry))
        yield worked(t, t.instance(tensor, entry.index))


def _why(t: Teller, tensor: Tensor, entry: ChosenEntry) -> Text:
    """Which entry it is, why it was chosen, and how many terms it has."""
    quantity, is_maximum = quantity_of(tensor, entry.index), t.stated[tensor].reduce == "max"
    typography = t.of_one if t.one_pass and quantity.tensor.is_shared else t.typography
    reasons = listed([t.say(f"entry.{reason}") for reason in entry.reasons])
    if entry.terms < entry.whole:
        key = "max_inside" if is_maximum else "sum_inside"
    else:
        key = "alone" if is_maximum or entry.terms == 1 else "sum"
    parts: dict[str, Part] = {"count": entry.terms, "whole": entry.whole} if key != "alone" else {}
    return t.say(f"entry.{key}", entry=typography.name(quantity), reasons=reasons, **parts)


def worked(t: Teller, variable: Variable) -> Display:
    """One entry as its equation gives it, the numbers of the pass under it, and its value."""
    quantity = variable.quantity
    if not t.one_pass:
        return shortened(t, variable)
    total = "" if quantity.is_adjoint and quantity.tensor.is_shared else "total"
    left = (t.typography if total else t.of_one).name(quantity)
    right = t.beneath(total=total).right_side(variable, MAX_BESIDE_NUMBERS)
    return t.display(quantity, left, right, t.number(quantity.of_image(t.one_pass.image)))


class Beneath(Typography):
    """The same formulas with a number under every quantity."""

    def __init__(self, teller: Teller, image: int, total: str) -> None:
        super().__init__(teller.d.quantities, teller.text.words("word"), total)
        self._teller, self._image = teller, image
        self._bare = teller.typography if total else teller.of_one

    def name(self, name: Name, differentiated: bool = False) -> Node:
        quantity = self.quantities.of(name).of_image(self._image)
        return self._teller.under(self._bare.name(quantity, differentiated), quantity)

    def with_value(self, node: Node, e: Expr, of: Quantity, by: Quantity) -> Node:
        """A derivative ∂of/∂by with its value under it: that of an expression."""
        quantities = self._teller.quantities
        assert quantities is not None  # a large network's formulas have no derivatives but ∂E/∂·
        if e.is_Symbol:
            return self._teller.under(node, self.quantities.of(e).of_image(self._image))
        if e.is_Number:
            return tree.Under(node, tree.Number(float(e), None if e.is_Integer else DIGITS))
        key = tree.LocalDerivative(of, by, self._image)
        quantities.also(key, e)
        return self._teller.under(node, key)


def indexed(t: Teller, tensor: Tensor, written: int) -> Iterator[Block]:
    """What stands before so many written-out entries: the equation of all of them."""
    if written < tensor.size:
        yield t.paragraph("story.some_entries", count=tensor.size)
    yield index_display(t, tensor)


def index_display(t: Teller, tensor: Tensor) -> Display:
    """A tensor's equation in index notation."""
    return Display(f"{tensor.name}_indexed", t.in_index_notation(tensor))
