"""Killed at a random moment while it writes: the old file is whole, or the new one is; nothing between."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest

import symcnn

WRITER = """
import sys
import symcnn
net, data = symcnn.article.network(), symcnn.article.images()
runs = [symcnn.train(net, data, steps=2_000, seed=s) for s in (0, 1)]
print("ready", flush=True)
while True:
    for run in runs:
        run.save(sys.argv[1])
"""
SEED = 7


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_a_killed_writer_leaves_a_whole_file(tmp_path):
    path = tmp_path / "run.json"
    rng = random.Random(SEED)
    for attempt in range(6):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(rng.uniform(0.005, 0.15))
            writer.send_signal(signal.SIGKILL)
        if path.exists():
            assert symcnn.Run.load(path).steps == 2_000, f"attempt {attempt}, seed {SEED}"
            assert json.loads(path.read_text("utf-8"))["format"] == "symcnn run 1"
    assert path.exists()
