"""Reports for users: that of the article's own network also compares each equation that the article prints.

This module passes the audit's comparison with the article to the report, which imports nothing of audits.
"""

from dataclasses import replace
from pathlib import Path

from symcnn import article, report
from symcnn.audit.article import held, tables_held
from symcnn.errors import InputError
from symcnn.network import DataLike, Network
from symcnn.report import Content, check_reports, checked_certificate, write_content
from symcnn.train import Progress, Run
from symcnn.verification import Verification


def gather(
    network: Network, data: DataLike | None, run: Run | None, learning_rate: float, steps: int | None, seed: int,
    progress: Progress | None = None,
) -> Content:  # fmt: skip
    """Collect the content of a report; of the article's network also its printed equations and tables, compared."""
    content = report.gather(network, data, run, learning_rate, steps, seed, progress)
    if network != article.network():
        return content
    tables = tuple(bool(table.rule) and not table.wrong for table in tables_held())
    return replace(content, printed=held(content.derivation), printed_tables=tables)


def write_report(
    network: Network,
    path: str | Path,
    *,
    data: DataLike | None = None,
    lang: str = "en",
    run: Run | None = None,
    verification: Verification | None = None,
    certificate: str | Path | None = None,
    learning_rate: float = 0.5,
    steps: int | None = None,
    seed: int = 0,
) -> Path:
    """Write the derivation of a network as a report.

    >>> import symcnn
    >>> net = symcnn.Network((2,), [symcnn.Dense(1, "sigmoid")])
    >>> symcnn.write_report(net, "derivation.html").name
    'derivation.html'

    Every equation in it was examined; one that does not hold is an error, not a line. Of a network with more than some
    hundred formulas it shows the equations in index notation, chosen entries with the numbers of the first image (with
    the parameters learnt in ``run``, else with the initial ones), and its maps and filters as pictures.

    Args:
        network: with a loss.
        path: ``.md`` (its figures are SVG files beside it), ``.html`` (one page, nothing beside it), ``.tex`` (for
            pdflatex) or ``.pdf`` (extra ``pdf``).
        data: samples: with them the report has a pass with numbers and a training.
        lang: "en" or "fr".
        run: a training to show; if None, one is made with ``learning_rate``, ``steps`` and ``seed``. Default of
            ``steps``: 10,000; of a network with more than some hundred formulas at most 200, which take some seconds.
        verification: of :func:`symcnn.verify`, to be reported beside what the report itself proves.
        certificate: a ``.v`` file of ``symcnn certify`` for this network and these samples: Coq checks it, if it is
            installed, and the report says so.

    Returns:
        the path.

    Raises:
        InputError: language, suffix, path, data or settings cannot be used, or the verification or the certificate
            failed; nothing is written then.
    """
    check_reports([path], lang)
    if verification is not None and not verification.ok:
        raise InputError(f"verification: {verification.summary}; expected one in which nothing failed")
    data = run.data if data is None and run is not None else data
    certified = None if certificate is None else checked_certificate(certificate, network, data)
    content = gather(network, data, run, learning_rate, steps, seed)
    return write_content(replace(content, verification=verification, certificate=certified), [path], lang)[0]
