"""Reading an .xlsx file that nobody vouches for: formulas, values and defined names, nothing else.

Only a zip of stored or deflated parts, whose unpacked sizes are known before anything is unpacked; only XML without a
document type, so without entities; everything is counted while it streams in. What goes past a limit is refused in one
line. Nothing is evaluated.
"""

import math
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from posixpath import join, normpath
from xml.parsers import expat

from symcnn.errors import InputError
from symcnn.files import open_file
from symcnn.printers.cells import FormulaError, Range, Reference, moved, reference
from symcnn.workbook.cell_values import CellContent, Cells, XlsxContent
from symcnn.workbook.evaluator import CellError, Value

#: Bytes of the file, bytes of all its parts unpacked, parts.
MAX_FILE, MAX_UNPACKED, MAX_PARTS = 200_000_000, 600_000_000, 5_000

#: Cells of all sheets, sheets, defined names, characters of one text, nested elements, bytes between two tags.
MAX_CELLS, MAX_SHEETS, MAX_NAMES, MAX_TEXT, MAX_NESTED, MAX_SILENCE = 3_000_000, 255, 100_000, 40_000, 100, 1_000_000

_CHUNK = 1 << 18
_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")

Attributes = Mapping[str, str]


def read_package(path: Path) -> XlsxContent:
    """Read a file.

    Raises:
        InputError: it is no workbook, or past a limit; one line.
    """
    try:
        with open_file(path, MAX_FILE, "a workbook (.xlsx)") as file:
            if file.read(8) == bytes.fromhex("d0cf11e0a1b11ae1"):
                raise InputError(
                    f"{path}: encrypted, or in the format of before 2007; expected an .xlsx file without password"
                )
            with zipfile.ZipFile(file) as archive:
                return _XlsxReader(path, archive).package()
    except zipfile.BadZipFile:
        raise InputError(f"{path}: not an .xlsx file (no zip archive, or a damaged one)") from None
    except OSError as reason:
        raise InputError(f"{path}: cannot be read: {reason.strerror or reason}") from None
    except (EOFError, NotImplementedError, RuntimeError, ValueError, zipfile.zlib.error) as reason:  # type: ignore[attr-defined]
        if isinstance(reason, InputError):
            raise
        raise InputError(f"{path}: a damaged .xlsx file ({str(reason)[:100]})") from None


class _XlsxReader:
    """Reads the parts of one archive."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path, self._archive = path, archive
        parts = archive.infolist()
        if len(parts) > MAX_PARTS:
            raise self._refused(f"{len(parts)} parts; at most {MAX_PARTS}")
        if sum(p.file_size for p in parts) > MAX_UNPACKED:
            raise self._refused(f"unpacked, more than {MAX_UNPACKED} bytes")
        self._parts = {p.filename: p for p in parts}
        if len(self._parts) != len(parts):
            raise self._refused("two parts of one name")
        for part in parts:
            if part.flag_bits & 1:
                raise self._refused(f"{part.filename} is encrypted")
            if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise self._refused(f"{part.filename}: packed in a way that no .xlsx file is")

    def package(self) -> XlsxContent:
        if "xl/workbook.xml" not in self._parts:
            raise self._refused("not an .xlsx workbook: it has no part xl/workbook.xml")
        relations, book, texts = _Relations(self._refused), _Workbook(self._refused), _Texts(self._refused)
        parts = {"xl/_rels/workbook.xml.rels": relations, "xl/workbook.xml": book, "xl/sharedStrings.xml": texts}
        for part, handler in parts.items():
            if part in self._parts:
                self._read(part, handler)
        content, count = XlsxContent(names=book.names), 0
        for title, link in book.sheets.items():
            name = relations.targets.get(link)
            if name not in self._parts:
                raise self._refused(f"sheet {title}: its part is missing")
            sheet = _Sheet(title, texts.texts, self._refused, MAX_CELLS - count)
            self._read(name, sheet)
            count += len(sheet.cells)
            content.sheets[title] = sheet.cells
        return content

    def _read(self, name: str, part: "_Part") -> None:
        """Stream a part through its handlers."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        fed = heard = nested = 0

        def start(tag: str, attributes: Attributes) -> None:
            nonlocal heard, nested
            heard, nested = fed, nested + 1
            if nested > MAX_NESTED:
                raise self._refused(f"{name}: elements nested more than {MAX_NESTED} deep")
            part.start(tag.rpartition(":")[2], attributes)

        def end(tag: str) -> None:
            nonlocal heard, nested
            heard, nested = fed, nested - 1
            part.end(tag.rpartition(":")[2])

        def doctype(*_: object) -> None:
            raise self._refused(
                f"{name}: a document type (<!DOCTYPE …>), which no workbook needs and entities could hide in"
            )

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = part.text, doctype
        try:
            with self._archive.open(self._parts[name]) as stream:
                while chunk := stream.read(_CHUNK):
                    fed += len(chunk)
                    parser.Parse(chunk, False)
                    if fed - heard > MAX_SILENCE:
                        raise self._refused(f"{name}: {MAX_SILENCE} bytes without a tag")
                parser.Parse(b"", True)
        except expat.ExpatError as reason:
            raise self._refused(f"{name}: not well-formed XML ({reason})") from None
        except LookupError as reason:
            if isinstance(reason, (KeyError, IndexError)):  # ours
                raise
            raise self._refused(f"{name}: {str(reason)[:60]}; expected UTF-8") from None

    def _refused(self, reason: str) -> InputError:
        return InputError(f"{self._path}: {reason}")


