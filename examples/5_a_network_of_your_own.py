"""A network from a file: derived, proved, trained, exported and reported by the same calls as the article's."""

from pathlib import Path

import symcnn

network, data = symcnn.read_network(Path(__file__).with_name("network.toml"))

derivation = symcnn.derive(network, samples=3)
print("first of", len(derivation.gradients), "formulas:", derivation["f_111"])
proof = derivation.prove()
print("proved:", proof.proved, "of", len(proof.rows))

run = symcnn.train(network, data, learning_rate=2.0, steps=3_000)
print(run)
out = Path("examples-output")
out.mkdir(exist_ok=True)
print(symcnn.export_workbook(network, data, out / "own.xlsx", run=run, steps=30, lang="fr"))
print(symcnn.write_report(network, out / "own.md", run=run, lang="fr"))
