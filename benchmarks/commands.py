"""How long commands take once everything is installed: verbs that should answer at once, and README's own."""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from skimage import data, io

from benchmarks.machine import faster, rates

ROOT = Path(__file__).parents[1]
RUNS = 5
SLOWEST = 20


def run():
    rows = [{"figure": "4096 x 4096 x 4096 product, GFLOP/s", "value": round(faster([rates()]))}]
    with tempfile.TemporaryDirectory() as folder:
        fresh = {**os.environ, "TFDS_DATA_DIR": folder}  # so that drawing the shapes is counted
        zoo, demo = Path(sys.executable).parent / "zoo", Path(folder, "demo")
        duration, _ = seconds([zoo, "demo", "--workdir", demo], fresh)
        rows.append({"figure": "zoo demo, seconds", "value": round(duration), "target": "<= 150"})
        rows += [median([zoo, *words], target, fresh) for words, target in verbs(demo)]
    for part, most in (("test", 480), ("test-full", 2700)):
        duration, printed = seconds(["make", "-s", part], {**os.environ, "PYTEST_ADDOPTS": f"--durations={SLOWEST}"})
        rows.append({"figure": f"make {part}, seconds", "value": round(duration), "target": f"<= {most}"})
        rows += [{"figure": f"  of them {name}", "value": value} for value, name in slowest(printed)]
    return rows


def verbs(demo):
    """Returns pairs of words after `zoo`, on what the demo left in its folder, and the most seconds they may take."""
    picture = demo / "cat.png"
    io.imsave(picture, data.chelsea(), check_contrast=False)
    model, onnx, tflite = demo / "model.keras", demo / "artifacts/model.onnx", demo / "artifacts/model.tflite"
    return (
        (["--help"], 1.5),
        (["list"], 1.5),
        (["weights"], 1.5),
        (["predict", onnx, picture, "--output", demo / "predicted"], 3),
        (["predict", tflite, picture, "--output", demo / "predicted"], 3),
        (["export", model, "--format", "onnx", "--output", demo / "again.onnx"], 12),
        (["verify", onnx, "--data", "shapes:val", "--count", "20"], 8),
    )


def median(command, target, environment):
    """Returns the row of a command that is run five times."""
    middle = statistics.median(seconds(command, environment)[0] for _ in range(RUNS))
    words = " ".join(Path(word).name if isinstance(word, Path) else word for word in command)
    return {"figure": f"{words}, seconds", "value": round(middle, 2), "target": f"<= {target}"}


def seconds(command, environment):
    """Runs a command, which must succeed; returns the seconds it took and what it printed."""
    start = time.perf_counter()
    ended = subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - start, ended.stdout


def slowest(printed):
    """Returns seconds and names of the slowest tests, of all backends, that pytest's `--durations` printed."""
    found = re.findall(r"^([\d.]+)s (?:call|setup|teardown) +(\S+)", printed, re.MULTILINE)
    return sorted(((float(duration), name) for duration, name in found), reverse=True)[:SLOWEST]
