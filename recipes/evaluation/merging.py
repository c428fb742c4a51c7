"""What several views of one picture show of its objects, merged by suppression between the views."""

import numpy as np

from zoo.drawing.depict import MORE
from zoo.ops.boxes_numpy import covered, iou
from zoo.ops.objects_numpy import detected

ALIKE = 0.5
"""Intersection over union from which boxes of two views are of one object."""
PART = 0.7
"""Share of a cut box within a whole one from which it is a part of that object."""


def merged(views, task, cut=None):
    """Merges predictions of one picture.

    Two boxes of a class in two views are of one object where they overlap by `ALIKE` or more: the better one stays
    (greedy suppression by class; what one view tells apart remains apart). A box that the view's edge cuts is given
    up before that, whatever its score, where it lies in an uncut one of another view by `PART` or more.

    Args:
        views: list of dicts, each as a detector predicts a picture, all in the pixels of the same one.
        task: theirs.
        cut: list of `(K,)` bool, of each view's rows whether the view's edge cuts the object; `None` for none.
    Returns:
        Dict of the objects, the best first, without empty rows, and their `count`.
    """
    keys = ("boxes", "scores", "labels", *MORE[task])
    found = {key: np.concatenate([np.asarray(view[key]) for view in views]) for key in keys}
    found["view"] = np.repeat(np.arange(len(views)), [len(view["labels"]) for view in views])
    found["cut"] = np.concatenate(cut) if cut else np.zeros(len(found["labels"]), bool)
    found = detected(found, *MORE[task], "view", "cut")
    kept = np.zeros(len(found["labels"]), bool)
    for label in np.unique(found["labels"]):
        rows = np.flatnonzero(found["labels"] == label)
        boxes, views_of = found["boxes"][rows], found["view"][rows]
        rows = rows[~parts(boxes, views_of, found["cut"][rows])]
        kept[rows[suppressed(found["boxes"][rows], found["view"][rows])]] = True
    objects = {key: found[key][kept] for key in keys}
    return {**objects, "count": np.int32(kept.sum())}


def parts(boxes, views, cut):
    """Says of each of `(N, 4)` boxes whether it is cut, and what it is a part of stands whole in another view."""
    given_up = np.zeros(len(boxes), bool)
    whole = np.flatnonzero(~cut)
    for row in np.flatnonzero(cut):
        others = whole[views[whole] != views[row]]
        given_up[row] = (covered(boxes[row], boxes[others]) >= PART).any()
    return given_up


def suppressed(boxes, views):
    """Returns the places of the `(N, 4)` boxes, the best first, that no better one of another view stands for."""
    left, kept = np.arange(len(boxes)), []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        same = (iou(boxes[best], boxes[left])[0] >= ALIKE) & (views[left] != views[best])
        left = left[~same]
    return kept
