"""The command line in English and French: its words, its help, its errors, and how its language is chosen."""

import ast
import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import symcnn
from symcnn.cli.commands import commands
from symcnn.cli.language import (
    _between,
    _filled,
    _in_french,
    _place,
    _templates,
    choose_language,
    language,
    set_language,
)
from symcnn.cli.shared import print_table
from symcnn.text import LANGUAGES, tables
from tests.network.test_file import BAD, GOOD, SAMPLE
from tests.test_cli import run
from tests.text.test_text import flat, placeholders
from tests.untrusted.test_bad_inputs import NETWORKS, SETTINGS

PACKAGE = Path(symcnn.__file__).parent


@pytest.fixture(autouse=True)
def english(monkeypatch):
    """No language is left over, and none comes from the environment of whoever runs the tests."""
    monkeypatch.delenv("SYMCNN_LANG", raising=False)
    yield
    set_language("en")


# --- which language -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "variable", "lang"),
    [
        ([], "", "en"), (["derive"], "fr", "fr"), (["derive"], "FR_ca.UTF-8", "fr"),
        (["derive", "--lang", "fr"], "", "fr"), (["derive", "--lang=fr-FR"], "", "fr"),
        (["--lang", "FR", "derive"], "", "fr"), (["derive", "--", "--lang", "fr"], "", "en"),
        (["--lang", "fr", "derive", "--lang", "en"], "fr", "en"), (["derive", "--lang", "en"], "de", "en"),
        (["derive", "--lang", "de"], "fr", "fr"), (["derive", "--lang"], "", "en"),
    ],
)  # fmt: skip
def test_the_language_is_that_of_the_option_then_of_the_variable(monkeypatch, arguments, variable, lang):
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    monkeypatch.setenv("SYMCNN_LANG", variable)
    choose_language(arguments)
    assert language() == lang


# --- errors ---------------------------------------------------------------------------------------------------------

#: The rooms whose errors reach a command line; and the errors that are raised on purpose.
ROOMS = ("cli", "network", "train", "files.py", "explain.py", "checks.py", "derivation", "numeric", "report",
         "workbook", "audit", "text", "certificate", "errors.py", "story.py", "printers", "verification",
         "reports.py")  # fmt: skip
KINDS = ("InputError", "UnknownQuantityError", "NotSupportedYetError", "TrainingDivergedError", "UsageError",
         "CheckFailed", "NothingDecided", "warn", "print_hint", "PrintError")  # fmt: skip


def lines_of(node):
    """The line that an expression makes, with ¤ for each value; two lines where it is one or the other."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return ["".join(v.value if isinstance(v, ast.Constant) else "¤" for v in node.values)]
    if isinstance(node, ast.IfExp):
        return [*lines_of(node.body), *lines_of(node.orelse)]
    return []


def raised():
    """Every error line of the package that has words of its own: file and line, kind, line."""
    for room in ROOMS:
        path = PACKAGE / room
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name in KINDS:
                    for line in lines_of(node.args[0]):
                        if re.search("[A-Za-z]{2}", line):
                            yield f"{file.relative_to(PACKAGE)}:{node.lineno}", name, line


def fits(line):
    """The templates of a line, or of what follows a file or a place in it, that leave no words of it in English."""
    starts = [0, *(match.end() for match in re.finditer(": ", line))]
    found = []
    for start in starts:
        for parts, names, *_ in _templates("line"):
            values = _between(parts, line[start:])
            if values is not None and not any(map(has_words, names, values)) and re.search("[a-z]", "".join(parts)):
                found.append("¤".join(parts))
    return found


def has_words(name, value):
    """Would the value of a placeholder be English in a French line?"""
    kind = name.rstrip("0123456789")
    if kind in ("what", "expected", "reason") and _filled(value, "part") is not None:
        return False
    if kind == "where":
        value = _place(value.replace("¤", "9"))
    return bool(re.search("[a-z]{2}", re.sub(r"\w+=¤|--[\w-]+|couche|image|ligne", "", value)))


@pytest.mark.slow
def test_almost_every_error_of_the_command_line_has_its_french(capsys):
    """Those that only a program meets (``symcnn.Data[...]``, ``run.probabilities``) need none."""
    lines = list(raised())
    missing = [f"{where} {kind}: {line}" for where, kind, line in lines if not fits(line)]
    with capsys.disabled():
        print(f" {len(lines) - len(missing)} of {len(lines)} error lines have a French template")
    assert len(lines) > 300
    assert len(missing) <= 0.12 * len(lines), "\n".join(missing)


def strings(*files):
    """Every string of some Python files, one a line, with ¤ for each value in it."""
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(v.value) if isinstance(v, ast.Constant) else "¤" for v in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


@pytest.mark.slow
def test_no_template_is_left_over():
    """What is fixed in a template stands in the code, in click's or in what the system says."""
    own = "\n".join(strings(*PACKAGE.rglob("*.py")))
    clicks = "\n".join(strings(*Path(click.__file__).parent.glob("*.py")))
    source = "\n".join([own, clicks, *(os.strerror(code) for code in errno.errorcode)])
    pieces = {
        fixed.strip(" ;:?,()[]'\"=")
        for kind in ("line", "part", "place")
        for parts, *_ in _templates(kind)
        for piece in re.split(r"(?<=[;:?,]) |\((?=No such file)", "¤".join(parts))
        for fixed in piece.strip(" ;:?,()").split("¤")
    }
    assert {words for words in pieces if words not in source} == COMPOSED


