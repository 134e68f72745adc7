"""The numbers that stand beside the formulas, by key, at any choice of the parameters.

f_11, dE_df_11, f_11_next, E_total                   over the images: a parameter, its gradient, its next value
x_12_image1, dE_dx_12_image1, dE_df_11_image1        of one image
dx_11_df_11_image1, …                                local derivatives and brackets: ``also``
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sympy import Expr

from symcnn.derivation import Derivation
from symcnn.formula import tree
from symcnn.network import DataLike, checked
from symcnn.numeric.program import as_theta, inputs_by_name, run_source
from symcnn.numeric.values import completion
from symcnn.printers.infix import InfixPrinter
from symcnn.printers.python import PYTHON, standalone
from symcnn.proof.paths import parameters_and_data
from symcnn.report.document import States
from symcnn.symbolic import E_TOTAL, E, entries


class QuantityValues:
    """Every number of a network by its key.

    Args:
        images: so many are looked at; their numbers have keys.
        rate: what a step multiplies the gradient of E_total by.
    """

    def __init__(self, derivation: Derivation, data: DataLike, theta: Any, rate: float) -> None:
        self._network = derivation.network
        self._rate = rate
        self._complete = completion(derivation.graph)
        self._samples = list(zip(*checked(self._network, data), strict=True))
        self._parameters = list(entries(*self._network.forward.parameters))
        _, given_data = parameters_and_data(derivation)
        of_one = (*map(derivation.quantities.of, given_data), *(v.quantity for v in derivation.graph))
        #: of each image, the name of a quantity in its pass, and the key
        self._keys = [[(q.name, q.of_image(n)) for q in of_one] for n, _ in enumerate(self._samples, 1)]
        self._also: dict[tree.LocalDerivative, Callable[[Mapping[str, float]], float]] = {}
        self._here = self._of_images(theta)
        self.values = self._named(self._here, theta)

    def also(self, key: tree.LocalDerivative, expression: Expr) -> None:
        """One more number: an expression in the quantities of the key's image."""
        if key not in self.values:
            text = InfixPrinter(PYTHON, lambda symbol: f"v[{symbol.name!r}]").expression(expression).text
            self._also[key] = run_source(standalone(f"def value(v): return {text}\n"))["value"]
            self.values[key] = self._value(key, self._here)

    def _value(self, key: tree.LocalDerivative, each: Sequence[Mapping[str, float]]) -> float:
        assert key.image is not None
        return float(self._also[key](each[key.image - 1]))

    def at(self, theta: Any) -> dict[tree.Key, float]:
        """All of them, with other parameters."""
        each = self._of_images(theta)
        return self._named(each, theta) | {key: self._value(key, each) for key in self._also}

    def states(self, history: Sequence[tuple[int, Any]], keys: Iterable[tree.Key]) -> States:
        """The numbers with these keys at steps of a training."""
        rows = [self.at(theta) for _, theta in history]
        values = {key: tuple(row[key] for row in rows) for key in sorted(set(keys), key=str)}
        return States(tuple(step for step, _ in history), values)

    def of_image(self, image: int) -> Mapping[str, float]:
        """Every quantity of an image (from 1) by its name, with the first parameters."""
        return self._here[image - 1]

    def _of_images(self, theta: Any) -> list[dict[str, float]]:
        values = as_theta(self._network, theta)
        return [self._complete(inputs_by_name(self._network, values, i, t)) for i, t in self._samples]

    def _named(self, each: Sequence[Mapping[str, float]], theta: Any) -> dict[tree.Key, float]:
        found: dict[tree.Key, float] = dict(zip(self._parameters, map(float, theta), strict=True))
        for keys, values in zip(self._keys, each, strict=True):
            found |= {key: float(values[name]) for name, key in keys}
        found[E_TOTAL] = sum(values[E.name] for values in each)
        for parameter in self._parameters:
            gradient = parameter.adjoint
            slope = found[gradient] = sum(values[gradient.name] for values in each)
            found[tree.NextValue(parameter)] = found[parameter] - self._rate * slope
        return found
