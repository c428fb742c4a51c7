"""Intersection over union of masks, in NumPy."""

import numpy as np

VOID = 255


def iou(truth, prediction, void=VOID):
    """Measures how well two binary masks overlap: `TP / (TP + FP + FN)`.

    Args:
        truth: `(...)` numbers or bools; 0 is background, `void` is left out, all else is the object.
        prediction: the same shape; 0 is background, all else is the object.
        void: the value of `truth` whose pixels do not count.
    Returns:
        A float 0..1, `None` where neither mask has the object.
    Raises:
        ValueError: if the shapes differ (the message shows both).
    Source: Everingham et al. 2010, "The PASCAL Visual Object Classes Challenge", section 4.4.
    """
    truth, prediction = labelled(truth, prediction, void)
    truth, prediction = truth != 0, prediction != 0
    union = np.sum(truth | prediction)
    return float(np.sum(truth & prediction) / union) if union else None


def class_iou(truth, prediction, num_classes, void=VOID):
    """Measures the overlap of each class in two label maps.

    Args:
        truth: `(...)` integers; `void` is left out.
        prediction: the same shape, integers.
        num_classes: number of classes C.
        void: the value of `truth` whose pixels do not count.
    Returns:
        List of C floats 0..1, `None` for a class that is neither true nor predicted.
    Raises:
        ValueError: if the shapes differ (the message shows both).
    """
    truth, prediction = labelled(truth, prediction, void)
    return [iou(truth == c, prediction == c) for c in range(num_classes)]


def labelled(truth, prediction, void):
    """Returns the pixels of both where `truth` is not `void`, `(N,)` each."""
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if truth.shape != prediction.shape:
        raise ValueError(f"masks take one shape, received {truth.shape} and {prediction.shape}")
    known = truth != void
    return truth[known], prediction[known]
