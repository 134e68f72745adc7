"""The theorem that everything rests on."""

from symcnn.formula import tree
from symcnn.report.document import Block, Display, Section
from symcnn.report.story.teller import Teller


def chain_rule(t: Teller) -> Section:
    """∂E/∂u = Σ ∂E/∂v · ∂v/∂u, and how the derivatives stand here."""
    error, u, v = t.typography.error, tree.Symbol("u"), tree.Symbol("v")
    path = tree.Product((tree.Partial(error, v), tree.Partial(v, u)))
    general = Display("chain_rule", tree.Equality((tree.Partial(error, u), tree.Call("Σ", (path,)))))
    blocks: list[Block] = [t.paragraph("story.chain_text"), general, t.paragraph("story.chain_order")]
    return t.section("chain", t.say("report.chain_heading"), blocks)
