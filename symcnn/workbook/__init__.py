"""Workbooks: live formulas for the forward pass, the backward pass and the training; read back and proved."""

from pathlib import Path
from typing import TYPE_CHECKING

from symcnn.network import Network
from symcnn.workbook.export import SUFFIXES, export_workbook

if TYPE_CHECKING:
    from symcnn.workbook.check import WorkbookVerification

__all__ = ["SUFFIXES", "export_workbook", "verify_workbook"]


def verify_workbook(path: str | Path, network: Network | None = None, *, lang: str = "en") -> "WorkbookVerification":
    """Read a workbook back from its file and prove its formulas; see ``symcnn/workbook/check/verify.py``."""
    from symcnn.workbook.check import verify_workbook as read_back  # openpyxl takes a while to import

    return read_back(path, network, lang=lang)
