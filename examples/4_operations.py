"""Part 1 of the article: find a diagonal in a 9×9 image of an X; then ReLU and pooling."""

import numpy as np

import symcnn

network, picture = symcnn.article.operations(), symcnn.article.picture()
maps = symcnn.compile(network).forward(symcnn.article.features(), picture.images)
first = maps["x"][0, 0]

print(np.round(first, 1))
print("first window:", round(float(first[0, 0]), 2))
print("found (row, column):", [(int(r) + 1, int(c) + 1) for r, c in np.argwhere(first == 1)])
print("after ReLU and pooling:", maps["p"].shape[1:], "→ flattened:", maps["p"].size)
