"""The article's part 1 as a network that is trained: which 9×9 image is an X, and which an O?"""

from pathlib import Path

import symcnn

network, data = symcnn.read_network(Path(__file__).with_name("x_and_o.toml"))
derivation = symcnn.derive(network, samples=2)

print(f"{len(derivation.names)} gradients; in index notation:")
for equation in derivation.equations:
    print("   ", equation)
run = symcnn.train(network, data, learning_rate=0.5, steps=100)
print(run)
print(f"right: {run.right} of {len(data.images)}")
out = Path("examples-output")
out.mkdir(exist_ok=True)
print(symcnn.export_workbook(network, data, out / "x_and_o.xlsx", run=run, steps=10))
print(symcnn.write_report(network, out / "x_and_o.md", run=run))  # so many formulas: index notation, chosen entries
