"""Measures of quality, one file a task; each follows from `model.task`."""

from recipes.evaluation.metrics import detection, instance_segmentation, keypoints, localization, points, segmentation

METRICS = {
    "segmentation": segmentation,
    "localization": localization,
    "points": points,
    "detection": detection,
    "instance_segmentation": instance_segmentation,
    "keypoints": keypoints,
}
LOWER_IS_BETTER = ("nme", "failure_rate")


def evaluator(task, class_names, keypoint_names=()):
    """Returns the `Evaluator` of a task; see `recipes.evaluation.metrics.base`."""
    return METRICS[task].Evaluator(class_names, keypoint_names)


def higher_is_better(name):
    """Says whether a figure rises as a model improves; errors fall."""
    return name.partition("/")[0] not in LOWER_IS_BETTER
