"""The mask that a region should show: its part of an object's mask."""

from keras import ops

from zoo.ops import boxes as box_ops


def region_masks(masks, boxes, regions, size):
    """Reads objects' masks on a grid over regions.

    Args:
        masks: `(B, R, M, M)` float32 0..1, each on a grid over its object's box.
        boxes: `(B, R, 4)` xyxy of the objects, pixels.
        regions: `(B, R, 4)` xyxy, pixels.
        size: m, cells a side of the result.
    Returns:
        `(B, R, m, m)` float32: the share of a cell that the mask covers, by tent-shaped weights as wide as a cell;
        0 outside of the object's box.
    Source: He et al. 2017, arXiv:1703.06870, section 3.1: the intersection of a region and its object's mask.
    """
    cells = masks.shape[-1]
    (x1, y1, x2, y2), (left, top, right, bottom) = (box_ops.unstacked(b) for b in (boxes, regions))
    down = tents(top, bottom, y1, y2, cells, size)
    across = tents(left, right, x1, x2, cells, size)
    return ops.matmul(ops.matmul(down, masks), ops.swapaxes(across, -1, -2))


def tents(low, high, start, stop, cells, size):
    """Returns weights `(..., size, cells)` of the cells between `start` and `stop` for those from `low` to `high`."""
    length = ops.maximum(stop - start, 1e-6)
    step = (high - low) / size
    centres = low[..., None] + (ops.arange(size, dtype="float32") + 0.5) * step[..., None]
    places = (centres - start[..., None]) / length[..., None] * cells - 0.5
    width = ops.maximum(step / length * cells, 1.0)[..., None, None]
    away = ops.abs(places[..., None] - ops.arange(cells, dtype="float32"))
    return ops.maximum(1.0 - away / width, 0.0) / width
