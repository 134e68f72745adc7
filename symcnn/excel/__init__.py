"""Workbooks: live formulas for the forward and the backward pass and for the training."""

from symcnn.excel.export import SUFFIXES, export_workbook

__all__ = ["SUFFIXES", "export_workbook"]
