"""Numbers as every print writes them."""

from collections.abc import Callable
from decimal import Decimal

#: Significant digits that floating point holds of every number.
FLOAT_DIGITS = 15


def with_power_of_ten(text: str, power: Callable[[int], str]) -> str:
    """``1.5e-12`` as 1.5 times a power of ten, in the given way of writing one."""
    mantissa, e, exponent = text.partition("e")
    return mantissa + power(int(exponent)) if e else text


def shown(value: float | Decimal, digits: int | None) -> str:
    """A number with so many significant digits (None: exactly); whole numbers as they are, no -0.

    Very small ones (below 10⁻⁹) and very large ones (from 10¹⁵) come out as ``1.235e-12``.
    """
    if digits is None:
        return str(int(value)) if value == int(value) else repr(value)
    size = abs(float(value))
    if digits > FLOAT_DIGITS and isinstance(value, float):
        value = Decimal(str(float(value)))  # 0.3 to 17 digits is no 0.29999999999999999
    if size >= 1e15:
        return f"{value:.{digits - 1}e}"
    if value == int(value) or size >= 10.0**digits:
        return f"{round(value):d}"
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return text
    exponent = int(text.split("e")[1])
    if exponent >= digits:  # 9999.7 to four digits
        return f"{round(value):d}"
    return text if exponent < -9 else f"{value:.{digits - 1 - exponent}f}".rstrip("0")
