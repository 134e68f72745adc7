"""Derivation reports: a story told as a document, examined, and printed as Markdown, HTML, LaTeX or PDF.

Who imports symcnn need not wait for story and prints: they are imported when a report is written.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from symcnn.certificate import recheck
from symcnn.errors import InputError, PrintError, SymcnnError
from symcnn.files import check_writable, read_bytes, write_together
from symcnn.network import DataLike, Network
from symcnn.report.content import Content, gather
from symcnn.report.document import Document
from symcnn.text import catalogue
from symcnn.verification import CoqEvidence

#: Bytes of a figure beside a report.
MAX_FIGURE_BYTES = 100_000_000


def checked_certificate(path: str | Path, network: Network, data: DataLike | None) -> CoqEvidence:
    """What Coq says of a certificate that a report is to tell of.

    Raises:
        InputError: it is not what symcnn writes for this network, or Coq does not accept it.
    """
    found = recheck(path, network, data)
    if found.status == "rejected":
        raise InputError(f"{path}: {found.reason}; expected a certificate of this network and these samples")
    return found


def check_reports(paths: Sequence[str | Path], lang: str) -> list[Path]:
    """The files that reports go to, if they can be written: known before any work is done."""
    catalogue(lang)
    found = list(dict.fromkeys(check_writable(path, SUFFIXES) for path in paths))
    for path in found:
        if path.suffix.lower() == ".pdf":
            from symcnn.report.pdf import check_pdf

            check_pdf(path)
    return found


def write_content(content: Content, paths: Sequence[str | Path], lang: str) -> list[Path]:
    """Tell and examine what was gathered once, and print it in every format that is asked for.

    Returns:
        the paths, then the figures beside them.

    Raises:
        PrintError: formats that failed; the others are written.
    """
    from symcnn.report.examination import examined
    from symcnn.report.story import tell

    targets, text = check_reports(paths, lang), catalogue(lang)
    document = examined(tell(content, text), content, text)
    files: dict[Path, bytes] = {}
    beside: dict[Path, bytes] = {}
    failed: dict[Path, Exception] = {}
    with ThreadPoolExecutor(1) as thread:  # Typst sets the pages while Python prints the others
        pages = {t: thread.submit(_pdf, document, t.stem) for t in targets if t.suffix.lower() == ".pdf"}
        for target in targets:
            print_one = _PRINTS[target.suffix.lower()]
            try:
                made = pages[target].result() if target in pages else print_one(document, target.stem)
                files[target], figures = made
            except Exception as error:  # also a fault of ours: the other files are not lost by it
                failed[target] = error
                continue
            beside |= {target.parent / name: figure for name, figure in figures.items()}
    check_beside(beside)
    write_together(files | beside)
    if failed:
        raise _not_printed(failed, files)
    return [*files, *beside]


def _not_printed(failed: Mapping[Path, Exception], files: Iterable[Path]) -> Exception:
    unexpected = [error for error in failed.values() if not isinstance(error, SymcnnError)]
    if unexpected or (len(failed) == 1 and not files):
        return next(iter(unexpected or failed.values()))
    reasons = "; ".join(f"{path}: {error}" for path, error in failed.items())
    return PrintError(f"{reasons}; written: {', '.join(map(str, files)) or 'nothing'}")


def check_beside(paths: Iterable[Path]) -> None:
    """Nobody asked by name for the figures beside a report: what is not one of an earlier report is left alone."""
    from symcnn.report.markdown import FIGURE_MARK

    for path in paths:
        check_writable(path, (path.suffix,))
        if path.exists() and FIGURE_MARK not in read_bytes(path, MAX_FIGURE_BYTES, "a figure"):
            raise InputError(f"{path}: exists and is not a figure of a report; move it before writing the report")


def _markdown(document: Document, stem: str) -> tuple[bytes, dict[str, bytes]]:
    from symcnn.report.markdown import to_markdown

    text, figures = to_markdown(document, stem)
    return text.encode("utf-8"), figures


def _html(document: Document, _: str) -> tuple[bytes, dict[str, bytes]]:
    from symcnn.report.html import to_html

    return to_html(document).encode("utf-8"), {}


def _tex(document: Document, _: str) -> tuple[bytes, dict[str, bytes]]:
    from symcnn.report.tex import to_latex

    return to_latex(document).encode("utf-8"), {}


def _pdf(document: Document, _: str) -> tuple[bytes, dict[str, bytes]]:
    from symcnn.report.pdf import to_pdf

    return to_pdf(document), {}


#: Suffix -> the file's content, and the files beside it by their names.
_PRINTS: Mapping[str, Callable[[Document, str], tuple[bytes, dict[str, bytes]]]] = {
    ".md": _markdown, ".html": _html, ".tex": _tex, ".pdf": _pdf,
}  # fmt: skip
SUFFIXES = tuple(_PRINTS)

__all__ = ["SUFFIXES", "Content", "check_reports", "checked_certificate", "gather", "write_content"]
