"""PNG images as pixels that fit a network (extra ``plot``).

    one channel      ink: black is 1, white (and transparent) is 0
    three channels   red, green and blue from 0 to 1, on white where it is transparent

An image must have the network's size; one that is too large is never unpacked.
"""

import io
from typing import Any

import numpy as np

from symcnn.errors import InputError
from symcnn.network.data import Array

COLOURS = 3

#: How a whole PNG ends.
END = b"IEND\xaeB`\x82"


def png_pixels(content: bytes, shape: tuple[int, ...]) -> Array:
    """The pixels: (rows, columns) or (3, rows, columns), as ``shape`` says.

    Raises:
        InputError: no PNG, of another size, or the network takes no picture.
    """
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[0] != COLOURS):
        raise InputError(
            f"a PNG holds one map or three colours; the network's input has shape {shape}: use TOML or CSV"
        )
    image = _pillow()
    try:
        with image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            if picture.size != shape[-1:-3:-1]:
                found = f"{picture.height}×{picture.width}"
                raise InputError(f"an image of {found} pixels; expected {shape[-2]}×{shape[-1]} (rows × columns)")
            if END not in content:
                raise InputError("not a PNG image that can be read (truncated: its end is missing)")
            picture = _in_8_bits(image, picture)
            paper = image.new("RGBA", picture.size, "white")
            flat = image.alpha_composite(paper, picture.convert("RGBA"))
            if len(shape) == 2:
                return 1.0 - np.asarray(flat.convert("L"), dtype=np.float64) / 255.0
            return np.moveaxis(np.asarray(flat.convert("RGB"), dtype=np.float64), 2, 0) / 255.0
    except InputError:
        raise
    except (image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise InputError(f"not a PNG image that can be read ({_line(error)})") from None


def _in_8_bits(image: Any, picture: Any) -> Any:
    """Grey in 16 bits is scaled, not clipped, to 8."""
    if not picture.mode.startswith("I"):
        return picture
    return image.fromarray(np.rint(np.asarray(picture, dtype=np.float64) / 257).astype(np.uint8))


def _pillow() -> Any:
    """The module, or how to get it."""
    try:
        from PIL import Image
    except ImportError:
        raise InputError('reading PNG needs Pillow: pip install "symcnn[plot]"') from None
    return Image


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:80]
