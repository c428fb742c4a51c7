"""Masks as COCO writes them: run lengths, column by column, in a compressed string."""

import numpy as np
from faster_coco_eval import mask as rle

from zoo.ops.masks import paste_part

THRESHOLD = 0.5


def encode(mask):
    """Encodes a mask.

    Args:
        mask: `(H, W)` bool or 0 and 1.
    Returns:
        A dict that JSON can hold: `size` `[H, W]` and `counts`, a string.
    Source: https://cocodataset.org/#format-results.
    """
    encoded = rle.encode(np.asfortranarray(mask, "uint8"))
    return {"size": list(encoded["size"]), "counts": encoded["counts"].decode()}


def encode_pasted(masks, boxes, size):
    """Pastes the masks of boxes into a picture and encodes them, each where its box lies.

    Args:
        masks: `(K, m, m)` probabilities within the box.
        boxes: `(K, 4)` xyxy, pixels.
        size: `(H, W)` of the picture, pixels.
    Returns:
        List of K dicts, see `encode`.
    """
    masks, boxes = np.asarray(masks, "float32"), np.asarray(boxes, "float64")
    encoded = []
    for mask, box in zip(masks, boxes, strict=True):
        part, read = paste_part(mask, box, size)
        encoded.append(encode_part(read >= THRESHOLD, part, size))
    return encoded


def encode_part(mask, part, size):
    """Encodes a mask of which only a part of the picture is known; the rest is 0.

    Args:
        mask: `(h, w)` bool.
        part: slices of rows and columns, where it lies.
        size: `(H, W)` of the picture, pixels.
    Returns:
        A dict, see `encode`.
    """
    height, width = map(int, size)
    rows, columns = part
    # Down the columns, as whole ones: where it changes from 0 to 1 and back.
    whole = np.zeros((columns.stop - (columns.start or 0), height), bool)
    whole[:, rows] = mask.T
    changes = np.flatnonzero(np.diff(whole.ravel(), prepend=False, append=False)) + height * (columns.start or 0)
    counts = np.diff(changes, prepend=0, append=height * width)
    if len(counts) > 1 and counts[-1] == 0:
        counts = counts[:-1]
    encoded = rle.frPyObjects({"size": [height, width], "counts": counts.tolist()}, height, width)
    return {"size": [height, width], "counts": encoded["counts"].decode()}


def decode(runs, size):
    """Draws masks.

    Args:
        runs: N strings or bytes, the `counts` of encoded masks.
        size: `(H, W)` of the picture, pixels.
    Returns:
        `(N, H, W)` uint8, 0 or 1.
    """
    masks = np.zeros((len(runs), *size), np.uint8)
    for mask, counts in zip(masks, runs, strict=True):
        mask[:] = rle.decode({"size": list(map(int, size)), "counts": counts})
    return masks


def area(encoded):
    """Returns the number of pixels of an encoded mask."""
    return int(rle.area(encoded))
