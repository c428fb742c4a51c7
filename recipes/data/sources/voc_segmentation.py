"""`voc_segmentation:DIR[:split]`: a class a pixel, in the folders of Pascal VOC (VOCdevkit/VOC2012)."""

import os
from pathlib import Path

import numpy as np
import tensorflow as tf

from recipes.data import labels
from recipes.data.files import MOST_OF_LISTS, read_lines
from recipes.data.natively import by_python
from recipes.data.sources.label_maps import LabelMaps
from recipes.data.sources.legend import BORDERS, Legend, colours_from_bytes
from zoo.constants import VOID
from zoo.errors import InputError
from zoo.weights.names import VOC

NEEDED = "voc_segmentation:DIR needs DIR/JPEGImages/NAME.jpg and DIR/SegmentationClass/NAME.png"
AUGMENTED = "SegmentationClassAug"
"""Folder of the masks that others made of SBD's, under VOC's names."""


def colour(label):
    """Returns the number of a label's colour in VOC's palette, as `colours_from_bytes` has it.

    Source: VOClabelcolormap.m of VOC's development kit: the label's bits go to the channels in turn, highest first.
    """
    channels = [sum((label >> 3 * bit + channel & 1) << 7 - bit for bit in range(3)) for channel in range(3)]
    return channels[0] << 16 | channels[1] << 8 | channels[2]


MEANT = {colour(label): label for label in range(len(VOC))} | {BORDERS: VOID}
COLOURS = Legend(Path("VOC's palette"), VOC, MEANT, coloured=True)


def labels_from_bytes(contents):
    """Reads a label map, of grey or palette, or of VOC's colours.

    Raises:
        ValueError: if it is none, or has another colour; the message lacks the file's name.
    """
    try:
        return labels.labels_from_bytes(contents)
    except ValueError as error:
        if "colour" not in str(error):
            raise
    numbers = colours_from_bytes(contents)
    if fault := COLOURS.fault(np.unique(numbers)):
        raise ValueError(fault)
    return COLOURS.labels(numbers)


class VocSegmentation(LabelMaps):
    """Pictures with VOC's 20 classes and background a pixel, 255 for borders and what is hard to tell.

    Masks that a program has saved as RGB are read by VOC's colours.

    Where DIR holds SegmentationClassAug, pictures without a mask in SegmentationClass have theirs there.

    Args:
        rest: `DIR` for all pictures with a mask, or `DIR:split` for those that DIR/ImageSets/Segmentation/SPLIT.txt
            names, one a line.

    Raises:
        InputError: if a folder, the split, a picture or a mask is missing.
    Source: Everingham et al., The PASCAL VOC Challenge 2012 Development Kit, section 4.2; for the further masks
        Hariharan et al. 2011, "Semantic Contours from Inverse Detectors".
    """

    classes = VOC
    read = staticmethod(labels_from_bytes)

    def __init__(self, rest):
        name, _, split = rest.partition(":")
        if not name:
            raise InputError(f"voc_segmentation: names no folder; {NEEDED}")
        folder = Path(name)
        for part in (folder, folder / "JPEGImages", folder / "SegmentationClass"):
            if not os.path.isdir(part):
                raise InputError(f"{part}: no such folder; {NEEDED}")
        masks = {path.stem: path for path in (folder / AUGMENTED).glob("*.png")}
        masks |= {path.stem: path for path in (folder / "SegmentationClass").glob("*.png")}
        stems = stems_of(folder / "ImageSets" / "Segmentation", split) if split else sorted(masks)
        if not stems:
            raise InputError(f"{folder / 'SegmentationClass'}: holds no masks; {NEEDED}")
        images = pictures_of(folder / "JPEGImages", stems, NEEDED)
        expected = folder / "SegmentationClass"
        super().__init__(
            f"voc_segmentation:{rest}", images, [masks.get(stem, expected / f"{stem}.png") for stem in stems], NEEDED
        )

    def numbers(self, contents):
        """As `Paired.numbers`."""
        return tf.ensure_shape(by_python(labels_from_bytes, contents, tf.int32), (None, None))


def stems_of(folder, split):
    """Reads the names of a split's pictures, without suffix.

    Args:
        folder: where its file SPLIT.txt lies, which names one a line.
        split: its name.

    Returns:
        List of names, each once, in the order of the file.

    Raises:
        InputError: if there is no such file, or it is empty.
    """
    path = folder / f"{split}.txt"
    if not os.path.isfile(path):
        splits = ", ".join(sorted(file.stem for file in folder.glob("*.txt"))) or "none"
        raise InputError(f"{path}: no such split; there are {splits}")
    stems = list(dict.fromkeys(read_lines(path, MOST_OF_LISTS)))
    if not stems:
        raise InputError(f"{path}: the split is empty; it takes the name of a picture a line, without .jpg")
    return stems


def pictures_of(folder, stems, needed):
    """Returns the paths `folder/STEM.jpg`; raises `InputError` where one is missing."""
    images = [folder / f"{stem}.jpg" for stem in stems]
    missing = [image for image in images if not os.path.isfile(image)]
    if missing:
        raise InputError(f"{missing[0]}: no such picture, as {len(missing)} of {len(images)} named; {needed}")
    return images
