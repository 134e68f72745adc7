r"""Read one symbol with its scripts, as people write it: h_{1activation}, w_{x11\text{-}h1}, E_{\text{total}}.

What is only typography goes: \text, braces, spaces, trailing commas. What is left is a letter, indices, and a word:

    h_{1,\text{preactivation}}    h   1        preactivation
    o_{1prédit}                   o   1        prédit
    w_{x11h1}                     w   x11h1
    x_{kl}, i_{r+p, c+q}          x   k,l      single letters are indices
    E_{\text{image 1}}            E            image 1
"""

import re
import unicodedata
from functools import cache, partial

from symcnn.formula import tree
from symcnn.formula.latex import GREEK

#: Typography that does not change the name of a letter.
_STYLE = r"\\(?:text|mathrm|mathit|operatorname|textit|textbf|textrm|mbox)"
#: Upright letters, of random variables and vectors, differ from italic ones.
_UPRIGHT = re.compile(r"\\(?:text|mathrm|textrm|operatorname)\s*(?:\{\s*([A-Za-z])\s*\}|([A-Za-z]))")
#: The invisible mark behind an upright letter.
_MARK = "\u034f"
#: Alphabets that change it: a bold x is not x. Command -> the name of the alphabet in Unicode.
STYLES = {
    "mathbf": "BOLD", "bm": "BOLD", "boldsymbol": "BOLD", "pmb": "BOLD", "mathcal": "SCRIPT", "mathscr": "SCRIPT",
    "mathbb": "DOUBLE-STRUCK", "mathfrak": "FRAKTUR", "mathsf": "SANS-SERIF", "mathtt": "MONOSPACE",
}  # fmt: skip
#: An accent is part of a name: command -> the combining character behind its letter.
ACCENTS = {
    "hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0304", "tilde": "\u0303",
    "widetilde": "\u0303", "dot": "\u0307", "ddot": "\u0308", "vec": "\u20d7", "overrightarrow": "\u20d7",
    "check": "\u030c", "breve": "\u0306",
    "acute": "\u0301", "grave": "\u0300", "mathring": "\u030a", "underline": "\u0332",
}  # fmt: skip
_LETTERS = {name: letter for letter, name in GREEK.items()} | {"epsilon": "ε", "ell": "l", "partial": "∂"}

#: Short words; other short runs of letters are indices: kl.
_SHORT_WORDS = {"tot", "pre", "act", "in", "out", "net"}


#: The two ends of a weight, joined by a hyphen: x11-h1, x(r, c)-h(k).
_ENDS = re.compile(r"([A-Za-z]+(?:\d+|\(.*\)))-([A-Za-z]+(?:\d+|\(.*\)))")


@cache
def symbol(text: str) -> tree.Symbol:
    """Return the symbol of a piece of LaTeX."""
    run_on = re.fullmatch(r"([^\W\d_])(\d+)", text)  # w5 of plain text
    if run_on:
        return tree.Symbol(*run_on.groups())
    primes = len(text) - len(text.rstrip("'"))
    core, scripts = _taken_apart(text.rstrip("'"))
    upright = _UPRIGHT.fullmatch(core)
    letter = (_plain(core).replace(" ", "") + _MARK * bool(upright)) + "'" * primes
    indices, word = "", ""
    for sign, body in scripts:
        if sign == "_" and not indices and not word:
            indices, word = _subscript(body)
        else:
            letter += f"{sign}{_plain(body).replace(' ', '')}"
    return tree.Symbol(letter, indices, word)


