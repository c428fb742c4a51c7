"""A training step of Faster and Mask R-CNN, R50-FPN, batch 2 at 480 x 640, against torchvision's on the same objects.

Both start from the same weights, with frozen batch normalisation, in processes of their own, taking turns: all
convolutions learn, or, as both houses fine-tune, those beyond the first two stages. ZOO_TORCH_PYTHON names the Python
of an environment with torch and torchvision.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.peer import Peer, take_turns
from benchmarks.rcnn_inference import build, photograph
from zoo.ops.masks import paste

SIZE = (480, 640)
BATCH = 2
OBJECTS = 8
MASK_SIZE = 112
LEARNING_RATE = 1e-6  # with drawn weights a step of the usual size would diverge
REPEATS = 5
LONGEST = {"faster_rcnn": 1.0, "mask_rcnn": 0.8}  # of torchvision's step
WAYS = {"training": ((), 5), "fine-tuning": (("conv1", "res2_*"), 3)}
"""By name, our layers that keep their weights, and torchvision's stages that learn."""
MOST_MEMORY = 1.2  # of torchvision's peak


def run():
    torch_python = os.environ.get("ZOO_TORCH_PYTHON")
    if not torch_python:
        return [{"figure": "R-CNN's training step", "value": "not run: ZOO_TORCH_PYTHON is unset"}]
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/batch.npz", **batch())
        return [row for name in LONGEST for way in WAYS for row in compare(name, way, Path(folder), torch_python)]


def batch():
    """Draws ellipses as objects: boxes, labels, -1 in empty rows, masks in the box and as pixels of the picture."""
    rng = np.random.default_rng(0)
    height, width = SIZE
    corner = rng.uniform(0, [0.6 * width, 0.6 * height], (BATCH, OBJECTS, 2))
    side = rng.uniform(0.1, 0.4, (BATCH, OBJECTS, 2)) * [width, height]
    boxes = np.concatenate([corner, corner + side], axis=-1).astype("float32")
    labels = rng.integers(0, 90, (BATCH, OBJECTS)).astype("int32")
    labels[-1, OBJECTS // 2 :] = -1
    boxes[labels < 0] = 0
    place = (np.arange(MASK_SIZE) + 0.5) / MASK_SIZE - 0.5
    ellipse = (place**2 + place[:, None] ** 2 <= 0.25).astype("uint8")
    masks = ellipse * (labels >= 0)[..., None, None].astype("uint8")
    return {
        "images": np.stack([photograph(SIZE), photograph(SIZE)[:, ::-1]]),
        "boxes": boxes,
        "labels": labels,
        "masks": masks,
        "pixels": np.stack([paste(*one, SIZE) for one in zip(masks, boxes, strict=True)]).astype("uint8"),
        "learning_rate": LEARNING_RATE,
    }


def compare(name, way, folder, torch_python):
    """Returns the rows of one model that learns in one of the `WAYS`."""
    frozen, stages = WAYS[way]
    model, objects = folder / f"{name}.keras", folder / "batch.npz"
    build(name, SIZE).save(model)
    took = take_turns(
        {
            "ours": Peer(sys.executable, "rcnn_ours", "train", model, objects, *frozen),
            "torchvision": Peer(torch_python, "torchvision_rcnn", "train", name, objects, stages),
        },
        REPEATS,
    )
    rows = []
    for whose, step in took.items():
        rows.append({"figure": f"{name}, {way} step, {whose}, ms", "value": round(1e3 * step.seconds)})
        rows.append({"figure": f"{name}, {way}, {whose}, peak MB", "value": round(step.peak / 1e6)})
        rows.append({"figure": f"{name}, {way}, first loss, {whose}", "value": round(step.result, 3)})
    ours, theirs = took["ours"], took["torchvision"]
    for figure, ratio, target in (
        (f"{way} step", ours.seconds / theirs.seconds, LONGEST[name]),
        (f"{way}, peak memory", ours.peak / theirs.peak, MOST_MEMORY),
    ):
        figure = f"{name}, {figure}, ours over torchvision"
        rows.append({"figure": figure, "value": round(ratio, 2), "target": f"<= {target:g}"})
    return rows
