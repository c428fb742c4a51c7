"""Which classes are taken for which: of pixels, and of objects with a background that nothing is in."""

from dataclasses import dataclass

import numpy as np

from zoo.detection.average_precision import IOU, RIGHT, WRONG, match
from zoo.ops.boxes_numpy import area, iou
from zoo.ops.objects_numpy import crowds, ignored

BACKGROUND = "background"


@dataclass(frozen=True)
class Judged:
    """The objects of a picture and what was found of them, without what is not counted.

    Attributes:
        pairs: `(N, 2)` true and found class, the number of classes for background.
        areas: `(M,)` square pixels of the M objects.
        found: `(M,)` bool, those of them that were found as their own class.
    """

    pairs: np.ndarray
    areas: np.ndarray
    found: np.ndarray

    @classmethod
    def of(cls, objects, detections, least):
        """Judges a picture.

        Detections take objects of their own class first, as average precision has it, then those of the others that
        are left, the best first, at the same IoU.

        Args:
            objects: dict of `boxes (M, 4)`, `labels (M,)`, and optional `ignored`, `crowds`, `areas`, each `(M,)`.
            detections: dict of `boxes (N, 4)`, `labels (N,)`, `scores (N,)` by falling score.
            least: `(C,)`, the least score of a detection of each class that counts.
        """
        labels, background = np.asarray(objects["labels"], int), len(least)
        counts, many = ~ignored(objects), crowds(objects)
        kept = detections["scores"] >= least[detections["labels"]]
        boxes, classes = detections["boxes"][kept], detections["labels"][kept]
        true_boxes = np.reshape(objects["boxes"], (-1, 4))
        verdicts, found = np.full(len(classes), WRONG, np.int8), np.zeros(len(labels), bool)
        for label in np.union1d(classes, labels):
            ours, theirs = classes == label, labels == label
            verdicts[ours], found[theirs] = match(boxes[ours], true_boxes[theirs], ~counts[theirs], many[theirs])
        left = np.flatnonzero(counts & ~found)
        others = iou(boxes[verdicts == WRONG], true_boxes[left])
        pairs = [(label, label) for label in classes[verdicts == RIGHT]]
        for label, overlaps in zip(classes[verdicts == WRONG], others, strict=True):
            free = np.where(left >= 0, overlaps, 0)
            best = int(free.argmax()) if len(free) else -1
            if best >= 0 and free[best] >= IOU:
                pairs.append((labels[left[best]], label))
                left[best] = -1
            else:
                pairs.append((background, label))
        pairs += [(labels[i], background) for i in left if i >= 0]
        areas = np.asarray(objects["areas"]) if "areas" in objects else area(true_boxes)
        return cls(np.array(pairs, int).reshape(-1, 2), areas[counts], found[counts])


def confusion(judged, num_classes):
    """Returns `(C + 1, C + 1)` counts of a list of `Judged`: true classes by rows, found ones by columns."""
    matrix = np.zeros((num_classes + 1, num_classes + 1), np.int64)
    for one in judged:
        np.add.at(matrix, tuple(one.pairs.T), 1)
    return matrix


def confusion_chart(title, matrix, names):
    """Returns the chart of a matrix, see `base.Evaluator.charts`, without classes that occur nowhere."""
    kept = np.flatnonzero(matrix.sum(0) + matrix.sum(1))
    names = [names[i] for i in kept]
    rows = matrix[np.ix_(kept, kept)].tolist()
    return {"title": title, "x": "predicted", "y": "true", "matrix": rows, "rows": names, "columns": names}
