"""A training as a picture: loss, outputs, the filter before and after. Needs the extra ``plot`` (matplotlib).

A training by epochs: see ``symcnn.train.plot_epochs``.
"""

import io
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from symcnn.errors import InputError, install_command
from symcnn.files import check_writable, write_whole
from symcnn.network import Array, checked
from symcnn.numeric import compile_program
from symcnn.train.descent import parameters_after
from symcnn.train.plot_epochs import COLOURS, draw_epochs
from symcnn.train.run import Run

SUFFIXES = (".png", ".svg")

#: Steps at which the outputs are drawn, evenly on the logarithmic axis.
MOMENTS = 60


def check_plottable(path: str | Path) -> Path:
    """The path, if a picture can be drawn and written there: known before any work is done."""
    target = check_writable(path, SUFFIXES)
    if find_spec("matplotlib") is None:
        raise InputError(f"{path}: plots need matplotlib: {install_command('matplotlib')}")
    return target


def plot_run(run: Run, path: str | Path) -> Path:
    """Write the picture, in English.

    Full batch: loss, outputs of at most two images, first channel of the first filter. By epochs: loss and accuracy,
    all filters of the first convolution, and the feature maps of the first image.

    The same run gives the same bytes.
    """
    target = check_plottable(path)
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": "symcnn", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(10, 3.2), layout="constrained")
        (draw_epochs if run.history else _draw_steps)(figure, run)
        buffer = io.BytesIO()
        metadata: dict[str, Any] = {"Date": None} if target.suffix.lower() == ".svg" else {"Software": None}
        figure.savefig(buffer, format=target.suffix[1:].lower(), dpi=150, metadata=metadata)
    write_whole(target, buffer.getvalue())
    return target


def _draw_steps(figure: Any, run: Run) -> None:
    filters = _filters(run)
    axes = figure.subplots(1, 4 if filters else 2, width_ratios=[3, 3, 1.2, 1.2] if filters else [1, 1])
    _loss(axes[0], run)
    _outputs(axes[1], run)
    if filters:
        _heat_maps(axes[2:], filters)


def moments(run: Run) -> tuple[list[int], list[Array]]:
    """Steps and the parameters after them: the training walked once more, with the same program."""
    steps = sorted({0, *np.unique(np.geomspace(1, max(run.steps, 1), MOMENTS).astype(int)).tolist()})
    steps = [k for k in steps if k <= run.steps]
    return steps, parameters_after(run, steps)


def _loss(axes: Any, run: Run) -> None:
    axes.plot(np.arange(run.steps + 1), run.loss, color=COLOURS[0], linewidth=1.5)
    axes.set(title="$E_{total}$", xlabel="step", yscale="log" if (run.loss > 0).all() else "linear")
    axes.grid(alpha=0.3)


def _outputs(axes: Any, run: Run) -> None:
    steps, thetas = moments(run)
    images = checked(run.network, run.data)[0][:2]
    program = compile_program(run.network)
    outputs = np.array([program.predict(theta, images) for theta in thetas])
    for n in range(outputs.shape[1]):
        for k in range(min(outputs.shape[2], 4)):
            style = "-" if n == 0 else "--"
            label = f"$o_{{{k + 1}}}$, image {n + 1}"
            axes.plot(steps, outputs[:, n, k], style, color=COLOURS[k], linewidth=1.3, label=label)
    axes.set(title="outputs", xlabel="step", xscale="symlog")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, loc="upper left")


def _filters(run: Run) -> list[Array]:
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
