"""What the tests of certificates share: Coq, where it is installed, and derivations with an error in them."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
import sympy

import symcnn
from symcnn.certificate import Certificate
from symcnn.derivation import Addend, Derivation

needs_coq = pytest.mark.skipif(
    shutil.which("coqc") is None,
    reason="coqc is not installed: apt-get install --no-install-recommends coq libcoq-coquelicot",
)

#: Variable -> its products, each a line of factors: "dE_dx_11 i_11".
Error = Mapping[str, Sequence[str]]


#: Where the part of a certificate begins that is of one network.
NETWORK = "(* ===== The network as a tape ===== *)"


def together(first: Mapping[str, Certificate], last: Certificate) -> str:
    """Several certificates as one text, all but the last each in a module: what they share is checked once.

    The theorem ``is_certified_<name>`` rests on all of the name's.
    """
    shared, _, network = last.text.partition(NETWORK)
    found = [shared]
    for name, certificate in first.items():
        found.append(f"Module {name}.\n{certificate.text.partition(NETWORK)[2]}\nEnd {name}.")
        every = " ".join(f"let _ := {name}.{t} in" for t in certificate.theorems)
        found.append(f"Theorem is_certified_{name} : True.\nProof. exact ({every} I). Qed.")
    return "\n".join([*found, network])


def with_error(network: symcnn.Network, error: Error) -> Derivation:
    """The network's derivation with other right sides for some variables."""
    derivation = symcnn.derive(network)
    graph = derivation.graph
    names = {v.name: v for v in graph}
    wrong = {
        name: replace(names[name], addends=(Addend(tuple(tuple(map(_factor, p.split())) for p in products)),))
        for name, products in error.items()
    }
    assert all(names[n].expression != v.expression for n, v in wrong.items())
    parts = [{n: wrong.get(n, v) for n, v in part.items()} for part in (graph.forward, graph.backward)]
    derivation.__dict__["graph"] = replace(graph, forward=parts[0], backward=parts[1])
    return derivation


def _factor(text: str) -> sympy.Expr:
    names = {name: sympy.Symbol(name) for name in ("E", "S", "N", "O", "Q", "I")}
    return sympy.sympify(text, locals=names)
