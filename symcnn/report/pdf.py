"""A document as a PDF, set by Typst (extra ``pdf``): tagged, with its fonts, the same bytes each time.

Typst brings fonts for Latin, Greek and mathematics. A label in another script is set in a font of the machine, and
where there is none either its characters are boxes; a warning says so.
"""

import warnings
from importlib.util import find_spec

from symcnn.errors import InputError, PrintError, SymcnnWarning, install_command
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
        PrintError: Typst refuses it.
    """
    return set_pages(to_typst(document))


def set_pages(text: str) -> bytes:
    """The pages of a source of Typst.

    Raises:
        InputError: the extra ``pdf`` is missing.
        PrintError: Typst refuses it.
    """
    source = text.encode("utf-8")
    check_pdf("to_pdf")
    import typst

    reason = ""
    for only_own_fonts, accessible in _ATTEMPTS:
        try:
            compiler = typst.Compiler(source, ignore_system_fonts=only_own_fonts)
            pages = compiler.compile(format="pdf", timestamp=0, pdf_standards=["ua-1"] if accessible else [])
        except typst.TypstError as error:
            reason = " ".join(str(error).split())
            if _LACKING not in reason:
                break
            continue
        if not only_own_fonts:
            warnings.warn(
                "the PDF: Typst's fonts lack some characters; they are set in fonts of this machine"
                if accessible
                else "the PDF: no font of this machine has some of its characters; boxes stand for them",
                SymcnnWarning,
                stacklevel=2,
            )
        assert isinstance(pages, bytes)
        return pages
    raise PrintError(f"Typst does not set the PDF ({reason})")


#: What Typst says, under a standard, of a character that no font has.
_LACKING = "be displayed"

#: Only Typst's own fonts (the same pages everywhere), then those of the machine; as PDF/UA-1, which takes no boxes.
_ATTEMPTS = ((True, True), (False, True), (False, False))
