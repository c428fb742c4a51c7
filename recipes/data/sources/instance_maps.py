"""What a map that numbers the objects of a picture says: boxes, labels and masks."""

import numpy as np
import tensorflow as tf

from recipes.data.sources.paired import Paired
from recipes.data.sources.source import label_problem, room_problem

MOST_COUNTED = 1 << 16
PER_CLASS = 1000
"""A pixel's number is this times its class, and its object's own number."""


class InstanceMaps(Paired):
    """Objects of which each pixel knows the number; a subclass finds the files and says what numbers mean."""

    keys = ("boxes", "labels", "masks")

    def meaning(self, numbers):
        """Says which numbers are objects.

        Args:
            numbers: `(N,)` int, all that occur in a picture, each once.

        Returns:
            `(N,)` labels, -1 for what is no object, and `(N,)` bool, objects that are ignored.
        """
        raise NotImplementedError

    def targets(self, numbers):
        """As `Paired.targets`; boxes are the tight ones around the masks."""
        kinds = {"boxes": tf.float32, "labels": tf.int32, "masks": tf.uint8, "ignored": tf.bool}
        shapes = {"boxes": (None, 4), "labels": (None,), "masks": (None, None, None), "ignored": (None,)}
        found = tf.numpy_function(self._objects, [numbers], list(kinds.values()), stateful=False)
        found = dict(zip(kinds, found, strict=True))
        return {key: tf.ensure_shape(found[key], shapes[key]) for key in self.keys if key in found}

    def fault(self, numbers, size, count):
        """As `Paired.fault`: objects of no class, or too many."""
        labels, _ = self.meaning(numbers)
        wrong = label_problem(labels[labels >= 0], self.class_names("detection"), "object")
        return wrong or ("boxes" in self.keys and room_problem(count, size)) or None

    def _objects(self, numbers):
        few = 0 <= numbers.min() and numbers.max() < MOST_COUNTED
        present = np.flatnonzero(np.bincount(numbers.ravel())) if few else np.unique(numbers)
        labels, ignored = self.meaning(present)
        objects = labels >= 0
        if wrong := room_problem(objects.sum(), numbers.shape):
            raise ValueError(wrong)
        masks = numbers == present[objects, None, None]
        boxes = np.stack([*_extent(masks.any(axis=1)), *_extent(masks.any(axis=2))], axis=-1)[:, [0, 2, 1, 3]]
        return boxes.astype("float32"), labels[objects].astype("int32"), masks.view("uint8"), ignored[objects]


def _extent(present):
    """Returns the first places, and those after the last, of `(N, length)` bools: `(N,)` each."""
    return present.argmax(axis=1), present.shape[1] - present[:, ::-1].argmax(axis=1)
