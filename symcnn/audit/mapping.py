r"""How a text's symbols stand for a network's quantities: a TOML file, or the text's own front matter (+++ or ---).

decimal = "point"                                   # "comma"; both if not given
names = ["net", "out"]                              # names of several letters
definitions = ['E_{o1} = \frac12 (target_{o1} - out_{o1})^2']
[alias]                                             # spelling in the text = name in the network
"net_{h*}" = "z_h*"                                 # * stands for the same index on both sides
"X_{**}" = "i_**"                                   # several stand for one index each, in order
[derived]
"\delta_{o1}" = '\frac{\partial E_{total}}{\partial net_{o1}}'
[groups]                                            # a capital letter, and X_k for the k-th
X = ["x_11", "x_12", "x_21", "x_22"]
[constants]
M = 4
[values]                                            # for steps in numbers
w_x11h1 = 0.3
"""

import re
from collections.abc import Callable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from typing import Any, Literal

from symcnn.errors import InputError, one_of
from symcnn.files import toml_from
from symcnn.formula import tree
from symcnn.formula.reader import FormulaReader, NotReadError, read_display
from symcnn.formula.reader.symbols import symbol
from symcnn.formula.steps import nodes
from symcnn.formula.tree import Node

MAX_ENTRIES = 1000

_DECIMAL: dict[str, Literal[".", ","]] = {"point": ".", "comma": ","}
_TABLES = ("alias", "derived", "groups", "constants", "values")
_WORDS = dict.fromkeys(("decimal", "names", "definitions", *_TABLES))


@dataclass(frozen=True)
class Mapping:
    """A text's notation.

    Attributes:
        names: of several letters.
        decimal: the decimal sign; "": either.
        alias: a symbol of the text, with * for digits -> the network's name.
        definitions: a symbol of the text -> what it stands for, in symbols of the text.
        groups: a letter -> the names of its entries.
        values: network name -> value, for steps in numbers.
    """

    names: tuple[str, ...] = ()
    decimal: Literal[".", ",", ""] = ""
    alias: MappingOf[tree.Symbol, str] = field(default_factory=dict)
    definitions: MappingOf[tree.Symbol, Node] = field(default_factory=dict)
    groups: MappingOf[str, tuple[str, ...]] = field(default_factory=dict)
    values: MappingOf[str, float] = field(default_factory=dict)


def mapping_from(text: str, where: str) -> Mapping:
    """A mapping from its TOML.

    Raises:
        InputError
    """
    return _checked(text, where, lambda document: document)


def mapping_in_front(text: str, where: str) -> Mapping:
    """The same of front matter, which may say other things too: a title, a date.

    Raises:
        InputError
    """

    def own(document: dict[str, Any]) -> dict[str, Any]:
        if not document.keys() & _WORDS.keys():
            return {}
        return {key: value for key, value in document.items() if key in _WORDS or isinstance(value, dict)}

    return _checked(text, where, own)


def _checked(text: str, where: str, own: Callable[[dict[str, Any]], dict[str, Any]]) -> Mapping:
    try:
        return _MappingWords(own(toml_from(text))).mapping()
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    except RecursionError:
        raise InputError(f"{where}: a symbol nested too deeply; expected one such as o_1") from None


def front_matter(text: str) -> tuple[str | None, str]:
    """A text's front matter, and the text with blanks in its place: lines keep their numbers.

    Between lines of +++; between lines of --- where it is TOML: elsewhere that is YAML, which says nothing here.
    """
    match = re.match(r"\ufeff?(\+\+\+|---)[ \t]*\r?\n(.*?)^\1[ \t]*$", text, re.DOTALL | re.MULTILINE)
    if match is None:
        return None, text
    blank = re.sub(r"[^\n]", " ", match[0]) + text[match.end() :]
    if match[1] == "---" and not _is_toml(match[2]):
        return None, blank
    return match[2], blank


def _is_toml(text: str) -> bool:
    try:
        return bool(toml_from(text))
    except InputError:
        return False


def written(key: str) -> tree.Symbol:
    """A symbol in a mapping: LaTeX, or plain: o_1prédit."""
    if "{" not in key and key.count("_") == 1:
        letter, _, rest = key.partition("_")
        key = f"{letter}_{{{rest}}}"
    return symbol(key)


