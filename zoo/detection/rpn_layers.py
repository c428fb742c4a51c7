"""Layers of the region proposal network: the anchors of feature maps, and the best of them as proposals."""

from typing import NamedTuple

import keras
from keras import layers, ops

from zoo.layers import register
from zoo.ops import boxes as box_ops
from zoo.ops.anchors import cell_anchors
from zoo.ops.nms import suppress
from zoo.ops.rows import LOWEST, take_rows, top_rows


class Level(NamedTuple):
    """The anchors of one feature map: `objectness (B, n)` logits, `deltas (B, n, 4)`, `anchors (n, 4)` xyxy."""

    objectness: keras.KerasTensor
    deltas: keras.KerasTensor
    anchors: keras.KerasTensor


class Candidates(NamedTuple):
    """What may become proposals: falling `scores (N, M)`, -1 where there is no box, and `boxes (N, M, 4)` xyxy."""

    scores: keras.KerasTensor
    boxes: keras.KerasTensor


@register
class AnchorRows(layers.Layer):
    """Reshapes scores and offsets of cells to one row an anchor.

    Args:
        softmax: whether the A anchors of a cell have A logits of background, then A of an object.
    """

    def __init__(self, softmax=False, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.softmax = softmax

    def call(self, inputs):
        """Takes `[(B, h, w, A or 2 A), (B, h, w, 4 A)]`, returns `[(B, h * w * A), (B, h * w * A, 4)]`."""
        scores, deltas = inputs
        height, width, per_cell = ops.shape(deltas)[1:]
        per_cell //= 4
        if self.softmax:  # of two logits is the sigmoid of their difference
            scores = scores[..., per_cell:] - scores[..., :per_cell]
        rows = height * width * per_cell
        return [ops.reshape(scores, (-1, rows)), ops.reshape(deltas, (-1, rows, 4))]

    def compute_output_spec(self, inputs):
        """Returns the specs of scores and offsets; their number is unknown where the map's size is."""
        batch, height, width, channels = inputs[1].shape
        rows = None if None in (height, width) else height * width * channels // 4
        return [keras.KerasTensor((batch, rows)), keras.KerasTensor((batch, rows, 4))]

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "softmax": self.softmax}


