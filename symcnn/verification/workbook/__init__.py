"""A workbook read back from its file and proved against the derivation."""

from symcnn.verification.workbook.result import Mismatch, WorkbookVerification
from symcnn.verification.workbook.verify import verify_workbook

__all__ = ["Mismatch", "WorkbookVerification", "verify_workbook"]
