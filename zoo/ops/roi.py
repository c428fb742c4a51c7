"""RoIAlign: features of regions, as gathers of the cells that all bins read.

Sources: He et al. 2017, arXiv:1703.06870, section 3; Lin et al. 2017, arXiv:1612.03144, equation 1 (levels). Cells
are float32 `(C,)` rows of a feature map.
"""

import math

import keras
from keras import ops

from zoo.errors import InputError
from zoo.ops import boxes as box_ops
from zoo.ops.roi_gradient import sums_in_turn
from zoo.ops.roi_taps import grids, taps, weighted_sum

NUMBERS_AT_ONCE = 2**25
"""What `roi_align` gathers at once: 128 MiB; a thousand regions of a pyramid would take 770."""
CANONICAL_SIZE, CANONICAL_LEVEL = 224, 4
"""A region of this side, pixels, reads the level of stride 16 (Lin et al. 2017, section 4.2)."""


def roi_align(
    maps,
    rois,
    *,
    strides,
    output_size,
    sampling_ratio=2,
    aligned=False,
    learns=False,
    numbers_at_once=NUMBERS_AT_ONCE,
):
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
        learns: whether gradients of the maps will be asked for, which XLA is fastest through in one gather.
        numbers_at_once: some regions are read after the other, so that about as many numbers of the maps lie in
            memory at once, of a picture where the size of the batch is not known.
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
    step = max(1, numbers_at_once // (read * (batch if isinstance(batch, int) else 1)))
    taps_of = rows, columns, row_weights, column_weights
    if learns and keras.backend.backend() == "tensorflow" and count != 0:
        return sums_in_turn(cells, taps_of, step)
    parts = [
        weighted_sum(cells, *grids(*(x[:, part] for x in taps_of)))
        for part in ([slice(None)] if learns else slices(count, step))
    ]
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=1)


def assign_levels(rois, strides):
    """Chooses the map of each region: `floor(4 + log2(sqrt(area) / 224))`, clipped to the maps there are.

    Args:
        rois: `(..., 4)` float32, xyxy, pixels.
        strides: pixels between two cells of each map, rising powers of 2; level k has stride 2 ** k.
    Returns:
        `(...)` int32, places in `strides`.
    Source: Lin et al. 2017, arXiv:1612.03144, equation 1; the 1e-6 of `torchvision.ops.MultiScaleRoIAlign`.
    """
    levels = [round(math.log2(stride)) for stride in strides]
    sides = [CANONICAL_SIZE * 2.0 ** (level - CANONICAL_LEVEL - 1e-6) for level in levels[1:]]
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


def slices(count, step):
    """Returns slices of `step` each over an axis of `count`; one over all if that is unknown."""
    if not isinstance(count, int) or count <= step:
        return [slice(None)]
    return [slice(i, i + step) for i in range(0, count, step)]


def pair(size):
    """Returns `(oh, ow)` of one number or two."""
    return (size, size) if isinstance(size, int) else tuple(size)
