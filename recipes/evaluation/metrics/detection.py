"""Average precision of detections, COCO's (`coco` beside this file) and Pascal VOC's."""

import numpy as np

from recipes.evaluation.metrics import base
from recipes.evaluation.metrics.base import known_mean
from recipes.evaluation.metrics.coco import coco_scores
from recipes.evaluation.metrics.confusion import BACKGROUND, Judged, confusion, confusion_chart
from recipes.evaluation.metrics.sizes import size_chart
from zoo.detection.average_precision import Curve
from zoo.ops.objects_numpy import crowds, detected, ignored
from zoo.prediction import SCORE

KEPT = ("boxes", "labels", "ignored", "crowds", "areas")
GRID = np.linspace(0, 1, 101)
AT_BEST = "each class at its best score"


class Evaluator(base.Evaluator):
    """Gathers average precision over pictures of any sizes."""

    of_what = " at IoU 0.5"

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
            **self.best_scores(),
        }

    def best_scores(self):
        """Returns of each class the best F1 at IoU 0.5, and the least score of an object to come to it.

        `f1/<class>` and `best_score/<class>`, `None` without an object.
        """
        best = [curve.best_score() or (None, None) for curve in self.by_class]
        named = list(zip(self.class_names, best, strict=True))
        return {f"f1/{name}": f1 for name, (_, f1) in named} | {
            f"best_score/{name}": score for name, (score, _) in named
        }

    def curves(self):
        """Returns precision over recall and F1 over the least score, of each class with objects and their mean."""
        known = {name: curve for name, curve in zip(self.class_names, self.by_class, strict=True) if curve.objects}
        precision = {name: curve.precision_at(GRID) for name, curve in known.items()}
        f1 = {name: curve.f1_at(GRID) for name, curve in known.items()}
        return [
            {
                "title": f"Precision and recall{self.of_what}",
                "x": "recall",
                "y": "precision",
                "lines": lines(precision),
            },
            {"title": f"F1{self.of_what}", "x": "least score", "y": "F1", "lines": lines(f1)},
        ]

    def charts(self):
        """Returns the confusion of classes, and what sizes of objects are found, each class at its best score."""
        best = [curve.best_score() for curve in self.by_class]
        least = np.array([one[0] if one and one[0] is not None else SCORE for one in best])
        judged = [Judged.of(objects, detections, least) for objects, detections in self.pictures]
        return [
            confusion_chart(
                f"Confusion{self.of_what}, {AT_BEST}", confusion(judged, len(least)), (*self.class_names, BACKGROUND)
            ),
            size_chart(f"Objects found{self.of_what}, {AT_BEST}", judged),
        ]


def lines(values):
    """Returns the lines of curves over `GRID`, each class's and, of several, their mean."""
    if len(values) > 1:
        values = {**values, "mean": np.mean(list(values.values()), axis=0)}
    return {name: [GRID.tolist(), one.tolist()] for name, one in values.items()}
