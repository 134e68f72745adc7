"""Killed at a random moment while it writes: the old file is whole, or the new one is; nothing between."""

import json
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import symcnn
from symcnn.train import load_checkpoint

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


@pytest.mark.slow
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


TRAINER = """
import sys
import numpy as np
import symcnn
rng = np.random.default_rng(0)
data = (rng.uniform(size=(40, 3, 3)), np.eye(2)[rng.integers(0, 2, 40)])
symcnn.train(symcnn.article.network(), data, batch_size=8, epochs=10**6, optimizer="adam", checkpoint=sys.argv[1],
             each_epoch=lambda epoch: epoch.number == 3 and print("ready", flush=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_a_killed_training_leaves_its_last_whole_checkpoint(tmp_path):
    """And going on from it gives what the training would have given."""
    rng = random.Random(SEED)
    data_rng = np.random.default_rng(0)
    data = (data_rng.uniform(size=(40, 3, 3)), np.eye(2)[data_rng.integers(0, 2, 40)])
    net = symcnn.article.network()
    for attempt in range(4):
        path = tmp_path / f"{attempt}.npz"
        with subprocess.Popen([sys.executable, "-c", TRAINER, str(path)], stdout=subprocess.PIPE) as trainer:
            assert trainer.stdout is not None
            trainer.stdout.readline()
            time.sleep(rng.uniform(0.001, 0.05))
            trainer.send_signal(signal.SIGKILL)
        done = load_checkpoint(path).state.epochs
        assert done >= 3, f"attempt {attempt}, seed {SEED}"
        resumed = symcnn.train(net, data, epochs=done + 2, resume=path)
        whole = symcnn.train(net, data, batch_size=8, epochs=done + 2, optimizer="adam")
        assert np.array_equal(resumed.theta, whole.theta)
        assert np.array_equal(resumed.loss, whole.loss)
