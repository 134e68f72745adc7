"""What fails when the one judge calls everything right: ``python -m tests.tools.always_right``

As a plugin of pytest (``-p tests.tools.always_right``) this module breaks ``symcnn.proof.verdict.decide``, the only
function that makes a ``Verdict``. As a command it runs a test of each room, once as they are and once so broken. Exit
status 0: all pass, and each fails when the judge is broken, so no room answers by a judge of its own.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

#: Room -> a test in which something is wrong.
ROOMS = {
    "report": "tests/report/test_examine.py::test_the_message_names_the_display_and_what_is_wrong",
    "workbook": "tests/workbook/check/test_workbook.py::test_thirty_altered_formulas_are_caught",
    "audit": "tests/audit/test_audit.py::test_what_is_wrong_is_named_and_what_should_stand_there",
    "audit, in numbers": "tests/audit/test_sound.py::test_a_literal_is_exact_unless_it_may_be_rounded",
    "audit, a value": "tests/audit/test_numbers.py::test_a_value_is_approved_to_no_more_digits_than_are_worked_out",
    "audit, tables": "tests/audit/test_tables.py::test_a_wrong_cell_is_a_finding_with_its_line_and_what_it_should_be",
    "audit, comparisons": "tests/audit/test_sound.py::test_an_equality_before_a_comparison_is_judged_alone",
    "report, in numbers": "tests/report/test_examine.py::test_wrong_numbers_are_refused",
    "leaf rules": "tests/verification/test_any_network.py::test_a_wrong_rule_of_a_leaf_is_refuted",
    "planted equations": "tests/proof/test_equations.py::test_every_planted_error_is_caught",
    "rules": "tests/audit/test_rules.py::test_a_rule_in_one_letter_holds_for_every_number_or_is_false",
    "verify": "tests/verification/test_verify.py::test_planted_errors_are_caught_and_counted",
    "certificate": "tests/certificate/test_handed_in.py::test_another_networks_certificate_is_refused",
}


def pytest_configure() -> None:
    """The mutant."""
    from symcnn.proof import verdict

    class AlwaysRight(verdict.Verdict):
        def __init__(self, outcome: str, how: str | None, *rest: Any) -> None:
            super().__init__("right", "exact", *rest)

    verdict.Verdict = AlwaysRight  # type: ignore[misc]


def outcomes(broken: bool) -> dict[str, str]:
    """Room -> "PASSED", "FAILED" or "ERROR"."""
    command = [sys.executable, "-m", "pytest", "-rA", "-q", "--no-header", "--tb=no", "-p", "no:xdist", "-m", ""]
    command += ["-p", "tests.tools.always_right"] if broken else []
    done = subprocess.run([*command, *ROOMS.values()], cwd=ROOT, capture_output=True, text=True)
    told: dict[str, str] = {}
    for line in done.stdout.splitlines():
        outcome, _, rest = line.partition(" ")
        test = rest.split(" ")[0].partition("[")[0]
        if outcome in ("PASSED", "FAILED", "ERROR") and told.get(test) != "FAILED":  # one case that fails is enough
            told[test] = outcome
    return {room: told.get(test, f"nothing: {done.stdout[-500:]}{done.stderr[-500:]}") for room, test in ROOMS.items()}


def main() -> int:
    right, broken = outcomes(False), outcomes(True)
    for room, test in ROOMS.items():
        print(f"{room:18} {right[room]:8} when always right: {broken[room]:8} {test}")
    return int(set(right.values()) != {"PASSED"} or set(broken.values()) != {"FAILED"})


if __name__ == "__main__":
    sys.exit(main())
