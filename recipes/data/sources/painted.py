"""Objects with outlines that also say a class a pixel: their masks, painted one over the other on background."""

import numpy as np
import tensorflow as tf
from faster_coco_eval import mask as rle

from recipes.data import pictures
from recipes.data.sources import outlines
from recipes.data.sources.annotated import Annotated
from zoo.constants import VOID
from zoo.ops.boxes_numpy import area
from zoo.progress import say

BACKGROUND = "background"


class Painted(Annotated):
    """An `Annotated` source with a "segmentation": background is 0, then come the objects' classes.

    Later objects lie above earlier ones; ignored ones are void where no other is; one without outline is not painted.
    With more classes than `VOID` numbers tell apart there is none, and a line says so.
    """

    def __init__(self, spec, entries, classes, keys, num_keypoints=0):
        super().__init__(spec, entries, classes, keys, num_keypoints)
        self.object_classes = tuple(classes)
        self.classes, self.pixel_labels = pixel_classes(classes)
        if len(self.classes) > VOID:
            what = f"{len(self.classes)} are more than the {VOID} that one tells apart"
            say(f"{self.spec}: has no class a pixel, as {what}")
            return
        self.keys = (*self.keys, "segmentation")

    def concerned(self, key):
        """As `Annotated.concerned`; outlines are painted."""
        return super().concerned(key) or key == "masks" and "segmentation" in self.keys

    def order(self, rows):
        """Returns rows of objects in the order in which they are painted."""
        return rows

    def decode_as(self, record, forms):
        """As `Annotated.decode_as`, with "segmentation"."""
        if "boxes" in self.keys:
            example = super().decode_as(record, forms)
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
        ignored = self.rows["ignored"][rows] if "ignored" in self.rows else np.zeros(len(rows), bool)
        masks = (outlines.outline_of(self.outlines, row) for row in rows)
        return paint(masks, self.pixel_labels[self.rows["labels"][rows]], ignored, size)


def stated(areas, boxes):
    """Returns areas `(N,)`, those of the boxes `(N, 4)` where none is stated."""
    return np.where(np.isnan(areas), area(boxes), areas)


def pixel_classes(names):
    """Returns the classes of pixels that objects of these classes are painted on, and the number of each class.

    Number 0 is the background; where objects are called so, they are of it.
    """
    classes = (BACKGROUND, *(name for name in names if name.lower() != BACKGROUND))
    places = {name: place for place, name in enumerate(classes)}
    return classes, np.array([places.get(name, 0) for name in names], np.int32)


def paint(masks, labels, ignored, size):
    """Paints objects one over the other; ignored ones are void, below all others.

    Args:
        masks: iterable of N outlines, see `outlines.Outlines`, in the order in which they are painted.
        labels: `(N,)` int32, what their pixels become.
        ignored: `(N,)` bool.
        size: `(height, width)` of the picture.

    Returns:
        `(height, width)` int32.
    """
    void, canvas = np.zeros(size, bool), np.full(size, -1, np.int32)
    for outline, label, unknown in zip(masks, labels, ignored, strict=True):
        mask = rle.decode(outlines.encoded(outline, *size)) > 0  # of one after the other, as many fill the memory
        if unknown:
            void |= mask
        else:
            canvas[mask] = label
    return np.where(canvas < 0, np.where(void, VOID, 0), canvas).astype(np.int32)
