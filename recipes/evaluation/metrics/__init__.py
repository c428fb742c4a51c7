"""Measures of quality, one file a task, which bears the task's name."""

from importlib import import_module

LOWER_IS_BETTER = ("nme", "failure_rate")
_BOXES = "ap", "ap50", "voc_ap50"
_MASKS, _KEYPOINTS = ("mask_ap", "mask_ap50"), ("keypoint_ap", "keypoint_ap50")
FIGURES = {
    "segmentation": ("miou",),
    "localization": ("accuracy",),
    "points": ("nme", "pck"),
    "detection": _BOXES,
    "instance_segmentation": (*_MASKS, *_BOXES),
    "keypoints": (*_KEYPOINTS, *_BOXES),
    "masks_and_keypoints": (*_MASKS, *_KEYPOINTS, *_BOXES),
}
"""By task, those figures by which the best epoch can be chosen."""


def evaluator(task, class_names, keypoint_names=()):
    """Returns the `Evaluator` of a task; see `recipes.evaluation.metrics.base`."""
    return import_module(f"recipes.evaluation.metrics.{task}").Evaluator(class_names, keypoint_names)


def higher_is_better(name):
    """Says whether a figure rises as a model improves; errors fall."""
    return name.partition("/")[0] not in LOWER_IS_BETTER
