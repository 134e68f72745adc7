"""What axe-core, a checker of accessibility, says of the pages in Chromium: nothing, light and dark.

npm pack axe-core@4.10.3 && tar xzf axe-core-4.10.3.tgz package/axe.min.js
AXE=package/axe.min.js python -m pytest -m slow tests/report/test_accessibility.py
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path

import pytest

from symcnn.cli import main
from tests.tools.browser import chromium

AXE = os.environ.get("AXE", "")
SHA256 = "880970c081707360e64f34cea25ff91892f5bc95675b0776925b9709dd8a68bb"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not AXE, reason="no axe-core: tests/report/test_accessibility.py says how to get it"),
]

EXAMPLES = Path(__file__).parents[2] / "examples"
#: Page -> the command that writes it.
COMMANDS = {
    "article.html": ["report", "--out", "article.html"],
    "lenet.html": ["report", f"{EXAMPLES / 'lenet.toml'}", "--out", "lenet.html"],
    "notes.html": ["audit", f"{EXAMPLES / 'notes.md'}", "--html", "notes.html"],
    "exercise.html": ["exercise", "--seed", "7", "--out", "exercise.html", "--key", "key.html"],
    "key.html": ["exercise", "--seed", "7", "--out", "exercise.html", "--key", "key.html"],
}  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser")) as page:
        yield page


def write(command):
    with contextlib.suppress(SystemExit):  # an audit that finds mistakes ends with 1
        main(command)


def violations(browser, path, *, dark=False):
    """Rule and element of each violation."""
    script = Path(AXE).read_text("utf-8")
    assert hashlib.sha256(script.encode("utf-8")).hexdigest() == SHA256, "another axe-core than the one that was tried"
    browser.open(path, dark=dark)
    browser.run(f"{script};1")
    listed = browser.run(
        """axe.run({resultTypes: ["violations"]}).then(r => JSON.stringify([r.passes.length,
             r.violations.flatMap(v => v.nodes.map(n => [v.id, n.html.slice(0, 200)]))]))"""
    )
    passed, found = json.loads(listed)
    assert passed > 5
    return found


#: A large report is laid out by the same rules in both languages, and takes long.
ASKED = [(name, lang) for name in COMMANDS for lang in ("en", "fr") if (name, lang) != ("lenet.html", "fr")]


@pytest.mark.parametrize(("name", "lang"), ASKED)
def test_axe_finds_nothing(browser, name, lang, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write([*COMMANDS[name], "--lang", lang])
    assert {dark: violations(browser, name, dark=dark) for dark in (False, True)} == {False: [], True: []}


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('<html lang="en"', "<html", "html-has-lang"),
        ("main>", "div>", "landmark-one-main"),
        ("--muted:#9aa7b5", "--muted:#3a4550", "color-contrast"),
    ],
)
def test_a_fault_is_seen(browser, old, new, rule, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(COMMANDS["notes.html"])
    page = Path("notes.html").read_text("utf-8")
    assert old in page
    Path("notes.html").write_text(page.replace(old, new), "utf-8")
    assert rule in {found for found, _ in violations(browser, "notes.html", dark=True)}
