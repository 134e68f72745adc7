"""What a network is made of, as data for whoever writes it down: layers with their settings, tensors by kind."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from symcnn.network.layers import Layer
from symcnn.symbolic import Tensor


@dataclass(frozen=True)
class Kind:
    """What a tensor is: its kind's letter ("w"), and for weights, biases and preactivations whose they are."""

    letter: str
    source: str = ""
    target: str = ""


def kind_of(tensor: Tensor) -> Kind:
    """``w_xh`` is ("w", "x", "h"), ``b_h`` is ("b", "", "h"), ``xb`` is ("x", "", "")."""
    first = tensor.parts[0][0]
    if first.startswith("w_"):
        return Kind("w", first.removeprefix("w_"), tensor.parts[1][0])
    if first.startswith(("b_", "z_")):
        return Kind(first[0], "", first[2:])
    return Kind(first[0])


def settings_of(layer: Layer) -> Mapping[str, object]:
    """The layer's settings by name, as a reader wants them: stride filled in, a kernel as rows and columns."""
    values = {f.name: getattr(layer, f.name) for f in fields(layer)}
    if "size" in values:
        values["stride"] = values["stride"] or values["size"]
    if "kernel_size" in values:
        size = values["kernel_size"]
        values["rows"], values["columns"] = size if isinstance(size, (tuple, list)) else (size, size)
    return values
