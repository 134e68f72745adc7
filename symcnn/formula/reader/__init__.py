"""The way back from LaTeX: text to formula trees.

segments.py   a text: its displays, inline formulas and tables, and on which lines they stand
macros.py     an author's own commands put in
display.py    one display: rows, chains of members, lists; each member with its place
grammar.py    one member: the grammar, and the tree of what it reads
symbols.py    one symbol: letter, indices, word
"""

from symcnn.formula.reader.display import Chain, Member, read_display
from symcnn.formula.reader.grammar import FormulaReader, NotReadError
from symcnn.formula.reader.segments import Fragment, NumberTable, fragments

__all__ = ["Chain", "FormulaReader", "Fragment", "Member", "NotReadError", "NumberTable", "fragments", "read_display"]
