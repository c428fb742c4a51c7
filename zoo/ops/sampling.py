"""Seeded draws of a fixed number of anchors or regions, objects and background in balance."""

import keras
from keras import ops

from zoo.ops import boxes as box_ops
from zoo.ops.matching import matches
from zoo.ops.rows import take_rows, top_rows


def balanced(positive, negative, *, count, positive_fraction, seed):
    """Draws rows of two kinds: at most a share of positive ones, filled up with negative ones.

    Args:
        positive: `(B, N)` bool.
        negative: `(B, N)` bool, apart from the positive ones.
        count: K, rows to draw; fewer are drawn where there are fewer.
        positive_fraction: largest share of positive rows in K, though always of one.
        seed: `keras.random.SeedGenerator`, or an integer for the same draw every time.
    Returns:
        `(rows (B, K) int32, is_positive (B, K) float32, drawn (B, K) float32)`: the positive rows come first, then
        the negative ones, then fillers with 0 in both.
    Source: Ren et al. 2015, arXiv:1506.01497, section 3.1.3.
    """
    # Above 0, so that 0 marks the rows of the other kind.
    priority = keras.random.uniform(ops.shape(positive), 0.5, 1.0, seed=seed)
    most = max(1, int(count * positive_fraction))
    positives, positive_rows = top_rows(priority * ops.cast(positive, "float32"), most)
    negatives, negative_rows = top_rows(priority * ops.cast(negative, "float32"), count)
    num_positives = ops.sum(ops.cast(positives > 0, "int32"), axis=1, keepdims=True)
    num_negatives = ops.sum(ops.cast(negatives > 0, "int32"), axis=1, keepdims=True)
    place = ops.arange(count, dtype="int32")[None]
    behind = place - num_positives
    is_positive = ops.cast(behind < 0, "int32")
    first = take_column(positive_rows, ops.minimum(place, num_positives - 1))
    then = take_column(negative_rows, ops.minimum(behind, num_negatives - 1))
    drawn = ops.cast(behind < num_negatives, "float32")
    return first * is_positive + then * (1 - is_positive), ops.cast(is_positive, "float32"), drawn


def take_column(values, columns):
    """Picks from each row of `(B, N)` int32 the columns `(B, K)`; a negative column counts as the first."""
    return take_rows(ops.cast(values, "int32")[..., None], ops.maximum(columns, 0))[..., 0]


def regions(proposals, targets, *, count, positive_fraction, positive_iou, negative_iou, seed):
    """Draws the regions that a region head learns from, the objects themselves among the candidates.

    Args:
        proposals: `(B, P, 4)` xyxy, pixels; rows without area are no proposals.
        targets: dict of `boxes (B, G, 4)` and `labels (B, G)`, -1 in empty rows.
        count: K, regions a picture.
        positive_fraction: largest share of regions with an object.
        positive_iou: least IoU with an object of a region that has it.
        negative_iou: `(low, high)`; a region whose best IoU lies in `[low, high)` is background.
        seed: as in `balanced`.
    Returns:
        Dict of `boxes (B, K, 4)`; `labels (B, K)` int32, 0 for background, 1 + the object's label else; `matched
        (B, K)` int32, the object's row in `targets`; `drawn (B, K)` float32, 0 in fillers. Regions with an object
        come first.
    Source: Girshick 2015, arXiv:1504.08083, section 2.3; the objects as candidates, as in its release.
    """
    gt_boxes, gt_labels = ops.cast(targets["boxes"], "float32"), ops.cast(targets["labels"], "int32")
    gt_boxes = gt_boxes * ops.cast(gt_labels >= 0, "float32")[..., None]
    candidates = ops.concatenate([box_ops.check(proposals), gt_boxes], axis=1)
    best, matched = matches(box_ops.iou(candidates, gt_boxes))
    low, high = negative_iou
    positive = best >= positive_iou
    negative = (best >= low) & (best < high) & ~positive & (box_ops.area(candidates) > 0)
    rows, is_positive, drawn = balanced(
        positive, negative, count=count, positive_fraction=positive_fraction, seed=seed
    )
    matched = take_column(matched, rows)
    return {
        "boxes": take_rows(candidates, rows),
        "labels": (take_column(gt_labels, matched) + 1) * ops.cast(is_positive, "int32"),
        "matched": matched,
        "drawn": drawn,
    }
