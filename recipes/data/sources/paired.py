"""Pictures with a file of numbers each: a number a pixel."""

import os

import numpy as np
import tensorflow as tf

from recipes.data import pictures
from recipes.data.labels import decode_labels, labels_from_bytes
from recipes.data.remembered import label_facts, picture_facts
from recipes.data.sources.problems import Problem, size_problem
from recipes.data.sources.source import Source
from zoo.errors import InputError


class Paired(Source):
    """A source over pairs of files; a subclass says in `targets` and `fault` what the numbers mean.

    Where they are kept otherwise than in PNGs, it says so in `numbers` and `read`.

    Attributes:
        read: what `numbers` does, on Python bytes; a function of a module that raises `ValueError`.

    Args:
        spec: the string that asked for it.
        images: list of paths of the pictures.
        masks: list of paths of the files of numbers, index for index.
        left: list of paths of files of numbers that have no picture, which is said and stops nothing.
        needed: one line that says what the source needs, for the error.

    Raises:
        InputError: if a mask is missing.
    """

    read = staticmethod(labels_from_bytes)

    def __init__(self, spec, images, masks, needed, left=()):
        missing = [mask for mask in masks if not os.path.isfile(mask)]
        if missing:
            raise InputError(f"{missing[0]}: no such mask, as for {len(missing)} of {len(images)} pictures; {needed}")
        self.spec, self.images, self.masks, self.left = spec, images, masks, left

    @property
    def count(self):
        """Number of pictures."""
        return len(self.images)

    def table(self):
        """Returns the paths of pictures and masks, in their order."""
        return {
            "image": np.array([os.fsencode(path) for path in self.images]),
            "mask": np.array([os.fsencode(path) for path in self.masks]),
        }

    def decode(self, record):
        """As `Source.decode`; the name is the picture's path."""
        return self.with_targets(record, self.targets)

    def with_targets(self, record, targets):
        """Returns picture, name and what a function makes of the numbers, `(H, W)` int32, of a record."""
        return {
            "image": pictures.decode(tf.io.read_file(record["image"])),
            "name": tf.convert_to_tensor(record["image"]),
            **targets(self.numbers(tf.io.read_file(record["mask"]))),
        }

    def numbers(self, contents):
        """Decodes the bytes of a mask to `(H, W)` int32; runs eagerly and in a tf.data graph."""
        return decode_labels(contents)

    def targets(self, numbers):
        """Returns the targets that the numbers of a picture, `(H, W)` int32, stand for, by key."""
        raise NotImplementedError

    def fault(self, numbers, size, count):
        """Returns what is wrong with the numbers that occur in a mask, or `None`.

        Args:
            numbers: `(N,)` int, the first of them and the last.
            size: `(height, width)` of the mask, pixels.
            count: how many there are.
        """
        raise NotImplementedError

    def name_of(self, index):
        """Returns the path of the picture."""
        return str(self.images[index])

    def facts(self):
        """Returns what `label_facts` knows of each mask."""
        return label_facts([str(path) for path in self.masks], self.read, f"reading the masks of {self.spec}")

    def all_findings(self, deep=False):
        """As `Source.all_findings`; masks are read, and of pictures the heads, and both are remembered."""
        found, sound = [], []
        pictures_found = picture_facts([str(path) for path in self.images], f"reading {self.spec}")
        for index, (picture, mask) in enumerate(zip(pictures_found, self.facts(), strict=True)):
            at_fault, message = self.masks[index], None
            if not isinstance(picture, list):
                at_fault, message = self.images[index], picture or "no such picture"
            elif not isinstance(mask, list):
                message = mask or "no such mask"
            else:
                message = size_problem(mask[:2], picture[:2]) or self.fault(np.array(mask[2]), picture, mask[3])
            if message:
                found.append(Problem(str(at_fault), message, index))
            else:
                sound.append(index)
        what, kind = "no picture has this name: nothing is learned from it", "masks without a picture"
        found += [Problem(str(path), what, 0, False, kind, of_object=True) for path in self.left]
        return [*found, *self.undecodable(sound)] if deep else found


def without(masks, there):
    """Returns those of the files `there` that are none of some masks."""
    known = {*masks}
    return [path for path in there if path not in known]
