"""`crops:objects:SOURCE` and `crops:proposals:SOURCE`: one object or region of a picture at a time.

Source: Noh, Hong & Han 2015, arXiv:1505.04366, sections 4.2 and 6.1: the two stages of DeconvNet's training. What
lies outside of a picture is as in the authors' Caffe, window_seg_data_layer.cpp.
"""

from dataclasses import replace
from functools import cached_property

import numpy as np
import tensorflow as tf

from recipes.data import transforms
from recipes.data.graph import as_written, mapped
from recipes.data.sources import open_source
from recipes.data.sources.proposed import Proposed
from recipes.data.sources.source import Source
from zoo.constants import VOID
from zoo.errors import InputError
from zoo.ops.boxes_numpy import iou
from zoo.progress import track
from zoo.proposals.opencv import opencv
from zoo.segmentation.proposal_wise import CANDIDATES, windows

KINDS = ("objects", "proposals")
BACKGROUND = "background"
SIZE = 250
LEAST_SIDE = 16  # pixels; what is smaller is but specks when enlarged to 250
METHOD = "edge_boxes"
OVERLAP = 0.5
CROP = np.dtype([("picture", "int64"), ("box", "float32", 4), ("label", "int32"), ("window", "int32", 4)])
"""The place of the picture, the object's box and class, and what is cut out, which may reach out of the picture."""


class ObjectCrops(Source):
    """The label map of one region of a picture, enlarged by 1.2 and resized to a square whatever its shape.

    "objects" are the boxes of a source that has some, else the connected regions of each class but the background.
    A pixel of such a crop is background unless it is of the object's class and in its box; of a source without a
    class "background" all keep their labels. "proposals" are edge boxes that overlap an object by an IoU of 0.5 or
    more; their pixels keep their labels. In both, crops of rarer classes come as often as those of the commonest.

    The pictures are read through once, when the crops are first counted, which finds their objects.

    Args:
        source: a `Source` with segmentation.
        kind: "objects" or "proposals".
        size: pixels a side of the crops; 250 in the paper, of which it draws 224 (`augment.scale` of 250 / 224).

    Raises:
        InputError: if there is no such kind, or the source has no segmentation or objects of other classes; when the
            crops are counted, if there are none.
    """

    keys = ("segmentation",)

    def __init__(self, source, kind, size=SIZE):
        check_kind(kind)
        if "segmentation" not in source.keys:
            raise InputError(f"{source.spec} has no segmentation to be cropped: name another source")
        self.source, self.kind, self.size = source, kind, size
        self.spec, self.classes = f"crops:{kind}:{source.spec}", tuple(source.classes)
        self.has_background = BACKGROUND in self.classes
        if unknown := [name for name in self._object_names() if name not in self.classes]:
            raise InputError(f"{source.spec}: its objects are of a class {unknown[0]!r} that no pixel has")

    @property
    def count(self):
        """Number of crops; each picture that cannot be used is one, too."""
        return len(self._crops)

    def table(self):
        """Returns the crops of each picture, those of the first first, with the source's records."""
        records, crops = self.source.table(), self._crops
        if records is None:
            return None
        own = tf.nest.map_structure(lambda column: column[crops["picture"]], records)
        return {**{key: crops[key] for key in CROP.names}, "record": own}

    def all_records(self):
        """Returns the crops of each picture, those of the first first, with the source's records."""
        starts = np.searchsorted(self._crops["picture"], np.arange(self.source.count + 1))
        crops = {key: tf.constant(self._crops[key]) for key in CROP.names}

        def of_picture(number, record):
            start, stop = tf.gather(starts, number), tf.gather(starts, number + 1)
            own = tf.data.Dataset.from_tensor_slices({key: column[start:stop] for key, column in crops.items()})
            return mapped(own, lambda crop: {**crop, "record": record})

        records = self.source.all_records().enumerate().flat_map(as_written(of_picture))
        return records.apply(tf.data.experimental.assert_cardinality(self.count))

    def all_findings(self, deep=False):
        """As the source's, of its pictures; the place is that of a picture's first crop."""
        findings = self.source.findings(deep) if deep else self._findings
        places = np.searchsorted(self._crops["picture"], [found.index for found in findings])
        return [replace(found, index=place) for found, place in zip(findings, places.tolist(), strict=True)]

    def decode(self, record):
        """As `Source.decode`; the name is the picture's."""
        example = self.source.decode(record["record"])
        labels = example["segmentation"]
        if self.kind == "objects" and self.has_background:
            labels = alone(labels, record["box"], record["label"], self.classes.index(BACKGROUND))
        crop = cut({"image": example["image"], "segmentation": labels}, record["window"], self.size)
        return {**crop, "name": example["name"]}

    @cached_property
    def _findings(self):
        return self.source.findings()

    @cached_property
    def _crops(self):
        """An array of `CROP`, in the order of the pictures; a picture that cannot be used has one, of nothing."""
        source = usable = self.source.without(self._findings)
        if self.kind == "proposals":
            source = Proposed(usable, METHOD, CANDIDATES)
        wanted = [key for key in ("segmentation", "boxes", "labels", "ignored", "proposals") if key in source.keys]

        def annotations(record):
            example = source.decode(record)
            return {key: example[key] for key in wanted}

        examples = mapped(source.records(), annotations, parallel=True).as_numpy_iterator()
        numbers = [number for number in range(source.count) if number not in usable.left_out]
        crops = [
            as_crops(number, *self._regions(example))
            for number, example in zip(numbers, track(examples, f"cropping {self.spec}", len(source)), strict=True)
        ]
        crops = np.concatenate([np.empty(0, CROP), *crops])
        nothing = np.zeros((1, 4))
        unusable = [as_crops(found.index, nothing, nothing, [-1]) for found in self._findings if found.fatal]
        if not len(crops) and not unusable:
            raise InputError(f"{self.spec}: nothing to crop, no object is seen of {LEAST_SIDE} pixels a side")
        crops = np.concatenate([crops[balanced(crops["label"])], *unusable])
        return crops[np.argsort(crops["picture"], kind="stable")]

    def _regions(self, example):
        """Returns what is cropped, `(N, 4)`, and the objects it shows: boxes `(N, 4)` and classes `(N,)`."""
        boxes, labels = self._objects(example)
        if self.kind == "objects" or not len(boxes):
            return boxes, boxes, labels
        overlaps = iou(example["proposals"], boxes)
        found = overlaps.max(axis=1) >= OVERLAP
        best = overlaps[found].argmax(axis=1)
        return example["proposals"][found], boxes[best], labels[best]

    def _objects(self, example):
        """Returns the objects that are large enough: boxes `(N, 4)` float32 and their classes `(N,)` int32."""
        if "boxes" in self.source.keys:
            kept = ~example["ignored"] if "ignored" in example else slice(None)
            places = np.array([self.classes.index(name) for name in self._object_names()], np.int32)
            boxes, labels = example["boxes"][kept], places[example["labels"][kept]]
        else:
            boxes, labels = connected(example["segmentation"], [name != BACKGROUND for name in self.classes])
        large = np.all(boxes[:, 2:] - boxes[:, :2] >= LEAST_SIDE, axis=1)
        return boxes[large], labels[large]

    def _object_names(self):
        return self.source.class_names("detection") if "boxes" in self.source.keys else ()


