"""What every artifact's predictions keep to, whatever its model: the promises that its users rely on."""

import numpy as np

from zoo.ops.masks import iou, paste

SAME_PASTED = 0.9
"""The IoU of pasted masks and those of the boxes pasted here: pixels of exactly the threshold may fall either way."""


def broken(outputs, num_classes):
    """Returns in words what one picture's predictions break, "" for nothing.

    Args:
        outputs: dict of arrays without batch dimension; those that are named here are looked at.
        num_classes: how many classes the model names, 0 where that is unknown.
    """
    for check in (rows_of_detections, shares_of_masks, pasted_masks, classes_of_logits):
        if fault := check(outputs, num_classes):
            return fault
    return ""


def rows_of_detections(outputs, num_classes):
    """Scores fall, labels are known, and what follows the `count` rows is empty."""
    if not {"boxes", "scores", "labels", "count"} <= set(outputs):
        return ""
    boxes, scores, labels, count = (outputs[name] for name in ("boxes", "scores", "labels", "count"))
    if int(count) != np.sum(labels >= 0) or (labels[int(count) :] != -1).any():
        return f"count is {int(count)}, and {np.sum(labels >= 0)} rows have a label"
    if num_classes and labels.max(initial=-1) >= num_classes:
        return f"label {labels.max()} is none of {num_classes} classes"
    found = scores[: int(count)]
    if not (np.isfinite(found).all() and (np.diff(found) <= 0).all()):
        return "scores do not fall"
    if scores[int(count) :].any() or boxes[int(count) :].any():
        return "rows without a detection are not zero"
    if not (boxes[:, 2:] >= boxes[:, :2]).all():
        return "a box ends before it begins"
    return ""


def shares_of_masks(outputs, num_classes):
    """Masks are probabilities."""
    masks = outputs.get("masks", np.zeros(0))
    return "" if ((masks >= 0) & (masks <= 1)).all() else "masks are no probabilities, 0 to 1"


def pasted_masks(outputs, num_classes):
    """Pasted masks are those of the boxes."""
    if not {"boxes", "masks", "pasted"} <= set(outputs):
        return ""
    ours = paste(outputs["masks"], outputs["boxes"], outputs["pasted"].shape[1:])
    overlap = iou(ours, outputs["pasted"])
    return "" if overlap is None or overlap >= SAME_PASTED else "pasted masks are not those of the boxes"


def classes_of_logits(outputs, num_classes):
    """The class of a pixel is that of its highest logit."""
    if not {"logits", "classes"} <= set(outputs):
        return ""
    named = np.take_along_axis(outputs["logits"], outputs["classes"][..., None].astype(int), -1)[..., 0]
    wrong = named < outputs["logits"].max(-1)
    return f"classes are not those of the highest logits, at {np.argwhere(wrong)[0].tolist()}" if wrong.any() else ""
