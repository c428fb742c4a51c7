"""Pixels of all kinds of files, by Pillow and, where it would round or refuse, by OpenCV."""

import dataclasses

import numpy as np

from recipes.data.headers import head, upright

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF")
UNREADABLE = "is no complete JPEG, PNG, BMP, GIF, WebP or TIFF picture"
STRIP = 4_000_000


def rgb(file):
    """Decodes a picture, see `recipes.data.pictures.decode`.

    Args:
        file: a binary file that can seek.

    Returns:
        `(H, W, 3)` uint8.

    Raises:
        ValueError: if this is no complete picture, or too large; the message lacks the file's name.
    """
    found = loaded(file, FORMATS, UNREADABLE)
    if found.image is None:
        pixels = scaled(by_opencv(file, UNREADABLE))
    elif found.image.mode[0] in "IF":
        pixels = scaled(array(found.image))
    else:
        found.image.info.pop("transparency", None)  # is dropped, and Pillow warns of it
        pixels = array(found.image, "RGB")
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=-1)
    return np.ascontiguousarray(upright(pixels, found.orientation))


def loaded(file, formats, unreadable):
    """Returns the `recipes.data.headers.Head` of a picture whose image is read whole.

    Its image is `None` where OpenCV is to decode it: kinds that Pillow does not know, and colours of 16 bits, of
    which it would keep the upper eight.

    Raises:
        ValueError: if there is no complete picture, or one too large.
    """
    found = head(file, formats, unreadable)
    if found.image is None:
        return found
    try:
        found.image.load()
    except Exception as error:  # of a damaged file Pillow raises nearly every kind there is
        raise ValueError(unreadable) from error
    deep = ";16" in found.layout and found.image.mode[0] != "I" and found.image.format != "BMP"
    return dataclasses.replace(found, image=None) if deep else found


def by_opencv(file, unreadable):
    """Decodes a file by OpenCV.

    Returns:
        `(H, W)`, or `(H, W, 3)` RGB, as deep as the file has them; of a TIFF turned upright.

    Raises:
        ValueError: if OpenCV cannot.
    """
    import cv2

    file.seek(0)
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        pixels = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ValueError(unreadable) from error
    finally:
        cv2.utils.logging.setLogLevel(level)
    if pixels is None:
        raise ValueError(unreadable)
    return pixels if pixels.ndim == 2 else pixels[..., 2::-1]


def array(image, mode=None):
    """Returns the pixels of a loaded `PIL.Image`, in another mode where one is given.

    They are taken strip by strip: Pillow makes two copies of what it hands over.
    """
    rows = max(1, STRIP // image.width)
    whole = None
    for top in range(0, image.height, rows):
        strip = image if rows >= image.height else image.crop((0, top, image.width, min(top + rows, image.height)))
        part = np.asarray(strip.convert(mode) if mode else strip)
        if rows >= image.height:
            return part
        whole = np.empty((image.height, *part.shape[1:]), part.dtype) if whole is None else whole
        whole[top : top + rows] = part
    return whole


def scaled(values):
    """Brings numbers of more than 8 bits to 0-255.

    Numbers from 0 to 255 stay what they are, unless they are fractions that all lie below 1. Others are stretched
    from the picture's own smallest to its largest, all channels alike, since cameras of 12 bits write files of 16. A
    picture of one value, 0 to 65,535, becomes its upper 8 bits. What is no finite number counts as the smallest.

    Args:
        values: `(H, W)` or `(H, W, 3)` of any numbers.

    Returns:
        The same shape, uint8.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        low, high = np.min(values, initial=np.inf, where=finite), np.max(values, initial=-np.inf, where=finite)
        values = np.where(finite, values, low) if low <= high else np.zeros_like(values)
        plain = 0 <= low and 1 < high <= 255
    else:
        low, high = values.min(), values.max()
        plain = 0 <= low and high <= 255
    low, high = (float(low), float(high)) if low <= high else (0.0, 0.0)
    if low == high and not plain:
        return np.full(values.shape, np.clip(high / 256, 0, 255), np.uint8)
    out = np.empty(values.shape, np.uint8)
    rows = max(1, STRIP // values.shape[1])
    for top in range(0, len(values), rows):
        strip = values[top : top + rows].astype(np.float64)
        out[top : top + rows] = np.rint(strip if plain else (strip - low) * (255 / (high - low)))
    return out
