"""Commands that are killed at moments of all kinds: nothing half-written is left, and what goes on ends the same."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import psutil
import pytest

import export
from recipes.data.lock import locked
from recipes.training.workdir import Workdir
from zoo.files import left_over

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "arguments.width": 0.0625,
    "arguments.depth": 1,
    "arguments.dropout": 0.2,
    "epochs": 3,
    "validate_every": 1,
    "batch_size": 4,
    "picture_size": "16x16",
    "checkpoint_minutes": 1e-9,
}
TRAIN = ["train", "unet_shapes", *(word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}"))]


class Nursery:
    """See `tests.recipes.nursery`; the tests' end of it."""

    def __init__(self, folder, data):
        environment = {"TFDS_DATA_DIR": str(data), "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1"}
        self.log = folder / "log"
        self.errors = open(folder / "nursery", "w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.recipes.nursery"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        while self.process.stdout.readline().strip() != "ready":
            assert self.process.poll() is None, (folder / "nursery").read_text()

    def begin(self, words):
        """Starts `zoo WORDS` and returns the number of its process, which leads a group."""
        self.process.stdin.write(json.dumps({"words": [*map(str, words)], "log": str(self.log)}) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def ended(self):
        """Waits for the child's end and returns its status."""
        return int(self.process.stdout.readline())

    def run(self, words):
        """Runs `zoo WORDS` to its end."""
        self.begin(words)
        assert self.ended() == 0, self.log.read_text()[-3000:]

    def killed(self, words, folder, events, pause):
        """Runs `zoo WORDS`, and kills it a moment after so many changes in a folder; says whether it was at work."""
        child = self.begin(words)
        seen, count = state(folder), 0
        while count < events and status(child) not in (None, psutil.STATUS_ZOMBIE):
            now = state(folder)
            count, seen = count + (now != seen), now
            time.sleep(0.001)
        time.sleep(pause)
        workers = children(child)
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it had ended
        ended = self.ended()
        assert ended == signal.SIGKILL or ended == 0, self.log.read_text()[-3000:]
        until(lambda: not any(worker.is_running() for worker in workers))
        return ended == signal.SIGKILL


def status(number):
    try:
        return psutil.Process(number).status()
    except psutil.NoSuchProcess:
        return None


def children(number):
    """Returns the processes under one, none where it has ended."""
    try:
        return psutil.Process(number).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def state(folder):
    """Returns what a folder holds, names and sizes."""
    found = set()
    for top, _, names in os.walk(folder):
        for name in names:
            try:
                found.add((top, name, os.stat(os.path.join(top, name)).st_size))
            except FileNotFoundError:
                continue  # renamed meanwhile
    return found


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def nursery(few_shapes, tmp_path_factory):
    nursery = Nursery(tmp_path_factory.mktemp("nursery"), few_shapes)
    yield nursery
    nursery.process.stdin.close()
    nursery.process.wait()
    nursery.process.stdout.close()
    nursery.errors.close()


@pytest.fixture(scope="module")
def uninterrupted(nursery, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    nursery.run([*TRAIN, "--workdir", folder])
    return Workdir(folder, resume=True)


def free(run):
    """Asserts that no lock is held."""
    for lock in run.locks:
        with locked(lock, "{} holds it"):
            pass


@pytest.mark.full
def test_a_training_that_is_killed_again_and_again(nursery, uninterrupted, tmp_path):
    """Some kills come before the first file, some while files are written, some while it measures and reports."""
    rng, folder, kills = random.Random(0), tmp_path / "run", 0
    for _ in range(10):
        begun = (folder / "recipe.json").exists()
        words = [*TRAIN, "--workdir", folder, *["--resume"] * begun]
        if not nursery.killed(words, folder, rng.randint(1, 15), rng.random() * 0.1):
            break
        kills += 1
        if (folder / "recipe.json").exists():
            run = Workdir(folder, resume=True)
            free(run)
            run.read_recipe()
            assert run.read_history(99) == uninterrupted.read_history(99)[: len(run.read_history(99))]
            if run.model.exists():
                keras.saving.load_model(run.model)
    assert kills >= 3
    nursery.run([*TRAIN, "--workdir", folder, *["--resume"] * (folder / "recipe.json").exists()])
    run = Workdir(folder, resume=True)
    free(run)
    assert left_over(folder) == []
    assert run.read_history(99) == uninterrupted.read_history(99)
    assert run.checkpoints()[-1] == uninterrupted.checkpoints()[-1] == (3, 0)
    assert json.loads(run.metrics.read_text()) == json.loads(uninterrupted.metrics.read_text())
    ours, theirs = (keras.saving.load_model(one.model) for one in (run, uninterrupted))
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=a.path)


@pytest.mark.full
def test_an_export_that_is_killed(nursery, uninterrupted, tmp_path):
    """The artifact that was there stays whole, or the new one is; what was begun is removed by the next."""
    path, rng = tmp_path / "model.onnx", random.Random(1)
    words = ["export", uninterrupted.model, "--output", path]
    nursery.run(words)
    picture = np.full((16, 16, 3), 100, np.uint8)
    expected = next(export.load(path).predict_each([picture]))["logits"]
    for _ in range(5):
        nursery.killed(words, tmp_path, rng.randint(1, 5), rng.random() * 0.3)
        np.testing.assert_array_equal(next(export.load(path).predict_each([picture]))["logits"], expected)
    nursery.run(words)
    assert os.listdir(tmp_path) == ["model.onnx"]


@pytest.mark.full
def test_proposals_that_are_killed(nursery, few_shapes, tmp_path):
    """Files that are there are whole, those that were begun are removed, and the figures are those of one run."""
    output, rng = tmp_path / "out", random.Random(2)
    cache = few_shapes / "proposals"
    words = ["proposals", "shapes:train", "--method", "edge_boxes", "--count", 50, "--repeated", 1, "--processes", 2]
    for _ in range(5):
        nursery.killed([*words, "--output", output], few_shapes, rng.randint(1, 8), rng.random() * 0.05)
    nursery.run([*words, "--output", output])
    assert [path for folder in cache.iterdir() for path in left_over(folder)] == left_over(output) == []
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert len(files) == 12
    for path in files:
        with np.load(path) as file:
            assert file["boxes"].shape == (len(file["scores"]), 4)
    nursery.run([*words, "--output", tmp_path / "again"])
    (ours,), (theirs,) = (json.loads((one / "proposals.json").read_text()) for one in (output, tmp_path / "again"))
    figures = [key for key in ours if "seconds" not in key]
    assert [ours[key] for key in figures] == [theirs[key] for key in figures]
