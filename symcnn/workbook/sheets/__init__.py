"""The sheets of a workbook, one writer each."""
