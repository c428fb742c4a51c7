"""What is written of each picture: the entries of `predictions.json`."""

import numpy as np

from recipes.evaluation import rle
from zoo.prediction import name_of


def segmentation_entry(predictor, prediction, found, labels=None):
    """Returns the share of the picture's pixels that each class has, or each that counts."""
    num_classes = prediction["logits"].shape[-1]
    shares = np.bincount(found["segmentation"].ravel(), minlength=num_classes) / found["segmentation"].size
    counting = range(num_classes) if labels is None else labels
    return {"shares": {name_of(predictor.class_names, i): round(float(shares[i]), 6) for i in counting}}


def objects_entry(predictor, prediction, found, labels=None):
    """Returns the objects found: class, score and box, xyxy in the picture's pixels, the best first.

    As far as the task has them, each has its mask as COCO's run lengths, see `recipes.evaluation.rle`, and its
    keypoints by name: x and y in the picture's pixels, and the score. Where objects are tracked each has its
    identity, `null` where it has none yet.
    """
    rows = zip(found["labels"], found["scores"], found["boxes"], strict=True)
    objects = [
        {"class": name_of(predictor.class_names, label), "score": rounded(score, 6), "box": rounded(box, 2)}
        for label, score, box in rows
    ]
    if "masks" in found:
        for one, mask in zip(objects, found["masks"], strict=True):
            one["mask"] = rle.encode(mask)
    if "keypoints" in found:
        for one, points in zip(objects, prediction["keypoints"], strict=True):
            one["keypoints"] = by_name(predictor, points)
    for one, identity in zip(objects, prediction.get("tracks", ()), strict=False):
        one["track"] = int(identity) or None
    return {"objects": objects}


def points_entry(predictor, prediction, found, labels=None):
    """Returns the score of there being an object, and its points, x and y in the picture's pixels, by name."""
    points = by_name(predictor, prediction["points"]) if len(found["keypoints"]) else {}
    return {"score": rounded(prediction["score"], 6), "points": points}


ENTRIES = {
    "segmentation": segmentation_entry,
    "localization": objects_entry,
    "points": points_entry,
    "detection": objects_entry,
    "instance_segmentation": objects_entry,
    "keypoints": objects_entry,
    "masks_and_keypoints": objects_entry,
}


def by_name(predictor, points):
    """Returns the rows of `(K, 2 or 3)` keypoints by their names, numbers where nobody named them."""
    names = predictor.keypoint_names or map(str, range(len(points)))
    return {name: rounded(point, 2) for name, point in zip(names, points, strict=True)}


def rounded(values, digits):
    """Returns floats as JSON takes them."""
    return np.round(np.asarray(values, "float64"), digits).tolist()
