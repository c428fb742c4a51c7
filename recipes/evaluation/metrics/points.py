"""How far predicted points lie from the true ones: the figures of facial landmarks and those of poses.

Sources: Sagonas et al. 2016, "300 Faces In-The-Wild Challenge" (normalised error and its cumulative curve); Yang and
Ramanan 2013, "Articulated Human Detection with Flexible Mixtures of Parts" (PCK); Sapp and Taskar 2013, "MODEC" (the
torso as the unit of distances).
"""

import numpy as np

from recipes.evaluation.metrics import base
from recipes.evaluation.metrics.base import known_mean
from zoo.errors import InputError
from zoo.ops.objects_numpy import largest

FAILURE = 0.08
NEAR = 0.2
TORSO = ("left_shoulder", "right_hip")


class Evaluator(base.Evaluator):
    """Gathers the figures over pictures, each judged by its largest object that is not ignored.

    Only points with a place count (visibility 1 or 2). A picture without two of them apart is not counted, nor, for
    PCK, one that lacks a point of the torso.
    """

    def __init__(self, class_names, keypoint_names=()):
        super().__init__(class_names, keypoint_names)
        known = set(TORSO) <= set(self.keypoint_names)
        self.torso = [self.keypoint_names.index(name) for name in TORSO] if known else None
        self.errors, self.near, self.visible = [], [], []

    def update(self, prediction, example):
        """Adds a picture.

        Args:
            prediction: `points (K, 2)` x, y in the picture's pixels.
            example: `keypoints (N, K, 3)` x, y, visibility, `boxes (N, 4)`, `labels (N,)`, optional `ignored (N,)`.

        Raises:
            InputError: if the model predicts another number of points than the source has.
        """
        place = largest(example)
        if place is None:
            return
        truth, points = np.asarray(example["keypoints"][place], "float64"), np.asarray(prediction["points"])
        if len(points) != len(truth):
            raise InputError(
                f"the model predicts {len(points)} points, the source has {len(truth)}: name another source"
            )
        visible = truth[:, 2] > 0
        diagonal = tight_diagonal(truth[visible, :2])
        if not diagonal:
            return
        distances = np.linalg.norm(points - truth[:, :2], axis=-1)
        self.errors.append(distances[visible].mean() / diagonal)
        unit = diagonal if self.torso is None else self.torso_size(truth)
        if unit:
            self.near.append(distances <= NEAR * unit)
            self.visible.append(visible)

    def merge(self, other):
        """As `base.Evaluator.merge`."""
        super().merge(other)
        self.errors += other.errors
        self.near += other.near
        self.visible += other.visible

    def torso_size(self, truth):
        """Returns the distance of left shoulder and right hip, 0 where one of them is missing."""
        shoulder, hip = truth[self.torso]
        return float(np.linalg.norm(shoulder[:2] - hip[:2])) if min(shoulder[2], hip[2]) > 0 else 0.0

    def scores(self):
        """Returns the figures as fractions, `None` where nothing was counted.

        `nme` is the mean distance of a picture's points over the diagonal of their box, averaged over pictures; `auc`
        the area under the share of pictures below an error, up to 0.08; `failure_rate` the share beyond it. `pck` is
        the share of points nearer than 0.2 torsos (0.2 diagonals, where no torso is named) and stands first in a
        pose; then `pck/<joint>`.
        """
        errors = np.array(self.errors)
        landmarks = {
            "nme": known_mean(errors),
            "auc": known_mean(np.maximum(0, 1 - errors / FAILURE)),
            "failure_rate": known_mean(errors > FAILURE),
        }
        shape = (len(self.near), -1) if self.near else (0, len(self.keypoint_names))
        near, visible = (np.reshape(rows, shape).astype(bool) for rows in (self.near, self.visible))
        pose = {"pck": known_mean(near[visible])}
        figures = {**landmarks, **pose} if self.torso is None else {**pose, **landmarks}
        joints = {f"pck/{n}": known_mean(near[visible[:, i], i]) for i, n in enumerate(self.keypoint_names)}
        return {**figures, **joints}

    def curves(self):
        """Returns the share of pictures below each error up to 0.08."""
        limits = np.linspace(0, FAILURE, 81)
        errors = np.array(self.errors)
        shares = [float(np.mean(errors <= limit)) for limit in limits] if len(errors) else []
        lines = {"pictures": [limits.tolist(), shares]} if shares else {}
        return [{"title": "Cumulative error", "x": "error / diagonal", "y": "share of pictures", "lines": lines}]


def tight_diagonal(points):
    """Returns the diagonal of the smallest box around `(N, 2)` points, 0 without points."""
    return float(np.linalg.norm(points.max(axis=0) - points.min(axis=0))) if len(points) else 0.0
