"""A text audited: every display and every chain in it, with line, verdict and reason."""

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from symcnn.audit.assumptions import Assumption, Assumptions, Prose
from symcnn.audit.binding import LEARNING_RATE
from symcnn.audit.judge import ChainJudge
from symcnn.audit.mapping import Mapping, front_matter, mapping_from, mapping_in_front
from symcnn.audit.notation import Check, Notation
from symcnn.audit.numbers import is_numeric
from symcnn.audit.proposal import Proposal, Proposals
from symcnn.audit.style import Style
from symcnn.audit.tables import Rows, TableAudit, number, tables
from symcnn.audit.verdicts import Counterexample, Judged
from symcnn.derivation import Derivation, derive
from symcnn.errors import InputError, NotSupportedYetError
from symcnn.files import read_bytes
from symcnn.formula import tree
from symcnn.formula.meaning import SpentError
from symcnn.formula.reader import (
    Chain,
    FormulaReader,
    Fragment,
    Member,
    NotReadError,
    NumberTable,
    fragments,
    read_display,
)
from symcnn.formula.steps import nodes as nodes_of
from symcnn.formula.tree import Node
from symcnn.formula.written import Spelled
from symcnn.network import Activation, Data, Dense, Network

#: A text that a person wrote is smaller; so are its equations fewer.
MAX_BYTES, MAX_CHAINS = 4_000_000, 5_000

#: Formulas that are worked out at a point, for one text.
MAX_WORK = 2_000_000

#: Past so many seconds what is left is told as not read.
MAX_SECONDS = 60

#: What a table's rule is -> the reason where a cell is not what it gives.
_REASONS = {
    "given": "table_given", "products": "table_products", "window": "table_window", "mean": "table_mean",
    "sum": "table_sum", "map": "table_map", "begins": "table_begins",
}  # fmt: skip

_WHAT = "a text: Markdown, LaTeX, or text with LaTeX in it"


@dataclass(frozen=True)
class AuditedEquation:
    """One chain of the text.

    Attributes:
        line: on which it begins, from 1; row: in a display of several rows, from 1.
        kind: "display", "inline", or "outside": mathematics without delimiters.
        text: as it is written.
        correction: what should stand in the place of the wrong member, in the text's own typography.
        at: of a counterexample: each quantity in that typography, with its value.
        formulas: what is told, as LaTeX -> as a tree.
    """

    line: int
    row: int
    kind: str
    text: str
    chain: Chain
    judged: Judged
    correction: str = ""
    at: tuple[tuple[str, float], ...] = ()
    formulas: dict[str, Node] = field(default_factory=dict, compare=False, repr=False)

    @property
    def verdict(self) -> str:
        return self.judged.verdict

    @property
    def wrong(self) -> str:
        """The member that the reason is about."""
        n = self.judged.member
        return "" if n is None or n < 0 else self.chain.members[n].text


@dataclass(frozen=True)
class Audit:
    """What was found in one text.

    Attributes:
        findings: equations, in their order.
        mentions: how many formulas hold no relation: nothing to prove.
        pairs: how many equalities were decided.
        text: what was audited.
        tables: how many tables of numbers stand in it, and how many of them were checked.
        proposal: a mapping for names that the network does not know.
        unnamed: nobody named a network, and the text's own lines do not tell that it is the article's: the line that
            contradicts it, 0 where none agrees; None: there is a network.
    """

    findings: tuple[AuditedEquation, ...]
    mentions: int
    pairs: int
    text: str
    tables: tuple[int, int] = (0, 0)
    proposal: Proposal = field(default_factory=Proposal)
    unnamed: int | None = None

    def count(self, verdict: str) -> int:
        """How many equations have a verdict."""
        return Counter(f.verdict for f in self.findings)[verdict]

    @property
    def ok(self) -> bool:
        """Nothing is false."""
        return not self.count("false")

    @property
    def is_spotless(self) -> bool:
        """Nothing but true equations, and what the text assumes."""
        return self.count("true") + self.count("assumption") == len(self.findings)


