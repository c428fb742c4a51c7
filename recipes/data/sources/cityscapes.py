"""`cityscapes:DIR:split`: the instances and the pixels of Cityscapes, in the folders of its archives."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from recipes.data.sources.instance_maps import PER_CLASS, InstanceMaps
from zoo.constants import VOID
from zoo.errors import InputError

NEEDED = (
    "cityscapes:DIR:SPLIT needs DIR/leftImg8bit/SPLIT/<city>/*_leftImg8bit.png and "
    "DIR/gtFine/SPLIT/<city>/*_gtFine_instanceIds.png"
)
# The classes that its benchmarks count, by their id, and those of them with instances: labels.py of its scripts.
STUFF = {
    7: "road",
    8: "sidewalk",
    11: "building",
    12: "wall",
    13: "fence",
    17: "pole",
    19: "traffic light",
    20: "traffic sign",
    21: "vegetation",
    22: "terrain",
    23: "sky",
}
THINGS = {
    24: "person",
    25: "rider",
    26: "car",
    27: "truck",
    28: "bus",
    31: "train",
    32: "motorcycle",
    33: "bicycle",
}
CLASSES = STUFF | THINGS


class Cityscapes(InstanceMaps):
    """Pixels of 19 classes, and objects of the 8 with instances; groups, which nobody told apart, are crowds.

    A pixel's number is 1000 x id of the class + the object's own, from 0, or the id alone in a group and where the
    class has no instances.

    Args:
        rest: `DIR:split`, the split a folder as "train" or "val".

    Raises:
        InputError: if the folder, the split or a mask is missing.
    Source: Cordts et al. 2016, arXiv:1604.01685; README of the Cityscapes scripts, "instanceIds".
    """

    keys = ("segmentation", "boxes", "labels", "masks", "ignored", "crowds")
    classes = tuple(CLASSES.values())
    object_classes = tuple(THINGS.values())

    def __init__(self, rest):
        name, _, split = rest.partition(":")
        images = sorted(Path(name, "leftImg8bit", split).glob("*/*_leftImg8bit.png")) if split else []
        if not images:
            splits = ", ".join(sorted(path.name for path in Path(name, "leftImg8bit").glob("*/"))) or "none"
            raise InputError(f"cityscapes:{rest}: no such split, {name} has {splits}; {NEEDED}")
        super().__init__(f"cityscapes:{rest}", images, [_mask(Path(name), image) for image in images], NEEDED)

    def targets(self, numbers, forms=("masks",)):
        """As `InstanceMaps.targets`."""
        labels = np.full(PER_CLASS, VOID, "int32")
        labels[list(CLASSES)] = range(len(CLASSES))
        ids = tf.clip_by_value(tf.where(numbers < PER_CLASS, numbers, numbers // PER_CLASS), 0, PER_CLASS - 1)
        return {"segmentation": tf.gather(labels, ids), **super().targets(numbers, forms)}

    def meaning(self, numbers):
        """As `InstanceMaps.meaning`."""
        groups = numbers < PER_CLASS
        ids = np.where(groups, numbers, numbers // PER_CLASS)
        places = {number: place for place, number in enumerate(THINGS)}
        return np.array([places.get(number, -1) for number in ids.tolist()], int), groups


def _mask(folder, image):
    name = image.name.replace("_leftImg8bit.png", "_gtFine_instanceIds.png")
    return folder / "gtFine" / image.parent.parent.name / image.parent.name / name
