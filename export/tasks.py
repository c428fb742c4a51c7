"""What export knows of each task's predictions: the outputs an artifact adds, and the way back to a picture."""

import numpy as np

from export.letterbox import Placement
from export.outputs import PASTED, TASKS
from zoo.errors import InputError

PLACED = {
    "logits": Placement.maps,
    "boxes": Placement.boxes,
    "box": Placement.boxes,
    "points": Placement.points,
    "keypoints": Placement.keypoints,
    PASTED: Placement.labels,
}
"""By output, how it returns from the frame to the picture; all others are the same in both."""


def finish(task, outputs, argmax):
    """Adds the outputs that an artifact has beyond the model's own.

    Args:
        task: `model.task`.
        outputs: dict of the model's predictions.
        argmax: function of `(..., C)` to `(...)` int32 indices; TensorFlow's in a graph, NumPy's outside of one.
    Returns:
        The dict with, for segmentation, `classes (B, H, W)` int32: the class of the highest logit of each pixel.
    """
    if task == "segmentation":
        return {**outputs, "classes": argmax(outputs["logits"])}
    return dict(outputs)


def in_picture(prediction, placement):
    """Brings one picture's prediction from the model's frame to the picture's own pixels.

    Args:
        prediction: dict of arrays without batch dimension.
        placement: the picture's `Placement`.
    Returns:
        The dict with boxes, points and logits in the picture, masks over those boxes, and `classes` of the restored
        logits, or themselves restored where there are none.
    Raises:
        InputError: if the logits have another size than the frame.
    """
    placed = dict(prediction)
    for name, bring_back in PLACED.items():
        if name in placed and not of_whole_picture(name, placed[name]):
            placed[name] = bring_back(placement, placed[name])
    if "masks" in placed:
        placed["masks"] = placement.masks(prediction["masks"], prediction["boxes"])
    if "classes" in placed:
        known = "logits" in placed
        placed["classes"] = largest(placed["logits"]) if known else placement.labels(placed["classes"][None])[0]
    return placed


def of_whole_picture(name, values):
    """Says whether an output is a classifier's logits `(C,)`, which are the same wherever the picture lies."""
    return name == "logits" and np.ndim(values) == 1


def largest(logits):
    """Returns the int32 index of the highest of `(..., C)` logits."""
    return np.argmax(logits, -1).astype(np.int32)


def known_task(predictor, known):
    """Returns a predictor's task, or that of an `Artifact` whose file another program runs.

    Raises:
        InputError: if it is none of `known`, as without a card, or its file leaves some of its outputs out.
    """
    if predictor.task not in known:
        raise InputError(f"{predictor.path} carries no card that says its task: export it with `zoo export`")
    missing = set(TASKS[predictor.task]).difference(predictor.names or TASKS[predictor.task])
    if missing:
        names = ", ".join(sorted(missing))
        raise InputError(f"{predictor.path} leaves out {names}: export it without --outputs, or with these too")
    return predictor.task
