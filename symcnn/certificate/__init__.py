"""Certificates: a network's gradients, proved by the kernel of the proof assistant Coq.

    file       certificate.v   the calculus (proved once for all networks), the specification, its proof, the theorems
    verdict    coqc's answer, and the axioms that the theorems rest on

The file is one more print of the graph that trains, fills the workbook and makes the report.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from symcnn.certificate.page import FILE, SEED, Page, PremiseReport, check_premises, in_words, premises_in_words
from symcnn.certificate.verdict import AXIOMS, MAX_BYTES, TIMEOUT, CoqVerdict, compare_bytes, verdict_on
from symcnn.certificate.write import Certificate, Theorem
from symcnn.derivation import derive
from symcnn.files import check_folder, check_writable, folder_for, read_bytes, write_whole
from symcnn.network import DataLike, Network, checked
from symcnn.numeric import initial_values
from symcnn.proof import OneMethod, decide
from symcnn.text import Catalogue, catalogue

SUFFIXES = (".v",)


def certificate_of(network: Network, data: DataLike | None = None) -> Certificate:
    """The certificate of a network's gradients, over as many images as the data has; without data, over any number."""
    derivation = derive(network)
    return Certificate(derivation, None if data is None else len(checked(network, data)[0]))


def write_certificate(network: Network, path: str | Path, *, data: DataLike | None = None) -> Path:
    """Write a Coq file (Coq 8.16 or later, with Coquelicot) in which the gradients are proved.

    >>> import symcnn
    >>> path = symcnn.write_certificate(symcnn.article.network(), "certificate.v")
    >>> path.read_text("utf-8").count("Theorem is_dE_d")
    24

    Theorems: ``is_dE_d<parameter>`` for ∂E_total over the images, ``is_dE_d<cell>_image<n>`` for ∂E of one image by a
    cell of a feature map. Past 2,000 of them a sample.

    Args:
        network: with a loss.
        path: ``.v``.
        data: samples, of which only the number matters: the theorems hold for any pixels. Without them, or with more
            than 10, the theorems are about any number of images.

    Returns:
        the path.

    Raises:
        InputError: network, data or path cannot be used; nothing is written then.
        NotSupportedYetError: the network is too large.
    """
    target = check_writable(path, SUFFIXES)
    write_whole(target, certificate_of(network, data).text.encode("utf-8"))
    return target


def check(certificate: Certificate, timeout: float = TIMEOUT) -> CoqVerdict:
    """Coq's verdict on a certificate, with its premises; after ``timeout`` seconds it is not certified."""
    verdict = verdict_on(certificate.text, certificate.theorems, timeout)
    return replace(verdict, premises=certificate.premises, network=certificate.derivation.network)


def premises_of(network: Network, theta: Any, data: DataLike) -> PremiseReport:
    """For which theorems the premises hold at parameters and samples."""
    return check_premises(certificate_of(network, data), theta, data)


def recheck(path: str | Path, network: Network, data: DataLike | None = None, timeout: float = TIMEOUT) -> CoqVerdict:
    """The verdict on an untrusted file: it has to be, byte by byte, the file that symcnn writes for this network.

    Coq reads the text that symcnn writes, never the file. With data: for as many images, or for any number of them.
    """
    content, own = read_bytes(path, MAX_BYTES, "a certificate, a .v file"), certificate_of(network, data)
    verdict = decide(content, own.text.encode("utf-8"), OneMethod("same", "byte by byte", compare_bytes))
    if verdict:
        return check(own, timeout)
    if own.images and content == (general := Certificate(own.derivation, None)).text.encode("utf-8"):
        return check(general, timeout)
    return CoqVerdict(verdict, network=network, is_own=False)


@dataclass(frozen=True)
class CertificateResult:
    """The result of ``certify``.

    Attributes:
        rows: for each theorem: the claim, the verdict, the axioms.
    """

    verdict: CoqVerdict
    summary: str
    rows: list[tuple[str, str, str]]
    files: list[Path]


def certify(
    network: Network, folder: str | Path, *, data: DataLike | None = None, lang: str = "en"
) -> CertificateResult:
    """Write a network's certificate and a page of plain words into a folder; Coq checks it, if it is installed."""
    text: Catalogue = catalogue(lang)
    target = Path(folder)
    check_folder(target)
    certificate = certificate_of(network, data)
    with folder_for(target) as fresh:
        write_whole(fresh / FILE, certificate.text.encode("utf-8"))
        verdict, premises = check(certificate), None
        if data is not None and certificate.premises:
            premises = check_premises(certificate, initial_values(network, SEED), data)
        page = Page(certificate, verdict, text, premises)
        write_whole(fresh / text("certificate.page"), page.write().encode("utf-8"))
    files = [target / FILE, target / text("certificate.page")]
    summary = "\n".join([in_words(verdict, text), *([premises_in_words(premises, text, SEED)] if premises else [])])
    return CertificateResult(verdict, summary, page.rows(), files)


__all__ = [
    "AXIOMS", "FILE", "SUFFIXES", "Certificate", "CertificateResult", "CoqVerdict", "PremiseReport", "Theorem",
    "certificate_of", "certify", "check", "premises_in_words", "premises_of", "recheck", "write_certificate",
]  # fmt: skip
