"""mIoU, IoU per class, pixel and class accuracy; void is left out.

Source: Long et al. 2015, arXiv:1411.4038, section 5 (the four figures).
"""

import keras
import numpy as np

from zoo.segmentation.confusion import Confusion, fractions, mean
from zoo.segmentation.segmenter import VOID


def training_metrics(model):
    """Returns Keras's own mean IoU over the labelled pixels, named `miou`."""
    return [keras.metrics.MeanIoU(model.num_classes, ignore_class=VOID, sparse_y_pred=False, name="miou")]


class Evaluator:
    """Gathers the figures over pictures of any sizes.

    Args:
        class_names: C names, index for index.
    """

    def __init__(self, class_names):
        self.class_names = tuple(class_names)
        self.confusion = Confusion(len(self.class_names))

    def update(self, prediction, example):
        """Adds a picture: `prediction["logits"] (H, W, C)`, `example["segmentation"] (H, W)`."""
        self.confusion.add(example["segmentation"], np.argmax(prediction["logits"], axis=-1))

    def scores(self):
        """Returns `miou`, `pixel_accuracy`, `class_accuracy` and `iou/<class>` as fractions.

        A class that is neither in the labels nor predicted has no IoU (`None`) and is left out of the mean.
        """
        hits, pixels = self.confusion.hits.sum(), self.confusion.matrix.sum()
        iou = self.confusion.iou()
        return {
            "miou": mean(iou),
            "pixel_accuracy": mean(fractions([hits], [pixels])),
            "class_accuracy": mean(self.confusion.recall()),
            **{f"iou/{name}": value for name, value in zip(self.class_names, iou, strict=True)},
        }
