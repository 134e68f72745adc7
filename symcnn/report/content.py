"""What a report is made from: the derivation, what was proved and checked of it, one pass with numbers, a training."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from sympy import Add, Symbol

from symcnn.article.printed import PrintedComparison
from symcnn.derivation import Derivation, count_products
from symcnn.network import Array, Data, DataLike, Dense, Network, as_data, checked
from symcnn.numeric import ArrayProgram
from symcnn.numeric.values import values_of_images
from symcnn.proof import GradientDomain, Proof, Verdict, check_equations, prove
from symcnn.report.one_pass import OnePass
from symcnn.symbolic import Tensor, TensorKind
from symcnn.train import Progress, Run, train
from symcnn.verification import Agreement, CoqEvidence, Verification, programs_agree

#: Past so many formulas, or products in them, a report shows index notation with chosen entries: nobody reads more.
MAX_FORMULAS, MAX_PRODUCTS = 600, 10_000


#: Steps of a report's own training; of a large network the most, and the products that they may take.
STEPS, MAX_STEPS, MAX_WORK = 10_000, 200, 1_500_000_000

#: Images at which the programs are compared with 50 digits.
MAX_COMPARED = 4


@dataclass(frozen=True)
class Content:
    """Everything that a report says, as data; the writers only lay it out.

    Attributes:
        proof: of each formula; of a large network one verdict on its equations in index notation.
        large: the formulas are too many to be written out: index notation, chosen entries.
        one_pass: of a large network the numbers of the first image; None where some are not finite.
        values: for each image, every quantity's value with the initial parameters: name -> value.
        before, after: what the network answers (``answers``) with the initial and the trained parameters: (samples,
            outputs).
        seed: where the initial parameters came from; None if they were given.
        loss_gradient: what was found and proved of ∂E/∂(output), one verdict an output.
        verification, certificate: what was handed in, and nothing of it failed.
        printed, printed_tables: handed in beside the article's own network: each equation that the article prints, and
            how it agrees; of each table of numbers, whether it does.
    """

    derivation: Derivation
    proof: Proof
    data: Data | None
    values: tuple[Mapping[str, float], ...]
    run: Run | None
    seed: int | None
    agreement: tuple[Agreement, ...]
    large: bool = False
    one_pass: OnePass | None = None
    before: Array | None = None
    after: Array | None = None
    loss_gradient: tuple[Verdict, ...] = ()
    verification: Verification | None = None
    certificate: CoqEvidence | None = None
    printed: tuple[PrintedComparison, ...] = ()
    printed_tables: tuple[bool, ...] = ()

    @property
    def answers(self) -> Tensor:
        """What a reader takes for the network's answer: of a cross-entropy the probabilities, else the outputs."""
        probabilities = _probabilities(self.derivation)
        return probabilities[0] if probabilities else self.derivation.network.forward.outputs

    @cached_property
    def history(self) -> tuple[tuple[int, Array], ...]:
        """The parameters at chosen steps of a full-batch training: (step, parameters), the first and the last too."""
        run = self.run
        if self.large or run is None or run.course is not None:
            return ()
        steps = chosen_steps(run.steps)
        return tuple(zip(steps, run.parameters_after(steps), strict=True))

    @property
    def is_initial(self) -> bool:
        """Is a large network's pass with the initial parameters? Of a training that was handed in it is with those
        learnt."""
        return self.run is None or self.seed is not None

    @property
    def failed(self) -> list[str]:
        """What does not hold: claims that are refuted, programs that differ."""
        refuted = [row.claim for row in self.proof.rows if row.outcome == "wrong"]
        return refuted + [a.backend for a in self.agreement if not a.ok]


