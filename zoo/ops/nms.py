"""Non-maximum suppression: of boxes that overlap, the best one stays.

Greedy suppression is the fixed point of "a box stays unless a better box that stays overlaps it", which a few rounds
over a matrix of overlaps find exactly, on every backend and for whole batches. Tile by tile, the best boxes first,
the matrix stays small and the search ends with the last box that is asked for. TensorFlow's own operator is faster
on one picture and becomes the native operator of ONNX and TFLite; it is used where the number of pictures is known.
"""

import keras
from keras import ops

from zoo.ops import boxes as box_ops
from zoo.ops.rows import take_rows, top_rows

CANDIDATES = 5000
"""Pairs of box and class, the best of each picture, that enter suppression.

Of a thousand regions more are rarely above 0.05; much fewer may all lie on one large object, and hide the others.
"""
TILE = 256
"""Boxes that `by_tiles` looks at together."""


def nms(boxes, scores, *, score_threshold=0.6, iou_threshold=0.5, max_outputs=100):
    """Suppresses the boxes of one picture and class.

    Args:
        boxes: `(N, 4)` float32, xyxy.
        scores: `(N,)` float32.
        score_threshold: boxes with this score or less are dropped.
        iou_threshold: a box is dropped if it overlaps a better one by more than this.
        max_outputs: K, how many are kept at most.
    Returns:
        `(indices (K,) int32, count () int32)`: the kept boxes by falling score; beyond `count` the indices are 0.
    Source: the lecture "C4W3L07 Non-max suppression" (A. Ng) for 0.6 and 0.5.
    """
    boxes, scores = box_ops.check(boxes), ops.cast(scores, "float32")
    if boxes.shape[0] == 0:
        return ops.zeros((max_outputs,), "int32"), ops.zeros((), "int32")
    scores, order = ops.top_k(scores, boxes.shape[0])
    kept, count = suppress(
        ops.take(boxes, order, axis=0)[None], scores[None], score_threshold, iou_threshold, max_outputs
    )
    indices = ops.take(ops.cast(order, "int32"), kept[0], axis=0)
    return indices * ops.cast(ops.arange(max_outputs) < count[0], "int32"), count[0]


def detections(boxes, scores, *, score_threshold, iou_threshold, max_detections=100, candidates=CANDIDATES):
    """Turns scored boxes into detections: suppression class by class, then the best of all classes.

    Args:
        boxes: `(B, N, 4)` float32, xyxy, pixels.
        scores: `(B, N, C)` float32, one a class.
        score_threshold: detections with this score or less are dropped.
        iou_threshold: a box is dropped if it overlaps a better one of its class by more than this.
        max_detections: K, rows of the result.
        candidates: how many pairs of box and class, the best of each picture, enter suppression.
    Returns:
        Dict of `boxes (B, K, 4)`, `scores (B, K)` falling, `labels (B, K)` int32, -1 in empty rows (whose boxes and
        scores are 0), and `count (B,)` int32.
    """
    best, places, labels = best_pairs(scores, candidates)
    return by_class(
        take_rows(boxes, places),
        best,
        labels,
        score_threshold=score_threshold,
        iou_threshold=iou_threshold,
        max_detections=max_detections,
    )


def best_pairs(scores, count):
    """Finds the best pairs of box and class.

    Args:
        scores: `(B, N, C)` float32, 0 or more.
        count: M, pairs of each picture; fewer where there are fewer. Where N is not known beforehand, as in a graph
            for pictures of any size, there are M all the same: pairs that are missing have the score -1, and row and
            class of the last pair.
    Returns:
        `(scores (B, M) falling, boxes (B, M) int32, classes (B, M) int32)`, the second the box's row.
    """
    rows, classes = ops.shape(scores)[1:]
    best, pairs = top_rows(ops.reshape(scores, (-1, rows * classes)), count)
    places = pairs // classes
    return best, places, pairs - places * classes


def by_class(boxes, scores, labels, *, score_threshold, iou_threshold, max_detections):
    """Suppresses class by class and keeps the best of all classes.

    Args:
        boxes: `(B, M, 4)` float32, xyxy, pixels.
        scores: `(B, M)` float32, falling but for those at or below the threshold.
        labels: `(B, M)` int32.
        score_threshold: as in `detections`.
        iou_threshold: as in `detections`.
        max_detections: as in `detections`.
    Returns:
        The dict of `detections`.
    """
    # Moved apart by class, boxes of different classes never overlap. In units of the picture's span the shift costs
    # no precision that matters.
    low, high = ops.min(boxes, axis=(1, 2), keepdims=True), ops.max(boxes, axis=(1, 2), keepdims=True)
    apart = (boxes - low) / ops.maximum(high - low, 1e-6) + 2.0 * ops.cast(labels, "float32")[..., None]
    kept, count = suppress(apart, scores, score_threshold, iou_threshold, max_detections)
    filled = ops.cast(ops.arange(max_detections) < count[:, None], "int32")
    present = ops.cast(filled, "float32")
    return {
        "boxes": take_rows(boxes, kept) * present[..., None],
        "scores": take_rows(scores[..., None], kept)[..., 0] * present,
        "labels": (take_rows(labels[..., None], kept)[..., 0] + 1) * filled - 1,
        "count": count,
    }


