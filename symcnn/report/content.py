"""What a report is made from: the derivation, what was proved and checked of it, one pass with numbers, a training."""

from collections.abc import Mapping
from dataclasses import dataclass

from symcnn.derivation import Derivation, Proof, check_size
from symcnn.network import Data, DataLike, Network, as_data, checked
from symcnn.numeric.values import values_of_images
from symcnn.train import Progress, Run, train
from symcnn.verification import Agreement, programs_agree

#: A report writes out every product of one image; more than this nobody reads.
MAX_PRODUCTS = 10_000


@dataclass(frozen=True)
class Content:
    """Everything that a report says, as data; the writers only lay it out.

    Attributes:
        values: for each image, every quantity's value with the initial parameters: name -> value.
        seed: where the initial parameters came from; None if they were given.
    """

    derivation: Derivation
    proof: Proof
    data: Data | None
    values: tuple[Mapping[str, float], ...]
    run: Run | None
    seed: int | None
    agreement: tuple[Agreement, ...]

    @property
    def failed(self) -> list[str]:
        """What does not hold: claims that are refuted, programs that differ."""
        refuted = [row.claim for row in self.proof.rows if row.status == "refuted"]
        return refuted + [a.backend for a in self.agreement if not a.ok]


def gather(
    network: Network,
    data: DataLike | None,
    run: Run | None,
    learning_rate: float,
    steps: int,
    seed: int,
    progress: Progress | None = None,
) -> Content:
    """Derive, prove, and with data train and check: what was not handed in is computed."""
    if run is not None:
        run.require(network)
        data = run.data if data is None else data
    given = None if data is None else as_data(data)
    samples = 1 if given is None else len(checked(network, given)[0])
    derivation = Derivation(network, samples)
    check_size((*derivation.forward, *derivation.backward), MAX_PRODUCTS, "in a report")
    proof = derivation.prove()
    if given is None:
        return Content(derivation, proof, None, (), None, None, ())
    own_seed = None if run else seed
    if run is None:
        run = train(network, given, learning_rate=learning_rate, steps=steps, seed=seed, progress=progress)
        if run.stopped == "interrupted":  # Ctrl-C meant the report, not only its training
            raise KeyboardInterrupt
    values = tuple(values_of_images(derivation, run.initial, given))
    agreement = tuple(programs_agree(derivation, run.initial, given))
    return Content(derivation, proof, given, values, run, own_seed, agreement)
