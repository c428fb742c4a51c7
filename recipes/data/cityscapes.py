"""`cityscapes:DIR:split`: the instances of Cityscapes, in the folders of its archives."""

from pathlib import Path

import numpy as np

from recipes.data.instance_maps import PER_CLASS, InstanceMaps
from zoo.errors import InputError

NEEDED = (
    "cityscapes:DIR:SPLIT needs DIR/leftImg8bit/SPLIT/<city>/*_leftImg8bit.png and "
    "DIR/gtFine/SPLIT/<city>/*_gtFine_instanceIds.png"
)
# The classes with instances that its benchmark counts, by their id: labels.py of the Cityscapes scripts.
CLASSES = {
    24: "person",
    25: "rider",
    26: "car",
    27: "truck",
    28: "bus",
    31: "train",
    32: "motorcycle",
    33: "bicycle",
}


class Cityscapes(InstanceMaps):
    """Objects of the 8 classes with instances; groups, which nobody told apart, are ignored ones.

    A pixel's number is 1000 x id of the class + the object's own, from 0, or the id alone in a group.

    Args:
        rest: `DIR:split`, the split a folder as "train" or "val".

    Raises:
        InputError: if the folder, the split or a mask is missing.
    Source: Cordts et al. 2016, arXiv:1604.01685; README of the Cityscapes scripts, "instanceIds".
    """

    keys = ("boxes", "labels", "masks", "ignored")
    classes = tuple(CLASSES.values())

    def __init__(self, rest):
        name, _, split = rest.partition(":")
        images = sorted(Path(name, "leftImg8bit", split).glob("*/*_leftImg8bit.png")) if split else []
        if not images:
            splits = ", ".join(sorted(path.name for path in Path(name, "leftImg8bit").glob("*/"))) or "none"
            raise InputError(f"cityscapes:{rest}: no such split, {name} has {splits}; {NEEDED}")
        super().__init__(f"cityscapes:{rest}", images, [_mask(Path(name), image) for image in images], NEEDED)

    def meaning(self, numbers):
        """As `InstanceMaps.meaning`."""
        groups = numbers < PER_CLASS
        ids = np.where(groups, numbers, numbers // PER_CLASS)
        places = {number: place for place, number in enumerate(CLASSES)}
        return np.array([places.get(number, -1) for number in ids.tolist()], int), groups


def _mask(folder, image):
    name = image.name.replace("_leftImg8bit.png", "_gtFine_instanceIds.png")
    return folder / "gtFine" / image.parent.parent.name / image.parent.name / name
