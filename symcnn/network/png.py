"""Pictures as pixels that fit a network: PNG files and Pillow's images (extra ``plot``), by one rule.

    one channel      ink: with ink="black" black is 1 and white is 0, with ink="white" the other way round
    three channels   red, green and blue, from 0 to 1

What is transparent is paper: white with ink="black", black with ink="white". Arrays of numbers are no pictures: they
are taken as they are. A picture must have the network's size; a file that is too large is never unpacked.
"""

import io
import struct
import sys
import warnings
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from symcnn.errors import InputError, SymcnnWarning, install_command, quoted, reason_of
from symcnn.files import format_of

Array = NDArray[np.float64]
Ink = Literal["black", "white"]

COLOURS = 3

#: How a whole PNG ends.
END = b"IEND\xaeB`\x82"

#: The share of ink on the border past which a picture is taken to be drawn on dark paper.
DARK_PAPER = 0.9

#: Pixels of all pictures that differ by less show nothing that was drawn.
FAINT = 0.1


def check_ink(ink: object) -> Ink:
    """The colour of ink; None is black."""
    if ink is None:
        return "black"
    if ink not in get_args(Ink):
        raise InputError(f"ink={quoted(ink)}: expected 'black' (on white paper) or 'white' (on black)")
    return ink  # type: ignore[return-value]


def is_picture(value: object) -> bool:
    """Is it an image of Pillow's? There is none before Pillow is imported."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def png_pixels(content: bytes, shape: tuple[int, ...], ink: Ink = "black") -> Array:
    """The pixels of a PNG file: (rows, columns) or (3, rows, columns), like ``shape``.

    Raises:
        InputError: no PNG, of another size, or the network takes no picture.
    """
    _check_shape(shape)
    image = _pillow()
    kind = format_of(content)
    if kind != "a PNG image":
        raise InputError(f"not a PNG image but {kind}; expected PNG" if kind else "not a PNG image that can be read")
    try:
        with image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            _check_size(picture, shape)
            if END not in content:
                raise InputError("not a PNG image that can be read (truncated: its end is missing)")
            picture.load()
            _scale_transparency(picture, depth=content[24])
            return _pixels(picture, shape, ink)
    except InputError:
        raise
    except (image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError, struct.error) as error:
        raise InputError(f"not a PNG image that can be read ({reason_of(error)})") from None


def picture_pixels(picture: Any, shape: tuple[int, ...], ink: Ink = "black") -> Array:
    """The pixels of an image of Pillow's, as those of a PNG file."""
    _check_shape(shape)
    _check_size(picture, shape)
    try:
        picture.load()
        if isinstance(picture.info.get("transparency"), tuple):  # of 16 bits, beside colours of 8
            picture = picture.copy()
            _scale_transparency(picture, 16 if max(picture.info["transparency"]) > 255 else 8)
        return _pixels(picture, shape, ink)
    except InputError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, KeyError) as error:
        raise InputError(f"an image of mode {picture.mode} that cannot be read ({reason_of(error)})") from None


def warn_of_pictures(images: Sequence[Array] | Array, ink: Ink) -> None:
    """Warn where all pictures are nearly one colour, or black ink was expected and their border is black."""
    if not len(images):
        return
    low, high = float(min(map(np.min, images))), float(max(map(np.max, images)))
    if high - low < FAINT and not low == high == 1:
        warnings.warn(
            f"the pixels of all pictures lie from {low:.3g} to {high:.3g}, so they show next to nothing; white in a PNG"
            " is 255 (with 16 bits 65535), and white on a transparent ground is seen with ink='white' (--ink white)",
            SymcnnWarning,
            stacklevel=3,
        )
        return
    if ink != "black" or images[0].ndim != 2:
        return
    border = [(*image[0], *image[-1], *image[1:-1, 0], *image[1:-1, -1]) for image in images]
    share = float(np.mean([np.mean(pixels) for pixels in border]))
    if share >= DARK_PAPER:
        warnings.warn(
            f"the border of the pictures is black ({100 * share:.0f} %), and black counts as ink, which is 1; for white"
            " on black: ink='white' (--ink white)",
            SymcnnWarning,
            stacklevel=3,
        )


def _pixels(picture: Any, shape: tuple[int, ...], ink: Ink) -> Array:
    image = _pillow()
    paper = "white" if ink == "black" else "black"
    if picture.mode.startswith("I"):
        grey = _grey_of_16_bits(picture, 1.0 if paper == "white" else 0.0)
        if len(shape) == 3:
            return np.repeat(grey[np.newaxis], COLOURS, axis=0)
    else:
        if picture.mode == "F":
            raise InputError("an image of mode F, whose white is not known; expected mode L or RGB, or an array")
        flat = image.alpha_composite(image.new("RGBA", picture.size, paper), picture.convert("RGBA"))
        if len(shape) == 3:
            return np.moveaxis(np.asarray(flat.convert("RGB"), dtype=np.float64), 2, 0) / 255.0
        grey = np.asarray(flat.convert("L"), dtype=np.float64) / 255.0
    return 1.0 - grey if ink == "black" else grey


def _grey_of_16_bits(picture: Any, paper: float) -> Array:
    """From 0 to 1. Pillow would clip the values at 255, and forget which of them is transparent."""
    values = np.asarray(picture, dtype=np.float64)
    if values.min() < 0 or values.max() > 65535 or (picture.mode == "I" and picture.format != "PNG"):
        raise InputError(
            f"an image of mode {picture.mode} with values from {values.min():g} to {values.max():g}, whose white is not"
            " known; expected mode L, I;16 or RGB, or an array"
        )
    grey: Array = np.where(values == picture.info.get("transparency"), paper, values / 65535.0)
    return grey


def _scale_transparency(picture: Any, depth: int) -> None:
    """Scale the transparent colour, which the file gives in its own depth and Pillow compares with values of 8 bits."""
    colour = picture.info.get("transparency")
    if isinstance(colour, int) and picture.mode == "L" and depth in (2, 4):
        picture.info["transparency"] = colour * 255 // (2**depth - 1)
    elif isinstance(colour, tuple) and depth == 16:
        picture.info["transparency"] = tuple(value >> 8 for value in colour)


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[0] != COLOURS):
        raise InputError(
            f"a picture has one channel or three; the network's input has shape {shape}: use an array, TOML or CSV"
        )


def _check_size(picture: Any, shape: tuple[int, ...]) -> None:
    if picture.size != shape[-1:-3:-1]:
        size = f"{picture.height}×{picture.width}"
        raise InputError(f"an image of {size} pixels; expected {shape[-2]}×{shape[-1]} (rows × columns)")


def _pillow() -> Any:
    """The module, or how to get it."""
    try:
        from PIL import Image
    except ImportError:
        raise InputError(f"reading PNG needs Pillow: {install_command('pillow')}") from None
    return Image
