"""The story of a derivation, as a document: what is told, in which order. The prints lay it out.

conventions · the operations with their numbers · network, images · forward pass, error · chain rule ·
∂x/∂f, ∂E/∂f, the convolution · ∂E/∂x · weights and biases · gradient descent · training · the article's equations ·
what was verified
"""

from collections.abc import Iterator

from symcnn.formula import tree
from symcnn.formula.steps import nodes
from symcnn.report.content import Content
from symcnn.report.document import Document, Figure, Section, States, displays
from symcnn.report.story.chain import chain_rule
from symcnn.report.story.convolution import filters
from symcnn.report.story.forward import error, forward, maps, weights
from symcnn.report.story.opening import conventions, images, network
from symcnn.report.story.operations import operations
from symcnn.report.story.teller import Teller
from symcnn.report.story.training import at_a_glance, descent, training
from symcnn.report.story.verified import printed, verified
from symcnn.text import Catalogue
from symcnn.version import __version__


def tell(content: Content, text: Catalogue) -> Document:
    """The whole story of a content in one language; its equations are still to be examined."""
    t = Teller(content, text)
    told = [
        conventions(t), operations(t), network(t), images(t), forward(t), error(t), chain_rule(t), *filters(t),
        maps(t), weights(t), at_a_glance(t), descent(t), training(t),
    ]  # fmt: skip
    chapters = [section for section in told if section is not None]
    told = [*chapters, printed(t, {d.id for d in displays(chapters)}), verified(t)]
    sections = tuple(section for section in told if section is not None)
    is_dense = content.large and not t.network.forward.feature_maps
    title = t.say("story.title_dense" if is_dense else "story.title")
    key = ("lead_large" if content.one_pass else "lead_bare") if content.large else "lead"
    lead = t.say(f"story.{key}", count=sum(t.counts), version=__version__)
    return Document(title, lead, sections, text.lang, text.decimal, _states(t, sections))


def _states(t: Teller, sections: tuple[Section, ...]) -> States | None:
    """The numbers of the document at steps of the training."""
    history = t.content.history if t.quantities else ()
    if not history or t.quantities is None:
        return None
    known = t.quantities.values.keys()
    return t.quantities.states(history, (key for key in _keys(sections) if key in known))


def _keys(sections: tuple[Section, ...]) -> Iterator[tree.Key]:
    """Whose numbers stand in a document, in formulas and in its drawings, and may change."""
    for part in nodes(sections):
        if isinstance(part, tree.Number) and part.key is not None:
            yield part.key
        elif isinstance(part, Figure):
            for drawing in filter(None, (part.drawing, part.narrow)):
                yield from drawing.keys()


__all__ = ["tell"]
