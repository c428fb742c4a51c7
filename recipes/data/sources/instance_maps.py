"""What a map that numbers the objects of a picture says: boxes, labels and masks."""

from functools import partial

import numpy as np
import tensorflow as tf
from faster_coco_eval import mask as rle

from recipes.data.sources import outlines
from recipes.data.sources.paired import Paired
from recipes.data.sources.problems import label_problem
from recipes.data.targets import CROP_SIZE

MOST_OBJECTS = 20_000
"""In a map; their masks as they are learned take 1 GB."""
PER_CLASS = 1000
"""A pixel's number is this times its class, and its object's own number."""


class InstanceMaps(Paired):
    """Objects of which each pixel knows the number; a subclass finds the files and says what numbers mean."""

    keys: tuple[str, ...] = ("boxes", "labels", "masks")

    def meaning(self, numbers):
        """Says which numbers are objects.

        Args:
            numbers: `(N,)` int, all that occur in a picture, each once.

        Returns:
            `(N,)` labels, -1 for what is no object, and `(N,)` bool, crowds, which are ignored.
        """
        raise NotImplementedError

    def decode_as(self, record, forms):
        """As `Source.decode_as`; the map is read over each box, or turned into run lengths as a whole."""
        return self.with_targets(record, partial(self.targets, forms=forms))

    def targets(self, numbers, forms=("masks",)):
        """As `Paired.targets`, masks in these forms; boxes are the tight ones around them."""
        kinds = {"boxes": tf.float32, "labels": tf.int32, "crowds": tf.bool, "numbers": tf.int32}
        found = dict(zip(kinds, tf.numpy_function(self._objects, [numbers], [*kinds.values()], False), strict=True))
        found["ignored"] = found["crowds"]
        targets = {key: found[key] for key in self.keys if key in found}
        targets = {key: tf.ensure_shape(rows, (None, *[4] * (key == "boxes"))) for key, rows in targets.items()}
        made = {
            "masks": (masks_of, tf.uint8, (None, None, None)),
            "crops": (crops_of, tf.uint8, (None, CROP_SIZE, CROP_SIZE)),
            "runs": (runs_of, tf.string, (None,)),
            "outlines": (words_of, tf.string, (None,)),
        }
        for form in forms if "masks" in self.keys else ():
            make, kind, shape = made[form]
            rows = tf.numpy_function(make, [numbers, found["numbers"], found["boxes"]], kind, stateful=False)
            targets[form] = tf.ensure_shape(rows, shape)
        return targets

    def fault(self, numbers, size, count):
        """As `Paired.fault`: objects of no class, or too many."""
        labels, _ = self.meaning(numbers)
        wrong = label_problem(labels[labels >= 0], self.class_names("detection"), "object")
        if wrong is None and "boxes" in self.keys and count > MOST_OBJECTS:
            return f"numbers {count:,} objects, more than {MOST_OBJECTS:,}: is it a map of objects?"
        return wrong

    def _objects(self, numbers):
        """Returns boxes, labels, crowds and numbers of the objects in a map."""
        runs = runs_in(numbers)
        present = np.array([*runs], np.int64)
        labels, crowds = self.meaning(present)
        present, labels, crowds = (rows[labels >= 0] for rows in (present, labels, crowds))
        boxes = np.array([box_of(*runs[one], len(numbers)) for one in present.tolist()])
        return boxes.astype("float32").reshape(-1, 4), labels.astype("int32"), crowds, present.astype("int32")


def runs_in(numbers):
    """Finds the runs of equal numbers down the columns of a map, from one column on into the next.

    Args:
        numbers: `(H, W)` int32.
    Returns:
        Dict by number, in rising order: of each of its runs the first pixel and the one after the last, `(R,)` each,
        counted down the columns.
    """
    flat = numbers.T.ravel()
    starts = np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]])[: flat.size])
    stops = np.append(starts[1:], flat.size)[: starts.size]
    order = np.argsort(flat[starts], kind="stable")
    present, first = np.unique(flat[starts][order], return_index=True)
    of_each = (np.split(places[order], first[1:]) for places in (starts, stops))
    return dict(zip(present.tolist(), zip(*of_each, strict=True), strict=False))


def box_of(starts, stops, height):
    """Returns the box x1, y1, x2, y2 around the runs of an object in a map of that height."""
    (left, top), (right, bottom) = (np.divmod(places, height) for places in (starts, stops - 1))
    across = left < right  # such a run reaches the bottom of one column and the top of the next
    return left.min(), np.where(across, 0, top).min(), right.max() + 1, np.where(across, height - 1, bottom).max() + 1


def masks_of(numbers, objects, boxes):
    """Returns the masks `(N, H, W)` uint8 of objects, by their numbers in a map."""
    return (numbers == objects[:, None, None]).astype("uint8")


def crops_of(numbers, objects, boxes):
    """Returns masks over their boxes, at the centres of cells, `(N, 224, 224)` uint8."""
    crops = np.zeros((len(objects), CROP_SIZE, CROP_SIZE), "uint8")
    centres = (np.arange(CROP_SIZE) + 0.5) / CROP_SIZE
    for crop, one, box in zip(crops, objects, boxes.astype("float64"), strict=True):
        columns, rows = (box[:2, None] + centres * (box[2:] - box[:2])[:, None]).astype(int)
        crop[:] = numbers[rows[:, None], columns] == one
    return crops


def runs_of(numbers, objects, boxes):
    """Returns masks as COCO's compressed run lengths, `(N,)` bytes."""
    height, width = numbers.shape
    runs, encoded = runs_in(numbers), []
    for one in objects.tolist():
        changes = np.stack(runs[one], axis=1).ravel()
        counts = np.diff(changes, prepend=0, append=numbers.size)
        counts = counts[: -1 if counts[-1] == 0 else None].tolist()
        encoded.append(rle.frPyObjects({"size": [height, width], "counts": counts}, height, width)["counts"])
    return np.array(encoded, object)


def words_of(numbers, objects, boxes):
    """Returns masks as `recipes.data.sources.outlines.words_of` has them, `(N,)` strings."""
    runs = runs_of(numbers, objects, boxes)
    return outlines.as_strings(outlines.words_of({"size": numbers.shape, "counts": counts}) for counts in runs)
