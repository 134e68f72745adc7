"""Every way in which one place of a written equation may be wrong, in its LaTeX: index, letter, sign, factor, word, …

Nothing here knows what an equation means. What stays true in spite of a change is listed by ``undetectable``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Mutation:
    """A display with one place changed; ``at`` is where in the body."""

    kind: str
    body: str
    at: int
    old: str
    new: str


_SUBSCRIPT = re.compile(r"_(?:\{((?:[^{}]|\{[^{}]*\})*)\}|([A-Za-z0-9]))")
_SYMBOL = re.compile(r"(?<![\\A-Za-z])([A-Za-z])_(?:\{((?:[^{}]|\{[^{}]*\})*)\}|([A-Za-z0-9]))(?!\s*=)")
_LETTERS = {"i": "fx", "f": "ix", "x": "if", "E": "x", "h": "ow", "o": "hw", "w": "ho"}
_WORDS = {"prédit": "espéré", "espéré": "prédit", "préactivation": "activation", "activation": "préactivation",
          "predicted": "expected", "expected": "predicted", "preactivation": "activation"}  # fmt: skip


def mutations(body: str) -> Iterator[Mutation]:
    """All single changes of one display."""
    for kind, start, end, new in _places(body):
        if body[start:end] != new:
            yield Mutation(kind, body[:start] + new + body[end:], start, body[start:end], new)


def _places(body: str) -> Iterator[tuple[str, int, int, str]]:
    yield from _digits(body)
    yield from _subscripts(body)
    yield from _letters(body)
    yield from _signs(body)
    yield from _numbers(body)
    yield from _dropped(body)


def _digits(body: str) -> Iterator[tuple[str, int, int, str]]:
    for match in _SUBSCRIPT.finditer(body):
        if "=" in match[0]:  # the limits of a sum
            continue
        for n in range(match.start(), match.end()):
            if body[n].isdigit():
                for new in "123":
                    yield "subscript digit", n, n + 1, new
                for new in "07" if body[n - 1] not in "x" else "7":
                    yield "digit outside", n, n + 1, new


def _subscripts(body: str) -> Iterator[tuple[str, int, int, str]]:
    found = list(_SYMBOL.finditer(body))
    for match in found:
        inner = match[2] or match[3]
        if re.fullmatch(r"[0-9]{2}", inner):
            yield "transpose", *match.span(2), inner[::-1]
    for a, b in pairwise(found):
        if a[2] and b[2] and a[2] != b[2] and not body[a.end() : b.start()].count("="):
            swapped = (
                body[a.start() : a.start(2)] + b[2] + body[a.end(2) : b.start(2)] + a[2] + body[b.end(2) : b.end()]
            )
            yield "swapped subscripts", a.start(), b.end(), swapped


def _letters(body: str) -> Iterator[tuple[str, int, int, str]]:
    for match in _SYMBOL.finditer(body):
        for new in _LETTERS.get(match[1], ""):
            yield "letter", *match.span(1), new
    for match in re.finditer(r"préactivation|activation|preactivation|prédit|espéré|predicted|expected", body):
        yield "word", *match.span(), _WORDS[match[0]]
    for match in re.finditer(r"(?<=_)[ik](?![A-Za-z=])", body):
        yield "index letter", *match.span(), "k" if match[0] == "i" else "i"
    for match in re.finditer(r"\\partial ([XF])\b|_k(?==)", body):
        if match[1]:
            yield "group", *match.span(1), "F" if match[1] == "X" else "X"
    for match in re.finditer(r"\\sum_\{k=(\d)\}\^(\d)", body):
        for n in (1, 2):
            for new in "02345":
                yield "limits", *match.span(n), new


def _signs(body: str) -> Iterator[tuple[str, int, int, str]]:
    depth = 0
    for n, c in enumerate(body):
        depth += {"{": 1, "}": -1}.get(c, 0)
        if c in "+-" and body[max(0, n - 1)] in " (" and body[n + 1 : n + 2] == " ":
            yield "sign", n, n + 1, "-" if c == "+" else "+"
            yield "operator", n, n + 1, "*"
        if c == "*":
            yield "operator", n, n + 1, "+"
            yield "operator", n, n + 1, "-"
            yield "sign left out", n, n + 1, ""


def _numbers(body: str) -> Iterator[tuple[str, int, int, str]]:
    for match in re.finditer(r"(?<![\w_{,^=])\d+(?:,\d+)?(?![\w},])", body):
        number = match[0]
        yield (
            "number",
            *match.span(),
            "1"
            if number == "0"
            else "0"
            if number == "1"
            else re.sub(r"\d$", lambda m: str((int(m[0]) + 1) % 10), number),
        )
        yield "number", *match.span(), "2" if number != "2" else "3"


def _dropped(body: str) -> Iterator[tuple[str, int, int, str]]:
    for start, end in _pieces(body, "+-"):
        yield "dropped term", start, end, ""
    for start, end in _pieces(body, "*"):
        yield "dropped factor", start, end, ""


def _pieces(body: str, signs: str) -> Iterator[tuple[int, int]]:
    """Each sign with what stands behind it up to the next sign or the end of its bracket."""
    for n, c in enumerate(body):
        if c not in signs or body[n + 1 : n + 2] != " " or (c == "-" and body[n - 1] != " "):
            continue
        depth, end = 0, n + 1
        while end < len(body):
            d = body[end]
            depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(d, 0)
            if depth < 0 or (
                depth == 0
                and (
                    d in "=+&"
                    or (d == "-" and body[end - 1] == " ")
                    or (d == "*" and signs == "*")
                    or body.startswith("\\\\", end)
                    or body.startswith("\\right", end)
                )
            ):
                break
            end += 1
        while end > n and body[end - 1] == " ":
            end -= 1
        yield n, end
