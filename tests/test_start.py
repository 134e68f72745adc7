"""How the package and the command start and stop: what is imported when, spellings of ``train``, Ctrl-C, streams."""

import ast
import importlib
import inspect
import os
import pickle
import pydoc
import re
import signal
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from unittest import mock

import pytest

import symcnn
from symcnn.cli.commands import commands

HEAVY = ("sympy", "numpy", "mpmath", "openpyxl", "lark", "rich", "numba", "torch", "matplotlib")
INIT = Path(symcnn.__file__)


def python(code, *options, **settings):
    """A new process: what it prints."""
    command = [sys.executable, *options, "-c", textwrap.dedent(code)]
    return subprocess.run(command, check=True, capture_output=True, text=True, **settings).stdout.strip()


# --- what is imported -----------------------------------------------------------------------------------------------

USES = [["--version"], ["--help"], [], ["nonsense"], ["train", "--nonsense"], ["train", "--steps", "many"],
        ["article", "--lang", "de"], *([name, "--help"] for name in commands.commands)]  # fmt: skip


def test_what_only_prints_a_text_imports_nothing_heavy():
    """In one process: none of these calls leaves a heavy module behind."""
    out = python(f"""
        import sys, io, contextlib
        import symcnn, symcnn.cli
        for arguments in {USES!r}:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                try:
                    symcnn.cli.main(arguments)
                except SystemExit as stop:
                    assert stop.code in (0, 2)
            heavy = [m for m in {HEAVY!r} if m in sys.modules]
            assert not heavy, (arguments, heavy)
        print(len(sys.modules))
    """)
    assert int(out) > 0


def test_a_name_is_imported_at_its_first_use():
    code = """
        import sys, symcnn
        assert "sympy" not in sys.modules and "numpy" not in sys.modules
        net = symcnn.article.network()
        assert "sympy" in sys.modules and "openpyxl" not in sys.modules
        print(len(net.parameters))
    """
    assert python(code) == "20"


@pytest.mark.parametrize(
    "code",
    [
        "from symcnn.network import Dense, Network; print(Network((2,), [Dense(1)])._repr_html_()[:7])",
        "from symcnn import derive; from symcnn.article import network\n"
        "print(derive(network())['f_12']._repr_latex_().replace('$$', '<table>')[:7])",
        "from symcnn import derive; from symcnn.article import network\n"
        "print('<table>' if r'\\sum' in derive(network()).equations[0]._repr_latex_() else '')",
        "from symcnn import derive; from symcnn.article import network, images\n"
        "d = images(); print('<table>' if derive(network()).evaluate([0.1] * 20, d.images, d.targets) else '')",
        "from symcnn import derive; from symcnn.article import network\n"
        "n = derive(network()); v = {k: 0.5 for k in (*n.network.parameters, *n.graph.inputs)}\n"
        "print('<table>' if str(n['f_12'].explain(v)) else '')",
    ],
)
def test_what_notebooks_show_needs_no_other_import(code):
    assert python(code) == "<table>"


def test_equations_with_a_display_are_the_equations_of_the_network():
    network = symcnn.article.network()
    derivation, plain = symcnn.derive(network), symcnn.derivation.derive(network)
    assert derivation.equations == plain.equations
    assert plain.equations == derivation.equations
    assert {*derivation.equations} == {*plain.equations}
    assert derivation.equations[0] != plain.equations[1]
    assert derivation["f_12"] == plain["f_12"]


# --- the names ------------------------------------------------------------------------------------------------------


def test_the_table_of_names_is_that_of_the_imports_for_type_checkers():
    (block,) = [n for n in ast.parse(INIT.read_text("utf-8")).body
                if isinstance(n, ast.If) and isinstance(n.test, ast.Name)]  # fmt: skip
    imported = {alias.asname or alias.name: (node.module, alias.name) for node in block.body for alias in node.names}
    assert imported.pop("article") == ("symcnn", "article")
    table = {name: where.partition(":") for name, where in symcnn._DEFINED_IN.items()}
    assert {n: (f"symcnn.{module}", name or n) for n, (module, _, name) in table.items()} == imported
    here = {"InputError", "NotSupportedYetError", "SymcnnError", "TrainingDivergedError", "__version__", "article"}
    assert set(symcnn.__all__) == here | set(imported)


