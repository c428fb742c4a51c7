"""Measures of quality, one file a task; each follows from `model.task`."""

from recipes.metrics import segmentation

METRICS = {"segmentation": segmentation}


def training_metrics(model):
    """Returns the Keras metrics that `fit` shows for this model."""
    return METRICS[model.task].training_metrics(model)


def evaluator(task, class_names):
    """Returns an object with `update(prediction, example)` and `scores()` for this task."""
    return METRICS[task].Evaluator(class_names)
