"""How predictions of one thing a picture are compared: a map, an object, a set of points."""

import numpy as np

from export.comparisons.counted import Counted
from export.matching import SAME_BOX, SURE, likeness

SAME_POINT = 0.01
ABOVE_CHANCE = 0.05
"""The distance of two points that count as the same, as a fraction of the frame's diagonal; by how much a mean IoU
has to be better than that of one class everywhere."""


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
        self.add(np.sum(pair[0] == pair[1]), pair[0].size)
        if targets is None:
            return
        labels = centre(np.asarray(targets), pair[0].shape)
        for confusion, classes in zip(self.confusions, pair, strict=True):
            confusion.add(labels, classes)

    def metrics(self):
        """Returns the mean IoU of reference and candidate over the classes that occur; `None` without labels."""
        found = tuple(confusion.miou() for confusion in self.confusions)
        return None if found[0] is None else found

    def blind(self, metric):
        """Says whether the mean IoU is hardly above that of naming the commonest class everywhere."""
        pixels = self.confusions[0].matrix.sum(axis=1)
        return metric < pixels.max() / pixels.sum() / np.sum(pixels > 0) + ABOVE_CHANCE


class LocalizationComparison(Counted):
    """Objects that both models see, of the same class in the same box; each model's accuracy.

    Counted are the pictures on which one of them sees an object. It is right if its class is and its box has an IoU
    of 0.5 or more.
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
        self.add(all(seen) and classes[0] == classes[1] and overlap >= SAME_BOX, any(seen))
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
    most = 0.2
    """The mean error, as a fraction of the diagonal, beyond which a model knows nothing."""

    def __init__(self, outputs, size):
        super().__init__(outputs, size)
        self.diagonal = float(np.hypot(*size))
        self.distances, self.points = np.zeros(2), 0

    def update(self, reference, candidate, targets):
        """Adds one picture: two dicts of the task, and `keypoints (K, 3)`, visibility 0 for unknown, or `None`."""
        between = np.linalg.norm(reference["points"] - candidate["points"], axis=-1) / self.diagonal
        self.add(np.sum(between <= SAME_POINT), between.size)
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

    def blind(self, metric):
        """Says whether the mean error is as that of guesses."""
        return metric > self.most


def centre(labels, shape):
    """Cuts the centre of `(H, W)` labels to `shape`."""
    top, left = ((full - part) // 2 for full, part in zip(labels.shape, shape, strict=True))
    return labels[top : top + shape[0], left : left + shape[1]]
