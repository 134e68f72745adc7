"""The picture of a training by epochs: loss and accuracy, all filters of the first convolution, maps of one image."""

from typing import Any

import numpy as np

from symcnn.network import Array, checked
from symcnn.numeric import ArrayProgram
from symcnn.symbolic import Tensor
from symcnn.train.run import Run

COLOURS = ("#1F5FA8", "#C4622D", "#2B8C82", "#7D4E9E")

#: Between two maps.
GAP = "#C9D3DE"

#: Maps beside each other in a picture.
ACROSS = 4

#: Filters and feature maps that are drawn; more would be too small to see.
MOST = 32


def draw_epochs(figure: Any, run: Run) -> None:
    """Draw on an empty figure of matplotlib."""
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


def _curves(panel: Any, run: Run, title: str, fields: tuple[str, str]) -> None:
    numbers = [epoch.number for epoch in run.history]
    for field, name, colour in zip(fields, ("training", "validation"), COLOURS, strict=False):
        values = [getattr(epoch, field) for epoch in run.history]
        if None not in values:
            panel.plot(numbers, values, color=colour, linewidth=1.5, label=name)
    if fields[0] == "accuracy":
        panel.set_ylim(-0.02, 1.02)
    panel.set(title=title, xlabel="epoch")
    panel.grid(alpha=0.3)
    panel.legend(fontsize=7)


def _filters(panels: Any, run: Run) -> None:
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


def _maps(panels: Any, run: Run) -> None:
    """The first image, and what the first convolution makes of it after the training."""
    images = checked(run.network, run.data)[0][:1]
    tensor = run.network.forward.feature_maps[0]
    made = ArrayProgram(run.network).forward(run.theta, images)[tensor.name]
    image = images[0] if images.ndim == 4 else images
    panels[0].imshow(mosaic(image[:MOST]), cmap="gray_r")
    panels[1].imshow(mosaic(made.reshape(_count(tensor), *tensor.shape[-2:])[:MOST]), cmap="gray_r")
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
