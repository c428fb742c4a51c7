"""Single-pass networks: ONNX against the machine's float32 rate, and int8 against float32 in both runtimes."""

import os
import tempfile
from pathlib import Path
from statistics import median

import export
import zoo
from benchmarks.machine import faster, rates
from benchmarks.untrained import export_untrained
from recipes.data import open_source
from recipes.data.examples import representative

NETWORKS = {
    "YOLO v2": ("yolo_v2", 20, (416, 416)),
    "SegNet": ("segnet", 11, (360, 480)),
    "FCN-8s": ("fcn8s_vgg16", 21, (500, 500)),
    "DeepLab-LargeFOV": ("deeplab_largefov", 21, (321, 321)),
    "DeconvNet": ("deconvnet", 21, (224, 224)),
}
"""By title, the builder, classes, and `(height, width)`."""
REPEATS = 3
PICTURES = 8
ONNX, LITE = "onnx", "tflite"
RUNTIMES = {ONNX: "ONNX Runtime", LITE: "LiteRT"}


def run():
    return [row for title, network in NETWORKS.items() for row in measure(title, *network)]


def measure(title, builder, classes, size):
    """Returns the rows of one network."""
    model = zoo.build(builder, num_classes=classes, input_shape=(*size, 3))
    with tempfile.TemporaryDirectory() as folder:
        paths = written(model, Path(folder), representative(open_source("shapes:train"), size, PICTURES))
        timings, machine = {way: [] for way in paths}, []
        for _ in range(REPEATS):  # interleaved, so that a machine that drifts drifts for all
            machine.append(rates())
            for way, path in paths.items():
                timings[way].append(export.benchmark(path, runs=5, warmup=1, threads=os.cpu_count()))
    rate, gflop = faster(machine), zoo.info(model).flop / 1e9
    ms = {way: median([one.p50_ms for one in found]) for way, found in timings.items()}
    share = gflop / (ms[ONNX, None] / 1e3) / rate
    title = f"{title} at {size[0]}x{size[1]}"
    rows = [
        {"figure": f"{title}, arithmetic of a picture, GFLOP", "value": round(gflop, 1)},
        {"figure": f"{title}, the faster 4096^3 product, GFLOP/s", "value": round(rate)},
        {"figure": f"{title}, share of it, ONNX float32", "value": round(share, 2), "target": ">= 0.7"},
    ]
    for format, runtime in RUNTIMES.items():
        ratio = round(ms[format, "int8"] / ms[format, None], 2)
        rows.append({"figure": f"{title}, int8 over float32, {runtime}", "value": ratio, "target": "<= 0.45"})
    for (format, quantize), found in timings.items():
        name = f"{title}, {format} {quantize or 'float32'}"
        rows.append({"figure": f"{name}, p50 ms", "value": round(ms[format, quantize])})
        rows.append({"figure": f"{name}, peak MB", "value": round(max(one.peak_memory for one in found) / 1e6)})
        rows.append({"figure": f"{name}, file MB", "value": round(found[0].size / 1e6, 1)})
    return rows


def written(model, folder, pictures):
    """Writes the model for both runtimes in float32 and in 8 bits; returns the files by format and quantization."""
    paths = {}
    for format in RUNTIMES:
        for quantize in (None, "int8"):
            paths[format, quantize] = path = folder / f"{model.name}-{quantize}.{format}"
            export_untrained(model, path, quantize, pictures)
    return paths
