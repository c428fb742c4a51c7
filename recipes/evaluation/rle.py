"""Masks as COCO writes them: run lengths, column by column, in a compressed string."""

import numpy as np
from faster_coco_eval import mask as rle

from zoo.ops.masks import paste


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
    """Pastes the masks of boxes into a picture and encodes them, one at a time to spare memory.

    Args:
        masks: `(K, m, m)` probabilities within the box.
        boxes: `(K, 4)` xyxy, pixels.
        size: `(H, W)` of the picture, pixels.
    Returns:
        List of K dicts, see `encode`.
    """
    return [encode(paste(mask[None], box[None], size)[0]) for mask, box in zip(masks, boxes, strict=True)]


def area(encoded):
    """Returns the number of pixels of an encoded mask."""
    return int(rle.area(encoded))
