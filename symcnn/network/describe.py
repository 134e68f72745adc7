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
    """The layer's settings by name, as a reader wants them: stride filled in, a window as rows and columns."""
    values = {f.name: getattr(layer, f.name) for f in fields(layer)}
    window = values.get("kernel_size", values.get("size"))
    if window is not None:
        values["rows"], values["columns"] = window if isinstance(window, tuple) else (window, window)
        values["stride"] = values["stride"] or window
    return {name: "×".join(map(str, v)) if isinstance(v, tuple) else v for name, v in values.items()}
