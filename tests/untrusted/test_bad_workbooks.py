"""Files that call themselves workbooks: each is one clear line, exit status 2, soon, no traceback, nothing executed."""

import io
import re
import struct
import time
import zipfile
from collections.abc import Callable

import pytest

import symcnn
from tests.test_cli import run

Parts = dict[str, bytes]


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Parts:
    path = tmp_path_factory.mktemp("good") / "good.xlsx"
    symcnn.export_workbook(symcnn.article.network(), symcnn.article.images(), path, steps=2)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: Parts, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def sheet_of(parts: Parts, title: str) -> str:
    """The part of a sheet."""
    book, links = parts["xl/workbook.xml"].decode(), parts["xl/_rels/workbook.xml.rels"].decode()
    link = re.search(rf'<sheet [^>]*name="{title}"[^>]*r:id="(\w+)"', book)
    assert link is not None
    relation = next(r for r in re.findall(r"<Relationship [^>]*>", links) if f'Id="{link[1]}"' in r)
    target = re.search(r'Target="/?(?:xl/)?([^"]+)"', relation)
    assert target is not None
    return f"xl/{target[1]}"


def with_formula(formula: str, name: str = "x_11_image1") -> Callable[[Parts], bytes]:
    """The workbook with another formula in the cell of this name."""
    return lambda parts: zipped(altered(parts, formula, name))


def altered(parts: Parts, formula: str, name: str = "x_11_image1") -> Parts:
    place = re.search(rf'name="{name}"[^>]*>([^<]*)<', parts["xl/workbook.xml"].decode())
    assert place is not None
    sheet, _, address = place[1].replace("$", "").rpartition("!")
    part = sheet_of(parts, sheet.strip("'"))
    text, count = re.subn(rf'(<c r="{address}"[^>]*><f>)[^<]*', lambda m: m[1] + formula, parts[part].decode())
    assert count == 1
    return {**parts, part: text.encode()}


def in_contents(formula: str, cells: str) -> Callable[[Parts], bytes]:
    """A formula that refers to cells of Contents, with other cells there."""

    def make(parts: Parts) -> bytes:
        changed = altered(parts, formula)
        return zipped({**changed, sheet_of(parts, "Contents"): SHEET.format(f"<row r='1'>{cells}</row>").encode()})

    return make


def replaced(part: str, old: str, new: str, count: int = 1) -> Callable[[Parts], bytes]:
    def make(parts: Parts) -> bytes:
        text = parts[part].decode()
        assert old in text
        return zipped({**parts, part: text.replace(old, new, count).encode()})

    return make


def with_sheet(content: str) -> Callable[[Parts], bytes]:
    """The sheet Contents as something else."""
    return lambda parts: zipped({**parts, sheet_of(parts, "Contents"): content.encode()})


def bomb(parts: Parts) -> bytes:
    return zipped({**parts, "xl/media/zeros.bin": b"\0" * 700_000_000})


def encrypted_part(parts: Parts) -> bytes:
    """The flag of encryption set in every header."""
    content = bytearray(zipped(parts))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            flags = struct.unpack_from("<H", content, at + offset)[0]
            struct.pack_into("<H", content, at + offset, flags | 1)
            at = content.find(signature, at + 4)
    return bytes(content)


def twice(parts: Parts) -> bytes:
    buffer = io.BytesIO(zipped(parts))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("xl/workbook.xml", parts["xl/workbook.xml"])
    return buffer.getvalue()


