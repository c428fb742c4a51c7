"""What export knows of each task: the outputs an artifact adds, and how predictions are compared."""

import numpy as np


def finish(task, outputs, argmax):
    """Adds the outputs that an artifact has beyond the model's own.

    Args:
        task: `model.task`.
        outputs: dict of the model's outputs.
        argmax: function of `(..., C)` to `(...)` int32 indices; TensorFlow's in a graph, NumPy's outside of one.
    Returns:
        The dict with, for segmentation, `classes (B, H, W)` int32: the class of the highest logit of each pixel.
    """
    if task == "segmentation":
        return {**outputs, "classes": argmax(outputs["logits"])}
    return dict(outputs)


class SegmentationComparison:
    """Counts, over pictures, the pixels on which two models agree and each one's mean IoU."""

    metric = "mIoU"

    def __init__(self, num_classes):
        from zoo.segmentation.confusion import Confusion

        self.same = self.pixels = 0
        self.confusions = Confusion(num_classes), Confusion(num_classes)

    def update(self, reference, candidate, labels):
        """Adds one picture: two dicts with `classes (H, W)`, and `(H, W)` integer labels or `None`.

        Labels outside of the classes (void, 255) are left out. Where the prediction is smaller than the labels (the
        unpadded U-Net) it is compared with their centre.
        """
        pair = reference["classes"], candidate["classes"]
        self.same += int(np.sum(pair[0] == pair[1]))
        self.pixels += pair[0].size
        if labels is None:
            return
        labels = centre(np.asarray(labels), pair[0].shape)
        for confusion, classes in zip(self.confusions, pair, strict=True):
            confusion.add(labels, classes)

    @property
    def agreement(self):
        """Fraction of pixels that both models give the same class."""
        return self.same / self.pixels

    def metrics(self):
        """Returns the mean IoU of reference and candidate over the classes that occur; `None` without labels."""
        labelled = self.confusions[0].matrix.any()
        return tuple(confusion.miou() for confusion in self.confusions) if labelled else None


COMPARISONS = {"segmentation": lambda outputs: SegmentationComparison(outputs["logits"].shape[-1])}


def centre(labels, shape):
    """Cuts the centre of `(H, W)` labels to `shape`."""
    top, left = ((full - part) // 2 for full, part in zip(labels.shape, shape, strict=True))
    return labels[top : top + shape[0], left : left + shape[1]]