def gather(
    network: Network,
    data: DataLike | None,
    run: Run | None,
    learning_rate: float,
    steps: int | None,
    seed: int,
    progress: Progress | None = None,
) -> Content:
    """Derive, prove, and with data train and check: what was not handed in is computed.

    Args:
        steps: None: ``default_steps``.
    """
    if run is not None:
        run.require(network)
        data = run.data if data is None else data
    given = None if data is None else as_data(data)
    samples = 1 if given is None else len(checked(network, given)[0])
    derivation = Derivation(network, samples)
    large = is_large(derivation)
    proof = Proof((_equations_checked(derivation),)) if large else prove(derivation)
    content = Content(
        derivation, proof, given, (), None, None, (), large, loss_gradient=loss_gradient(derivation, large)
    )
    if given is None:
        return content
    own_seed = None if run else seed
    if run is None:
        # with values up to 1 the sums of a large network saturate whatever follows them
        initial = "scaled" if large else None
        steps = default_steps(derivation, large) if steps is None else steps
        run = train(
            network, given, learning_rate=learning_rate, steps=steps, seed=seed, initial=initial, progress=progress
        )
        if run.stopped == "interrupted":  # Ctrl-C meant the report, not only its training
            raise KeyboardInterrupt
    images, targets = checked(network, given)
    program, answer = ArrayProgram(network), content.answers.name
    # copied: a program writes its next pass into the same buffers
    before, after = (program.forward(theta, images)[answer].copy() for theta in (run.initial, run.theta))
    content = replace(content, run=run, seed=own_seed, before=before, after=after)
    if large:
        theta = run.initial if content.is_initial else run.theta
        one_pass = OnePass(derivation, theta, images[0], targets[0])
        return replace(content, one_pass=one_pass if one_pass.is_finite else None)
    values = tuple(values_of_images(derivation, run.initial, given))
    compared = (images[:MAX_COMPARED], targets[:MAX_COMPARED])
    return replace(content, values=values, agreement=tuple(programs_agree(derivation, run.initial, compared)))


def default_steps(derivation: Derivation, large: bool) -> int:
    """How many steps a report's own training has: of a large network what some seconds suffice for."""
    if not large:
        return STEPS
    products = derivation.samples * count_products((*derivation.forward, *derivation.backward))
    return max(1, min(MAX_STEPS, MAX_WORK // products))


def chosen_steps(last: int) -> list[int]:
    """Steps that show how a training goes: each of the first ten, then ever fewer, and the last."""
    shape = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80)
    further = (n * 10**power for power in range(len(str(last))) for n in shape)
    return sorted({*range(min(last, 10) + 1), *(n for n in further if n < last), last})


def is_large(derivation: Derivation) -> bool:
    """Has it more formulas than anyone reads? Counted from the equations: nothing is made for that."""
    equations = (*derivation.forward, *derivation.backward)
    formulas = sum(tensor.size for tensor in {e.target.tensor for e in equations})
    return formulas > MAX_FORMULAS or count_products(equations) > MAX_PRODUCTS


def _equations_checked(derivation: Derivation) -> Verdict:
    """The adjoint equations as they are shown, checked as they stand."""
    return check_equations(derivation, derivation.equations[len(derivation.forward) :])


#: Outputs of a large network about which statements in index notation are decided one by one.
MAX_OUTPUTS = 36


def head(derivation: Derivation) -> Derivation | None:
    """Of the outputs and the loss alone, which are decided by themselves where the whole network is large.

    None: there are too many outputs, or the network states its loss in another way.
    """
    network = derivation.network
    if network.outputs > MAX_OUTPUTS:
        return None
    activation = "sigmoid" if network.loss == "binary_cross_entropy" else None
    found = Derivation(Network((1,), [Dense(network.outputs, activation)], network.loss), derivation.samples)
    last = next(n for n, e in enumerate(found.forward) if e.target.tensor == found.network.forward.outputs)
    loss = found.forward[last + 1 :]
    return found if derivation.forward[-len(loss) :] == loss else None


def loss_gradient(derivation: Derivation, large: bool) -> tuple[Verdict, ...]:
    """Is ∂E/∂o of a cross-entropy y·Σt - t? Derived is another formula; whether it says the same is decided.

    Nothing where there is no such loss, or nothing can be decided of it by itself.
    """
    if derivation.network.loss != "cross_entropy":
        return ()
    decided = head(derivation) if large else derivation
    if decided is None:
        return ()
    stated = decided.network.forward
    assert stated.targets is not None
    [probabilities] = _probabilities(decided)
    y, t = (list(map(Symbol, tensor.scalars())) for tensor in (probabilities, stated.targets))
    domain = GradientDomain(decided, stated.outputs.scalars())
    return tuple(domain.decide(o, y[k] * Add(*t) - t[k]) for k, o in enumerate(stated.outputs.scalars()))


def _probabilities(derivation: Derivation) -> list[Tensor]:
    """y, the softmax of the outputs, where the loss is a cross-entropy."""
    return [e.target.tensor for e in derivation.forward if e.target.tensor.kind is TensorKind.PROBABILITY]
