"""How the predictions of two models are compared, task by task: see `export.comparisons.counted.Comparison`."""

from export.comparisons.counted import Comparison
from export.comparisons.objects import (
    DetectionComparison,
    InstanceComparison,
    InstanceKeypointsComparison,
    KeypointsComparison,
)
from export.comparisons.pictures import LocalizationComparison, PointsComparison, SegmentationComparison

__all__ = ["COMPARISONS", "Comparison"]

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
