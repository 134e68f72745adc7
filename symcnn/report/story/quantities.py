"""The numbers that stand beside the formulas, by key, at any choice of the parameters.

f_11, dE_df_11, f_11_next, E_total                   over the images: a parameter, its gradient, its next value
x_12_image1, dE_dx_12_image1, dE_df_11_image1        of one image
dx_11_df_11_image1, …                                local derivatives and brackets: ``also``
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sympy import Expr

from symcnn.derivation import Derivation
from symcnn.network import DataLike, checked
from symcnn.numeric.program import as_theta, inputs_by_name, run_source
from symcnn.numeric.values import completion
from symcnn.printers.infix import InfixPrinter
from symcnn.printers.python import PYTHON, standalone
from symcnn.report.document import States


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
        self._also: dict[str, tuple[int, Callable[[Mapping[str, float]], float]]] = {}
        self._here = self._of_images(theta)
        self.values = self._named(self._here, theta)

    def also(self, key: str, expression: Expr, image: int) -> None:
        """One more number: an expression in the quantities of an image (from 1)."""
        if key not in self.values:
            text = InfixPrinter(PYTHON, lambda symbol: f"v[{symbol.name!r}]").expression(expression).text
            value = run_source(standalone(f"def value(v): return {text}\n"))["value"]
            self._also[key] = (image, value)
            self.values[key] = float(value(self._here[image - 1]))

    def at(self, theta: Any) -> dict[str, float]:
        """All of them, with other parameters."""
        each = self._of_images(theta)
        return self._named(each, theta) | {key: float(value(each[n - 1])) for key, (n, value) in self._also.items()}

    def states(self, history: Sequence[tuple[int, Any]], keys: Iterable[str]) -> States:
        """The numbers with these keys at steps of a training."""
        rows = [self.at(theta) for _, theta in history]
        return States(tuple(step for step, _ in history), {k: tuple(row[k] for row in rows) for k in sorted(set(keys))})

    def of_image(self, image: int) -> Mapping[str, float]:
        """Every quantity of an image (from 1) by its name, with the first parameters."""
        return self._here[image - 1]

    def _of_images(self, theta: Any) -> list[dict[str, float]]:
        values = as_theta(self._network, theta)
        return [self._complete(inputs_by_name(self._network, values, i, t)) for i, t in self._samples]

    def _named(self, each: Sequence[Mapping[str, float]], theta: Any) -> dict[str, float]:
        parameters = self._network.parameters
        found = dict(zip(parameters, map(float, theta), strict=True))
        for n, values in enumerate(each, 1):
            found |= {f"{name}_image{n}": float(v) for name, v in values.items() if name not in parameters}
        found["E_total"] = sum(values["E"] for values in each)
        for name in parameters:
            slope = found[f"dE_d{name}"] = sum(values[f"dE_d{name}"] for values in each)
            found[f"{name}_next"] = found[name] - self._rate * slope
        return found
