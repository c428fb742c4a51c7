"""`masks:DIR`: pictures in `DIR/images`, one file of labels or colours each, of the same stem, in `DIR/masks`."""

import os
from dataclasses import replace
from pathlib import Path

import tensorflow as tf

from recipes.data import pictures
from recipes.data.labels import COLOURED
from recipes.data.natively import by_python
from recipes.data.sources.class_names import classes_near
from recipes.data.sources.label_maps import LabelMaps
from recipes.data.sources.legend import colours_from_bytes, legend_near
from recipes.data.sources.options import options_of
from recipes.data.sources.paired import without
from recipes.data.sources.places import files_under
from zoo.constants import VOID
from zoo.errors import InputError

NEEDED = "masks:DIR needs DIR/images with pictures and DIR/masks with a PNG of the same name for each"
IMAGES = ("images", "jpegimages", "image", "imgs", "img")
MASKS = ("masks", "segmentationclass", "mask", "labels", "annotations")
"""The second names are those of CVAT's exports, the others those of public sets; whatever their case."""
ENDINGS = ("", "_mask", "_label", "_labels", "_L", "_P", "_gt", "_seg")
"""What names of masks have behind those of their pictures."""
SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".gif")
BLURRED = (".jpg", ".jpeg", ".JPG", ".JPEG", ".webp")
SPARE = 2
"""Labels without names may have gaps, as a split may lack a class, but so many more than there are labels."""
MOST_UNNAMED = 100


class Masks(LabelMaps):
    """Pictures with a label a pixel, 255 for void, or a colour.

    `classes.txt`, one name a line, lies in the folder or its parent; without it the classes are numbered, up to
    the largest label found. Where it, or CVAT's `labelmap.txt`, names a colour or a number with each class
    (`road 128 64 128`, `road = 255`), masks are read by those: see `recipes.data.sources.legend`.

    Args:
        folder: path of the folder with `images` and `masks`.
        foreground: the number that stands for the only class beside background, 0; 255 in many tools' files.

    Raises:
        InputError: if the folder, one of its parts or a mask is missing, or the labels can be no classes.
    """

    def __init__(self, folder, foreground=None):
        if not folder:
            raise InputError(f"masks: names no folder; {NEEDED}")
        self.folder, self.foreground = Path(folder), foreground
        if not os.path.isdir(self.folder):
            raise InputError(f"{self.folder}: no such folder; {NEEDED}")
        self.images_folder, self.masks_folder = (part_of(self.folder, names) for names in (IMAGES, MASKS))
        self.legend = legend_near(self.folder) if foreground is None else None
        if self.legend and self.legend.coloured:
            self.read = colours_from_bytes
        images = pictures.find(self.images_folder)
        masks = masks_of(images, self.masks_folder)
        check_lossless(masks)
        left = without(masks, files_under(self.masks_folder, SUFFIXES, deep=False))
        super().__init__(f"masks:{folder}", images, masks, NEEDED, left)
        if self.legend:
            self.classes = self.legend.classes
            return
        named = classes_near(self.folder)
        if foreground is None:
            self.classes = named or self._numbered_classes()
        else:
            self.classes = named if len(named) == 2 else ("background", *(named or ("foreground",)))
            if len(self.classes) != 2:
                raise InputError(f"{self.spec}: a foreground is one class beside background, there are {len(named)}")

    def numbers(self, contents):
        """As `Paired.numbers`."""
        if not self.legend or not self.legend.coloured:
            return super().numbers(contents)
        return tf.ensure_shape(by_python(colours_from_bytes, contents, tf.int32), (None, None))

    def targets(self, numbers):
        """As `Paired.targets`."""
        if self.legend:
            labels = tf.numpy_function(self.legend.labels, [numbers], tf.int32, stateful=False)
            numbers = tf.ensure_shape(labels, (None, None))
        if self.foreground is not None:
            numbers = tf.where(numbers == self.foreground, 1, tf.where(numbers == 1, VOID - 1, numbers))
        return super().targets(numbers)

    def fault(self, numbers, size, count):
        """As `Paired.fault`."""
        if self.legend:
            return self.legend.fault(numbers)
        if self.foreground is None:
            return super().fault(numbers, size, count)
        odd = [number for number in numbers.tolist() if number not in (0, self.foreground, VOID)]
        if not odd:
            return None
        smoothed = ": smoothed edges are no labels; save masks of two values" if len(odd) > 1 else ""
        return f"pixel label {odd[0]} is neither 0 nor the foreground, {self.foreground}{smoothed}"

    def all_findings(self, deep=False):
        """As `Paired.all_findings`."""
        if self.foreground is None and not self.legend and self._labels_found() == {0, VOID}:
            raise self._two_labels()
        found = super().all_findings(deep)
        return found if self.legend else [replace(one, message=f"{one.message}{self._remedy(one)}") for one in found]

    def _remedy(self, problem):
        """Returns what helps, where a mask has colours that nothing names; "" elsewhere."""
        if COLOURED not in problem.message:
            return ""
        return f": name the colours in {self.folder / 'classes.txt'}, a line each as in road 128 64 128"

    def _labels_found(self):
        return {number for fact in self.facts() if isinstance(fact, list) for number in fact[2]}

    def _two_labels(self):
        return InputError(
            f"{self.masks_folder}: no label but 0 and 255, and 255 is void, which nothing is learned from: "
            f"if it is the foreground, write masks:{self.folder}?foreground=255"
        )

    def _numbered_classes(self):
        found = self._labels_found()
        if found == {0, VOID}:
            raise self._two_labels()
        found.discard(VOID)
        if not found and (problems := self.all_findings()):
            raise InputError(str(problems[0]))
        if not found:
            raise InputError(f"{self.masks_folder}: no mask has a label below {VOID}")
        if found == {0}:
            raise InputError(
                f"{self.masks_folder}: no label but 0, from which nothing can be told; where other masks have more "
                f"classes, name all, one a line, in {self.folder / 'classes.txt'}"
            )
        largest = max(found)
        if largest >= 2 * len(found) + SPARE or len(found) > MOST_UNNAMED:
            some = ", ".join(map(str, sorted(found)[-5:]))
            raise InputError(
                f"{self.masks_folder}: {len(found)} labels without names, up to {largest} (… {some}), are no "
                f"numbers of classes: name them, one a line, in {self.folder / 'classes.txt'}, or mend the masks"
            )
        return tuple(str(label) for label in range(largest + 1))


