"""`instances:DIR[:split]`: pictures, and a PNG each that numbers the objects in it."""

import os
from pathlib import Path

import numpy as np

from recipes.data import pictures
from recipes.data.sources.class_names import classes_near
from recipes.data.sources.instance_maps import PER_CLASS, InstanceMaps
from recipes.data.sources.paired import without
from recipes.data.sources.places import files_under
from zoo.errors import InputError

NEEDED = "instances:DIR needs DIR/images with pictures and DIR/instance_masks with a PNG of the same name for each"
# The second names are those of Penn-Fudan's own archive, where `a.png` has the mask `a_mask.png`.
IMAGE_FOLDERS = ("images", "PNGImages")
MASK_FOLDERS = ("instance_masks", "PedMasks")
NO_OBJECT = (255, 65535)
SPLITS = {"": lambda place: True, "train": lambda place: place % 5 != 4, "val": lambda place: place % 5 == 4}


class Instances(InstanceMaps):
    """Objects of which each pixel knows the number, of 8 or 16 bits; 0 is background.

    All objects are of the one class "object", or the one that `classes.txt` names in the folder or its parent. Where
    it names several, classes count from 0 and a pixel's number is 1000 x class + the object's own, from 1.

    Args:
        rest: `DIR` for all pictures, `DIR:val` for every fifth of them in sorted order, `DIR:train` for the others.

    Raises:
        InputError: if the folder, one of its parts or a mask is missing, or there is no such split.
    """

    def __init__(self, rest):
        name, _, split = rest.partition(":")
        if not name:
            raise InputError(f"instances: names no folder; {NEEDED}")
        if split not in SPLITS:
            raise InputError(f"instances:{rest}: no such split; a folder of instances has train and val")
        folder = Path(name)
        every = pictures.find(_part(folder, IMAGE_FOLDERS))
        images = [image for place, image in enumerate(every) if SPLITS[split](place)]
        if not images:
            raise InputError(f"instances:{rest}: val is every fifth picture, and there are fewer: leave out :val")
        masks = _part(folder, MASK_FOLDERS)
        left = without([_mask(masks, image.stem) for image in every], files_under(masks, (".png",), deep=False))
        found = [_mask(masks, image.stem) for image in images]
        super().__init__(f"instances:{rest}", images, found, NEEDED, left)
        self.classes = classes_near(folder) or ("object",)

    def meaning(self, numbers):
        """As `InstanceMaps.meaning`."""
        labels = numbers // PER_CLASS if len(self.classes) > 1 else np.zeros_like(numbers)
        return np.where(numbers == 0, -1, labels), np.zeros(len(numbers), bool)

    def fault(self, numbers, size, count):
        """As `InstanceMaps.fault`, or the largest number there can be, far from all others: no object."""
        others = numbers[(numbers > 0) & (numbers < numbers[-1])]
        if count == len(numbers) and numbers[-1] in NO_OBJECT and others.size and 2 * others[-1] < numbers[-1]:
            what = f"numbers objects up to {others[-1]}, and one {numbers[-1]}, as tools mark background or borders"
            return f"{what}: write 0 for what is no object"
        return super().fault(numbers, size, count)


def _part(folder, names):
    """Returns the subfolder of one of these names."""
    found = [folder / name for name in names if os.path.isdir(folder / name)]
    if not found:
        raise InputError(f"{folder / names[0]}: no such folder; {NEEDED}")
    return found[0]


def _mask(folder, stem):
    plain, marked = folder / f"{stem}.png", folder / f"{stem}_mask.png"
    return marked if os.path.isfile(marked) else plain
