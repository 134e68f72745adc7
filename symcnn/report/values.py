"""What a report's numbers must be: values of expressions, and of keys, at the parameters and images that it shows.

    f_11, dE_df_11, f_11_next, E_total             over the images: a parameter, its gradient, its next value
    x_12_image1, dE_df_11_image1, E_image1         of one image
    dx_11_df_12_image1                             a derivative between two quantities, of one image

They are worked out here from the forward equations and the slopes, in floating point: no program and no adjoint.
"""

import re

import numpy as np
from sympy import Add, Expr, Rational, Symbol

from symcnn.network import checked
from symcnn.proof.algebras import PointAlgebra
from symcnn.proof.paths import QuantityTable, Slope, names_in, suffix
from symcnn.report.content import Content

_IMAGE = re.compile(r"(?P<name>.+)_image(?P<image>[0-9]+)")


class Values:
    """Values at a training's first parameters."""

    def __init__(self, content: Content) -> None:
        assert content.run is not None
        assert content.data is not None
        self._d = content.derivation
        self._network = content.derivation.network
        stated = self._network.forward
        assert stated.targets is not None
        pixels, targets = checked(self._network, content.data)
        self.images = len(pixels)
        names = [*stated.image.scalars(), *stated.targets.scalars()]
        rows = np.concatenate([pixels.reshape(self.images, -1), targets], axis=1).tolist()
        self.data = [dict(zip(names, row, strict=True)) for row in rows]
        self._parameters: dict[str, float] = dict(
            zip(self._network.parameters, content.run.initial.tolist(), strict=True)
        )
        self.rate: float = content.run.learning_rate
        self._step = self.rate / (self.images if content.run.reduction == "mean" else 1)
        self._known: dict[tuple[int, ...], QuantityTable] = {}

    def of(self, expression: Expr) -> float:
        """The value of an expression in names of images (x_11_image1) and parameters."""
        terms = Add.make_args(expression)
        if len(terms) > 1:  # E_total adds images that have nothing else in common
            return float(sum(map(self.of, terms)))
        images = sorted({int(m["image"]) for name in names_in([expression]) if (m := _IMAGE.fullmatch(name))})
        [value] = self._at(tuple(images) or (1,)).elements(expression.xreplace({Symbol("η"): Rational(self.rate)}))
        return float(value)

    def _at(self, images: tuple[int, ...]) -> QuantityTable:
        if images not in self._known:
            given = dict(self._parameters)
            for n in images:
                given |= {name + suffix(n): value for name, value in self.data[n - 1].items()}
            self._known[images] = QuantityTable(self._d, PointAlgebra(given), images)
        return self._known[images]

    def expression(self, key: str) -> Expr | None:
        """What a key stands for; None of a key that names no quantity."""
        if key == "E_total":
            return self._over_images(Symbol("E"))
        if key in self._parameters:
            return Symbol(key)
        if key.removeprefix("dE_d") in self._parameters and key.startswith("dE_d"):
            return self._over_images(Slope("E", key.removeprefix("dE_d")))
        match = _IMAGE.fullmatch(key)
        if match is None or not 1 <= int(match["image"]) <= self.images:
            return None
        return self._of_image(match["name"], int(match["image"]))

    def at_key(self, key: str) -> float | None:
        """The value that a key stands for."""
        bare = key.removesuffix("_next")
        if bare != key and bare in self._parameters:
            return self._parameters[bare] - self._step * self.of(self._over_images(Slope("E", bare)))
        found = self.expression(key)
        return None if found is None else self.of(found)

    def _over_images(self, one: Expr) -> Expr:
        return Add(*(self._named(one, n) for n in range(1, self.images + 1)))

    def _of_image(self, name: str, image: int) -> Expr | None:
        if name in self._parameters:
            return None
        if name in self._d.graph.forward or name in self._d.graph.inputs:
            return Symbol(name + suffix(image))
        for cut in (m.start() for m in re.finditer("_d", name)):
            of, by = name[1:cut], name[cut + 2 :]
            if name.startswith("d") and of in self._d.graph.forward and self._is_quantity(by):
                return self._named(Slope(of, by), image)
        return None

    def _is_quantity(self, name: str) -> bool:
        return name in self._d.graph.forward or name in self._d.graph.inputs

    def _named(self, one: Expr, image: int) -> Expr:
        if isinstance(one, Slope):
            by = one.by if one.by in self._parameters else one.by + suffix(image)
            return Slope(one.of + suffix(image), by)
        return Symbol(one.name + suffix(image))
