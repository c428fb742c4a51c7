"""Objects with outlines that also say a class a pixel: their masks, painted one over the other on background."""

import numpy as np
import tensorflow as tf

from recipes.data import pictures
from recipes.data.sources import outlines
from recipes.data.sources.annotated import Annotated
from zoo.constants import VOID

BACKGROUND = "background"


class Painted(Annotated):
    """An `Annotated` source with a "segmentation": background is 0, then come the objects' classes.

    Later objects lie above earlier ones; ignored ones are void where no other is; one without outline is not painted.
    """

    def __init__(self, spec, entries, classes, keys, num_keypoints=0):
        super().__init__(spec, entries, classes, keys, num_keypoints)
        self.object_classes = tuple(classes)
        # As number 0 of the pixels; where objects are called so, they are of it.
        self.classes = (BACKGROUND, *(name for name in classes if name.lower() != BACKGROUND))
        places = {name: place for place, name in enumerate(self.classes)}
        self.pixel_labels = np.array([places.get(name, 0) for name in classes], np.int32)
        self.keys = (*self.keys, "segmentation")

    def concerned(self, key):
        """As `Annotated.concerned`; outlines are painted."""
        return super().concerned(key) or key == "masks" and "segmentation" in self.keys

    def order(self, rows):
        """Returns rows of objects in the order in which they are painted."""
        return rows

    def decode(self, record):
        """As `Annotated.decode`, with "segmentation"."""
        if "boxes" in self.keys:
            example = super().decode(record)
        else:
            image = pictures.decode(tf.io.read_file(record["image"]))
            example = {"image": image, "name": tf.convert_to_tensor(record["image"])}
        if "segmentation" in self.keys:
            height, width = tf.unstack(tf.shape(example["image"])[:2])
            painted = tf.numpy_function(self._paint, [record["index"], height, width], tf.int32, stateful=False)
            example["segmentation"] = tf.ensure_shape(painted, (None, None))
        return example

    def _paint(self, index, height, width):
        size = int(height), int(width)
        rows = np.arange(self.starts[index], self.starts[index + 1])
        rows = self.order(rows[outlines.fitting(self.outlines, size)[rows]])
        canvas = np.zeros(size, np.int32)
        ignored = self.rows["ignored"][rows] if "ignored" in self.rows else np.zeros(len(rows), bool)
        for row in (*rows[ignored], *rows[~ignored]):  # of one mask after the other, as many could fill the memory
            (mask,) = outlines.masks_of(self.outlines, [row], *size)
            void = "ignored" in self.rows and self.rows["ignored"][row]
            canvas[mask > 0] = VOID if void else self.pixel_labels[self.rows["labels"][row]]
        return canvas
