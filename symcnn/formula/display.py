"""What derivations and networks show in Jupyter."""

import html

from symcnn.derivation import Derivation, Gradient
from symcnn.formula.latex import Latex
from symcnn.formula.typography import Typography
from symcnn.network import Network, settings_of
from symcnn.symbolic import html_of, latex_of
from symcnn.text import catalogue


@latex_of.register
def _gradient(gradient: Gradient) -> str:
    """The chain rule at one quantity."""
    return Latex().display(_typography(gradient.derivation).chain_rule(gradient.derivation, gradient.name))


@latex_of.register
def _derivation(derivation: Derivation) -> str:
    """All gradients, one under the other."""
    latex, typography = Latex(), _typography(derivation)
    rows = [
        f"{latex.emit(typography.name(g.adjoint))} &= {latex.emit(typography.right_side(g.variable))}"
        for g in map(derivation.__getitem__, derivation.names[:MOST])
    ]
    return "$$\n\\begin{aligned}\n" + " \\cr\n".join(rows) + "\n\\end{aligned}\n$$"


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
    return Typography(derivation.graph, catalogue("en").words("word"))
