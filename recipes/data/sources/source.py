"""What every source of annotated pictures offers: cheap records, and the pictures and targets they decode to."""

import copy
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import islice

import numpy as np
import tensorflow as tf

from recipes.data.graph import as_written, mapped
from recipes.data.sources.outlines import encoded_masks, words_of_masks
from recipes.data.sources.problems import (
    UNDECODABLE,
    Problem,
    label_problem,
    leaves_out,
    segmentation_problem,
)
from recipes.data.targets import BESIDE, CROP_SIZE, TARGETS, crop_masks
from zoo.progress import track

IN_FLIGHT = 64
SHOWN = 10
"""Classes that a source tells of itself."""
MEANING = ("classes", "object_classes", "keypoint_names", "flip_pairs", "skeleton")
"""Attributes that say what targets mean, alike for every picture of a source."""


class Source:
    """Annotated pictures in a fixed order.

    A source is a file with one subclass, which sets the attributes, knows its `count` and gives `all_records()`
    and `decode()`.

    Attributes:
        spec: the string `open_source` was given.
        classes: names of the labels, of a segmentation's pixels where the source has one.
        object_classes: names of the objects' labels, where they differ from `classes`.
        keys: what it has of "segmentation", "boxes", "labels", "masks", "keypoints", "ignored", "crowds",
            "areas", "proposals".
        keypoint_names: names of the keypoints, `()` where unknown.
        flip_pairs: pairs of keypoints, from 0, that change places when a picture is mirrored left to right.
        skeleton: pairs of keypoints, from 0, that a drawing joins by a line.
    """

    spec = ""
    classes: tuple[str, ...] = ()
    object_classes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    keypoint_names: tuple[str, ...] = ()
    flip_pairs: tuple[tuple[int, int], ...] = ()
    skeleton: tuple[tuple[int, int], ...] = ()
    left_out: frozenset[int] = frozenset()

    def __repr__(self):
        names = self.object_classes or self.classes
        shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
        return f"<{self.spec}: {len(self):,} pictures with {', '.join(self.keys)}; classes {shown or 'unnamed'}>"

    @property
    def count(self):
        """Number of records, the left-out ones included."""
        raise NotImplementedError

    def table(self):
        """Returns all records as a nested dict of arrays, `count` rows each; `None` if they are only read in turn."""
        return None

    def all_records(self):
        """Returns a `tf.data.Dataset` of all records, the left-out ones included, in a fixed order."""
        return tf.data.Dataset.from_tensor_slices(self.table())

    def record_at(self):
        """Returns a function of a place among `records`, a scalar, to its record, for sources with a `table`."""
        with tf.device("cpu"):
            columns = tf.nest.map_structure(tf.constant, self.table())
            kept = tf.constant(self._kept()) if self.left_out else None

        def record(place):
            index = place if kept is None else kept[place]
            return tf.nest.map_structure(lambda column: tf.gather(column, index), columns)

        return record

    def _kept(self):
        return np.array([index for index in range(self.count) if index not in self.left_out], np.int64)

    def decode(self, record):
        """Turns a record into an example; runs eagerly and in a tf.data graph.

        Returns:
            A dict of tensors: "image" `(H, W, 3)` uint8 RGB, "name" string, and those of these that `keys`
            names: "segmentation" `(H, W)` int32 with 255 for void; "boxes" `(N, 4)` float32 xyxy, pixels;
            "labels" `(N,)` int32; "masks" `(N, H, W)` uint8, 0 or 1; "keypoints" `(N, K, 3)` float32 x, y,
            visibility (0 not in the picture, 1 hidden, 2 seen); "ignored" `(N,)` bool, objects that training
            leaves out and metrics count neither as right nor wrong (VOC's difficult, COCO's crowds); "crowds"
            `(N,)` bool, those of the ignored ones that stand for many at once; "areas" `(N,)` float32, pixels, NaN
            where the dataset states none.
        """
        raise NotImplementedError

    def decode_as(self, record, forms):
        """As `decode`, but for masks in other forms in place of "masks".

        Args:
            record: as for `decode`.
            forms: names of keys: "crops" `(N, 224, 224)` uint8, masks over their boxes, as they are learned; "runs"
                `(N,)` strings, COCO's compressed run lengths of the picture's size, as they are measured: those of
                polygons are pycocotools'; "outlines" `(N,)` strings, what is annotated, and not what is learned of
                it, see `recipes.data.sources.outlines.words_of`: "" for objects without a mask, which then stay.

        A source without masks has none in any form.
        """
        example = self.decode(record)
        if "masks" not in self.keys:
            return example
        masks = example.pop("masks")
        if "crops" in forms:
            example["crops"] = crop_masks(masks, example["boxes"], CROP_SIZE)
        if "runs" in forms:
            runs = tf.numpy_function(encoded_masks, [masks], tf.string, stateful=False)
            example["runs"] = tf.ensure_shape(runs, (None,))
        if "outlines" in forms:
            words = tf.numpy_function(words_of_masks, [masks], tf.string, stateful=False)
            example["outlines"] = tf.ensure_shape(words, (None,))
        return example

    def stored(self, record):
        """Returns the bytes that a record's picture is decoded from; `None` where it is part of a file, or none's."""
        return tf.io.read_file(record["image"]).numpy() if "image" in record else None

    def __len__(self):
        return self.count - len(self.left_out)

    def class_names(self, task):
        """Returns the names of the labels that `task` learns: those of pixels, or those of objects."""
        return self.classes if task == "segmentation" else self.object_classes or self.classes

    def records(self):
        """Returns a `tf.data.Dataset` of cheap records (paths, or encoded pictures) in a fixed order."""
        return mapped(self._numbered(), lambda index, record: record)

    def _numbered(self):
        records = self.all_records().enumerate()
        if not self.left_out:
            return records
        keep = tf.constant([index not in self.left_out for index in range(self.count)])
        records = records.filter(as_written(lambda index, record: keep[index]))
        return records.apply(tf.data.experimental.assert_cardinality(len(self)))

    def problems(self):
        """Returns the `findings` that stop a training: records and objects that cannot be used, in their order."""
        return [problem for problem in self.findings() if problem.fatal]

    def findings(self, deep=False):
        """Looks for what cannot be used, or only in part.

        Args:
            deep: whether every picture is decoded whole; else what its head and its annotations say is enough.

        Returns:
            List of `Problem`, in the order of the records, of those that are not left out.
        """
        return [problem for problem in self.all_findings(deep) if problem.index not in self.left_out]

    def all_findings(self, deep=False):
        """As `findings`, of all records; a source that knows its files without decoding them says it from those."""
        return self.undecodable(range(self.count))

    def undecodable(self, indices):
        """Really decodes records, in threads, and returns a list of `Problem`."""
        wanted, found = {*indices}, []
        records = ((index, record) for index, record in enumerate(self.all_records()) if index in wanted)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            done = (
                problem
                for chunk in iter(lambda: list(islice(records, IN_FLIGHT)), [])
                for problem in pool.map(lambda pair: self.check(*pair), chunk)
            )
            for problem in track(done, f"decoding {self.spec}", len(wanted)):
                if problem is not None:
                    found.append(problem)
        return found

    def outlook(self):
        """Yields what `decode` says of each usable record's objects, and its "size", without decoding it.

        Returns:
            An iterator of dicts of arrays: "size" `(2,)` height and width, and those of "labels", "ignored" and
            "keypoints" that there are; `None` if only decoding tells.
        """
        return None

    def num_objects(self):
        """Returns how many objects can be learned of each picture, `(len(self),)`; `None` if only decoding tells."""
        return None

    def annotation(self, index):
        """Returns bytes that change with a record's annotation, where that is not in a file of the record's own."""
        return b""

    def name_of(self, index):
        """Returns what a record is called where it cannot be decoded: its file's path, if it has one."""
        return f"{self.spec} #{index}"

    def check(self, index, record):
        """Decodes one record and returns its `Problem`, or `None`."""
        try:
            with tf.device("cpu"):
                example = self._decoded(record)
        except (tf.errors.OpError, ValueError):
            return Problem(self.name_of(index), UNDECODABLE, index, kind=UNDECODABLE)
        name = example["name"].numpy().decode(errors="replace")
        message = None
        if "segmentation" in self.keys:
            message = segmentation_problem(example["segmentation"].numpy(), example["image"].shape[:2], self.classes)
        if message is None and "labels" in self.keys:
            message = label_problem(example["labels"].numpy(), self.class_names("detection"), "object")
        if message:
            return Problem(name, message, index)
        message = self.warning(record, example["image"].shape[:2])
        return message and Problem(name, message, index, fatal=False)

    @cached_property
    def _decoded(self):
        """`decode` as one graph, which threads run side by side; operation by operation they would take turns."""
        return tf.function(self.decode, input_signature=[self.all_records().element_spec], autograph=False)

    def warning(self, record, picture_size):
        """Returns what `decode` leaves out of a record whose picture has this `(height, width)`, or `None`."""
        return None

    def without(self, problems):
        """Returns this source less the records that `problems` say cannot be used."""
        rest = copy.copy(self)
        rest.left_out = self.left_out | {problem.index for problem in problems if leaves_out(problem)}
        return rest

    def of_task(self, task):
        """Returns this source with the targets alone that a task learns and is measured by: others are not made."""
        if task not in TARGETS:
            return self
        rest = copy.copy(self)
        kept = {*TARGETS[task], *BESIDE}
        rest.keys = tuple(key for key in self.keys if key in kept)
        rest.__dict__.pop("_decoded", None)
        return rest
