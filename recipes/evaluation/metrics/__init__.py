"""Measures of quality, one file a task, which bears the task's name."""

from importlib import import_module

LOWER_IS_BETTER = ("nme", "failure_rate")


def evaluator(task, class_names, keypoint_names=()):
    """Returns the `Evaluator` of a task; see `recipes.evaluation.metrics.base`."""
    return import_module(f"recipes.evaluation.metrics.{task}").Evaluator(class_names, keypoint_names)


def higher_is_better(name):
    """Says whether a figure rises as a model improves; errors fall."""
    return name.partition("/")[0] not in LOWER_IS_BETTER
