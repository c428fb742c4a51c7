"""Overlap of boxes on NumPy arrays, for measures and comparisons; `zoo.ops.boxes` is for tensors."""

import numpy as np


def iou(boxes, others):
    """Overlap of each box with each other: intersection over union.

    Args:
        boxes: `(N, 4)` xyxy, pixels.
        others: `(M, 4)` xyxy, pixels.
    Returns:
        `(N, M)` float64, 0 where a box is empty.
    """
    boxes, others = (np.asarray(b, "float64").reshape(-1, 4) for b in (boxes, others))
    common = shared(boxes, others)
    union = area(boxes)[:, None] + area(others)[None] - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def covered(boxes, others):
    """The share of each box that lies in each other: intersection over the box's own area.

    Args:
        boxes: `(N, 4)` xyxy, pixels.
        others: `(M, 4)` xyxy, pixels.
    Returns:
        `(N, M)` float64, 0 where a box is empty.
    """
    boxes, others = (np.asarray(b, "float64").reshape(-1, 4) for b in (boxes, others))
    common, own = shared(boxes, others), area(boxes)[:, None]
    return np.divide(common, own, out=np.zeros_like(common), where=own > 0)


def shared(boxes, others):
    """Returns the `(N, M)` areas that `(N, 4)` boxes and `(M, 4)` others have in common."""
    top_left = np.maximum(boxes[:, None, :2], others[None, :, :2])
    bottom_right = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return area(np.concatenate([top_left, bottom_right], axis=-1))


def area(boxes):
    """Returns the `(...)` areas of `(..., 4)` xyxy boxes, 0 where a side is not positive."""
    return np.prod(np.maximum(boxes[..., 2:] - boxes[..., :2], 0), axis=-1)