def _taken_apart(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the letter, and its scripts as (sign, content)."""
    core, scripts = text, []
    at = _script_at(text, 0)
    if at is not None:
        core = text[:at]
        while at is not None and at < len(text):
            sign, start = text[at], at + 1
            while text[start : start + 1] == " ":
                start += 1
            end = _closing(text, start) if text[start : start + 1] == "{" else _one(text, start)
            scripts.append(
                (sign, text[start:end].removeprefix("{").removesuffix("}") if text[start] == "{" else text[start:end])
            )
            at = _script_at(text, end)
    return core.strip(), scripts


def _script_at(text: str, start: int) -> int | None:
    """Return the place of the next script outside of braces."""
    depth = 0
    for n in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[n], 0)
        if not depth and text[n] in "_^":
            return n
    return None


def _closing(text: str, start: int) -> int:
    depth = 0
    for n in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[n], 0)
        if not depth:
            return n + 1
    return len(text)


def _one(text: str, start: int) -> int:
    """Return the end of a script without braces: one character, or one command."""
    command = re.compile(r"\\[A-Za-z]+").match(text, start)
    return command.end() if command else start + 1


#: A command that marks the letter in it; from the inside out.
_MARKED = re.compile(rf"\\({'|'.join((*STYLES, *ACCENTS))})(?![A-Za-z])\s*(?:\{{\s*([^{{}}\\]*?)\s*\}}|(\w))")


def _marked(match: re.Match[str]) -> str:
    """Return ŷ for \\hat{y}, 𝐱 for \\mathbf{x}."""
    command, inner = match[1], match[2] if match[2] is not None else match[3]
    if command in ACCENTS:
        return inner + ACCENTS[command]
    return "".join(map(partial(_styled, STYLES[command]), inner))


@cache
def _styled(style: str, letter: str) -> str:
    try:
        kind, _, which = unicodedata.name(letter).rpartition(" LETTER ")
        size = "CAPITAL" if "CAPITAL" in kind else "SMALL"
    except ValueError:
        return letter
    names = [f"MATHEMATICAL {style} {size} {which}", f"{style} {size} {which}"]
    if letter.isdigit():
        names = [f"MATHEMATICAL {style} {unicodedata.name(letter)}"]
    for name in names:
        try:
            return unicodedata.lookup(name)
        except KeyError:
            continue
    return letter


def _plain(text: str) -> str:
    """Return a text without commands of typography; accents and alphabets are part of the letters."""
    text = text.replace(r"\text{-}", "-")
    text = re.sub(_STYLE + r"\s*", "", text)
    text = re.sub(
        rf"\\(?!(?:{'|'.join((*STYLES, *ACCENTS))})(?![A-Za-z]))([A-Za-z]+)\s*",
        lambda m: _LETTERS.get(m[1], m[1]),
        text,
    )
    while (inner := _MARKED.sub(_marked, text)) != text:
        text = inner
    text = re.sub(r"\\([A-Za-z]+)\s*", r"\1", text)
    text = re.sub(r"\\[,;:! ]|[{}~]", " ", text)
    return unicodedata.normalize("NFC", " ".join(text.split()))


#: The ends of a weight with index letters of their own: h_j, h_k o_j.
_LETTERED = re.compile(r"([a-z])_\{?([a-z])\}?(?:[\s,-]*([a-z])_\{?([a-z])\}?)?")


def _subscript(body: str) -> tuple[str, str]:
    lettered = _LETTERED.fullmatch(body.strip())
    if lettered:
        ends = [f"{end}({letter})" for end, letter in (lettered.groups()[:2], lettered.groups()[2:]) if end]
        return "-".join(ends), ""
    whole = re.fullmatch(_STYLE + r"\s*\{([^{}]*)\}", body.strip())
    text = _plain(body)
    if whole and " " in text:
        return "", text
    if " " in text and re.search(_STYLE, body):  # 1,\text{first of all}
        head, _, tail = re.sub(_STYLE + r"\s*\{([^{}]*)\}\s*$", "\0\\1", body).partition("\0")
        if tail.strip():
            return _tidy(_plain(head)), " ".join(tail.split())
    text = text.replace(" ", "").replace("_", "").rstrip(",")
    match = re.fullmatch(r"(?P<indices>.*?),?-?(?P<word>[^\W\d_]{2,})", text)
    if not match:
        return _tidy(text), ""
    indices, word = match["indices"].rstrip(",-"), match["word"]
    if len(word) > 3 or word.lower() in _SHORT_WORDS or not word.isascii():
        return _tidy(indices), word
    if indices and not indices[-1:].isdigit() and indices[-1:] not in ",":
        return _tidy(text), ""
    return _tidy(",".join(filter(None, [indices.rstrip(","), *word]))), ""


def _tidy(indices: str) -> str:
    """Return indices as the typography writes them: digits together, index notation with ", " and a true minus."""
    indices = indices.rstrip(",")
    if re.fullmatch(r"[\d,]*", indices):
        return indices.replace(",", "")
    ends = _ENDS.fullmatch(indices)
    parts = ends.groups() if ends else (indices,)
    return re.sub(r",\s*", ", ", "-".join(part.replace("-", "−") for part in parts))
