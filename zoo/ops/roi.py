"""Features of regions: RoIAlign and RoI pooling, as one gather of the cells that all bins read.

Sources: He et al. 2017, arXiv:1703.06870, section 3 (RoIAlign); Girshick 2015, arXiv:1504.08083, section 2.1 (RoI
pooling); Lin et al. 2017, arXiv:1612.03144, equation 1 (levels). Cells are float32 `(C,)` rows of a feature map.
"""

import itertools
import math
from functools import partial

import numpy as np
from keras import ops

from zoo.errors import InputError
from zoo.ops import boxes as box_ops

LONGEST_BIN = 2**8 - 1
"""Cells of a bin, in a map whose size is not known before the call; in seven bins, 28,000 pixels of stride 16."""


def roi_align(maps, rois, *, strides, output_size, sampling_ratio=2, aligned=False, numbers_at_once=None):
    """Samples each region bilinearly on a regular grid and averages the samples of each bin.

    Args:
        maps: list of feature maps `(B, H_l, W_l, C)`, the finest first. Of several each region reads one, that of
            its level.
        rois: `(B, R, 4)` float32, xyxy, pixels. A box without area is read like one of one cell.
        strides: pixels between two cells of each map; powers of 2 where there are several.
        output_size: `(oh, ow)` bins, or one number for both.
        sampling_ratio: samples a bin and axis.
        aligned: `False`: pixel coordinates divided by the stride count as cell numbers, and a region spans at least
            one cell. `True`: cells are centred half a stride from their border, and there is no smallest region.
        numbers_at_once: reads some regions after the other, so that about as many numbers of the maps lie in memory
            at once; `None`: all in one gather, which is what gradients are fastest through.
    Returns:
        `(B, R, oh, ow, C)`, the dtype of the maps.
    Raises:
        InputError: if there is not one stride a map, or less than one sample a bin.
    Source: `torchvision.ops.roi_align` and `MultiScaleRoIAlign`, equal to float32's precision.
    """
    if len(maps) != len(strides) or sampling_ratio < 1:
        raise InputError(
            f"roi_align takes one stride a map and a sampling_ratio of 1 or more, received {len(maps)} maps, "
            f"strides {tuple(strides)}, sampling_ratio {sampling_ratio}"
        )
    # Nobody learns where a region lies by its features, and without this gradient what is gathered need not be kept.
    rois = ops.stop_gradient(box_ops.check(rois))
    bins_y, bins_x = pair(output_size)
    cells, first, heights, widths = flatten(maps)
    level = assign_levels(rois, strides) if len(maps) > 1 else ops.zeros(ops.shape(rois)[:-1], "int32")
    first, height, width = (ops.take(ops.stack(numbers), level) for numbers in (first, heights, widths))
    scale = ops.take(ops.convert_to_tensor([1 / stride for stride in strides], "float32"), level)
    x1, y1, x2, y2 = (edge * scale - 0.5 * aligned for edge in box_ops.unstacked(rois))
    smallest = None if aligned else 1.0
    rows, row_weights = taps(y1, y2, height, bins_y, sampling_ratio, smallest)
    columns, column_weights = taps(x1, x2, width, bins_x, sampling_ratio, smallest)
    batch, count = ops.shape(rois)[:2]
    picture = ops.arange(batch, dtype="int32")[:, None] * ops.shape(cells)[1]
    rows = (first + picture)[..., None, None] + rows * width[..., None, None]

    cells = ops.reshape(cells, (-1, ops.shape(cells)[-1]))
    read = bins_y * bins_x * (2 * sampling_ratio) ** 2 * maps[0].shape[-1]  # numbers a region
    parts = [
        weighted_sum(
            cells,
            grid(rows[:, part], columns[:, part], ops.add),
            grid(row_weights[:, part], column_weights[:, part], ops.multiply),
        )
        for part in slices(count, None if numbers_at_once is None else max(1, numbers_at_once // read))
    ]
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=1)


def assign_levels(rois, strides, *, canonical_size=224, canonical_level=4):
    """Chooses the map of each region: `floor(4 + log2(sqrt(area) / 224))`, clipped to the maps there are.

    Args:
        rois: `(..., 4)` float32, xyxy, pixels.
        strides: pixels between two cells of each map, rising powers of 2; level k has stride 2 ** k.
        canonical_size: side in pixels of a region that reads the canonical level.
        canonical_level: its level.
    Returns:
        `(...)` int32, places in `strides`.
    Source: Lin et al. 2017, arXiv:1612.03144, equation 1; the 1e-6 of `torchvision.ops.MultiScaleRoIAlign`.
    """
    levels = [round(math.log2(stride)) for stride in strides]
    sides = [canonical_size * 2.0 ** (level - canonical_level - 1e-6) for level in levels[1:]]
    thresholds = ops.convert_to_tensor([side**2 for side in sides], "float32")
    return ops.sum(ops.cast(box_ops.area(rois)[..., None] >= thresholds, "int32"), axis=-1)


def flatten(maps):
    """Puts the cells of all levels one after the other.

    Returns:
        `(cells (B, N, C), first, heights, widths)`, the last three lists with a number a level.
    """
    heights, widths = zip(*(ops.shape(one)[1:3] for one in maps), strict=True)
    sizes = [height * width for height, width in zip(heights, widths, strict=True)]
    cells = [ops.reshape(one, (-1, size, one.shape[-1])) for one, size in zip(maps, sizes, strict=True)]
    first = [sum(sizes[:i]) for i in range(len(sizes))]
    return cells[0] if len(cells) == 1 else ops.concatenate(cells, axis=1), first, heights, widths


def taps(start, end, size, bins, samples, smallest):
    """Finds the cells that the bins of one axis read, and how much of each.

    Args:
        start: `(B, R)` float32, in cells.
        end: likewise.
        size: `(B, R)` int32, cells of the map.
        bins: number of bins.
        samples: in each bin.
        smallest: a region spans at least so many cells; `None` for no such limit.
    Returns:
        `(B, R, bins, 2 * samples)` int32 cells, and float32 weights.
    """
    extent = end - start if smallest is None else ops.maximum(end - start, smallest)
    fractions = (ops.arange(bins * samples, dtype="float32") + 0.5) / (bins * samples)
    position = start[..., None] + extent[..., None] * fractions
    size = size[..., None]
    last = ops.cast(size, "float32") - 1.0
    inside = ops.cast(ops.logical_and(position >= -1.0, position <= last + 1.0), "float32")
    position = ops.clip(position, 0.0, last)
    lower = ops.floor(position)
    upper = ops.minimum(lower + 1.0, last)
    far = position - lower
    cells = ops.stack([lower, upper], axis=-1)
    weights = ops.stack([(1.0 - far) * inside, far * inside], axis=-1) / samples
    shape = (*ops.shape(start), bins, 2 * samples)
    return ops.cast(ops.reshape(cells, shape), "int32"), ops.reshape(weights, shape)


def grid(rows, columns, combine):
    """Combines two axes of taps: `(B, R, oh, t)` and `(B, R, ow, u)` to `(B, R, oh, ow, t, u)`."""
    return combine(rows[:, :, :, None, :, None], columns[:, :, None, :, None])


def weighted_sum(cells, places, weights):
    """Sums up `(N, C)` cells: `(..., t, u)` int32 places and float32 weights to `(..., C)`."""
    *bins, rows, columns = ops.shape(places)
    # Places of this shape: reshaping what is gathered would copy it in LiteRT.
    values = ops.take(cells, ops.reshape(places, (-1, rows * columns)), axis=0)
    weights = ops.reshape(ops.cast(weights, cells.dtype), (-1, 1, rows * columns))
    return ops.reshape(ops.matmul(weights, values), (*bins, cells.shape[-1]))


def slices(count, step):
    """Returns slices of `step` each over an axis of `count`; one over all without a step, or if it is unknown."""
    if step is None or not isinstance(count, int) or count <= step:
        return [slice(None)]
    return [slice(i, i + step) for i in range(0, count, step)]


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

    # Table by table and picture by picture the maxima over 2 ** i by 2 ** j cells.
    tables = [table for rows_of_maxima in maxima(map, 1, down) for table in maxima(rows_of_maxima, 2, across)]
    cells = ops.reshape(ops.concatenate(tables, axis=0), (-1, map.shape[-1]))
    picture = ops.arange(batch, dtype="int32")[:, None, None, None]
    table = (plane(power_y * across, power_x, ops.add) * batch + picture) * (height * width)
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
    """Returns the maxima over 1, 2, 4 ... cells from each cell on, `count` of them.

    What reaches over the border is wrong, and nobody reads it.
    """
    tables = [x]
    for reach in 2 ** np.arange(count - 1):
        size = ops.shape(x)[axis]
        reach = min(int(reach), size) if isinstance(size, int) else ops.minimum(int(reach), size)
        further = tables[-1][:, reach:] if axis == 1 else tables[-1][:, :, reach:]
        tables.append(ops.maximum(tables[-1], ops.pad(further, [[0, reach * (i == axis)] for i in range(4)])))
    return tables


def powers(most):
    """Returns the powers of 2 up to a number, int32."""
    return 2 ** np.arange(int(most).bit_length(), dtype="int32")


def plane(rows, columns, combine):
    """Combines two axes of bins: `(B, R, oh)` and `(B, R, ow)` to `(B, R, oh, ow)`."""
    return combine(rows[:, :, :, None], columns[:, :, None])


def round_half_away(x):
    """Rounds as C does, halves away from zero, to int32."""
    return ops.cast(ops.sign(x) * ops.floor(ops.abs(x) + 0.5), "int32")


def pair(size):
    """Returns `(oh, ow)` of one number or two."""
    return (size, size) if isinstance(size, int) else tuple(size)
