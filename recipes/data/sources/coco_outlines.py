"""Segmentations as COCO's files have them, of polygons or run lengths, read to outlines."""

import numpy as np
from faster_coco_eval import mask as rle

from recipes.data.sources.outlines import run_lengths
from recipes.data.sources.values import numbers

EMPTY: tuple = (None, [], [[]], {}, "", 0)
"""What stands for no segmentation."""


def outline_of(segmentation, size):
    """Reads a segmentation of polygons or run lengths.

    Args:
        segmentation: as the file has it.
        size: `(height, width)` that is stated of the picture, or `None`.
    Returns:
        What `outlines.Outlines` takes, `None` for none, and what is wrong with it, "" for nothing.
    """
    if segmentation in EMPTY:
        return None, ""
    if isinstance(segmentation, list):
        polygons = [segmentation] if not isinstance(segmentation[0], list) else segmentation
        kept = [
            polygon for polygon in map(numbers, polygons) if polygon and len(polygon) >= 6 and len(polygon) % 2 == 0
        ]
        if len(kept) == len(polygons):
            return kept, ""
        return kept or None, "has a polygon that is not x, y of 3 points or more"
    if not isinstance(segmentation, dict):
        return None, "has a segmentation of neither polygons nor RLE"
    shape, counts = numbers(segmentation.get("size"), 2), segmentation.get("counts")
    if shape is None or not all(side == int(side) and 0 < side < 1 << 20 for side in shape):
        return None, "has a segmentation of neither polygons nor RLE"
    height, width = map(int, shape)
    try:
        runs = (
            run_lengths(counts.encode()) if isinstance(counts, str) else [int(run) for run in numbers(counts) or [-1]]
        )
    except ValueError as error:
        return None, f"has a mask that cannot be decoded: {error}"
    if min(runs, default=-1) < 0 or sum(runs) != height * width:
        return None, f"has a mask that cannot be decoded: its runs do not add up to {height}x{width} pixels"
    if isinstance(counts, list):
        counts = rle.frPyObjects({"size": [height, width], "counts": runs}, height, width)["counts"]
    counts = counts.encode() if isinstance(counts, str) else counts
    return {"size": (height, width), "counts": counts}, ""


def box_of(outline):
    """Returns the box x, y, width, height around an outline, or `None`."""
    if isinstance(outline, dict):
        box = rle.toBbox(outline).tolist()
        return box if box[2] > 0 and box[3] > 0 else None
    if not outline:
        return None
    x, y = np.concatenate([np.reshape(polygon, (-1, 2)) for polygon in outline]).T
    return [x.min(), y.min(), np.ptp(x), np.ptp(y)]
