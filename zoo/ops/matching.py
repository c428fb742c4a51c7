"""Which prediction answers for which object: by the cell of its centre, by its shape, or by overlap."""

from keras import ops

from zoo.errors import InputError
from zoo.ops import boxes as box_ops

SAME_IOU = 1e-6
"""By how much two overlaps may differ and count as equal."""


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
    count = ops.shape(slots)[1]
    return unrivalled(slots, valid, ops.arange(count)[:, None] < ops.arange(count))


def first_of_slot(slots, valid):
    """As `last_of_slot`, but the first object keeps its place."""
    count = ops.shape(slots)[1]
    return unrivalled(slots, valid, ops.arange(count)[:, None] > ops.arange(count))


def unrivalled(slots, valid, before):
    """Says which objects have no other in their slot that goes `before (N, N)` them: `(B, N)` float32."""
    same = (slots[:, :, None] == slots[:, None, :]) & valid[:, None, :] & before
    return ops.cast(valid & ~ops.any(same, axis=2), "float32")


def by_iou(anchors, gt_boxes, *, positive, negative, keep_best=False, usable=None):
    """Gives each anchor the object it overlaps most, by thresholds.

    It looks at one object after the other: all overlaps at once, of 270,000 anchors with 100 objects a picture, would
    take a gigabyte a batch.

    Args:
        anchors: `(N, 4)` xyxy, pixels.
        gt_boxes: `(B, M, 4)` xyxy, pixels; a box without area is no object.
        positive: least IoU of a match.
        negative: below it an anchor is background, between the two it is left out.
        keep_best: whether an object's best anchors match it however small their IoU (above 0).
        usable: `(N,)` bool; the other anchors are left out, and no object's best.
    Returns:
        `(B, N)` int32: the object's row, -1 for background, -2 for left out.
    Raises:
        InputError: if `positive` is below `negative`.
    Source: Ren et al. 2015, arXiv:1506.01497, section 3.1.2; `anchor_target_layer.py` of its release.
    """
    if positive < negative:
        raise InputError(f"positive is at least negative, received {positive} and {negative}")
    anchors, gt_boxes = box_ops.check(anchors), ops.pad(box_ops.check(gt_boxes), [[0, 0], [0, 1], [0, 0]])
    rows = ops.arange(ops.shape(gt_boxes)[1], dtype="int32") + 1
    objects = ops.max(ops.cast(box_ops.area(gt_boxes) > 0, "int32") * rows)
    counts = 1.0 if usable is None else ops.cast(usable, "float32")

    def one_object(i, best, index, is_best):
        overlap = box_ops.iou(anchors[None], ops.take(gt_boxes, i, axis=1)[:, None])[..., 0] * counts
        # Where this object's IoU is computed anew its last bits may differ.
        highest = ops.max(overlap, axis=1, keepdims=True)
        tied = (overlap >= highest - SAME_IOU) & (overlap > 0)
        index = ops.where(overlap > best, i, index)
        return i + 1, ops.maximum(best, overlap), index, is_best | tied

    best = ops.zeros_like(gt_boxes[:, -1:, 0] + anchors[:, 0])
    index = ops.cast(best, "int32")
    _, best, index, is_best = ops.while_loop(
        lambda i, *_: i < objects, one_object, (ops.zeros((), "int32"), best, index, index > 0)
    )
    matched = best >= positive
    if keep_best:
        matched = matched | is_best
    found = ops.where(matched, index, ops.where(best < negative, -1, -2))
    return found if usable is None else ops.where(usable, found, -2)


def matches(overlap):
    """Finds each box's best object: `(..., N, M)` IoU to `(best (..., N), index (..., N) int32)`, first of equals."""
    return ops.max(overlap, axis=-1), ops.cast(ops.argmax(overlap, axis=-1), "int32")
