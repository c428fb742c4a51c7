"""SegNet at 360 x 480: ONNX against the machine's float32 rate, and int8 against float32 in both runtimes."""

import os
import tempfile
from pathlib import Path

import export
import zoo
from benchmarks.machine import faster, flop, median, rates
from recipes.data import open_source
from recipes.data.examples import representative

SIZE = (360, 480)
CLASSES = 11
REPEATS = 3


def run():
    model = zoo.segnet(CLASSES, input_shape=(*SIZE, 3))
    gflop = flop(model) / 1e9
    pictures = representative(open_source("shapes:train"), SIZE, 8)
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for format in ("onnx", "tflite"):
            for quantize in (None, "int8"):
                path = Path(folder, f"segnet-{quantize}.{format}")
                export.export(model, path, format, quantize=quantize, representative=pictures, pictures=pictures[:1])
                paths[format, quantize] = path
        timings, machine = {key: [] for key in paths}, []
        for _ in range(REPEATS):  # interleaved, so that a machine that drifts drifts for all
            machine.append(rates())
            for key, path in paths.items():
                timings[key].append(export.benchmark(path, runs=5, warmup=1, threads=os.cpu_count()))
    rate = faster(machine)
    ms = {key: median([t.p50_ms for t in found]) for key, found in timings.items()}
    reached = gflop / (ms["onnx", None] / 1e3)
    ratios = {format: ms[format, None] / ms[format, "int8"] for format in ("onnx", "tflite")}
    rows = [
        {"figure": "arithmetic of a picture, GFLOP", "value": round(gflop, 1)},
        *(
            {"figure": f"{name}, 4096^3 product, GFLOP/s", "value": round(median([m[name] for m in machine]))}
            for name in machine[0]
        ),
        {"figure": "ONNX float32, share of the faster rate", "value": round(reached / rate, 3), "target": ">= 0.55"},
        {"figure": "int8 over float32, ONNX Runtime", "value": round(ratios["onnx"], 2)},
        {"figure": "int8 over float32, LiteRT", "value": round(ratios["tflite"], 2)},
        {"figure": "int8 over float32, the better", "value": round(max(ratios.values()), 2), "target": ">= 1.7"},
    ]
    for (format, quantize), found in timings.items():
        name = f"{format} {quantize or 'float32'}"
        rows.append({"figure": f"{name}, p50 ms", "value": round(ms[format, quantize])})
        rows.append({"figure": f"{name}, peak MB", "value": round(max(t.peak_memory for t in found) / 1e6)})
        rows.append({"figure": f"{name}, file MB", "value": round(found[0].size / 1e6, 1)})
    return rows
