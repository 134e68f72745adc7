"""What a certificate costs: ``python -m tests.benchmarks.certificate``. Needs Coq (reports/proofs.md says how).

Each figure: the median of three runs with its spread; writing with a cold SymPy cache, checking as ``symcnn certify``
does it, Print Assumptions of all theorems included.
"""

import tempfile
from pathlib import Path

import symcnn
from symcnn.certificate import Certificate, certificate_of, check
from tests.benchmarks.common import line, median, spread, timed
from tests.tools.networks import digits

EXAMPLES = Path(__file__).parents[2] / "examples"
RUNS = 3


def five() -> symcnn.Network:
    """5×5 image, two filters, 3 hidden neurons: 147 theorems for one image."""
    layers = [symcnn.Conv2D(2, 2, bias=False), symcnn.Flatten(), symcnn.Dense(3, "sigmoid"), symcnn.Dense(2, "sigmoid")]
    return symcnn.Network((5, 5), layers)


def sizes() -> None:
    """Bytes for each product, the part that all networks share left out: the same for every size."""
    shared = len(Certificate(symcnn.derive(symcnn.Network((1,), [symcnn.Dense(1)])), 1).text)
    line("what all networks share: text", f"{shared / 1000:.1f} kB", "")
    networks = {"article, two images": (symcnn.article.network(), 2)}
    for side in (5, 10, 15, 20):
        layers = [symcnn.Conv2D(2, 2, bias=False), symcnn.Dense(3, "sigmoid"), symcnn.Dense(2, "sigmoid")]
        networks[f"{side}×{side}, two filters, 3 hidden"] = symcnn.Network((side, side), layers), 1
    for name, (network, samples) in networks.items():
        derivation = symcnn.derive(network)
        products = sum(len(v.products) for v in derivation.graph)
        text = len(Certificate(derivation, samples).text) - shared
        line(f"{name}: {products} products, text", f"{text / 1000:.1f} kB: {text / products:.0f} bytes each", "linear")


def figures(runs: int = RUNS) -> dict[str, str]:
    """For reports/speed.md; without Coq only what writing takes."""
    network, data = symcnn.article.network(), symcnn.article.images()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "certificate.v"
        found = {
            "`symcnn.write_certificate`": median(
                lambda: symcnn.write_certificate(network, path, data=data), runs, 1e3, "ms"
            )
        }
    certificate = certificate_of(network, data)
    if check(certificate).status == "certified":
        found["`coqc` on it, and the axioms of every theorem"] = median(lambda: check(certificate), runs, 1, "s")
    return found


def main() -> None:
    """Every bar of the certificate."""
    two = symcnn.read_network(EXAMPLES / "two_filters.toml")[0]
    networks = [
        ("article, two images", symcnn.article.network(), 2, "≤ 1 s", "≤ 10 s"),
        ("5×5, two filters, 3 hidden", five(), 1, "", "≤ 30 s"),
        ("two filters, ReLU, max, softmax, 3 images", two, 3, "", "certified"),
        ("digits, any number of images", digits(), None, "", ""),
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name, network, samples, writing, checking in networks:

            def write(network: symcnn.Network = network, samples: int | None = samples) -> Certificate:
                certificate = Certificate(symcnn.derive(network), samples)
                (Path(folder) / "certificate.v").write_text(certificate.text, "utf-8")
                return certificate

            certificate = write()
            verdict = check(certificate)
            seconds = timed(lambda c=certificate: check(c), RUNS)
            line(
                f"{name}: {len(certificate.claims)} theorems, writing", spread(timed(write, RUNS), 1000, " ms"), writing
            )
            line(f"{name}: {verdict.status}, coqc", spread(seconds, unit=" s"), checking)
    sizes()


if __name__ == "__main__":
    main()
