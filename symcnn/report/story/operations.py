"""Part 1 of the article, with its numbers: a feature is looked for in a 9×9 image; ReLU, pooling, flattening.

Nothing here belongs to the network that is derived: there are no letters, only numbers that follow from shown ones.
"""

from collections.abc import Iterator

import numpy as np

from symcnn import article
from symcnn.formula import tree
from symcnn.formula.tree import Node
from symcnn.network import Array
from symcnn.numeric import ArrayProgram
from symcnn.report.document import Block, Display, Section
from symcnn.report.story import pictures
from symcnn.report.story.teller import Teller

#: Significant digits of the maps: one, as the article rounds them.
ROUGH = 1


def operations(t: Teller) -> Section | None:
    """Only beside the article's own network: another has other operations."""
    if t.network != article.network():
        return None
    network, picture, features = article.operations(), article.picture().images, article.features()
    maps = {name: values[0] for name, values in ArrayProgram(network).forward(features, picture).items()}
    image, first = picture[0], np.array(article.FEATURES["diagonal"])
    inner = (
        t.section("features", t.say("story.features_heading"), _window(t, image, first, maps["x"][0])),
        t.section("feature_maps", t.say("story.feature_maps_heading"), _maps(t, image, maps["x"])),
        t.section("relu", t.say("story.relu_heading"), _relu(t, maps["x"], maps["a"])),
        t.section("pooling", t.say("story.pooling_heading"), _pooling(t, maps["a"], maps["p"])),
        t.section(
            "flattening",
            t.say("story.flattening_heading"),
            [t.paragraph("story.flattening_text", count=maps["p"].size)],
        ),
    )
    return t.section("operations", t.say("story.operations_heading"), [t.paragraph("story.operations_text")], *inner)


def matrix(values: Array, digits: int | None = None) -> tree.Matrix:
    return tree.Matrix(tuple(tuple(tree.Number(v, digits) for v in row) for row in values.tolist()))


def _window(t: Teller, image: Array, feature: Array, found: Array) -> Iterator[Block]:
    """The nine products of the first window, their sum, divided by 9."""
    size = feature.size
    piece = image[: feature.shape[0], : feature.shape[1]]
    products = [(float(a), float(b)) for a, b in zip(feature.ravel(), piece.ravel(), strict=True)]
    yield t.paragraph("story.features_text")
    yield pictures.feature_window(t, image, feature, found)
    yield t.paragraph("story.window_text", count=size)
    total = sum(a * b for a, b in products)
    pairs: tuple[Node, ...] = tuple(tree.Product((tree.Number(a), tree.Number(b))) for a, b in products)
    values = tuple(tree.Number(a * b) for a, b in products)
    yield Display(
        "window_products",
        tree.Equality(
            (tree.Convolution(matrix(piece), matrix(feature)), tree.Sum(pairs), tree.Sum(values), tree.Number(total))
        ),
    )
    yield t.paragraph("story.window_mean", count=size)
    yield Display(
        "window_mean",
        tree.Equality((tree.Fraction(tree.Number(total), tree.Number(size)), tree.Number(total / size, 2))),
    )
    yield t.paragraph("story.window_verdict")


def _maps(t: Teller, image: Array, maps: Array) -> Iterator[Block]:
    """The first map, whole, then all of them; and the first of the picture with its colours exchanged."""
    share, feature = tree.Fraction(tree.Number(1), tree.Number(9)), np.array(article.FEATURES["diagonal"], dtype=float)
    yield t.paragraph("story.maps_of_features")
    product = tree.Product((share, tree.Convolution(matrix(image), matrix(feature))))
    yield Display("map_diagonal", tree.Equality((product, matrix(maps[0], ROUGH))))
    found = [int((m == 1).sum()) for m in maps]
    yield t.paragraph("story.maps_found", first=found[0], second=found[1], third=found[2])
    yield pictures.feature_maps(t, "three_maps", maps)
    yield t.paragraph("story.inverted_text")
    yield pictures.feature_maps(t, "inverted_map", np.array([maps[0], -maps[0]]))


def _relu(t: Teller, maps: Array, activated: Array) -> Iterator[Block]:
    yield t.paragraph("story.relu_text")
    before, after = matrix(maps[0], ROUGH), matrix(activated[0], ROUGH)
    yield Display("relu_diagonal", tree.Equality((tree.Call("ReLU", (before,)), after)))
    yield pictures.feature_maps(t, "activated_maps", activated)


def _pooling(t: Teller, activated: Array, pooled: Array) -> Iterator[Block]:
    yield t.paragraph("story.pooling_text")
    for name, before, after in zip(article.FEATURES, activated, pooled, strict=True):
        largest: list[Node] = [tree.Number(v, ROUGH) for v in before[:2, :2].ravel().tolist()]
        yield Display(
            f"pooled_{name}", tree.Equality((tree.Call("max", tuple(largest)), tree.Number(float(after[0, 0]), ROUGH)))
        )
    yield pictures.feature_maps(t, "pooled_maps", pooled)
    yield t.note("pooling")
