"""Picture files whose objects are read when the source is opened."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tensorflow as tf

from recipes.data import pictures
from recipes.data.objects import box_warning, within_picture
from recipes.data.sources.source import Problem, Source

ROWS = {"boxes": ((4,), np.float32), "labels": ((), np.int32), "ignored": ((), bool), "areas": ((), np.float32)}


@dataclass(frozen=True)
class Entry:
    """One picture and what is annotated on it.

    Attributes:
        picture: its file.
        where: the file that annotates it, or the place in one that annotates many.
        objects: a list of rows for each of "boxes", "labels" ..., see `Source.decode`.
        fault: why it cannot be used, without `where`; "" where nothing is wrong.
    """

    picture: Path
    where: Path | str
    objects: dict = field(default_factory=dict)
    fault: str = ""


class Annotated(Source):
    """A source over a list of `Entry`; subclasses read one format.

    Attributes:
        relative: whether the boxes of the entries are shares of the picture's width and height.
    """

    relative = False

    def __init__(self, spec, entries, classes, keys, num_keypoints=0):
        self.spec, self.entries, self.classes, self.keys = spec, entries, tuple(classes), keys
        kinds = {**ROWS, "keypoints": ((num_keypoints, 3), np.float32)}
        with tf.device("cpu"):
            self._rows = {
                key: tf.constant(np.concatenate([_array(entry, key, *kinds[key]) for entry in entries]))
                for key in keys
                if key in kinds
            }
            self._offsets = tf.constant(np.cumsum([0, *(len(entry.objects.get("labels", ())) for entry in entries)]))

    @property
    def count(self):
        """Number of pictures."""
        return len(self.entries)

    def all_records(self):
        """Returns the paths of the pictures, and the numbers of their entries."""
        paths = [str(entry.picture) for entry in self.entries]
        return tf.data.Dataset.from_tensor_slices({"image": paths, "index": np.arange(self.count)})

    def decode(self, record):
        """As `Source.decode`; boxes are clipped to the picture, those without area dropped; the name is the path."""
        image = pictures.decode(tf.io.read_file(record["image"]))
        index = record["index"]
        start, stop = self._offsets[index], self._offsets[index + 1]
        example = {key: rows[start:stop] for key, rows in self._rows.items()}
        if self.relative:
            height, width = tf.unstack(tf.cast(tf.shape(image)[:2], tf.float32))
            example["boxes"] *= tf.stack([width, height, width, height])
        example |= {"image": image, "name": tf.convert_to_tensor(record["image"])}
        return within_picture(example | self.decode_more(record, image))

    def decode_more(self, record, image):
        """Returns further targets of a record, by key."""
        return {}

    def check(self, index, record):
        """As `Source.check`; names the file, picture or annotation, that is at fault."""
        entry = self.entries[index]
        if entry.fault:
            return Problem(str(entry.where), entry.fault, index)
        if not entry.picture.is_file():
            return Problem(str(entry.picture), f"no such picture, which {entry.where} annotates", index)
        try:
            height, width = pictures.decode(entry.picture.read_bytes()).shape[:2]
        except (tf.errors.InvalidArgumentError, ValueError):
            return Problem(str(entry.picture), pictures.UNREADABLE, index)
        message = self.fault(index, (height, width))
        if message:
            return Problem(str(entry.where), message, index)
        boxes = _array(entry, "boxes", *ROWS["boxes"])
        if self.relative:
            boxes = boxes * np.array([width, height, width, height], np.float32)
        message = box_warning(boxes, (height, width))
        return message and Problem(str(entry.where), message, index, fatal=False)

    def fault(self, index, picture_size):
        """Returns what shows to be wrong with an entry once its picture's `(height, width)` is known, or `None`."""
        return None


def _array(entry, key, shape, dtype):
    return np.asarray(entry.objects.get(key, ()), dtype).reshape(-1, *shape)
