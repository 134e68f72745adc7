"""A LeNet, trained on scikit-learn's digits at MNIST's size (pip install scikit-learn), and every number in it for one
digit: as a workbook and as a report."""

from pathlib import Path

import numpy as np
from scipy.ndimage import zoom  # SciPy comes with scikit-learn
from sklearn.datasets import load_digits

import symcnn

network, _ = symcnn.read_network(Path(__file__).with_name("lenet.toml"))
digits = load_digits()
images = zoom(digits.images / 16, (1, 3, 3), order=1)  # 8×8 to 24×24, and a margin of 2
images = np.pad(images, ((0, 0), (2, 2), (2, 2)))
samples = symcnn.Data(images, digits.target, [str(label) for label in digits.target])
train, test = samples.split(0.2, seed=0)

run = symcnn.train(network, train, batch_size=32, epochs=8, optimizer="adam", learning_rate=0.002, backend="numpy")
for epoch in run.history[::2]:
    print(f"epoch {epoch.number}: loss {epoch.loss:.3f}, accuracy {epoch.accuracy:.1%}")
print(f"test accuracy: {run.accuracy(test):.1%} of {len(test)} digits")

digit = test[test.labels.index("7")]
probabilities = run.probabilities(digit.images)[0]
print(f"a {digit.labels[0]}, taken for a {probabilities.argmax()} with probability {probabilities.max():.3f}")
print(symcnn.export_workbook(network, digit, "lenet.xlsx", run=run))
print(symcnn.write_report(network, "lenet.html", data=digit, run=run))
