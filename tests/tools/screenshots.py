"""``python -m tests.tools.screenshots [en] [fr] [lenet]`` writes ``reports/en``, ``reports/fr``, ``reports/pictures``.

The reports are what ``symcnn article`` writes. Pages are taken by Chromium, sheets printed by LibreOffice and cropped.
Without arguments everything; ``lenet`` trains for a minute. Needs Chromium, LibreOffice, poppler-utils, Pillow (extra
``plot``), typst (extra ``pdf``) and, for ``lenet``, scikit-learn.
"""

import base64
import contextlib
import io
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import openpyxl
from PIL import Image, ImageChops

from symcnn.cli import main
from symcnn.text import catalogue
from tests.tools.browser import chromium
from tests.tools.recalculate import OFFICE

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "reports" / "pictures"
#: Sheets, by their keys in the catalogue; of each its first printed page.
SHEETS = ("contents", "convolution", "inputs", "forward", "backward", "charts")
#: Dots per inch; a LeNet's overview is one page of many cells.
DENSITY, MARGIN = 130, 14
#: The part of a printed page that is above its footer.
ABOVE_FOOTER = 0.955


def save(image, path):
    """With as few colours as it needs: text on paper."""
    image.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT).save(path, optimize=True)
    print(path, *image.size)


def article(lang):
    """Write ``reports/LANG`` again, and nothing that was there before."""
    with tempfile.TemporaryDirectory() as folder:
        main(["article", "--lang", lang, "--out", f"{folder}/{lang}"])
        shutil.rmtree(ROOT / "reports" / lang)
        shutil.move(f"{folder}/{lang}", ROOT / "reports")


def moving(lang, to):
    main(["picture", "--lang", lang, "--out", str(to / f"moving-{lang}.svg")])


def page(path, to, start="", size=(1280, 900)):
    """A page in a browser, from an element on."""
    with tempfile.TemporaryDirectory() as folder, chromium(folder) as tab:
        tab.open(path, width=size[0], height=size[1])
        top = tab.run(f"document.querySelector({start!r}).getBoundingClientRect().top + scrollY - 24") if start else 0
        clip = {"x": 0, "y": top, "width": size[0], "height": size[1], "scale": 1}
        data = tab.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"]
    save(Image.open(io.BytesIO(base64.b64decode(data))), to)


def pages(lang, to):
    page(ROOT / "reports" / lang / "derivation.html", to / f"report-{lang}.png", "#maps", (1280, 760))
    notes = ROOT / "examples" / ("notes.md" if lang == "en" else "notes_fr.md")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "audit.html"
        with contextlib.suppress(SystemExit):  # three of its lines are wrong
            main(["audit", str(notes), "--html", str(out), "--lang", lang])
        page(out, to / f"audit-{lang}.png", size=(1280, 700))


def printed(book, folder):
    """The workbook's pages as PDF, and the title of each."""
    profile = f"-env:UserInstallation=file://{folder}/office"
    command = [OFFICE, profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(book)]
    subprocess.run(command, check=True, capture_output=True)
    pdf = Path(folder) / f"{book.stem}.pdf"
    text = subprocess.run(["pdftotext", str(pdf), "-"], check=True, capture_output=True, text=True).stdout
    return pdf, [re.split(r"\n", part.strip())[0] for part in text.split("\f")]


def sheet(pdf, number, to, density=DENSITY):
    """A page without its margins."""
    where = ["-f", str(number), "-l", str(number), "-r", str(density), "-png"]
    data = subprocess.run(["pdftoppm", *where, str(pdf)], check=True, capture_output=True).stdout
    image = Image.open(io.BytesIO(data)).convert("RGB")
    image = image.crop((0, 0, image.width, round(ABOVE_FOOTER * image.height)))
    left, top, right, low = ImageChops.difference(image, Image.new("RGB", image.size, "white")).getbbox()
    cropped = Image.new("RGB", (right - left + 2 * MARGIN, low - top + 2 * MARGIN), "white")
    cropped.paste(image.crop((left, top, right, low)), (MARGIN, MARGIN))
    save(cropped, to)


def sheets(book, folder, keys, lang, to, density=DENSITY):
    """Of each sheet its first page: those behind it begin with something else than a sheet's title."""
    text = catalogue(lang)
    pdf, titles = printed(book, folder)
    names = openpyxl.load_workbook(book, read_only=True).sheetnames
    for key in keys:
        title = text(f"workbook.{key}")
        number = 1 if names.index(title) == 0 else 1 + titles.index(title)  # the first sheet has a title of its own
        sheet(pdf, number, to.with_name(f"{to.name}-{lang}-{key}.png"), density)


def lenet(to):
    with tempfile.TemporaryDirectory() as folder:
        with contextlib.chdir(folder):
            runpy.run_path(str(ROOT / "examples" / "12_lenet.py"))
        sheets(Path(folder) / "lenet.xlsx", folder, ("overview", "picker"), "en", to / "lenet", 150)


def take(what, to):
    """All pictures of a language, or those of the LeNet, into a folder."""
    if what == "lenet":
        lenet(to)
        return
    moving(what, to)
    pages(what, to)
    with tempfile.TemporaryDirectory() as folder:
        sheets(ROOT / "reports" / what / "cnn.xlsx", folder, SHEETS, what, to / "workbook")


if __name__ == "__main__":
    for each in sys.argv[1:] or ("en", "fr", "lenet"):
        if each != "lenet":
            article(each)
        take(each, PICTURES)
