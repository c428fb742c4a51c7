"""What a region head learns: the class of each drawn region, and where its object lies."""

from keras import ops

from zoo.detection.losses import masked_mean, smooth_l1
from zoo.detection.region_layers import BOX_WEIGHTS
from zoo.ops import boxes as box_ops
from zoo.ops.rows import take_rows


def region_losses(outputs, drawn, targets, beta):
    """Returns `class_loss`, cross-entropy over C + 1 classes, and `box_loss`, smooth L1 of the own class's offsets.

    Args:
        outputs: dict of `class_logits (B, K, C + 1)`, `box_deltas (B, K, 4 (C + 1))`.
        drawn: as of `zoo.ops.sampling.regions`.
        targets: dict of `boxes (B, G, 4)`.
        beta: of `smooth_l1`.
    Source: Girshick 2015, arXiv:1504.08083, section 2.3; both are means over the regions drawn.
    """
    labels, logits = drawn["labels"], ops.cast(outputs["class_logits"], "float32")
    rows, classes = logits.shape[1:]
    wrong = ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    positive = ops.cast(labels > 0, "float32")
    deltas = ops.reshape(ops.cast(outputs["box_deltas"], "float32"), (-1, rows * classes, 4))
    deltas = take_rows(deltas, ops.arange(rows, dtype="int32") * classes + labels)
    own = take_rows(ops.cast(targets["boxes"], "float32"), drawn["matched"])
    offsets = offsets_of(drawn["boxes"], own, positive) * ops.convert_to_tensor(BOX_WEIGHTS, "float32")
    errors = ops.sum(smooth_l1(deltas - offsets, beta), axis=-1) * positive
    return {
        "class_loss": masked_mean(wrong, drawn["drawn"]),
        "box_loss": ops.sum(errors) / ops.maximum(ops.sum(drawn["drawn"]), 1.0),
    }


def offsets_of(regions, boxes, positive):
    """Returns the offsets `(B, K, 4)` from regions to their objects' boxes, 0 where `positive (B, K)` is 0."""
    # A region without an object may be without area as well, whose offsets are not finite.
    unit = ops.convert_to_tensor([0.0, 0.0, 1.0, 1.0], "float32")
    regions, boxes = (ops.where(positive[..., None] > 0, x, unit) for x in (regions, boxes))
    return box_ops.encode(regions, boxes)
