"""Files are read through one door and written whole; nothing is left of a killed run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import symcnn
from symcnn.files import check_writable, folder_for, format_of, read_bytes, write_together, write_whole
from tests.test_cli import run

posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes, links and signals of POSIX")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def net_file():
    layer = '[[layer]]\ntype = "Dense"\nunits = 2\n'
    Path("net.toml").write_text(f"input_shape = [2]\n{layer}[[sample]]\nimage = [1, 2]\ntarget = [0, 1]\n", "utf-8")


@posix
@pytest.mark.parametrize(
    "command",
    [
        "derive {}.toml", "train {}.toml", "verify {}.toml", "export {}.toml", "report {}.toml", "certify {}.toml",
        "explain h_1 {}.toml", "train net.toml --data {}.npz", "train net.toml --data {}.csv",
        "train net.toml --data net.csv --validation {}.csv", "train net.toml --resume {}.json",
        "train net.toml --resume {}.npz", "predict {}.json net.csv", "predict {}.npz net.csv", "audit {}.md",
        "audit notes.md --mapping {}.toml", "audit notes.md --network {}.toml", "verify --workbook {}.xlsx",
        "verify --certificate {}.v", "report --certificate {}.v",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_may_never_end_is_not_read(here, capsys, command, kind):
    net_file()
    Path("net.csv").write_text("1,2,0\n3,4,1\n")
    Path("notes.md").write_text("$$x_{11} = 1$$\n")
    name = command[command.index("{}") :].split()[0].replace("{}", "fifo")
    if kind == "pipe":
        os.mkfifo(name)
    else:
        Path(name).symlink_to("/dev/zero")
    before = sorted(here.rglob("*"))
    status, out, err = run(*command.replace("{}", "fifo").split(), capsys=capsys)
    assert (status, out) == (2, "")
    assert f"{name}: cannot be read (it is a {kind}, not a file)" in err
    assert err.count("\n") == 1
    assert sorted(here.rglob("*")) == before


@posix
def test_pipes_among_pictures_and_as_images(here, capsys):
    symcnn.train(symcnn.article.network(), symcnn.article.images(), steps=1).save("run.json")
    for suffix in ("toml", "csv", "png"):
        os.mkfifo(f"x.{suffix}")
        assert "(it is a pipe, not a file)" in run("predict", "run.json", f"x.{suffix}", capsys=capsys)[2]
    for name in ("a", "b"):
        Path("d", name).mkdir(parents=True)
        os.mkfifo(Path("d", name, "1.png"))
    with pytest.raises(symcnn.InputError, match="expected only PNG images"):
        symcnn.read_data("d", symcnn.article.network())


def test_a_folder_and_a_missing_file_are_named(here):
    for path, words in ((".", "it is a folder"), ("none", "no such file"), ("a\0b", "null")):
        with pytest.raises(symcnn.InputError, match=words):
            read_bytes(path, 10, "a text")
    Path("long").write_bytes(b"x" * 11)
    with pytest.raises(symcnn.InputError, match="larger than 10 bytes; expected a text"):
        read_bytes("long", 10, "a text")


# --- links --------------------------------------------------------------------------------------------------------


@posix
def test_the_target_of_a_link_is_written_and_the_link_stays(here, capsys):
    Path("there").mkdir()
    Path("there", "real.md").write_text("old")
    Path("link.md").symlink_to("there/real.md")
    Path("second.md").symlink_to("link.md")
    Path("new.md").symlink_to("there/later.md")  # leads nowhere yet
    for link, real in (("link.md", "real.md"), ("second.md", "real.md"), ("new.md", "later.md")):
        write_whole(check_writable(link, (".md",)), link.encode())
        assert Path(link).is_symlink()
        assert Path("there", real).read_bytes() == link.encode()
    assert not list(here.rglob("*.tmp"))
    net_file()
    Path("r.json").symlink_to("there/run.json")
    assert run("train", "net.toml", "--steps", 1, "--save", "r.json", capsys=capsys)[0] == 0
    assert Path("r.json").is_symlink()
    assert symcnn.Run.load("there/run.json").steps == 1


@posix
def test_links_inside_a_folder_that_is_written(here):
    Path("out").mkdir()
    Path("real.txt").write_text("old")
    Path("out", "a.txt").symlink_to("../real.txt")
    with folder_for(Path("out")) as fresh:
        Path(fresh, "a.txt").write_text("new")
    assert Path("out", "a.txt").is_symlink()
    assert Path("real.txt").read_text() == "new"


@posix
@pytest.mark.parametrize(("target", "words"), [("loop.md", "cannot be written"), ("no/x.md", "does not exist")])
def test_a_link_that_leads_nowhere(here, target, words):
    Path("loop.md").symlink_to(target)
    with pytest.raises(symcnn.InputError, match=words):
        check_writable("loop.md", (".md",))
    assert Path("loop.md").is_symlink()


@posix
def test_a_pipe_is_not_written_over(here):
    os.mkfifo("p.md")
    Path("zero.md").symlink_to("/dev/null")
    for name in ("p.md", "zero.md"):
        with pytest.raises(symcnn.InputError, match="is a pipe or a device"):
            check_writable(name, (".md",))


@posix
def test_two_names_of_one_file_are_refused(here):
    Path("b").symlink_to("a")
    with pytest.raises(symcnn.InputError, match="the same file"):
        write_together({here / "a": b"1", here / "b": b"2"})
    assert sorted(p.name for p in here.iterdir()) == ["b"]


# --- temporary files ----------------------------------------------------------------------------------------------

STOPPED = """
import os, sys, time
from pathlib import Path
from symcnn import files
def stop(*_):
    print("ready", flush=True)
    time.sleep(60)
