r"""What of a text is mathematics: displays, inline formulas, tables of numbers, each with its line.

Delimiters: ``$$ … $$``, ``\[ … \]``, equation environments; ``$ … $``, ``\( … \)``. A display closes before a blank line
(one right behind its first ``$$`` is let through) and holds no ``$``. Code is skipped; mathematics that stands outside of
any delimiter is told, so that nothing is passed over in silence.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

_DISPLAY_NAMES = "equation|align|alignat|gather|multline|eqnarray|displaymath|flalign"
_MATHS = re.compile(
    r"\$\$(?P<dollars>(?:\s*\n)?(?:(?!\n[ \t>]*\n)[^$])+?)\$\$"
    r"|\\\[(?P<brackets>(?:(?!\n[ \t]*\n).)+?)\\\]"
    rf"|\\begin\{{(?P<name>(?:{_DISPLAY_NAMES})\*?)\}}(?P<environment>.+?)\\end\{{(?P=name)\}}"
    r"|(?<![\\$])\$(?!\$)(?P<inline>(?:(?!\n[ \t]*\n)(?:\\\$|[^$]))+?)(?<!\\)\$(?!\$)"
    r"|\\\\?\((?P<round>(?:(?!\n[ \t]*\n).)+?)\\\\?\)",
    re.DOTALL,
)
#: Code, comments, and pictures, whose letters are no mathematics of the text.
_CODE = re.compile(r"\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}|^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^(?P=fence)[`~]*[ \t]*$|`[^`\n]+`|<!--.*?-->", re.DOTALL | re.MULTILINE)
_OUTSIDE = re.compile(r"\\frac|\\partial|\\sum|\$\$|\\begin\{aligned\}")
_NUMBER = r"[-−+]?\d+(?:[.,]\d+)?"
_ROW = re.compile(rf"\s*{_NUMBER}(?:(?:\t|[ ]+|\s*[|&;]\s*){_NUMBER})*\s*(?:\\\\)?\s*")


@dataclass(frozen=True)
class Fragment:
    """A piece of mathematics.

    Attributes:
        body: between its delimiters.
        start: where the body begins in the text.
        line: on which line, from 1.
    """

    kind: Literal["display", "inline", "outside"]
    body: str
    start: int
    line: int


@dataclass(frozen=True)
class Numbers:
    """A table of nothing but numbers.

    Attributes:
        rows: as they are written.
        line: of the first row, from 1; each row has a line of its own.
        marked: does a sign like ∇ stand between it and the table before?
    """

    rows: tuple[tuple[str, ...], ...]
    line: int
    marked: bool = False


def fragments(text: str) -> list[Fragment | Numbers]:
    """All mathematics of a text, in its order."""
    clean = _CODE.sub(_blanked, text)
    lines = _Lines(text)
    found: list[Fragment | Numbers] = []
    rest = list(clean)
    for match in _MATHS.finditer(clean):
        name = next(n for n in ("dollars", "brackets", "environment", "inline", "round") if match[n] is not None)
        kind: Literal["display", "inline"] = "inline" if name in ("inline", "round") else "display"
        lead = len(match[name]) - len(match[name].lstrip())
        body = re.sub(r"(?m)^[ \t]*>[ \t]?", lambda m: " " * len(m[0]), match[name]) if _quoted(clean, match.start()) else match[name]
        found.append(Fragment(kind, body, match.start(name), lines.at(match.start(name) + lead)))
        rest[match.start() : match.end()] = re.sub(r"[^\n]", " ", match[0])
    remainder = "".join(rest)
    for match in _OUTSIDE.finditer(remainder):
        end = remainder.find("\n", match.start())
        start = remainder.rfind("\n", 0, match.start()) + 1
        line = lines.at(match.start())
        if not any(isinstance(f, Fragment) and f.kind == "outside" and f.line == line for f in found):
            found.append(Fragment("outside", remainder[start : end if end >= 0 else None].strip(), start, line))
    found += _tables(remainder)
    return sorted(found, key=lambda f: (f.line, getattr(f, "start", 0)))


class _Lines:
    """Line numbers; lines end at \\n and nowhere else."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(m.end() for m in re.finditer("\n", text))]

    def at(self, position: int) -> int:
        from bisect import bisect_right

        return bisect_right(self._starts, position)


def _blanked(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _quoted(text: str, at: int) -> bool:
    start = text.rfind("\n", 0, at) + 1
    return text[start:at].lstrip().startswith(">") and not text[start:].lstrip().startswith(">>>")


def _tables(text: str) -> Iterator[Numbers]:
    """Runs of lines that hold nothing but numbers."""
    run: list[tuple[str, ...]] = []
    first, marked = 0, False
    for n, line in enumerate([*text.split("\n"), ""], 1):
        if _ROW.fullmatch(line) and line.strip():
            first = first if run else n
            run.append(tuple(re.findall(_NUMBER, line)))
            continue
        if run:
            yield Numbers(tuple(run), first, marked)
            run, marked = [], False
        if line.strip():
            marked = line.strip() == "∇"