def audit(
    path: str | Path, network: Network, mapping: str | Path | None = None, data: Data | None = None,
    check: Check | None = None, given: Sequence[Rows] = (), assumed: bool = False,
) -> Audit:  # fmt: skip
    """The audit of a file.

    Args:
        mapping: a TOML file that maps the text's symbols to the network's; else the text's own front matter.
        data: the samples of which the text may state pixels and targets.
        check: decides whether the network's adjoint equations are right (``verification.check_equations``): it is
            asked where a text prints one in index notation.
        given: tables of numbers that are known beforehand.
        assumed: nobody named the network: it is taken for the text's only where the text's own forward lines agree.

    Raises:
        InputError: no text, not a single equation, a mapping that says nothing.
    """
    path = Path(path)
    if path.suffix.lower() == ".ipynb":
        raise InputError(f"{path}: a notebook; expected {_WHAT}; jupyter nbconvert --to markdown makes one of it")
    text = decoded(read_bytes(path, MAX_BYTES, _WHAT), path)
    matter, text = front_matter(text)
    found = Mapping()
    if mapping is not None:
        content = read_bytes(Path(mapping), MAX_BYTES, "a mapping file (TOML)")
        found = mapping_from(decoded(content, Path(mapping)), str(mapping))
    elif matter is not None:
        found = mapping_in_front(matter, f"{path}: front matter")
    try:
        result = audit_text(text, derive(network), found, data, check, given, assumed)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if not result.findings:
        raise InputError(f"{path}: no equations between $$, $, \\[ or in an environment; expected {_WHAT}")
    return result


