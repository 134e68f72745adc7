"""The words of Keras, PyTorch and everyday speech for layers, settings, activations and losses, and symcnn's own.

A word is translated where it can mean nothing else. Where it could (another default slope, another mean), it is refused
with our word for it and the difference: a silent guess would be a silent error.
"""

from collections.abc import Collection, Mapping
from typing import Any, Literal

from symcnn.errors import InputError, NotSupportedYetError, one_of, quoted

Kind = Literal["layer", "activation", "loss"]

#: Other words for ours, lower case, without "_" and "-".
SAME: dict[Kind, dict[str, str]] = {
    "layer": {
        "conv": "Conv2D", "convolution": "Conv2D", "convolution2d": "Conv2D", "linear": "Dense",
        "fullyconnected": "Dense", "fc": "Dense", "maxpool": "MaxPool2D", "maxpooling": "MaxPool2D",
        "maxpooling2d": "MaxPool2D", "avgpool": "AvgPool2D", "meanpool2d": "AvgPool2D",
    },
    "activation": {"logistic": "sigmoid", "rectifier": "relu", "linear": "none", "identity": "none"},
    "loss": {
        "crossentropyloss": "cross_entropy", "softmaxcrossentropy": "cross_entropy", "mseloss": "mse",
        "meansquarederror": "mse", "halfsquared": "half_squared_error",
    },
}  # fmt: skip

_LEAKY_RELU = '"leaky_relu", whose slope is 0.01 (PyTorch\'s default; Keras has others)'
_WHOLE_MAP = "with the whole map as its size, and Flatten"
_CROSS_ENTROPY = '"cross_entropy", which has the softmax inside: the last layer has no activation'
_BINARY = '"binary_cross_entropy", which adds the outputs up, where Keras and PyTorch take their mean'
_SQUARES = '"half_squared_error" (the sum of ½·(o − t)²) or "mse" (the mean of (o − t)²)'

#: Words that are nearly ours -> our word, and the difference.
NEARLY: dict[Kind, dict[str, str]] = {
    "layer": {
        "averagepooling2d": 'type "AvgPool2D"; where it is padded, Keras counts only the cells that are there'
        " (count_include_pad = false)",
        "globalaveragepooling2d": f"AvgPool2D {_WHOLE_MAP}",
        "adaptiveavgpool2d": f"AvgPool2D {_WHOLE_MAP}",
        "globalmaxpooling2d": f"MaxPool2D {_WHOLE_MAP}",
        "leakyrelu": _LEAKY_RELU,
        "dropout": "to leave it out (symcnn has no Dropout)",
        "conv1d": "Conv2D with one row",
    },
    "activation": {
        "leakyrelu": _LEAKY_RELU,
        "logsoftmax": 'loss="cross_entropy", which has the softmax inside, after a layer without activation',
    },
    "loss": {
        **dict.fromkeys(("categoricalcrossentropy", "sparsecategoricalcrossentropy", "nll", "nllloss"), _CROSS_ENTROPY),
        **dict.fromkeys(("binarycrossentropy", "bce", "bceloss"), _BINARY),
        "bcewithlogitsloss": '"binary_cross_entropy" after activation="sigmoid"; it adds the outputs up, PyTorch takes'
        " their mean",
        **dict.fromkeys(("squarederror", "l2"), _SQUARES),
        "sse": '"half_squared_error", the sum of ½·(o − t)²',
    },
}

#: Other words for settings of a layer.
SETTINGS = {
    "out_channels": "filters", "out_features": "units", "strides": "stride", "use_bias": "bias",
    "pool_size": "size", "kernel": "kernel_size", "activation_function": "activation",
    "dilation_rate": "dilation",
}  # fmt: skip

_FOLLOWS = "leave it out: it follows from what the layer receives"

#: Settings that follow from others, or that are not supported yet.
REFUSED_SETTINGS = {
    "in_channels": _FOLLOWS,
    "in_features": _FOLLOWS,
    "input_shape": "it belongs to the network, not to a layer",
    "groups": "not supported yet: every filter sees every channel",
    "activation": 'put a layer Activation("relu") behind it',
    "data_format": "leave it out: channels come first",
    "alpha": "not supported yet: the slope is 0.01",
    "negative_slope": "not supported yet: the slope is 0.01",
}


def canonical(kind: Kind, word: object, ours: Collection[str], where: str) -> str:
    """Our word for a layer, an activation or a loss.

    Args:
        ours: the words to choose from; where: the beginning of a message.

    Raises:
        InputError: the word means none of them, or only nearly one.
    """
    if isinstance(word, str):
        if word in ours:
            return word
        key = _key(word)
        if key in NEARLY[kind] and word.lower().replace("-", "_") not in ours:
            raise InputError(f"{where}: did you mean {NEARLY[kind][key]}?")
        for name in (*ours, *(("none",) if kind == "activation" else ())):
            if _key(name) == key or SAME[kind].get(key) == name:
                return str(name)
    raise InputError(f"{where}: unknown; {one_of(word, ours)}")


def _key(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")


def setting_names(layer: str, settings: Mapping[str, Any], ours: Collection[str], where: str) -> dict[str, Any]:
    """A layer's settings by our names.

    Raises:
        InputError: one is unknown, occurs twice, or follows from others.
    """
    renamed: dict[str, Any] = {}
    for word, value in settings.items():
        name = word if word in ours else SETTINGS.get(word, word)
        if word == "kernel_size" and "size" in ours:  # PyTorch's pooling
            name = "size"
        if name not in ours:
            if word in REFUSED_SETTINGS:
                kind = NotSupportedYetError if REFUSED_SETTINGS[word].startswith("not supp") else InputError
                raise kind(f"{where}: {word}: {REFUSED_SETTINGS[word]}")
            raise InputError(f"{where}: unknown word {quoted(word)}; {one_of(word, sorted(ours))}")
        if name in renamed:
            raise InputError(f"{where}: {word} and {name} mean the same; expected one of them")
        renamed[name] = value
    return renamed
