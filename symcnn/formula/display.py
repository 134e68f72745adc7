"""Derivations in LaTeX: a gradient with its chain rule, an equation in index notation, all gradients."""

from collections.abc import Sequence

from symcnn.derivation import Derivation, Gradient
from symcnn.formula.latex import Latex
from symcnn.formula.typography import Typography
from symcnn.symbolic import Access, Equation, Quantities, Wins
from symcnn.text import catalogue


def gradient_latex(gradient: Gradient) -> str:
    """The chain rule at one quantity."""
    return Latex().display(_typography(gradient.derivation).chain_rule(gradient.derivation, gradient.quantity))


def equation_latex(equation: Equation) -> str:
    """An equation in index notation."""
    return Latex().display(_of_equations([equation]).stated(equation))


def derivation_latex(derivation: Derivation) -> str:
    """All gradients, one under the other; where there are many, every adjoint in index notation."""
    latex, typography = Latex(), _typography(derivation)
    if len(derivation.names) > MOST:
        adjoints = [e for e in derivation.equations if e.target.tensor.is_adjoint]
        rows = [(latex.emit(typography.access(e.target)), latex.emit(typography.sum_of(e))) for e in adjoints]
    else:
        variables = [derivation.graph[quantity.adjoint] for quantity in derivation.listed]
        rows = [(latex.emit(typography.name(v.quantity)), latex.emit(typography.right_side(v))) for v in variables]
    lines = " \\cr\n".join(f"{left} &= {right}" for left, right in rows)
    return f"$$\n\\begin{{aligned}}\n{lines}\n\\end{{aligned}}\n$$"


#: Formulas that a derivation shows at once.
MOST = 60


def _typography(derivation: Derivation) -> Typography:
    return Typography(derivation.quantities, catalogue("en").words("word"))


def _of_equations(equations: Sequence[Equation]) -> Typography:
    """Typography of what stands in some equations: nothing else of the network is known."""
    atoms = {a for e in equations for t in e.terms for f in t.factors for a in f.atoms(Access, Wins)}
    accesses = [access for a in atoms for access in (a.solved if isinstance(a, Wins) else (a,))]
    tensors = {a.tensor for a in accesses} | {e.target.tensor for e in equations}
    return Typography(Quantities(sorted(tensors)), catalogue("en").words("word"))
