"""Names of sheets and cells."""

import re

from tests.workbook.rules.package import block, place

_SHEET = re.compile(r"('(?:[^']|'')+'|[^\W\d][\w.]*)!(.+)")
_LEGAL = re.compile(r"[^\W\d][\w.]*|\\[\w.]*")
_R1C1 = re.compile(r"[Rr]\d*|[Cc]\d*|[Rr]\d*[Cc]\d*|[RrCc]\d+[\w.]*")


def split(reference):
    """(sheet, cells) of a reference; sheet None if it has none."""
    found = _SHEET.fullmatch(reference)
    if not found:
        return None, reference
    title = found[1]
    return (title[1:-1].replace("''", "'") if title[0] == "'" else title), found[2]


def sheet_name(package):
    seen = set()
    for sheet in package.sheets:
        title = sheet.title
        if not 1 <= len(title) <= 31 or re.search(r"[\[\]:*?/\\]", title) or "'" in (title[:1], title[-1:]):
            yield title, "not a name for a sheet"
        if title.casefold() == "history":
            yield title, "is Excel's own"
        if title.casefold() in seen:
            yield title, "two sheets are called so"
        seen.add(title.casefold())


def sheet_id(package):
    ids = [sheet.id for sheet in package.sheets]
    for number in ids:
        if not 1 <= int(number) <= 65534 or ids.count(number) > 1:
            yield number, "not a sheetId of one sheet"


def defined_name(package):
    for name, _, _ in package.defined:
        bare = name.removeprefix("_xlnm.")
        if len(name) > 255 or not _LEGAL.fullmatch(bare):
            yield name, "not a name: 1-255 letters, digits, _ and ."
        elif place(bare.upper()) or _R1C1.fullmatch(bare) or bare.upper() in ("TRUE", "FALSE"):
            yield name, "is read as a cell or a value"


def defined_name_twice(package):
    known = [(name.casefold(), scope) for name, scope, _ in package.defined]
    for name, scope in {k for k in known if known.count(k) > 1}:
        yield name, f"defined twice{f' on sheet {scope}' if scope else ''}"


def defined_scope(package):
    for name, scope, _ in package.defined:
        if scope is not None and int(scope) >= len(package.sheets):
            yield name, f"sheet {scope} is not there"


def defined_target(package):
    for name, _, target in package.defined:
        for part in re.split(r",(?=(?:[^']*'[^']*')*[^']*$)", target):
            sheet, cells = split(part)
            if sheet is None or sheet.casefold() not in package.titles:
                yield name, f"{target}: no such sheet"
            elif not re.fullmatch(r"\$[A-Z]+\$\d+(:\$[A-Z]+\$\d+)?|\$[A-Z]+:\$[A-Z]+|\$\d+:\$\d+", cells) or (
                re.search(r"[A-Z]\$\d", cells) and not block(cells)
            ):
                yield name, f"{target}: expected absolute cells"


RULES = (sheet_name, sheet_id, defined_name, defined_name_twice, defined_scope, defined_target)
