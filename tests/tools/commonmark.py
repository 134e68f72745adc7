"""What Markdown makes of a report's formulas."""

import html
import re

from markdown_it import MarkdownIt

DISPLAY = re.compile(r"^\$\$\n(.*?)\n\$\$$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"(?<![$\\])\$([^$\n]+)\$(?!\$)")


def formulas_of(text):
    """The formulas of a text, without code and the dollar signs that are set apart."""
    bare = re.sub(r"(`+)[^`\n].*?\1", "", text).replace(r"<span>\$</span>", "")
    return DISPLAY.findall(bare) + INLINE.findall(DISPLAY.sub("", bare))


def changed(text):
    """Formulas that CommonMark, which GitHub runs first, changes."""
    rendered = MarkdownIt("commonmark").enable("table").render(text)
    plain = html.unescape(re.sub(r"</?(p|em|strong|td|th|tr|li|h\d|blockquote|a|code|span)\b[^>]*>", "", rendered))
    return [formula for formula in formulas_of(text) if formula not in plain]
