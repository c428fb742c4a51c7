"""What every source of annotated pictures offers: cheap records, and the pictures and targets they decode to."""

import copy
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
import tensorflow as tf

from recipes.data.graph import as_written, mapped
from recipes.data.progress import track
from zoo.constants import VOID
from zoo.errors import InputError

IN_FLIGHT = 64
MEANING = ("classes", "object_classes", "keypoint_names", "flip_pairs", "skeleton")
"""Attributes that say what targets mean, alike for every picture of a source."""


@dataclass(frozen=True)
class Problem:
    """A record that cannot be used, or not as it is annotated.

    Attributes:
        file: path, or the record's name where it is not a file.
        message: what is wrong with it, without the file's name.
        index: place of the record in its source, from 0.
        fatal: whether the record cannot be used; if not, the message says what of it is left out.
    """

    file: str
    message: str
    index: int
    fatal: bool = True

    def __str__(self):
        return f"{self.file}: {self.message}"


class Source:
    """Annotated pictures in a fixed order.

    A source is a file with one subclass, which sets the attributes, knows its `count` and gives `all_records()`
    and `decode()`.

    Attributes:
        spec: the string `open_source` was given.
        classes: names of the labels, of a segmentation's pixels where the source has one.
        object_classes: names of the objects' labels, where they differ from `classes`.
        keys: what it has of "segmentation", "boxes", "labels", "masks", "keypoints", "ignored", "areas", "proposals".
        keypoint_names: names of the keypoints, `()` where unknown.
        flip_pairs: pairs of keypoints, from 0, that change places when a picture is mirrored left to right.
        skeleton: pairs of keypoints, from 0, that a drawing joins by a line.
    """

    spec = ""
    classes = ()
    object_classes = ()
    keys = ()
    keypoint_names = ()
    flip_pairs = ()
    skeleton = ()
    left_out = frozenset()

    @property
    def count(self):
        """Number of records, the left-out ones included."""
        raise NotImplementedError

    def all_records(self):
        """Returns a `tf.data.Dataset` of all records, the left-out ones included, in a fixed order."""
        raise NotImplementedError

    def decode(self, record):
        """Turns a record into an example; runs eagerly and in a tf.data graph.

        Returns:
            A dict of tensors: "image" `(H, W, 3)` uint8 RGB, "name" string, and those of these that `keys`
            names: "segmentation" `(H, W)` int32 with 255 for void; "boxes" `(N, 4)` float32 xyxy, pixels;
            "labels" `(N,)` int32; "masks" `(N, H, W)` uint8, 0 or 1; "keypoints" `(N, K, 3)` float32 x, y,
            visibility (0 not in the picture, 1 hidden, 2 seen); "ignored" `(N,)` bool, objects that training
            leaves out and metrics count neither as right nor wrong (VOC's difficult, COCO's crowds); "areas"
            `(N,)` float32, pixels, where the dataset states them.
        """
        raise NotImplementedError

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
        """Really reads every picture and target, in threads.

        Returns:
            List of `Problem`, the records that cannot be used, in their order.
        """
        return [problem for problem in self.findings() if problem.fatal]

    def findings(self):
        """As `problems`, and with them the records of which a part is left out (`Problem.fatal` is false)."""
        found = []
        records = self._numbered().as_numpy_iterator()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            done = (
                problem
                for chunk in iter(lambda: list(islice(records, IN_FLIGHT)), [])
                for problem in pool.map(lambda pair: self.check(*pair), chunk)
            )
            for problem in track(done, f"reading {self.spec}", len(self)):
                if problem is not None:
                    found.append(problem)
        return found

    def check(self, index, record):
        """Returns the `Problem` of one record, or `None`."""
        try:
            with tf.device("cpu"):
                example = self._decoded(record)
        except (tf.errors.OpError, ValueError):
            return Problem(f"{self.spec} #{index}", "the picture or its annotation cannot be decoded", index)
        name = example["name"].numpy().decode()
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
        rest.left_out = self.left_out | {problem.index for problem in problems if problem.fatal}
        return rest


def usable(source, skip_bad):
    """Reads a source through and returns it without its bad records.

    Raises:
        InputError: if there are bad records and they are not to be skipped, or nothing is left.
    """
    findings = source.findings()
    problems = [found for found in findings if found.fatal]
    if warnings := [found for found in findings if not found.fatal]:
        more = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
        print(f"{source.spec}: {warnings[0]}{more}")
    if problems and not skip_bad:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InputError(f"{problems[0]}{more}: mend or remove it, or leave it out with --skip-bad")
    if len(problems) == len(source):
        raise InputError(f"{source.spec}: no usable picture is left; the first problem is {problems[0]}")
    if problems:
        print(f"{source.spec}: skipped {len(problems)} of {len(source)} pictures, the first is {problems[0]}")
    return source.without(problems)


def named_classes(path):
    """Reads a file of class names, one a line.

    Args:
        path: `Path` of the file, which may be missing.

    Returns:
        Tuple of names, `()` without the file.

    Raises:
        InputError: if the file names no class.
    """
    if not path.is_file():
        return ()
    names = tuple(line.strip() for line in path.read_text().splitlines() if line.strip())
    if not names:
        raise InputError(f"{path}: names no class; write one name a line, or remove the file")
    return names


def segmentation_problem(labels, picture_size, classes):
    """Returns what is wrong with an `(H, W)` label map, or `None`."""
    return size_problem(labels, picture_size) or label_problem(labels[labels != VOID], classes, "pixel")


def size_problem(mask, picture_size):
    """Returns how the size of an `(H, W)` mask differs from that of its picture, or `None`."""
    if mask.shape == tuple(picture_size):
        return None
    height, width = picture_size
    return f"the mask is {mask.shape[0]}x{mask.shape[1]}, its picture {height}x{width}"


def label_problem(labels, classes, what):
    """Returns which labels lie outside the classes, or `None`."""
    outside = np.unique(labels[(labels < 0) | (labels >= len(classes))])
    if not outside.size:
        return None
    found = ", ".join(str(label) for label in outside[:5].tolist())
    return f"{what} label {found} is outside the {len(classes)} classes (0 to {len(classes) - 1})"