@register
class AnchorsOn(layers.Layer):
    """The anchors of a map: boxes of every area and ratio in every cell.

    Args:
        areas: square pixels.
        ratios: height / width.
        offset: where in a cell they are centred, 0 for its corner (and whole pixels, as in torchvision) to 0.5.
        stride: pixels between two cells; `None` for the frame's side over the map's, in whole pixels, as torchvision
            has it: 61 in place of 64 for 13 cells in 800 pixels.
        base: side of the square at which their sides are whole pixels, see `zoo.ops.anchors.cell_anchors`.
    """

    def __init__(self, areas, ratios, offset=0.5, stride=None, base=None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.areas, self.ratios = tuple(areas), tuple(ratios)
        self.offset, self.stride, self.base = offset, stride, base

    def call(self, inputs):
        """Takes `[frame (B, H, W, 3), map (B, h, w, C)]`, returns `(h * w * A, 4)` xyxy, pixels, not clipped."""
        frame, features = inputs
        size, cells = ops.shape(frame)[1:3], ops.shape(features)[1:3]
        y, x = (
            (ops.arange(count, dtype="float32") + self.offset) * ops.cast(self.stride or side // count, "float32")
            for side, count in zip(size, cells, strict=True)
        )
        boxes = cell_anchors(self.areas, self.ratios, self.base)
        boxes = boxes.round() if self.offset == 0 else boxes
        y, x = y[:, None] + 0.0 * x, x + 0.0 * y[:, None]
        centres = ops.stack([x, y, x, y], axis=-1)[:, :, None]
        return ops.reshape(centres + ops.convert_to_tensor(boxes, "float32"), (-1, 4))

    def compute_output_spec(self, inputs):
        """Returns the spec of the boxes; their number is unknown where the map's size is."""
        _, height, width, _ = inputs[1].shape
        rows = None if None in (height, width) else height * width * len(self.areas) * len(self.ratios)
        return keras.KerasTensor((rows, 4))

    def get_config(self):
        """Returns the constructor's arguments."""
        names = "areas", "ratios", "offset", "stride", "base"
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@register
class Inside(layers.Layer):
    """`[picture, anchors (N, 4)]` to `(N,)` bool: which stand out of the picture by no more than some pixels."""

    def __init__(self, border=0.0, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.border = border

    def call(self, inputs):
        """Returns `(N,)` bool."""
        image, anchors = inputs
        return ops.all(ops.abs(anchors - box_ops.clip(anchors, ops.shape(image)[1:3])) <= self.border, axis=-1)

    def compute_output_spec(self, inputs):
        """Returns the spec of the bools."""
        return keras.KerasTensor(inputs[1].shape[:1], "bool")

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "border": self.border}


@register
class Proposals(layers.Layer):
    """The best anchors of each map, moved, clipped and suppressed; of all maps the best.

    Args:
        count: `(P, P in training)`, proposals a picture; one number for P and twice as many in training.
        iou_threshold: a proposal is dropped if it overlaps a better one of its map by more than this.
        candidates: `(M, M in training)`, the best anchors of each map that enter suppression; `None` for `count`.
        least_side: a proposal is dropped if a side is shorter, pixels.
        short_first: whether it is dropped before the best anchors are chosen, as in py-faster-rcnn, or after, as in
            Detectron and torchvision.
    Source: Ren et al. 2015, section 3.3; numbers as in Detectron's and torchvision's FPN.
    """

    def __init__(
        self, count=(1000, 2000), iou_threshold=0.7, candidates=None, least_side=1e-3, short_first=False, **kwargs
    ):
        super().__init__(autocast=False, **kwargs)
        self.count = (count, 2 * count) if isinstance(count, int) else tuple(count)
        self.candidates = self.count if candidates is None else tuple(candidates)
        self.iou_threshold, self.least_side, self.short_first = iou_threshold, least_side, short_first

    def call(self, inputs, training=False):
        """Takes `[picture, objectness (B, n) a map, deltas (B, n, 4) a map, anchors (n, 4) a map]`.

        Returns:
            `(B, P, 4)` float32 xyxy, pixels, the best first; rows of zeros where there are fewer.
        """
        image, *tensors = inputs
        count, candidates = self.count[bool(training)], self.candidates[bool(training)]
        num_levels = len(tensors) // 3
        levels = [Level(*tensors[i::num_levels]) for i in range(num_levels)]
        size = ops.shape(image)[1:3]
        if self.short_first:
            levels = [without_short(level, size, self.least_side) for level in levels]
        best = stacked([best_of_level(level, size, candidates, self.least_side) for level in levels])
        kept = self.suppressed(best, count)
        return kept.boxes if num_levels == 1 else best_of_all(kept, num_levels, count)

    def suppressed(self, candidates, count):
        """Returns the best `count` of `Candidates` of which none overlaps a better one too much."""
        count = min(count, candidates.scores.shape[1])
        rows, found = suppress(candidates.boxes, candidates.scores, -0.5, self.iou_threshold, count)
        present = ops.cast(ops.arange(count) < found[:, None], "float32")
        scores = take_rows(candidates.scores[..., None], rows)[..., 0]
        return Candidates(scores * present - (1.0 - present), take_rows(candidates.boxes, rows) * present[..., None])

    def compute_output_spec(self, inputs, training=False):
        """Returns the spec of the proposals; how many there are is known when called."""
        return keras.KerasTensor((inputs[0].shape[0], None, 4))

    def get_config(self):
        """Returns the constructor's arguments."""
        names = "count", "iou_threshold", "candidates", "least_side", "short_first"
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def without_short(level, size, least_side):
    """Returns a `Level` whose anchors are the last of all where they, moved and clipped, have a shorter side."""
    boxes = box_ops.clip(box_ops.decode(level.anchors, level.deltas), size)
    return level._replace(objectness=ops.where(box_ops.at_least(boxes, least_side), level.objectness, LOWEST))


def best_of_level(level, size, count, least_side):
    """Returns the best `count` anchors of a `Level` in a picture of `(height, width)`, moved and clipped."""
    objectness, deltas = ops.stop_gradient(level.objectness), ops.stop_gradient(level.deltas)
    logits, rows = top_rows(objectness, count)
    boxes = box_ops.decode(ops.take(level.anchors, rows, axis=0), take_rows(deltas, rows))
    boxes = box_ops.clip(boxes, size)
    valid = ops.cast(box_ops.at_least(boxes, least_side) & (logits > LOWEST), "float32")
    return Candidates(ops.sigmoid(logits) * valid - (1.0 - valid), boxes)


def stacked(levels):
    """Makes one `Candidates` of one a level: a picture's levels row after row, all filled up to the longest."""
    most = max(level.scores.shape[1] for level in levels)

    def filled(x, value):
        return ops.pad(x, [[0, 0], [0, most - x.shape[1]], *[[0, 0]] * (len(x.shape) - 2)], constant_values=value)

    scores = ops.stack([filled(level.scores, -1.0) for level in levels], axis=1)
    boxes = ops.stack([filled(level.boxes, 0.0) for level in levels], axis=1)
    return Candidates(ops.reshape(scores, (-1, most)), ops.reshape(boxes, (-1, most, 4)))


def best_of_all(kept, num_levels, count):
    """Returns the boxes `(B, P, 4)` of the best `count` of a picture's levels, see `stacked`."""
    rows = num_levels * kept.scores.shape[1]
    _, best = ops.top_k(ops.reshape(kept.scores, (-1, rows)), min(count, rows))
    return take_rows(ops.reshape(kept.boxes, (-1, rows, 4)), ops.cast(best, "int32"))