def decoded(content: bytes, path: Path) -> str:
    """A file's text: UTF-8, or UTF-16 that says so."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not text in UTF-8 (at byte {error.start}); expected {_WHAT}") from None
    if "\0" in text:
        raise InputError(f"{path}: contains null characters; expected {_WHAT}")
    return text.replace("\r\n", "\n")


def audit_text(
    text: str, derivation: Derivation, mapping: Mapping | None = None, data: Data | None = None,
    check: Check | None = None, given: Sequence[Rows] = (), assumed: bool = False,
) -> Audit:  # fmt: skip
    """The audit of a text over a network; see :func:`audit`."""
    mapping = mapping or Mapping()
    assumed = assumed and not (mapping.alias or mapping.definitions or mapping.groups or mapping.values)
    return _Auditor(derivation, mapping, data, check, given, assumed).audit(text)


#: A fragment, a chain of it, its line, and the verdict on it.
_Verdict = tuple[Fragment, Chain, int, Judged]

#: What a table of few different numbers may be by chance, where nothing is known beforehand.
_BY_CHANCE = ("given", "window", "begins", "products", "map")


def _line(fragment: Fragment, chain: Chain) -> int:
    return fragment.line + fragment.body[: chain.members[0].start].lstrip().count("\n")


def _thousands(text: str, decimal: str) -> list[re.Pattern[str]]:
    """Numbers of a text that may be written with a sign between thousands, the likelier sign first: 60,000; 60.000.

    No sign is, that stands before another count of digits, or behind a 0, in some number of the text: 0,5.
    """
    text = re.sub(r"_\s*\{[^{}]*\}", "_", text)
    marks = {",": r"(?:,|\{,\})", ".": r"\."}
    decimals = {
        c for c, m in marks.items() if re.search(rf"(?<![\d.,])(?:0{m}\d|\d+{m}(?:\d{{1,2}}|\d{{4,}})(?!\d))", text)
    }
    decimals |= {decimal} if decimal else set()
    found = [mark for sign, mark in marks.items() if sign not in decimals]
    return [re.compile(rf"(?<![\d.,}}])[1-9]\d{{0,2}}(?:{mark}\d{{3}})+(?![\d])") for mark in found]


def _used(network: Network) -> set[str]:
    """Its activations, and its loss."""
    found = {str(a) for layer in network.layers if (a := getattr(layer, "activation", None))}
    found |= {layer.kind for layer in network.layers if isinstance(layer, Activation)}
    losses = {"cross_entropy", "softmax"} if "cross_entropy" in (network.loss or "") else {network.loss or ""}
    return found | losses


def _may_belong(chain: Chain) -> bool:
    """A formula without a sign of relation, behind an equation of its display: it may be a factor of that."""
    return not chain.signs and not isinstance(chain.members[0].node, tree.Word)


def _names_error(node: Node) -> bool:
    return any(isinstance(n, tree.Symbol) and n.letter == "E" for n in nodes_of(node))


def _says_sigmoid(chain: Chain) -> bool:
    """σ(z) = 1/(1 + exp(−z)), by a text of its own."""
    first, *rest = (m.node for m in chain.members)
    is_plain = isinstance(first, tree.Call) and first.function == "σ" and isinstance(first.arguments[0], tree.Symbol)
    return is_plain and any(isinstance(n, tree.Call) and n.function == "exp" for n in nodes_of(tuple(rest)))


#: A derivative, in what could not be read.
_DERIVATIVE = re.compile(r"\\partial(?![A-Za-z])|\\nabla|[∂∇]|frac\s*\{\s*(?:d|\\mathrm\s*\{?d)")


def _is_claim(introduced: str, chain: Chain) -> bool:
    """No condition, whatever word stands before it: arithmetic, what a derivative is, what a symbol is computed by."""
    members = [m.node for m in chain.members if m.node is not None]
    if len(members) < len(chain.members):  # not all of it could be read
        return introduced != "supposed" or _DERIVATIVE.search(chain.text) is not None
    first, *rest = members
    if all(map(is_numeric, members)):
        return True
    if isinstance(first, tree.Partial):
        return not all(map(is_numeric, rest))
    if introduced == "supposed":
        return False
    is_named = isinstance(first, (tree.Symbol, tree.Call))
    return not (is_named and all(is_numeric(m) or isinstance(m, (tree.Symbol, tree.Negated)) for m in rest))


class _Auditor:
    def __init__(
        self, derivation: Derivation, mapping: Mapping, data: Data | None, check: Check | None, given: Sequence[Rows],
        assumed: bool,
    ) -> None:  # fmt: skip
        self._given, self._names, self._assumed = given, mapping.names, assumed
        self._reader = FormulaReader(mapping.names, mapping.decimal)
        self._decimal = mapping.decimal
        self._other_judges: dict[tuple[tuple[int, ...], str | None], ChainJudge] = {}
        self._thousands: list[re.Pattern[str]] = []
        spelled = Spelled(derivation.quantities, mapping.alias, mapping.groups)
        self._judge = ChainJudge(Notation(derivation, spelled, mapping.definitions, mapping.values, data, check))

    def audit(self, text: str) -> Audit:
        everything = fragments(text)
        pieces = [f for f in everything if isinstance(f, Fragment)]
        if len(pieces) > MAX_CHAINS:
            raise InputError(f"{len(pieces)} formulas; expected at most {MAX_CHAINS}")
        read = [(f, [] if f.kind == "outside" else read_display(f.body, self._reader)) for f in pieces]
        chains = [chain for _, found in read for chain in found]
        if len(chains) > MAX_CHAINS:
            raise InputError(f"{len(chains)} formulas; expected at most {MAX_CHAINS}")
        self._judge.notation.remembered.collect(chains)
        self._judge.notation.budget.whole = MAX_WORK
        decimal = "," if re.search(r"\d(?:,|\{,\})\d", " ".join(c.text for c in chains)) else "."
        self._thousands = _thousands(" ".join(c.text for c in chains), self._decimal)
        style = Style(self._judge.derivation, self._judge.notation.spelled, self._reader.raw, chains, decimal)
        self._judge.style, self._judge.writes_signs = style, style.writes_signs
        judged, mentions = self._judge_all(text, read)
        unnamed = self._unnamed(judged) if self._assumed else None
        if unnamed is not None:
            judged = [(f, c, line, self._without_network(c, j)) for f, c, line, j in judged]
        elif self._assumed:
            judged = [(f, c, line, self._if_of_this(c, j, judged)) for f, c, line, j in judged]
        found = [self._finding(line, fragment.kind, chain, j, style) for fragment, chain, line, j in judged]
        known = () if unnamed is not None else self._given
        numbers = list(tables([f for f in everything if isinstance(f, NumberTable)], known))
        found += [_of_table(table) for table in numbers if table.wrong and (known or table.rule not in _BY_CHANCE)]
        found.sort(key=lambda f: f.line)
        checked = sum(bool(table.rule) for table in numbers)
        unread = [f.chain for f in found if f.judged.reason == "meaning"]
        proposals = Proposals(self._judge.notation, self._judge.witness, style, self._names)
        pairs = sum(f.judged.pairs for f in found)
        proposal = Proposal() if unnamed is not None else proposals.of(unread)
        return Audit(tuple(found), mentions, pairs, text, (len(numbers), checked), proposal, unnamed)

    def _judge_all(self, text: str, read: Sequence[tuple[Fragment, list[Chain]]]) -> tuple[list[_Verdict], int]:
        """Each chain with its line and its verdict; and how many formulas hold no relation."""
        prose = Prose(text, [fragment for fragment, _ in read], _used(self._judge.derivation.network))
        assumptions = Assumptions(self._judge.notation)
        introduced = {}
        for fragment, own in read:
            for chain in own:
                introduced[id(chain)] = how = prose.introduced(fragment, chain)
                nodes = tuple(m.node for m in chain.members if m.node is not None)
                if how and len(nodes) > 1 and not _is_claim(how, chain):
                    assumptions.add(Assumption(_line(fragment, chain), *prose.force(fragment), nodes))
        found: list[_Verdict] = []
        carried: Node | None = None
        mentions, start, holds = 0, time.monotonic(), True
        for fragment, own in read:
            if fragment.kind == "outside":
                nothing = Judged("unread", "outside")
                chain = Chain((Member(fragment.body[:200], None),), ())
                found.append((fragment, chain, fragment.line, nothing))
            for n, chain in enumerate(own):
                judged = self._verdict(chain, carried if chain.goes_on else None, time.monotonic() - start)
                if judged.verdict == "mention":
                    mentions += 1
                    continue
                if judged.method == "rule" and _says_sigmoid(chain):
                    self._judge.notation.says_sigmoid = True
                nodes = tuple(m.node for m in chain.members if m.node is not None)
                how = introduced[id(chain)]
                is_open = not judged.method or (judged.method == "given" and nodes[0] != LEARNING_RATE)
                if how and is_open and not _is_claim(how, chain):
                    judged = Judged("assumption", "assumption", pairs=0, good=judged.good)
                elif judged.verdict == "false" or judged.reason == "no_values":
                    judged = self._under(assumptions, chain, fragment.start, judged)
                if judged.verdict == "false" and any(map(_may_belong, own[n + 1 : n + 2])):
                    judged = Judged("unread", "vague", (), judged.member, good=judged.good)
                is_arithmetic = judged.counterexample is not None and judged.counterexample.at is None
                is_plain = not _is_claim("reasoned", chain)
                is_supposed = (
                    (how == "supposed" and not is_arithmetic) or chain.implies or (chain.follows and not holds)
                )
                holds = judged.verdict == "true"
                if judged.verdict == "false" and (
                    is_supposed or not prose.is_claimed(fragment, chain, is_plain, is_arithmetic)
                ):
                    judged = Judged("unread", "unclaimed", (), judged.member, good=judged.good)
                if fragment.kind == "display":
                    carried = judged.good
                found.append((fragment, chain, _line(fragment, chain), judged))
        return found, mentions

    def _under(self, assumptions: Assumptions, chain: Chain, at: int, judged: Judged) -> Judged:
        """What is false alone, under what the text assumes: true, or not read."""
        if judged.counterexample is not None and judged.counterexample.at is None:
            return judged  # numbers against numbers
        last = None
        for assumption in assumptions.under(chain, at):
            last = assumption
            changed = assumptions.put_in(chain, assumption)
            again = None if changed is None else self._verdict(changed, None, 0)
            if again is not None and again.verdict == "true":
                return replace(again, readings=(*again.readings, "assumed"), good=judged.good)
        if last is None or judged.verdict == "unread":
            return judged
        return Judged("unread", "assumed", (("text", f"{last.line}"),), judged.member, good=judged.good)

    # --- is it the article's network? -------------------------------------------------------------------------------

    def _unnamed(self, judged: Sequence[_Verdict]) -> int | None:
        """None: the text's own forward lines are the article's. Else the line that contradicts it, or 0."""
        agrees = False
        for _, chain, line, found in judged:
            nodes = [m.node for m in chain.members if m.node is not None]
            if len(nodes) < 2 or not self._judge.notation.binding.is_forward(nodes):
                continue
            if found.verdict == "false":
                return line
            agrees = agrees or (found.verdict == "true" and self._judge.notation.binding.has_parameter(nodes))
        return None if agrees else 0

    def _if_of_this(self, chain: Chain, judged: Judged, everything: Sequence[_Verdict]) -> Judged:
        """A verdict; none where the text does not say which loss, or activation, it rests on, and may mean another."""
        nodes = [m.node for m in chain.members if m.node is not None]
        is_of_letters = judged.counterexample is None or judged.counterexample.at is not None
        if judged.verdict != "false" or not is_of_letters or len(nodes) < 2:
            return judged
        said = self._says_forward(everything)
        first, *rest = nodes
        is_slope = isinstance(first, tree.Partial) and _names_error(first)
        if is_slope and "E" not in said and not any(map(_names_error, rest)):
            return Judged("unread", "network", (), pairs=0)
        if any(self._is_true(judge, chain) for judge in self._others(said)):
            return Judged("unread", "network", (), pairs=0)
        return judged

    @staticmethod
    def _is_true(judge: ChainJudge, chain: Chain) -> bool:
        try:
            judge.notation.budget.begin()
            return judge.chain(chain).verdict == "true"
        except (SpentError, RecursionError, NotSupportedYetError, ArithmeticError):
            return False

    def _says_forward(self, everything: Sequence[_Verdict]) -> frozenset[str]:
        """Of which tensors the text's own lines say, rightly, how they are computed."""
        said = set()
        for _, chain, _, found in everything:
            nodes = [m.node for m in chain.members if m.node is not None]
            if found.verdict == "true" and len(nodes) > 1 and self._judge.notation.binding.is_forward(nodes):
                first = nodes[0]
                is_plain = isinstance(first, tree.Symbol) and first.letter == "E"
                said.add("E" if is_plain else self._judge.notation.spelled.tensor(first).name)  # type: ignore[arg-type]
        return frozenset(said)

    def _others(self, said: frozenset[str]) -> Iterator[ChainJudge]:
        """Judges over networks that differ in an activation of which the text says nothing."""
        network = self._judge.derivation.network
        names = [e.target.tensor.name for e in self._judge.derivation.forward]
        activated = [name for name in dict.fromkeys(names) if f"z_{name}" in names]
        dense = [n for n, layer in enumerate(network.layers) if isinstance(layer, Dense) and layer.activation]
        open_to = [n for n, name in zip(dense, activated, strict=False) if name not in said]
        for places in [*([n] for n in open_to), *([open_to] if len(open_to) > 1 else ())]:
            for activation in ("tanh", "relu", None):
                key = (tuple(places), activation)
                if key not in self._other_judges:
                    layers = [
                        replace(layer, activation=activation) if isinstance(layer, Dense) and n in places else layer
                        for n, layer in enumerate(network.layers)
                    ]
                    other = derive(Network(network.input_shape, layers, network.loss))
                    self._other_judges[key] = ChainJudge(Notation(other, Spelled(other.quantities)))
                yield self._other_judges[key]

    def _without_network(self, chain: Chain, judged: Judged) -> Judged:
        """A verdict where the network is not known: arithmetic and rules stand, the rest was not read."""
        if judged.verdict in ("unread", "assumption") or judged.method == "rule":
            return judged
        nodes = [m.node for m in chain.members if m.node is not None]
        notation = self._judge.notation
        if judged.verdict == "false" and judged.counterexample is not None and judged.counterexample.at is None:
            return judged
        if notation.binding.is_of_one_letter(nodes) and notation.says_sigmoid:
            return judged
        if not notation.binding.uses_network(nodes) and judged.verdict != "false":
            return judged
        return Judged("unread", "network", (), pairs=0)

    def _finding(self, line: int, kind: str, chain: Chain, judged: Judged, style: Style) -> AuditedEquation:
        correction = "" if judged.correction is None else style.latex(judged.correction)
        shown = judged.counterexample and judged.counterexample.at
        at = tuple((style.latex(node), value) for node, value in shown or ())
        row = chain.members[0].row
        formulas = dict(self._read([m.text for m in chain.members] + [correction] + [name for name, _ in at]))
        return AuditedEquation(line, row, kind, chain.text, chain, judged, correction, at, formulas)

    def _read(self, texts: Iterable[str]) -> Iterator[tuple[str, Node]]:
        for text in filter(None, texts):
            try:
                yield text, self._reader.read(text)
            except NotReadError:
                continue

    def _verdict(self, chain: Chain, carried: Node | None, seconds: float) -> Judged:
        """The verdict on a chain, where there is time for it and the network can be written out."""
        budget = self._judge.notation.budget
        if seconds > MAX_SECONDS or budget.is_spent:
            return Judged("unread", "no_time", (), 0)
        try:
            budget.begin()
            judged = self._judge.chain(chain, carried)
            for pattern in self._thousands[: {"true": 1, "remark": 1, "false": 2}.get(judged.verdict, 0)]:
                other = self._without_thousands(chain, pattern)
                if other is not None and self._judge.chain(other, carried).verdict != judged.verdict:
                    return Judged("unread", "thousands")
            return judged
        except SpentError:
            return Judged("unread", "no_time", (), 0)
        except RecursionError:
            return Judged("unread", "too_deep", (), 0)
        except (NotSupportedYetError, ArithmeticError):  # a number that floating point does not hold
            return Judged("unread", "too_large", (), 0)

    def _without_thousands(self, chain: Chain, pattern: re.Pattern[str]) -> Chain | None:
        """The chain with 60,000 as 60000; None where nothing in it may be meant so."""
        if not any(pattern.search(m.text) for m in chain.members):
            return None
        try:
            members = []
            for m in chain.members:
                text = pattern.sub(lambda match: re.sub(r"\D", "", match[0]), m.text)
                members.append(m if text == m.text else replace(m, node=self._reader.read(text)))
        except NotReadError:
            return None
        return replace(chain, members=tuple(members))


def _of_table(table: TableAudit) -> AuditedEquation:
    """The cell of a table that is not what stands before it says."""
    assert table.wrong is not None
    row, _, written, right = table.wrong
    places = len(written.replace(",", ".").partition(".")[2])
    correction = f"{float(right):.{places}f}".replace(".", "," if "," in written else ".")
    numbers = Counterexample((float(number(written)),), (float(right),))
    judged = Judged("false", _REASONS[table.rule], (), 0, counterexample=numbers)
    text = " ".join(table.numbers.rows[row])
    chain = Chain((Member(written, None),), ())
    return AuditedEquation(table.numbers.line + row, 1, "table", text, chain, judged, correction)
