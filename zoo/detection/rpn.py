"""The region proposal network: anchors scored and moved, the best of them as regions to look at.

Source: Ren et al. 2015, arXiv:1506.01497, section 3; over a pyramid Lin et al. 2017, arXiv:1612.03144, section 4.1.
"""

import keras
from keras import layers, ops

from zoo.detection.losses import masked_mean, smooth_l1
from zoo.detection.rpn_layers import AnchorRows, AnchorsOn, Inside, Level, Proposals
from zoo.ops import boxes as box_ops
from zoo.ops.matching import by_iou
from zoo.ops.rows import take_rows
from zoo.ops.sampling import balanced

BETA = 1 / 9  # sigma = 3 in py-faster-rcnn
POSITIVE_IOU, NEGATIVE_IOU = 0.7, 0.3
"""Least IoU of an anchor with an object, and an anchor below is background; an object's best anchors have it too.

Source: Ren et al. 2015, section 3.1.2.
"""


def region_proposal_network(
    image,
    maps,
    *,
    areas,
    ratios,
    offset,
    channels,
    frame=None,
    stride=None,
    base=None,
    softmax=False,
    allowed_border=None,
    count=(1000, 2000),
    candidates=None,
    least_side=1e-3,
    short_first=False,
):
    """Adds the network to feature maps; its layers are shared by all of them.

    Args:
        image: the picture's tensor; what the maps cover beyond it is no place for a proposal.
        maps: list of `(B, h, w, C)` feature maps, fine to coarse.
        areas: of the anchors on each map, square pixels: a list a map.
        ratios: height / width of the anchors.
        offset: where in a cell its anchors are centred, 0 for its corner to 0.5 for its middle.
        channels: of the 3x3 convolution.
        frame: the picture as the maps cover it, padded; `None` if they cover the picture itself.
        stride: pixels between two cells; `None` for the frame's side over a map's, see `AnchorsOn`.
        base: side of the square at which the anchors' sides are whole pixels, see `AnchorsOn`.
        softmax: whether an anchor has two logits, for background and object, as in the paper; else one.
        allowed_border: anchors that stand out of the picture by more pixels are not learned from; `None`: all are.
        count: P, kept after suppression, and how many in training.
        candidates: the best anchors of each map that enter suppression, and how many in training; `None` for `count`.
        least_side: of a proposal, pixels.
        short_first: whether shorter ones are dropped before the best anchors are chosen.
    Returns:
        Dict of tensors: `objectness (B, N)` logits of all anchors, `rpn_deltas (B, N, 4)`, `anchors (N, 4)` xyxy in
        pixels, `proposals (B, P, 4)` the best, suppressed at IoU 0.7, rows without area where there are fewer;
        with an `allowed_border` also `inside (N,)` bool, the anchors to learn from.
    """
    per_cell = len(areas[0]) * len(ratios)
    normal = keras.initializers.RandomNormal(stddev=0.01)

    def convolution(filters, size, name, **kwargs):
        return layers.Conv2D(filters, size, padding="same", kernel_initializer=normal, name=f"rpn_{name}", **kwargs)

    convolve = convolution(channels, 3, "conv", activation="relu")
    score = convolution((1 + softmax) * per_cell, 1, "objectness", dtype="float32")
    move = convolution(4 * per_cell, 1, "deltas", dtype="float32")
    in_rows = AnchorRows(softmax, name="anchor_rows")

    levels = []
    for i, (x, areas_of_map) in enumerate(zip(maps, areas, strict=True)):
        hidden = convolve(x)
        objectness, deltas = in_rows([score(hidden), move(hidden)])
        name = f"anchors{i}" if len(maps) > 1 else "anchors"
        place = AnchorsOn(areas_of_map, ratios, offset, stride, base, name=name)
        levels.append(Level(objectness, deltas, place([image if frame is None else frame, x])))
    objectness, deltas, anchors = zip(*levels, strict=True)
    propose = Proposals(
        count, candidates=candidates, least_side=least_side, short_first=short_first, name="proposals"
    )
    outputs = {
        "objectness": join(objectness, 1, "all_objectness"),
        "rpn_deltas": join(deltas, 1, "all_rpn_deltas"),
        "anchors": join(anchors, 0, "all_anchors"),
        "proposals": propose([image, *objectness, *deltas, *anchors]),
    }
    if allowed_border is not None:
        outputs["inside"] = Inside(allowed_border, name="inside")([image, outputs["anchors"]])
    return outputs


def join(parts, axis, name):
    """Concatenates float32 tensors, if there are several; half precision would move anchors by pixels."""
    return layers.Concatenate(axis=axis, dtype="float32", name=name)(list(parts)) if len(parts) > 1 else parts[0]


def rpn_losses(outputs, targets, *, samples, seed):
    """The two losses of the anchors: is there an object, and where.

    Args:
        outputs: what `region_proposal_network` returns.
        targets: dict of `boxes (B, G, 4)`, `labels (B, G)`, -1 in empty rows.
        samples: anchors drawn of each picture, at most half of them with an object.
        seed: `keras.random.SeedGenerator`.
    Returns:
        Dict of `objectness_loss` (cross-entropy) and `rpn_box_loss` (smooth L1 of the offsets), both means over the
        anchors drawn.
    """
    gt_boxes = ops.cast(targets["boxes"], "float32") * ops.cast(targets["labels"] >= 0, "float32")[..., None]
    anchors = outputs["anchors"]
    matched = by_iou(
        anchors,
        gt_boxes,
        positive=POSITIVE_IOU,
        negative=NEGATIVE_IOU,
        keep_best=True,
        usable=outputs.get("inside"),
    )
    rows, is_positive, drawn = balanced(matched >= 0, matched == -1, count=samples, positive_fraction=0.5, seed=seed)
    logits = take_rows(outputs["objectness"][..., None], rows)[..., 0]
    objects = take_rows(ops.cast(matched, "int32")[..., None], rows)[..., 0]
    own = take_rows(gt_boxes, ops.maximum(objects, 0))
    drawn_anchors = ops.take(anchors, rows, axis=0)
    # Fillers and background learn no box; theirs is the anchor itself, whose offsets are finite.
    own = ops.where(is_positive[..., None] > 0, own, drawn_anchors)
    errors = smooth_l1(take_rows(outputs["rpn_deltas"], rows) - box_ops.encode(drawn_anchors, own), BETA)
    return {
        "objectness_loss": masked_mean(ops.binary_crossentropy(is_positive, logits, from_logits=True), drawn),
        "rpn_box_loss": ops.sum(ops.sum(errors, axis=-1) * is_positive) / ops.maximum(ops.sum(drawn), 1.0),
    }
