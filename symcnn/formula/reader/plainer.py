r"""Simplify LaTeX: remove commands that only change the looks of a formula, and unify those for derivatives.

    \textcolor{red}{x}, \boxed{x}, \underbrace{x}_{\text{so}}, \cancel{x}     x
    \cfrac, \nicefrac                                                         \frac
    \pdv{E}{w}, \dv{y}{x}, \partial{E}                                        \frac{\partial E}{\partial w}, …
    \sigma{(z)}, E_\text{total}, |t − o|^2                                    \sigma(z), E_{\text{total}}, (t − o)^2

What is not known stays as it is, for the grammar to refuse.
"""

import re

#: Commands with one argument that stays; \cancel has a meaning, which others judge.
_KEPT = r"\\(?:boxed|fbox|cancel|bcancel|xcancel|smash|ensuremath)(?![A-Za-z])"
_COLOURED = re.compile(r"\\(?:textcolor|colorbox|mathcolor)\s*(?:\[[^\]]*\])?\s*\{[^{}]*\}\s*(?=\{)")
_SWITCHED = re.compile(r"\\color\s*(?:\[[^\]]*\])?\s*\{[^{}]*\}")
_ONE = re.compile(rf"{_KEPT}\s*(?=\{{)")
_FRACTION = re.compile(r"\\(?:c|nice|s|x)frac(?![A-Za-z])")
_BRACE = re.compile(r"\\(under|over)brace\s*(?=\{)")
_DERIVATIVE = re.compile(r"\\(pdv|dv|pderiv|deriv|odv|diffp|diff)\s*(?=\{)")
_VARIED = re.compile(r"(\\partial|∂)\s*(?=\{)")
_STYLED_SCRIPT = re.compile(r"([_^])\s*(\\(?:text|mathrm|mathit|textit|textrm|operatorname|mbox)\s*\{[^{}]*\})")
_FUNCTION_IN_BRACES = re.compile(
    r"(\\(?:sigma|tanh|exp|ln|log|max)'?|\\(?:text|mathrm|operatorname)\{[^{}]*\})\s*(?=\{\s*\()"
)
_EVEN_BARS = re.compile(r"(?:\\left\s*)?\|([^|]{1,300}?)(?:\\right\s*)?\|(?=\s*\^\s*\{?\s*2\s*\}?)")
_TEXT = re.compile(r"\\(?:text|mbox|textrm|textit|mathrm)\s*\{")
_RELATION = re.compile(r"[=<>≈≤≥]|\\(?:approx|equiv|leq?|geq?|neq?|sim)(?![a-z])")

#: The most rewritings of one command in a formula.
MAX_ROUNDS = 60


def plainer(text: str) -> str:
    """Return a member of an equation without commands that only change its looks."""
    if "\\" not in text and "|" not in text:
        return text
    text = _SWITCHED.sub("", text)
    text = _unwrapped(_unwrapped(text, _COLOURED), _ONE)
    text = _FRACTION.sub(r"\\frac", text)
    text = _braced(text)
    text = _derivatives(text)
    text = _bare_derivatives(text)
    text = _STYLED_SCRIPT.sub(r"\1{\2}", text)
    text = _unwrapped(text, _FUNCTION_IN_BRACES, keep=True)
    return _EVEN_BARS.sub(r"(\1)", text)


def closing(text: str, start: int, most: int | None = None) -> int:
    """Return the place behind the brace that closes the one at ``start``; -1: none within ``most`` characters."""
    depth = 0
    for n in range(start, len(text) if most is None else min(len(text), start + most)):
        if text[n] in "{}" and text[n - 1 : n] != "\\":
            depth += 1 if text[n] == "{" else -1
            if depth == 0:
                return n + 1
    return -1


def _unwrapped(text: str, command: re.Pattern[str], keep: bool = False) -> str:
    """Remove the braces behind a command, and the command unless it is kept."""
    for _ in range(MAX_ROUNDS):
        match = command.search(text)
        end = -1 if match is None else closing(text, match.end())
        if match is None or end < 0:
            return text
        head = match[0] if keep else ""
        text = f"{text[: match.start()]}{head} {text[match.end() + 1 : end - 1]} {text[end:]}"
    return text


def _braced(text: str) -> str:
    """Remove a brace with words or a name at its foot; one with a number or a relation stays."""
    at = 0
    for _ in range(MAX_ROUNDS):
        match = _BRACE.search(text, at)
        end = -1 if match is None else closing(text, match.end())
        if match is None or end < 0:
            return text
        label = re.compile(r"\s*[_^]\s*(?=\{)").match(text, end)
        last = closing(text, label.end()) if label else end
        inner = text[label.end() : last] if label and last > 0 else ""
        is_words = _TEXT.search(inner) is not None or not re.search(r"\d", inner)
        body = text[match.end() + 1 : end - 1]
        if label is None or last < 0 or _RELATION.search(inner) or _RELATION.search(body) or not is_words:
            at = match.end()
            continue
        text = f"{text[: match.start()]} {body} {text[last:]}"
    return text


def _operand(text: str) -> str:
    """Return the operand of ∂, in brackets where it is more than a symbol."""
    text = text.strip()
    is_symbol = re.fullmatch(r"\\?[^\W\d_]+'*(?:\s*[_^]\s*(?:\{.*\}|\\?\w+))*", text)
    return text if is_symbol or (text.startswith("(") and text.endswith(")")) else f"({text})"


def _derivatives(text: str) -> str:
    for _ in range(MAX_ROUNDS):
        match = _DERIVATIVE.search(text)
        end = -1 if match is None else closing(text, match.end())
        if match is None or end < 0:
            return text
        first = text[match.end() + 1 : end - 1]
        second = re.compile(r"\s*(?=\{)").match(text, end)
        last = closing(text, second.end()) if second else -1
        if second and last > 0:
            of, by = _operand(first), _operand(text[second.end() + 1 : last - 1])
            new, end = rf"\frac{{\partial {of}}}{{\partial {by}}}", last
        else:
            new = rf"\frac{{\partial}}{{\partial {_operand(first)}}}"
        text = text[: match.start()] + new + text[end:]
    return text


def _bare_derivatives(text: str) -> str:
    r"""Return \partial{E} as \partial E."""
    at = 0
    for _ in range(MAX_ROUNDS):
        match = _VARIED.search(text, at)
        end = -1 if match is None else closing(text, match.end())
        if match is None or end < 0:
            return text
        inner = text[match.end() + 1 : end - 1]
        new = f"{match[1]} {_operand(inner)}" if inner.strip() else match[0]
        text = text[: match.start()] + new + text[end if inner.strip() else match.end() :]
        at = match.start() + len(new)
    return text
