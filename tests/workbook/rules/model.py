"""A small workbook with everything that a rule looks at, in which faults are planted."""

from openpyxl import Workbook
from openpyxl.chart import Reference, ScatterChart, Series
from openpyxl.chart.series import SeriesLabel
from openpyxl.formatting.rule import ColorScaleRule, Rule
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.table import Table

from symcnn.workbook.xlsx_writer import workbook_bytes


def model():
    """Its bytes: two sheets, formulas of each type, names, a chart, a table."""
    book = Workbook()
    main, other = book.active, book.create_sheet("Other")
    main.title = "Main"
    for row, values in enumerate([("a", "b", "c"), (1, 2.5, 3), (4, 5, 6), (7, 8, 9)], 1):
        for column, value in enumerate(values, 1):
            main.cell(row, column, value)
    for cell, formula in {
        "E1": "=SUM(A2:C4)", "E2": "=SUMPRODUCT(A2:C2,A3:C3)", "E3": '="sum "&E1', "E4": "=E1>3", "E5": "=EXP(-A2)/2",
        "E6": "=Other!B2*rate", "E7": "=1/0", "E8": "=INDEX(A2:C4,2,A2)",
    }.items():  # fmt: skip
        main[cell] = formula
    main["E1"].number_format = '0.00;"−"0.00;0.00'
    main["E1"].font = Font(name="Calibri", size=9, bold=True, color="3A4655")
    main["E2"].fill = PatternFill("solid", fgColor="FFE3A3")
    main["G1"] = " blanks "
    main["G2"].value = "to Other"
    main["G2"].hyperlink = Hyperlink(ref="G2", location="Other!A1", tooltip="there")
    main.merge_cells("G4:H4")
    main.merge_cells("G6:H6")
    main.freeze_panes = "B2"
    main.column_dimensions["A"].width = 12
    main.column_dimensions["B"].width = 14
    main.row_dimensions[2].height = 20
    main.print_area = "A1:H9"
    main.oddFooter.center.text = "page"
    main.page_setup.scale = 90
    main.conditional_formatting.add(
        "A2:C4", ColorScaleRule("num", -1, "E58F65", "num", 0, "FFFFFF", "num", 1, "6C9FD6")
    )
    style = DifferentialStyle(font=Font(color="FFFFFF"))
    main.conditional_formatting.add("A2:C2", Rule(type="expression", dxf=style, formula=["A2>=0.75"]))
    rule = DataValidation(type="list", formula1='"1,2,3"', promptTitle="title", prompt="prompt", error="no",
                          errorTitle="wrong")  # fmt: skip
    rule.add("A2")
    main.add_data_validation(rule)
    _other(other)
    book.defined_names["rate"] = DefinedName("rate", attr_text="Other!$B$2")
    book.defined_names["total"] = DefinedName("total", attr_text="Main!$E$1")
    return workbook_bytes(book)


def _other(sheet):
    for row, values in enumerate([("x", "y"), (1, 0.5), (2, 0.25), (3, 0.125)], 1):
        for column, value in enumerate(values, 1):
            sheet.cell(row, column, value)
    sheet.add_table(Table(displayName="Values", ref="A1:B4"))
    chart = ScatterChart()
    chart.scatterStyle, chart.roundedCorners, chart.title = "lineMarker", False, "Loss"
    chart.title.overlay = chart.legend.overlay = False
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.scaling.logBase = 10
    series = Series(Reference(sheet, range_string="Other!$B$2:$B$4"), Reference(sheet, range_string="Other!$A$2:$A$4"))
    series.tx, series.smooth = SeriesLabel(v="y"), False
    chart.series.append(series)
    sheet.add_chart(chart, "D2")
