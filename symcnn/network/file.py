"""Network files: TOML with the same words as in Python.

    input_shape = [3, 3]
    loss = "half_squared_error"     # the default; "none" for a forward pass only

    [[layer]]
    type = "Conv2D"
    filters = 1
    kernel_size = 2
    bias = false

    [[sample]]                      # optional: the file may hold its data
    image = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    target = [1, 0]
    label = "cross"

The file is parsed, never evaluated; an unknown word is an error that names its place.
"""

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np

from symcnn.errors import InputError, NotSupportedYetError, one_of, quoted
from symcnn.files import read_bytes, toml_from
from symcnn.network.data import Data, check_label, checked, checked_images
from symcnn.network.datafiles import text_of
from symcnn.network.layers import ACTIVATIONS, LAYERS, Layer
from symcnn.network.network import Network
from symcnn.network.words import canonical, setting_names

#: Bytes of a network file.
MAX_BYTES = 16_000_000


def read_network(path: str | Path) -> tuple[Network, Data | None]:
    """Read a network file: the network, and its samples if it has some.

    >>> import pathlib, symcnn
    >>> path = pathlib.Path("net.toml")
    >>> _ = path.write_text('''
    ... input_shape = [2]
    ... layers = [{type = "Dense", units = 1}]
    ... ''')
    >>> symcnn.read_network(path)
    (Network(input_shape=(2,), layers=(Dense(units=1, activation=None, bias=True),), loss='half_squared_error'), None)

    Raises:
        InputError: names the file, the place in it, the value, and what was expected.
    """
    path = Path(path)
    content = read_bytes(path, MAX_BYTES, "a network file (TOML)")
    try:
        document = toml_from(text_of(content, "a network file (TOML)"))
        network = network_from(document)
        samples = document.get("sample", document.get("samples"))
        data = None if samples is None else _samples(network, samples)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except NotSupportedYetError as error:
        raise NotSupportedYetError(f"{path}: {error}") from None
    return network, data


def network_from(document: dict[str, Any]) -> Network:
    """Build a network from a document of TOML or JSON.

    Raises:
        InputError: an unknown, missing or unusable word.
    """
    for word, plural in (("layer", "layers"), ("sample", "samples")):
        if plural in document and word not in document:
            document = {word if key == plural else key: value for key, value in document.items()}
    _known("the file", document, {"input_shape", "loss", "layer", "sample"})
    for word in ("input_shape", "layer"):
        if word not in document:
            raise InputError(f"{word} is missing")
    layers = [_layer(n, table) for n, table in enumerate(_tables("layer", document["layer"]), 1)]
    loss = document.get("loss", "half_squared_error")
    try:
        return Network(document["input_shape"], layers, None if loss == "none" else loss)
    except InputError as error:  # in the words of a file
        raise InputError(str(error).replace("loss=None", 'loss = "none"')) from None


def words_of(network: Network) -> dict[str, Any]:
    """The document that :func:`network_from` reads."""
    layers = []
    for layer in network.layers:
        settings = {f.name: getattr(layer, f.name) for f in fields(layer)}
        kept = {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items() if v is not None}
        layers.append({"type": type(layer).__name__, **kept})
    return {"input_shape": list(network.input_shape), "loss": network.loss or "none", "layer": layers}


def _layer(number: int, table: dict[str, Any]) -> Layer:
    where = f"layer {number}"
    kind = table.get("type")
    if kind is None:
        raise InputError(f"{where}: type is missing; expected one of {', '.join(LAYERS)}")
    values = {word: tuple(v) if isinstance(v, list) else v for word, v in table.items() if word != "type"}
    if isinstance(kind, str) and kind not in LAYERS and kind.lower() in ACTIVATIONS and not values:
        kind, values = "Activation", {"kind": kind}  # PyTorch's and Keras' layers of that name
    kind = canonical("layer", kind, LAYERS, f"{where}: type={quoted(kind)}")
    layer: type[Any] = LAYERS[kind]
    settings = setting_names(f"{where} ({kind})", values, {f.name for f in fields(layer)})
    for field in fields(layer):
        if field.name not in settings and field.default is MISSING:
            raise InputError(f"{where} ({kind}): {field.name} is missing")
        if field.type is bool and not isinstance(settings.get(field.name, False), bool):
            raise InputError(f"{where} ({kind}): {field.name}={settings[field.name]!r}; expected true or false")
    try:
        return layer(**settings)  # type: ignore[no-any-return]
    except (InputError, NotSupportedYetError) as error:
        raise type(error)(f"{where}: {error}") from None


def _samples(network: Network, tables: Any) -> Data:
    images, targets, labels = [], [], []
    for number, table in enumerate(_tables("sample", tables), 1):
        where = f"sample {number}"
        _known(where, table, {"image", "target", "label"})
        for word in ("image",) if network.loss is None else ("image", "target"):
            if word not in table:
                raise InputError(f"{where}: {word} is missing")
        try:
            images.append(checked_images(network, [table["image"]])[0])
            if network.loss is not None:
                targets.append(checked(network, ([table["image"]], [table["target"]]))[1][0])
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        labels.append(check_label(where, table["label"]) if "label" in table else None)
    named = None if all(label is None for label in labels) else [label or "–" for label in labels]
    return Data(np.array(images), np.array(targets) if network.loss is not None else None, named)


def _tables(word: str, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise InputError(f"{word}: expected tables, each under [[{word}]]")
    return value


def _known(where: str, table: dict[str, Any], words: set[str]) -> None:
    for word in table:
        if word not in words:
            raise InputError(f"{where}: unknown word {quoted(word)}; {one_of(word, sorted(words))}")