def test_every_public_name_is_there():
    space = {}
    exec("from symcnn import *", space)
    assert set(symcnn.__all__) <= set(space)
    assert set(symcnn.__all__) <= set(dir(symcnn))
    assert {name for name, _ in inspect.getmembers(symcnn)} >= set(symcnn.__all__)
    assert "write_report" in pydoc.plain(pydoc.render_doc(symcnn))
    with pytest.raises(AttributeError, match=r"module 'symcnn' has no attribute 'nonsense'$"):
        _ = symcnn.nonsense
    with pytest.raises(AttributeError, match=r"attribute 'trane'; did you mean 'train'\?$"):
        _ = symcnn.trane
    with pytest.raises(ImportError):
        exec("from symcnn import trane")
    assert symcnn.formula.Latex is importlib.import_module("symcnn.formula").Latex
    assert symcnn.story.tell


@pytest.mark.parametrize(
    ("word", "name"),
    [("trane", "train"), ("fit", "train"), ("Linear", "Dense"), ("Conv2d", "Conv2D"), ("MaxPooling2D", "MaxPool2D"),
     ("Sequential", "Network"), ("exportworkbook", "export_workbook"), ("load_data", "read_data")],
)  # fmt: skip
def test_words_of_other_libraries_are_answered_with_ours(word, name):
    with pytest.raises(AttributeError, match=f"module 'symcnn' has no attribute '{word}'; did you mean '{name}'"):
        getattr(symcnn, word)
    assert hasattr(symcnn, name)


def test_every_spelling_of_explain():
    code = """
        import symcnn.explain
        function = symcnn.explain
        from symcnn import explain as a
        from symcnn.explain import explain_number, explain as b
        import symcnn.explain as c
        assert function is a is b is c, c
        print(callable(function))
    """
    assert python(code, "-W", "error") == "True"


def test_every_spelling_of_train():
    out = python(
        """
        import pickle
        import symcnn.train
        function = symcnn.train
        import symcnn, importlib
        from symcnn import train as a
        from symcnn.train import train as b
        import symcnn.train as c
        from symcnn.train import Run
        module = importlib.import_module("symcnn.train")
        import symcnn.train.run
        assert function is symcnn.train is a is b is c is pickle.loads(pickle.dumps(symcnn.train)) is module.train
        assert module.Run is symcnn.Run is Run
        importlib.reload(symcnn)
        assert symcnn.train is function
        print(symcnn.train(symcnn.article.network(), symcnn.article.images(), steps=2).steps)
        """,
        "-W", "error",
    )  # fmt: skip
    assert out == "2"
    assert pickle.loads(pickle.dumps(symcnn.train)) is symcnn.train


def test_train_can_be_replaced_and_put_back():
    original = symcnn.train
    with mock.patch("symcnn.train", 3), mock.patch("symcnn.derive", 4):
        assert (symcnn.train, symcnn.derive) == (3, 4)
    assert symcnn.train is original
    assert callable(symcnn.derive)


@pytest.mark.parametrize("module", ["symcnn", "symcnn.train"])
def test_as_a_module(module):
    shown = subprocess.run(
        [sys.executable, "-W", "error", "-m", module, "--help"], check=True, capture_output=True, text=True
    )
    assert shown.stdout.startswith("Usage: symcnn" + (" train" if module.endswith("train") else ""))
    assert shown.stderr == ""


@pytest.mark.slow
def test_a_type_checker_knows_every_name(tmp_path):
    api = pytest.importorskip("mypy.api", reason="mypy is not installed: pip install mypy")
    path = tmp_path / "user.py"
    names = "\n".join(f"symcnn.{name}" for name in symcnn.__all__ if name != "__version__")
    path.write_text(f"""
import symcnn
from symcnn import Network, derive
run: symcnn.Run = symcnn.train(symcnn.article.network(), symcnn.article.images(), steps=3)
net: symcnn.Network = Network(input_shape=(2,), layers=[symcnn.Dense(1)])
steps: int = run.steps
{names}
symcnn.trane
""")
    out, _, _ = api.run(["--strict", "--config-file=", f"--cache-dir={tmp_path}", "--follow-imports=silent", str(path)])
    assert 'Module has no attribute "trane"' in out
    assert "Found 1 error in 1 file" in out, out


# --- Ctrl-C and streams ---------------------------------------------------------------------------------------------


def interrupting(module, raised="_thread.interrupt_main()"):
    """Code that runs ``symcnn derive`` and presses Ctrl-C while a module is imported."""
    return f"""
import importlib.abc, signal, sys, _thread
import symcnn.cli
signal.signal(signal.SIGINT, signal.default_int_handler)
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            {raised}
sys.meta_path.insert(0, Finder())
symcnn.cli.main(["derive"])
"""


