"""Train on real data: the 8×8 handwritten digits of scikit-learn (pip install scikit-learn)."""

from pathlib import Path

from sklearn.datasets import load_digits

import symcnn

network, _ = symcnn.read_network(Path(__file__).with_name("digits.toml"))
digits = load_digits()
samples = symcnn.Data(digits.images / 16, digits.target, [str(label) for label in digits.target])
rest, test = samples.split(0.2, seed=0)  # the test digits are looked at once, at the end
train, validation = rest.split(0.1, seed=0)

out = Path("examples-output")
out.mkdir(exist_ok=True)
run = symcnn.train(
    network, train, batch_size=64, epochs=30, optimizer="adam", validation=validation,
    checkpoint=out / "digits.ckpt.npz",
)  # fmt: skip
for epoch in run.history[::10]:
    print(f"epoch {epoch.number:2}: loss {epoch.loss:.3f}, validation {epoch.validation_accuracy:.1%}")
print(run)
print(f"test accuracy: {run.accuracy(test):.1%} of {len(test.images)} digits")
print(out / "digits.ckpt.npz")
