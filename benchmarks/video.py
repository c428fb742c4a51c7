"""`zoo predict` of a video against the network alone: frames a second, in turns, and memory by the video's length.

Both run ONNX Runtime with all its threads, `zoo benchmark` in a process of its own, on noise.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from benchmarks.prediction import measured

SIZE, RATE = (480, 640), 25.0
FRAMES, LONG = 40, 600
ROUNDS = 3
SHOWN = 10
"""Objects a frame: what an untrained network takes for the best ones."""
NETWORKS = {
    "YOLO v2 at 416x416": 'zoo.yolo_v2(20), "{path}", format="onnx", image_size=(416, 416)',
    "Tiny YOLO v2 at 416x416": 'zoo.tiny_yolo_v2(20), "{path}", format="onnx", image_size=(416, 416)',
}
TARGET = ">= 0.9"


def run():
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip, long = (drawn(folder / f"{count}.mp4", count) for count in (FRAMES, LONG))
        for place, (network, build) in enumerate(NETWORKS.items()):
            model = exported(folder / f"{place}.onnx", build)
            rows += compared(network, model, clip, folder / "out")
        few, many = (measured(model, path)["memory"] for path in (clip, long))
    rows.append(
        {
            "figure": f"memory that a video of {LONG} frames takes more than one of {FRAMES}, MB",
            "value": round((many - few) / 1e6),
            "target": "<= 50",
        }
    )
    return rows


def compared(network, model, clip, output):
    """Returns the rows of one network: both rates, each the median of some rounds in turns."""
    import export
    from recipes.deploy.predict import predict_each

    predictor, alone, whole = export.load(model), [], []
    for _ in range(ROUNDS):
        alone.append(1e3 / export.benchmark(model, runs=FRAMES).p50_ms)
        begin = time.perf_counter()
        count, _ = predict_each(predictor, [clip], output, lambda entry: None, score=0, most=SHOWN)
        whole.append(count / (time.perf_counter() - begin))
    rates = statistics.median(alone), statistics.median(whole)
    return [
        {"figure": f"{network}, the network alone, frames/s", "value": round(rates[0], 2)},
        {"figure": f"{network}, `zoo predict` of a video of 480x640, frames/s", "value": round(rates[1], 2)},
        {"figure": f"{network}, ratio", "value": round(rates[1] / rates[0], 3), "target": TARGET},
    ]


def exported(path, build):
    """Writes a network as ONNX and returns its path; a process of its own loads Keras for that."""
    made = f"import export, zoo; export.export({build.format(path=path)})"
    subprocess.run([sys.executable, "-c", made], check=True, capture_output=True)
    return path


def drawn(path, count):
    """Writes a video of coloured squares that move over a still ground, and returns its path."""
    rng = np.random.default_rng(0)
    ground = cv2.resize(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8), SIZE[::-1])
    starts, steps = rng.integers(0, 400, (8, 2)), rng.integers(1, 6, (8, 2))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), RATE, SIZE[::-1])
    for number in range(count):
        frame = ground.copy()
        for place, start in enumerate((starts + number * steps) % 400):
            x, y = map(int, start)
            cv2.rectangle(frame, (x, y), (x + 60, y + 40), (25 * place, 255 - 25 * place, 128), -1)
        writer.write(frame)
    writer.release()
    return path
