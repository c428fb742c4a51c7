"""How predictions are compared of which a file leaves something out."""

import numpy as np

from export.comparisons.counted import Counted
from export.comparisons.objects import DetectionComparison
from export.outputs import OBJECTS

SAME_VALUE = 1e-3
"""How far two values that count as the same may be apart, as a fraction of the larger of 1 and Keras's."""


class PartialComparison(DetectionComparison):
    """As `DetectionComparison`, of boxes: what else is missing counts as the same in both models.

    Without labels there is one class, without scores they fall by row, and without a count boxes of zeros are none.
    Masks and points are not compared: of a file that returns them this says so.
    """

    def __init__(self, outputs, size):
        super().__init__(outputs, size)
        self.others = ()

    def align(self, reference, candidate):
        """As there."""
        return super().align(completed(reference), completed(candidate))

    def update(self, reference, candidate, targets):
        """As there."""
        if targets is not None and "labels" not in candidate:
            targets = {**targets, "labels": np.minimum(targets["labels"], 0)}
        super().update(completed(reference), completed(candidate), targets)
        self.others = tuple(name for name in candidate if name not in OBJECTS)

    def doubts(self, limits):
        """As there, and what is not compared."""
        found = super().doubts(limits)
        if self.others:
            found += (f"{', '.join(self.others)} are compared beside all other outputs alone: export these too",)
        return found


class PlaceComparison(Counted):
    """Values that are the same place by place, where boxes, by which detections are paired, are left out.

    Counted are the values that are not empty in both: 0, or -1 of a label. A tie may have rows change places, and in
    a quantized file many do: of such a file this says nothing.
    """

    agreement = None

    def __init__(self, outputs, size):
        super().__init__(outputs, size)
        self.names = ()

    def update(self, reference, candidate, targets):
        """Adds one picture: two dicts of arrays of the same names and shapes; the targets are not looked at."""
        self.names = tuple(reference)
        same = seen = 0
        for name, ours in reference.items():
            theirs, empty = candidate[name], -1 if name == "labels" else 0
            there = (ours != empty) | (theirs != empty)
            limit = SAME_VALUE * np.maximum(1, np.abs(ours)) if np.issubdtype(ours.dtype, np.floating) else 0
            same += np.sum(there & (np.abs(theirs - ours) <= limit))
            seen += np.sum(there)
        self.add(same, seen)
        if first := self.places.pop("agreement", None):
            self.places.setdefault("agreement_of_all", first)

    def figures(self):
        """Returns the share of values that are the same; empty without any."""
        return {"agreement_of_all": self.same / self.count} if self.count else {}

    def doubts(self, limits):
        """Nothing predicted, and a quantized file, which is judged by a metric."""
        found = super().doubts({})
        if "metric_change" in limits:
            names = ", ".join(self.names)
            found += (f"{names} alone do not show what a quantized file loses: export the other outputs too",)
        return found


def completed(found):
    """Returns one picture's `boxes (K, 4)` with `labels`, `scores` and `count`, made up where they are missing."""
    rows = len(found["boxes"])
    there = found.get("scores", np.abs(found["boxes"]).max(-1, initial=0.0)) > 0
    if "labels" in found:
        there = found["labels"] >= 0
    scores = np.where(there, np.linspace(1.0, 0.5, rows, dtype=np.float32), np.float32(0.0))
    made_up = {"labels": there.astype(np.int32) - 1, "scores": scores, "count": np.int32(there.sum())}
    return {**made_up, **found}
