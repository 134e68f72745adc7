"""The page in a browser: what a person would look for. Each check is also shown a page with a fault, and sees it."""

import json
import re
from dataclasses import replace

import pytest

import symcnn
from symcnn.colours import DARK, LIGHT
from symcnn.formula import Plain, tree
from symcnn.report.document import InlineFormula, Paragraph, Section
from symcnn.report.examination import examined
from symcnn.report.html import to_html
from symcnn.report.story import tell
from symcnn.reports import gather
from symcnn.text import catalogue
from tests.tools import sample_report as sample
from tests.tools.browser import chromium

#: A desktop and a phone.
WIDTHS = (1280, 390)
#: A4 less the margins of the style sheet, in CSS pixels.
PAPER = 665


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture(scope="module")
def article():
    text = catalogue("fr")
    content = gather(symcnn.article.network(), symcnn.article.images(), None, 0.5, 1000, 0)
    return examined(tell(content, text), content, text)


@pytest.fixture(scope="module")
def written(article, tmp_path_factory):
    """The article's page in French, and the small document with every block and a user's hostile words."""
    folder = tmp_path_factory.mktemp("pages")
    for name, document in (("article", article), ("sample", sample.document())):
        (folder / f"{name}.html").write_text(to_html(document), "utf-8")
    return folder


@pytest.fixture
def spoilt(written):
    """A page with a fault put in."""

    def spoil(old, new, *, name="sample", policy=True):
        page = (written / f"{name}.html").read_text("utf-8")
        assert old in page
        page = page.replace(old, new, 1)
        if not policy:
            page = re.sub(r"<meta http-equiv[^>]*>", "", page)
        path = written / "spoilt.html"
        path.write_text(page, "utf-8")
        return path

    return spoil


# --- checks: each gives the faults that it finds --------------------------------------------------------------------


def unseen(page):
    """Formulas without size, among those that this layout shows."""
    return page.run(
        """[...document.querySelectorAll("math")].filter(m => m.checkVisibility()).filter(m => {
             const r = m.getBoundingClientRect(); return r.width < 1 || r.height < 4; }).map(m => m.outerHTML)"""
    )


def too_wide(page):
    """What reaches over the edge of the page, or is cut off in a part that scrolls."""
    return page.run(
        """[...document.querySelectorAll("body *")].filter(e => {
             if (!e.checkVisibility() || e.closest(".skip")) return false;
             const r = e.getBoundingClientRect();
             const cut = e.matches(".steps, .table") && e.scrollWidth > e.clientWidth + 1;
             return cut || r.width && (r.right > document.documentElement.clientWidth + 1 || r.left < -1);
           }).map(e => `${e.tagName} ${e.className} ${e.textContent.slice(0, 60)}`).slice(0, 9)"""
    )


def raw(page):
    """Markup that a reader would see as such: LaTeX, or symcnn's ASCII names."""
    text = page.run("document.body.innerText")
    return re.findall(r"\\[a-z]+|\$|_\{|\b(?:E_total|d[A-Z]\w*_d\w+|[a-z]b?_[a-z]?\d+\w*)\b", text)


def nameless(page):
    """Controls and pictures that a screen reader could not name."""
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "slider", "combobox", "link", "image", "form", "navigation"}
    return [
        n["role"]["value"]
        for n in nodes
        if not n["ignored"]
        and n.get("role", {}).get("value") in roles
        and not n.get("name", {}).get("value", "").strip()
    ]


def wrong_numbers(page, states, decimal, step):
    """Live numbers that differ from Python's at a step."""
    at, plain, faults = states.steps.index(step), Plain(decimal), []
    known = {str(k): row for k, row in states.values.items()}
    found = page.run(
        """[...document.querySelectorAll("[data-v][data-digits]")].map(
             e => [e.dataset.v, Number(e.dataset.digits), e.textContent, e.dataset.p !== undefined])"""
    )
    assert len(found) > 10
    for key, digits, text, may_turn in found:
        if key in known:
            expected = plain.emit(tree.Number(known[key][at], digits))
            if may_turn and expected.startswith("−"):
                expected = f"({expected})"
            faults += [] if text == expected else [(key, text, expected)]
    return faults


# --- what holds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["article", "sample"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_loads_without_complaint_or_request(browser, written, name, width):
    browser.open(written / f"{name}.html", width=width)
    assert browser.complaints() == []
    assert browser.requests() == []


