"""Styles: everything that is referred to is there; number formats that Excel reads."""

import re

MAX_STYLES, MAX_FORMATS, MAX_CODE = 65_490, 200, 254
_BRACKET = re.compile(
    r"\[(Black|Blue|Cyan|Green|Magenta|Red|White|Yellow|Color ?\d+|[<>=]+-?[\d.]+|\$[^\]]*|[hms]+)\]", re.IGNORECASE
)


def cell_style(package):
    known = len(package.styles.find("{*}cellXfs"))
    if known > MAX_STYLES:
        yield "cellXfs", f"{known} styles"
    for sheet in package.sheets:
        for element in (*(c for _, c in sheet.cells()), *sheet.all("sheetData/row"), *sheet.all("cols/col")):
            number = element.get("s") or element.get("style") or "0"
            if not 0 <= int(number) < known:
                yield f"{sheet.title}!{element.get('r') or element.get('min')}", f"style {number} is not there"


def style_part(package):
    """Fonts, fills, borders and formats that styles refer to."""
    known = {f"{kind}Id": len(package.styles.find(f"{{*}}{kind}s")) for kind in ("font", "fill", "border")}
    formats = {f.get("numFmtId") for f in package.styles.iterfind("{*}numFmts/{*}numFmt")}
    for group in ("cellXfs", "cellStyleXfs"):
        for n, style in enumerate(package.styles.find(f"{{*}}{group}")):
            for key, count in known.items():
                if int(style.get(key, "0")) >= count:
                    yield f"{group} {n}", f"{key} {style.get(key)} is not there"
            number = style.get("numFmtId", "0")
            if int(number) >= 164 and number not in formats:
                yield f"{group} {n}", f"numFmtId {number} is not there"


def number_format(package):
    formats = list(package.styles.iterfind("{*}numFmts/{*}numFmt"))
    if len(formats) > MAX_FORMATS:
        yield "numFmts", f"{len(formats)} formats"
    for element in formats:
        code = element.get("formatCode")
        bare = re.sub(r'"[^"]*"|\\.', "", code)
        if len(code) > MAX_CODE or '"' in bare or bare.count(";") > 3 or re.search(r"[\[\]]", _BRACKET.sub("", bare)):
            yield element.get("numFmtId"), f"{code[:40]}: not a number format"


RULES = (cell_style, style_part, number_format)