os.replace = stop
files.write_whole(Path("out.npz"), b"x" * 1000)
"""
STOPPED_FOLDER = """
import time
from pathlib import Path
from symcnn.files import folder_for
with folder_for(Path("out")) as fresh:
    Path(fresh, "a.txt").write_text("x")
    print("ready", flush=True)
    time.sleep(60)
"""


@posix
def test_what_nobody_writes_any_more_is_removed(here):
    Path("out").mkdir()
    stale = Path("out", ".run.json.symcnn-a1b2c3d4.tmp")
    stale.write_text("half")
    Path("out", ".symcnn-a1b2c3d4.tmp").mkdir()
    Path("out", ".symcnn-a1b2c3d4.tmp", "x").write_text("half")
    Path("out", ".link.symcnn-a1b2c3d4.tmp").symlink_to("../mine")
    Path("mine").write_text("mine")
    write_whole(here / "out" / "other.txt", b"")
    assert sorted(p.name for p in Path("out").iterdir()) == [".link.symcnn-a1b2c3d4.tmp", "other.txt"]
    with open(stale, "w") as writer:
        import fcntl

        fcntl.flock(writer, fcntl.LOCK_EX)
        write_whole(here / "out" / "other.txt", b"")
        assert stale.exists()
    write_whole(here / "out" / "other.txt", b"")
    assert not stale.exists()


@posix
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("program", [STOPPED, STOPPED_FOLDER])
def test_the_next_run_removes_what_a_killed_one_left(here, how, program):
    mine = [".out.npz.symcnn-mine.tmp", ".out.npz.abcdefgh.tmp", "x.symcnn-abcdefgh.tmp", ".symcnn-abcdefgh"]
    Path("out").mkdir()
    for name in mine:
        Path(name).write_text("mine")
        Path("out", name).write_text("mine")
    writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"ready\n"
    folder = here if program is STOPPED else here / "out"
    write_whole(folder / "other.txt", b"")  # while it lives, its file is left alone
    kept = {*mine, "other.txt"} | ({"out"} if program is STOPPED else set())
    assert len({p.name for p in folder.iterdir()} - kept) == 1
    writer.send_signal(how)
    writer.wait()
    writer.stdout.close()
    write_whole(folder / "other.txt", b"")
    assert {p.name for p in folder.iterdir()} == kept
    assert not Path("out.npz").exists()


def test_an_interrupt_before_the_file_takes_its_place_leaves_nothing(here, monkeypatch):
    Path("a").write_bytes(b"old")

    def interrupt(*_):
        raise KeyboardInterrupt

    for name in ("replace", "fsync", "chmod"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, interrupt)
            with pytest.raises(KeyboardInterrupt):
                write_together({here / "a": b"new", here / "b": b"new"})
        assert [p.name for p in here.iterdir()] == ["a"]
    assert Path("a").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "an empty file"),
        (b"\xff\xd8\xff\xe0", "a JPEG image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a WebP image"),
        (b"PK\x03\x04....xl/workbook.xml", "an Excel workbook"),
        (b"\n<!DOCTYPE html>", "an HTML page"),
        (b"1,2,3\n", None),
        (np.float64(1).tobytes(), None),
    ],
)
def test_a_file_is_named_by_how_it_begins(content, kind):
    assert format_of(content) == kind
