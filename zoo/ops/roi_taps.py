"""The cells that RoIAlign's bins read: taps of one axis, grids of two, and sums over them.

Cells are rows `(N, C)` of all feature maps, one after the other.
"""

from keras import ops


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


def grids(rows, columns, row_weights, column_weights):
    """Returns places and weights of the taps of two axes: `(B, R, oh, t)` and `(B, R, ow, u)`, see `grid`."""
    return grid(rows, columns, ops.add), grid(row_weights, column_weights, ops.multiply)


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
