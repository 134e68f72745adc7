"""Which cases of a test run every time."""

from collections.abc import Iterable
from typing import Any

import pytest


def rest_slow(values: Iterable[Any], fast: int = 1) -> list[Any]:
    """Values for ``parametrize``, tuples for several names: the first few run always, the others with ``-m slow``."""
    cases = [v if isinstance(v, tuple) else (v,) for v in values]
    return [pytest.param(*case, marks=[pytest.mark.slow] if n >= fast else []) for n, case in enumerate(cases)]
