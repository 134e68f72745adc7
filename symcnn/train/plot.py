"""A training as a picture. Needs the extra ``plot`` (matplotlib).

full batch    loss, outputs of at most two images, the first channel of the first filter before and after
by epochs     loss and accuracy, all filters of the first convolution before and after, the first image's maps
"""

import io
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from symcnn.colours import SERIES
from symcnn.errors import InputError, install_command
from symcnn.files import check_writable, write_whole
from symcnn.network import Array, checked
from symcnn.numeric import ArrayProgram, compile_program
from symcnn.symbolic import Tensor

if TYPE_CHECKING:
    from symcnn.train.run import Run

SUFFIXES = (".png", ".svg")

#: Steps at which the outputs are drawn, evenly on the logarithmic axis.
MOMENTS = 60

#: The colour between two maps.
GAP = "#C9D3DE"

#: Maps beside each other in a picture.
ACROSS = 4

#: The most filters and feature maps that are drawn; more would be too small.
MOST = 32


def check_plottable(path: str | Path) -> Path:
    """Return the path, if a picture can be drawn and written there; for a check before any work is done."""
    target = check_writable(path, SUFFIXES)
    if find_spec("matplotlib") is None:
        raise InputError(f"{path}: plots need matplotlib: {install_command('matplotlib')}")
    return target


def plot_run(run: "Run", path: str | Path) -> Path:
    """Write the picture, in English; the same run gives the same bytes."""
    target = check_plottable(path)
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": "symcnn", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(10, 3.2), layout="constrained")
        (_draw_steps if run.course is None else _draw_epochs)(figure, run)
        buffer = io.BytesIO()
        metadata: dict[str, Any] = {"Date": None} if target.suffix.lower() == ".svg" else {"Software": None}
        figure.savefig(buffer, format=target.suffix[1:].lower(), dpi=150, metadata=metadata)
    write_whole(target, buffer.getvalue())
    return target


# --- full batch ------------------------------------------------------------------------------------------------------


def _draw_steps(figure: Any, run: "Run") -> None:
    filters = _first_filter(run)
    axes = figure.subplots(1, 4 if filters else 2, width_ratios=[3, 3, 1.2, 1.2] if filters else [1, 1])
    _loss(axes[0], run)
    _outputs(axes[1], run)
    if filters:
        _heat_maps(axes[2:], filters)


def _loss(axes: Any, run: "Run") -> None:
    axes.plot(np.arange(run.steps + 1), run.loss, color=SERIES[0], linewidth=1.5)
    axes.set(title="$E_{total}$", xlabel="step", yscale="log" if (run.loss > 0).all() else "linear")
    axes.grid(alpha=0.3)


def _outputs(axes: Any, run: "Run") -> None:
    steps = sorted({0, *np.unique(np.geomspace(1, max(run.steps, 1), MOMENTS).astype(int)).tolist()})
    steps = [k for k in steps if k <= run.steps]
    images = checked(run.network, run.data)[0][:2]
    program = compile_program(run.network)
    outputs = np.array([program.predict(theta, images) for theta in run.parameters_after(steps)])
    for n in range(outputs.shape[1]):
        for k in range(min(outputs.shape[2], 4)):
            style = "-" if n == 0 else "--"
            label = f"$o_{{{k + 1}}}$, image {n + 1}"
            axes.plot(steps, outputs[:, n, k], style, color=SERIES[k], linewidth=1.3, label=label)
    axes.set(title="outputs", xlabel="step", xscale="symlog")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, loc="upper left")


def _first_filter(run: "Run") -> list[Array]:
    """The first filter before and after, as rows and columns."""
    tensor = run.network.forward.parameters[0]
    if not run.network.forward.feature_maps:
        return []
    rows, columns = tensor.shape[-2:]
    return [theta[: rows * columns].reshape(rows, columns) for theta in (run.initial, run.theta)]


def _heat_maps(axes: Any, filters: list[Array]) -> None:
    reach = max(float(np.abs(f).max()) for f in filters) or 1.0
    for axis, values, title in zip(axes, filters, ("filter before", "after"), strict=True):
        axis.imshow(values, cmap="RdBu", vmin=-reach, vmax=reach)
        for (r, c), value in np.ndenumerate(values):
            light = abs(value) > 0.6 * reach
            axis.text(c, r, f"{value:.2f}", ha="center", va="center", fontsize=8, color="white" if light else "black")
        axis.set(title=title, xticks=[], yticks=[])


