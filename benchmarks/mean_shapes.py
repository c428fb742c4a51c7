"""What predicting the mean shape of the training pictures scores on landmarks and poses: what a network has to beat.

Each point's mean is taken over the pictures that show it, as a share of the picture's width and height, and laid on
every picture of the validation set.
"""

import os
from pathlib import Path

import numpy as np

from recipes.data import open_source
from recipes.evaluation import metrics

SETS = {
    "mean face, NME on faces68 val": ("nme", "points:{}/faces68/train.csv", "points:{}/faces68/val.csv"),
    "mean pose, PCK@0.2 on lsp val": (
        "pck",
        "coco:{0}/lsp/annotations/train.json@{0}/lsp/images",
        "coco:{0}/lsp/annotations/val.json@{0}/lsp/images",
    ),
}


def run():
    folder = os.environ.get("ZOO_DATA")
    if not folder:
        return [{"figure": "mean shapes", "value": "not run: ZOO_DATA is unset"}]
    rows = []
    for figure, (name, train, val) in SETS.items():
        train, val = (open_source(spec.format(Path(folder))) for spec in (train, val))
        rows.append({"figure": figure, "value": round(score(mean_shape(train), val)[name], 4)})
    return rows


def mean_shape(source):
    """Returns the `(K, 2)` mean of the visible points, x, y as shares of the picture."""
    places, counts = 0.0, 0.0
    for example in examples(source):
        visible = example["keypoints"][..., 2:] > 0
        places = places + np.sum(example["keypoints"][..., :2] / sides(example) * visible, axis=0)
        counts = counts + visible.sum(axis=0)
    return places / np.maximum(counts, 1)


def score(shape, source):
    """Returns the figures of one shape, stretched to each picture."""
    evaluator = metrics.evaluator("points", source.class_names("points"), source.keypoint_names)
    for example in examples(source):
        evaluator.update({"points": shape * sides(example)}, example)
    return evaluator.scores()


def examples(source):
    return source.records().map(source.decode).as_numpy_iterator()


def sides(example):
    """Returns the picture's width and height in pixels."""
    return np.array(example["image"].shape[1::-1])