def test_complaints_and_requests_are_seen(browser, spoilt):
    browser.open(spoilt("<main", '<img src="https://example.org/x.png" alt="x"><main'))
    assert "Content Security Policy" in str(browser.complaints())
    browser.open(spoilt("<main", '<img src="https://example.org/x.png" alt="x"><main', policy=False))
    assert browser.requests() == ["https://example.org/x.png"]
    browser.open(spoilt('"use strict";', '"use strict"; throw new Error("oh");', policy=False))
    assert "oh" in str(browser.complaints())


def test_no_script_but_ours_runs(browser, spoilt):
    browser.open(spoilt("<main", "<script>window.strange = 1</script><main"))
    assert browser.run("window.strange === undefined")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["article", "sample"])
def test_every_formula_is_seen(browser, written, name, width):
    browser.open(written / f"{name}.html", width=width)
    assert browser.run('document.querySelectorAll("math").length') > 20
    assert unseen(browser) == []


def test_an_empty_formula_is_found(browser, spoilt):
    browser.open(spoilt("<main", "<math><mn></mn></math><main"))
    assert len(unseen(browser)) == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_page(browser, written, width):
    for name in ("article", "sample"):
        browser.open(written / f"{name}.html", width=width)
        assert too_wide(browser) == [], name


def test_what_is_too_wide_is_found(browser, spoilt):
    browser.open(spoilt('id="content">', 'id="content"><p style="width: 2000px; max-width: none">w</p>'))
    assert [fault.split()[0] for fault in too_wide(browser)] == ["P"]
    browser.open(spoilt('class="steps">', 'class="steps"><div style="width: 500px">w</div>'), width=390)
    assert too_wide(browser) != []


def test_a_reader_meets_no_markup(browser, written, spoilt):
    browser.open(written / "article.html")
    assert raw(browser) == []
    browser.open(spoilt("<main", r"<p>\frac{1}{2} $x$ dE_df_11 E_total w_x11h1</p><main", name="article"))
    assert raw(browser) == [r"\frac", "$", "$", "dE_df_11", "E_total", "w_x11h1"]


def test_controls_have_names(browser, written, spoilt):
    browser.open(written / "sample.html")
    assert nameless(browser) == []
    browser.open(spoilt(' aria-label="Copy equation 1 as LaTeX">(1)', ">"))
    assert nameless(browser) == ["button"]


def test_the_keyboard_reaches_the_controls(browser, written):
    browser.open(written / "article.html")
    browser.run('document.getElementById("t").focus()')
    browser.press("ArrowRight", 39)
    assert browser.run('document.getElementById("at").textContent') != "0"
    reached = []
    for _ in range(2):
        browser.press("Tab", 9)
        reached.append(browser.run("document.activeElement.id"))
    assert reached == ["back", "on"]
    assert browser.run('[...document.querySelectorAll(".no button")].every(b => b.tabIndex === 0 && !b.disabled)')


def test_a_step_shows_pythons_numbers(browser, written, article, spoilt):
    states = article.states
    browser.open(written / "article.html", f"#t={states.steps[1]}")
    assert wrong_numbers(browser, states, ",", states.steps[1]) == []
    for step in states.steps[::4]:
        browser.run(f'location.hash = "#t={step}"')
        assert browser.run('document.getElementById("at").textContent') == str(step)
        assert wrong_numbers(browser, states, ",", step) == []
    step = states.steps[-1]
    browser.open(spoilt('"f_11":[', '"f_11":[9,', name="article"), f"#t={step}")
    assert {key for key, _, _ in wrong_numbers(browser, states, ",", step)} == {"f_11"}


def test_numbers_of_every_size_are_written_as_python_writes_them(browser, tmp_path):
    values = (0.5, -0.5, 9999.7, 1e-12, -1.25e-13, 123456.5, 2.0, 0.0, 0.03125, 1e15, -3.2e17, 0.00001234567, 1 / 3)
    live = tuple(tree.Number(values[0], digits, "f_12") for digits in range(1, 9))
    states = replace(sample.document().states, steps=tuple(range(len(values))), values={sample.OF("f_12"): values})
    section = Section("s", ("s",), (Paragraph(tuple(map(InlineFormula, live * 2))),))
    page = to_html(replace(sample.document("fr"), sections=(section,), states=states))
    (tmp_path / "page.html").write_text(page, "utf-8")
    browser.open(tmp_path / "page.html")
    for step in states.steps:
        browser.run(f'location.hash = "#t={step}"')
        assert browser.run('document.getElementById("at").textContent') == str(step)
        assert wrong_numbers(browser, states, ",", step) == []