class _MappingWords:
    """The words of a mapping file, checked."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        for key in document:
            if key not in _WORDS:
                raise InputError(f"{key}: unknown word; {one_of(key, _WORDS)}")
        decimal = document.get("decimal")
        if decimal is not None and decimal not in ("point", "comma"):
            raise InputError(f'decimal = {decimal!r}: expected "point" or "comma"')
        self._decimal: Literal[".", ",", ""] = _DECIMAL[decimal] if decimal else ""
        self._names = tuple(self._strings("names"))
        for name in self._names:
            if not re.fullmatch(r"[^\W\d_]{2,20}", name):
                raise InputError(f"names: {name!r}: expected 2 to 20 letters")
        self._reader = FormulaReader(self._names, self._decimal)

    def mapping(self) -> Mapping:
        said = [(text, *self._definition(text)) for text in self._strings("definitions")]
        said += [(key, written(key), self._node(f"derived.{key}", v)) for key, v in self._table("derived").items()]
        said += [(key, written(key), _number(f"constants.{key}", v)) for key, v in self._table("constants").items()]
        definitions: dict[tree.Symbol, Node] = {}
        for key, defined, node in said:
            if defined in definitions:
                raise InputError(f"{key}: said a second time; expected one definition for each symbol")
            definitions[defined] = node
        alias = {written(key): self._name(f"alias.{key}", value) for key, value in self._table("alias").items()}
        for key, value in self._table("alias").items():
            _check_stars(f"alias.{key}", written(key), value.count("*"))
        for key in self._table("derived"):
            for part in nodes(definitions[written(key)]):
                if isinstance(part, tree.Symbol) and "*" in part.indices:
                    _check_stars(f"derived.{key}", written(key), part.indices.count("*"))
        groups = {}
        for key, names in self._table("groups").items():
            if not isinstance(names, list) or not names:
                raise InputError(f"groups.{key} = {names!r}: expected a list of names")
            groups[key] = tuple(self._name(f"groups.{key}", name) for name in names)
        values = {key: float(_number(f"values.{key}", v).value) for key, v in self._table("values").items()}
        return Mapping(self._names, self._decimal, alias, definitions, groups, values)

    def _strings(self, key: str) -> list[str]:
        found = self._document.get(key, [])
        if not isinstance(found, list) or not all(isinstance(s, str) for s in found) or len(found) > MAX_ENTRIES:
            raise InputError(f"{key}: expected a list of at most {MAX_ENTRIES} strings")
        return found

    def _table(self, key: str) -> dict[str, Any]:
        found = self._document.get(key, {})
        if not isinstance(found, dict) or len(found) > MAX_ENTRIES:
            raise InputError(f"{key}: expected a table of at most {MAX_ENTRIES} entries")
        return found

    def _name(self, where: str, value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_*]{0,59}", value):
            raise InputError(f"{where} = {value!r}: expected the name of a quantity of the network, as w_x11h1")
        return value

    def _node(self, where: str, text: object) -> Node:
        if not isinstance(text, str):
            raise InputError(f"{where} = {text!r}: expected LaTeX in quotation marks")
        try:
            return self._reader.read(text.strip())
        except NotReadError as error:
            raise InputError(f"{where}: {error}") from None

    def _definition(self, text: str) -> tuple[tree.Symbol, Node]:
        chains = read_display(text, self._reader)
        if len(chains) != 1 or len(chains[0].members) != 2 or chains[0].signs != ("=",):
            raise InputError(f"definitions: {text!r}: expected one equation, symbol = formula")
        left, right = chains[0].members
        for member in (left, right):
            if member.node is None:
                raise InputError(f"definitions: {member.text!r}: {member.fault}")
        if not isinstance(left.node, tree.Symbol) or right.node is None:
            raise InputError(f"definitions: {left.text!r}: expected a symbol on the left side")
        return left.node, right.node


def _check_stars(where: str, key: tree.Symbol, others: int) -> None:
    """Each star stands for an index, in order; one alone may stand several times on the other side."""
    own = key.indices.count("*")
    if own != others and not (own == 1 and others > 1):
        raise InputError(f"{where}: {own} stars for {others}; expected as many on both sides, since each is one index")


def _number(where: str, value: object) -> tree.Number:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e12:
        raise InputError(f"{where} = {value!r}: expected a number")
    return tree.Number(value)