# --- by epochs -------------------------------------------------------------------------------------------------------


def _draw_epochs(figure: Any, run: "Run") -> None:
    accuracy, convolved = run.history[0].accuracy is not None, bool(run.network.forward.feature_maps)
    curves = 1 + accuracy
    figure.set_size_inches(3.4 * curves + (7.2 if convolved else 0), 3.4)
    panels = figure.subplots(1, curves + (4 if convolved else 0), squeeze=False)[0]
    _curves(panels[0], run, "loss per sample", ("loss", "validation_loss"))
    if accuracy:
        _curves(panels[1], run, "accuracy", ("accuracy", "validation_accuracy"))
    if convolved:
        _filters(panels[curves : curves + 2], run)
        _maps(panels[curves + 2 :], run)


def _curves(panel: Any, run: "Run", title: str, fields: tuple[str, str]) -> None:
    numbers = [epoch.number for epoch in run.history]
    for field, name, colour in zip(fields, ("training", "validation"), SERIES, strict=False):
        values = [getattr(epoch, field) for epoch in run.history]
        if None not in values:
            panel.plot(numbers, values, color=colour, linewidth=1.5, label=name)
    if fields[0] == "accuracy":
        panel.set_ylim(-0.02, 1.02)
    panel.set(title=title, xlabel="epoch")
    panel.grid(alpha=0.3)
    panel.legend(fontsize=7)


def _filters(panels: Any, run: "Run") -> None:
    """The first convolution's filters before and after; the channels of one stand below each other."""
    tensor, maps = run.network.forward.parameters[0], _count(run.network.forward.feature_maps[0])
    drawn = [
        mosaic(_stacked(theta[: tensor.size].reshape(maps, -1, *tensor.shape[-2:])[:MOST]))
        for theta in (run.initial, run.theta)
    ]
    reach = max(float(np.nanmax(np.abs(picture))) for picture in drawn) or 1.0
    for panel, picture, title in zip(panels, drawn, ("filters before", "after"), strict=True):
        panel.imshow(picture, cmap="RdBu", vmin=-reach, vmax=reach)
        panel.set(title=title, xticks=[], yticks=[], facecolor=GAP)


def _maps(panels: Any, run: "Run") -> None:
    """The first image, and its feature maps after the first convolution, after the training."""
    images = checked(run.network, run.data)[0][:1]
    tensor = run.network.forward.feature_maps[0]
    maps = ArrayProgram(run.network).forward(run.theta, images)[tensor.name]
    image = images[0] if images.ndim == 4 else images
    panels[0].imshow(mosaic(image[:MOST]), cmap="gray_r")
    panels[1].imshow(mosaic(maps.reshape(_count(tensor), *tensor.shape[-2:])[:MOST]), cmap="gray_r")
    for panel, title in zip(panels, ("first image", "its feature maps"), strict=True):
        panel.set(title=title, xticks=[], yticks=[], facecolor=GAP)


def _count(feature_map: Tensor) -> int:
    return feature_map.shape[0] if len(feature_map.shape) == 3 else 1


def _stacked(filters: Array) -> Array:
    """(filters, channels, rows, columns) as one map each, a blank row between two channels."""
    filters = np.pad(filters, ((0, 0), (0, 0), (0, 1), (0, 0)), constant_values=np.nan)
    rows: Array = filters.reshape(len(filters), -1, filters.shape[-1])[:, :-1]
    return rows


def mosaic(maps: Array) -> Array:
    """(maps, rows, columns) as one picture, ``ACROSS`` beside each other, with blank lines (NaN) between them."""
    across = min(ACROSS, len(maps))
    down = -(-len(maps) // across)
    _, rows, columns = maps.shape
    picture = np.full((down * (rows + 1) - 1, across * (columns + 1) - 1), np.nan)
    for n, values in enumerate(maps):
        top, left = n // across * (rows + 1), n % across * (columns + 1)
        picture[top : top + rows, left : left + columns] = values
    return picture
