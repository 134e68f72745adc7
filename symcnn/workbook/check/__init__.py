"""A workbook read back from its file and proved against the derivation."""

from symcnn.workbook.check.result import Mismatch, WorkbookVerification
from symcnn.workbook.check.verify import verify_workbook

__all__ = ["Mismatch", "WorkbookVerification", "verify_workbook"]
