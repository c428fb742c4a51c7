"""What is in a source: counts, sizes, classes, problems, and a look at it."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
import tensorflow as tf

from recipes import drawing
from recipes.data.progress import track
from recipes.data.source import VOID, Problem


@dataclass(frozen=True)
class Description:
    """The findings of `describe`; those over pictures leave out the ones with problems.

    Attributes:
        spec: the source's own string.
        count: number of records, those with problems included.
        smallest: `(height, width)`, each the least of all pictures, in pixels.
        median: the medians.
        largest: the most.
        classes: names, in the order of the next three.
        pixels: pixels of each class; `()` without a segmentation.
        pictures: pictures in which each class appears.
        pixels_of_pictures: pixels of those pictures, all classes and void counted.
        void: pixels without a label.
        object_classes: names, in the order of `objects`; `()` without objects.
        objects: objects of each class.
        problems: records that cannot be used.
    """

    spec: str
    count: int
    smallest: tuple[int, int]
    median: tuple[int, int]
    largest: tuple[int, int]
    classes: tuple[str, ...]
    pixels: tuple[int, ...]
    pictures: tuple[int, ...]
    pixels_of_pictures: tuple[int, ...]
    void: int
    object_classes: tuple[str, ...]
    objects: tuple[int, ...]
    problems: tuple[Problem, ...]


def describe(source):
    """Reads a whole source.

    Args:
        source: a `Source`.

    Returns:
        `Description`.
    """
    problems = source.problems()
    good = source.without(problems)
    has_pixels, has_objects = "segmentation" in source.keys, "labels" in source.keys
    classes = source.classes if has_pixels else ()
    object_classes = source.class_names("detection") if has_objects else ()

    def count(record):
        example = source.decode(record)
        found = {"size": tf.shape(example["image"])[:2]}
        if has_pixels:
            found["pixels"] = tf.math.bincount(example["segmentation"], minlength=VOID + 1)
        if has_objects:
            found["objects"] = tf.math.bincount(example["labels"], minlength=len(object_classes))
        return found

    counted = good.records().map(count, tf.data.AUTOTUNE).as_numpy_iterator()
    found = list(track(counted, f"counting {source.spec}", len(good)))
    sizes = np.array([one["size"] for one in found]).reshape(-1, 2)
    pixels = np.array([one["pixels"] for one in found if has_pixels], np.int64).reshape(-1, VOID + 1)
    objects = np.array([one["objects"] for one in found if has_objects], np.int64)
    present = pixels[:, : len(classes)] > 0
    return Description(
        spec=source.spec,
        count=len(source),
        smallest=_size(np.min, sizes),
        median=_size(np.median, sizes),
        largest=_size(np.max, sizes),
        classes=classes,
        pixels=tuple(pixels[:, : len(classes)].sum(0).tolist()),
        pictures=tuple(present.sum(0).tolist()),
        pixels_of_pictures=tuple((sizes.prod(1) @ present).tolist()),
        void=int(pixels[:, VOID].sum()),
        object_classes=object_classes,
        objects=tuple(objects.reshape(-1, len(object_classes)).sum(0).tolist()) if has_objects else (),
        problems=tuple(problems),
    )


def _size(measure, sizes):
    return tuple(int(side) for side in measure(sizes, axis=0)) if len(sizes) else (0, 0)


def median_frequency(description):
    """Weighs classes so that rare ones count as much as frequent ones.

    A class's frequency is its pixels over all pixels of the pictures it appears in; its weight is the median of
    the frequencies over its own.

    Args:
        description: `Description` of a source with a segmentation.

    Returns:
        A weight a class; 0 for a class that never appears.
    Source: Eigen & Fergus 2015, arXiv:1411.4734, section 6.3.2.
    """
    pixels = np.array(description.pixels, float)
    seen = pixels > 0
    frequency = pixels[seen] / np.array(description.pixels_of_pictures, float)[seen]
    weights = np.zeros(len(pixels))
    weights[seen] = np.median(frequency) / frequency if seen.any() else 0.0
    return weights.tolist()


def contact_sheet(source, count=12):
    """Draws the targets of pictures spread evenly over a source.

    Args:
        source: a `Source` without unreadable files (`source.without(source.problems())`).
        count: how many pictures at most.

    Returns:
        `PIL.Image`.
    """
    step = max(1, len(source) // count)
    examples = source.records().shard(step, 0).map(source.decode).as_numpy_iterator()
    drawn, names = [], []
    for example in islice(examples, count):
        drawn.append(_draw(example, source.class_names("detection")))
        names.append(example["name"].decode().rsplit("/", 1)[-1])
    return drawing.contact_sheet(drawn, captions=names)


def _draw(example, class_names):
    image = example["image"]
    if "segmentation" in example:
        image = drawing.overlay(image, example["segmentation"])
    if "boxes" in example:
        image = drawing.draw_boxes(image, example["boxes"], example["labels"], class_names)
    for points in example.get("keypoints", ()):
        image = drawing.draw_points(image, points)
    return image
