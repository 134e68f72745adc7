"""CSV files: one sample a line, as RFC 4180, Excel and the usual libraries write them.

    separator   ``;``, tab, ``|``, ``,`` or blanks, by the first line; or as a line ``sep=;`` says
    numbers     with a decimal point, or all with a decimal comma (in quotes where the separator is a comma)
    quotes      around any cell; a cell in quotes may contain separators and line ends
    head        a line of names; or of the numbers of the columns: 0, 1, 2, …
    comments    lines before it that begin with "#", but for one of as many cells as a sample has: that is the head

The column of the class is the one that ``label_column`` names; else one with a usual name (in English or French, and
the commonest in German and Spanish); else the only one beside as many numbered columns (``p1``, ``p2``, …) as there are
pixels; else the last. Where a line or a column may be read in two ways and nothing decides, the file is refused.
"""

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import numpy as np

from symcnn.errors import InputError, quoted
from symcnn.files import format_of
from symcnn.network.data import Data, bad_class, check_labels, class_numbers, class_rows
from symcnn.network.layers import Flatten
from symcnn.network.network import Network
from symcnn.network.png import Array

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)

#: The characters of a line of numbers.
_PLAIN = re.compile(r"[0-9eE.+\-]*", re.ASCII)

#: Truth values of one-hot targets.
_TRUTH = {"true": "1", "false": "0", "vrai": "1", "faux": "0"}

_BLANK = re.compile(r"\s")

#: In a cell in quotes between commas: 1,234 may be 1234 or 1.234.
_THOUSANDS = re.compile("[+-]?[1-9][0-9]{0,2},[0-9]{3}", re.ASCII)

#: Numbers of all lines together.
MAX_VALUES = 200_000_000

#: Words in the name of a column that holds a class; a class or a number; a pixel; neither, beside those; an index.
_CLASS = {
    "class", "classes", "classname", "label", "labels", "category", "categories", "digit", "digits", "species",
    "variety", "letter", "character", "diagnosis", "classe", "etiquette", "etiquettes", "libelle",
    "categorie", "espece", "chiffre", "lettre", "caractere", "variete", "klasse", "kategorie", "ziffer", "clase",
    "etiqueta", "categoria", "especie", "digito",
}  # fmt: skip
_TARGET = {
    "target", "targets", "y", "output", "outcome", "answer", "truth", "result", "cible", "cibles", "sortie",
    "reponse", "verite", "resultat", "out", "ziel", "zielwert", "ausgabe", "objetivo", "salida",
}  # fmt: skip
_PIXEL = {
    "pixel", "pixels", "px", "input", "inputs", "in", "x", "i", "feature", "features", "entree", "entrees", "eingabe",
    "entrada",
}  # fmt: skip
_BESIDE = {
    "name", "id", "true", "ground", "number", "image", "nom", "numero", "de", "la", "du", "l", "valeur", "value", "t",
}  # fmt: skip
_INDEX = {
    "id", "ids", "index", "idx", "no", "nr", "n", "num", "numero", "identifiant", "indice", "row", "rownames",
}  # fmt: skip
_FILE = {"image", "img", "file", "filename", "path", "fichier", "nom", "name"}

#: The first line ends within so many characters.
_HEAD_CHARACTERS = 2_000_000

#: A line that counts so many columns (0, 1, 2, …) is a head: no sample would look so by chance.
_SURELY_COUNTED = 9

#: A line with so many names that pandas has made different (0, 0.1, 0.2, …) is a head: after 0.9 comes 0.10, which
#: nobody writes for a number in a row of 1.0, 1.1.
_SURELY_RENAMED = 10


# --- lines and cells ----------------------------------------------------------------------------------------------


def text_of(content: bytes) -> str:
    """The text of a CSV file, in UTF-8, or as Excel writes it in Western Europe."""
    kind = format_of(content)
    if kind is not None and content and not kind.startswith(("XML", "a BMP")):
        raise InputError(f"not CSV but {kind}; expected text: in a spreadsheet, save as CSV")
    try:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return content.decode("utf-16")
        text = content.decode("utf-8-sig")
        if "\0" not in text:
            return text
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        text = "\0"
    if any(c < " " and c not in "\t\r\n\f\v" for c in text) or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError("not text in UTF-8; expected CSV")
    return text


