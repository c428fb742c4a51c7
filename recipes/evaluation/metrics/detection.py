"""Average precision of detections, COCO's (`coco` beside this file) and Pascal VOC's."""

import numpy as np

from recipes.evaluation.metrics import base
from recipes.evaluation.metrics.base import known_mean
from recipes.evaluation.metrics.coco import coco_scores
from recipes.evaluation.metrics.objects import crowds, detected, ignored
from zoo.detection.average_precision import Curve

KEPT = ("boxes", "labels", "ignored", "crowds", "areas")
RECALLS = np.linspace(0, 1, 101)


class Evaluator(base.Evaluator):
    """Gathers average precision over pictures of any sizes."""

    curve_title = "Precision and recall at IoU 0.5"

    def __init__(self, class_names, keypoint_names=()):
        super().__init__(class_names, keypoint_names)
        self.pictures = []
        self.by_class = [Curve() for _ in self.class_names]

    def update(self, prediction, example):
        """Adds a picture.

        Args:
            prediction: `boxes (K, 4)` xyxy in the picture's pixels, `scores (K,)`, `labels (K,)`, -1 where empty.
            example: `boxes (N, 4)`, `labels (N,)`; optional `ignored (N,)` and `crowds (N,)`, bool, and
                `areas (N,)`, as the dataset states them.
        """
        detections, objects = detected(prediction), {key: example[key] for key in KEPT if key in example}
        self.pictures.append((objects, detections))
        left_out, many = ignored(example), crowds(example)
        for label in np.union1d(detections["labels"], objects["labels"]):
            ours, theirs = detections["labels"] == label, objects["labels"] == label
            boxes, scores = detections["boxes"][ours], detections["scores"][ours]
            self.by_class[label].add(boxes, scores, objects["boxes"][theirs], left_out[theirs], many[theirs])

    def merge(self, other):
        """As `base.Evaluator.merge`."""
        super().merge(other)
        self.pictures += other.pictures
        for ours, theirs in zip(self.by_class, other.by_class, strict=True):
            ours.merge(theirs)

    def scores(self):
        """Returns the figures as fractions, `None` where there is no object to find.

        `ap` is COCO's, over IoU 0.50 to 0.95; `ap50`, `ap75` at one IoU; `ap_small` (below 32 x 32 pixels),
        `ap_medium`, `ap_large` (from 96 x 96); `ar1`, `ar10`, `ar100` the recall of so many detections a picture,
        `ar_small` ... of 100. `voc_ap50` is Pascal VOC's over all recalls, `voc_ap50_11` over eleven. Then
        `ap50/<class>` and `ap/<class>`, both COCO's.
        """
        overall, of_each = coco_scores(self.pictures, self.class_names)
        return {
            **overall,
            "voc_ap50": known_mean([curve.average_precision() for curve in self.by_class]),
            "voc_ap50_11": known_mean([curve.average_precision_11() for curve in self.by_class]),
            **of_each,
        }

    def curves(self):
        """Returns precision over recall at IoU 0.5, of each class with objects and their mean."""
        named = zip(self.class_names, self.by_class, strict=True)
        precision = {name: curve.precision_at(RECALLS) for name, curve in named if curve.objects}
        if len(precision) > 1:
            precision["mean"] = np.mean(list(precision.values()), axis=0)
        lines = {name: [RECALLS.tolist(), values.tolist()] for name, values in precision.items()}
        return [{"title": self.curve_title, "x": "recall", "y": "precision", "lines": lines}]
