"""Each rule with a fault that it must see, planted in a workbook that has none."""

import io
import zipfile
from html import escape

import pytest

from tests.workbook.rules import RULES, findings
from tests.workbook.rules.model import model

MAIN, OTHER, BOOK = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml", "xl/workbook.xml"
STRINGS, STYLES, CHART, TABLE = "xl/sharedStrings.xml", "xl/styles.xml", "xl/charts/chart1.xml", "xl/tables/table1.xml"
TYPES, RELATIONS, SHEET_RELATIONS = (
    "[Content_Types].xml",
    "xl/_rels/workbook.xml.rels",
    "xl/worksheets/_rels/sheet2.xml.rels",
)

SUM, CAT = "<f>SUM(A2:C4)</f>", "<si><t>a</t></si>"


def formula(text):
    return f"<f>{escape(text, quote=False)}</f>"


#: (rule, part, what stands there, what is planted, words of the finding)
FAULTS = [
    ("readable", STRINGS, "<t>a</t>", "<t>\x01</t>", "not XML"),
    ("calculation_chain", "xl/calcChain.xml", None, "<calcChain/>", "leave it out"),
    ("relation_target", RELATIONS, "/xl/worksheets/sheet2.xml", "/xl/worksheets/sheet9.xml", "which is not there"),
    ("relation_used", OTHER, 'r:id="rId1"', 'r:id="rId7"', "rId7 is no relation"),
    ("content_type", TYPES, '<Override PartName="/xl/charts/chart1.xml"', '<Override PartName="/xl/charts/chart9.xml"', "is not there"),
    ("content_type", "xl/media/picture.png", None, "", "no content type"),
    ("content_type", TYPES, '<Override PartName="/xl/charts/chart1.xml"', '<Override PartName="/xl/workbook.xml"', "two content types"),
    ("element_order", MAIN, "</cols>", '</cols><sheetFormatPr defaultRowHeight="15" />', "not in the schema's order"),
    ("element_order", STYLES, '<b val="1" /><sz val="9" />', '<sz val="9" /><b val="1" />', "not in the schema's order"),
    ("calculation", BOOK, 'calcId="191029"', 'calcId="124519"', "expected calcId 191029"),
    ("calculation", BOOK, 'fullCalcOnLoad="0"', 'fullCalcOnLoad="1"', "no full calculation"),
    ("dates", BOOK, "<workbookPr />", '<workbookPr date1904="1" />', "1904"),
    ("active_tab", BOOK, 'activeTab="0"', 'activeTab="2"', "sheet 2 is not there"),
    ("active_tab", BOOK, 'sheetId="1" state="visible"', 'sheetId="1" state="hidden"', "not visible"),
    ("ignored_errors", MAIN, 'sqref="A1:H8" evalError', "evalError", "without sqref"),
    ("ignored_errors", OTHER, "ignoredErrors", "cellWatches", "green triangles"),
    ("sheet_name", BOOK, 'name="Other"', f'name="{"x" * 32}"', "not a name for a sheet"),
    ("sheet_name", BOOK, 'name="Other"', 'name="a:b"', "not a name for a sheet"),
    ("sheet_name", BOOK, 'name="Other"', 'name="\'a"', "not a name for a sheet"),
    ("sheet_name", BOOK, 'name="Other"', 'name="History"', "Excel's own"),
    ("sheet_name", BOOK, 'name="Other"', 'name="MAIN"', "two sheets"),
    ("sheet_id", BOOK, 'sheetId="2"', 'sheetId="1"', "not a sheetId"),
    ("sheet_id", BOOK, 'sheetId="2"', 'sheetId="65535"', "not a sheetId"),
    *(("defined_name", BOOK, 'name="total"', f'name="{name}"', words) for name, words in [
        ("x11", "read as a cell"), ("R", "read as a cell"), ("c", "read as a cell"), ("R1C1", "read as a cell"),
        ("c1_out", "read as a cell"), ("TAX2024", "read as a cell"), ("TRUE", "read as a cell"), ("a b", "not a name"),
        ("1st", "not a name"), ("a-b", "not a name"), ("n" * 256, "not a name"),
    ]),
    ("defined_name_twice", BOOK, 'name="total"', 'name="RATE"', "defined twice"),
    ("defined_scope", BOOK, 'localSheetId="0"', 'localSheetId="5"', "sheet 5 is not there"),
    ("defined_target", BOOK, "Main!$E$1", "=Main!$E$1", "no such sheet"),
    ("defined_target", BOOK, "Main!$E$1", "Main!E1", "expected absolute cells"),
    ("defined_target", BOOK, "Main!$E$1", "Gone!$E$1", "no such sheet"),
    ("defined_target", BOOK, "'Main'!$A$1:$H$9", "$A$1:$H$9", "no such sheet"),
    ("defined_target", BOOK, "Main!$E$1", "Main!$E$1048577", "expected absolute cells"),
    ("order", MAIN, '<row r="3">', '<row r="2">', "rows do not ascend"),
    ("order", MAIN, '<c r="B2">', '<c r="A2">', "cells do not ascend"),
    ("order", MAIN, '<c r="B2">', '<c r="D2">', "cells do not ascend"),
    ("order", MAIN, '<row r="8"><c r="E8">', '<row r="1048577"><c r="E1048577">', "rows do not ascend"),
    ("value_type", MAIN, "<v>2.5</v>", "<v>nan</v>", "is no number"),
    ("value_type", MAIN, "<v>2.5</v>", "<v>1e999</v>", "not finite"),
    ("value_type", MAIN, "<v>2.5</v>", "<v>2,5</v>", "is no number"),
    ("value_type", MAIN, ' t="str"', "", "is no number"),
    ("value_type", MAIN, "</f><v>1</v></c>", "</f><v>TRUE</v></c>", "no truth value"),
    ("value_type", MAIN, "#DIV/0!", "#DIV0", "is no error"),
    ("value_type", MAIN, '<c r="A1" t="s"><v>0</v>', '<c r="A1" t="s"><v>7</v>', "not in the table"),
    ("value_type", MAIN, '<c r="A1" t="s"><v>0</v>', '<c r="A1" t="inlineStr"><is><t>a</t></is>', "type inlineStr"),
    ("value_type", MAIN, '<c r="A2"><v>1</v>', '<c r="A2" t="d"><v>2021-01-26</v>', "type d"),
    ("cached", MAIN, "<v>45.5</v>", "", "a formula without value"),
    ("cached", MAIN, "<v>sum 45.5</v>", "<v></v>", "a formula without value"),
    ("text", STRINGS, "<t>a</t>", f"<t>{'x' * 32_768}</t>", "a text too long"),
    ("text", STRINGS, "<t>a</t>", f"<t>a{chr(10) * 254}b</t>", "a text too long"),
    ("text", STRINGS, "<t>a</t>", "<t>w_x0041_</t>", "decoded as a control character"),
    ("blanks", STRINGS, ' xml:space="preserve"', "", "loses its blanks"),
    ("blanks", MAIN, "<v>sum 45.5</v>", "<v> sum</v>", "loses its blanks"),
    *((rule, MAIN, SUM, formula(text), words) for rule, text, words in [
        ("length", "+".join(["A2"] * 3000), "a formula of"),
        ("length", "", "a formula of 0"),
        ("syntax", "=SUM(A2:C4)", "not a formula"), ("syntax", "{1}", "not a formula"), ("syntax", "SUM(A2;B2)", "not a formula"),
        ("syntax", "SUM(A2", "not a formula"), ("syntax", "A2 B2", "not a formula"), ("syntax", "A2+*B2", "not a formula"),
        ("syntax", "A2+", "not a formula"), ("syntax", "SUM(A2))", "not a formula"), ("syntax", "(A2,B2)", "not a formula"), ("syntax", "2,5*A2", "not a formula"),
        ("function", "STDEV.S(A2:C4)", "STDEV.S: not a function"), ("function", "SOMME(A2:C4)", "SOMME: not a function"),
        ("function", "OFFSET(A2,1,1)", "OFFSET: not a function"), ("function", "EXP(1,2)", "EXP of 2 arguments"),
        ("function", "IF(A2)", "IF of 1 arguments"), ("function", f"SUM({','.join(['A2'] * 256)})", "SUM of 256 arguments"),
        ("nesting", "ABS(" * 65 + "A2" + ")" * 65, "nested 65 deep"),
        ("literal", f'"{"x" * 256}"', "a text of 256 characters"),
        ("reference", "Gone!A1", "no such sheet"), ("reference", "A1048577+1", "no such cell or name"),
        ("reference", "rates", "no such cell or name"), ("reference", "[1]Main!A1", "no such"),
        ("single", "A2:C2+1", "a block where one value"), ("single", "EXP(A2:C2)", "a block where one value"),
        ("single", "SUM(A2:C2*A3:C3)", "a block where one value"), ("single", "A2:C2", "a block where one value"),
        ("single", "SUMPRODUCT(IF(A2:C2>0,1,0))", "IF inside SUMPRODUCT"),
    ]),
    ("syntax", MAIN, "<formula>A2", "<formula>=A2", "not a formula"),
    ("reference", MAIN, "<formula>A2", "<formula>nowhere", "no such cell or name"),
    ("area", MAIN, 'sqref="A2" show', 'sqref="" show', "names no cells"),
    ("area", MAIN, 'sqref="A2:C2"', 'sqref="A2,C2"', "names no cells"),
    ("validation", MAIN, 'promptTitle="title"', f'promptTitle="{"x" * 33}"', "promptTitle of 33"),
    ("validation", MAIN, 'errorTitle="wrong"', f'errorTitle="{"x" * 33}"', "errorTitle of 33"),
    ("validation", MAIN, 'prompt="prompt"', f'prompt="{"x" * 256}"', "prompt of 256"),
    ("validation", MAIN, 'error="no"', f'error="{"x" * 225}"', "error of 225"),
    ("validation", MAIN, '"1,2,3"', f'"{"1," * 128}"', "a list of more than 255"),
    ("conditional_format", MAIN, 'dxfId="0"', 'dxfId="1"', "style 1 is not there"),
    ("conditional_format", MAIN, 'priority="2"', 'priority="1"', "two of the same priority"),
    ("conditional_format", MAIN, "<formula>A2&gt;=0.75</formula>", "", "without a formula"),
    ("conditional_format", MAIN, '<color rgb="00E58F65" />', "", "3 points and 2 colours"),
    ("conditional_format", MAIN, ' val="-1"', "", "a point without value"),
    ("conditional_format", MAIN, '"00E58F65"', '"#E58F65"', "no ARGB colour"),
    ("merge", MAIN, "G6:H6", "H4:I4", "overlap"),
    ("column", MAIN, 'min="2" max="2"', 'min="1" max="2"', "not in rising order"),
    ("column", MAIN, 'width="14"', 'width="256"', "too wide"),
    ("column", MAIN, 'width="14"', 'width="14" outlineLevel="8"', "outlined too deep"),
    ("column", MAIN, 'ht="20"', 'ht="410"', "too high"),
    ("table", TABLE, 'displayName="Values"', 'displayName="rate"', "called so"),
    ("table", TABLE, 'name="y"', 'name="X"', "two columns of one name"),
    ("table", TABLE, 'name="y"', 'name="z"', "are not the columns"),
    ("table", OTHER, '<c r="B1" t="s"><v>6</v>', '<c r="B1"><v>6</v>', "are not the columns"),
    ("table", TABLE, 'Values" ref="A1:B4"', 'Values" ref="A1:C4"', "2 columns"),
    ("table", OTHER, "<pageMargins", '<mergeCells count="1"><mergeCell ref="A3:B3" /></mergeCells><pageMargins', "merged cells inside"),
    ("table", OTHER, "<pageMargins", '<autoFilter ref="A1:B4" /><pageMargins', "a filter of the sheet overlaps"),
    ("view", MAIN, '<selection pane="topRight" />', "", "panes"),
    ("view", MAIN, 'activePane="bottomRight"', 'activePane="left"', "active left"),
    ("view", MAIN, "<sheetView ", '<sheetView zoomScale="401" ', "zoom 401"),
    ("link", MAIN, 'location="Other!A1"', 'location="Gone!A1"', "no such place"),
    ("link", MAIN, 'tooltip="there"', f'tooltip="{"x" * 256}"', "tooltip too long"),
    ("page", MAIN, 'scale="90"', 'scale="401"', "page scale 401"),
    ("page", MAIN, "&amp;Cpage", "x" * 256, "header or footer too long"),
    ("cell_style", MAIN, 's="2"', 's="3"', "style 3 is not there"),
    ("style_part", STYLES, 'fontId="1"', 'fontId="2"', "fontId 2 is not there"),
    ("style_part", STYLES, 'fillId="2"', 'fillId="3"', "fillId 3 is not there"),
    ("style_part", STYLES, 'numFmtId="164" fontId', 'numFmtId="165" fontId', "numFmtId 165 is not there"),
    *(("number_format", STYLES, "0.00;&quot;−&quot;0.00;0.00", code, "not a number format") for code in [
        "0.00;&quot;−0.00", "0;0;0;0;0", "[blue]0;[puce]0", "0" * 255,
    ]),
    ("switches", CHART, '<roundedCorners val="0" />', "", "round corners"),
    ("switches", CHART, '<delete val="0" />', "", "valAx: hidden"),
    ("switches", CHART, '</tx><overlay val="0" />', "</tx>", "title: over the plot"),
    ("switches", CHART, '<legendPos val="r" /><overlay val="0" />', '<legendPos val="r" />', "legend: over the plot"),
    ("switches", CHART, '<smooth val="0" />', "", "a curved line"),
    ("axes", CHART, '<crossAx val="20" />', '<crossAx val="30" />', "axis 30 is not there"),
    ("axes", CHART, '<logBase val="10" />', '<logBase val="1" />', "logarithm to base 1"),
    ("axes", CHART, '<logBase val="10" />', '<logBase val="10" /><min val="0" />', "from 0 or below"),
    ("chart_reference", CHART, "'Other'!$B$2:$B$4", "'Other'!B2:B4", "expected absolute cells"),
    ("chart_reference", CHART, "'Other'!$B$2:$B$4", "'Gone'!$B$2:$B$4", "expected absolute cells"),
    ("chart_parts", CHART, '<scatterStyle val="lineMarker" />', "", "no scatterStyle"),
    ("chart_parts", CHART, "title>", "legend>", "no title"),
]  # fmt: skip


