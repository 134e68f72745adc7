"""The inverse of the LaTeX emitter: text to formula trees.

segments.py   a text: its displays, inline formulas and tables with their lines, and the author's own commands
display.py    a display: rows, chains of members, lists; each member with its place
grammar.py    a member: the grammar, and the tree of its parse
plainer.py    a member without commands that only change its looks
symbols.py    a symbol: letter, indices, word
"""

from symcnn.formula.reader.display import Chain, Member, read_display
from symcnn.formula.reader.grammar import FormulaReader, NotReadError
from symcnn.formula.reader.segments import Fragment, NumberTable, fragments

__all__ = ["Chain", "FormulaReader", "Fragment", "Member", "NotReadError", "NumberTable", "fragments", "read_display"]
