"""What RoIAlign, proposals and suppression take of Faster, Mask and Keypoint R-CNN in ONNX, R50-FPN at 800 x 1088."""

import tempfile
from pathlib import Path

import numpy as np

import export
from benchmarks.nodes import node_times, share_of
from benchmarks.rcnn_inference import AGAINST_ONNX, SIZE, build, photograph

RUNS = 5
PARTS = {
    "RoIAlign": ("roi_align",),
    "proposals": ("proposals", "anchor_rows", "anchors", "all_"),
    "detections": ("detections",),
    "points": ("keypoints",),
}
"""Beginnings of the names of layers, whose nodes carry them."""


def run():
    with tempfile.TemporaryDirectory() as folder:
        return [row for name in AGAINST_ONNX for row in shares(name, Path(folder))]


def shares(name, folder):
    """Returns the rows of one model."""
    picture = photograph(SIZE)[None]
    export.export(build(name, SIZE), folder / f"{name}.onnx", "onnx", pictures=picture)
    nodes, microseconds = node_times(folder / f"{name}.onnx", picture, folder, RUNS)
    parts = {part: np.array([is_of(node, layers) for node, _ in nodes]) for part, layers in PARTS.items()}
    rows = [
        {"figure": f"{name}, share of {part}", "value": round(share_of(nodes_of, microseconds), 4)}
        for part, nodes_of in parts.items()
        if nodes_of.any()
    ]
    together = parts["RoIAlign"] | parts["proposals"] | parts["detections"]
    share = round(share_of(together, microseconds), 4)
    return [*rows, {"figure": f"{name}, RoIAlign, proposals, suppression", "value": share, "target": "<= 0.1"}]


def is_of(node, layers):
    """Whether a node's name, the path `model/layer/operation`, names one of the layers."""
    return any(part.startswith(layers) for part in node.split("/"))
