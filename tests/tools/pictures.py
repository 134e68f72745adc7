"""PNG images for the tests, written without our own code. Pillow comes with the extra ``plot``."""

import numpy as np
import pytest


def ink(pixels):
    """Grey values of pixels where 1 is black."""
    return np.rint(255 - 255 * pixels).astype(np.uint8)


def colour(pixels):
    """(3, rows, columns), 0 to 1, as bytes (rows, columns, 3)."""
    return np.rint(255 * np.moveaxis(pixels, 0, 2)).astype(np.uint8)


def write_png(path, values):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")
    image.fromarray(values).save(path, format="PNG")
