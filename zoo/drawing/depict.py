"""What is true in a picture and what was predicted in it, in one form, and drawn.

That form is a dict of targets: "segmentation" `(H, W)` integers; or "boxes" `(N, 4)` and "labels" `(N,)`, with
"scores" `(N,)` where they were predicted, "ignored" and "crowds" `(N,)` where they are true; with or without the
boxes "masks" `(N, H, W)`, 0 or 1, or "keypoints" `(N, K, 2 or 3)`, with a visibility last or all seen.
"""

import numpy as np

from zoo.drawing.colours import palette
from zoo.drawing.shapes import draw_boxes, draw_masks, draw_skeleton, overlay
from zoo.ops.masks import paste
from zoo.ops.objects_numpy import crowds, detected, ignored, largest
from zoo.prediction import SCORE

SEEN = 2.0  # the least score of a keypoint that is drawn, as in Detectron's vis.py
GREY = (128, 128, 128)
MORE = {
    "detection": (),
    "instance_segmentation": ("masks",),
    "keypoints": ("keypoints",),
    "masks_and_keypoints": ("masks", "keypoints"),
}
"""What the objects of a task have beyond boxes, labels and scores."""


def truth_of(example, task):
    """Returns the targets of an example that the task learns: the largest object alone, where it learns but one.

    Args:
        example: dict of arrays, as `Source.decode` returns it.
        task: as `model.task` names it.
    """
    if task == "segmentation":
        return {"segmentation": example["segmentation"]}
    if task in MORE:
        truth = {key: example[key] for key in ("boxes", "labels", *MORE[task])}
        return {**truth, "ignored": ignored(example), "crowds": crowds(example)}
    place = largest(example)
    rows = slice(0) if place is None else slice(place, place + 1)
    keys = ("keypoints",) if task == "points" else ("boxes", "labels")
    return {key: example[key][rows] for key in keys}


def found_in(prediction, task, size, score=SCORE):
    """Returns what was predicted, as targets.

    Args:
        prediction: dict of arrays of one picture, in its own pixels.
        task: as `model.task` names it.
        size: `(H, W)` of the picture, pixels.
        score: the least score of an object that counts as found.
    """
    if task == "segmentation":
        return {"segmentation": np.argmax(prediction["logits"], axis=-1)}
    if task in MORE:
        found = detected(prediction, *MORE[task])
        found = {key: values[found["scores"] >= score] for key, values in found.items()}
        if "masks" in found:
            found["masks"] = paste(found["masks"], found["boxes"], size)
        if "keypoints" in found:
            seen = 2.0 * (found["keypoints"][..., 2:] >= SEEN)
            found["keypoints"] = np.concatenate([found["keypoints"][..., :2], seen], axis=-1)
        return found
    rows = slice(int(prediction["score"] >= score))
    if task == "points":
        return {"keypoints": prediction["points"][None][rows]}
    found = {"boxes": prediction["box"], "labels": np.argmax(prediction["probs"]), "scores": prediction["score"]}
    return {key: np.asarray(value)[None][rows] for key, value in found.items()}


def draw_targets(image, targets, class_names=(), skeleton=()):
    """Draws all the targets that are given.

    Args:
        image: `(H, W, 3)` uint8.
        targets: dict of arrays, e.g. of `truth_of` or `found_in`, or an example with all its targets.
        class_names: names of the boxes' labels.
        skeleton: pairs of keypoints to join.
    Returns:
        `(H, W, 3)` uint8.
    """
    if "segmentation" in targets:
        image = overlay(image, targets["segmentation"])
    if "boxes" in targets:
        labels = np.asarray(targets["labels"], int)
        colours = np.where(ignored(targets)[:, None], GREY, palette(labels.max(initial=0) + 1)[labels])
        if "masks" in targets:
            image = draw_masks(image, targets["masks"], colours, opacity=0.0 if "segmentation" in targets else 0.4)
        image = draw_boxes(image, targets["boxes"], labels, class_names, targets.get("scores"), colours)
    for points in targets.get("keypoints", ()):
        image = draw_skeleton(image, points, skeleton)
    return image
