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

# of the digits that it gets right, the one that it is least sure of: there is most to see in its derivatives
probabilities = run.probabilities(test.images)
classes = np.array([int(label) for label in test.labels])
sure = np.where(probabilities.argmax(1) == classes, probabilities.max(1), 1)
least = int(sure.argmin())
digit = test[least]
print(f"digit {digit.labels[0]}: taken for {probabilities[least].argmax()} with probability {sure[least]:.3f}")
out = Path("examples-output")
out.mkdir(exist_ok=True)
print(symcnn.export_workbook(network, digit, out / "lenet.xlsx", run=run))
print(symcnn.write_report(network, out / "lenet.html", data=digit, run=run))
