"""Masks that LabelMe keeps as pictures in a box of their own, as run lengths of the whole picture."""

import base64
import binascii

import numpy as np
from faster_coco_eval import mask as rle

from recipes.data import pictures
from recipes.data.headers import check_pixels
from recipes.data.sources import polygons
from recipes.data.sources.outlines import encoded


def mask_at(text, corners, size):
    """Reads a mask.

    Args:
        text: the bytes of a PNG in base64; what is above 0 is the object.
        corners: two pairs x, y of whole pixels, the first and the last that the mask covers.
        size: `(height, width)` of the picture, `None` where it is not stated.
    Returns:
        A dict of COCO's run lengths, see `outlines.Outlines`.
    Raises:
        ValueError: if it is no such mask, or of another size than its box.
    Source: https://github.com/wkentaro/labelme, utils/shape.py of version 5.
    """
    if size is None:
        raise ValueError("is a mask, and the file states no imageHeight and imageWidth")
    check_pixels(*size)
    try:
        pixels = pictures.from_bytes(base64.b64decode(text, validate=True)).any(axis=-1)
    except (TypeError, binascii.Error) as error:
        raise ValueError("is a mask without a PNG in base64") from error
    except ValueError as error:
        raise ValueError(f"is a mask that {error}") from error
    (left, top), (right, bottom) = (map(int, corner) for corner in corners)
    if pixels.shape != (bottom - top + 1, right - left + 1):
        there = f"{right - left + 1}x{bottom - top + 1}"
        raise ValueError(f"is a mask of {pixels.shape[1]}x{pixels.shape[0]} pixels in a box of {there}")
    if left < 0 or top < 0 or bottom >= size[0] or right >= size[1]:
        raise ValueError("is a mask that reaches out of the picture")
    if not pixels.any():
        raise ValueError("is an empty mask")
    whole = np.zeros(size, np.uint8, order="F")
    whole[top : bottom + 1, left : right + 1] = pixels
    return {"size": size, "counts": rle.encode(whole)["counts"]}


def joined(parts, size):
    """Returns the outline of an object of several polygons and masks: polygons where all are, else run lengths."""
    masks = [part for part in parts if isinstance(part, dict)]
    drawn = [part for part in parts if not isinstance(part, dict)]
    if not masks:
        return drawn
    whole = rle.merge([*masks, *([encoded(drawn, *size)] if drawn else [])])
    return {"size": size, "counts": whole["counts"]}


def box_around(outline):
    """Returns the box xyxy around polygons or run lengths."""
    if not isinstance(outline, dict):
        return polygons.box_around(outline)
    x, y, width, height = rle.toBbox(outline).tolist()
    return x, y, x + width, y + height