def records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells, without the blanks around them, of every line that is not empty.

    The first record is (0, [separator]).
    """
    skipped, text = _without_comments(text)
    lines = io.StringIO(text, newline="")
    first = next((line for line in iter(lines.readline, "") if line.strip(" \t\r\n")), "")
    if (match := re.fullmatch(r"\s*\"?sep=(.|\\t)\"?\s*", first)) is not None:
        separator = "\t" if match[1] == "\\t" else match[1]
        skipped += text[: lines.tell()].count("\n") or 1
    else:
        separator = _separator(text[:_HEAD_CHARACTERS])
        lines.seek(0)
    yield 0, [separator]
    source = lines if separator != " " else (re.sub(r"\s+", " ", line.strip()) for line in lines)
    reader = csv.reader(source, delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for cells in reader:
            if _BLANK.search("".join(cells)) is not None:
                cells = [cell.strip() for cell in cells]
            if any(cells):
                yield skipped + reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"line {skipped + reader.line_num}: {error}; expected CSV") from None


def _without_comments(text: str) -> tuple[int, str]:
    """How many lines at the beginning are comments, and the text without them.

    NumPy's ``savetxt`` puts "# " before the head too; with blanks between its names that would be one cell more.
    """
    comments = re.match(r"(?:[ \t]*#[^\r\n]*(?:\r\n|\r|\n))+", text)
    if comments is None:
        return 0, text
    *others, last = comments[0].splitlines()
    rest = text[comments.end() :]
    separator = _separator(rest[:_HEAD_CHARACTERS])
    sample = next((line for line in rest[:_HEAD_CHARACTERS].splitlines() if line.strip()), "")

    def count(line: str) -> int:
        line = line.strip() if separator != " " else " ".join(line.split())
        return len(next(csv.reader([line], delimiter=separator), []))

    for head in (last, last.replace("#", "", 1)):
        if count(head) == count(sample):
            return len(others), f"{head}\n{rest}"
    return len(others) + 1, rest


def _separator(text: str) -> str:
    """The separator of the cells of the first line, outside of quotes."""
    bare = next(iter(re.sub(r'"[^"]*"', "x", text).strip(" \t\r\n").splitlines()), "")
    comma_and_tab = re.search(r",\s*\t|\t\s*,", bare)
    order = ";\t|," if comma_and_tab is None else ";|,"
    return next((s for s in order if s in bare), " ")


@dataclass
class NumberParser:
    """Turns cells into numbers, and checks that the file has one decimal sign."""

    separator: str
    _point: int | None = None
    _comma: int | None = None
    _unsure: tuple[int, str] | None = None
    _is_sure: bool = False

    def row(self, line: int, cells: Sequence[str]) -> Array:
        """The numbers of a line.

        Raises:
            InputError: names the line and what is no number.
        """
        joined = "".join(cells)
        if "." in joined and self._point is None:
            self._point = line
        if "," in joined:
            if self.separator == "," and not self._is_sure:
                with_comma = [cell for cell in cells if "," in cell]
                self._is_sure = not all(map(_THOUSANDS.fullmatch, with_comma))
                self._unsure = self._unsure or (line, with_comma[0])
            self._comma = line if self._comma is None else self._comma
            cells, joined = [cell.replace(",", ".") for cell in cells], joined.replace(",", ".")
        if self._point is not None and self._comma is not None:
            raise InputError(
                f"line {self._comma} has a decimal comma, line {self._point} a decimal point; expected one of them"
            )
        try:
            if not _PLAIN.fullmatch(joined):
                raise ValueError
            row = np.array(list(map(float, cells)))
        except ValueError:
            bad = next((cell for cell in cells if not NUMBER.fullmatch(cell)), joined)
            raise InputError(f"line {line}: {quoted(bad, 40)} is not a number (written with a decimal point)") from None
        if not np.isfinite(row).all():
            raise InputError(f"line {line}: a number is too large; expected finite numbers")
        return row

    def check(self) -> None:
        """After the last line: refuse commas that may be thousands separators everywhere."""
        if self._unsure is not None and not self._is_sure:
            line, cell = self._unsure
            raise InputError(
                f"line {line}: {quoted(cell)} may be {cell.replace(',', '')} or {cell.replace(',', '.')}; expected a"
                " decimal point, and no thousands separator"
            )

    def is_number(self, cell: str) -> bool:
        return NUMBER.fullmatch(cell.replace(",", ".")) is not None


# --- the head -----------------------------------------------------------------------------------------------------


def _counts(cells: Sequence[str]) -> int:
    """How many columns a line counts: 0, 1, 2, … or 1, 2, 3, …, but for its first or its last cell."""
    for part in (cells, cells[:-1], cells[1:]):
        if all(re.fullmatch("[0-9]{1,7}", cell) for cell in part) and _is_range([int(cell) for cell in part]):
            return len(part)
    return 0


def _is_range(values: Sequence[float] | Array) -> bool:
    """Is it 0, 1, 2, … or 1, 2, 3, …?"""
    return len(values) > 0 and values[0] in (0, 1) and bool(np.all(np.diff(values) == 1))


def _renamed(cells: Sequence[str]) -> int:
    """How many cells of a line are names that pandas has made different: 5, 0, 0.1, 0.2, 18, 18.1, …; 0 where two are
    the same.

    Pandas does so where a table without a head is read as if it had one, and written again.
    """
    if len(set(cells)) < len(cells):
        return 0
    times: dict[str, int] = {}
    count = 0
    for cell in cells:
        base, _, number = cell.rpartition(".")
        if base in times and number == str(times[base] + 1):
            times[base] += 1
            count += 1
        else:
            times[cell] = 0
    return count


def _plain(name: str) -> str:
    """A name in small letters, without accents and signs."""
    letters = unicodedata.normalize("NFKD", name)
    bare = "".join(c for c in letters if not unicodedata.combining(c)).casefold()
    return re.sub(r"[^a-z0-9]+", " ", bare).strip()


def _has_word(name: str, words: set[str]) -> bool:
    """Has a column's name one of the words, and no others than those of classes and targets?"""
    parts = set(_plain(name).split())
    return bool(parts & words) and parts <= words | _CLASS | _TARGET | _BESIDE


