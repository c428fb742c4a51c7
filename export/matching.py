"""Which detections of two models on one picture are the same."""

import numpy as np

SURE = 0.3
SAME_BOX = 0.9
SAME_CORNERS = 0.5
"""A score from which on a model is taken to see an object; the IoU of two boxes that count as the same, or the pixels
between their corners."""


def sure(outputs):
    """Returns `(K,)` bool: the detections with a score of 0.3 or more, and the best one."""
    return every(outputs) & (outputs["scores"] >= min(SURE, outputs["scores"].max(initial=0.0)))


def every(outputs):
    """Returns `(K,)` bool: all detections."""
    return outputs["labels"] >= 0


def pairs(reference, candidate, seen=sure):
    """Matches detections of two models on one picture, the best of the first choosing first.

    Args:
        reference: dict of the task's predictions.
        candidate: likewise.
        seen: which detections are looked at, `sure` or `every`: one of each pair is.
    Returns:
        `(P, 2)` rows of the first and of the second.
    """
    labels, others = reference["labels"][:, None], candidate["labels"]
    possible = (labels == others) & (others >= 0) & (seen(reference)[:, None] | seen(candidate))
    overlaps = likeness(reference["boxes"], candidate["boxes"]) * possible
    found = []
    for row, overlap in enumerate(overlaps):
        if overlap.max(initial=0.0) >= SAME_BOX:
            found.append((row, overlap.argmax()))
            overlaps[:, overlap.argmax()] = 0.0
    return np.array(found, int).reshape(-1, 2)


def likeness(boxes, others):
    """Returns the `(N, M)` IoU of boxes, 1 where all corners lie within half a pixel, as those of empty boxes may."""
    from zoo.ops.boxes_numpy import iou

    apart = np.abs(boxes[:, None] - others).max(-1, initial=0.0)
    return np.where(apart <= SAME_CORNERS, 1.0, iou(boxes, others))
