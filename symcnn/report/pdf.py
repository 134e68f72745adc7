"""A document as a PDF, set by Typst (extra ``pdf``): tagged, with its fonts, the same bytes each time."""

from importlib.util import find_spec

from symcnn.errors import InputError, install_command
from symcnn.report.document import Document
from symcnn.report.typst import to_typst


def has_pdf() -> bool:
    """Is the extra there?"""
    return find_spec("typst") is not None


def check_pdf(name: object) -> None:
    """Refuse early where the extra is missing."""
    if not has_pdf():
        raise InputError(f"{name}: a PDF needs typst: {install_command('typst')}")


def to_pdf(document: Document) -> bytes:
    """The pages of a document.

    Raises:
        InputError: the extra ``pdf`` is missing.
        UnexaminedError: it shows what was not examined.
    """
    source = to_typst(document).encode("utf-8")
    check_pdf("to_pdf")
    import typst

    # no font of the machine: the same pages everywhere
    compiler = typst.Compiler(source, ignore_system_fonts=True)
    pages = compiler.compile(format="pdf", timestamp=0, pdf_standards=["ua-1"])
    assert isinstance(pages, bytes)
    return pages
