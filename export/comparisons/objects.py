"""How the detections of two models are compared: boxes, masks and keypoints of the objects that both find."""

from collections import defaultdict

import numpy as np

from export.comparisons.counted import Counted
from export.matching import every, likeness, pairs, sure

SEEN_POINT = 2.0
RIGHT_POINT = 0.1
"""The score, a logit, from which on a model is taken to see a point, as Detectron draws them; the distance of a right
point from the truth, as a fraction of the longer side of its object's box."""


class DetectionComparison(Counted):
    """Detections that both models make, whatever their order, and each model's VOC AP at IoU 0.5.

    Looked at are detections with a score of 0.3 or more and the best of each picture. A pair has one label and an IoU
    of 0.9 or more, and one of its two is looked at.
    """

    metric = "AP50"
    compared: tuple[str, ...] = ("boxes", "scores")

    def __init__(self, outputs, size):
        from zoo.detection.average_precision import Curve

        super().__init__(outputs, size)
        self.curves = defaultdict(Curve), defaultdict(Curve)
        self.same_rows = self.rows = 0

    def align(self, reference, candidate):
        """Returns the outputs that are `compared`, of the pairs."""
        return shared(reference, candidate, self.compared)

    def update(self, reference, candidate, targets):
        """Adds one picture: two dicts of the task, and `boxes (N, 4)`, `labels (N,)` padded with -1, or `None`."""
        self.add(*shares(reference, candidate, sure))
        same, rows = shares(reference, candidate, every)
        self.same_rows += same
        self.rows += rows
        if targets is None:
            return
        for curves, outputs in zip(self.curves, (reference, candidate), strict=True):
            for label in np.union1d(outputs["labels"], targets["labels"]):
                ours, truth = outputs["labels"] == label, targets["boxes"][targets["labels"] == label]
                if label >= 0:
                    none = np.zeros(len(truth), bool)
                    curves[label].add(outputs["boxes"][ours], outputs["scores"][ours], truth, none)

    def metrics(self):
        """Returns the mean AP of reference and candidate over the classes with objects; `None` without any."""
        found = [[curve.average_precision() for curve in curves.values() if curve.objects] for curves in self.curves]
        return tuple(sum(known) / len(known) for known in found) if found[0] else None

    def figures(self):
        """Returns the agreement of all rows, those of low score too; empty without any."""
        return {"agreement_of_all": self.same_rows / self.rows} if self.rows else {}


class InstanceComparison(DetectionComparison):
    """As `DetectionComparison`, and the IoU of the masks of each pair, cut at 0.5, within the box."""

    compared = (*DetectionComparison.compared, "masks")

    def __init__(self, outputs, size):
        super().__init__(outputs, size)
        self.overlaps = []

    def update(self, reference, candidate, targets):
        """Adds one picture: two dicts of the task, and targets as `DetectionComparison` takes them, or `None`."""
        from zoo.ops.masks import iou

        super().update(reference, candidate, targets)
        ours, theirs = self.align(reference, candidate)
        for one, other in zip(ours["masks"] >= 0.5, theirs["masks"] >= 0.5, strict=True):
            overlap = 1.0 if (overlap := iou(one, other)) is None else overlap
            if overlap < min(self.overlaps, default=1.0):
                self.places["least_mask_iou"] = f"picture #{self.pictures - 1}"
            self.overlaps.append(overlap)

    def figures(self):
        """Returns also the least and the mean IoU of the masks, where there is a pair."""
        if not self.overlaps:
            return super().figures()
        masks = {"least_mask_iou": min(self.overlaps), "mean_mask_iou": float(np.mean(self.overlaps))}
        return super().figures() | masks


class KeypointsComparison(DetectionComparison):
    """As `DetectionComparison`, and the points of each pair that either model sees; each model's PCK.

    A known point of an object is right if the detection that overlaps the object best, by an IoU of 0.5 or more, has
    it within a tenth of the longer side of the object's box.

    Source of the metric: Yang & Ramanan 2013, "Articulated Human Detection with Flexible Mixtures of Parts", section
    7.1.
    """

    metric, compared = "PCK", (*DetectionComparison.compared, "keypoints")

    def __init__(self, outputs, size):
        super().__init__(outputs, size)
        self.right, self.points = np.zeros(2), 0

    def align(self, reference, candidate):
        """Returns what is `compared` and `keypoint_scores` of the pairs, and `keypoints (n, 2)` of those seen."""
        ours, theirs = super().align(reference, candidate)
        seen = (ours["keypoints"][..., 2] >= SEEN_POINT) | (theirs["keypoints"][..., 2] >= SEEN_POINT)
        for side in (ours, theirs):
            side["keypoint_scores"] = side["keypoints"][..., 2]
            side["keypoints"] = side["keypoints"][seen][:, :2]
        return ours, theirs

    def update(self, reference, candidate, targets):
        """Adds one picture: two dicts of the task, and `boxes`, `labels`, `keypoints (N, P, 3)`, or `None`."""
        super().update(reference, candidate, targets)
        if targets is None:
            return
        real = targets["labels"] >= 0
        self.points += int(np.sum(targets["keypoints"][real, :, 2] > 0))
        self.right += [right_points(outputs, targets, real) for outputs in (reference, candidate)]

    def metrics(self):
        """Returns the fraction of known points that reference and candidate get right; `None` without any."""
        return tuple((self.right / self.points).tolist()) if self.points else None


class InstanceKeypointsComparison(InstanceComparison, KeypointsComparison):
    """As both: the IoU of the masks, the points that either model sees, and each model's PCK."""

    compared = (*InstanceComparison.compared, "keypoints")


def shares(reference, candidate, seen):
    """Counts the detections that both models make, and those that one of them does, of the ones `seen` looks at."""
    both = pairs(reference, candidate, seen)
    sides = zip((reference, candidate), both.T, strict=True)
    return len(both), len(both) + sum(int(np.delete(seen(outputs), rows).sum()) for outputs, rows in sides)


def shared(reference, candidate, names):
    """Returns both dicts with the rows of detections that both models make, of the outputs that `names` lists."""
    sides = zip((reference, candidate), pairs(reference, candidate).T, strict=True)
    return tuple({name: outputs[name][rows] for name in names} for outputs, rows in sides)


def right_points(outputs, targets, real):
    """Counts the known points of the `real` targets that one picture's detections get right."""
    boxes, truth = targets["boxes"][real], targets["keypoints"][real]
    same = (targets["labels"][real][:, None] == outputs["labels"]) & sure(outputs)
    overlaps = likeness(boxes, outputs["boxes"]) * same
    best = overlaps.argmax(1)
    away = np.linalg.norm(outputs["keypoints"][best, :, :2] - truth[..., :2], axis=-1)
    near = away <= RIGHT_POINT * np.max(boxes[:, 2:] - boxes[:, :2], axis=1, initial=0.0)[:, None]
    return int(np.sum(near & (truth[..., 2] > 0) & (overlaps.max(1, initial=0.0) >= 0.5)[:, None]))