def suppress(boxes, scores, score_threshold, iou_threshold, max_outputs):
    """Suppresses boxes that come by falling score.

    Args:
        boxes: `(B, N, 4)` float32, xyxy.
        scores: `(B, N)` float32, falling.
        score_threshold: as in `nms`.
        iou_threshold: as in `nms`.
        max_outputs: K.
    Returns:
        `(indices (B, K) int32, count (B,) int32)`; beyond `count` the indices are 0.
    """
    arguments = boxes, scores, score_threshold, iou_threshold, max_outputs
    if keras.backend.backend() == "tensorflow" and boxes.shape[0] is not None:
        return native(*arguments)
    return by_tiles(*arguments)


def by_tiles(boxes, scores, score_threshold, iou_threshold, max_outputs):
    """As `suppress`, on every backend: the fixed point of tile after tile, each against what was kept before."""
    count = boxes.shape[1]
    tile = min(TILE, count)
    tiles = -(-count // tile)
    filler = tiles * tile - count
    boxes = ops.pad(boxes, [[0, 0], [0, filler], [0, 0]])
    valid = ops.pad(ops.cast(scores > score_threshold, "float32"), [[0, 0], [0, filler]])
    boxes_of, valid_of = (ops.reshape(x, (-1, tiles, tile, *x.shape[2:])) for x in (boxes, valid))
    better = ops.cast(ops.arange(tile)[:, None] > ops.arange(tile), "float32")

    some = ops.cast(ops.any(valid_of > 0, axis=(0, 2)), "int32")
    last = ops.max(some * ops.arange(1, tiles + 1, dtype="int32"))  # tile with a box above the threshold, from 1

    def unfinished(i, kept):
        return ops.logical_and(i < last, ops.any(ops.sum(kept, axis=(1, 2)) < max_outputs))

    def one_tile(i, kept):
        own = ops.take(boxes_of, i, axis=1)
        overlaps = ops.cast(box_ops.iou(own, boxes) > iou_threshold, "float32")
        free = ops.take(valid_of, i, axis=1) * unbeaten(overlaps, ops.reshape(kept, (-1, tiles * tile)))
        among = ops.cast(box_ops.iou(own, own) > iou_threshold, "float32") * better
        here = ops.cast(ops.arange(tiles) == i, "float32")[:, None]
        return i + 1, kept + here * fixed_point(among, free)[:, None]

    _, kept = ops.while_loop(unfinished, one_tile, (ops.zeros((), "int32"), ops.zeros_like(valid_of)))
    # Ranks the kept ones first, in their order.
    rank = ops.reshape(kept, (-1, tiles * tile)) * ops.cast(tiles * tile - ops.arange(tiles * tile), "float32")
    if tiles * tile < max_outputs:
        rank = ops.pad(rank, [[0, 0], [0, max_outputs - tiles * tile]])
    rank, indices = ops.top_k(rank, max_outputs)
    taken = ops.cast(rank > 0, "int32")
    return ops.cast(indices, "int32") * taken, ops.sum(taken, axis=1)


def fixed_point(overlaps, valid):
    """Returns which boxes stay `(B, N)`: those `valid (B, N)` that no better one that stays overlaps.

    Args:
        overlaps: `(B, N, N)` float32, 1 where the second box is better than the first and overlaps it too much.
        valid: `(B, N)` float32, 1 or 0.
    """

    def one_round(kept, changed):
        after = valid * unbeaten(overlaps, kept)
        return after, ops.any(after != kept)

    kept, _ = ops.while_loop(lambda kept, changed: changed, one_round, (valid, ops.any(valid > 0)))
    return kept


def unbeaten(overlaps, kept):
    """Returns `(B, N)` float32, 1 for a box that overlaps no kept one: `(B, N, M)` and `(B, M)` float32, 1 or 0."""
    return 1.0 - ops.cast(ops.squeeze(ops.matmul(overlaps, kept[..., None]), -1) > 0, "float32")


def native(boxes, scores, score_threshold, iou_threshold, max_outputs):
    """As `suppress`, by TensorFlow's operator, picture by picture; the batch size is known."""
    import tensorflow as tf

    # Ranks in place of scores: of equal ones TensorFlow takes the first, LiteRT any.
    most = min(max_outputs, boxes.shape[1])
    ranks = tf.range(boxes.shape[1], 0, -1, dtype=tf.float32) * tf.cast(scores > score_threshold, tf.float32)
    kept, counts = [], []
    for one, rank in zip(tf.unstack(boxes), tf.unstack(ranks), strict=True):
        indices, count = tf.raw_ops.NonMaxSuppressionV4(
            boxes=one,
            scores=rank,
            max_output_size=most,
            iou_threshold=iou_threshold,
            score_threshold=0.0,
            pad_to_max_output_size=True,
        )
        # Beyond `count` runtimes leave what they like.
        kept.append(indices * tf.cast(tf.range(most) < count, tf.int32))
        counts.append(count)
    return tf.pad(tf.stack(kept), [[0, 0], [0, max_outputs - most]]), tf.stack(counts)
