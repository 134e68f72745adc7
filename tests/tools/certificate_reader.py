"""A second reader of certificates: what the definitions and theorems of the text say, in floating-point numbers.

It knows Coq's notation and the functions at the head of the file, and nothing of symcnn: a print that states another
network than the one meant, or a theorem about another quantity than its name says, shows itself in numbers.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

VARIABLES = ("parameter", "image", "map")


def wins(value, largest, before):
    return float(value == largest and largest not in before)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": math.tanh,
    "relu": lambda z: max(z, 0.0),
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "softplus": lambda z: math.log1p(math.exp(z)),
    "exp": math.exp,
    "log": math.log,
    "gate": lambda y, above, below: above if y > 0 else below,
    "Rmax": max,
    "wins": wins,
    "moved": lambda q, n, s: lambda m: s if m == n else q(m),
    "listed": lambda first, cells: lambda n: cells[int(n - first)],
}

_TOKEN = re.compile(r"\s*(?:(\d+)(?:%positive)?|([A-Za-z_][\w.]*\w|[A-Za-z])|(.))", re.DOTALL)

_DEFINITION = re.compile(r"^Definition (\w+)(.*?) :=\s*(.*?)\.$", re.MULTILINE | re.DOTALL)
_THEOREM = re.compile(
    r"^Theorem (\w+) : forall ([\w ]+) : positive -> R,\s+(.*?)is_derive \(fun r => (.*?)\) (\(\w+ [\w ]+\))\s+(.*?)\."
    r"\nProof\.",
    re.MULTILINE | re.DOTALL,
)


class Expression:
    """Evaluates a term as it is read; ``names`` says what a name stands for."""

    def __init__(self, text: str, names: Callable[[str], Any]) -> None:
        self._tokens = [m.groups() for m in _TOKEN.finditer(text.strip())]
        self._names, self._at = names, 0

    def value(self) -> Any:
        found = self._sum()
        assert self._at == len(self._tokens), self._tokens[self._at :]
        return found

    def _sign(self) -> str:
        return self._tokens[self._at][2] or "" if self._at < len(self._tokens) else ""

    def _take(self, *signs: str) -> str:
        sign = self._sign()
        if sign not in signs:
            return ""
        self._at += 1
        return sign

    def _sum(self) -> Any:
        found = self._product()
        while sign := self._take("+", "-"):
            other = self._product()
            found = found + other if sign == "+" else found - other
        return found

    def _product(self) -> Any:
        found = self._power()
        while sign := self._take("*", "/"):
            other = self._power()
            found = found * other if sign == "*" else found / other
        return found

    def _power(self) -> Any:
        if self._take("-"):
            return -self._power()
        found = self._applied()
        return found ** self._atom() if self._take("^") else found

    def _applied(self) -> Any:
        found, arguments = self._atom(), []
        while self._at < len(self._tokens) and (self._sign() in ("", "(", "[")):
            arguments.append(self._atom())
        return found(*arguments) if arguments else found

    def _atom(self) -> Any:
        number, name, _ = self._tokens[self._at]
        if self._take("("):
            found = self._sum()
            assert self._take(")")
            return found
        if self._take("["):
            cells = [] if self._sign() == "]" else [self._sum()]
            while self._take(";"):
                cells.append(self._sum())
            assert self._take("]")
            return cells
        self._at += 1
        return int(number) if number else self._names(name)


@dataclass(frozen=True)
class Statement:
    """``is_derive (fun r => function) point value`` for all parameters and images."""

    name: str
    variables: tuple[str, ...]
    premises: tuple[str, ...]
    function: str
    point: str
    value: str


class Reader:
    """A certificate's specification and theorems."""

    def __init__(self, text: str) -> None:
        spec = text[text.index("Module Spec.") : text.index("End Spec.")]
        self._bodies: dict[str, tuple[tuple[str, ...] | None, str]] = {}
        module = ""
        for part in re.split(r"(?=^(?:Module|End) After_\w+\.)", spec, flags=re.MULTILINE):
            found = re.match(r"Module (After_\w+)\.", part)
            module = f"{found[1]}." if found else ""
            for name, given, body in _DEFINITION.findall(part):
                arguments = tuple(re.findall(r"\w+", given.replace("positive -> R", ""))) or None
                self._bodies[module + name] = (arguments, body)
        self.statements = [
            Statement(name, tuple(moving.split()), tuple(re.findall(r"(.*?) ->\s+", premises)), *map(str.strip, what))
            for name, moving, premises, *what in _THEOREM.findall(text)
        ]

    def number(self, name: str) -> int:
        """Under which a parameter, a pixel, or a cell of a map stands in its family; 0 if E does not know it."""
        for module in ("", *{n.rpartition(".")[0] + "." for n in self._bodies if "." in n}):
            _, body = self._bodies.get(module + name, (None, ""))
            if found := re.fullmatch(r"(?:parameter|image|map) (\d+)%positive", body):
                return int(found[1])
        return 0

    @cached_property
    def _uses(self) -> dict[str, tuple[str, ...]]:
        """The section's variables that a quantity is a function of."""
        found: dict[str, tuple[str, ...]] = {}
        for name, (_, body) in self._bodies.items():
            module = name.rpartition(".")[0]
            words = set(re.findall(r"[A-Za-z_]\w*", body))
            used = {w for w in words if w in VARIABLES}
            for word in words:
                used |= set(found.get(f"{module}.{word}" if module else word, ()))
            found[name] = tuple(v for v in VARIABLES if v in used)
        return found

    def evaluate(self, term: str, **values: Any) -> Any:
        """A term of the theorems: quantities are applied to what they are functions of."""

        def names(name: str) -> Any:
            if name in values or name in FUNCTIONS:
                return values[name] if name in values else FUNCTIONS[name]
            arguments, body = self._bodies[name]
            if arguments is not None:
                return lambda *given: self.evaluate(body, **dict(zip(arguments, given, strict=True)))
            uses = self._uses[name]
            return lambda *given: self._quantity(name, dict(zip(uses, given, strict=True)), {})

        return Expression(term, names).value()

    def _quantity(self, name: str, values: dict[str, Any], known: dict[str, Any]) -> Any:
        """Inside a section, where quantities are applied to nothing."""
        module = f"{name.rpartition('.')[0]}." if "." in name else ""

        def names(word: str) -> Any:
            if word in values or word in FUNCTIONS:
                return values[word] if word in values else FUNCTIONS[word]
            return self._quantity(module + word, values, known)

        if name not in known:
            known[name] = Expression(self._bodies[name][1], names).value()
        return known[name]
