"""`SOURCE?classes=cat,dog`: some classes of a source; objects of others are left out."""

import copy

import numpy as np
import tensorflow as tf

from recipes.data.objects import select
from recipes.data.sources.derived import Derived
from recipes.data.sources.source import MEANING
from zoo.constants import VOID
from zoo.errors import InputError

BACKGROUNDS = ("background", "_background_", "__background__")


class OfClasses(Derived):
    """A source with some of its classes alone, in the order in which they are named.

    Objects of others are left out; their pixels are background, which stays number 0, where the source has one, and
    else void. Pictures without any object stay.

    Args:
        source: a `Source`.
        names: list of names of its classes.

    Raises:
        InputError: if it has no such class, or one is named twice.
    """

    def __init__(self, source, names):
        super().__init__(source)
        for name in ("keys", *MEANING):
            setattr(self, name, getattr(source, name))
        self.spec = f"{source.spec}?classes={','.join(names)}"
        known = {*source.classes, *source.object_classes}
        wrong = [name for name in names if name not in known]
        if wrong:
            raise InputError(f"{self.spec}: {wrong[0]!r} is none of its classes ({', '.join(sorted(known)[:30])})")
        if len({*names}) < len(names):
            raise InputError(f"{self.spec}: names a class twice")
        objects = source.object_classes or source.classes
        only = [name for name in names if name in objects]
        pixels, rest = list(names), VOID
        if source.classes and source.classes[0].lower() in BACKGROUNDS:
            pixels, rest = [source.classes[0], *(name for name in names if name != source.classes[0])], 0
        if "segmentation" in source.keys:
            self.classes, self.object_classes = tuple(pixels), tuple(only) if "labels" in source.keys else ()
        else:
            self.classes = tuple(only)
        self.pixels = np.full(VOID + 1, VOID, np.int32)
        for number, name in enumerate(source.classes[:VOID]):
            self.pixels[number] = pixels.index(name) if name in pixels else rest
        self.labels = np.array([only.index(name) if name in only else -1 for name in objects], np.int32)

    def outlook(self):
        """As `Source.outlook`, of the objects that are left."""
        rest = copy.copy(self.source)
        rest.left_out = self.left_out
        found = rest.outlook()
        return found and map(self._seen, found)

    def _seen(self, one):
        labels = self.labels[one["labels"]]
        rows = {key: values[labels >= 0] for key, values in one.items() if key != "size"}
        return {"size": one["size"], **rows, "labels": labels[labels >= 0]}

    def num_objects(self):
        """As `Source.num_objects`."""
        found = self.outlook()
        return found and np.array([len(one["labels"]) - np.sum(one.get("ignored", 0)) for one in found], np.int64)

    def changed(self, example):
        """As the source's, with the labels of the classes that are left."""
        if "segmentation" in example:
            numbers = tf.clip_by_value(example["segmentation"], 0, VOID)
            example = {**example, "segmentation": tf.gather(self.pixels, numbers)}
        if "labels" in example:
            labels = tf.gather(self.labels, example["labels"])
            example = select({**example, "labels": labels}, labels >= 0)
        return example