def _is_index_name(name: str, number: int) -> bool:
    plain = _plain(name)
    parts = set(plain.split())
    if not plain:
        return number == 0 or name == "#"
    return re.fullmatch(r"unnamed( [0-9]+)*", plain) is not None or (
        bool(parts & _INDEX) and parts <= _INDEX | _FILE | {"sample"}
    )


def _is_file_name(name: str) -> bool:
    parts = set(_plain(name).split())
    return bool(parts) and parts <= _FILE | _INDEX | {"path"}


# --- samples ------------------------------------------------------------------------------------------------------


def samples(
    content: bytes, network: Network, label_column: str | int | None = None, header: bool | None = None
) -> Data:
    """Images, targets and (where the classes are names) labels of a CSV file.

    Raises:
        InputError: names the line, and what was expected.
    """
    table = _CsvTable(network, label_column)
    return table.read(text_of(content), header)


@dataclass
class _CsvTable:
    """A CSV file while it is read.

    Attributes:
        names: of the columns, if there is a head.
        class_names: if the head names the classes.
        line, width: of the first line: its number and its columns.
        classes: the column of the class, or those of the targets.
        skipped: columns of indices and file names.
        by_default: the class is the last column by default.
        possible_names: the cells of a first line that may be a head or not.
    """

    network: Network
    label_column: str | int | None
    names: list[str] | None = None
    class_names: list[str] = field(default_factory=list)
    line: int = 1
    width: int = 0
    classes: list[int] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    by_default: bool = False
    possible_names: list[str] | None = None

    def read(self, text: str, header: bool | None) -> Data:
        stream = records(text)
        numbers = NumberParser(next(stream)[1][0])
        head = list(islice(stream, 2))
        pixels = self.network.forward.image.size
        empty = InputError(f"holds no samples; expected one a line: {pixels} pixels, then its class or its targets")
        if not head:
            raise empty
        self.line, first = head[0]
        while len(first) > 1 and not first[-1]:
            first.pop()
        self.width = len(first)
        second = head[1][1] if len(head) > 1 else None
        is_head = self._is_head(first, second, numbers) if header is None else header
        renamed = _renamed(first)
        self.possible_names = first if header is None and max(_counts(first), renamed) > 2 else None
        if is_head:
            self._name(first, second)
            head = head[1:]
        self._choose()
        lines, rows, texts = [], [], []
        special = sorted([*self.skipped, *(self.classes if len(self.classes) == 1 else [])], reverse=True)
        for line, cells in chain(head, stream):
            while len(cells) > self.width and not cells[-1]:
                cells.pop()
            if len(cells) != self.width:
                raise InputError(f"line {line}: {len(cells)} columns; the first line has {self.width}")
            for n in self.classes if len(self.classes) > 1 else ():  # pandas' get_dummies writes True and False
                cells[n] = _TRUTH.get(cells[n].lower(), cells[n])
            texts.append([cells[n] for n in reversed(special)])
            for n in special:
                del cells[n]
            rows.append(numbers.row(line, cells))
            lines.append(line)
            if len(rows) * self.width > MAX_VALUES:
                raise InputError(f"{len(rows)} lines of {self.width} numbers; expected at most {MAX_VALUES} in all")
        if not rows:
            raise empty
        numbers.check()
        matrix = np.array(rows)
        if header is None and not is_head and self._is_counted(first, renamed, matrix):
            matrix, lines, texts = matrix[1:], lines[1:], texts[1:]
        special.reverse()
        columns = {n: [row[k] for row in texts] for k, n in enumerate(special)}
        self._check_skipped(columns)
        shape = self.network.forward.image.shape
        if len(self.classes) > 1:
            kept = [n for n in range(self.width) if n not in self.skipped]
            places = [kept.index(n) for n in self.classes]
            images, targets = np.delete(matrix, places, axis=1), matrix[:, places]
            self._check_index_read_as_pixel(images)
            self._check_targets(images, targets)
            return Data(images.reshape(len(images), *shape), targets)
        self._check_index_read_as_pixel(matrix)
        labels = columns[self.classes[0]]
        if self.by_default:
            self._check_default(labels, matrix, numbers)
        targets, words = self._targets(labels, lines, numbers)
        return Data(matrix.reshape(len(matrix), *shape), targets, words)

    # --- head and columns

    def _is_head(self, first: list[str], second: list[str] | None, numbers: NumberParser) -> bool:
        figures = [cell for cell in first if numbers.is_number(cell)]
        if not figures or any(_has_word(cell, _CLASS | _TARGET) for cell in first):
            return True
        if len(figures) == len(first):
            return False  # or it counts the columns: the samples will show
        if _renamed(first) >= _SURELY_RENAMED or self._is_summary(first):
            return True
        if len(figures) > 2 and _counts(figures) == len(figures):
            words = [n for n, cell in enumerate(first) if not numbers.is_number(cell)]
            return second is None or len(second) < len(first) or any(numbers.is_number(second[n]) for n in words)
        return False

    def _is_summary(self, first: list[str]) -> bool:
        """``150,4,setosa,versicolor,virginica``: samples, features and the names of the classes."""
        size, classes = self.network.forward.image.size, max(self.network.outputs, 2)
        whole = [cell for cell in first[:2] if re.fullmatch("[0-9]{1,9}", cell)]
        return len(whole) == 2 and int(first[1]) == size and len(set(first[2:])) == classes == len(first) - 2

    def _name(self, first: list[str], second: list[str] | None) -> None:
        if self._is_summary(first):
            self.class_names, self.width = first[2:], self.network.forward.image.size + 1
            return
        self.names = [" ".join(name.split()) for name in first]  # a cell in quotes may have several lines
        if self.width == 1 and second is not None and len(second) > 1:
            self.names, self.width = None, len(second)  # a title above the numbers

    def _choose(self) -> None:
        """Choose the columns of the class or the targets, and those that are skipped."""
        pixels, outputs, width = self.network.forward.image.size, self.network.outputs, self.width
        targets = self._named_targets() if self.label_column is None else []
        label = None if targets else self._label()
        beside = self._beside_the_pixels() if label is None and not targets else []
        if len(beside) == 1:
            label = beside[0]
        targets = targets or (beside[1:] and beside)
        names = self.names or []
        indices = [n for n, name in enumerate(names) if _is_index_name(name, n) and n not in (label, *targets)]
        files = [n for n, name in enumerate(names) if n not in (*indices, label, *targets) and _is_file_name(name)]
        if label is not None or outputs == 1:
            wanted = [pixels + 1]
        else:
            wanted = [pixels + outputs] if targets else [pixels + 1, pixels + outputs]
        choices = [*([] if indices else [[]]), indices, [*indices, *files], files, []]
        skipped = next((c for c in choices if width - len(c) in wanted), None)
        if skipped is None and not names and width == pixels + 2 and label != 0:
            skipped = [0]
        if skipped is None:
            raise InputError(f"line {self.line}: {width} columns; expected {self._columns(label)}")
        self.skipped = sorted(skipped)
        kept = [n for n in range(width) if n not in skipped]
        if label is not None:
            self.classes = [label]
        elif targets:
            self.classes = targets
        elif len(kept) == pixels + 1:
            self.classes, self.by_default = kept[-1:], not self.class_names
        else:
            self.classes = kept[-outputs:]

    def _label(self) -> int | None:
        """The column of the class, if it is named."""
        if self.label_column is not None:
            return _column_named(self.label_column, self.names or self.possible_names, self.width, self.line)
        names = self.names or []
        strong = [n for n, name in enumerate(names) if _has_word(name, _CLASS)]
        weak = [n for n, name in enumerate(names) if _has_word(name, _TARGET)]
        if strong:  # beside a class, y may be a coordinate
            strong = sorted({*strong, *(n for n in weak if _plain(names[n]) != "y")})
        if len(strong) > 1:
            known = {_plain(names[n]) for n in strong}
            if len(known) == 1:
                raise InputError(f"line {self.line}: {len(strong)} columns are named {known.pop()}; expected one")
            which = " and ".join(f"{n + 1} ({names[n][:30]})" for n in strong[:3])
            raise InputError(f"line {self.line}: columns {which} may hold the class; expected one, or --label-column")
        if strong:
            return strong[0]
        if len(weak) == 1:
            if weak[0] in (0, self.width - 1):
                return weak[0]
            raise InputError(
                f"line {self.line}: column {weak[0] + 1} ({names[weak[0]][:30]}) may be a pixel or the class; expected"
                " --label-column NAME (read_data: label_column)"
            )
        return None

    def _named_targets(self) -> list[int]:
        """Columns such as y1, y2 or class_0, class_1 or species_cat, species_dog, as many as there are outputs."""
        names, bases = self.names or [], defaultdict[str, list[int]](list)
        for n, name in enumerate(names):
            parts = re.fullmatch(r"([a-z ]*?) ?[0-9]+|([a-z]+) .+", _plain(name))
            base = parts and (parts[1] or parts[2])
            if base and base in _CLASS | _TARGET | {"t", "o"}:
                bases[base].append(n)
        wanted = [columns for columns in bases.values() if len(columns) == self.network.outputs > 1]
        if len(wanted) != 1 or all(_has_word(names[n], _CLASS | _TARGET) for n in wanted[0]):
            return []  # class id, class name
        return wanted[0]

    def _beside_the_pixels(self) -> list[int]:
        """The other columns, one or as many as outputs, beside as many numbered columns (p1, p2, …) as pixels."""
        pixels, names = self.network.forward.image.size, self.names or []
        families: dict[str, list[int]] = defaultdict(list)
        for n, name in enumerate(names):
            base = re.sub("[0-9]+", "#", _plain(name))
            if "#" in base:
                families[base].append(n)
        if pixels == self.network.outputs:  # then numbered columns may be the targets as well, but for some names
            families = {base: columns for base, columns in families.items() if base.strip("# ") in _PIXEL}
        whole = [columns for columns in families.values() if len(columns) == pixels > 1]
        if len(whole) != 1:
            return []
        rest = [n for n in range(len(names)) if n not in whole[0]]
        beside = [n for n in rest if not _is_index_name(names[n], n) and not _is_file_name(names[n])]
        if len(rest) == 1 and not beside:
            raise InputError(
                f"line {self.line}: {self._column(rest[0])} may be the class or an index; expected --label-column NAME"
                " (read_data: label_column)"
            )
        return beside if len(beside) in (1, self.network.outputs) else []

    def _columns(self, label: int | None) -> str:
        pixels, outputs = self.network.forward.image.size, self.network.outputs
        if label is not None:
            return f"{pixels + 1}: {pixels} pixels and the label"
        targets = f", or {pixels + outputs}: the pixels and {outputs} targets" if outputs > 1 else ""
        return f"{pixels + 1}: {pixels} pixels, then the {'class' if outputs > 1 else 'target'}{targets}"

    def _column(self, number: int) -> str:
        name = self.names[number] if self.names else ""
        return f"column {number + 1}" + (f" ({name[:30]})" if name else "")

    # --- checks of the samples

    def _is_counted(self, first: list[str], renamed: int, matrix: Array) -> bool:
        """Is the first line, of numbers only, a head that counts the columns, or one that was a sample once?"""
        if renamed >= _SURELY_RENAMED:
            return True
        if renamed > 1 and len(matrix) > 2 and (matrix[1:] == np.floor(matrix[1:])).all():
            raise InputError(
                f"line {self.line}: 0, 0.1, 0.2, … may be a head that pandas wrote or a sample; expected --header or"
                " --no-header (read_data: header)"
            )
        count = _counts(first)
        if count < 3 or len(matrix) < 2:
            return False
        others = matrix[1:]
        if (np.diff(others[:, : min(count, others.shape[1])], axis=1) == 1).all(axis=1).any():
            return False  # such samples are ordinary here
        if count >= _SURELY_COUNTED or np.abs(others).max() < count - 1:
            return True
        raise InputError(
            f"line {self.line}: 0, 1, 2, … may be a head or a sample; expected --header or --no-header (read_data:"
            " header)"
        )

    def _check_skipped(self, columns: dict[int, list[str]]) -> None:
        for n in self.skipped:
            values = columns[n]
            counts = values in ([str(k + start) for k in range(len(values))] for start in (0, 1))
            if len(set(values)) != len(values) or (not self.names and not counts):
                expected = self._columns(self.classes[0] if len(self.classes) == 1 and not self.by_default else None)
                raise InputError(
                    f"line {self.line}: {self.width} columns; expected {expected}; {self._column(n)} is no index of the"
                    " lines"
                )

    def _check_index_read_as_pixel(self, images: Array) -> None:
        """Refuse a column of pixels that numbers the lines."""
        kept = [n for n in range(self.width) if n not in self.skipped and n not in self.classes]
        for place, n in enumerate(kept):
            values = images[:, place]
            if len(values) < 3 or not (values == np.floor(values)).all() or len(np.unique(values)) < len(values):
                continue
            if self.names and _is_index_name(self.names[n], n):
                raise InputError(
                    f"{self._column(n)} numbers the lines, and would be read as a pixel: the network's input has"
                    f" {images.shape[1]}; expected it without that column (or with another name for it)"
                )
            if n == 0 and _is_range(values) and not self.names and len(self.classes) == 2 and self.label_column is None:
                raise InputError(
                    "column 1 counts 0, 1, 2, …: the last two columns may be two targets, or the first an index and the"
                    " last the class; expected a head of names, or --label-column last (read_data: label_column)"
                )

    def _check_targets(self, images: Array, targets: Array) -> None:
        """Refuse one-hot targets in the first columns."""
        outputs = self.network.outputs
        if self._named_targets() or self._beside_the_pixels() or len(images) < 2:
            return

        def one_hot(block: Array) -> bool:
            return bool(np.isin(block, (0, 1)).all() and (block.sum(axis=1) == 1).all())

        if one_hot(images[:, :outputs]) and not one_hot(targets):
            raise InputError(
                f"the first {outputs} columns hold a 1 and zeros, as targets do; the last {outputs} do not; expected"
                " the targets last, or their columns named target1, target2, …"
            )

    def _check_default(self, labels: list[str], pixels: Array, numbers: NumberParser) -> None:
        """Refuse the last column as the class where the first is as likely."""
        ask = "expected --label-column first, last, a name or a number (read_data: label_column)"
        if len(labels) > 1 and len(set(labels)) == 1:
            raise InputError(
                f"all {len(labels)} samples have {quoted(labels[0], 30)} in the last column, which is read as the"
                f" class; {ask}"
            )
        classes = max(self.network.outputs, 2)
        if not all(map(numbers.is_number, labels)):
            return
        last = {float(label.replace(",", ".")) for label in labels}
        first, every = set(pixels[:, 0].tolist()), set(map(float, range(classes)))
        if first != every:
            return
        if self.network.outputs == 1 and not 0 <= min(last) <= max(last) <= 1 and _ends_in_sigmoid(self.network):
            raise InputError(
                "the first column holds 0 and 1, and the last, which is read as the target, numbers that no sigmoid"
                f" gives; {ask}"
            )
        if last != every and self.network.outputs > 1:
            raise InputError(
                f"the first column holds every class from 0 to {classes - 1}, and the last, which is read as the class,"
                f" does not; {ask}"
            )
        if last == every and not np.isin(pixels[:, 1:], range(classes)).all():
            raise InputError(
                f"the first column and the last hold every class from 0 to {classes - 1}, and no other does; {ask}"
            )

    def _targets(self, labels: list[str], lines: list[int], numbers: NumberParser) -> tuple[Array, list[str] | None]:
        column, network = self.classes[0], self.network
        texts = [n for n, label in enumerate(labels) if not numbers.is_number(label)]
        if texts:
            distinct, slips = set(labels), {labels[n] for n in texts}
            if "" in distinct or (
                len(texts) < len(labels) and (len(slips) == 1 or len(distinct) != max(network.outputs, 2))
            ):  # names among numbers: "l" for 1, or digits and letters
                raise InputError(
                    f"line {lines[texts[0]]}: {quoted(labels[texts[0]], 40)} is not a number (written with a decimal"
                    " point)"
                )
            check_labels(distinct, self._column(column))
            return class_rows(network, class_numbers(network, labels, self._column(column))), labels
        values = np.array([numbers.row(line, [label])[0] for line, label in zip(lines, labels, strict=True)])
        numbers.check()
        strong = self.names is not None and _has_word(self.names[column], _CLASS)
        if network.outputs == 1 and not (strong or self.class_names):
            return values[:, np.newaxis], None
        bad = bad_class(network, values)
        if bad is not None:
            raise InputError(
                f"line {lines[bad]}: the label is {values[bad]:g}; expected whole numbers from 0 to"
                f" {max(network.outputs, 2) - 1}"
            )
        words = [self.class_names[int(value)] for value in values] if self.class_names else None
        return class_rows(network, values), words