def damaged(parts: Parts) -> bytes:
    content = bytearray(zipped(parts))
    content[len(content) // 3 : len(content) // 3 + 400] = bytes(400)
    return bytes(content)


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def row(content: str) -> Callable[[Parts], bytes]:
    """The sheet Contents with this row only."""
    return with_sheet(SHEET.format(f"<row>{content}</row>"))


BOOK = "xl/workbook.xml"
DOCTYPE = '<!DOCTYPE worksheet [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE worksheet SYSTEM "file:///etc/passwd">'

#: What is wrong, how the file is made, what is said.
BAD: list[tuple[str, Callable[[Parts], bytes], str]] = [
    ("empty", lambda _: b"", "not an .xlsx file"),
    ("text", lambda _: b"input_shape = [3, 3]", "not an .xlsx file"),
    ("encrypted", lambda _: bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "in the format of before 2007"),
    ("cut off", lambda parts: zipped(parts)[:-2000], "not an .xlsx file"),
    ("damaged", damaged, "damaged"),
    ("another zip", lambda _: zipped({"a.txt": b"a"}), "no part xl/workbook.xml"),
    ("no sheets", lambda p: zipped({n: c for n, c in p.items() if "sheet" not in n}), "its part is missing"),
    ("zip bomb", bomb, "more than 600000000 bytes"),
    ("many parts", lambda p: zipped({**p, **{f"a{n}": b"" for n in range(5_001)}}), "at most 5000"),
    ("other packing", lambda p: zipped(p, zipfile.ZIP_LZMA), "packed in a way that no .xlsx file is"),
    ("a locked part", encrypted_part, "is encrypted"),
    ("a part twice", twice, "two parts of one name"),
    ("entities", with_sheet(DOCTYPE + SHEET.format("<row><c><v>&b;</v></c></row>")), "document type"),
    *(
        (f"encoding {name[:9]}", with_sheet(f'<?xml version="1.0" encoding="{name}"?>' + SHEET.format("")), words)
        for name, words in (
            ("foo", "unknown encoding: foo; expected UTF-8"),
            ("base64", "expected UTF-8"),
            ("a" * 3000, "unknown encoding: aaaa"),
            ("shift_jis", "damaged"),
            ("undefined", "damaged"),
        )
    ),
    ("external entity", with_sheet(EXTERNAL + SHEET.format("")), "document type"),
    ("unknown entity", row("<c><v>&b;</v></c>"), "not well-formed XML"),
    ("no XML", with_sheet("hello"), "not well-formed XML"),
    ("deep XML", with_sheet("<a>" * 500 + "</a>" * 500), "nested more than 100 deep"),
    ("one long tag", with_sheet("<a b='" + "x" * 3_000_000 + "'/>"), "bytes without a tag"),
    (
        "a long text",
        row(f"<c t='str'><v>{'x' * 50_000}</v></c>"),
        "than 40000 characters",
    ),
    ("no number", row("<c><v>one</v></c>"), "not a value of type n"),
    ("no such text", row("<c t='s'><v>999999</v></c>"), "not a value of type s"),
    ("a cell twice", row("<c r='A1'><v>1</v></c><c r='A1'><v>1</v></c>"), "twice"),
    (
        "outside the sheet",
        row("<c r='XFE1'><v>1</v></c>"),
        "is not the address of a cell",
    ),
    ("a huge row", with_sheet(SHEET.format("<row r='99999999'/>")), "is not a row"),
    (
        "an array formula",
        row("<c><f t='array' ref='A1:B2'>1</f></c>"),
        "expected one formula",
    ),
    (
        "a lost copy",
        row("<c><f t='shared' si='3'/></c>"),
        "a copy of a formula that is not there",
    ),
    (
        "a copy too far",
        with_sheet(
            SHEET.format(
                "<row><c r='A2'><f t='shared' si='0'>A1</f></c></row><row><c r='A1'><f t='shared' si='0'/></c></row>"
            )
        ),
        "outside the sheet",
    ),
    (
        "no names",
        lambda p: zipped({**p, BOOK: re.sub(rb"<definedNames>.*</definedNames>", b"", p[BOOK])}),
        "no cell is named E_image1",
    ),
    (
        "a name less",
        replaced(BOOK, 'name="x_11_image1"', 'name="y_11_image1"'),
        "the name x_11_image1 is missing",
    ),
    (
        "a name twice",
        replaced(BOOK, 'name="x_11_image1"', 'name="x_12_image1"'),
        "defined name x_12_image1: twice",
    ),
    (
        "a foreign name",
        replaced(BOOK, 'name="step_shown"', 'name="x_99_image1"'),
        "the name step_shown is missing",
    ),
    (
        "a circle",
        in_contents("Contents!A1", "<c r='A1'><f>B1+1</f></c><c r='B1'><f>A1</f></c>"),
        "refers back to itself",
    ),
    ("itself", in_contents("Contents!A1", "<c r='A1'><f>A1</f></c>"), "Contents!A1: its formula refers back to itself"),
    (
        "a long chain",
        in_contents("Contents!A1", "".join(f"<c r='A{n}'><f>A{n + 1}*A{n + 1}+1</f></c>" for n in range(1, 400))),
        "parts",
    ),
    ("another function", with_formula('WEBSERVICE("http://a.b")'), "WEBSERVICE: not a function"),
    ("a lookup", with_formula("INDEX(A1:B2,1)"), "INDEX: not a function"),
    ("no formula", with_formula("1+"), "it ends where an operand is expected"),
    ("another book", with_formula("[1]Sheet!A1"), "at character 1"),
    ("a wide range", with_formula("SUM(A1:XFD1048576)"), "a range of 1048576×16384 cells; at most 20000"),
    ("nested too deep", with_formula("(" * 80 + "1" + ")" * 80), "nested more than 64 deep"),
    ("a huge power", with_formula("9^64^64^64"), "too many digits"),
    ("a tower of powers", with_formula("(f_11^64)^64"), "a whole exponent, at most 64"),
    ("no finite number", row("<c><v>1e999</v></c>"), "not a value of type n"),
    ("an unknown name", with_formula("no_such_name+1"), "no_such_name: no cell has this name"),
    ("a text", with_formula('"a"'), "text: not part of the arithmetic"),
]


@pytest.mark.parametrize(("make", "words"), [(m, w) for _, m, w in BAD], ids=[n for n, _, _ in BAD])
def test_a_bad_file_is_one_line_and_status_2(good, tmp_path, capsys, make, words):
    path = tmp_path / "bad.xlsx"
    path.write_bytes(make(good))
    start = time.process_time()
    status, out, err = run("verify", "--workbook", path, capsys=capsys)
    assert (status, out) == (2, "")
    [line] = err.strip().splitlines()
    assert str(path) in line
    assert words in line
    assert time.process_time() - start < 20


def test_another_networks_workbook_is_told_from_a_wrong_one(good, tmp_path, capsys):
    path, net = tmp_path / "good.xlsx", tmp_path / "net.toml"
    path.write_bytes(zipped(good))
    net.write_text(
        'input_shape = [3, 3]\nloss = "mse"\n[[layer]]\ntype = "Flatten"\n[[layer]]\ntype = "Dense"\nunits = 2\n'
    )
    status, out, err = run("verify", net, "--workbook", path, capsys=capsys)
    assert (status, out) == (2, "")
    assert "not the workbook of this network (20 parameters)" in err


def test_a_missing_file_is_one_line(tmp_path, capsys):
    status, _, err = run("verify", "--workbook", tmp_path / "none.xlsx", capsys=capsys)
    assert status == 2
    assert "no such file" in err


def test_an_untouched_one_passes(good, tmp_path, capsys):
    path = tmp_path / "good.xlsx"
    path.write_bytes(zipped(good))
    status, out, _ = run("verify", "--workbook", path, capsys=capsys)
    assert status == 0
    assert "WRONG" not in out
    assert "right (exact)" in out
