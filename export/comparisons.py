"""How the predictions of two models are compared, task by task.

Each comparison has `align(reference, candidate)`: two dicts of arrays that may be subtracted value by value,
`update(reference, candidate, targets)`, `agreement` and `metrics()`; predictions come without batch dimension.
"""

from collections import defaultdict

import numpy as np

SURE = 0.3
SAME_BOX = 0.9
SAME_CORNERS = 0.5
SAME_POINT = 0.01
"""A score from which on a model is taken to see an object; the IoU of two boxes that count as the same, or the pixels
between their corners; the distance of two points that do, as a fraction of the frame's diagonal."""


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
        labelled = self.confusions[0].matrix.any()
        return tuple(confusion.miou() for confusion in self.confusions) if labelled else None


class DetectionComparison(Counted):
    """Detections that both models make, whatever their order, and each model's VOC AP at IoU 0.5.

    Looked at are detections with a score of 0.3 or more and the best of each picture. A pair has one label and an IoU
    of 0.9 or more, and one of its two is looked at.
    """

    metric = "AP50"

    def __init__(self, outputs, size):
        from zoo.detection.average_precision import Curve

        super().__init__(outputs, size)
        self.curves = defaultdict(Curve), defaultdict(Curve)

    def align(self, reference, candidate):
        """Returns `boxes` and `scores` of the pairs."""
        sides = zip((reference, candidate), pairs(reference, candidate).T, strict=True)
        return tuple({name: outputs[name][rows] for name in ("boxes", "scores")} for outputs, rows in sides)

    def update(self, reference, candidate, targets):
        """Adds one picture: two dicts of the task, and `boxes (N, 4)`, `labels (N,)` padded with -1, or `None`."""
        shared = pairs(reference, candidate)
        sides = zip((reference, candidate), shared.T, strict=True)
        alone = sum(int(np.delete(sure(outputs), rows).sum()) for outputs, rows in sides)
        self.same += len(shared)
        self.count += len(shared) + alone
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


def pairs(reference, candidate):
    """Matches detections of two models on one picture, the best of the first choosing first.

    Returns:
        `(P, 2)` rows of the first and of the second.
    """
    labels, others = reference["labels"][:, None], candidate["labels"]
    possible = (labels == others) & (others >= 0) & (sure(reference)[:, None] | sure(candidate))
    overlaps = likeness(reference["boxes"], candidate["boxes"]) * possible
    found = []
    for row, overlap in enumerate(overlaps):
        if overlap.max(initial=0.0) >= SAME_BOX:
            found.append((row, overlap.argmax()))
            overlaps[:, overlap.argmax()] = 0.0
    return np.array(found, int).reshape(-1, 2)


def likeness(boxes, others):
    """Returns the `(N, M)` IoU of boxes, 1 where all corners lie within half a pixel, as those of empty boxes may."""
    from zoo.ops.boxes_numpy import iou

    apart = np.abs(boxes[:, None] - others).max(-1, initial=0.0)
    return np.where(apart <= SAME_CORNERS, 1.0, iou(boxes, others))


def sure(outputs):
    """Returns `(K,)` bool: the detections with a score of 0.3 or more, and the best one."""
    return (outputs["labels"] >= 0) & (outputs["scores"] >= min(SURE, outputs["scores"].max(initial=0.0)))


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
    "localization": LocalizationComparison,
    "points": PointsComparison,
}
"""By task, the class that compares; made with a dict of batched predictions and the frame's `(height, width)`."""


def centre(labels, shape):
    """Cuts the centre of `(H, W)` labels to `shape`."""
    top, left = ((full - part) // 2 for full, part in zip(labels.shape, shape, strict=True))
    return labels[top : top + shape[0], left : left + shape[1]]