class _Part:
    """Handles the elements of one part, and gathers their texts."""

    def __init__(self, refused: Callable[[str], InputError]) -> None:
        self.refused = refused
        self._gathered: list[str] | None = None
        self._length = 0

    def start(self, tag: str, attributes: Attributes) -> None:
        return

    def end(self, tag: str) -> None:
        return

    def text(self, characters: str) -> None:
        if self._gathered is not None:
            self._length += len(characters)
            if self._length > MAX_TEXT:
                raise self.refused(f"a text of more than {MAX_TEXT} characters")
            self._gathered.append(characters)

    def gather(self) -> None:
        self._gathered, self._length = [], 0

    def gathered(self) -> str:
        text, self._gathered = "".join(self._gathered or ()), None
        return text


class _Relations(_Part):
    """Link -> part."""

    def __init__(self, refused: Callable[[str], InputError]) -> None:
        super().__init__(refused)
        self.targets: dict[str, str] = {}

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            part = target[1:] if target.startswith("/") else normpath(join("xl", target))
            self.targets[attributes.get("Id", "")] = part


class _Workbook(_Part):
    """Sheets and defined names."""

    def __init__(self, refused: Callable[[str], InputError]) -> None:
        super().__init__(refused)
        self.sheets: dict[str, str] = {}
        self.names: dict[str, Reference | Range] = {}
        self._name = ""

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "sheet":
            title = attributes.get("name", "")
            link = next((v for a, v in attributes.items() if a.endswith(":id")), "")
            if not title or title in self.sheets or len(self.sheets) == MAX_SHEETS:
                raise self.refused(f"sheet {title!r:.40}: without a name, twice, or more than {MAX_SHEETS} sheets")
            self.sheets[title] = link
        elif tag == "definedName":
            self._name = "" if "localSheetId" in attributes else attributes.get("name", "").lower()
            self.gather()

    def end(self, tag: str) -> None:
        if tag == "definedName":
            place = reference(self.gathered().strip())
            if not self._name or place is None:
                return
            if self._name in self.names or len(self.names) == MAX_NAMES:
                raise self.refused(f"defined name {self._name[:60]}: twice, or more than {MAX_NAMES} names")
            self.names[self._name] = place


