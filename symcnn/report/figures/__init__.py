"""The figures of a report, drawn from the network, its derivation and its training: data that draws itself as SVG.

Each function gives a ``Sketch``, which satisfies ``report.document.Drawing``. A figure knows no language: words come as
arguments (``Words``: a string, a formula tree, or a tuple of both), so does the decimal sign, and symbols are made by a
``Typography``. What is live on the page (``data-v``, ``data-heat``, ``data-edge``, ``data-on``) is told in ``sketch``.

    network_diagram   image, filters, maps, neurons, error, with weights; or blocks, if it is large
    grids             matrices in a row, with signs between them: images, filters before and after, ReLU, pooling
    heats             many cells in little room: the maps, filters and derivatives of a pass
    convolution       image ∗ filter = map, one window worked out
    gradient_windows  the positions of the window whose sums are ∂E/∂f: I ∗ ∂E/∂X
    loss_curve        the error over the training
    outputs_curve     outputs over the training, towards their targets
    chain_paths       the ways from one quantity to the error
"""

from symcnn.report.figures.convolution import convolution, gradient_windows
from symcnn.report.figures.curve import Series, loss_curve, outputs_curve
from symcnn.report.figures.grid import Grid, Kind, PassNumbers, Window, framed, grid_of, grid_of_tensor, grids
from symcnn.report.figures.heat import Heat, heats, matrices, most_cells, most_pictures, reduced
from symcnn.report.figures.network import WORDS, network_diagram
from symcnn.report.figures.paths import chain_paths
from symcnn.report.figures.sketch import COLOURS, Sketch, Words

__all__ = [
    "COLOURS", "WORDS", "Grid", "Heat", "Kind", "PassNumbers", "Series", "Sketch", "Window", "Words", "chain_paths",
    "convolution", "framed", "gradient_windows", "grid_of", "grid_of_tensor", "grids", "heats", "loss_curve",
    "matrices", "most_cells", "most_pictures", "network_diagram", "outputs_curve", "reduced",
]  # fmt: skip
