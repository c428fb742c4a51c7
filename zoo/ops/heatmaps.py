"""Keypoints as heat maps over a region: the cell that training asks for, and the place that prediction reads."""

import math

from keras import ops

from zoo.ops import boxes as box_ops
from zoo.ops.rows import take_rows

CUBIC = -0.75  # the coefficient of OpenCV's and PyTorch's bicubic interpolation
BORDER = 2  # cells by which the interpolation reaches over the border, whose values repeat there
AROUND = 1  # cells on each side of the best one among whose pixels the interpolated maximum is looked for


def target_cells(keypoints, boxes, size):
    """Finds the cell of a region's heat map that a keypoint falls into.

    Args:
        keypoints: `(..., P, 3)` x, y, visibility; pixels.
        boxes: `(..., 4)` xyxy of the regions.
        size: m, cells a side.
    Returns:
        `(cells (..., P) int32, valid (..., P) float32)`: row * m + column; 0 is invalid: not visible or outside.
    Source: He et al. 2017, arXiv:1703.06870, section 5; the border as in Detectron's `keypoints_to_heatmap_labels`.
    """
    x1, y1, x2, y2 = (edge[..., None] for edge in box_ops.unstacked(boxes))
    x, y, visibility = (keypoints[..., i] for i in range(3))
    columns = ops.floor((x - x1) * size / ops.maximum(x2 - x1, 1e-6))
    rows = ops.floor((y - y1) * size / ops.maximum(y2 - y1, 1e-6))
    columns = ops.where(x == x2, size - 1.0, columns)
    rows = ops.where(y == y2, size - 1.0, rows)
    inside = (columns >= 0) & (rows >= 0) & (columns < size) & (rows < size) & (visibility > 0)
    valid = ops.cast(inside, "float32")
    return ops.cast((rows * size + columns) * valid, "int32"), valid


def points(heatmaps, boxes, *, largest_side):
    """Reads each keypoint where its heat map, resized to its region by bicubic interpolation, is highest.

    Instead of resizing whole maps, m pixels or more about the highest cell are interpolated; of a region of up to so
    many pixels that is all of it, of a larger one all within a cell of the highest.

    Args:
        heatmaps: `(B, K, m, m, P)` float32 logits.
        boxes: `(B, K, 4)` xyxy of the regions, pixels.
        largest_side: of a region, pixels, an integer or a tensor of one.
    Returns:
        `(B, K, P, 3)` float32 x, y in pixels, and the logit there.
    Source: He et al. 2017, arXiv:1703.06870, section 5; Detectron's and torchvision's `heatmaps_to_keypoints`.
    """
    batch, count, size, _, kinds = ops.shape(heatmaps)
    maps = ops.reshape(ops.transpose(heatmaps, (0, 1, 4, 2, 3)), (-1, size, size))
    _, best = ops.top_k(ops.reshape(maps, (-1, size * size)), 1)
    row = ops.cast(best, "int32") // size
    column = ops.cast(best, "int32") - row * size
    x1, y1, x2, y2 = (ops.reshape(ops.repeat(edge, kinds, axis=1), (-1, 1)) for edge in box_ops.unstacked(boxes))
    width, height = ops.maximum(x2 - x1, 1.0), ops.maximum(y2 - y1, 1.0)
    listed = pixels_listed(largest_side, size)
    across, weights_x = pixels_near(column, ops.ceil(width), size, listed)
    down, weights_y = pixels_near(row, ops.ceil(height), size, listed)
    # By repeated rows and columns: symmetric padding would mirror the second cell.
    maps = ops.concatenate([maps[:, :1]] * BORDER + [maps] + [maps[:, -1:]] * BORDER, axis=1)
    maps = ops.concatenate([maps[:, :, :1]] * BORDER + [maps] + [maps[:, :, -1:]] * BORDER, axis=2)
    values = ops.matmul(ops.matmul(weights_y, maps), ops.transpose(weights_x, (0, 2, 1)))
    score, place = ops.top_k(ops.reshape(values, (-1, listed * listed)), 1)
    place_y = ops.cast(place, "int32") // listed
    place_x = ops.cast(place, "int32") - place_y * listed
    x = x1 + (take_rows(across[..., None], place_x)[..., 0] + 0.5) * width / ops.ceil(width)
    y = y1 + (take_rows(down[..., None], place_y)[..., 0] + 0.5) * height / ops.ceil(height)
    return ops.reshape(ops.concatenate([x, y, score], axis=-1), (batch, count, kinds, 3))


def pixels_listed(largest_side, size):
    """Returns how many pixels of an axis lie about its highest cell, at least as many as it has cells."""
    cells = 2 * AROUND + 1
    if isinstance(largest_side, int):
        return max(size, math.ceil(cells * largest_side / size) + 2)
    return ops.maximum(size, -(-cells * largest_side // size) + 2)


def pixels_near(cell, pixels, size, count):
    """Lists pixels of a resized axis about a cell, and the weights that interpolate them.

    Args:
        cell: `(N, 1)` int32.
        pixels: `(N, 1)` float32 whole number that the axis is resized to.
        size: m, cells of the axis.
        count: S, pixels to list.
    Returns:
        `(places (N, S) float32, weights (N, S, m + 2 BORDER))`; beyond the last pixel the last is repeated.
    """
    first = ops.floor((ops.cast(cell, "float32") + 0.5 - AROUND) * pixels / size - 0.5)
    first = ops.minimum(ops.maximum(first, 0.0), ops.maximum(pixels - ops.cast(count, "float32"), 0.0))
    places = ops.minimum(first + ops.cast(ops.arange(count), "float32"), pixels - 1.0)
    cells = (places + 0.5) * size / pixels - 0.5
    away = ops.abs(cells[..., None] - ops.arange(-BORDER, size + BORDER, dtype="float32"))
    near = ((CUBIC + 2.0) * away - (CUBIC + 3.0)) * away * away + 1.0
    far = ((CUBIC * away - 5.0 * CUBIC) * away + 8.0 * CUBIC) * away - 4.0 * CUBIC
    return places, ops.where(away <= 1.0, near, ops.where(away < 2.0, far, 0.0))
