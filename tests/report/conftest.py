"""What the tests of reports share: the article's, derived, told and examined once."""

import pytest

from symcnn.report.examination import examined
from symcnn.report.story import tell
from symcnn.reports import gather
from symcnn.text import LANGUAGES, catalogue


@pytest.fixture(scope="session")
def content(net, data):
    return gather(net, data, None, 0.5, 100, 0)


@pytest.fixture(scope="session")
def reports(content):
    """Language -> document."""
    texts = map(catalogue, LANGUAGES)
    return {text.lang: examined(tell(content, text), content, text) for text in texts}