def part_of(folder, names):
    """Returns the subfolder of the first of these names, in lower case, that there is."""
    there = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir()}
    for name in names:
        if name in there:
            return there[name]
    raise InputError(f"{folder / names[0]}: no such folder; {NEEDED}")


def masks_of(images, folder):
    """Returns the path of each picture's mask: of its stem, perhaps with an ending; a .png if there is none."""
    there = {path.name for path in folder.iterdir()}
    named = [ending + suffix for suffix in SUFFIXES for ending in ENDINGS]
    return [
        folder / next((image.stem + end for end in named if image.stem + end in there), f"{image.stem}.png")
        for image in images
    ]


def check_lossless(masks):
    """Raises `InputError` if a mask is not there but as a JPEG or WebP."""
    for mask in masks:
        if not os.path.isfile(mask):
            found = [path for suffix in BLURRED if os.path.isfile(path := mask.with_suffix(suffix))]
            if found:
                what = "is no PNG, TIFF, BMP or GIF, which keep labels as they are; JPEG and WebP blur them"
                raise InputError(f"{found[0]}: {what}: save masks as PNG, each pixel the label that is nearest")


def open_masks(rest):
    """Opens `DIR` or `DIR?foreground=NUMBER`."""
    folder, options = options_of(rest, ("foreground",))
    number = options.get("foreground")
    if number is None:
        return Masks(folder)
    if not number.isdecimal() or not 1 <= int(number) <= VOID:
        raise InputError(f"masks:{rest}: foreground is a label from 1 to {VOID}")
    return Masks(folder, int(number))
