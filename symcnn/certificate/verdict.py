"""The verdict on a certificate: what ``coqc`` says of it, which axioms its theorems rest on, whether one is missing.

Coq accepts a file with admitted lemmas, and it accepts any axiom. So its word is one of three things to ask for:

    1. coqc compiles the file
    2. ``Print Assumptions`` of the theorems names nothing but the axioms of the standard library's real numbers
    3. every theorem that the network should have is there

And a text from elsewhere may define its words as it likes, and commands in it are run: what is here takes texts that
symcnn has printed itself. A file that someone hands in is compared with such a text; Coq never sees it (``recheck``).
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

from symcnn.files import read_bytes
from symcnn.network import Network
from symcnn.proof import Comparison, OneMethod, UndecidableError, Verdict, decide

#: What Coq's real numbers rest on, without the path that Coq may print before it.
AXIOMS = frozenset({"sig_not_dec", "sig_forall_dec", "functional_extensionality_dep"})

#: Bytes of a certificate.
MAX_BYTES = 200_000_000

#: Seconds that Coq may take.
TIMEOUT = 600

Status = Literal["certified", "unchecked", "rejected"]

_THEOREM = re.compile(r"^Theorem (is_\w+) ?:", re.MULTILINE)

#: What coqc says where the library is not installed.
_NO_COQUELICOT = re.compile(r"Cannot find a physical path bound to logical\s+path\s.*Coquelicot", re.DOTALL)


#: Why nothing is known.
NOT_INSTALLED = "Coq is not installed"


@dataclass(frozen=True)
class CoqVerdict:
    """What is known of a certificate.

    Attributes:
        verdict: Coq's word: right, wrong, or not decided.
        theorems: theorem -> the axioms that it rests on; none where Coq has not accepted it.
        coq: the version that checked it.
        premises: what the theorems presuppose ("no_kink", "no_tie"), and of how many parts.
        network: whose gradients they are.
        is_own: it is what symcnn writes; what is not says nothing that could be wrong.
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
        stated = set(_THEOREM.findall(text))
        missing = [t for t in theorems if t not in stated]
        if missing:
            return _wrong(f"{len(missing)} theorems are missing: {_some(missing)}")
        own = [a for a in AXIOMS if a in text]
        if own:  # Coq would print it like the library's
            return _wrong(f"it has something of its own called like an axiom: {_some(own)}")
        coqc = shutil.which("coqc")
        if coqc is None:
            raise UndecidableError(NOT_INSTALLED)
        axioms = _run(coqc, text, theorems, self._timeout)
        if isinstance(axioms, Comparison):
            return axioms
        foreign = sorted(a for a in axioms if a.rsplit(".", 1)[-1] not in AXIOMS)
        if foreign:
            return _wrong(f"it rests on what is not proved: {_some(foreign)}")
        self.axioms, self.version = axioms, version(coqc)
        return Comparison(True)


def compare_bytes(left: bytes, right: bytes) -> Comparison:
    """Is a file what symcnn writes?"""
    pairs = zip_longest(left.split(b"\n"), right.split(b"\n"))
    line = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), None)
    return Comparison(True) if line is None else _wrong(f"line {line} is not what symcnn writes for this network")


def _wrong(reason: str) -> Comparison:
    return Comparison(False, counterexample=reason)


def verdict_on(text: str, theorems: Sequence[str], timeout: float = TIMEOUT) -> CoqVerdict:
    """Let Coq check a text that symcnn has printed.

    Of a text from elsewhere it would prove nothing: commands in it are run, and a notation may change what is asked.

    Args:
        theorems: those that it must hold.
        timeout: seconds.
    """
    coq = Coq(timeout)
    verdict = decide(text, theorems, OneMethod("kernel", "coqc", coq.compare))
    return CoqVerdict(verdict, dict.fromkeys(theorems, coq.axioms) if verdict else {}, coq.version)


def read(path: str | Path) -> bytes:
    """A file that is said to be a certificate."""
    return read_bytes(path, MAX_BYTES, "a certificate, a .v file")


def _run(coqc: str, text: str, theorems: Sequence[str], timeout: float) -> frozenset[str] | Comparison:
    """The axioms that the theorems rest on, or why Coq does not accept them.

    Raises:
        UndecidableError: Coq says nothing of them.
    """
    # an unforeseeable word: what the text prints is not taken for the answer, nor what it calls like a theorem for that
    mark = f"certificate_{secrets.token_hex(8)}"
    every = " ".join(f"let _ := {mark}.{t} in" for t in theorems)
    asked = f'\nGoal True. idtac "{mark}". Abort.\nDefinition {mark} := {every} I.\nPrint Assumptions {mark}.\n'
    with tempfile.TemporaryDirectory(prefix="symcnn.") as folder:
        file = Path(folder) / f"{mark}.v"
        file.write_bytes((text + asked).encode("utf-8"))
        try:
            found = subprocess.run(
                [coqc, "-q", "-w", "none", file.name], cwd=folder, capture_output=True, encoding="utf-8",
                errors="replace", timeout=timeout,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise UndecidableError(f"coqc did not answer within {timeout:g} s") from None
        except OSError as error:
            raise UndecidableError(f"coqc cannot be run ({error.strerror})") from error
    if found.returncode:
        if _NO_COQUELICOT.search(found.stderr):
            raise UndecidableError(NOT_INSTALLED)
        return _wrong(_complaint(found, text))
    return _axioms(found.stdout.partition(mark)[2])


def _axioms(answer: str) -> frozenset[str]:
    """The names in what ``Print Assumptions`` says; a line that is no name (of a check that is off) is one too."""
    heads = [line for line in answer.splitlines() if line and not line[0].isspace()]
    if heads == ["Closed under the global context"]:
        return frozenset()
    if heads[:1] != ["Axioms:"]:
        return frozenset(heads or ["no answer"])
    return frozenset(re.sub(r"^([\w.]+)( :.*)?$", r"\1", line) for line in heads[1:])


def version(coqc: str) -> str:
    """ "8.16.1" """
    found = subprocess.run([coqc, "--print-version"], capture_output=True, text=True, timeout=60)
    return (found.stdout.split() or ["?"])[0]


def _complaint(found: subprocess.CompletedProcess[str], text: str) -> str:
    """Where Coq stopped, and what it said, in one line."""
    said = " ".join(found.stderr.partition("Error:")[2].split())[:200]
    if not said:
        return f"coqc ended with status {found.returncode} and no word"
    place = re.search(r"line (\d+), characters", found.stderr)
    lines = text.splitlines()
    number = int(place[1]) if place else 0
    heads = [line.split()[1] for line in lines[:number] if re.match("(Lemma|Theorem|Definition) ", line)]
    return f"coqc stopped in {heads[-1] if heads else 'the file'} (line {number}): {said}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f", … ({len(names)} in all)" if len(names) > 3 else "")
