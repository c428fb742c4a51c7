"""Pictures of a source at a model's size, for calibrating and verifying artifacts."""

from itertools import count as counting
from itertools import islice

import numpy as np
import tensorflow as tf

from export.letterbox import fit
from recipes.data import pipeline
from recipes.data.graph import as_written, mapped
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
    """Returns uint8 `(count, H, W, 3)` pictures spread evenly over a source; see `export.letterbox.fit`.

    The first ones, often of one place, day or class, would say too little of the rest. They are the same at each
    call; of a source that has no more than `count` they are all.

    Raises:
        InputError: that names a picture which cannot be used, or if there is none.
    """
    total = len(source)
    if not total:
        raise InputError(f"{source.spec}: has no picture to look at; name another source")

    def chosen(place):
        return place * count % total < count

    records = source.records().enumerate().filter(as_written(lambda place, record: chosen(place)))
    examples = mapped(records, lambda place, record: source.decode(record))
    found = named_faults(source, examples, filter(chosen, range(total)))
    return np.stack([fit(example["image"], image_size, resizing)[0] for example in found])


def first(source, count):
    """Returns a list of the first uint8 `(H, W, 3)` pictures of a source in their own sizes, at most all it has.

    Raises:
        InputError: that names a picture which cannot be used, or if there is none.
    """
    examples = named_faults(source, mapped(source.records().take(count), source.decode))
    if not len(source):
        raise InputError(f"{source.spec}: has no picture to look at; name another source")
    return [example["image"] for example in examples]


def named_faults(source, examples, places=None):
    """Yields what a dataset makes of records of a source, one by one, as NumPy.

    Args:
        source: a `Source`.
        examples: `tf.data.Dataset`.
        places: of its records among those of the source; the first ones if not given.
    Raises:
        InputError: that names the file where TensorFlow fails at one.
    """
    iterator = examples.as_numpy_iterator()
    for place in places if places is not None else counting():
        try:
            example = next(iterator)
        except StopIteration:
            return
        except InputError:
            raise
        except (tf.errors.OpError, ValueError) as error:
            raise InputError(f"{fault_of(source, place)}: mend or remove it") from error
        yield example


def fault_of(source, index):
    """Returns the `Problem` of the record at a place among those that are not left out, or words of its own."""
    place = next(islice((i for i in range(source.count) if i not in source.left_out), index, None))
    (record,) = source.all_records().skip(place).take(1).as_numpy_iterator()
    return source.check(place, record) or f"{source.spec} #{place}: the picture or its annotation cannot be decoded"
