"""Faster, Mask and Keypoint R-CNN, R50-FPN at 800 x 1088, against torchvision's: seconds and peak memory of each.

Same picture and weights, taking turns, each way in a process of its own; ZOO_TORCH_PYTHON names the Python of an
environment with torch, torchvision and onnx. All paste their masks into the picture.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.peer import ROOT, Peer, take_turns

SIZE = (800, 1088)
REPEATS = 5
EAGER, THEIRS, KERAS, ONNX, LITE = "torchvision eager", "torchvision ONNX", "Keras predict", "ONNX", "LiteRT"
AGAINST_ONNX = {"faster_rcnn": 1.0, "mask_rcnn": 0.6, "keypoint_rcnn": 0.5}


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


def compare(name, folder, torch_python):
    """Returns the rows of one model."""
    import export

    model, picture = build(name, SIZE), folder / "picture.npy"
    model.save(folder / f"{name}.keras")
    for format in ("onnx", "tflite"):
        export.export(model, folder / f"{name}.{format}", format, pictures=np.load(picture)[None])
    theirs = folder / f"{name}-torchvision.onnx"
    program = [torch_python, "-W", "ignore", "-m", "benchmarks.torchvision_rcnn"]  # tracing warns at every step
    subprocess.run([*program, "onnx", name, picture, theirs], cwd=ROOT, check=True)
    seconds, peak, found = take_turns(
        {
            EAGER: Peer(torch_python, "torchvision_rcnn", "eager", name, picture),
            THEIRS: Peer(sys.executable, "rcnn_ours", "torchvision_onnx", theirs, picture),
            KERAS: Peer(sys.executable, "rcnn_ours", "predict", folder / f"{name}.keras", picture),
            ONNX: Peer(sys.executable, "rcnn_ours", "artifact", folder / f"{name}.onnx", picture),
            LITE: Peer(sys.executable, "rcnn_ours", "artifact", folder / f"{name}.tflite", picture),
        },
        REPEATS,
    )
    rows = []
    for way in seconds:
        rows.append({"figure": f"{name}, {way}, ms", "value": round(1e3 * seconds[way])})
        rows.append({"figure": f"{name}, {way}, peak MB", "value": round(peak[way] / 1e6)})
        rows.append({"figure": f"{name}, {way}, objects found", "value": found[way]})
    for ours, other, target in ((ONNX, THEIRS, AGAINST_ONNX[name]), (KERAS, EAGER, 0.8), (LITE, ONNX, 1.3)):
        ratio = round(seconds[ours] / seconds[other], 2)
        rows.append({"figure": f"{name}, {ours} over {other}", "value": ratio, "target": f"<= {target}"})
    for ours, other in ((ONNX, THEIRS), (KERAS, EAGER)):
        ratio = round(peak[ours] / peak[other], 2)
        rows.append({"figure": f"{name}, peak memory, {ours} over {other}", "value": ratio, "target": "<= 1"})
    return rows
