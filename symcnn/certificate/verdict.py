"""Coq's verdict on a certificate.

Coq accepts a file with admitted lemmas, and it accepts any axiom. So three things are checked:

    1. coqc compiles the file
    2. ``Print Assumptions`` of the theorems names nothing but the axioms of the standard library's real numbers
    3. the file has every theorem that the network should have

A text from elsewhere may redefine any notation, and commands in it are run: only texts that symcnn has printed itself
are checked here. A user's file is compared with such a text; Coq never reads it (``recheck``).
"""

import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Literal

from symcnn.network import Network
from symcnn.proof import Comparison, OneMethod, UndecidableError, Verdict, decide

#: The axioms of Coq's real numbers, without the path that Coq may print before them.
AXIOMS = frozenset({"sig_not_dec", "sig_forall_dec", "functional_extensionality_dep"})

#: Bytes of a certificate.
MAX_BYTES = 200_000_000

#: Seconds that Coq may take.
TIMEOUT = 600

Status = Literal["certified", "unchecked", "rejected"]

_THEOREM = re.compile(r"^Theorem (is_\w+) ?:", re.MULTILINE)

#: coqc's message where the library is not installed.
_NO_COQUELICOT = re.compile(r"Cannot find a physical path bound to logical\s+path\s.*Coquelicot", re.DOTALL)

#: The reason of an "unchecked" verdict.
NOT_INSTALLED = "Coq is not installed"


@dataclass(frozen=True)
class CoqVerdict:
    """The verdict on a certificate.

    Attributes:
        verdict: Coq's: right, wrong, or not decided.
        theorems: theorem -> the axioms that it rests on; empty if Coq has not accepted it.
        coq: the version of Coq.
        premises: the premises of the theorems ("no_kink", "no_tie"), and how many conditions each has.
        network: the network whose gradients are proved.
        is_own: the file is what symcnn writes; another file claims nothing that could be wrong.
    """

    verdict: Verdict
    theorems: Mapping[str, frozenset[str]] = field(default_factory=dict)
    coq: str = ""
    premises: Mapping[str, int] = field(default_factory=dict)
    network: Network | None = None
    is_own: bool = True

    @property
    def status(self) -> Status:
        """ "certified" (checked by Coq), "unchecked" (Coq said nothing: it is not installed, or did not answer),
        "rejected"."""
        if self.verdict:
            return "certified"
        return "rejected" if self.verdict.outcome == "wrong" else "unchecked"

    @property
    def reason(self) -> str:
        """Why it is rejected, or why Coq, which is installed, said nothing: in one line."""
        return "" if self.verdict.why == NOT_INSTALLED else self.verdict.reason

    @property
    def ok(self) -> bool:
        """Certified."""
        return self.status == "certified"


class Coq:
    """Asks Coq whether a text that symcnn has printed proves theorems.

    Attributes:
        axioms: those that the theorems rest on; version: the one that checked them. Both once it has accepted them.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self.axioms: frozenset[str] = frozenset()
        self.version = ""

    def compare(self, text: str, theorems: Sequence[str]) -> Comparison:
        present = set(_THEOREM.findall(text))
        if missing := [t for t in theorems if t not in present]:
            return _wrong(f"{len(missing)} theorems are missing: {_some(missing)}")
        if own := [a for a in AXIOMS if a in text]:  # Coq would print it like the library's
            return _wrong(f"it has something of its own called like an axiom: {_some(own)}")
        coqc = shutil.which("coqc")
        if coqc is None:
            raise UndecidableError(NOT_INSTALLED)
        axioms = _run(coqc, text, theorems, self._timeout)
        if isinstance(axioms, Comparison):
            return axioms
        if foreign := sorted(a for a in axioms if a.rsplit(".", 1)[-1] not in AXIOMS):
            return _wrong(f"it rests on what is not proved: {_some(foreign)}")
        self.axioms, self.version = axioms, version(coqc)
        return Comparison(True)


def compare_bytes(left: bytes, right: bytes) -> Comparison:
    """Is a file the one that symcnn writes?"""
    pairs = zip_longest(left.split(b"\n"), right.split(b"\n"))
    line = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), None)
    return Comparison(True) if line is None else _wrong(f"line {line} is not what symcnn writes for this network")


def _wrong(reason: str) -> Comparison:
    return Comparison(False, counterexample=reason)


def verdict_on(text: str, theorems: Sequence[str], timeout: float = TIMEOUT) -> CoqVerdict:
    """Let Coq check a text that symcnn has printed.

    Args:
        theorems: the theorems that it must contain.
        timeout: seconds.
    """
    coq = Coq(timeout)
    verdict = decide(text, theorems, OneMethod("kernel", "coqc", coq.compare))
    return CoqVerdict(verdict, dict.fromkeys(theorems, coq.axioms) if verdict else {}, coq.version)


def _run(coqc: str, text: str, theorems: Sequence[str], timeout: float) -> frozenset[str] | Comparison:
    """The axioms that the theorems rest on, or why Coq does not accept them.

    Raises:
        UndecidableError: Coq gives no answer.
    """
    # a random word: neither the text's own output nor a definition of its own can pass for the answer
    mark = f"certificate_{secrets.token_hex(8)}"
    every = " ".join(f"let _ := {mark}.{t} in" for t in theorems)
    query = f'\nGoal True. idtac "{mark}". Abort.\nDefinition {mark} := {every} I.\nPrint Assumptions {mark}.\n'
    with tempfile.TemporaryDirectory(prefix="symcnn.") as folder:
        file = Path(folder) / f"{mark}.v"
        file.write_bytes((text + query).encode("utf-8"))
        try:
            process = subprocess.run(
                [coqc, "-q", "-w", "none", file.name], cwd=folder, capture_output=True, encoding="utf-8",
                errors="replace", timeout=timeout,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise UndecidableError(f"coqc did not answer within {timeout:g} s") from None
        except OSError as error:
            raise UndecidableError(f"coqc cannot be run ({error.strerror})") from error
    if process.returncode:
        if _NO_COQUELICOT.search(process.stderr):
            raise UndecidableError(NOT_INSTALLED)
        return _wrong(_error_of(process, text))
    return _axioms(process.stdout.partition(mark)[2])


def _axioms(answer: str) -> frozenset[str]:
    """The names in the answer to ``Print Assumptions``; a line that is no name (of a check that is off) counts too."""
    heads = [line for line in answer.splitlines() if line and not line[0].isspace()]
    if heads == ["Closed under the global context"]:
        return frozenset()
    if heads[:1] != ["Axioms:"]:
        return frozenset(heads or ["no answer"])
    return frozenset(re.sub(r"^([\w.]+)( :.*)?$", r"\1", line) for line in heads[1:])


def version(coqc: str) -> str:
    """ "8.16.1" """
    process = subprocess.run([coqc, "--print-version"], capture_output=True, text=True, timeout=60)
    return (process.stdout.split() or ["?"])[0]


def _error_of(process: subprocess.CompletedProcess[str], text: str) -> str:
    """The place where Coq stopped, and its message, in one line."""
    message = " ".join(process.stderr.partition("Error:")[2].split())[:200]
    if not message:
        return f"coqc ended with status {process.returncode} and no word"
    place = re.search(r"line (\d+), characters", process.stderr)
    number = int(place[1]) if place else 0
    heads = [line.split()[1] for line in text.splitlines()[:number] if re.match("(Lemma|Theorem|Definition) ", line)]
    return f"coqc stopped in {heads[-1] if heads else 'the file'} (line {number}): {message}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f", … ({len(names)} in all)" if len(names) > 3 else "")
