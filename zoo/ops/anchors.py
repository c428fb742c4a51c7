"""Anchors: boxes of chosen sizes centred on each cell of a feature map, and sizes found in a data set; in NumPy."""

import numpy as np

from zoo.errors import InputError

SIZES = (128, 256, 512)
AREAS = tuple(size**2 for size in SIZES)
RATIOS = (0.5, 1.0, 2.0)
MOST_ROUNDS = 300


def anchors(feature_size, stride, areas=AREAS, ratios=RATIOS):
    """Places a box of every area and ratio on the centre of every cell.

    Args:
        feature_size: `(H, W)` cells of the feature map.
        stride: pixels between two cells, one number or `(vertical, horizontal)`.
        areas: of the boxes, square pixels.
        ratios: height / width of the boxes.
    Returns:
        `(H * W * A, 4)` float32, xyxy, pixels, not clipped; row by row, and in each cell the `A = len(ratios) *
        len(areas)` boxes with the areas running faster.
    Raises:
        InputError: if an area, ratio or stride is not above 0.
    Source: Ren et al. 2015, arXiv:1506.01497, section 3.1.1; areas and ratios by default those of section 3.3.
    """
    if np.min(stride) <= 0:
        raise InputError(f"anchors take stride above 0, received {stride}")
    stride_y, stride_x = np.broadcast_to(stride, 2)
    y, x = ((np.arange(cells) + 0.5) * step for cells, step in zip(feature_size, (stride_y, stride_x), strict=True))
    centres = np.tile(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 1, 2), 2)
    return (centres + cell_anchors(areas, ratios)).reshape(-1, 4).astype(np.float32)


def cell_anchors(areas=AREAS, ratios=RATIOS, base=None):
    """Makes the anchors of one cell, about (0, 0).

    Args:
        areas: of the boxes, square pixels.
        ratios: height / width of the boxes.
        base: side of a square, pixels, of whose area widths and heights are whole pixels, before they are scaled to
            each area; `None` for none. Of 16 the anchors are py-faster-rcnn's and Detectron's (generate_anchors.py).
    Returns:
        `(A, 4)` float64, xyxy; the areas run faster.
    Raises:
        InputError: if an area or ratio is not above 0.
    """
    for name, values in (("areas", areas), ("ratios", ratios)):
        if np.min(values) <= 0:
            raise InputError(f"anchors take {name} above 0, received {values}")
    areas, ratios = np.meshgrid(areas, ratios)
    if base is None:
        widths, heights = np.sqrt(areas / ratios), np.sqrt(areas * ratios)
    else:
        whole, scale = np.round(base / np.sqrt(ratios)), np.sqrt(areas) / base
        widths, heights = whole * scale, np.round(whole * ratios) * scale
    halves = np.stack([widths, heights], axis=-1).reshape(-1, 2) / 2
    return np.concatenate([-halves, halves], axis=-1)


def kmeans_anchors(sizes, k, seed=0):
    """Finds the k sizes that overlap the boxes of a data set best, by k-means with the distance `1 - IoU`.

    Args:
        sizes: `(N, 2)` widths and heights, in any one unit.
        k: number of anchors.
        seed: integer that fixes the sizes it begins with.
    Returns:
        `(k, 2)` float32 widths and heights, the smallest area first.
    Raises:
        InputError: if a size is not above 0, or fewer than k are different.
    Source: Redmon & Farhadi 2017, arXiv:1612.08242, section 2, "Dimension Clusters".
    """
    sizes = np.asarray(sizes, np.float64).reshape(-1, 2)
    if not np.all(sizes > 0):
        raise InputError(f"kmeans_anchors takes widths and heights above 0, received {sizes.min():g}")
    different = np.unique(sizes, axis=0)
    if not 1 <= k <= len(different):
        raise InputError(f"kmeans_anchors finds 1 to {len(different)} anchors in these sizes, received k={k}")
    centres = np.random.default_rng(seed).permutation(different)[:k]
    # A mean is not what this distance is least from, so the rounds might turn in a circle.
    for _ in range(MOST_ROUNDS):
        nearest = size_iou(sizes, centres).argmax(1)
        # A centre that lost all its sizes stays where it is.
        means = np.stack([sizes[nearest == i].mean(0) if np.any(nearest == i) else centres[i] for i in range(k)])
        if np.array_equal(means, centres):
            break
        centres = means
    return centres[np.argsort(centres.prod(1))].astype(np.float32)


def size_iou(sizes, others):
    """Measures the overlap of boxes with one centre.

    Args:
        sizes: `(N, 2)` widths and heights.
        others: `(M, 2)` widths and heights, in the same unit.
    Returns:
        `(N, M)` IoU, 0..1. Its largest value in each row, averaged, is the paper's "Avg IOU" of `others` as anchors.
    """
    shared = np.minimum(sizes[:, None], others).prod(-1)
    return shared / (sizes.prod(-1)[:, None] + others.prod(-1) - shared)
