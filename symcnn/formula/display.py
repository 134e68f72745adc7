"""What derivations and networks show in Jupyter."""

import html
from collections.abc import Sequence

from symcnn.derivation import Derivation, Gradient
from symcnn.formula.latex import Latex
from symcnn.formula.typography import Typography
from symcnn.network import Network, settings_of
from symcnn.symbolic import Access, Equation, Quantities, Wins, html_of, latex_of
from symcnn.text import catalogue


@latex_of.register
def _gradient(gradient: Gradient) -> str:
    """The chain rule at one quantity."""
    return Latex().display(_typography(gradient.derivation).chain_rule(gradient.derivation, gradient.quantity))


@latex_of.register
def _equation(equation: Equation) -> str:
    """An equation in index notation."""
    return Latex().display(_of_equations([equation]).stated(equation))


@latex_of.register
def _derivation(derivation: Derivation) -> str:
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


@html_of.register
def _network(network: Network) -> str:
    """Layers with their settings, the parameters' names."""
    rows = []
    for layer in network.layers:
        settings = ", ".join(f"{k}={v}" for k, v in settings_of(layer).items() if v is not None)
        rows.append(f"<tr><td>{type(layer).__name__}</td><td>{html.escape(settings)}</td></tr>")
    shape = "×".join(map(str, network.input_shape))
    names = ", ".join(network.parameters[:40]) + (" …" if len(network.parameters) > 40 else "")
    return (
        f"<table><tr><th>input</th><td>{shape}</td></tr>{''.join(rows)}<tr><th>loss</th><td>{network.loss}</td></tr>"
        f"</table><p>{len(network.parameters)} parameters: {names}</p>"
    )


def _typography(derivation: Derivation) -> Typography:
    return Typography(derivation.quantities, catalogue("en").words("word"))


def _of_equations(equations: Sequence[Equation]) -> Typography:
    """Typography of what stands in some equations: nothing else of the network is known."""
    atoms = {a for e in equations for t in e.terms for f in t.factors for a in f.atoms(Access, Wins)}
    accesses = [access for a in atoms for access in (a.solved if isinstance(a, Wins) else (a,))]
    tensors = {a.tensor for a in accesses} | {e.target.tensor for e in equations}
    return Typography(Quantities(sorted(tensors)), catalogue("en").words("word"))
