"""Pictures of a source at a model's size, for calibrating and verifying artifacts."""

import numpy as np

from export.letterbox import fit
from recipes.data import pipeline
from recipes.data.graph import mapped


def letterboxed(source, task, image_size, count=None):
    """Yields `(picture, targets)` as NumPy, uint8 `(H, W, 3)` and the task's targets, in the source's order.

    Args:
        source: a `Source`.
        task: as in `recipes.data.pipeline`.
        image_size: `(H, W)` in pixels.
        count: the first so many only; `None` for all.
    """
    batches = pipeline(source, task=task, picture_size=image_size, batch_size=1)
    yield from batches.unbatch().take(-1 if count is None else count).as_numpy_iterator()


def representative(source, image_size, count, resizing="letterbox"):
    """Returns uint8 `(count, H, W, 3)` pictures of a source, at most all it has; see `export.letterbox.fit`."""
    examples = mapped(source.records().take(count), source.decode).as_numpy_iterator()
    return np.stack([fit(example["image"], image_size, resizing)[0] for example in examples])
