"""The steps from a record to what a model takes and learns, and to what it is measured by."""

from dataclasses import dataclass

import tensorflow as tf

from recipes.data import transforms
from recipes.data.graph import mapped
from recipes.data.objects import select
from recipes.data.sources.source import Source
from recipes.data.targets import TARGETS, measured, padded, targets_of

AHEAD = 2
"""Batches, or pictures alone, that are decoded ahead for measuring."""


def decoded_as(source, record, task, forms):
    """Decodes a record, its masks in the forms that `Source.decode_as` knows, where the task has some."""
    return source.decode_as(record, forms) if "masks" in TARGETS[task] else source.decode(record)


@dataclass(frozen=True)
class Steps:
    """What becomes of a record: see `recipes.data.pipeline` for the fields.

    `decode` makes an example of it, `fit` or an `Augment` brings that into the frame, and `finish` keeps
    what the model takes and learns.
    """

    source: Source
    task: str
    size: tuple[int, int]
    channels: int
    max_objects: int
    num_proposals: int
    resizing: str

    def decode(self, record):
        """Returns what is learned of a record, see `learned`."""
        return self.learned(decoded_as(self.source, record, self.task, ("crops",)))

    def learned(self, example):
        """Returns the example without ignored objects and other tasks' targets, masks as "crops" of their boxes."""
        if "ignored" in example:
            example = select(example, ~example["ignored"])
        wanted = ["crops" if key == "masks" else key for key in TARGETS[self.task]]
        proposals = ("proposals",) if "proposals" in self.source.keys else ()
        return {key: example[key] for key in ("image", *wanted, *proposals)}

    def fit(self, example):
        """Brings the whole picture into the frame."""
        return transforms.RESIZING[self.resizing](example, self.size)

    def finish(self, example):
        """Returns inputs and targets, each of a fixed shape."""
        image = transforms.to_channels(example["image"], self.channels)
        inputs = tf.ensure_shape(image, (*self.size, self.channels))
        if "proposals" in example:
            inputs = {"image": inputs, "proposals": padded(example["proposals"], self.num_proposals)}
        return inputs, targets_of(example, self.task, self.max_objects)

    def whole(self, record):
        """Does all of it, for measuring."""
        return self.finish(self.fit(self.decode(record)))

    def shown(self, records, seen):
        """Does it to the records in their order and gives `seen` each example as it was decoded, which is once."""

        def both(record):
            example = decoded_as(self.source, record, self.task, ("crops", "runs"))
            return self.finish(self.fit(self.learned(example))), measured(example, self.task)

        def show(batched, example):
            keys = list(example)
            done = tf.numpy_function(lambda *arrays: seen(dict(zip(keys, arrays, strict=True))), example.values(), [])
            with tf.control_dependencies([done]):
                return tf.nest.map_structure(tf.identity, batched)

        return mapped(mapped(records, both, parallel=True), show)
