"""What ``symcnn exercise`` writes: files, pages, names, refusals."""

import json
import shutil
import subprocess

import pytest

import symcnn
from symcnn import article
from symcnn.cli import main
from symcnn.derivation import Derivation
from symcnn.exercise import draw, read_students, write_exercise
from symcnn.exercise.prints import to_typst
from symcnn.exercise.sheet import ExercisePlan
from symcnn.text import LANGUAGES, catalogue
from tests.exercise.test_sheet import NETWORKS, network_of

typst = pytest.importorskip("typst")
PDFTOTEXT = shutil.which("pdftotext")
if PDFTOTEXT is None:
    pytest.skip("no pdftotext: apt-get install poppler-utils", allow_module_level=True)

HOSTILE = ['#panic("x") $ \\ <b>&amp; "*_', "=1+1 {seed} {0} Zoë O’Neil"]


def pages_of(content):
    text = subprocess.run([PDFTOTEXT, "-layout", "-", "-"], input=content, capture_output=True, check=True).stdout
    return text.decode().replace("\xa0", " ").replace("\u202f", " ").rstrip("\f").split("\f")


@pytest.fixture(scope="module")
def plan():
    return ExercisePlan(Derivation(article.network(), 1))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exercise")
    files = write_exercise(out=folder / "exercise.pdf", key=folder / "key.pdf", seed=7)
    return folder, files


def test_the_files(written):
    folder, files = written
    assert [f.name for f in files] == ["exercise.pdf", "exercise.json", "key.pdf", "key.json"]
    assert sorted(f.name for f in folder.iterdir()) == sorted(f.name for f in files)


def test_the_json_has_what_marking_needs(written):
    folder, _ = written
    exercise, key = (json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("exercise", "key"))
    (sheet,), (answers,) = exercise["sheets"], key["sheets"]
    assert (sheet["seed"], exercise["of"], exercise["decimals"]) == (7, "f_12", 4)
    assert [b["key"] for b in sheet["blanks"]] == [b["key"] for b in answers["blanks"]]
    assert len({b["key"] for b in sheet["blanks"]}) == len(sheet["blanks"]) > 50
    assert all("value" not in b and "printed" not in b for b in sheet["blanks"])
    assert {"dE_df_12", "dE_dx_11", "E", "f_12_next"} <= {b["key"] for b in answers["blanks"] if "printed" in b}
    assert {g["quantity"] for g in sheet["given"]} >= {"i_11", "f_12", "h_2", "w_h1o2", "dE_dx_22"}


def test_every_answer_stands_on_the_key_and_no_result_on_the_exercise(written):
    folder, _ = written
    exercise, key = (" ".join(pages_of((folder / f"{name}.pdf").read_bytes())) for name in ("exercise", "key"))
    blanks = json.loads((folder / "key.json").read_text("utf-8"))["sheets"][0]["blanks"]
    given = {g["printed"] for g in json.loads((folder / "exercise.json").read_text("utf-8"))["sheets"][0]["given"]}
    seen = 0
    for blank in blanks:
        text = blank["printed"].replace("-", "−")
        assert text in key, blank["key"]
        if len(blank["printed"].partition(".")[2]) == 4 and blank["printed"] not in given:
            seen += 1
            assert text not in exercise, blank["key"]
    assert seen > 20


def test_the_same_seed_gives_the_same_bytes(written, tmp_path):
    _, files = written
    write_exercise(out=tmp_path / "exercise.pdf", key=tmp_path / "key.pdf", seed=7)
    for file in files:
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
def test_two_pages_for_every_seed(plan, lang):
    for seed in range(1, 21):
        sheet = draw(plan, article.images(), seed)
        for is_key in (False, True):
            source = to_typst([sheet], catalogue(lang), is_key).encode()
            assert len(typst.Compiler(source, ignore_system_fonts=True).compile(format="svg")) == 2, seed


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_two_to_four_pages_for_other_networks(name):
    plan = ExercisePlan(Derivation(network_of(NETWORKS[name]), 1))
    for seed in (1, 2):
        for is_key in (False, True):
            source = to_typst([draw(plan, None, seed)], catalogue("en"), is_key).encode()
            assert 2 <= len(typst.Compiler(source, ignore_system_fonts=True).compile(format="svg")) <= 4


