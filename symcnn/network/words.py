"""The words of Keras, PyTorch and everyday speech for layers, settings, activations and losses, and symcnn's own.

A word is translated where it can mean nothing else. Where it could (another default slope, another mean), it is refused
with our word for it and the difference: a silent guess would be a silent error.
"""

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, ParamSpec, TypeVar

from symcnn.errors import InputError, NotSupportedYetError, nearest, one_of, quoted

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

#: Other words for public names of the package, in the same spelling.
PUBLIC = {
    "fit": "train", "sequential": "Network", "model": "Network", "module": "Network", "dataset": "Data",
    "gradient": "derive", "grad": "derive", "differentiate": "derive", "diff": "derive", "prove": "verify",
    "export": "export_workbook", "certify": "write_certificate", "loadnetwork": "read_network",
    "loaddata": "read_data",
}  # fmt: skip


def public_name(word: str, ours: Collection[str]) -> str | None:
    """Return the public name that another library's word, or a misspelling, stands for."""
    key = _key(word)
    same = next((name for name in ours if _key(name) == key), None)
    return same or SAME["layer"].get(key) or PUBLIC.get(key) or next(iter(nearest(word, ours)), None)


#: Other words for arguments of ``Network``, ``Data`` and ``train``.
NETWORK_ARGUMENTS = {"input_size": "input_shape"}
DATA_ARGUMENTS = {"X": "images", "x": "images", "y": "targets"}
TRAIN_ARGUMENTS = {
    "model": "network", "net": "network", "X": "data", "x": "data", "images": "data", "y": "targets",
    "lr": "learning_rate", "rate": "learning_rate", "learning_rate_init": "learning_rate", "n_epochs": "epochs",
    "num_epochs": "epochs", "batch": "batch_size", "validation_data": "validation", "val_data": "validation",
    "random_state": "seed",
}  # fmt: skip

REFUSED_NETWORK_ARGUMENTS = {
    **dict.fromkeys(("optimizer", "learning_rate", "epochs", "batch_size"), "it belongs to symcnn.train"),
    "metrics": "leave it out: run.history has loss and accuracy",
    "name": "leave it out: a network has no name",
}

#: Arguments of a training in other libraries -> what to do instead.
REFUSED_ARGUMENTS = {
    "loss": "it belongs to the network: symcnn.Network(…, loss=…)",
    "metrics": 'leave it out: run.history["accuracy"] has it after a training by epochs',
    "verbose": "leave it out; each_epoch=print shows every epoch",
    "callbacks": "each_epoch=… is called after every epoch; patience=… stops early, checkpoint=… saves",
    "shuffle": "leave it out: each epoch has its own order, drawn from seed",
    "validation_split": "first rest, held_out = symcnn.Data(images, targets).split(0.2), then validation=held_out",
    "labels": "targets=…; texts beside them: symcnn.Data(images, targets, labels)",
    "momentum": 'optimizer="momentum", which is 0.9',
    **dict.fromkeys(("early_stopping", "n_iter_no_change"), "patience=…, a number of epochs"),
    "tol": "stop_below=… (a loss) or patience=… (epochs)",
    **dict.fromkeys(("max_iter", "n_iter", "iterations"), "epochs=…; or steps=… on all samples at once"),
    "steps_per_epoch": "leave it out: it follows from batch_size",
    "initial_epoch": "resume=… goes on from a checkpoint",
    **dict.fromkeys(("weight_decay", "alpha", "l2"), "not supported yet: there is no penalty on weights"),
    **dict.fromkeys(("class_weight", "sample_weight"), "not supported yet: every sample counts alike"),
}

P = ParamSpec("P")
R = TypeVar("R")


def in_any_words(
    where: str, same: Mapping[str, str] = SETTINGS, refused: Mapping[str, str] = REFUSED_SETTINGS
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator: the function also takes the names that other libraries have for its arguments."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        ours = inspect.signature(function).parameters.keys() - {"self"}

        @functools.wraps(function)
        def call(*values: Any, **settings: Any) -> R:
            if not settings.keys() <= ours:
                settings = setting_names(where, settings, ours, same, refused)
            return function(*values, **settings)

        return call

    return decorate


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


def setting_names(
    where: str, settings: Mapping[str, Any], ours: Collection[str], same: Mapping[str, str] = SETTINGS,
    refused: Mapping[str, str] = REFUSED_SETTINGS,
) -> dict[str, Any]:  # fmt: skip
    """The settings of a layer, or the arguments of a function, by our names.

    Raises:
        InputError: one is unknown, occurs twice, or follows from others.
    """
    renamed: dict[str, Any] = {}
    for word, value in settings.items():
        name = word if word in ours else same.get(word, word)
        if word == "kernel_size" and "size" in ours:  # PyTorch's pooling
            name = "size"
        if name not in ours:
            if word in refused:
                kind = NotSupportedYetError if refused[word].startswith("not supp") else InputError
                raise kind(f"{where}: {word}: {refused[word]}")
            raise InputError(f"{where}: unknown word {quoted(word)}; {one_of(word, sorted(ours))}")
        if name in renamed:
            raise InputError(f"{where}: {word} and {name} mean the same; expected one of them")
        renamed[name] = value
    return renamed
