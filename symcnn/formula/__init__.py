"""Displayed mathematics: formula trees built from the derivation, and their emitters."""

from symcnn.formula import tree
from symcnn.formula.latex import Latex, shown
from symcnn.formula.plain import Plain
from symcnn.formula.typography import WORDS, Typography, Worked

__all__ = ["WORDS", "Latex", "Plain", "Typography", "Worked", "shown", "tree"]
