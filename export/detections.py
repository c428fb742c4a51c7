"""Predictions for Roboflow's `supervision`: its annotators, zones and counters."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError
from zoo.ops.masks import paste
from zoo.prediction import name_of
from zoo.types import Size

if TYPE_CHECKING:
    import supervision

THRESHOLD = 0.5


def to_supervision(
    prediction: Mapping[str, np.ndarray], image_size: Size | None = None, class_names: Sequence[str] = ()
) -> "supervision.Detections":
    """Returns one picture's objects as `supervision.Detections`.

    Args:
        prediction: dict of arrays without batch dimension, as `Predictor.predict_each` yields them: a detector's, a
            localizer's, or a segmenter's, whose classes become a mask each.
        image_size: `(height, width)` of the picture, pixels, which masks are pasted into; an object's mask is left
            out where it is not given.
        class_names: names of the classes, if not given those that a `zoo.Prediction` brings along; they stand in
            `data["class_name"]`, as supervision's labels want them.
    Returns:
        `supervision.Detections`: `xyxy` in pixels, `confidence`, `class_id`, as far as there are some `mask` and
        `tracker_id`, and keypoints `(N, P, 3)` in `data["keypoints"]`. Empty rows are left out.
    Raises:
        InputError: if the prediction has no objects, or is a batch's.
    """
    import supervision

    found = rows(prediction)
    data: dict = {}
    if class_names := class_names or getattr(prediction, "class_names", ()):
        data["class_name"] = np.array([name_of(class_names, label) for label in found["labels"]], dtype=str)
    if "keypoints" in found:
        data["keypoints"] = found["keypoints"]
    masks = found.get("pasted")
    if masks is None and "masks" in found and image_size is not None:
        masks = paste(found["masks"], found["boxes"], image_size, THRESHOLD)
    return supervision.Detections(
        xyxy=np.asarray(found["boxes"], np.float32),
        mask=None if masks is None else np.asarray(masks, bool),
        confidence=None if found["scores"] is None else np.asarray(found["scores"], np.float32),
        class_id=np.asarray(found["labels"], int),
        tracker_id=found.get("tracks"),
        data=data,
    )


def rows(prediction):
    """Returns the objects of a prediction: dict of `boxes (N, 4)`, `labels`, `scores (N,)` and what else it has."""
    if "boxes" in prediction and np.ndim(prediction["boxes"]) == 2:
        found = np.asarray(prediction["labels"]) >= 0
        others = ("scores", "labels", "masks", "pasted", "keypoints", "tracks")
        return {key: np.asarray(prediction[key])[found] for key in ("boxes", *others) if key in prediction}
    if "box" in prediction and np.ndim(prediction["box"]) == 1:
        label = np.argmax(prediction["probs"])
        return {"boxes": prediction["box"][None], "labels": label[None], "scores": np.ravel(prediction["score"])}
    if "logits" in prediction and np.ndim(prediction["logits"]) == 3:
        return regions(np.argmax(prediction["logits"], -1))
    shapes = ", ".join(f"{name} {np.shape(values)}" for name, values in prediction.items())
    raise InputError(f"supervision takes the objects of one picture, without batch dimension, received {shapes}")


def regions(classes):
    """Returns the classes of a label map `(H, W)` as objects: each with its mask, and the box around that."""
    labels = np.unique(classes)
    masks = classes == labels[:, None, None]
    boxes = []
    for mask in masks:
        (top, bottom), (left, right) = (np.flatnonzero(mask.any(axis))[[0, -1]] for axis in (1, 0))
        boxes.append([left, top, right + 1, bottom + 1])
    return {"boxes": np.float32(boxes), "labels": labels, "scores": None, "pasted": masks}
