"""The derivation for users: it decides, evaluates and explains formulas, and notebooks display it.

``symcnn.Derivation`` is defined here, above the rooms that decide, evaluate and display a formula, so that the room
that derives it imports none of them.
"""

import html
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sympy import Expr, sympify

from symcnn.derivation import Derivation, Gradient
from symcnn.errors import InputError, quoted
from symcnn.formula import Explanation, Plain, derivation_latex, derivation_rows, equation_latex, gradient_latex
from symcnn.network import Array, Network
from symcnn.numeric.values import evaluate_displayed, explain_gradient
from symcnn.proof import GradientDomain, Proof, QuantityDomain, Verdict, prove
from symcnn.symbolic import Equation, Name
from symcnn.text.characters import html_table


class LatexEquation(Equation):
    """An equation that notebooks show in LaTeX; it equals the same equation of a network or a program."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Equation) and vars(self) == vars(other)

    __hash__ = Equation.__hash__

    def _repr_latex_(self) -> str:
        return equation_latex(self)


class InteractiveGradient(Gradient):
    """∂E/∂(one quantity), with its numbers and its display; see ``symcnn.derivation.Gradient``."""

    def explain(self, values: Mapping[str, float], lang: str = "en") -> Explanation:
        """Explain a number: formula, the same with numbers, result, what it depends on and what depends on it.

        Args:
            values: pixel, parameter or target -> value, of one image.

        Returns:
            an ``Explanation``, which prints and shows as LaTeX.
        """
        return explain_gradient(self, values, lang)

    def _repr_latex_(self) -> str:
        return gradient_latex(self)


class InteractiveDerivation(Derivation):
    """All derivatives of a network's error, by name, with checks and explanations; see ``symcnn.derivation``.

    >>> import symcnn
    >>> d = symcnn.derive(symcnn.article.network())
    >>> d.prove()
    Proof(24 of 24 proved)
    >>> d.decide("b_h1", 2 * d["b_h1"].formula).status
    'refuted'
    """

    def __getitem__(self, name: Name) -> InteractiveGradient:
        """∂E/∂name for any quantity but pixels and targets: a parameter, x, z, h, o; ``dE_dh_1`` is ``h_1``."""
        return InteractiveGradient(self, super().__getitem__(name).quantity)

    @cached_property
    def equations(self) -> tuple[Equation, ...]:
        """For reading: the forward equations, then every adjoint's in gather form, also the image's."""
        return tuple(LatexEquation(**vars(equation)) for equation in super().equations)

    def prove(self) -> Proof:
        """Decide each of ``gradients`` against an independent derivative, exactly; see ``proof/gradients.py``."""
        return prove(self)

    def decide(self, name: str, candidate: Expr) -> Verdict:
        """Decide whether any formula is ∂E/∂name: proved, refuted, or undecided with the reason.

        Args:
            candidate: of one image, in any quantities of the network: adjoints, x, h, o, pixels, parameters, targets.
        """
        if not isinstance(candidate, (Expr, int, float)):
            raise InputError(f"candidate {quoted(candidate)}: expected a SymPy expression")
        candidate = sympify(candidate)
        self._gradient_domain.renew_budget()
        return self._gradient_domain.decide(name, candidate)

    @cached_property
    def _gradient_domain(self) -> GradientDomain:
        return GradientDomain(self)

    def identities(self, images: tuple[int, ...] = (0,)) -> QuantityDomain:
        """Return what decides equalities between any quantities of some images; it is kept with its results."""
        domains = self.__dict__.setdefault("_quantity_domains", {})
        return domains.setdefault(images, QuantityDomain(self, images))  # type: ignore[no-any-return]

    def evaluate(self, theta: Any, images: Any, targets: Any) -> dict[str, Array]:
        """The displayed expressions (``gradients``) themselves, evaluated with NumPy; where one would be too long, its
        formula with adjoints.

        Args:
            theta: name -> value, or 1-D in the order of the parameters.
            images: (samples, [channels,] height, width); targets: (samples, outputs).

        Returns:
            name -> (samples,): ∂E/∂name of each image.
        """
        return evaluate_displayed(self, theta, images, targets)

    def _repr_latex_(self) -> str:
        return derivation_latex(self)

    def _repr_html_(self) -> str:
        """A table of the gradients and their formulas; where there are many, of the adjoints in index notation."""
        heads, rows = ["derivative", "formula"], derivation_rows(self, Plain())
        if len(rows) == len(self.names):  # d["f_12"] takes the name
            heads, rows = ["name", *heads], [(name, *row) for name, row in zip(self.names, rows, strict=True)]
        return f"{html_table(heads, rows)}<p>{html.escape(repr(self))}</p>"


def derive(network: Network, samples: int = 2) -> InteractiveDerivation:
    """Derive all derivatives of a network's error; see :class:`symcnn.Derivation`.

    >>> import symcnn
    >>> d = symcnn.derive(symcnn.article.network())
    >>> d
    Derivation of 24 gradients: f_11, f_12, f_21, f_22, …
    >>> d["f_12"].formula
    dE_dx_11*i_12 + dE_dx_12*i_13 + dE_dx_21*i_22 + dE_dx_22*i_23
    >>> d["h_1"]
    dE_dh_1 = dE_dz_o1*w_h1o1 + dE_dz_o2*w_h1o2
    """
    return InteractiveDerivation(network, samples)
