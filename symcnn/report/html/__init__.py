"""A report as one self-contained page: native MathML in an embedded font, inline SVG, readable without script.

blocks     sections, running text, equations, figures, tables
quantities the keys by which the appearances of a quantity find each other
states     the numbers at the steps of the training, as the script looks them up
page       all in one file, with fonts, style sheet and script
"""

from symcnn.report.html.page import to_html

__all__ = ["to_html"]
