"""The three numbers by which a detector chooses what it reports."""

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
    for name, value in (("score_threshold", score_threshold), ("iou_threshold", iou_threshold)):
        if value is not None:
            if not 0 <= value <= 1:
                raise InputError(f"{name} lies between 0 and 1, received {value}")
            setattr(model, name, float(value))
    if max_detections is not None:
        if max_detections < 1 or max_detections != int(max_detections):
            raise InputError(f"max_detections is a whole number of 1 or more, received {max_detections}")
        model.max_detections = int(max_detections)
    return model
