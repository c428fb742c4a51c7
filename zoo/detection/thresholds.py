"""The three numbers by which a detector chooses what it reports, and the checks of numbers that builders take."""

import math
from numbers import Integral, Real

from zoo.errors import InputError


def with_thresholds(model, score_threshold=None, iou_threshold=None, max_detections=None):
    """Returns a detector with other thresholds than its release's; `None` leaves one as it is.

    Args:
        model: a detector of the zoo.
        score_threshold: detections with this score or less are dropped, 0..1.
        iou_threshold: a box is dropped if it overlaps a better one of its class by more than this, 0..1.
        max_detections: K, rows of the result, 1 or more.
    Raises:
        InputError: if a number lies outside of its range.
    """
    for name, value in zip(CHECKS, (score_threshold, iou_threshold, max_detections), strict=True):
        if value is not None:
            setattr(model, name, value)
    return model


def check_share(name, value):
    """Returns a number between 0 and 1 as a `float`.

    Raises:
        InputError: if the value is something else.
    """
    if not isinstance(value, Real) or not 0 <= value <= 1:
        raise InputError(f"{name} lies between 0 and 1, received {value!r}")
    return float(value)


def check_count(name, value):
    """Returns a whole number of 1 or more as an `int`.

    Raises:
        InputError: if the value is something else.
    """
    if not isinstance(value, Integral) or value < 1:
        raise InputError(f"{name} is a whole number of 1 or more, received {value!r}")
    return int(value)


def are_sides(values):
    """Says whether all values are lengths: numbers above 0, none of them infinite."""
    return all(isinstance(value, Real) and 0 < value < math.inf for value in values)


CHECKS = {"score_threshold": check_share, "iou_threshold": check_share, "max_detections": check_count}
"""By name, what a detector passes the number through when it is set."""
