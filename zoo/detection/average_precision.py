"""Pascal VOC's average precision at one IoU threshold.

Source: Everingham et al. 2010, "The Pascal Visual Object Classes (VOC) Challenge", section 4.2; the area under the
whole curve is that of the VOC 2010-2012 development kits.
"""

import numpy as np

from zoo.ops.boxes_numpy import covered, iou

IOU = 0.5
RIGHT, WRONG, NOT_COUNTED = 1, 0, -1
ELEVEN_RECALLS = np.linspace(0, 1, 11)


def match(boxes, truths, ignored, crowds=None, threshold=IOU):
    """Judges the detections of one class in one picture.

    Each takes the object it overlaps best: it is right if the overlap reaches the threshold and no better-scored
    detection took the object before; a second hit is wrong. If that object is ignored, the detection is not counted,
    nor is any further one. Overlaps are those of continuous coordinates, without the kits' pixel more.

    Crowds, which VOC has none of, are as COCO's: a detection that would be wrong is not counted if as much of its own
    area as the threshold lies in a crowd.

    Args:
        boxes: `(N, 4)` xyxy by falling score.
        truths: `(M, 4)` xyxy, the objects of the class.
        ignored: `(M,)` bool.
        crowds: `(M,)` bool, those of the ignored ones that stand for many at once; `None` for none.
        threshold: the least IoU of a hit.
    Returns:
        `(N,)` int8 verdicts `RIGHT`, `WRONG` or `NOT_COUNTED`, and `(M,)` bool: the objects found.
    """
    verdicts, found = np.full(len(boxes), WRONG, np.int8), np.zeros(len(truths), bool)
    if not len(truths):
        return verdicts, found
    crowds = np.zeros(len(truths), bool) if crowds is None else np.asarray(crowds, bool)
    overlaps = np.where(crowds, 0, iou(boxes, truths))
    for i, best in enumerate(overlaps.argmax(axis=1)):
        if overlaps[i, best] < threshold:
            continue
        if ignored[best]:
            verdicts[i] = NOT_COUNTED
        elif not found[best]:
            verdicts[i], found[best] = RIGHT, True
    within = covered(boxes, np.asarray(truths)[crowds]).max(axis=1, initial=0) >= threshold
    verdicts[(verdicts == WRONG) & within] = NOT_COUNTED
    return verdicts, found


class Curve:
    """Gathers the detections of one class over pictures.

    Attributes:
        objects: number of objects to find, the ignored ones left out.
    """

    def __init__(self):
        self.objects, self.scores, self.verdicts = 0, [], []

    def add(self, boxes, scores, truths, ignored, crowds=None):
        """Adds a picture: `(N, 4)` detections by falling score with `(N,)` scores, and objects as in `match`."""
        verdicts, _ = match(boxes, truths, ignored, crowds)
        counted = verdicts != NOT_COUNTED
        self.scores.append(np.asarray(scores, "float64")[counted])
        self.verdicts.append(verdicts[counted])
        self.objects += int(np.sum(~np.asarray(ignored, bool)))

    def merge(self, other):
        """Adds the pictures of another curve, as if they came after one's own."""
        self.objects += other.objects
        self.scores += other.scores
        self.verdicts += other.verdicts

    def points(self):
        """Returns `recall` and `precision`, `(N,)` each: after the best detection, after the two best ..."""
        _, hits = self.ranked()
        return hits / max(self.objects, 1), hits / np.arange(1, len(hits) + 1)

    def ranked(self):
        """Returns `(N,)` falling scores and how many of the detections down to each are right."""
        scores = np.concatenate([np.zeros(0), *self.scores])
        order = np.argsort(-scores, kind="stable")
        return scores[order], np.cumsum(np.concatenate([np.zeros(0), *self.verdicts])[order])

    def f1_at(self, least):
        """Returns the F1 of the detections of each least score `(M,)`: twice the right ones over found and true."""
        scores, hits = self.ranked()
        counts = np.searchsorted(-scores, -np.asarray(least, "float64"), side="right")
        return 2 * np.append(0, hits)[counts] / np.maximum(counts + self.objects, 1)

    def best_score(self):
        """Returns the least score with the best F1, between two detections', and that F1; `None` without an object.

        Of scores that are as good it is the highest; without a right detection there is none, `(None, 0.0)`.
        """
        if not self.objects:
            return None
        scores, hits = self.ranked()
        f1 = 2 * hits / (np.arange(1, len(hits) + 1) + self.objects)
        f1[:-1][scores[:-1] == scores[1:]] = 0  # no score parts equal ones
        if not f1.any():
            return None, 0.0
        last = f1.argmax()
        return float((scores[last] + np.append(scores, 0)[last + 1]) / 2), float(f1[last])

    def average_precision(self):
        """Returns the area under the precision, made falling, over all recalls; `None` without an object."""
        if not self.objects:
            return None
        recall, precision = self.points()
        falling = np.maximum.accumulate(precision[::-1])[::-1]
        return float(np.sum(np.diff(recall, prepend=0) * falling))

    def precision_at(self, recalls):
        """Returns the best precision at each recall or above, 0 beyond the recall reached."""
        recall, precision = self.points()
        falling = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0)
        # Recalls are quotients of counts: a last bit must not decide whether 0.3 is reached.
        return falling[np.searchsorted(recall, np.asarray(recalls) - 1e-9)]

    def average_precision_11(self):
        """Returns the mean precision at the recalls 0, 0.1 ... 1, as VOC 2007 counts; `None` without an object."""
        return float(self.precision_at(ELEVEN_RECALLS).mean()) if self.objects else None