CALLBACK = "import weakref; gone = set(); ref = weakref.ref(gone, lambda _: _thread.interrupt_main()); del gone"
COMPILED = """
            try: _thread.interrupt_main(); [None for _ in range(9)]
            except KeyboardInterrupt: pass
            raise ImportError("initialization failed")"""


@pytest.mark.parametrize(
    ("module", "raised"),
    [
        ("click", "_thread.interrupt_main()"),
        ("sympy", "_thread.interrupt_main()"),
        ("numpy", "_thread.interrupt_main()"),
        ("symcnn.cli.commands", "_thread.interrupt_main()"),
        ("sympy", CALLBACK),  # Python prints what is raised in a weak reference's callback, and goes on
        ("numpy", COMPILED),  # a compiled module turns it into another error
    ],
)
def test_ctrl_c_while_modules_are_imported(module, raised):
    ended = subprocess.run([sys.executable, "-c", interrupting(module, raised)], capture_output=True, text=True)
    assert ended.stderr.strip() == "symcnn: interrupted"
    assert ended.returncode == 130
    assert ended.stdout == ""


def test_ctrl_c_afterwards_is_python_s_own_again():
    code = "import signal, symcnn.cli; symcnn.cli.main(['--version'])\n"
    code += "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    restore = None if os.name == "nt" else lambda: signal.signal(signal.SIGINT, signal.default_int_handler)
    assert python(code, preexec_fn=restore).endswith("True")


BAR = """
import sys, time
from symcnn.cli.shared import progress_bar
with progress_bar("waiting", 4) as advance:
    for done in (0, 1, 4):
        time.sleep(0.25)
        advance(done)
    time.sleep(0.25)
print("done")
"""


@pytest.mark.skipif(os.name == "nt", reason="terminals as POSIX has them")
def test_progress_is_on_a_terminal_only_and_leaves_nothing_behind():
    import pty

    environment = os.environ | {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "80"}
    ended = subprocess.run([sys.executable, "-c", BAR], capture_output=True, text=True, env=environment)
    assert (ended.stdout, ended.stderr) == ("done\n", "")
    master, terminal = pty.openpty()
    ended = subprocess.run([sys.executable, "-c", BAR], stdout=subprocess.PIPE, stderr=terminal, env=environment)
    os.close(terminal)
    shown = b""
    while True:
        try:
            shown += os.read(master, 65536)
        except OSError:  # the other end is closed
            break
    os.close(master)
    assert ended.stdout == b"done\n"
    assert b"waiting" in shown
    assert b"25 %" in shown
    assert b"100 %" not in shown  # something else is being done
    assert b"0:00:0" in shown
    assert re.search(rb"\x1b\[2K[^\w]*$", shown)  # the line is erased


@pytest.mark.skipif(os.name == "nt", reason="shell redirections as sh has them")
@pytest.mark.parametrize(
    ("redirected", "arguments", "status", "message"),
    [
        (">&-", "derive", 1, "symcnn: cannot write to standard output (Bad file descriptor)"),
        (">&-", "--version", 1, "symcnn: cannot write to standard output (Bad file descriptor)"),
        (">&-", "nonsense", 2, "symcnn: unknown command 'nonsense'; see symcnn --help"),
        ("<&- >&-", "--help", 1, "symcnn: cannot write to standard output (Bad file descriptor)"),
        ("2>&-", "--version", 0, ""),
        ("2>&-", "nonsense", 2, ""),
        (">&- 2>&-", "--version", 1, ""),
        (">/dev/full", "--version", 1, "symcnn: cannot write to standard output (No space left on device)"),
        (">/dev/full", "nonsense", 2, "symcnn: unknown command 'nonsense'; see symcnn --help"),
        ("2>/dev/full", "nonsense", 2, ""),
        ("| true", "--help", 0, ""),
    ],
)
def test_streams_that_cannot_be_written(redirected, arguments, status, message):
    command = f"{sys.executable} -m symcnn {arguments} {redirected}"
    if redirected.startswith("|"):
        command = f"set -o pipefail; {command}"
    elif "/dev/full" in redirected and not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert ended.stderr.strip() == message
    assert ended.returncode == status


def test_a_file_never_gets_the_number_of_a_closed_stream(tmp_path):
    command = f"{sys.executable} -m symcnn export --steps 3 --out {tmp_path / 'cnn.xlsx'} >&-"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert zipfile.ZipFile(tmp_path / "cnn.xlsx").testzip() is None
