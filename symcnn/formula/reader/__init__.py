"""The way back from LaTeX: text to formula trees.

segments.py   a text: its displays, inline formulas and tables, and on which lines they stand
macros.py     an author's own commands put in
display.py    one display: rows, chains of members, lists; each member with its place
grammar.py    one member: the grammar, and the tree of what it reads
symbols.py    one symbol: letter, indices, word
"""

from symcnn.formula.reader.display import Chain, Member, read_display
from symcnn.formula.reader.grammar import NotReadError, Reader
from symcnn.formula.reader.segments import Fragment, Numbers, fragments

__all__ = ["Chain", "Fragment", "Member", "NotReadError", "Numbers", "Reader", "fragments", "read_display"]