#: What the code puts together from two strings.
COMPOSED = {"may all be its", "but no array for its", "bytes packed", "expected one axis", "not an IDX file but",
            "then the class", "then the target", "more is missing", "expected TOML",
            "which takes seconds (kept in", "which takes seconds (in memory only"}  # fmt: skip


#: What is the same in both languages.
SAME = ("image {number}", "images", "targets")


def test_the_french_of_a_template_has_the_same_placeholders():
    for table in tables("errors.fr").values():
        for english, french in table.items():
            assert sorted(placeholders(french)) == sorted(placeholders(english))
            assert french != english or english in SAME


#: What a beginner types, and the French line for it.
LINES = [
    (["trian"], "commande 'trian' inconnue ; vouliez-vous écrire 'train' ?"),
    (["nonsense"], "commande 'nonsense' inconnue ; voir symcnn --help"),
    (["train", "--stps", "3"], "option '--stps' inconnue ; vouliez-vous écrire '--steps' ?"),
    (["train", "--steps", "1e4"], "--steps '1e4' : il faut un entier"),
    (["train", "--rate", "vite"], "--learning-rate 'vite' : il faut un nombre"),
    (["train", "--optimizer", "adm"], "--optimizer 'adm' : vouliez-vous écrire 'adam' ? valeurs possibles : sgd, "),
    (["train", "--steps"], "l’option '--steps' demande une valeur"),
    (["explain"], "argument NAME manquant ; voir symcnn explain --help"),
    (["derive", "a.toml", "b"], "argument en trop : b"),
    (["derive", "nix.toml"], "nix.toml : fichier introuvable ; attendu : un fichier de réseau (TOML)"),
    (["derive", "--index", "--of", "f_11"], "--index et --of ne vont pas ensemble"),
    (["derive", "--of", "q_1"], "--of 'q_1' : grandeur inconnue ; 32 noms possibles, par exemple o_1, o_2, z_o1"),
    (["explain", "f_1"], "'f_1' : grandeur inconnue ; vouliez-vous écrire 'f_11' ou 'f_12' ou 'f_21' ?"),
    (["explain", "f_12", "--image", "9"], "image 9 : il faut un entier de 1 à 2"),
    (["train", "--rate", "0"], "learning_rate=0.0 : il faut un nombre fini supérieur à 0"),
    (["train", "--steps", "-1"], "steps=-1 : il faut un entier supérieur ou égal à 0"),
    (["train", "--backend", "nunpy"], "backend='nunpy' : valeur inconnue ; vouliez-vous écrire 'numpy' ?"),
    (["train", "--data", "x.csv"], "x.csv : fichier introuvable ; attendu : des images (.npz, .csv"),
    (["report", "--out", "a.docx"], "a.docx : type de fichier '.docx' inconnu ; attendu : .md ou .html ou "),
    (["report", "--out", "no/x.md"], "no/x.md : le dossier no n’existe pas ; créez-le d’abord"),
    (["check", "foo.bar"], "foo.bar : il faut un fichier de réseau (.toml), un classeur écrit par symcnn (.xlsx)"),
    (["article", "--lang", "de"], "--lang : langue 'de' inconnue ; attendu : en, fr"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "line"), LINES, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_a_french_command_line_makes_its_mistakes_in_french(tmp_path, monkeypatch, capsys, arguments, line):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYMCNN_LANG", "fr")
    status, out, err = run(*arguments, capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.replace("\u202f", " ").startswith(f"symcnn: {line}")
    assert list(tmp_path.iterdir()) == []


ENGLISH = re.compile(r"\b(expected|unknown|missing|must|cannot|found|the|of|is|are|and|with)\b")


@pytest.mark.parametrize(("old", "message", "new"), BAD)
def test_every_mistake_in_a_network_file_too(tmp_path, capsys, old, message, new):
    path = tmp_path / "net.toml"
    path.write_text("" if new is None else GOOD.replace(old, new, 1), "utf-8")
    status, _, err = run("derive", path, "--lang", "fr", capsys=capsys)
    assert status == 2
    assert err.count("\n") == 1
    line = err.removeprefix(f"symcnn: {path}\u202f: ")
    assert line != err
    assert not ENGLISH.search(re.sub(r"TOML incorrect \(.*\)|'[^']*'", "", line)), line


@pytest.mark.slow
def test_most_bad_settings_and_network_files_have_a_french_line_and_none_has_half_of_one(tmp_path, monkeypatch, capsys):
    """Those of the tests of what is untrusted; in brackets a library's own words may stay."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYMCNN_LANG", "fr")
    calls = [arguments for arguments in SETTINGS if "--lang" not in arguments]
    for number, network in enumerate(NETWORKS):
        Path(f"{number}.toml").write_text(network, "utf-8")
        calls.append(["train", f"{number}.toml", "--steps", "2"])
    lines = [run(*arguments, capsys=capsys)[2] for arguments in calls]
    assert len(lines) > 150
    french = [line for line in lines if re.search("[éèêàç’\u202f]", line)]
    assert len(french) >= 0.97 * len(lines), [line for line in lines if line not in french]
    for line in french:
        assert not ENGLISH.search(re.sub(r"'[^']*'|\"[^\"]*\"|\(.*\)|missing\.\w+|Infinity|--[a-z]+", "", line)), line


def test_a_line_without_a_template_stays_english_as_a_whole():
    assert _in_french("net.toml: layer 2: something that nobody has translated") is None
    assert _in_french("net.toml: expected what nobody knows of; expected one of a, b") is None
    # what the user wrote stays, whatever it looks like
    assert _in_french("sample 3: cannot be read (Is a directory); expected an image") == (
        "image 3\u202f: lecture impossible (c’est un dossier)\u202f; attendu\u202f: une image"
    )
    assert _in_french("a is missing.toml: unknown suffix '.x is missing'; expected .md or .tex") == (
        "a is missing.toml\u202f: type de fichier '.x is missing' inconnu\u202f; attendu\u202f: .md ou .tex"
    )
    assert _in_french("validation: " * 80 + "nothing") is None  # and at once
    # a part of a line is no line, and what names a file is no reason
    assert _in_french("a.xlsx: not well-formed XML (syntax error: line 1, column 0)") is None
    assert _in_french("a.txt: is a file; expected a folder") == "a.txt\u202f: c’est un fichier\u202f; donnez un dossier"
    assert _in_french("a.csv: line 1 has a decimal comma, and more") is None
    # the template that says most of it
    assert (
        _in_french("seed=-2: expected a whole number, at least 0") == "seed=-2\u202f: il faut un entier positif ou nul"
    )
    assert _in_french("d: cannot be read (it is a folder, not a file); expected an image") == (
        "d\u202f: lecture impossible (c’est un dossier, pas un fichier)\u202f; attendu\u202f: une image"
    )


# --- words and help -------------------------------------------------------------------------------------------------


def test_both_languages_have_the_same_words():
    english, french = (dict(flat(tables(f"cli.{lang}"))) for lang in LANGUAGES)
    assert english.keys() == french.keys()
    for key, text in english.items():
        assert placeholders(text) == placeholders(french[key]), key
        assert text != "" != french[key]


def test_no_word_is_left_over():
    """Each is asked for by its key, or is the help of an option that there is."""
    source = "\n".join(p.read_text("utf-8") for p in (PACKAGE / "cli").glob("*.py"))
    options = {name for command in [commands, *commands.commands.values()] for p in command.params for name in p.opts}
    for key, _ in flat(tables("cli.en")):
        *room, word = key.split(".")
        if "options" in room:
            assert word == "help" or f"--{word.replace('_', '-')}" in options, key
        elif room[:1] == ["commands"]:
            assert room[1] in (*commands.commands, "symcnn")
            assert word in ("short", "long")
        else:
            built = word.startswith("stopped_") or room in (["help"], ["derive"], ["start"], ["template"])
            assert built or key in source or re.search(rf"[\"'.]{word}[\"']", source), key


@pytest.mark.parametrize("name", ["", *commands.commands])
def test_the_help_of_a_command_in_french(capsys, name):
    status, out, _ = run(*([name] if name else []), "--help", "--lang", "fr", capsys=capsys)
    assert status == 0
    assert out.startswith("Utilisation\u202f: symcnn")
    plain = re.sub(r"`[^`]*`|[-A-Z.\w]+\|[-A-Z.|\w]+|\[[a-z|0-9]+\]|--[\w-]+", "", out)
    assert not re.search(r"\b(the|Show|default|Usage|Commands|INTEGER|FLOAT|of|is|and)\b", plain), plain
    assert run(*([name] if name else []), "--help", capsys=capsys)[1].startswith("Usage: symcnn")


def test_the_french_of_the_command_line_is_set_as_french_is():
    """Narrow no-break spaces before ; : ! ?, the apostrophe ’, no « » and no ordinary no-break space."""
    texts = [text for name in ("cli.fr", "errors.fr") for _, text in flat(tables(name))]
    for text in texts:
        words = re.sub(r"`[^`]*`|'\{\w+\}'|loss='\w+'|'none'|'images'|numpy\.savez\('[^']*'", "", text)
        assert not re.search("[ \u00a0][;:!?]|[«»\u00a0]|\\w'\\w", words), text


def test_every_command_prints_in_the_language_chosen(tmp_path, capsys):
    path = tmp_path / "net.toml"
    path.write_text(GOOD + SAMPLE + SAMPLE.replace("[1, 0]\n", "[0, 1]\n"), "utf-8")
    out = run("train", path, "--steps", "3", "--save", tmp_path / "run.json", "--lang", "fr", capsys=capsys)[1]
    assert all(
        word in out for word in ("apprentissage", "itérations", "3 (limite atteinte)", "erreur", "sorties après")
    )
    assert not re.search(r"\d\.\d", out)
    out = run("predict", tmp_path / "run.json", path, "--lang", "fr", capsys=capsys)[1:]
    assert "réponse" in out[0] or "aucune" in out[1] or "attendu" in out[1], out
    assert "24 gradients\u202f: 20 pour les paramètres + 4" in run("derive", "--lang", "fr", capsys=capsys)[1]
    assert "prédit" in run("derive", "--of", "b_o1", "--lang", "fr", capsys=capsys)[1]
    out = run("derive", "--index", "--lang", "fr", capsys=capsys)[1]
    assert "Contrôle (" in out
    assert "fois la propagation avant" in out
    # and after a French command the next is English again
    assert "24 gradients: 20 for the parameters" in run("derive", capsys=capsys)[1]


def test_a_table_breaks_no_line_at_a_space_that_is_none(capsys):
    cell = "le mot\u202f: " * 40
    print_table("", [[cell, "\ufdd0 \ufdd1 \xa0"]])
    out = capsys.readouterr().out
    assert "mot\u202f: le" in out
    assert not re.search("[│ ] *: ", out.replace("\u202f: ", ""))
    assert r"\ufdd0 \ufdd1" in out


def test_an_unknown_language_in_the_variable_is_one_line(capsys, monkeypatch):
    monkeypatch.setenv("SYMCNN_LANG", "de")
    assert run("derive", capsys=capsys) == (
        2,
        "",
        "symcnn: SYMCNN_LANG: unknown language 'de'; expected one of en, fr\n",
    )
    assert run("derive", "--index", "--lang", "en", capsys=capsys)[0] == 0


def test_ctrl_c_in_french():
    code = "import symcnn.cli.language as l, sys, os; os.environ['SYMCNN_LANG'] = 'fr'\n"
    code += "import symcnn.explain\ndef stop(*a, **k): raise KeyboardInterrupt\n"
    code += "sys.modules['symcnn.explain'].explain_number = stop\n"
    code += "import symcnn.cli; symcnn.cli.main(['explain', 'f_12'])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.strip()) == (130, "symcnn: interrompu")


# --- a network file to begin with ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("template", ["small", "digits", "lenet"])
def test_a_new_network_file_is_read_and_never_written_over(tmp_path, monkeypatch, capsys, lang, template):
    monkeypatch.chdir(tmp_path)
    status, out, _ = run("new", "my net.toml", "--template", template, "--lang", lang, capsys=capsys)
    assert (status, out) == (0, "my net.toml\n")
    content = Path("my net.toml").read_text("utf-8")
    assert f"symcnn derive 'my net.toml'{' --lang fr' if lang == 'fr' else ''}\n" in content
    assert ("# Les couches, de l’image aux sorties" if lang == "fr" else "# The layers, from the image") in content
    network, data = symcnn.read_network("my net.toml")
    assert len(network.parameters) == {"small": 43, "digits": 810, "lenet": 61_706}[template]
    assert (data is None) == (template != "small")
    status, out, err = run("new", "my net.toml", capsys=capsys)
    assert (status, out) == (2, "")
    assert "already there" in err
    assert Path("my net.toml").read_text("utf-8") == content


@pytest.mark.slow
def test_the_commands_that_a_new_file_names_work_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("new", "my.toml", capsys=capsys)[0] == 0
    commands = re.findall("^#     symcnn (.+)$", Path("my.toml").read_text("utf-8"), re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        arguments = command.split()
        steps = ["--steps", "100"] if arguments[0] in ("train", "report", "export") else []
        status, _, err = run(*arguments, *steps, capsys=capsys)
        assert status == 0, err
    assert {path.name for path in tmp_path.iterdir()} == {"my.toml", "report.html", "workbook.xlsx"}
    run("train", "my.toml", capsys=capsys)


def test_new_takes_no_other_ending_and_no_folder_that_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert "unknown suffix '.txt'; expected .toml" in run("new", "a.txt", capsys=capsys)[2]
    assert "the folder no does not exist" in run("new", "no/a.toml", capsys=capsys)[2]
    assert "did you mean 'digits'?" in run("new", "a.toml", "--template", "digit", capsys=capsys)[2]
    Path("link.toml").symlink_to("elsewhere.toml")
    assert run("new", "link.toml", capsys=capsys)[0] == 2
    name = "a\nb.toml"
    assert run("new", name, capsys=capsys)[0] == 0
    symcnn.read_network(name)


def test_symcnn_alone_says_where_to_start(capsys):
    status, out, err = run(capsys=capsys)
    assert (status, err) == (0, "")
    assert [line.split("  ")[0] for line in out.splitlines()] == [
        "symcnn article", "symcnn new my.toml", "symcnn check my.toml", "symcnn --help"
    ]  # fmt: skip
    assert "le réseau de l’article" in run("--lang", "fr", capsys=capsys)[1]
