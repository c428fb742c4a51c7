"""How the predictions of two models are compared, task by task.

Each comparison has `align(reference, candidate)`: two dicts of arrays that may be subtracted value by value,
`update(reference, candidate, targets)`, `agreement`, `metrics()` and `figures()`; predictions come without batch
dimension.
"""

from collections import defaultdict

import numpy as np

from export.matching import SAME_BOX, SURE, likeness, pairs, sure

SAME_POINT = 0.01
SEEN_POINT = 2.0
RIGHT_POINT = 0.1
"""The distance of two points that count as the same, as a fraction of the frame's diagonal; the score, a logit, from
which on a model is taken to see a point, as Detectron draws them; the distance of a right point from the truth, as a
fraction of the longer side of its object's box."""


class Comparison:
    """Values side by side: all that can be said of a task unknown here.

    Args:
        outputs: dict of a batch's predictions.
        size: `(height, width)` of the frame.

    Attributes:
        agreement: fraction of predictions that both models make; `None` where the task has none to count.
        metric: name of the figure in `metrics()`.
    """

    agreement = metric = None

    def __init__(self, outputs, size):
        pass

    def align(self, reference, candidate):
        """Returns both dicts as they are: position by position their values belong together."""
        return reference, candidate

    def update(self, reference, candidate, targets):
        """Adds one picture."""

    def metrics(self):
        """Returns the metric of reference and candidate; `None` without targets."""
        return None

    def figures(self):
        """Returns further figures of agreement by name, 1 where both models say the same."""
        return {}


class Counted(Comparison):
    """A comparison that counts predictions: of `count`, the two models share `same`."""

    def __init__(self, outputs, size):
        self.same = self.count = 0

    @property
    def agreement(self):
        """1 where neither model predicts anything."""
        return float(self.same / self.count) if self.count else 1.0


class SegmentationComparison(Counted):
    """Pixels of equal class, and each model's mean IoU."""

    metric = "mIoU"

    def __init__(self, outputs, size):
        from zoo.segmentation.confusion import Confusion

        super().__init__(outputs, size)
        num_classes = outputs["logits"].shape[-1]
        self.confusions = Confusion(num_classes), Confusion(num_classes)

    def update(self, reference, candidate, targets):
        """Adds one picture: two dicts with `classes (H, W)`, and `(H, W)` integer labels or `None`.

        Labels outside of the classes (void, 255) are left out. Where the prediction is smaller than the labels (the
        unpadded U-Net) it is compared with their centre.
        """
        pair = reference["classes"], candidate["classes"]
        self.same += int(np.sum(pair[0] == pair[1]))
        self.count += pair[0].size
        if targets is None:
            return
        labels = centre(np.asarray(targets), pair[0].shape)
        for confusion, classes in zip(self.confusions, pair, strict=True):
            confusion.add(labels, classes)

    def metrics(self):
        """Returns the mean IoU of reference and candidate over the classes that occur; `None` without labels."""
        found = tuple(confusion.miou() for confusion in self.confusions)
        return None if found[0] is None else found


class DetectionComparison(Counted):
    """Detections that both models make, whatever their order, and each model's VOC AP at IoU 0.5.

    Looked at are detections with a score of 0.3 or more and the best of each picture. A pair has one label and an IoU
    of 0.9 or more, and one of its two is looked at.
    """

    metric, compared = "AP50", ("boxes", "scores")

    def __init__(self, outputs, size):
        from zoo.detection.average_precision import Curve

        super().__init__(outputs, size)
        self.curves = defaultdict(Curve), defaultdict(Curve)

    def align(self, reference, candidate):
        """Returns the outputs that are `compared`, of the pairs."""
        return shared(reference, candidate, self.compared)

    def update(self, reference, candidate, targets):
        """Adds one picture: two dicts of the task, and `boxes (N, 4)`, `labels (N,)` padded with -1, or `None`."""
        both = pairs(reference, candidate)
        sides = zip((reference, candidate), both.T, strict=True)
        alone = sum(int(np.delete(sure(outputs), rows).sum()) for outputs, rows in sides)
        self.same += len(both)
        self.count += len(both) + alone
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
            overlap = iou(one, other)
            self.overlaps.append(1.0 if overlap is None else overlap)

    def figures(self):
        """Returns the least and the mean IoU of the masks; empty without a pair."""
        if not self.overlaps:
            return {}
        return {"least_mask_iou": min(self.overlaps), "mean_mask_iou": float(np.mean(self.overlaps))}


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


class LocalizationComparison(Counted):
    """Pictures on which both models see no object, or the same class in the same box; each model's accuracy.

    An object is right if its class is and its box has an IoU of 0.5 or more.
    """

    metric = "accuracy"

    def __init__(self, outputs, size):
        super().__init__(outputs, size)
        self.right, self.objects = np.zeros(2), 0

    def update(self, reference, candidate, targets):
        """Adds one picture: two dicts of the task, and `boxes (4,)`, `labels ()` with -1 for no object, or `None`."""
        from zoo.ops.boxes_numpy import iou

        pair = reference, candidate
        seen = [outputs["score"] >= SURE for outputs in pair]
        classes = [outputs["probs"].argmax() for outputs in pair]
        overlap = likeness(reference["box"][None], candidate["box"][None]).item()
        self.same += not any(seen) or (all(seen) and classes[0] == classes[1] and overlap >= SAME_BOX)
        self.count += 1
        if targets is None or targets["labels"] < 0:
            return
        hits = [iou(outputs["box"], targets["boxes"]).item() >= 0.5 for outputs in pair]
        self.right += np.array(hits) & (np.array(classes) == targets["labels"])
        self.objects += 1

    def metrics(self):
        """Returns the fraction of objects that reference and candidate get right; `None` without any."""
        return tuple((self.right / self.objects).tolist()) if self.objects else None


class PointsComparison(Counted):
    """Points in the same place, within 1 % of the frame's diagonal, and each model's mean distance from the truth."""

    metric = "mean error"

    def __init__(self, outputs, size):
        super().__init__(outputs, size)
        self.diagonal = float(np.hypot(*size))
        self.distances, self.points = np.zeros(2), 0

    def update(self, reference, candidate, targets):
        """Adds one picture: two dicts of the task, and `keypoints (K, 3)`, visibility 0 for unknown, or `None`."""
        between = np.linalg.norm(reference["points"] - candidate["points"], axis=-1) / self.diagonal
        self.same += int(np.sum(between <= SAME_POINT))
        self.count += between.size
        if targets is None:
            return
        known = targets["keypoints"][:, 2] > 0
        for i, outputs in enumerate((reference, candidate)):
            away = np.linalg.norm(outputs["points"] - targets["keypoints"][:, :2], axis=-1)
            self.distances[i] += away[known].sum() / self.diagonal
        self.points += int(known.sum())

    def metrics(self):
        """Returns the mean distances, as fractions of the frame's diagonal; `None` without a known point."""
        return tuple((self.distances / self.points).tolist()) if self.points else None


COMPARISONS = {
    "segmentation": SegmentationComparison,
    "detection": DetectionComparison,
    "instance_segmentation": InstanceComparison,
    "keypoints": KeypointsComparison,
    "masks_and_keypoints": InstanceKeypointsComparison,
    "localization": LocalizationComparison,
    "points": PointsComparison,
}
"""By task, the class that compares; made with a dict of batched predictions and the frame's `(height, width)`."""


def centre(labels, shape):
    """Cuts the centre of `(H, W)` labels to `shape`."""
    top, left = ((full - part) // 2 for full, part in zip(labels.shape, shape, strict=True))
    return labels[top : top + shape[0], left : left + shape[1]]


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