class _Texts(_Part):
    """The shared texts."""

    def __init__(self, refused: Callable[[str], InputError]) -> None:
        super().__init__(refused)
        self.texts: list[str] = []
        self._one: list[str] = []

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "si":
            self._one = []
        elif tag == "t":
            self.gather()

    def end(self, tag: str) -> None:
        if tag == "t":
            self._one.append(self.gathered())
        elif tag == "si":
            self.texts.append("".join(self._one))


class _Sheet(_Part):
    """The cells of one sheet."""

    def __init__(self, title: str, texts: list[str], refused: Callable[[str], InputError], most: int) -> None:
        super().__init__(refused)
        self.cells: Cells = {}
        self._title, self._texts, self._most = title, texts, most
        self._place = (0, 0)
        self._row = self._column = 0
        self._type = ""
        self._formula: str | None = None
        self._shared: dict[str, tuple[tuple[int, int], str]] = {}
        self._link: str | None = None
        self._value: str | None = None

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "row":
            self._row = self._whole(attributes.get("r"), self._row + 1)
            self._column = 0
        elif tag == "c":
            self._column += 1
            self._place = self._address(attributes["r"]) if "r" in attributes else (self._row, self._column)
            self._column = self._place[1]
            self._type = attributes.get("t", "n")
            self._formula = self._value = self._link = None
        elif tag == "f":
            kind = attributes.get("t", "normal")
            if kind not in ("normal", "shared"):
                raise self.refused(f"{self._here}: {kind[:20]} formula; expected one formula of one cell")
            self._link = attributes.get("si", "") if kind == "shared" else None
            self.gather()
        elif tag in ("v", "t"):
            self.gather()

    def end(self, tag: str) -> None:
        if tag == "f":
            self._formula = self._one_formula(self.gathered())
        elif tag in ("v", "t"):
            self._value = (self._value or "") + self.gathered()
        elif tag == "c":
            self._keep()

    def _keep(self) -> None:
        if self._formula is None and self._value is None:
            return
        if self._place in self.cells or len(self.cells) == self._most:
            raise self.refused(f"{self._here}: twice, or more than {MAX_CELLS} cells")
        self.cells[self._place] = CellContent(self._formula, self._content())

    def _content(self) -> Value:
        value = self._value
        if value is None or self._type in ("str", "inlineStr"):
            return value
        if self._type == "e":
            return CellError(value)
        if not value and self._formula is not None:  # a formula that nobody has worked out yet
            return None
        try:
            if self._type == "s":
                index = int(value)
                if index < 0:
                    raise ValueError
                return self._texts[index]
            number = float(value)
            if not math.isfinite(number):
                raise ValueError
            return value == "1" if self._type == "b" else number
        except (ValueError, IndexError):
            raise self.refused(f"{self._here}: {value[:40]!r} is not a value of type {self._type[:10]}") from None

    def _one_formula(self, text: str) -> str | None:
        """A shared formula is written once, and stands for its copies."""
        if self._link is None:
            return text or None
        if text:
            self._shared[self._link] = (self._place, text)
            return text
        if self._link not in self._shared:
            raise self.refused(f"{self._here}: a copy of a formula that is not there")
        (row, column), first = self._shared[self._link]
        try:
            return moved(first, self._place[0] - row, self._place[1] - column)
        except FormulaError as reason:
            raise self.refused(f"{self._here}: {reason}") from None

    @property
    def _here(self) -> str:
        return f"sheet {self._title[:31]}, row {self._place[0]}, column {self._place[1]}"

    def _address(self, text: str) -> tuple[int, int]:
        place = reference(text) if _ADDRESS.fullmatch(text) else None
        if not isinstance(place, Reference):
            raise self.refused(f"sheet {self._title[:31]}: {text[:40]!r} is not the address of a cell")
        return place.row, place.column

    def _whole(self, text: str | None, usual: int) -> int:
        if text is None:
            return usual
        if not re.fullmatch(r"[1-9][0-9]{0,6}", text):
            raise self.refused(f"sheet {self._title[:31]}: {text[:40]!r} is not a row")
        return int(text)
