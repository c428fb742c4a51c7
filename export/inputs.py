"""What predictors are given: checked, and brought to the batches that they run."""

import numpy as np

from export.form import INPUTS
from zoo.errors import InputError
from zoo.given import OPENED, paths_in, remedy_of, remedy_of_one, warn_of_scaled

DYNAMIC_BATCH = 8
"""Pictures a call where a file takes any number."""


def batches(images, batch_size):
    """Yields `(batch_size, ...)` parts of an array, the last one filled up with copies of its last picture.

    With `batch_size` `None` the last part is as short as it is.
    """
    step = batch_size or DYNAMIC_BATCH
    for start in range(0, len(images), step):
        batch = images[start : start + step]
        missing = step - len(batch) if batch_size else 0
        yield np.concatenate([batch, np.repeat(batch[-1:], missing, axis=0)]) if missing else batch


def feeds(inputs, batch_size):
    """Yields the `batches` of several arrays of equal length together: dicts as `inputs` is one."""
    parts = [batches(array, batch_size) for array in inputs.values()]
    for together in zip(*parts, strict=True):
        yield dict(zip(inputs, together, strict=True))


def filled(boxes, count):
    """Returns `(count, 4)` float32 boxes, the first of those given, zeros below them where they are fewer."""
    boxes = np.asarray(boxes, np.float32)[:count]
    return np.pad(boxes, ((0, count - len(boxes)), (0, 0)))


def check_proposals(proposals, count):
    """Raises `InputError` if proposals are given, and not one array of them for each of `count` pictures."""
    if proposals is not None and len(proposals) != count:
        raise InputError(f"each picture has its own proposals: received those of {len(proposals)} for {count}")


def check_images(images):
    """Returns `(N, height, width, 3)` pictures as uint8, or raises `InputError` with what they are instead.

    Floats that are scaled to 1 are warned of.
    """
    takes = "the model takes pictures (N, height, width, 3)"
    if paths := paths_in(images):
        raise InputError(f"{takes}, received {paths}: zoo predict opens pictures, or give np.stack of {OPENED}")
    try:
        images = np.asarray(images)
    except ValueError as error:
        raise InputError(f"{takes}, received some of several sizes: give them to predict_each") from error
    if images.ndim != 4 or images.shape[3] != 3 or 0 in images.shape[1:3]:
        received = images.shape or images.item()
        raise InputError(f"{takes}, received {received}{remedy_of(images.shape, 3)}")
    if images.dtype == np.uint8:
        return images
    if not np.issubdtype(images.dtype, np.floating):
        raise InputError(f"the model takes pictures of uint8 or float, received {images.dtype}")
    if images.size and not (images.min() >= 0 and images.max() <= 255):
        raise InputError(f"the model takes pixels of 0 to 255, received {images.min():g} to {images.max():g}")
    warn_of_scaled(images, "the model")
    return np.rint(images).astype(np.uint8)


def check_picture(picture):
    """Returns a uint8 `(height, width, 3)` picture, or raises `InputError` with what it is instead."""
    if paths := paths_in(picture):
        raise InputError(f"pictures are uint8 (height, width, 3) RGB, received {paths}: give {OPENED}")
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or picture.size == 0:
        received = f"{picture.dtype} {picture.shape}{remedy_of_one(picture)}"
        raise InputError(f"pictures are uint8 (height, width, 3) RGB, received {received}")
    return picture


def check_inputs(path, inputs, card):
    """Returns shape and dtype of the pictures that a file takes.

    Args:
        path: the file.
        inputs: dict of name to dtype and shape.
        card: its `Artifact` or `None`.
    Raises:
        InputError: if the inputs are no batch of raw pictures, with regions beside it if the card names their method.
    """
    proposals = bool(card and card.attributes.get("proposals"))
    pixels = inputs["image"][0] if "image" in inputs else None
    wanted = {"image": (pixels, 4)} | ({"proposals": ("float32", 3)} if proposals else {})
    if pixels not in INPUTS or {name: (dtype, len(shape)) for name, (dtype, shape) in inputs.items()} != wanted:
        given = ", ".join(f"{name} {dtype} {list(shape)}" for name, (dtype, shape) in inputs.items())
        more = " and proposals float32 (B, P, 4)" if proposals else ""
        wanted = f"image uint8 or float32 (B, H, W, 3){more}"
        raise InputError(f"{path}: a file that takes {given} is no artifact of ours: expected {wanted}")
    return inputs["image"][1], pixels
