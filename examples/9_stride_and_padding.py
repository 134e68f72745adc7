"""Stride 2 and padding 1 on an image that is not square: what one pixel and one weight act on."""

from pathlib import Path

import symcnn
from symcnn.explain import Question, explain_number

network, data = symcnn.read_network(Path(__file__).with_name("strided.toml"))
derivation = symcnn.derive(network, samples=2)

forward, *_, image, weights, _ = derivation.equations  # the convolution, and the last three adjoints: of i, f, b
print(forward, image, weights, sep="\n")
print("one entry:", derivation["f_111"])
print(explain_number(network, data, Question("x_111_image1", step=50)))
run = symcnn.train(network, data, learning_rate=0.5, steps=300)
print(run)
out = Path("examples-output")
out.mkdir(exist_ok=True)
print(symcnn.export_workbook(network, data, out / "strided.xlsx", run=run, steps=20))
print(symcnn.write_report(network, out / "strided.md", run=run))
