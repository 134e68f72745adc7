r"""Drawings for LaTeX: the SVG of a figure, shape by shape, as TikZ.

What a ``Drawing`` of a report consists of is known: rectangles, circles, lines, paths of straight lines, text with
runs, and a stylesheet of classes with literal colours. Anything else is refused: a figure that lost a part would be
wrong.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from symcnn.formula.latex import escaped

#: Points of TeX that a line of the document is wide.
LINE = 455.0

_ANCHORS = {"start": " west", "middle": "", "end": " east"}
#: A rectangle of a path of cells, and such a path.
_CELL = re.compile(r"M([\d.]+) ([\d.]+)H([\d.]+)V([\d.]+)H[\d.]+Z")
_CELLS = re.compile(rf"({_CELL.pattern.replace('(', '(?:')})+")
#: What a child of <text> inherits.
_INHERITED = ("fill", "font-size", "font-style", "font-weight")


def to_tikz(svg: str, width: float) -> str:
    """A drawing as a ``tikzpicture``.

    Args:
        svg: complete by itself, as ``Drawing.svg("light")`` gives it.
        width: of the line, at most 1.

    Raises:
        ValueError: there is an element that has no rule.
    """
    root = ElementTree.fromstring(svg)
    _, _, wide, high = map(float, root.attrib["viewBox"].split())
    scale = width * LINE / wide
    drawing = _Tikz(scale, _rules(root))
    head = f"\\begin{{tikzpicture}}[x={scale:.4f}pt,y=-{scale:.4f}pt]"
    frame = f"\\useasboundingbox (0,0) rectangle ({wide:g},{high:g});"
    return "\n".join([head, frame, *drawing.shapes(root), "\\end{tikzpicture}"])


@dataclass(frozen=True)
class _Rule:
    """Of a stylesheet: for elements of a tag (or any) that have all these classes."""

    tag: str
    classes: frozenset[str]
    style: Mapping[str, str]


def _rules(root: Element) -> list[_Rule]:
    found = []
    for sheet in (e.text or "" for e in root.iter() if _tag(e) == "style"):
        for selector, body in re.findall(r"([^{}]+)\{([^}]*)\}", sheet):
            tag, *classes = selector.split()[-1].split(".")
            style = dict(part.split(":", 1) for part in body.split(";") if ":" in part)
            found.append(_Rule(tag, frozenset(classes), style))
    return sorted(found, key=lambda rule: len(rule.classes))  # stable: of like rules the last one counts


class _Tikz:
    def __init__(self, scale: float, rules: list[_Rule]) -> None:
        self._scale = scale
        self._rules = rules

    def shapes(self, root: Element) -> Iterator[str]:
        for element in root:
            tag, style = _tag(element), self._style(element, {})
            if tag in ("style", "title", "desc") or style.get("opacity") == "0":
                continue
            if tag == "g":
                yield from self.shapes(element)
            elif tag == "text":
                yield self._text(element, style)
            else:
                yield self._painted(self._outline(element, tag), style)

    def _style(self, element: Element, inherited: Mapping[str, str]) -> dict[str, str]:
        """Attributes, over them what the stylesheet says."""
        own = element.attrib
        classes, tag = set(own.get("class", "").split()), _tag(element)
        style = {k: v for k, v in inherited.items() if k in _INHERITED} | dict(own)
        for rule in self._rules:
            if rule.tag in ("", tag) and rule.classes <= classes and (rule.tag or rule.classes):
                style |= rule.style
        return style

    def _outline(self, element: Element, tag: str) -> str:
        a = element.attrib
        if tag == "rect":
            x, y, width, height = (float(a.get(k, 0)) for k in ("x", "y", "width", "height"))
            rounded = f"[rounded corners={self._scale * float(a['rx']):.2f}pt] " if float(a.get("rx", 0)) else ""
            return f"{rounded}({_n(x)},{_n(y)}) rectangle ({_n(x + width)},{_n(y + height)})"
        if tag == "circle":
            return f"({a['cx']},{a['cy']}) circle[radius={self._scale * float(a['r']):.3f}pt]"
        if tag == "line":
            return f"({a['x1']},{a['y1']}) -- ({a['x2']},{a['y2']})"
        if tag in ("polyline", "polygon"):
            numbers = re.findall(r"-?[\d.]+", a["points"])
            points = " -- ".join(f"({x},{y})" for x, y in zip(numbers[::2], numbers[1::2], strict=True))
            return points + (" -- cycle" if tag == "polygon" else "")
        if tag == "path" and _CELLS.fullmatch(a["d"]):
            return " ".join(f"({x},{y}) rectangle ({right},{low})" for x, y, right, low in _CELL.findall(a["d"]))
        if tag == "path" and re.fullmatch(r"[\d\s.,MLZ-]*", a["d"]):
            return self._path(a["d"])
        raise ValueError(f"a figure has a {tag} that has no rule in TikZ")

    def _path(self, d: str) -> str:
        parts = []
        for command, numbers in re.findall(r"([MLZ])([^MLZ]*)", d):
            values = re.findall(r"-?[\d.]+", numbers)
            points = [f"({x},{y})" for x, y in zip(values[::2], values[1::2], strict=True)]
            parts.append(" -- cycle" if command == "Z" else (" " if command == "M" else " -- ") + " -- ".join(points))
        return "".join(parts).strip()

    def _painted(self, outline: str, style: Mapping[str, str]) -> str:
        options = []
        fill, stroke = style.get("fill", "#000000"), style.get("stroke", "none")
        if fill != "none":
            options.append(f"fill={_colour(fill)}")
            if "fill-opacity" in style:
                options.append(f"fill opacity={style['fill-opacity']}")
        if stroke != "none":
            options.append(f"draw={_colour(stroke)}")
            options.append(f"line width={self._scale * float(style.get('stroke-width', 1)):.2f}pt")
            if "stroke-dasharray" in style:
                on, off, *_ = (self._scale * float(v) for v in re.findall(r"[\d.]+", style["stroke-dasharray"]))
                options.append(f"dash pattern=on {on:.2f}pt off {off:.2f}pt")
        for name in ("linecap", "linejoin"):
            if f"stroke-{name}" in style:
                options.append(f"line {name[4:]}={style[f'stroke-{name}']}")
        return f"\\path[{','.join(options)}] {outline};"

    def _text(self, element: Element, style: Mapping[str, str]) -> str:
        words = [self._run(element.text or "", style, 0.0)]
        raised = 0.0
        for run in element:
            own = self._style(run, style)
            raised -= float(own.get("dy", 0))
            words += [self._run(run.text or "", own, raised), self._run(run.tail or "", style, raised)]
        options = [f"anchor=base{_ANCHORS[style.get('text-anchor', 'start')]}", "inner sep=0.8pt", "outer sep=-0.8pt"]
        options.append(f"text={_colour(style.get('fill', '#000000'))}")
        if style.get("paint-order") == "stroke":  # a halo keeps a label readable over lines
            options.append(f"fill={_colour(style['stroke'])}")
        return f"\\node[{','.join(options)}] at ({style['x']},{style['y']}) {{{''.join(words)}}};"

    def _run(self, words: str, style: Mapping[str, str], raised: float) -> str:
        if not words:
            return ""
        size = self._scale * float(style.get("font-size", 12))
        looks = r"\itshape " * (style.get("font-style") == "italic")
        looks += r"\bfseries " * (style.get("font-weight") in ("bold", "600", "700"))
        run = rf"{{\fontsize{{{size:.2f}}}{{{size * 1.2:.2f}}}\selectfont {looks}{escaped(words)}}}"
        return rf"\raisebox{{{self._scale * raised:.2f}pt}}{{{run}}}" if raised else run


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _colour(value: str) -> str:
    """#rrggbb as xcolor takes it in place."""
    digits = value.removeprefix("#")
    digits = "".join(2 * c for c in digits) if len(digits) == 3 else digits
    red, green, blue = (int(digits[n : n + 2], 16) for n in (0, 2, 4))
    return f"{{rgb,255:red,{red};green,{green};blue,{blue}}}"
