"""What the printed array programs need besides NumPy: views, made once, never copies."""

import re
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

#: ``2*r``, ``r``, ``1``: a part of an index.
PART = re.compile(r"(?:(\d+)\*)?([a-z])|(\d+)")


def view(array: Any, index: str, **sizes: int) -> Any:
    """An array seen through index maps: ``view(i, "2*r + p, n", r=4, p=3, n=64)[r, p, n] is i[2*r + p, n]``.

    Args:
        index: one map for each axis of the array.
        sizes: the axes of the view, in order.

    Raises:
        IndexError: some index would leave the array.
    """
    steps, start = dict.fromkeys(sizes, 0), []
    maps = index.split(", ")
    if len(maps) != array.ndim:
        raise IndexError(f"view({index!r}): the array has {array.ndim} axes")
    for text, length, stride in zip(maps, array.shape, array.strides, strict=True):
        first = last = 0
        for part in text.split(" + "):
            found = PART.fullmatch(part)
            if found is None:
                raise IndexError(f"view({index!r}): {part!r} is no part of an index")
            factor, axis, number = found.groups()
            if axis:
                steps[axis] += int(factor or 1) * stride
                last += int(factor or 1) * (sizes[axis] - 1)
            else:
                first += int(number)
        if first + last >= length:
            raise IndexError(f"view({index!r}): {text} reaches {first + last}, past an axis of length {length}")
        start.append(slice(first, None))
    return as_strided(array[tuple(start)], tuple(sizes.values()), tuple(steps.values()))


def reshaped(array: Any, shape: tuple[int, ...]) -> Any:
    """The same memory in another shape.

    Raises:
        ValueError: that would need a copy.
    """
    found = array.reshape(shape)
    if not np.may_share_memory(found, array):
        raise ValueError(f"an array of shape {array.shape} can't be seen as {shape}")
    return found
