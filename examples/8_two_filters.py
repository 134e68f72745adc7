"""Two filters, ReLU, max-pooling, softmax: every formula proved, and the gradient of the cross-entropy found."""

from pathlib import Path

from sympy import symbols

import symcnn

network, data = symcnn.read_network(Path(__file__).with_name("two_filters.toml"))
derivation = symcnn.derive(network, samples=3)

print("derived:", derivation["o_1"])
y_1, t_1, t_2, t_3 = symbols("y_1 t_1 t_2 t_3")
verdict = derivation.decide("o_1", y_1 * (t_1 + t_2 + t_3) - t_1)
print(f"the same as y_1·(t_1 + t_2 + t_3) - t_1: {verdict.status}, error probability below {verdict.epsilon:.0e}")
proof = derivation.prove()
print("proved:", proof.proved, "of", len(proof.rows))

run = symcnn.train(network, data, learning_rate=0.1, steps=300)
print(run)
out = Path("examples-output")
out.mkdir(exist_ok=True)
print(symcnn.export_workbook(network, data, out / "two_filters.xlsx", run=run, steps=50, lang="fr"))
print(symcnn.write_report(network, out / "two_filters.md", run=run, lang="fr"))
