"""Pictures of a source at a model's size, for calibrating and verifying artifacts."""

import numpy as np

from recipes.data import pipeline


def letterboxed(source, task, image_size, count=None):
    """Yields `(picture, targets)` as NumPy, uint8 `(H, W, 3)` and the task's targets, in the source's order.

    Args:
        source: a `Source`.
        task: "segmentation" ...
        image_size: `(H, W)` in pixels.
        count: the first so many only; `None` for all.
    """
    batches = pipeline(source, task=task, picture_size=image_size, batch_size=1)
    for images, targets in batches.take(-1 if count is None else count).as_numpy_iterator():
        yield images[0], targets[0]


def representative(source, task, image_size, count):
    """Returns uint8 `(count, H, W, 3)` pictures of a source, at most as many as it has."""
    return np.stack([picture for picture, _ in letterboxed(source, task, image_size, count)])
