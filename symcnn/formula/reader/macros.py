r"""Expand an author's own commands: \newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}, \def\xx{x_{11}}.

Their arguments must be in braces: a command with an optional argument is left, and a formula with it is not read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

_NAMED = r"\s*\{?\s*\\(?P<name>[A-Za-z]+)\s*\}?\s*"
_DEFINITION = re.compile(
    rf"\\(?:(?:re|provide)?newcommand\*?{_NAMED}(?:\[(?P<count>\d)\])?\s*(?=\{{)"
    r"|def\s*\\(?P<defined>[A-Za-z]+)(?P<places>(?:#\d)*)\s*(?=\{)"
    rf"|(?P<operator>DeclareMathOperator)\*?{_NAMED.replace('<name>', '<called>')}(?=\{{))"
)

#: The most commands within commands, and the most characters of an expanded formula.
MAX_ROUNDS, MAX_LENGTH = 8, 50_000

#: The most definitions of one text, and the most characters in braces.
MAX_DEFINITIONS, MAX_BRACES = 300, 2_000


@dataclass(frozen=True)
class Macro:
    """The definition of a command.

    Attributes:
        count: the number of its arguments.
        body: its expansion, with #1, #2 for the arguments.
    """

    count: int
    body: str


def defined(text: str) -> tuple[dict[str, Macro], list[tuple[int, int]]]:
    """Return the commands that a text defines, and the spans of the definitions."""
    macros: dict[str, Macro] = {}
    spans: list[tuple[int, int]] = []
    for match in islice(_DEFINITION.finditer(text), MAX_DEFINITIONS):
        end = _closing(text, match.end())
        if end < 0:
            continue
        body = text[match.end() + 1 : end - 1].replace("\n", " ")
        if match["operator"]:
            body = rf"\operatorname{{{body}}}"
        name = match["name"] or match["defined"] or match["called"]
        macros[name] = Macro(int(match["count"] or (match["places"] or "").count("#")), body)
        spans.append((match.start(), end))
    return macros, spans


def put_in(formula: str, macros: Mapping[str, Macro]) -> str:
    """Expand the commands of a formula; it keeps its number of lines."""
    if not macros:
        return formula
    command = re.compile(rf"\\({'|'.join(sorted(macros, key=len, reverse=True))})(?![A-Za-z])")
    text = formula
    for _ in range(MAX_ROUNDS):
        match = command.search(text)
        if match is None:
            return text
        parts, at = [], 0
        while match is not None:
            replacement, end = _expansion(text, match, macros[match[1]])
            parts += [text[at : match.start()], replacement]
            at, match = end, command.search(text, end)
        text = "".join((*parts, text[at:]))
        if len(text) > MAX_LENGTH:
            return formula
    return formula  # a command contains itself


def _expansion(text: str, match: re.Match[str], macro: Macro) -> tuple[str, int]:
    """Return the expansion of one command with its arguments, and the end of the arguments."""
    arguments: list[str] = []
    at = match.end()
    for _ in range(macro.count):
        while text[at : at + 1].isspace():
            at += 1
        end = _closing(text, at) if text[at : at + 1] == "{" else at + 1
        token = re.compile(r"\\[A-Za-z]+").match(text, at)
        end = token.end() if token else end
        if end < 0 or at >= len(text):
            return match[0].replace("\\", r"\unfinished "), match.end()
        arguments.append(text[at + 1 : end - 1] if text[at] == "{" else text[at:end])
        at = end
    body = re.sub(r"#([1-9])", lambda m: "".join(arguments[int(m[1]) - 1 : int(m[1])]).replace("\n", " "), macro.body)
    return f"{body} " + "\n" * text.count("\n", match.start(), at), at


def _closing(text: str, start: int) -> int:
    """Return the end of the brace that opens at ``start``; -1: it is never closed."""
    depth = 0
    for n in range(start, min(len(text), start + MAX_BRACES)):
        if text[n] in "{}" and text[n - 1 : n] != "\\":
            depth += 1 if text[n] == "{" else -1
            if depth == 0:
                return n + 1
    return -1
