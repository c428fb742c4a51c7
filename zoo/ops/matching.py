"""Which prediction answers for which object: by the cell of its centre, by its shape, or by overlap."""

from keras import ops

from zoo.errors import InputError
from zoo.ops import boxes as box_ops


def centroid_cell(boxes, grid, stride):
    """Finds the cell that a box's centre falls into.

    Args:
        boxes: `(..., 4)`, pixels.
        grid: `(rows, columns)`.
        stride: `(height, width)` of a cell in pixels.
    Returns:
        `(row, column)`, each `(...)` int32; a centre outside the picture counts to the nearest cell.
    Source: Redmon et al. 2016, arXiv:1506.02640, section 2.
    """
    x, y, _, _ = box_ops.to_center_xywh(box_ops.unstacked(box_ops.check(boxes)))
    row = ops.clip(ops.cast(ops.floor(y / stride[0]), "int32"), 0, grid[0] - 1)
    column = ops.clip(ops.cast(ops.floor(x / stride[1]), "int32"), 0, grid[1] - 1)
    return row, column


def best_anchor(boxes, anchors):
    """Finds the anchor whose shape is most like a box's: the highest IoU of the two, put on one centre.

    Args:
        boxes: `(..., 4)`, pixels.
        anchors: `(A, 2)` width and height, pixels.
    Returns:
        `(...)` int32 index; the first of equals.
    Source: Redmon & Farhadi 2017, arXiv:1612.08242, section 2.
    """
    x1, y1, x2, y2 = box_ops.unstacked(box_ops.check(boxes))
    shapes = ops.stack([x2 - x1, y2 - y1], axis=-1)
    origin = ops.concatenate([ops.zeros_like(shapes), shapes], axis=-1)
    anchors = ops.cast(anchors, "float32")
    anchors = ops.concatenate([ops.zeros_like(anchors), anchors], axis=-1)
    overlap = ops.squeeze(box_ops.iou(origin[..., None, :], anchors), -2)
    return ops.cast(ops.argmax(overlap, axis=-1), "int32")


def last_of_slot(slots, valid):
    """Says which objects keep their place where several fall into one: the last, as each overwrites the one before.

    Args:
        slots: `(B, N)` int32, the place that answers for each object.
        valid: `(B, N)` bool, which rows are objects.
    Returns:
        `(B, N)` float32, 1 or 0.
    """
    count = slots.shape[1]
    return unrivalled(slots, valid, ops.arange(count)[:, None] < ops.arange(count))


def first_of_slot(slots, valid):
    """As `last_of_slot`, but the first object keeps its place."""
    count = slots.shape[1]
    return unrivalled(slots, valid, ops.arange(count)[:, None] > ops.arange(count))


def unrivalled(slots, valid, before):
    """Says which objects have no other in their slot that goes `before (N, N)` them: `(B, N)` float32."""
    same = (slots[:, :, None] == slots[:, None, :]) & valid[:, None, :] & before
    return ops.cast(valid & ~ops.any(same, axis=2), "float32")


def by_iou(overlap, *, positive, negative, keep_best=False):
    """Gives each anchor the object it overlaps most, by thresholds.

    Args:
        overlap: `(..., N, M)` IoU of anchors and objects; a column of zeros is no object.
        positive: least IoU of a match.
        negative: below it an anchor is background, between the two it is left out.
        keep_best: whether an object's best anchors match it however small their IoU (above 0).
    Returns:
        `(..., N)` int32: the object's index, -1 for background, -2 for left out.
    Raises:
        InputError: if `positive` is below `negative`.
    Source: Ren et al. 2015, arXiv:1506.01497, section 3.1.2.
    """
    if positive < negative:
        raise InputError(f"positive is at least negative, received {positive} and {negative}")
    if overlap.shape[-1] == 0:
        return -ops.ones(overlap.shape[:-1], "int32")
    best, index = matches(overlap)
    matched = best >= positive
    if keep_best:
        highest = ops.max(overlap, axis=-2, keepdims=True)
        matched = matched | ops.any((overlap == highest) & (highest > 0), axis=-1)
    return ops.where(matched, index, ops.where(best < negative, -1, -2))


def matches(overlap):
    """Finds each box's best object: `(..., N, M)` IoU to `(best (..., N), index (..., N) int32)`, first of equals."""
    return ops.max(overlap, axis=-1), ops.cast(ops.argmax(overlap, axis=-1), "int32")