@pytest.fixture(scope="module")
def sound():
    return model()


def planted(sound, part, old, new):
    """The workbook with one part changed; where there is none, with one part more."""
    source, target = zipfile.ZipFile(io.BytesIO(sound)), io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name in source.namelist():
            content = source.read(name).decode()
            if name == part:
                assert old in content, (part, old)
                content = content.replace(old, new)
            out.writestr(name, content)
        if old is None:
            out.writestr(part, new)
    target.seek(0)
    return target


def test_the_model_is_sound(sound):
    assert findings(io.BytesIO(sound)) == []


@pytest.mark.parametrize(("rule", "part", "old", "new", "words"), FAULTS)
def test_a_planted_fault_is_found(sound, rule, part, old, new, words):
    found = findings(planted(sound, part, old, new))
    assert any(f.startswith(f"{rule}: ") and words in f for f in found), found


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_that_is_there_twice_is_found(sound):
    file = io.BytesIO(sound)
    with zipfile.ZipFile(file, "a") as out:
        out.writestr(STYLES, zipfile.ZipFile(io.BytesIO(sound)).read(STYLES))
    assert findings(file) == [f"part_twice: {STYLES}: twice in the zip file"]


def test_too_many_of_something_is_found(sound):
    many = "".join(f'<numFmt numFmtId="{165 + n}" formatCode="0" />' for n in range(200))
    found = findings(planted(sound, STYLES, '<numFmts count="1">', f'<numFmts count="201">{many}'))
    assert found == ["number_format: numFmts: 201 formats"]


def test_every_rule_has_a_fault():
    assert {fault[0] for fault in FAULTS} | {"part_twice"} == RULES.keys()
