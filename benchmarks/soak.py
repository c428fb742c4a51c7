"""100,000 predictions of a small artifact in each runtime, and by how much the memory of the process grows.

Each runtime has a process of its own. What counts is the resident set between the first tenth of the calls, after
which all that is made once is made, and the end. `python -m benchmarks soak`; SOAK_CALLS makes it shorter.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import psutil

import export
import zoo
from export.convert import environment

CALLS = int(os.environ.get("SOAK_CALLS", 100_000))
SIDE = 32
MOST = 2e6
"""Bytes that the process may grow by: an array of one picture kept in each thousandth call would be more."""
FILES = {"onnx": "model.onnx", "tflite": "model.tflite", "saved_model": "model"}


def run():
    """Returns rows of growth and of time by runtime."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        model = zoo.unet(3, width=1 / 16, depth=1, input_shape=(SIDE, SIDE, 3))
        for format, name in FILES.items():
            path = Path(folder, name)
            export.export(model, path, format, image_size=(SIDE, SIDE))
            command = [sys.executable, "-c", "from benchmarks.soak import main; main()", str(path), str(CALLS)]
            found = json.loads(subprocess.check_output(command, text=True, env=environment()).splitlines()[-1])
            target = f"<= {MOST / 1e6:.0f}"
            rows += [
                {"figure": f"{format}, MB grown in {CALLS:,} calls", "value": found["grown"] / 1e6, "target": target},
                {"figure": f"{format}, MB at the end", "value": round(found["end"] / 1e6)},
                {"figure": f"{format}, ms a call", "value": round(found["ms"], 3)},
            ]
    return rows


def soak(path, calls):
    """Predicts other pictures again and again, a frame's and larger ones; returns bytes and milliseconds."""
    import time

    predictor, rng, process = export.load(path), np.random.default_rng(0), psutil.Process()
    pictures = rng.integers(0, 256, (64, 1, SIDE, SIDE, 3), dtype=np.uint8)
    larger = list(rng.integers(0, 256, (4, 40, 50, 3), dtype=np.uint8))
    began = time.perf_counter()
    for i in range(calls):
        predictor.predict(pictures[i % 64])
        if i % 100 == 0:
            list(predictor.predict_each(larger))
        if i == calls // 10:
            settled = process.memory_info().rss
    end = process.memory_info().rss
    return {"grown": end - settled, "end": end, "ms": 1e3 * (time.perf_counter() - began) / calls}


def main():
    """Prints what the first two arguments, a file and a number of calls, ask for."""
    print(json.dumps(soak(sys.argv[1], int(sys.argv[2]))))