def test_a_list_of_students(tmp_path):
    names = tmp_path / "list.csv"
    names.write_bytes("\ufeffNom;Prénom\r\nCurie;Marie\r\n\r\nNoether;Emmy\r\n".encode())
    assert read_students(names) == ["Curie Marie", "Noether Emmy"]
    write_exercise(out=tmp_path / "all.pdf", seed=7, students=names, lang="fr")
    pages = pages_of((tmp_path / "all.pdf").read_bytes())
    assert len(pages) == 4
    for page, (name, seed, number) in zip(
        pages, [("Curie Marie", 7001, 1), ("Curie Marie", 7001, 2), ("Noether Emmy", 7002, 1),
                ("Noether Emmy", 7002, 2)], strict=True
    ):  # fmt: skip
        assert f"Nom {name}" in page
        assert f"Feuille {seed} · {number}/2" in page
    sheets = json.loads((tmp_path / "all.json").read_text("utf-8"))["sheets"]
    assert [(s["student"], s["seed"]) for s in sheets] == [("Curie Marie", 7001), ("Noether Emmy", 7002)]
    # one of them again, alone
    again = draw(ExercisePlan(Derivation(article.network(), 1)), article.images(), 7002)
    assert {g["quantity"]: g["printed"] for g in sheets[1]["given"]}["f_11"] == str(again.values["f_11"])


def test_names_are_text(plan):
    sheets = [draw(plan, article.images(), 7, name) for name in HOSTILE]
    pages = typst.Compiler(to_typst(sheets, catalogue("en"), False).encode()).compile(format="pdf")
    texts = pages_of(pages)
    for n, name in enumerate(HOSTILE):
        assert " ".join(name.split()) in " ".join(texts[2 * n].split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "exercise.doc"], "unknown suffix '.doc'; expected .pdf"),
        (["--out", "net.pdf", "net.toml"], None),
        (["--seed", "-1"], "seed=-1: expected a whole number from 0"),
        (["--of", "w_h1o1"], "--of 'w_h1o1': expected a weight of the first layer: f_11"),
        (["--key", "exercise.pdf"], "exercise.pdf: the key would take the exercise's place"),
        (["--students", "missing.csv"], "missing.csv: no such file"),
        (["--students", "empty.csv"], "empty.csv: "),
        (["--students", "list.csv", "--out", "list.pdf"], None),
        (["taken.toml", "--out", "taken.pdf"], "taken.json: is not the JSON of an exercise"),
        (["forward.toml"], "this network has no loss"),
    ],
)
def test_refusals(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    network = 'input_shape = [3]\n{}[[layer]]\ntype = "Dense"\nunits = 2\n'
    for name in ("net", "taken"):
        (tmp_path / f"{name}.toml").write_text(network.format('loss = "mse"\n'))
    (tmp_path / "forward.toml").write_text(network.format('loss = "none"\n'))
    (tmp_path / "empty.csv").write_text("\n")
    (tmp_path / "list.csv").write_text("Ada\n")
    (tmp_path / "taken.json").write_text('{"mine": 1}')
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    if message is None:
        main(["exercise", *arguments])
        assert all((tmp_path / name).read_bytes() == content for name, content in before.items())
        return
    with pytest.raises(SystemExit) as stop:
        main(["exercise", *arguments])
    error = capsys.readouterr().err
    assert stop.value.code == 2
    assert message in error
    assert error.count("\n") == 1
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_an_input_is_not_written_over(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.json").write_text("Ada\n")
    with pytest.raises(SystemExit):
        main(["exercise", "--students", "names.json", "--out", "names.pdf"])
    assert "is also an input of this command" in capsys.readouterr().err
    assert (tmp_path / "names.json").read_text() == "Ada\n"


def test_from_python():
    assert symcnn.write_exercise is write_exercise
