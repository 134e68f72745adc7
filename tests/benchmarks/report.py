"""``python -m tests.benchmarks.report``: the article's report beside its bars.

KaTeX's errors want KATEX (tests/tools/katex.py), the page's times want Chromium; what is missing is said.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import symcnn
from symcnn import report
from symcnn.report.document import Document
from symcnn.report.examination import examined
from symcnn.report.story import tell
from symcnn.reports import gather
from symcnn.text import LANGUAGES, catalogue
from tests.benchmarks.common import line, median, spread, timed
from tests.benchmarks.workbook import processor_time
from tests.tools.browser import chromium, executable
from tests.tools.commonmark import DISPLAY, changed, formulas_of
from tests.tools.katex import KATEX, refused

#: Each step of the slider: its numbers set and the page laid out again (the page does it at its next frame).
MOVED = """
(async () => {
  const slider = document.querySelector('input[type="range"]'), times = [];
  for (let n = 0; n <= slider.max; n++) {
    await new Promise(requestAnimationFrame);
    slider.value = n;
    slider.dispatchEvent(new Event("input"));
    const start = performance.now();
    await new Promise(requestAnimationFrame);
    document.documentElement.getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return JSON.stringify(times);
})()"""


def write_all(folder: Path) -> None:
    """Four formats in both languages: derived, proved, trained, told and examined on the way."""
    content = gather(symcnn.article.network(), symcnn.article.images(), None, 0.5, 10_000, 0)
    for lang in LANGUAGES:
        report.write_content(content, [folder / f"{lang}{suffix}" for suffix in report.SUFFIXES], lang)


def documents() -> list[Document]:
    content = gather(symcnn.article.network(), symcnn.article.images(), None, 0.5, 10_000, 0)
    return [examined(tell(content, catalogue(lang)), content, catalogue(lang)) for lang in LANGUAGES]


def of_the_page(path: Path) -> None:
    """What a browser needs for it."""
    line("the page's size, fonts and data included", f"{path.stat().st_size / 1e6:.2f} MB", "≤ 1.5 MB")
    with chromium(path.parent / "browser") as page:
        loads = []
        for _ in range(5):
            start = time.perf_counter()
            page.open(path)
            loads.append(time.perf_counter() - start)
        line("it loads and is laid out in Chromium", spread(loads, 1e3, " ms"), "≤ 2,000 ms")
        moves = json.loads(page.run(MOVED))
        line("a move of the slider, laid out again", spread(moves, 1, " ms"), "≤ 100 ms")


def figures(runs: int = 3) -> dict[str, str]:
    """For reports/speed.md."""
    net, data = symcnn.article.network(), symcnn.article.images()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "derivation.html"
        words = "`symcnn.write_report`, HTML: derived, proved, trained, every equation examined"
        return {words: median(lambda: symcnn.write_report(net, path, data=data), runs, 1, "s")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        times = timed(lambda: write_all(folder), given.runs)
        line("four formats, two languages, proofs included", spread(times, 1, " s"), "≤ 5 s")
        line("the processor's time of it", f"{processor_time(lambda: write_all(folder)):.1f} s", "≤ 5 s")
        texts = [(folder / f"{lang}.md").read_text("utf-8") for lang in LANGUAGES]
        damaged = sum(len(changed(text)) for text in texts)
        line(f"of {sum(map(len, map(formulas_of, texts)))} Markdown formulas, changed by CommonMark", f"{damaged}", "0")
        for document in documents():
            shown = list(document.displays())
            open_ = sum(d.evidence is None for d in shown)
            line(f"equations displayed ({document.lang}); unproved", f"{len(shown)}; {open_}", "all; 0")
        of_the_page(folder / "en.html")
        if not KATEX:
            print("KaTeX is not there (tests/tools/katex.py): left out")
            return
        displays = [d for text in texts for d in DISPLAY.findall(text)]
        inline = [f for text in texts for f in formulas_of(text) if f not in displays]
        line("errors of strict KaTeX", f"{len(refused(displays, inline, folder, executable()))}", "0")


if __name__ == "__main__":
    main()
