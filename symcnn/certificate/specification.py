"""What a reader of a certificate reads: the network's quantities as functions of parameters and image.

    x_11 := i_11 * f_11 + …        E := …        dE_df_11 := dE_dx_11 * i_11 + …

``After_x`` states E once more as a function of a feature map x whose cells are free: ∂E/∂x means that.
"""

from collections.abc import Iterator, Sequence

from sympy import Expr

from symcnn.certificate.stage import Stage
from symcnn.derivation import Variable
from symcnn.printers.coq import COQ
from symcnn.printers.infix import InfixPrinter


def network(stage: Stage) -> Iterator[str]:
    """Every quantity and every adjoint of one image, in the formulas of the derivation."""
    numbers, graph = stage.numbers, stage.derivation.graph
    yield "(* One image: its numbers and the parameters are given; the forward pass, with E at its end; and what the"
    yield "   derivation claims of E: dE_dx_11 is the derivative of E by x_11. *)"
    yield "Section OneImage.\nVariables parameter image : positive -> R."
    yield from (_given(p, "parameter", numbers.of[p]) for p in numbers.parameters)
    yield from (_given(d, "image", numbers.of[d]) for d in numbers.data)
    yield from _formulas([*graph.forward.values()])
    yield ""
    yield from _formulas([*graph.backward.values()])
    yield "End OneImage."
    yield from premises(stage)


def after(stage: Stage) -> Iterator[str]:
    """E as a function of a feature map."""
    assert stage.tensor is not None
    numbers = stage.numbers
    read = {s.name for v in stage.defined for s in v.symbols()}
    cells = "; ".join(stage.whole.applied(x) for x in stage.free)
    name = stage.tensor.name
    yield f"\n(* The map {name}, cell by cell; and E as a function of such a map, whose cells are free: it is E where"
    yield f"   they are those of the network ({stage.module}_is_E, below). *)"
    yield f"Definition map_{name} (parameter image : positive -> R) := listed {stage.low} [\n  {cells}]."
    yield f"Module {stage.module}.\nSection OneImage.\nVariables parameter image map : positive -> R."
    yield from (_given(p, "parameter", numbers.of[p]) for p in numbers.parameters if p in read)
    yield from (_given(d, "image", numbers.of[d]) for d in numbers.data if d in read)
    yield from (_given(x, "map", numbers.of[x]) for x in stage.free)
    yield from _formulas(stage.defined)
    yield "End OneImage."
    yield from premises(stage)
    yield f"End {stage.module}."


def premises(stage: Stage) -> Iterator[str]:
    """No argument of a relu at its kink, no tie in a maximum, as the place n moves: where the network has such."""
    if stage.kinks:
        parts = [f"off_kink {stage.moving} n ({_function(stage, z)})" for z in stage.kinks]
        yield _all("no_kink", stage, parts)
    if stage.ties:
        parts = [f"settled {stage.moving} n [{'; '.join(_function(stage, z) for z in cells)}]" for cells in stage.ties]
        yield _all("no_tie", stage, parts)


def _given(name: str, source: str, number: int) -> str:
    return f"Definition {name} := {source} {number}%positive."


def _formulas(variables: Sequence[Variable]) -> Iterator[str]:
    printer = InfixPrinter(COQ)
    for v in variables:
        yield f"Definition {v.name} := {printer.variable(v)}."


def _function(stage: Stage, value: Expr) -> str:
    return f"fun {stage.moving} => {stage.printed(value, inside=True)}"


def _all(name: str, stage: Stage, parts: Sequence[str]) -> str:
    both = " /\\\n  ".join(parts)
    return f"Definition {name} n ({' '.join(stage.given)} : positive -> R) :=\n  {both}."