def _ends_in_sigmoid(network: Network) -> bool:
    last = [layer for layer in network.layers if not isinstance(layer, Flatten)][-1:]
    return any(getattr(layer, "activation", getattr(layer, "kind", None)) == "sigmoid" for layer in last)


def _column_named(column: str | int, names: list[str] | None, width: int, line: int) -> int:
    """The column that ``label_column`` means."""
    expected = f"expected first, last, a number from 1 to {width}, or the name of a column"
    if isinstance(column, bool) or not isinstance(column, (str, int)):
        raise InputError(f"label_column={quoted(column)}: {expected}")
    word, names = str(column), names or []
    matches = [n for n, name in enumerate(names) if name == word]
    matches = matches or [n for n, name in enumerate(names) if _plain(name) == _plain(word) != ""]
    if isinstance(column, int):
        matches = []
    if re.fullmatch("[0-9]{1,9}", word):
        matches.append(int(word) - 1)
    columns = set(matches) or {"first": {0}, "last": {width - 1}}.get(word, set())
    if len(columns) > 1:
        which = ", ".join(str(n + 1) for n in sorted(columns))
        raise InputError(f"--label-column {quoted(word, 30)}: may be one of columns {which}; {expected}")
    for number in columns:
        if 0 <= number < width:
            return number
    known = f"; its columns: {', '.join(name[:20] for name in names[:8])}" if names else ""
    raise InputError(f"--label-column {quoted(word, 30)}: line {line} has no such column; {expected}{known}")
