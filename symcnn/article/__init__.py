"""The article's two parts, as plain data.

K. Vancappel, « Deep Learning : le Réseau neuronal convolutif (CNN) », Business & Decision, 2021. Its figures, and with
them the pixels of its images, are not in the text that survives; what is a reading of ours says so.
"""

from typing import Literal

import numpy as np

from symcnn.errors import InputError, quoted
from symcnn.network import Activation, AvgPool2D, Conv2D, Data, Dense, Flatten, MaxPool2D, Network
from symcnn.network.data import Array

# --- part 1: the operations of a CNN, on a 9×9 image ------------------------------------------------------------------

#: The three features, by what they show: -1 background, +1 stroke. The first is the article's; the other two are a
#: reading: the centre and the other diagonal of the same X.
FEATURES: dict[str, tuple[tuple[int, ...], ...]] = {
    "diagonal": ((1, -1, -1), (-1, 1, -1), (-1, -1, 1)),
    "cross": ((1, -1, 1), (-1, 1, -1), (1, -1, 1)),
    "antidiagonal": ((-1, -1, 1), (-1, 1, -1), (1, -1, -1)),
}


def picture(inverted: bool = False) -> Data:
    """The 9×9 image of an X (part 1): both diagonals from row and column 2 to 8; -1 background, +1 stroke.

    Args:
        inverted: with the colours exchanged: the features are found as -1.
    """
    image = np.full((9, 9), -1.0)
    for n in range(1, 8):
        image[n, n] = image[n, 8 - n] = 1.0
    return Data((-image if inverted else image)[np.newaxis], None, ("X",))


def operations(pooling: Literal["max", "mean"] = "max", stride: int = 1) -> Network:
    """The operations of part 1: three 3×3 features ÷ 9, ReLU, pooling, flattening. Forward only: it has no loss.

    Args:
        pooling: "max", or "mean" (the article names both).
        stride: of the pooling. 1 is the article's (7×7 → 7×7, absent cells 0), 2 the common variant (7×7 → 4×4).
    """
    if pooling not in ("max", "mean"):
        raise InputError(f'pooling={quoted(pooling)}: expected "max" or "mean"')
    pool = MaxPool2D(2, stride, "same", 0) if pooling == "max" else AvgPool2D(2, stride, "same")
    convolution = Conv2D(len(FEATURES), kernel_size=3, bias=False, normalize=True)
    return Network((9, 9), [convolution, Activation("relu"), pool, Flatten()], loss=None)


def features() -> Array:
    """The parameters of :func:`operations`: its three features, as one vector in the order of its parameters."""
    return np.array(list(FEATURES.values()), dtype=np.float64).ravel()


# --- part 2: training a CNN, on two 3×3 images ------------------------------------------------------------------------

#: 1 = stroke, 0 = background: a reading, the article's pixel values are lost.
CROSS = ((1, 0, 1), (0, 1, 0), (1, 0, 1))
CIRCLE = ((0, 1, 0), (1, 0, 1), (0, 1, 0))


def network() -> Network:
    """The article's network (part 2): a 3×3 image, one 2×2 filter, two hidden and two output sigmoid neurons."""
    return Network(
        input_shape=(3, 3),
        layers=[
            Conv2D(filters=1, kernel_size=2, bias=False),
            Flatten(),
            Dense(2, activation="sigmoid"),
            Dense(2, activation="sigmoid"),
        ],
        loss="half_squared_error",
    )


def images(background: float = 0) -> Data:
    """The two training images, a cross (class 1) and a circle (class 2), with their targets.

    Args:
        background: the value of a pixel without stroke; part 1 of the article uses -1.
    """
    pixels = np.array([CROSS, CIRCLE], dtype=np.float64)
    return Data(np.where(pixels == 1, 1.0, background), np.eye(2), ("cross", "circle"))
