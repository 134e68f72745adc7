"""The sample is whole: a kind of block or node that it lacks is one that no print is tried on."""

from typing import get_args

import pytest

from symcnn.report.document import Block, Inline
from tests.tools.sample_report import NODES, document, kinds


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_sample_has_every_kind_of_block_and_node(lang):
    found = kinds(document(lang))
    assert found >= NODES
    assert found >= set(get_args(Block))
    assert found >= {kind for kind in get_args(Inline) if kind is not str}


def test_its_names_and_numbers_are_its_own():
    displays = list(document().displays())
    assert [d.number for d in displays] == list(range(1, len(displays) + 1))
    assert len({d.id for d in displays}) == len(displays)
