"""Which cases of a test run every time."""

from collections.abc import Iterable
from typing import Any

import pytest


def rest_slow(values: Iterable[Any], fast: int = 1) -> list[Any]:
    """Values for ``parametrize``: the first few run every time, the others with ``-m slow``."""
    return [v if n < fast else pytest.param(v, marks=pytest.mark.slow) for n, v in enumerate(values)]
