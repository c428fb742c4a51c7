"""A confusion matrix over pictures, and intersection over union from it."""

import numpy as np


class Confusion:
    """Counts, over any number of label maps, which class was predicted where which was true.

    Attributes:
        matrix: `(C, C)` int64; row the true class, column the predicted one.
    """

    def __init__(self, num_classes):
        self.matrix = np.zeros((num_classes, num_classes), np.int64)

    def add(self, labels, predicted):
        """Adds integer maps of one shape; labels outside 0 to C - 1, such as void, are left out."""
        num_classes, labels = len(self.matrix), np.asarray(labels)
        labelled = (labels >= 0) & (labels < num_classes)
        pairs = labels[labelled].astype(np.int64) * num_classes + np.asarray(predicted)[labelled]
        self.matrix += np.bincount(pairs, minlength=num_classes**2).reshape(self.matrix.shape)

    @property
    def hits(self):
        """`(C,)` pixels of each class that were predicted right."""
        return np.diag(self.matrix)

    def iou(self):
        """Returns the intersection over union of each class, `None` for one that is neither true nor predicted."""
        return fractions(self.hits, self.matrix.sum(0) + self.matrix.sum(1) - self.hits)

    def recall(self):
        """Returns the share of each class's pixels that were predicted right, `None` for a class without any."""
        return fractions(self.hits, self.matrix.sum(1))

    def miou(self):
        """Returns the mean of the known `iou()`, `None` without any."""
        return mean(self.iou())


def fractions(parts, wholes):
    """Divides elementwise; `None` where the whole is 0."""
    return [float(part / whole) if whole else None for part, whole in zip(parts, wholes, strict=True)]


def mean(values):
    """Returns the mean of those that are not `None`, `None` without any."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
