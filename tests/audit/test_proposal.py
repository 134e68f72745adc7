"""What a text's own names stand for: found from what the text says of them, and true when it is put in."""

import pytest

import symcnn
from symcnn.audit import audit_text, mapping_from

NOTES = r"""
$$\delta_{o1} = (o_1 - t_1) o_1 (1 - o_1)$$

$$\frac{\partial E}{\partial w_{h1o1}} = \delta_{o1} h_1$$

$$r_1 = t_1 - o_1$$

$$y_1 = \sigma(z_{h1})$$

$$\frac{\partial E}{\partial w_{h1o1}} = \delta_{o1} y_1$$
"""


@pytest.fixture(scope="module")
def derivation():
    return symcnn.derive(symcnn.article.network())


def test_a_delta_is_our_derivative_by_the_preactivation(derivation):
    found = audit_text(NOTES, derivation)
    assert found.count("unread") == 5
    assert found.proposal.alias == {"y_1": "h_1"}
    assert list(found.proposal.derived) == [r"\delta_{o1}", "r_1"]
    assert found.proposal.derived["r_1"].startswith("-"), "the opposite sign is a convention"


def test_a_proposal_that_is_put_in_makes_the_text_true(derivation):
    proposal = audit_text(NOTES, derivation).proposal
    again = audit_text(NOTES, derivation, mapping_from(str(proposal), "proposal"))
    assert again.count("true") == 5
    assert not again.proposal


def test_a_wrong_equation_proposes_nothing(derivation):
    assert not audit_text(r"$$\delta_{o1} = (o_1 - t_1) o_1 (1 + o_1)$$", derivation).proposal


def test_a_name_of_several_letters_is_one(derivation):
    found = audit_text(r"$$net_{h1} = z_{h1}$$", derivation)
    assert found.proposal.names == ("net",)
    again = audit_text(r"$$net_{h1} = z_{h1}$$", derivation, mapping_from(str(found.proposal), "proposal"))
    assert again.proposal.alias == {"net_{h1}": "z_h1"}


def test_front_matter_may_say_other_things(derivation, tmp_path):
    path = tmp_path / "notes.md"
    for fence, title in (("+++", 'title = "Notes"'), ("---", 'title = "Notes"'), ("---", "title: Notes")):
        body = "" if ":" in title else "alias = { y_1 = 'h_1' }\n"
        path.write_text(f"{fence}\n{title}\n{body}{fence}\n$$y_1 = \\sigma(z_{{h1}})$$\n", "utf-8")
        found = symcnn.audit.audit(path, symcnn.article.network())
        assert [f.line for f in found.findings] == [4 + bool(body)]
        assert found.count("true") == bool(body)
