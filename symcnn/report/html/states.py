"""The numbers at the steps of the training as the page's data: eight digits, more only where they must be.

The script rounds what it reads to the digits shown. Rounding twice may differ from rounding once, and JavaScript rounds
an exact tie up where Python rounds it to even. So each number is written such that what the script shows is what
``shown`` gives.
"""

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal

from symcnn.formula import shown
from symcnn.report.document import States

#: Significant digits of a number in the page's data.
DIGITS = 8

_LIVE = re.compile(r'data-(?:v|heat|edge)="([^"]+)"(?: data-digits="(\d+)")?')


def data(states: States, body: str, decimal: str) -> str:
    """The states of what stands in the page, as JSON that may stand inside <script>."""
    digits: dict[str, set[int]] = defaultdict(set)
    for key, shown_digits in _LIVE.findall(body):
        digits[key].update([int(shown_digits)] if shown_digits else [])
    known = {str(key): row for key, row in states.values.items()}
    values = {
        key: f"[{','.join(written(v, digits[key]) for v in known[key])}]" for key in sorted(digits) if key in known
    }
    inside = ",\n".join(f"{json.dumps(key)}:{row}" for key, row in values.items())
    steps = json.dumps(states.steps)
    text = f'{{"decimal":"{decimal}","steps":{steps},"shown":{states.shown},"values":{{\n{inside}\n}}}}'
    return text.replace("<", "\\u003c")


def written(value: float, digits: Iterable[int]) -> str:
    """A number as JSON from which a script shows the same as ``shown`` does."""
    candidates = [
        float(f"{value:.{DIGITS}g}"),
        value,
        math.nextafter(value, math.inf),
        math.nextafter(value, -math.inf),
    ]
    for found in candidates:
        if all(_by_script(found, n) == shown(value, n) for n in digits):
            return repr(int(found)) if found == int(found) and abs(found) < 1e15 else repr(found)
    raise AssertionError(f"no number near {value!r} is shown as {shown(value, 4)}")


def _by_script(value: float, digits: int) -> str:
    """``shown``, with ties rounded away from 0, as JavaScript's toPrecision does."""
    if value == int(value):
        return shown(value, digits)
    rounded = Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(Decimal(value))
    if abs(value) >= 10**digits:
        rounded = Decimal(value).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return shown(float(rounded), digits)
