"""mIoU, IoU per class, pixel and class accuracy from a confusion matrix; void is left out.

Source: Long et al. 2015, arXiv:1411.4038, section 5 (the four figures).
"""

import keras
import numpy as np

VOID = 255


def training_metrics(model):
    """Returns Keras's own mean IoU over the labelled pixels, named `miou`."""
    return [keras.metrics.MeanIoU(model.num_classes, ignore_class=VOID, sparse_y_pred=False, name="miou")]


class Evaluator:
    """Gathers a confusion matrix over pictures of any sizes.

    Args:
        class_names: C names, index for index.
    """

    def __init__(self, class_names):
        self.class_names = tuple(class_names)
        self.confusion = np.zeros((len(self.class_names), len(self.class_names)), np.int64)

    def update(self, prediction, example):
        """Adds a picture: `prediction["logits"] (H, W, C)`, `example["segmentation"] (H, W)`."""
        self.add(np.argmax(prediction["logits"], axis=-1), example["segmentation"])

    def add(self, predicted, labels):
        """Adds `(H, W)` predicted classes and labels."""
        count = len(self.class_names)
        labelled = np.asarray(labels) != VOID
        pairs = np.asarray(labels)[labelled].astype(np.int64) * count + np.asarray(predicted)[labelled]
        self.confusion += np.bincount(pairs, minlength=count * count).reshape(count, count)

    def scores(self):
        """Returns `miou`, `pixel_accuracy`, `class_accuracy` and `iou/<class>` as fractions.

        A class that is neither in the labels nor predicted has no IoU (`None`) and is left out of the mean.
        """
        hits = np.diag(self.confusion).astype(float)
        true, predicted = self.confusion.sum(1), self.confusion.sum(0)
        iou = fractions(hits, true + predicted - hits)
        return {
            "miou": mean(iou),
            "pixel_accuracy": mean(fractions(hits.sum(keepdims=True), true.sum(keepdims=True))),
            "class_accuracy": mean(fractions(hits, true)),
            **{f"iou/{name}": value for name, value in zip(self.class_names, iou, strict=True)},
        }


def fractions(parts, wholes):
    """Divides elementwise; `None` where the whole is 0."""
    return [float(part / whole) if whole else None for part, whole in zip(parts, wholes, strict=True)]


def mean(values):
    """Returns the mean of those that are not `None`, 0 without any."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0.0
