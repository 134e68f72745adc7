"""Displayed mathematics: formula trees built from the derivation, and their emitters."""

from symcnn.formula import tree
from symcnn.formula.conventions import format_number
from symcnn.formula.explanation import (
    Change,
    Explanation,
    derivation_latex,
    derivation_rows,
    equation_latex,
    explain_input,
    explain_sum,
    explain_update,
    explain_variable,
    gradient_latex,
    name_as_written,
)
from symcnn.formula.flow import Flow
from symcnn.formula.latex import Latex
from symcnn.formula.mathml import MathML
from symcnn.formula.plain import Plain
from symcnn.formula.typography import WORDS, Typography, Worked

__all__ = [
    "WORDS", "Change", "Explanation", "Flow", "Latex", "MathML", "Plain", "Typography", "Worked", "derivation_latex",
    "derivation_rows", "equation_latex", "explain_input", "explain_sum", "explain_update", "explain_variable",
    "format_number", "gradient_latex", "name_as_written", "tree",
]  # fmt: skip
