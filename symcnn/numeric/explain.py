"""``d["f_11"].explain(values)``: the values are completed by the graph that trains, then explained."""

from collections.abc import Mapping

from symcnn.derivation import Gradient, explain
from symcnn.errors import InputError
from symcnn.formula import Explanation, explain_variable
from symcnn.numeric.values import completion
from symcnn.text import catalogue


@explain.register
def explain_gradient(gradient: Gradient, values: Mapping[str, float], lang: str = "en") -> Explanation:
    """∂E/∂name of one image at these values of pixels, parameters and targets."""
    graph = gradient.graph
    names = list(graph.inputs)
    missing = [n for n in names if n not in values]
    if missing:
        raise InputError(
            f"values: {missing[0]} is missing; expected one for each of the {len(names)} pixels, parameters and targets"
        )
    given = {n: float(values[n]) for n in names}
    text = catalogue(lang)
    words = {"word": text.words("word"), "explain": text.words("explain")}
    return explain_variable(graph, gradient.adjoint, completion(graph)(given), words, text.decimal)
