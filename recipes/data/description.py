"""What is in a source: counts, sizes, classes, problems, and a look at it."""

import os
from dataclasses import dataclass
from itertools import islice

import numpy as np
import tensorflow as tf
from PIL import Image

from recipes.data.graph import mapped
from recipes.data.sources.problems import Problem
from recipes.data.sources.source import Source
from zoo.constants import VOID
from zoo.drawing import shapes
from zoo.drawing.depict import draw_targets
from zoo.progress import track


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
        ignored: how many of them training and metrics leave out.
        points: visible keypoints of all objects, by their place; `()` without keypoints.
        point_names: their names, index for index; `()` where unknown.
        problems: records that cannot be used.
        warnings: records of which a part is left out.
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
    ignored: int
    points: tuple[int, ...]
    point_names: tuple[str, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def describe(source: Source, deep: bool = False) -> Description:
    """Counts what a source has.

    Args:
        source: a `Source`.
        deep: whether every picture is decoded whole, as training does; else of pictures the heads are read, of label
            maps all.

    Returns:
        `Description`.
    """
    findings = source.findings(deep=deep)
    good = source.without(findings)
    has_pixels, has_objects = "segmentation" in source.keys, "labels" in source.keys
    has_points = "keypoints" in source.keys
    classes = source.classes if has_pixels else ()
    object_classes = source.class_names("detection") if has_objects else ()

    def said(record):
        example = source.decode(record)
        # The label map has the picture's size; of the picture itself a graph then decodes nothing.
        found = {"size": tf.shape(example["segmentation" if has_pixels else "image"])[:2]}
        if has_pixels:
            found["pixels"] = tf.math.bincount(example["segmentation"], minlength=VOID + 1)
        return found | {key: example[key] for key in ("labels", "ignored", "keypoints") if key in example}

    examples = None if deep else good.outlook()
    if examples is None:
        examples = mapped(good.records(), said, parallel=True).as_numpy_iterator()
    found = []
    for one in track(examples, f"counting {source.spec}", len(good)):
        if has_objects:
            one["objects"] = np.bincount(one.pop("labels"), minlength=len(object_classes))
            one["ignored"] = np.count_nonzero(one.get("ignored", ()))
        if has_points:
            one["points"] = np.count_nonzero(one.pop("keypoints")[..., 2], axis=0)
        found.append(one)
    sizes = np.array([one["size"] for one in found]).reshape(-1, 2)
    pixels = np.array([one["pixels"] for one in found if has_pixels], np.int64).reshape(-1, VOID + 1)
    objects = np.array([one["objects"] for one in found if has_objects], np.int64)
    points = np.array([one["points"] for one in found if has_points], np.int64)
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
        pixels_of_pictures=tuple((sizes.prod(1) @ present).tolist()) if has_pixels else (),
        void=int(pixels[:, VOID].sum()),
        object_classes=object_classes,
        objects=tuple(objects.reshape(-1, len(object_classes)).sum(0).tolist()) if has_objects else (),
        ignored=sum(int(one["ignored"]) for one in found if has_objects),
        points=tuple(points.sum(0).tolist()) if len(points) else (),
        point_names=source.keypoint_names,
        problems=tuple(problem for problem in findings if problem.fatal),
        warnings=tuple(problem for problem in findings if not problem.fatal),
    )


def _size(statistic, sizes):
    return tuple(int(side) for side in statistic(sizes, axis=0)) if len(sizes) else (0, 0)


def median_frequency(description: Description) -> list[float]:
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


def contact_sheet(source: Source, count: int = 12) -> Image.Image:
    """Draws the targets of pictures spread evenly over a source.

    Args:
        source: a `Source` without unreadable files (`source.without(source.problems())`).
        count: how many pictures at most.

    Returns:
        `PIL.Image`.
    """
    step = max(1, len(source) // count)
    examples = mapped(source.records().shard(step, 0), source.decode).as_numpy_iterator()
    drawn, names = [], []
    for example in islice(examples, count):
        drawn.append(draw_targets(example["image"], example, source.class_names("detection"), source.skeleton))
        names.append(os.fsdecode(example["name"]).rsplit("/", 1)[-1])
    return shapes.contact_sheet(drawn, captions=names)
