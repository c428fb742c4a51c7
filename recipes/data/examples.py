"""Pictures of a source at a model's size, for calibrating and verifying artifacts."""

from itertools import islice

import numpy as np
import tensorflow as tf

from export.letterbox import fit
from recipes.data import pipeline
from recipes.data.graph import mapped
from zoo.errors import InputError


def letterboxed(source, task, image_size, count=None):
    """Yields `(picture, targets)` as NumPy, uint8 `(H, W, 3)` and the task's targets, in the source's order.

    Args:
        source: a `Source`.
        task: as in `recipes.data.pipeline`.
        image_size: `(H, W)` in pixels.
        count: the first so many only; `None` for all.

    Raises:
        InputError: that names a picture which cannot be used, when its turn comes.
    """
    batches = pipeline(source, task=task, picture_size=image_size, batch_size=1)
    return named_faults(source, batches.unbatch().take(-1 if count is None else count))


def representative(source, image_size, count, resizing="letterbox"):
    """Returns uint8 `(count, H, W, 3)` pictures of a source, at most all it has; see `export.letterbox.fit`.

    Raises:
        InputError: that names a picture which cannot be used, or if there is none.
    """
    return np.stack([fit(image, image_size, resizing)[0] for image in first(source, count)])


def first(source, count):
    """Returns a list of the first uint8 `(H, W, 3)` pictures of a source in their own sizes, at most all it has.

    Raises:
        InputError: that names a picture which cannot be used, or if there is none.
    """
    examples = named_faults(source, mapped(source.records().take(count), source.decode))
    if not len(source):
        raise InputError(f"{source.spec}: has no picture to look at; name another source")
    return [example["image"] for example in examples]


def named_faults(source, examples):
    """Yields what a dataset makes of the first records of a source, one by one, as NumPy.

    Raises:
        InputError: that names the file where TensorFlow fails at one.
    """
    iterator, index = examples.as_numpy_iterator(), 0
    while True:
        try:
            example = next(iterator)
        except StopIteration:
            return
        except InputError:
            raise
        except (tf.errors.OpError, ValueError) as error:
            raise InputError(f"{fault_of(source, index)}: mend or remove it") from error
        yield example
        index += 1


def fault_of(source, index):
    """Returns the `Problem` of the record at a place among those that are not left out, or words of its own."""
    place = next(islice((i for i in range(source.count) if i not in source.left_out), index, None))
    (record,) = source.all_records().skip(place).take(1).as_numpy_iterator()
    return source.check(place, record) or f"{source.spec} #{place}: the picture or its annotation cannot be decoded"
