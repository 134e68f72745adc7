"""What ``symcnn derive`` prints: every formula, or the equations in index notation."""

from symcnn.cli.shared import CheckFailed, say
from symcnn.derivation import Derivation
from symcnn.formula import Latex, Plain, Typography, equation_latex
from symcnn.text import catalogue
from symcnn.verification import check_equations


def print_formulas(derivation: Derivation, of: str | None, latex: bool) -> None:
    """The chain rule of every quantity on the way, then of the gradients; or those that one quantity needs."""
    typography = Typography(derivation.quantities, catalogue("en").words("word"))
    emit = Latex().display if latex else Plain().lines
    if of is not None:
        wanted = [step.variable for step in derivation[of].steps]
    else:  # the quantities on the way, then the formulas that are asked for
        on_the_way = [v.quantity.primal.name for v in derivation.graph.backward.values()]
        wanted = [v for v in on_the_way if v not in derivation.names] + list(derivation.names)
    for quantity in wanted:
        say(emit(typography.chain_rule(derivation, quantity)))
    if of is None:
        say(f"\n{_count(derivation)}\n{_operations(derivation)}")


def print_equations(derivation: Derivation, latex: bool) -> None:
    """Forward, backward, and whether they were found to be right."""
    for equation in derivation.equations:
        say(equation_latex(equation) if latex else str(equation))
    say("\nWhere an index lies outside its range, or is no whole number, nothing is added.")
    verdict = check_equations(derivation)
    say(f"{_count(derivation)}\n{_operations(derivation)}")
    words = f"error probability below {verdict.epsilon:.0e}" if verdict.status == "probable" else verdict.status
    say(f"Checked, {words}: {verdict.method}.")
    if verdict.status == "refuted":
        raise CheckFailed("the equations are not the derivative of E")


def _count(derivation: Derivation) -> str:
    parameters, count = len(derivation.network.parameters), len(derivation.names)
    maps = f" + {count - parameters} for the feature maps" if count > parameters else ""
    return f"{count} gradients: {parameters} for the parameters{maps}."


def _operations(derivation: Derivation) -> str:
    forward, backward = derivation.operations
    ratio = (forward + backward) / forward
    return (
        f"Operations for one image: {forward} forward, {backward} for all gradients;"
        f" together {ratio:.2f} times the forward pass."
    )
