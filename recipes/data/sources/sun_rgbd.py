"""`sunrgbd:DIR:split`: the colour pictures of SUN RGB-D with a class a pixel, as segmentation networks use them."""

from pathlib import Path

import tensorflow as tf

from recipes.data.sources.label_maps import LabelMaps
from recipes.data.sources.problems import label_problem
from zoo.constants import VOID
from zoo.errors import InputError

IMAGES, LABELS = "SUNRGBD-{}_images", "sunrgbd_train_test_labels"
NEEDED = (
    f"sunrgbd:DIR:SPLIT needs DIR/{IMAGES.format('SPLIT')}/img-000001.jpg ... and DIR/{LABELS}/img-000001.png ..."
)
# The files of labels number the pictures of both splits in one row, those of test first.
FIRST = {"test": 0, "train": 5050}
# seg37list.mat of its toolbox, from 1; 0 is what nobody labelled.
CLASSES = (
    *("wall", "floor", "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf", "picture"),
    *("counter", "blinds", "desk", "shelves", "curtain", "dresser", "pillow", "mirror", "floor mat", "clothes"),
    *("ceiling", "books", "fridge", "tv", "paper", "towel", "shower curtain", "box", "whiteboard", "person"),
    *("night stand", "toilet", "sink", "lamp", "bathtub", "bag"),
)


class SunRgbd(LabelMaps):
    """Indoor pictures with 37 classes a pixel, 5,285 to train and 5,050 to test; 0 in the files is void.

    Args:
        rest: `DIR:train` or `DIR:test`.

    Raises:
        InputError: if there is no such split, or a folder or a file of labels is missing.
    Source: Song, Lichtenberg & Xiao 2015, "SUN RGB-D"; the files are those of A. Handa's sunrgbd-meta-data.
    """

    classes = CLASSES

    def __init__(self, rest):
        name, _, split = rest.partition(":")
        if split not in FIRST:
            raise InputError(f"sunrgbd:{rest}: no such split, it has {' and '.join(FIRST)}; {NEEDED}")
        pictures, labels = Path(name, IMAGES.format(split)), Path(name, LABELS)
        images = sorted(pictures.glob(f"img-{'[0-9]' * 6}.jpg"))
        if not images:
            raise InputError(f"{pictures}: no such folder, or without pictures; {NEEDED}")
        places = [int(image.stem.removeprefix("img-")) + FIRST[split] for image in images]
        super().__init__(f"sunrgbd:{rest}", images, [labels / f"img-{place:06}.png" for place in places], NEEDED)

    def targets(self, numbers):
        """As `Paired.targets`."""
        return {"segmentation": tf.where(numbers == 0, VOID, numbers - 1)}

    def fault(self, numbers, size, count):
        """As `Paired.fault`: labels that are no class."""
        return label_problem(numbers, ("void", *self.classes), "pixel")
