"""Numbers as every print writes them."""

from collections.abc import Callable


def with_power_of_ten(text: str, power: Callable[[int], str]) -> str:
    """``1.5e-12`` as 1.5 times a power of ten, in the given way of writing one."""
    mantissa, e, exponent = text.partition("e")
    return mantissa + power(int(exponent)) if e else text


def shown(value: float, digits: int | None) -> str:
    """A number with so many significant digits (None: exactly); whole numbers as they are, no -0.

    Very small ones (below 10⁻⁹) and very large ones (from 10¹⁵) come out as ``1.235e-12``.
    """
    if digits is None:
        return str(int(value)) if value == int(value) else repr(value)
    if abs(value) >= 1e15:
        return f"{value:.{digits - 1}e}"
    if value == int(value) or abs(value) >= 10**digits:
        return f"{round(value):d}"
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return text
    exponent = int(text.split("e")[1])
    if exponent >= digits:  # 9999.7 to four digits
        return f"{round(value):d}"
    return text if exponent < -9 else f"{value:.{digits - 1 - exponent}f}".rstrip("0")
