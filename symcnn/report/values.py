"""What a report's numbers must be: values of expressions, and of keys, at the parameters and images that it shows.

    f_11, dE_df_11, f_11_next, E_total             over the images: a parameter, its gradient, its next value
    x_12_image1, dE_df_11_image1, E_image1         of one image
    dx_11_df_12_image1                             a derivative between two quantities, of one image

They are worked out here from the forward equations and the slopes, in floating point: no program and no adjoint.
"""

import numpy as np
from sympy import Add, Expr, Rational, Symbol

from symcnn.formula.tree import Key, LocalDerivative, NextValue
from symcnn.network import checked
from symcnn.proof.algebras import PointAlgebra
from symcnn.proof.paths import QuantityTable, Slope, given, images_in
from symcnn.report.content import Content
from symcnn.symbolic import E_TOTAL, E

#: How far a shown number may be from what it stands for: floating point only, before it is rounded for display.
RELATIVE, ABSOLUTE = 1e-9, 1e-12


class Values:
    """Values at a training's first parameters."""

    def __init__(self, content: Content) -> None:
        assert content.run is not None
        assert content.data is not None
        self._d = content.derivation
        self._network = content.derivation.network
        pixels, targets = checked(self._network, content.data)
        self.images = len(pixels)
        shared, data = given(self._d)
        rows = np.concatenate([pixels.reshape(self.images, -1), targets], axis=1).tolist()
        self._data: list[dict[Symbol, float]] = [dict(zip(data, row, strict=True)) for row in rows]
        self._parameters: dict[Symbol, float] = dict(zip(shared, content.run.initial.tolist(), strict=True))
        self.rate: float = content.run.learning_rate
        self._step = self.rate / (self.images if content.run.reduction == "mean" else 1)
        self._known: dict[tuple[int, ...], QuantityTable] = {}

    def of(self, expression: Expr) -> float:
        """The value of an expression in quantities of images (x_11_image1) and parameters."""
        terms = Add.make_args(expression)
        if len(terms) > 1:  # E_total adds images that have nothing else in common
            return float(sum(map(self.of, terms)))
        images = sorted(images_in([expression], self._d.quantities))
        [value] = self._at(tuple(images) or (1,)).elements(expression.xreplace({Symbol("η"): Rational(self.rate)}))
        return float(value)

    def _at(self, images: tuple[int, ...]) -> QuantityTable:
        if images not in self._known:
            values = dict(self._parameters)
            for n in images:
                values |= {self._d.quantities.of_image(s, n): value for s, value in self._data[n - 1].items()}
            self._known[images] = QuantityTable(self._d, PointAlgebra(values), images)
        return self._known[images]

    def expression(self, key: Key) -> Expr | None:
        """What a key stands for; None: no quantity that these values have."""
        if key.image is not None and not 1 <= key.image <= self.images:
            return None
        if isinstance(key, LocalDerivative):
            return Slope(*(q.of_image(key.image).symbol for q in (key.of, key.by)))
        if isinstance(key, NextValue):
            return None
        shared = key.tensor.is_shared
        if key == E_TOTAL:
            return Add(*(E.of_image(n).symbol for n in range(1, self.images + 1)))
        if key.is_adjoint:
            images = range(1, self.images + 1) if shared and key.image is None else [key.image]
            of_each = ((E.of_image(n), key.primal.of_image(n)) for n in images)
            return Add(*(Slope(of.symbol, by.symbol) for of, by in of_each)) if shared or key.image else None
        return key.symbol if shared == (key.image is None) else None

    def at_key(self, key: Key) -> float | None:
        """The value that a key stands for."""
        if isinstance(key, NextValue):
            gradient = self.expression(key.parameter.adjoint)
            return self._parameters[key.parameter.symbol] - self._step * self.of(gradient)
        found = self.expression(key)
        return None if found is None else self.of(found)
