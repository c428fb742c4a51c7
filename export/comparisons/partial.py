"""How detections are compared of which a file leaves something out."""

import numpy as np

from export.comparisons.objects import DetectionComparison


class PartialComparison(DetectionComparison):
    """As `DetectionComparison`, of boxes: what else is missing counts as the same in both models.

    Without labels there is one class, without scores they fall by row, and without a count boxes of zeros are none.
    """

    def align(self, reference, candidate):
        """As there."""
        return super().align(completed(reference), completed(candidate))

    def update(self, reference, candidate, targets):
        """As there."""
        if targets is not None and "labels" not in candidate:
            targets = {**targets, "labels": np.minimum(targets["labels"], 0)}
        super().update(completed(reference), completed(candidate), targets)


def completed(found):
    """Returns one picture's `boxes (K, 4)` with `labels`, `scores` and `count`, made up where they are missing."""
    rows = len(found["boxes"])
    there = found.get("scores", np.abs(found["boxes"]).max(-1, initial=0.0)) > 0
    if "labels" in found:
        there = found["labels"] >= 0
    scores = np.where(there, np.linspace(1.0, 0.5, rows, dtype=np.float32), np.float32(0.0))
    made_up = {"labels": there.astype(np.int32) - 1, "scores": scores, "count": np.int32(there.sum())}
    return {**made_up, **found}
