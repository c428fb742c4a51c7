"""Which objects of an example are measured, and which of a prediction."""

import numpy as np

from zoo.ops.boxes_numpy import area


def ignored(example):
    """Returns `(N,)` bool: the objects that count neither as right nor wrong (crowds, difficult ones)."""
    return np.asarray(example.get("ignored", np.zeros(len(example["labels"]), bool)), bool)


def crowds(example):
    """Returns `(N,)` bool: the ignored objects that stand for many at once."""
    return np.asarray(example.get("crowds", np.zeros(len(example["labels"]), bool)), bool)


def largest(example):
    """Returns the index of the largest object that is not ignored, the first of equals; `None` without any."""
    areas = np.where(ignored(example), -1, area(np.asarray(example["boxes"], "float64").reshape(-1, 4)))
    return int(areas.argmax()) if areas.max(initial=-1) >= 0 else None


def detected(prediction, *others):
    """Returns a picture's `boxes`, `scores`, `labels` and `others` without empty rows, by falling score."""
    found = {key: np.asarray(prediction[key]) for key in ("boxes", "scores", "labels", *others)}
    order = np.argsort(-found["scores"], kind="stable")
    order = order[found["labels"][order] >= 0]
    return {key: values[order] for key, values in found.items()}
