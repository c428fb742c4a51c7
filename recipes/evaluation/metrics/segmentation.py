"""mIoU, IoU per class, pixel and class accuracy; void is left out.

Source: Long et al. 2015, arXiv:1411.4038, section 5 (the four figures).
"""

import numpy as np

from recipes.evaluation.metrics import base
from recipes.evaluation.metrics.confusion import confusion_chart
from zoo.segmentation.confusion import Confusion, fractions, mean


class Evaluator(base.Evaluator):
    """Gathers the figures over pictures of any sizes."""

    def __init__(self, class_names, keypoint_names=()):
        super().__init__(class_names, keypoint_names)
        self.confusion = Confusion(len(self.class_names))

    def update(self, prediction, example):
        """Adds a picture: `prediction["logits"] (H, W, C)`, `example["segmentation"] (H, W)`."""
        self.confusion.add(example["segmentation"], np.argmax(prediction["logits"], axis=-1))

    def merge(self, other):
        """As `base.Evaluator.merge`."""
        super().merge(other)
        self.confusion.matrix += other.confusion.matrix

    def scores(self):
        """Returns `miou`, `pixel_accuracy`, `class_accuracy` and `iou/<class>` as fractions.

        A class that is neither in the labels nor predicted has no IoU (`None`) and is left out of the mean. Where
        nothing is labelled no figure has a value.
        """
        hits, pixels = self.confusion.hits.sum(), self.confusion.matrix.sum()
        iou = self.confusion.iou()
        return {
            "miou": mean(iou),
            "pixel_accuracy": fractions([hits], [pixels])[0],
            "class_accuracy": mean(self.confusion.recall()),
            **{f"iou/{name}": value for name, value in zip(self.class_names, iou, strict=True)},
        }

    def charts(self):
        """Returns the confusion matrix, in pixels, of the classes that are true or predicted somewhere."""
        matrix = self.confusion.matrix
        return [confusion_chart("Confusion of pixels", matrix, self.class_names)] if matrix.any() else []
