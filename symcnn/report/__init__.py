"""Derivation reports. So far Markdown with LaTeX."""

from pathlib import Path

from symcnn.files import check_writable, write_whole
from symcnn.network import DataLike, Network
from symcnn.report.before import MarkdownReport
from symcnn.report.content import Content, gather
from symcnn.report.index_notation import IndexReport
from symcnn.text import catalogue
from symcnn.train import Run

SUFFIXES = (".md",)


def write_report(
    network: Network,
    path: str | Path,
    *,
    data: DataLike | None = None,
    lang: str = "en",
    run: Run | None = None,
    learning_rate: float = 0.5,
    steps: int = 10_000,
    seed: int = 0,
) -> Path:
    """Write the derivation of a network as a report.

    Of a network with more than some hundred formulas it shows the equations in index notation, with chosen entries.

    Args:
        network: with a loss.
        path: ``.md``.
        data: samples: with them the report has a pass with numbers and a training.
        lang: "en" or "fr".
        run: a training to show; if None, one is made with ``learning_rate``, ``steps`` and ``seed``.

    Returns:
        the path.

    Raises:
        InputError: language, suffix, path, data or settings cannot be used; nothing is written then.
    """
    catalogue(lang)
    check_writable(path, SUFFIXES)
    return write_content(gather(network, data, run, learning_rate, steps, seed), path, lang)


def write_content(content: Content, path: str | Path, lang: str) -> Path:
    """Write what was gathered."""
    target = check_writable(path, SUFFIXES)
    report = IndexReport if content.large else MarkdownReport
    write_whole(target, report(content, catalogue(lang)).write().encode("utf-8"))
    return target


__all__ = ["SUFFIXES", "Content", "gather", "write_content", "write_report"]
