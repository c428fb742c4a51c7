"""How the predictions of two models are compared, task by task: see `export.comparisons.counted.Comparison`."""

from export.comparisons.counted import Comparison
from export.comparisons.objects import (
    DetectionComparison,
    InstanceComparison,
    InstanceKeypointsComparison,
    KeypointsComparison,
)
from export.comparisons.partial import PartialComparison, PlaceComparison
from export.comparisons.pictures import LocalizationComparison, PointsComparison, SegmentationComparison
from export.outputs import TASKS

__all__ = ["COMPARISONS", "Comparison", "comparison_of"]

COMPARISONS = {
    "segmentation": SegmentationComparison,
    "detection": DetectionComparison,
    "instance_segmentation": InstanceComparison,
    "keypoints": KeypointsComparison,
    "masks_and_keypoints": InstanceKeypointsComparison,
    "localization": LocalizationComparison,
    "points": PointsComparison,
}
"""By task, the class that compares; made with a dict of batched predictions and the frame's `(height, width)`."""


def comparison_of(task, names):
    """Returns the class that compares the outputs of such names, which may be but some of the task's."""
    missing = set(TASKS.get(task, ())).difference(names)
    if "classes" in names or not missing:
        return COMPARISONS.get(task, Comparison)
    return PartialComparison if "boxes" in names else PlaceComparison
