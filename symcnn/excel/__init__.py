"""Workbooks: live formulas for the forward and the backward pass and for the training."""

from symcnn.excel.addresses import is_legal_name
from symcnn.excel.workbook import SUFFIXES, export_workbook

__all__ = ["SUFFIXES", "export_workbook", "is_legal_name"]
