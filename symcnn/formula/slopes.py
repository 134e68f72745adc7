"""∂E/∂o where a loss is stated without the output o: binary cross-entropy by z, of which o is σ(z).

On no path of the graph lies o then, and yet ∂E/∂o is not 0 to anyone who writes it. Where o is a function of one
quantity z, it is ∂E/∂z divided by ∂o/∂z; elsewhere (a softmax: each output is a function of every score) E as a
function of the outputs is not stated, and a derivative by one of them has no meaning here.
"""

from sympy import Expr, Symbol

from symcnn.derivation.derivation import Derivation
from symcnn.formula.written import MeaningError
from symcnn.proof.paths import Slope
from symcnn.symbolic import Access


def slope(derivation: Derivation, of: str, by: str) -> Expr:
    """∂of/∂by.

    Raises:
        MeaningError: by an output that the loss is stated without.
    """
    name, mark, image = by.partition("_image")
    if of.partition("_image")[0] != "E" or not _is_end(derivation, name):
        return Slope(of, by)
    expression = derivation.graph.forward[name].expression
    if len(expression.free_symbols) != 1:
        raise MeaningError("no_path", what=name)
    [z] = expression.free_symbols
    ended = Symbol(f"{z}{mark}{image}")
    return Slope(of, ended.name) / expression.diff(z).xreplace({z: ended})


def _is_end(derivation: Derivation, name: str) -> bool:
    """Is nothing computed from any cell of its tensor, though it is computed itself?"""
    if name == "E" or name in derivation:
        return False
    try:
        tensor = derivation.quantities.of(name).tensor
    except KeyError:
        return False
    if all(equation.target.tensor != tensor for equation in derivation.forward):
        return False
    factors = (f for equation in derivation.forward for term in equation.terms for f in term.factors)
    return all(access.tensor != tensor for factor in factors for access in factor.atoms(Access))