def open_crops(rest):
    """Opens `KIND:SOURCE`."""
    kind, _, spec = rest.partition(":")
    check_kind(kind)
    return ObjectCrops(open_source(spec), kind)


def check_kind(kind):
    """Raises `InputError` for crops of another kind."""
    if kind not in KINDS:
        raise InputError(f"crops:{kind}: no such crops; there are crops:objects:SOURCE and crops:proposals:SOURCE")


def as_crops(picture, regions, boxes, labels):
    """Returns the array of `CROP` for regions `(N, 4)` of a picture and the objects they show."""
    crops = np.empty(len(labels), CROP)
    crops["picture"], crops["box"], crops["label"], crops["window"] = picture, boxes, labels, windows(regions)
    return crops


def connected(segmentation, wanted):
    """Finds the connected regions of each class; pixels that touch by a corner are connected.

    Args:
        segmentation: `(H, W)` integers.
        wanted: a bool a class, whether it is looked for.

    Returns:
        The boxes around them, `(N, 4)` float32 xyxy, pixels, and their classes `(N,)` int32.
    """
    boxes, labels = [np.empty((0, 4), np.int32)], []
    for label in np.flatnonzero(wanted):
        mask = (segmentation == label).astype(np.uint8)
        _, _, stats, _ = opencv().connectedComponentsWithStats(mask, connectivity=8)
        x, y, width, height, _ = stats[1:].T  # the first is what the mask leaves out
        boxes.append(np.stack([x, y, x + width, y + height], axis=1))
        labels += [label] * len(x)
    return np.concatenate(boxes).astype(np.float32), np.array(labels, np.int32)


def balanced(labels):
    """Repeats rows until each class has as many as the commonest (section 6.1).

    Args:
        labels: `(N,)` integers.

    Returns:
        The rows' numbers, sorted: `(M,)` integers.
    """
    classes, counts = np.unique(labels, return_counts=True)
    repeated = [np.resize(np.flatnonzero(labels == one), counts.max()) for one in classes]
    return np.sort(np.concatenate([np.empty(0, int), *repeated]))


def alone(segmentation, box, label, background):
    """Makes all pixels background but void ones and those of a class in a box.

    Args:
        segmentation: `(H, W)` int32.
        box: `(4,)` float32 xyxy, pixels.
        label: the class, scalar.
        background: its label.

    Returns:
        `(H, W)` int32.
    """
    height, width = tf.unstack(tf.shape(segmentation))
    x, y = tf.range(width, dtype=tf.float32) + 0.5, tf.range(height, dtype=tf.float32) + 0.5
    columns, rows = (box[0] < x) & (x < box[2]), (box[1] < y) & (y < box[3])
    kept = (segmentation == label) & rows[:, None] & columns
    return tf.where(kept | (segmentation == VOID), segmentation, background)


def cut(example, window, size):
    """Cuts a window out of a picture and its labels; outside of the picture are black and void.

    Args:
        example: dict with "image" and "segmentation".
        window: `(4,)` int32 xyxy, pixels.
        size: pixels a side to which it is resized.

    Returns:
        The example, its picture `(size, size, 3)` uint8.
    """
    x1, y1, x2, y2 = tf.unstack(window)
    height, width = tf.unstack(tf.shape(example["image"])[:2])
    margins = [[tf.maximum(-y1, 0), tf.maximum(y2 - height, 0)], [tf.maximum(-x1, 0), tf.maximum(x2 - width, 0)]]
    top, left = tf.maximum(y1, 0), tf.maximum(x1, 0)
    image = tf.pad(example["image"], [*margins, [0, 0]])[top : top + y2 - y1, left : left + x2 - x1]
    labels = tf.pad(example["segmentation"], margins, constant_values=VOID)
    labels = labels[top : top + y2 - y1, left : left + x2 - x1]
    whole = transforms.Windows(tf.stack([0, 0, y2 - y1, x2 - x1]), tf.constant([0, 0, size, size]))
    placed = transforms.place({"image": image, "segmentation": labels}, whole, (size, size))
    return {**placed, "image": transforms.to_uint8(placed["image"])}
