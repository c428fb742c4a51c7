"""RoIAlign and RoI pooling by their definitions, a loop a bin."""

import math

import numpy as np


def align(maps, rois, strides, output_size, sampling_ratio, aligned):
    """As `zoo.ops.roi.roi_align`, in float64."""
    batch, count = rois.shape[:2]
    found = np.zeros((batch, count, *output_size, maps[0].shape[-1]))
    for b, r in np.ndindex(batch, count):
        level = level_of(rois[b, r], len(maps))
        cells, (x1, y1, x2, y2) = maps[level][b], rois[b, r].astype(float) / strides[level] - 0.5 * aligned
        least = -math.inf if aligned else 1.0
        height, width = max(y2 - y1, least), max(x2 - x1, least)
        for i, j, u, v in np.ndindex(*output_size, sampling_ratio, sampling_ratio):
            y = y1 + (i + (u + 0.5) / sampling_ratio) * height / output_size[0]
            x = x1 + (j + (v + 0.5) / sampling_ratio) * width / output_size[1]
            found[b, r, i, j] += bilinear(cells, y, x) / sampling_ratio**2
    return found


def level_of(roi, levels):
    """The pyramid's equation 1, the finest map being level 2."""
    x1, y1, x2, y2 = roi
    area = max(x2 - x1, 0) * max(y2 - y1, 0)
    level = math.floor(4 + math.log2(math.sqrt(area) / 224) + 1e-6) if area else 2
    return min(max(level, 2), levels + 1) - 2


def bilinear(cells, y, x):
    """Interpolates between four cells; 0 further than a cell from the border."""
    height, width = cells.shape[:2]
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    down, across = y - top, x - left
    upper = (1 - across) * cells[top, left] + across * cells[top, right]
    return (1 - down) * upper + down * ((1 - across) * cells[bottom, left] + across * cells[bottom, right])


def pool(cells, rois, stride, output_size):
    """As `zoo.ops.roi.roi_pool`: the loop of `roi_pooling_layer.cu`, regions cut off a cell outside of the map."""
    batch, count = rois.shape[:2]
    size = cells.shape[1:3]
    found = np.zeros((batch, count, *output_size, cells.shape[-1]))
    for b, r in np.ndindex(batch, count):
        x1, y1, x2, y2 = (math.copysign(math.floor(abs(x) + 0.5), x) for x in rois[b, r] / stride)
        (x1, x2), (y1, y2) = np.clip([x1, x2], -1, size[1]), np.clip([y1, y2], -1, size[0])
        for i, j in np.ndindex(*output_size):
            rows = bin_of(i, y1, y2, output_size[0], size[0])
            columns = bin_of(j, x1, x2, output_size[1], size[1])
            window = cells[b, rows, columns]
            if window.size:
                found[b, r, i, j] = window.max((0, 1))
    return found


def bin_of(i, first, last, bins, size):
    """The cells of one bin of an axis."""
    extent = max(last - first + 1, 1)
    edges = first + math.floor(i * extent / bins), first + math.ceil((i + 1) * extent / bins)
    return slice(*(int(min(max(edge, 0), size)) for edge in edges))
