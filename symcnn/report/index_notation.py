"""The report of a network with too many formulas to write them out: index notation, with chosen entries instantiated.

Nothing is instantiated but the entries that are shown: the first of each tensor, and one from its middle.
"""

from collections.abc import Iterable, Iterator

from symcnn.derivation import instance
from symcnn.report.before import MarkdownReport, capitalized, table
from symcnn.symbolic import Equation, Tensor
from symcnn.verification import method_in_words

#: Products of an instance that are shown.
MOST = 8


class IndexReport(MarkdownReport):
    """The same sections, tensor by tensor instead of scalar by scalar."""

    def _head(self) -> Iterator[str]:
        yield from super()._head()
        yield self._t("large_text")

    def _stated_forward(self) -> Iterator[tuple[Tensor, Iterable[str]]]:
        for equation in self.d.forward:
            yield equation.target.tensor, self._shown(equation)

    def _chain_rule(self) -> Iterator[str]:
        yield f"## {self._t('chain_heading')}"
        yield self._t("chain_text")
        yield self.latex.display(self.general_chain_rule)
        yield from self._found_gradient()

    def _formulas(self) -> Iterator[str]:
        yield f"## {self._t('formulas_heading', count=len(self.d.names))}"
        yield self._t("gather_text")
        for equation in self.d.equations:
            if equation.target.tensor.is_adjoint:
                yield f"### {capitalized(self.kind(self._differentiated(equation)))}"
                yield from self._shown(equation)

    def _shown(self, equation: Equation) -> Iterator[str]:
        """An equation, then its first entry and one from the middle."""
        yield self.latex.display(self.typography.stated(equation))
        shape = equation.target.tensor.shape
        for index in dict.fromkeys([tuple(0 for _ in shape), tuple(n // 2 for n in shape)]):
            if equation.axes:
                yield self.latex.display(self.typography.equation(instance(equation, index), MOST))

    def _differentiated(self, equation: Equation) -> Tensor:
        """The tensor by which an adjoint differentiates."""
        name = equation.target.tensor.name.removeprefix("dE_d")
        [found] = [t for t in self.d.scalars.tensors if t.name == name]
        return found

    def _worked(self) -> Iterator[str]:
        yield from ()

    def _proof(self) -> Iterator[str]:
        yield f"## {self._t('proof_heading')}"
        yield self._t("large_proof")
        rows = [
            [self.text("verify.equations_shown"), method_in_words(row, self.text), self._t(f"status_{row.status}")]
            for row in self.content.proof.rows
        ]
        yield table([self._t("claim"), self._t("method"), self._t("verdict")], rows)
        yield self._t("not_checked")
