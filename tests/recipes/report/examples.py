"""A run to report on: its history, curves and classes, and samples of its predictions."""

import numpy as np

from recipes import report

NASTY = "<script>alert('x')</script>"
CLASSES = ["road", NASTY, "pole"]
HISTORY = [
    {"epoch": 1, "loss": 2.0, "learning_rate": 0.1, "iou/road": 0.1},
    {"epoch": 2, "loss": 1.0, "val_loss": 1.5, "val_miou": 0.3, "learning_rate": 0.05},
    {"epoch": 3, "loss": float("nan"), "val_loss": 1.2, "val_miou": 0.4, "learning_rate": 0.01},
]
QUALITY = [
    {
        "title": "Precision and recall",
        "x": "recall",
        "y": "precision",
        "lines": {"road": [[0, 0.5, 1], [1, 0.5, 0]], "mean": [[0, 0.5, 1], [1, 0.75, 0.5]]},
    }
]


def sample(name="a.png", score=None, truth=True):
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, (24, 32))
    image = rng.integers(0, 256, (24, 32, 3)).astype("uint8")
    targets = {"segmentation": classes}
    return report.Sample(name, image, targets if truth else None, targets, score)


def labelled(name, image, truth, prediction):
    """A sample of two label maps."""
    maps = [classes and {"segmentation": np.array(classes)} for classes in (truth, prediction)]
    return report.Sample(name, image, *maps)


def boxed(truth, prediction, name="boxes.png", score=None):
    """A sample of two lists of `(x1, y1, x2, y2, label)`; the predicted ones by falling score."""
    rows = [np.array(boxes, "float32").reshape(-1, 5) for boxes in (truth, prediction)]
    targets = [{"boxes": boxes[:, :4], "labels": boxes[:, 4].astype(int)} for boxes in rows]
    targets[1]["scores"] = np.linspace(0.9, 0.6, len(rows[1]))
    return report.Sample(name, np.full((40, 60, 3), 100, "uint8"), *targets, score)