def test_cells_and_lines_of_a_figure_follow_the_step(browser, written, article):
    states = article.states
    browser.open(written / "article.html", f"#t={states.steps[-1]}")
    drawn = browser.run(
        """[...document.querySelectorAll("[data-heat], [data-edge]")].map(
             e => [e.dataset.heat || e.dataset.edge, e.classList.contains("negative")])"""
    )
    known = {str(k): row for k, row in states.values.items()}
    followed = [(key, negative) for key, negative in drawn if key in known]
    assert followed
    assert all(negative == (known[key][-1] < 0) for key, negative in followed)


def test_what_is_touched_lights_up_everywhere(browser, written):
    browser.open(written / "article.html", "#on=f_12")
    lit = browser.run('[...new Set([...document.querySelectorAll("[data-v].lit")].map(e => e.dataset.v))]')
    assert {re.sub(r"_image\d", "", key) for key in lit} == {"f_12"}
    assert browser.run('document.querySelectorAll("[data-v].lit").length') > 3
    near = browser.run('[...new Set([...document.querySelectorAll(".near")].map(e => e.dataset.v))]')
    parts = {re.sub(r"_image\d", "", key) for key in near}
    assert parts >= {"dE_dx_11", "dE_dx_12", "dE_dx_21", "dE_dx_22", "i_12", "i_13", "i_22", "i_23"}
    assert browser.run('document.getElementById("on").value') == "f_12"
    browser.press("Escape", 27)
    assert browser.run('document.querySelectorAll(".lit, .near").length') == 0
    assert browser.run("location.hash") == ""


def test_a_touch_has_an_address(browser, written):
    browser.open(written / "article.html", "#t=1")
    browser.run("""document.querySelector('.eq [data-v="x_11_image1"]').dispatchEvent(
                     new MouseEvent("click", {bubbles: true}))""")
    assert browser.run("location.hash") == "#t=1&on=x_11_image1"
    assert browser.run("document.querySelectorAll('.lit:not([data-v^=x_11]):not([data-on])').length") == 0


def test_a_click_on_a_number_copies_the_latex(browser, written):
    browser.open(written / "article.html")
    browser.run("navigator.clipboard.writeText = async text => { window.copied = text; }; 1")
    browser.run('document.querySelector("#dE_df_12 button, #f_12 button").click()')
    assert r"\frac{\partial E" in browser.run("window.copied")
    assert browser.run('document.getElementById("said").textContent') == "LaTeX copié"


def test_without_script_the_page_is_complete(browser, written, article):
    browser.open(written / "article.html", script=False)
    assert browser.run('getComputedStyle(document.getElementById("bar")).display') == "none"
    assert browser.run('document.querySelectorAll(".eq").length') == len(list(article.displays()))
    assert browser.run('document.querySelectorAll(".no button:enabled").length') == 0
    assert wrong_numbers(browser, article.states, ",", article.states.shown) == []
    assert unseen(browser) == too_wide(browser) == []


def test_dark_and_light_have_their_colours(browser, written):
    def hexadecimal(words):
        return "#" + "".join(f"{int(n):02x}" for n in re.findall(r"\d+", words))

    colours = []
    for dark in (False, True):
        browser.open(written / "sample.html", dark=dark)
        colours.append(hexadecimal(browser.run("getComputedStyle(document.body).backgroundColor")))
    assert colours == [LIGHT["paper"], DARK["paper"]]


@pytest.mark.slow
def test_paper_has_everything_and_cuts_nothing_off(browser, written, article, spoilt):
    browser.open(written / "article.html", width=PAPER, media="print", dark=True)
    assert too_wide(browser) == unseen(browser) == []
    assert browser.run('getComputedStyle(document.getElementById("bar")).display') == "none"
    assert browser.run("getComputedStyle(document.body).color") == "rgb(27, 36, 48)"  # the light ink
    assert browser.run('[...document.querySelectorAll(".eq")].every(e => getComputedStyle(e).breakInside === "avoid")')
    printed = browser.pdf()
    assert printed.startswith(b"%PDF")
    pages = printed.count(b"/Type /Page\n")
    assert len(list(article.displays())) / 12 < pages < len(list(article.displays())) / 3
    browser.open(spoilt('id="content">', 'id="content"><table style="width: 800px"><tr><td>w</table>'), width=PAPER,
                 media="print")  # fmt: skip
    assert too_wide(browser) != []


def test_a_user_s_words_are_read_as_they_are(browser, written):
    browser.open(written / "sample.html")
    assert sample.HOSTILE in browser.run('document.querySelector("h1").textContent')
    assert browser.run("document.scripts.length") == 2
    assert json.loads(browser.run('document.getElementById("states").textContent'))["steps"] == [0, 1, 10]
