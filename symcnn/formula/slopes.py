"""∂E/∂o where a loss is stated without the output o: binary cross-entropy by z, of which o is σ(z).

On no path of the graph lies o then, and yet ∂E/∂o is not 0 to anyone who writes it. Where o is a function of one
quantity z, it is ∂E/∂z divided by ∂o/∂z; elsewhere (a softmax: each output is a function of every score) E as a
function of the outputs is not stated, and a derivative by one of them has no meaning here.
"""

from sympy import Expr, Symbol

from symcnn.derivation.derivation import Derivation
from symcnn.formula.written import MeaningError
from symcnn.proof.paths import Slope
from symcnn.symbolic import ERROR, Access, Tensor


def slope(derivation: Derivation, of: Symbol, by: Symbol) -> Expr:
    """∂of/∂by.

    Raises:
        MeaningError: by an output that the loss is stated without.
    """
    quantities = derivation.quantities
    output = quantities.of(by)
    if quantities.of(of).tensor != ERROR or not _is_end(derivation, output.tensor):
        return Slope(of, by)
    expression = derivation.graph[output.of_image(None)].expression
    if len(expression.free_symbols) != 1:
        raise MeaningError("no_path", what=output.of_image(None).name)
    [z] = expression.free_symbols
    ended = quantities.of_image(z, output.image)
    return Slope(of, ended) / expression.diff(z).xreplace({z: ended})


def _is_end(derivation: Derivation, tensor: Tensor) -> bool:
    """Is nothing computed from any of its cells, though it is computed itself?"""
    if tensor == ERROR or derivation.differentiates(tensor):
        return False
    if all(equation.target.tensor != tensor for equation in derivation.forward):
        return False
    factors = (f for equation in derivation.forward for term in equation.terms for f in term.factors)
    return all(access.tensor != tensor for factor in factors for access in factor.atoms(Access))
