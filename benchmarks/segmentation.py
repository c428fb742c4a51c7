"""FCN-8s at 500 x 500 and DeconvNet at 224 x 224 in ONNX Runtime, against the machine's float32 rate."""

import os
import tempfile
from pathlib import Path

import numpy as np

import export
import zoo
from benchmarks.machine import faster, flop, median, rates

NETWORKS = {"FCN-8s": ("fcn8s_vgg16", 500), "DeconvNet": ("deconvnet", 224)}
CLASSES = 21
REPEATS = 3


def run():
    return [row for title, (builder, side) in NETWORKS.items() for row in measure(title, builder, side)]


def measure(title, builder, side):
    """Returns the rows of one network."""
    model = zoo.build(builder, num_classes=CLASSES, input_shape=(side, side, 3))
    gflop = flop(model) / 1e9
    picture = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), dtype=np.uint8)
    timings, machine = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{builder}.onnx")
        export.export(model, path, "onnx", image_size=(side, side), pictures=picture)
        for _ in range(REPEATS):  # interleaved, so that a machine that drifts drifts for both
            machine.append(rates())
            timings.append(export.benchmark(path, runs=5, warmup=1, threads=os.cpu_count()))
    rate = faster(machine)
    milliseconds = median([one.p50_ms for one in timings])
    title = f"{title} at {side}x{side}"
    return [
        {"figure": f"{title}, arithmetic of a picture, GFLOP", "value": round(gflop, 1)},
        {"figure": f"{title}, the faster 4096^3 product, GFLOP/s", "value": round(rate)},
        {"figure": f"{title}, ONNX float32, p50 ms", "value": round(milliseconds)},
        {"figure": f"{title}, peak MB", "value": round(max(one.peak_memory for one in timings) / 1e6)},
        {
            "figure": f"{title}, share of the faster rate",
            "value": round(gflop / (milliseconds / 1e3) / rate, 3),
            "target": ">= 0.5",
        },
    ]
