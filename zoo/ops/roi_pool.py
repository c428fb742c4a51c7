"""RoI pooling: the maxima of a region's bins (Girshick 2015, arXiv:1504.08083, section 2.1)."""

import itertools
from functools import partial

import numpy as np
from keras import ops

from zoo.ops import boxes as box_ops
from zoo.ops.roi import pair

LONGEST_BIN = 2**8 - 1
"""Cells of a bin, in a map whose size is not known before the call; in seven bins, 28,000 pixels of stride 16."""


def roi_pool(map, rois, *, stride, output_size):
    """Takes the maximum of the cells in each bin of each region, borders rounded to whole cells.

    Args:
        map: feature map `(B, H, W, C)`.
        rois: `(B, R, 4)` float32, xyxy, pixels; the cells of x2 and y2 belong to the region, as in the release. What
            stands out of the map by more than a cell is cut off.
        stride: pixels between two cells.
        output_size: `(oh, ow)` bins, or one number for both.
    Returns:
        `(B, R, oh, ow, C)`, the dtype of the map; 0 in a bin that lies outside of the map.
    Source: `roi_pooling_layer.cu` of Fast R-CNN's release, equal to `torchvision.ops.roi_pool` for regions in the
    picture. Bins are divided in whole numbers; dividing in float32 gives the release one cell more in a few regions
    of 57 cells and above.
    """
    bins, rois = pair(output_size), box_ops.check(rois)
    known = map.shape[1:3]
    if None not in known:
        counts = [len(powers(longest_bin(size, number))) for size, number in zip(known, bins, strict=True)]
        return pooled(map, rois, stride, bins, *counts)
    # How many tables of maxima there are depends on the size of the map: one of these is run.
    longest = longest_bin(ops.maximum(*ops.shape(map)[1:3]), min(bins))
    count = ops.sum(ops.cast(longest >= powers(LONGEST_BIN)[1:], "int32"))
    ways = [
        partial(pooled, stride=stride, bins=bins, down=i, across=i) for i in range(1, len(powers(LONGEST_BIN)) + 1)
    ]
    return ops.switch(count, ways, map, rois)


def longest_bin(size, bins):
    """Returns how many cells a bin of a region may have that lies in a map of `size` cells along an axis."""
    return (size + 1 + bins) // bins + 1  # up to a cell of it lies beyond either border


def pooled(map, rois, stride, bins, down, across):
    """As `roi_pool`, by tables of the maxima over 1, 2, 4 ... cells: `down` and `across` of them on either axis."""
    (batch, height, width), (bins_y, bins_x) = ops.shape(map)[:3], bins
    x1, y1, x2, y2 = (round_half_away(edge / stride) for edge in box_ops.unstacked(rois))
    power_y, rows, filled_y = runs(y1, y2, bins_y, height, down)
    power_x, columns, filled_x = runs(x1, x2, bins_x, width, across)

    # The maxima over 2 ** j cells across of those over 2 ** i cells down of each picture, j by j and i by i.
    cells = ops.reshape(maxima(maxima(map, 1, down), 2, across), (-1, map.shape[-1]))
    picture = ops.arange(batch, dtype="int32")[:, None, None, None]
    table = (plane(power_y, power_x * down, ops.add) * batch + picture) * (height * width)
    found = None
    for row, column in itertools.product(rows, columns):
        places = table + plane(row * width, column, ops.add)
        values = ops.take(cells, ops.reshape(places, (-1,)), axis=0)
        found = values if found is None else ops.maximum(found, values)
    found = ops.reshape(found, (batch, ops.shape(rois)[1], bins_y, bins_x, map.shape[-1]))
    return found * ops.cast(plane(filled_y, filled_x, ops.logical_and), map.dtype)[..., None]


def runs(first, last, bins, size, count):
    """Covers each bin of one axis by two runs of cells whose length is a power of 2, one at either end.

    Args:
        first: `(B, R)` int32, the first cell of each region.
        last: likewise, the last cell that belongs to it.
        bins: number of bins.
        size: cells of the map.
        count: number of powers.
    Returns:
        `(power, starts, filled)`: the power `(B, R, bins)` int32, a pair of first cells like it, and whether there is
        a cell in the bin at all, bool.
    """

    def inside(cells, lowest=0):
        # Not `ops.clip`, whose order of the two TensorFlow's converter takes for a Relu6 where the size is 6, and of
        # whole numbers TFLite has none.
        return ops.minimum(ops.maximum(cells, lowest), size)

    first, last = (inside(cells, lowest=-1)[..., None] for cells in (first, last))
    extent, number = ops.maximum(last - first + 1, 1), ops.arange(bins, dtype="int32")
    start, end = inside(first + number * extent // bins), inside(first + ((number + 1) * extent + bins - 1) // bins)
    lengths = 2 ** np.arange(count, dtype="int32")
    power = ops.sum(ops.cast((end - start)[..., None] >= lengths[1:], "int32"), axis=-1)
    length = ops.take(lengths, power)
    return power, (ops.minimum(start, size - 1), ops.maximum(end - length, 0)), end > start


def maxima(x, axis, count):
    """Returns the maxima over 1, 2, 4 ... cells from each cell on: `count` tables `(B, H, W, C)`, as one tensor.

    What reaches over the border is wrong, and nobody reads it.
    """
    tables = [x]
    for reach in 2 ** np.arange(count - 1):
        size = ops.shape(x)[axis]
        reach = min(int(reach), size) if isinstance(size, int) else ops.minimum(int(reach), size)
        further = tables[-1][:, reach:] if axis == 1 else tables[-1][:, :, reach:]
        tables.append(ops.maximum(tables[-1], ops.pad(further, [[0, reach * (i == axis)] for i in range(4)])))
    return ops.concatenate(tables, axis=0)


def powers(most):
    """Returns the powers of 2 up to a number, int32."""
    return 2 ** np.arange(int(most).bit_length(), dtype="int32")


def plane(rows, columns, combine):
    """Combines two axes of bins: `(B, R, oh)` and `(B, R, ow)` to `(B, R, oh, ow)`."""
    return combine(rows[:, :, :, None], columns[:, :, None])


def round_half_away(x):
    """Rounds as C does, halves away from zero, to int32."""
    return ops.cast(ops.sign(x) * ops.floor(ops.abs(x) + 0.5), "int32")
