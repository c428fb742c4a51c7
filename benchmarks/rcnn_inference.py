"""Faster, Mask and Keypoint R-CNN, R50-FPN at 800 x 1088, against torchvision's: seconds and peak memory of each.

Same picture and weights, taking turns, each way in a process of its own; ZOO_TORCH_PYTHON names the Python of an
environment with torch, torchvision and onnx. All paste their masks into the picture. Mask R-CNN is measured in 8 bits
too, and the seconds and memory of its export, Python's start and our comparison with Keras included.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import faster, rates
from benchmarks.peer import Peer, take_turns

SIZE = (800, 1088)
REPEATS = 5
EAGER, THEIRS, KERAS, ONNX, LITE = "torchvision eager", "torchvision ONNX", "Keras predict", "ONNX", "LiteRT"
AGAINST_ONNX = {"faster_rcnn": 0.75, "mask_rcnn": 0.45, "keypoint_rcnn": 0.35}
ALL_MEASURED = "mask_rcnn"
SUFFIXES = {ONNX: "onnx", LITE: "tflite"}
MOST_EXPORT_MEMORY = 4e9


def run():
    torch_python = os.environ.get("ZOO_TORCH_PYTHON")
    if not torch_python:
        return [{"figure": "R-CNN against torchvision", "value": "not run: ZOO_TORCH_PYTHON is unset"}]
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/picture.npy", photograph(SIZE))
        return [row for name in AGAINST_ONNX for row in compare(name, Path(folder), torch_python)]


def photograph(size):
    """Returns scikit-image's coffee cup, `(height, width, 3)` uint8."""
    from PIL import Image
    from skimage import data

    return np.asarray(Image.fromarray(data.coffee()).resize(size[::-1], Image.Resampling.BICUBIC))


def build(name, size):
    """Builds a model with the weights that `benchmarks.torchvision_rcnn` draws."""
    import zoo
    from tests.zoo.detection.torchvision_weights import drawn
    from zoo.weights import torchvision
    from zoo.weights.matching import assign

    num_classes = 1 if name == "keypoint_rcnn" else 90
    model = zoo.BUILDERS[f"{name}_resnet50_fpn"](num_classes, frozen_batch_norm=True, input_shape=(*size, 3))
    wants = torchvision.wanted(model)
    assign(wants, {want.name: drawn(want.name, want.shape) for want in wants}, "drawn")
    return model


def saved(model, path):
    """Writes a model; returns the GFLOP of a picture."""
    import zoo

    model.save(path)
    return zoo.info(model).flop / 1e9


def compare(name, folder, torch_python):
    """Returns the rows of one model."""
    gflop = saved(build(name, SIZE), folder / f"{name}.keras")
    picture = folder / "picture.npy"

    def ours(way, file):
        return Peer(sys.executable, "rcnn_ours", way, folder / f"{name}{file}", picture)

    theirs = folder / f"{name}-torchvision.onnx"
    exported = {THEIRS: alone(torch_python, "torchvision_rcnn", "onnx", name, picture, theirs)}
    artifacts = {}
    for quantize in (None, "int8") if name == ALL_MEASURED else (None,):
        for way, suffix in SUFFIXES.items():
            artifact, file = way_of(way, quantize), f"{name}-{quantize}.{suffix}"
            given = (folder / f"{name}.keras", picture, folder / file, *filter(None, [quantize]))
            exported[artifact] = alone(sys.executable, "rcnn_ours", "export", *given)
            artifacts[artifact] = file.removeprefix(name)
    before = rates()
    took = take_turns(
        {
            EAGER: Peer(torch_python, "torchvision_rcnn", "eager", name, picture),
            THEIRS: Peer(sys.executable, "rcnn_ours", "torchvision_onnx", theirs, picture),
            KERAS: ours("predict", ".keras"),
            **{artifact: ours("artifact", file) for artifact, file in artifacts.items()},
        },
        REPEATS,
    )
    rate = faster([before, rates()])
    return [
        *(row for way, step in took.items() for row in single(name, way, step)),
        *ratios(name, took),
        {"figure": f"{name}, arithmetic, GFLOP", "value": round(gflop)},
        {"figure": f"{name}, the faster 4096^3 product, GFLOP/s", "value": round(rate)},
        {
            "figure": f"{name}, ONNX, share of it",
            "value": round(gflop / took[ONNX].seconds / rate, 2),
            "target": ">= 0.7",
        },
        *(exports(exported) if name == ALL_MEASURED else ()),
    ]


def way_of(way, quantize):
    """Names a runtime with its quantization, if any."""
    return f"{way} {quantize}" if quantize else way


def alone(*peer):
    """Returns seconds of a program of one step, Python's start included, and its peak bytes."""
    start = time.perf_counter()
    started = Peer(*peer)
    peak = started.step().peak
    seconds = time.perf_counter() - start
    started.close()
    return seconds, peak


def single(name, way, step):
    """Returns the rows of one way alone."""
    return [
        {"figure": f"{name}, {way}, ms", "value": round(1e3 * step.seconds)},
        {"figure": f"{name}, {way}, ms of all cores together", "value": round(1e3 * step.processor)},
        {"figure": f"{name}, {way}, peak MB", "value": round(step.peak / 1e6)},
        {"figure": f"{name}, {way}, objects found", "value": step.result},
    ]


def ratios(name, took):
    """Returns the rows of ways beside others."""
    pairs = [(ONNX, THEIRS, AGAINST_ONNX[name]), (KERAS, EAGER, 0.6), (LITE, ONNX, 1.15)]
    pairs += [(way_of(way, "int8"), way, 0.5) for way in SUFFIXES if way_of(way, "int8") in took]
    rows = []
    for ours, other, target in pairs:
        for figure, ratio, aim in (
            ("", took[ours].seconds / took[other].seconds, {"target": f"<= {target}"}),
            (", all cores together", took[ours].processor / took[other].processor, {}),
        ):
            rows.append({"figure": f"{name}, {ours} over {other}{figure}", "value": round(ratio, 2), **aim})
    for ours, other in ((ONNX, THEIRS), (KERAS, EAGER)):
        ratio = round(took[ours].peak / took[other].peak, 2)
        rows.append({"figure": f"{name}, peak memory, {ours} over {other}", "value": ratio, "target": "<= 1"})
    return rows


def exports(exported):
    """Returns the rows of programs that write files: dict of seconds and peak bytes by way."""
    rows = []
    for way, (seconds, peak) in exported.items():
        rows.append({"figure": f"export, {way}, s", "value": round(seconds, 1)})
        aim = {"target": f"<= {MOST_EXPORT_MEMORY / 1e6:.0f}"} if way in SUFFIXES else {}
        rows.append({"figure": f"export, {way}, peak MB", "value": round(peak / 1e6), **aim})
    for way in SUFFIXES:
        ratio = round(exported[way][0] / exported[THEIRS][0], 2)
        rows.append({"figure": f"export, {way} over {THEIRS}", "value": ratio, "target": "<= 1"})
    return rows
