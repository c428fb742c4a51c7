"""How often the one object of a picture is named and boxed right."""

import numpy as np

from recipes.evaluation.metrics import base
from recipes.evaluation.metrics.base import known_mean
from zoo.ops.boxes_numpy import iou
from zoo.ops.objects_numpy import largest

IOU = 0.5
SCORE = 0.5


class Evaluator(base.Evaluator):
    """Gathers the figures over pictures, each judged by its largest object that is not ignored.

    A picture whose objects are all ignored is not counted.
    """

    def __init__(self, class_names, keypoint_names=()):
        super().__init__(class_names, keypoint_names)
        self.labels, self.right, self.named, self.overlaps = [], [], [], []

    def update(self, prediction, example):
        """Adds a picture.

        Args:
            prediction: `score` of there being an object, `box (4,)` xyxy in the picture's pixels, `probs (C,)`.
            example: `boxes (N, 4)`, `labels (N,)`, optional `ignored (N,)` bool.
        """
        place = largest(example)
        if place is not None:
            label = int(example["labels"][place])
            named = int(np.argmax(prediction["probs"])) == label
            overlap = float(iou(prediction["box"], example["boxes"][place])[0, 0])
            self.labels.append(label)
            self.right.append(named and overlap >= IOU)
            self.named.append(named)
            self.overlaps.append(overlap)
        elif not len(example["labels"]):
            self.labels.append(-1)
            self.right.append(bool(prediction["score"] < SCORE))

    def merge(self, other):
        """As `base.Evaluator.merge`."""
        super().merge(other)
        self.labels += other.labels
        self.right += other.right
        self.named += other.named
        self.overlaps += other.overlaps

    def scores(self):
        """Returns the figures as fractions, `None` where there is nothing to count.

        `accuracy` is the share of pictures with the right class and a box of IoU 0.5 or more, or without an object
        and with a score below 0.5; `class_accuracy` and `mean_iou` look at the pictures with an object; then
        `accuracy/<class>`.
        """
        labels, right = np.array(self.labels), np.array(self.right)
        return {
            "accuracy": known_mean(self.right),
            "class_accuracy": known_mean(self.named),
            "mean_iou": known_mean(self.overlaps),
            **{f"accuracy/{name}": known_mean(right[labels == i]) for i, name in enumerate(self.class_names)},
        }
