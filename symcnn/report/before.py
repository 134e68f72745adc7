"""The derivation report as Markdown with LaTeX: one file that GitHub, VS Code and Jupyter all show."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby

import numpy as np

from symcnn import article
from symcnn.derivation import Derivation, Variable, Verdict
from symcnn.formula import Latex, Typography, Worked
from symcnn.formula.tree import (
    Call,
    Equality,
    Labelled,
    Negated,
    Number,
    Partial,
    Power,
    Product,
    Sum,
    Symbol,
    Update,
)
from symcnn.network import Network, kind_of, settings_of
from symcnn.report import losses
from symcnn.report.content import MAX_COMPARED, Content
from symcnn.report.rules import rules
from symcnn.symbolic import Tensor
from symcnn.text import Catalogue
from symcnn.train import Course, Run
from symcnn.verification import TOLERANCE, method_in_words
from symcnn.version import __version__

#: Significant digits of the numbers shown.
DIGITS = 4

#: Images of which the outputs are listed.
MAX_ROWS = 40

#: Rows of a table of claims; of more, a tensor's are told together where they are alike.
MAX_CLAIMS = 40

#: Images that a table or a sum names one by one.
MAX_IMAGES = 4


class MarkdownReport:
    """Lays a report's content out as Markdown; each method is one section."""

    def __init__(self, content: Content, text: Catalogue) -> None:
        self.content = content
        self.d: Derivation = content.derivation
        self.network: Network = self.d.network
        self.text = text
        self.latex = Latex(text.decimal)
        self.typography = Typography(self.d.scalars, text.words("word"))
        #: ∂E/∂… of one image, where its numbers stand beside those of E_total
        self.of_one_image = Typography(self.d.scalars, text.words("word"), total="")

    def write(self) -> str:
        """The whole document."""
        sections: list[Callable[[], Iterator[str]]] = [
            self._head, self._conventions, self._network, self._forward, self._chain_rule, self._formulas,
            self._descent,
        ]  # fmt: skip
        if self.content.data is not None:
            sections += [self._worked, self._training]
        blocks = [block for section in [*sections, self._proof] for block in section()]
        return "\n\n".join(blocks) + "\n"

    # --- sections ---------------------------------------------------------------------------------------------------

    def _head(self) -> Iterator[str]:
        yield f"# {self._t('title', count=len(self.d.names))}"
        yield self._t("made", version=__version__)

    def _conventions(self) -> Iterator[str]:
        yield f"## {self._t('conventions_heading')}"
        keys = ["convention_convolution", "convention_error", "convention_sign", "convention_names"]
        if self.network == article.network():
            keys.append("pixels_reading")
        total = self.latex.inline(self.typography.error)
        weights = next((t for t in self.network.forward.parameters if kind_of(t).letter == "w"), None)
        if weights is None:
            keys.remove("convention_names")
        yield _list(self._t(key, total=total, **self._example(weights)) for key in keys)

    def _network(self) -> Iterator[str]:
        yield f"## {self._t('network_heading')}"
        layers = [self._t("network_input", shape="×".join(map(str, self.network.input_shape)))]
        layers += [self.layer(layer) for layer in self.network.layers]
        yield _list(layers)
        yield self._counts()
        stated = self.network.forward
        given = [e.target.tensor for e in stated.equations if e.target.tensor.name != "E"]
        assert stated.targets is not None
        tensors = [stated.image, *stated.parameters, *given, stated.targets]
        rows = [[self.kind(t), self._span(t), str(t.size)] for t in tensors]
        yield table([self._t("quantities"), self._t("symbol"), self._t("number_of")], rows)

    def _forward(self) -> Iterator[str]:
        yield f"## {self._t('forward_heading')}"
        yield from rules(self.d, self.text, self.latex)
        for tensor, displays in self._stated_forward():
            if tensor.name == "E":
                yield f"## {self._t('error_heading')}"
                yield from losses.words(self.d, self.text, self.latex, self.typography)
            yield from displays
        if 0 < self.images <= MAX_IMAGES:
            numbers = range(1, self.images + 1)
            errors = tuple(Symbol("E", "", self.text("label.image", number=n)) for n in numbers)
            yield self.latex.display(Equality((self.typography.error, Sum(errors))))

    def _stated_forward(self) -> Iterator[tuple[Tensor, Iterable[str]]]:
        """Each tensor of the forward pass with the displays that state it."""
        for variable in self.d.graph.forward.values():
            yield variable.tensor, [self.latex.display(self.typography.equation(variable))]

    def _chain_rule(self) -> Iterator[str]:
        yield f"## {self._t('chain_heading')}"
        yield self._t("chain_text")
        yield self.latex.display(self.general_chain_rule)
        yield from self._found_gradient()
        yield self._t("chain_way")
        for variable in self.d.graph.backward.values():
            name = variable.name.removeprefix("dE_d")
            if name not in self.d.names:
                yield self.latex.display(self.typography.chain_rule(self.d, name))

    def _found_gradient(self) -> Iterator[str]:
        """∂E/∂(output) of a cross-entropy, if it was proved."""
        verdicts = self.content.loss_gradient
        if verdicts and all(verdicts):
            yield self._t("found_text", method=method_in_words(verdicts[0], self.text))
            yield self.latex.display(losses.found_gradient(self.d, self.typography))
            yield self._t("found_one")

    def _formulas(self) -> Iterator[str]:
        yield f"## {self._t('formulas_heading', count=len(self.d.names))}"
        yield self._t("formulas_text")
        # the feature map first: the filter's formulas rest on it
        for tensor in (*self.network.forward.feature_maps, *self.network.forward.parameters):
            yield f"### {capitalized(self.kind(tensor))}"
            for name in tensor.scalars():
                yield self.latex.display(self.typography.chain_rule(self.d, name))

    def _descent(self) -> Iterator[str]:
        yield f"## {self._t('descent_heading')}"
        yield self._t("descent_text")
        first = self.network.parameters[0]
        yield self.latex.display(self._total_of(first))
        yield self.latex.display(Update(self.typography.name(first), self.typography.name(f"dE_d{first}")))
        run = self.content.run
        if run is not None and run.steps and run.course is None and self.content.values:
            yield self._t("descent_example")
            yield self.latex.display(self._first_update(first))

    def _total_of(self, name: str) -> Equality:
        """∂E_total/∂f = the sum of the images' ∂E/∂f."""
        one = self.of_one_image.name(f"dE_d{name}")
        count = self.images
        if not 0 < count <= MAX_IMAGES:
            return Equality((self.typography.name(f"dE_d{name}"), Call("Σ", (one,))))
        parts = tuple(Labelled(one, self.text("label.image", number=n)) for n in range(1, count + 1))
        return Equality((self.typography.name(f"dE_d{name}"), Sum(parts)))

    def _first_update(self, name: str) -> Equality:
        """The first step of the training for one parameter, with numbers."""
        run = self.content.run
        assert run is not None
        factor = 1.0 if run.reduction == "sum" else 1.0 / len(self.content.values)
        value = float(run.initial[0])
        slope = factor * sum(v[f"dE_d{name}"] for v in self.content.values)
        before, rate, gradient, after = (
            Number(v, DIGITS) for v in (value, run.learning_rate, slope, value - run.learning_rate * slope)
        )
        return Equality((self.typography.name(name), Sum((before, Negated(Product((rate, gradient))))), after))

    def _worked(self) -> Iterator[str]:
        assert self.content.run is not None
        label = self.image_labels[0]
        yield f"## {self._t('worked_heading')}"
        if self.content.seed is None:
            yield self._t("worked_text_given", label=label, digits=DIGITS)
        else:
            yield self._t("worked_text", label=label, seed=self.content.seed, digits=DIGITS)
        yield f"### {self._t('parameters_heading')}"
        initial = dict(zip(self.network.parameters, self.content.run.initial.tolist(), strict=True))
        yield table(
            [self._t("symbol"), self._t("value")],
            [[self._symbol(name), self._number(value)] for name, value in initial.items()],
        )
        yield f"### {self._t('forward_heading')}"
        values = self.content.values[0]
        yield from self._with_numbers(self.d.graph.forward.values(), values)
        yield f"### {self._t('backward_heading')}"
        yield from self._with_numbers(self.d.graph.backward.values(), values)
        yield f"### {self._t('totals_heading', count=len(self.d.names))}"
        shown_images = min(len(self.content.values), MAX_IMAGES)
        heads = [self._t("symbol"), *self.image_labels[:shown_images]]
        heads.append(f"{self.text('label.total')}, {self.latex.inline(self.typography.error)}")
        yield table(heads, [self._total_row(name, shown_images) for name in self.d.names])

    def _training(self) -> Iterator[str]:
        run = self.content.run
        assert run is not None
        yield f"## {self._t('training_heading')}"
        yield from self._steps(run) if run.course is None else self._epochs(run, run.course)
        yield f"### {self._t('output_heading')}"
        outputs, before, after = self.content.answers.scalars(), self.content.before, self.content.after
        assert before is not None
        assert after is not None
        yield table(
            ["", *(f"{self._symbol(o)} {self._t(when)}" for when in ("before", "after") for o in outputs)],
            [
                [self.image_labels[n], *(self._number(v) for v in (*first, *last))]
                for n, (first, last) in enumerate(zip(before.tolist(), after.tolist(), strict=True))
                if n < MAX_ROWS
            ],
        )

    def _steps(self, run: Run) -> Iterator[str]:
        yield self._t("training_text", steps=run.steps, rate=self._number(run.learning_rate, inline=False))
        # E_total is the sum, also where the training followed the mean
        factor = 1 if run.reduction == "sum" else self.images
        rows = [[str(k), self._number(factor * float(run.loss[k]))] for k in _some(run.steps)]
        yield table([self._t("step"), self.latex.inline(self.typography.error)], rows)

    def _epochs(self, run: Run, course: Course) -> Iterator[str]:
        last = run.history[-1].number
        rate = self._number(course.learning_rate, inline=False)
        yield self._t("epochs_text", epochs=last, batch=course.batch_size, optimizer=course.optimizer, rate=rate)
        shown = [run.history[n] for n in _some(last)]
        rows = [[str(e.number), *(self._number(v) for v in (e.loss, e.accuracy) if v is not None)] for e in shown]
        yield table([self._t("epoch"), self._t("epoch_loss"), self._t("accuracy")][: len(rows[0])], rows)

    def _proof(self) -> Iterator[str]:
        yield f"## {self._t('proof_heading')}"
        statuses = {row.status for row in self.content.proof.rows}
        if "proved" in statuses:
            yield self._t("proof_text")
        if "probable" in statuses:
            yield self._t("probable_text")
        if "unknown" in statuses:
            yield self._t("unknown_text")
        if statuses:
            yield table([self._t("claim"), self._t("method"), self._t("verdict")], self._claims())
        if self.content.agreement and all(a.ok for a in self.content.agreement):
            yield self._t("numbers_text", tolerance=self.latex.inline(Power(Number(10), round(math.log10(TOLERANCE)))))
        if self.content.agreement and self.images > MAX_COMPARED:
            yield capitalized(self.text("verify.rest_images", count=self.images, most=MAX_COMPARED)) + "."
        for failed in (a for a in self.content.agreement if not a.ok):
            yield self._t("numbers_differ", backend=failed.backend, where=self._symbol_or_name(failed.where))
        yield self._t("not_checked")

    def _claims(self) -> Iterator[list[str]]:
        """The rows of the table of proofs; of many, those of one tensor together where they are alike."""
        rows = self.content.proof.rows
        for (_, method, status), alike in groupby(rows, lambda row: self._alike(row, len(rows) > MAX_CLAIMS)):
            group = list(alike)
            claim = self._symbol(f"dE_d{group[0].name}")
            if len(group) > 1:
                claim += f" … {self._symbol(f'dE_d{group[-1].name}')} ({len(group)})"
            yield [claim, method, self._t(f"status_{status}")]

    def _alike(self, row: Verdict, together: bool) -> tuple[str, str, str]:
        tensor = self.d.scalars.place(row.name)[0].name
        return tensor if together else row.name, method_in_words(row, self.text), row.status

    # --- pieces -----------------------------------------------------------------------------------------------------

    def layer(self, layer: object) -> str:
        """A layer in words."""
        settings = dict(settings_of(layer))  # type: ignore[arg-type]
        activation = settings.get("activation", settings.get("kind"))
        settings["activation"] = self.text(f"activation.{activation or 'none'}")
        if settings.get("padding") == "same":
            settings["padding"] = self.text("padding.same")
        name = type(layer).__name__
        words = self.text(f"layer.{name}_normalized" if settings.get("normalize") else f"layer.{name}", **settings)
        return words + self._absent(settings)

    def _absent(self, settings: Mapping[str, object]) -> str:
        """What the cells beyond the edge count as in a pooling window."""
        if not settings["padding"] if "padding" in settings else True:
            return ""
        if settings.get("pad_value") is not None:
            value = self._number(float(str(settings["pad_value"])))
            return f"; {self._t('absent_value', value=value)}"
        left_out = "pad_value" in settings or settings.get("count_include_pad") is False
        return f"; {self._t('absent_none')}" if left_out else ""

    def kind(self, tensor: Tensor) -> str:
        """What a tensor is, in words."""
        kind = kind_of(tensor)
        words = self.text(f"kind.{kind.letter}", source=kind.source, target=kind.target)
        further = not kind.target and tensor.name != kind.letter  # xb beside x
        return f"{words} {tensor.name}" if further else words

    @property
    def images(self) -> int:
        return 0 if self.content.data is None else len(self.content.data.images)

    @cached_property
    def image_labels(self) -> list[str]:
        """What each image is called."""
        labels = self.content.data.labels if self.content.data else None
        labels = None if labels is None else [escaped(str(label)) for label in labels]
        return self.text.image_labels(labels, self.images)

    def _example(self, weights: Tensor | None) -> dict[str, str]:
        """One weight with where it comes from and where it goes."""
        if weights is None:
            return {}
        kind, first = kind_of(weights), weights.scalars()[0]
        ends = {t.name: t for e in self.network.forward.equations for t in [e.target.tensor]}
        ends[self.network.forward.image.name] = self.network.forward.image
        source = ends[kind.source].scalars()[0]
        return {"weight": self._symbol(first), "source": self._symbol(source),
                "target": self._symbol(ends[kind.target].scalars()[0])}  # fmt: skip

    @property
    def general_chain_rule(self) -> Equality:
        error, u, v = self.typography.error, Symbol("u"), Symbol("v")
        return Equality((Partial(error, u), Call("Σ", (Product((Partial(error, v), Partial(v, u))),))))

    def _t(self, key: str, **values: object) -> str:
        return self.text(f"report.{key}", **values)

    def _counts(self) -> str:
        parameters = len(self.network.parameters)
        maps = len(self.d.names) - parameters
        if not maps:
            return self._t("count_parameters", count=parameters)
        return self._t("count_24", count=parameters + maps, parameters=parameters, maps=maps)

    def _symbol(self, name: str) -> str:
        return self.latex.inline(self.typography.name(name))

    def _symbol_or_name(self, name: str) -> str:
        known = name.rpartition("_image")[0] or name
        return self._symbol(f"dE_d{known}") if known in self.d.names else name

    def _number(self, value: float, inline: bool = True) -> str:
        text = self.latex.number(value, DIGITS)
        return f"${text}$" if inline else text.replace("{,}", ",")

    def _span(self, tensor: Tensor) -> str:
        names = tensor.scalars()
        ends = [self._symbol(names[0])] + ([self._symbol(names[-1])] if len(names) > 1 else [])
        return " … ".join(ends)

    def _with_numbers(self, variables: Iterable[Variable], values: Mapping[str, float]) -> Iterator[str]:
        numbers = Worked(self.d.scalars, self.text.words("word"), values, DIGITS)
        for variable in variables:
            members = (
                self.of_one_image.name(variable.name),
                self.of_one_image.right_side(variable),
                numbers.right_side(variable),
                numbers.name(variable.name),
            )
            kept = [m for n, m in enumerate(members) if n == 0 or m != members[n - 1]]
            yield self.latex.display(Equality(tuple(kept)))

    def _total_row(self, name: str, images: int) -> list[str]:
        each = [values[f"dE_d{name}"] for values in self.content.values]
        # a cell of the feature map belongs to one image: there is nothing to add
        total = self._number(float(np.sum(each))) if name in self.network.parameters else "–"
        symbol = self.latex.inline(self.of_one_image.name(f"dE_d{name}"))
        return [symbol, *(self._number(v) for v in each[:images]), total]


def escaped(text: str) -> str:
    """A user's words in Markdown: no character of theirs means anything."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+-.!|$~&" else c for c in text)


def capitalized(words: str) -> str:
    return words[0].upper() + words[1:]


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _some(last: int) -> list[int]:
    """The steps or epochs that are shown: the first, powers of ten, the last."""
    return sorted({0, *(10**n for n in range(9) if 10**n < last), last})


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
