"""Step 1: the pictures as the model sees them, their objects and proposals, and how these overlap."""

from dataclasses import asdict, dataclass

import numpy as np

from recipes.data import pipeline
from zoo.errors import InputError
from zoo.ops.boxes_numpy import iou
from zoo.progress import track


@dataclass(frozen=True)
class Regions:
    """All regions of a source, R objects and proposals, picture by picture.

    Attributes:
        pictures: `(R,)` int32, the picture each lies in.
        boxes: `(R, 4)` float32, xyxy, pixels of the frame.
        objects: `(R,)` int32, the label of a region that is an object, -1 for a proposal.
        overlaps: `(R, C)` float32, IoU with the object of each class that it overlaps most, 0 without any.
        matches: `(R, 4)` float32, the object of any class that it overlaps most, zeros without any.
    """

    pictures: np.ndarray
    boxes: np.ndarray
    objects: np.ndarray
    overlaps: np.ndarray
    matches: np.ndarray

    def __len__(self):
        return len(self.boxes)

    @property
    def overlap(self):
        """`(R,)` IoU with the object of any class that each overlaps most."""
        return self.overlaps.max(axis=1)

    @property
    def labels(self):
        """`(R,)` the class of that object; meaningless where the overlap is 0."""
        return self.overlaps.argmax(axis=1)

    def save(self, path):
        """Writes an .npz file."""
        np.savez(path, **asdict(self))

    @classmethod
    def load(cls, path):
        """Reads what `save` wrote.

        Raises:
            ValueError: if the arrays do not have one length; other errors as those of `numpy.load`.
        """
        with np.load(path) as arrays:
            regions = cls(**arrays)
        if any(len(array) != len(regions) for array in asdict(regions).values()):
            raise ValueError("its arrays differ in length")
        return regions


def find_regions(source, recipe):
    """Gathers the objects and proposals of a source with "proposals".

    Args:
        source: a `Source` with proposals.
        recipe: the `Recipe` that says the picture size and how many proposals.

    Returns:
        `Regions`.

    Raises:
        InputError: if there is no object at all to learn.
    """
    num_classes = len(source.class_names(recipe.task))
    rows = [
        regions_of(picture, inputs["proposals"][0], targets["boxes"][0], targets["labels"][0], num_classes)
        for picture, (inputs, targets) in enumerate(frames(source, recipe, "step 1 of 5: regions"))
    ]
    regions = Regions(*map(np.concatenate, zip(*rows, strict=True)))
    if not (regions.objects >= 0).any():
        raise InputError(f"{source.spec}: not one picture has an object to learn; name another source")
    return regions


def regions_of(picture, proposals, boxes, labels, num_classes):
    """Returns one picture's rows of the arrays of `Regions`.

    Args:
        picture: its number.
        proposals: `(P, 4)` float32; rows without area are left out.
        boxes: `(N, 4)` float32 objects.
        labels: `(N,)` int32, -1 in empty rows, which are left out.
        num_classes: C.
    """
    boxes, labels = boxes[labels >= 0], labels[labels >= 0]
    proposals = proposals[np.all(proposals[:, 2:] > proposals[:, :2], axis=1)]
    regions = np.concatenate([boxes, proposals])
    shared = iou(regions, boxes)
    overlaps = np.stack([shared[:, labels == c].max(axis=1, initial=0) for c in range(num_classes)], axis=1)
    matches = boxes[shared.argmax(axis=1)] * (overlaps.max(axis=1) > 0)[:, None] if len(boxes) else 0 * regions
    objects = np.concatenate([labels, np.full(len(proposals), -1)])
    numbers = np.full(len(regions), picture)
    return tuple(
        array.astype(kind)
        for array, kind in zip(
            (numbers, regions, objects, overlaps, matches),
            (np.int32, np.float32, np.int32, np.float32, np.float32),
            strict=True,
        )
    )


def write_pictures(path, source, recipe):
    """Writes the letterboxed pictures of a source to an .npy file, `(N, H, W, 3)` uint8."""
    shape = (len(source), *recipe.picture_size, 3)
    pictures = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    for i, (inputs, _) in enumerate(frames(source, recipe, "step 1 of 5: pictures")):
        pictures[i] = inputs["image"][0]
    pictures.flush()


def frames(source, recipe, progress):
    """Yields the inputs and targets of one picture after the other, in order."""
    batches = pipeline(
        source,
        task=recipe.task,
        picture_size=recipe.picture_size,
        batch_size=1,
        num_proposals=recipe.num_proposals,
        max_objects=MOST_OBJECTS,
    )
    return track(batches.as_numpy_iterator(), progress, len(source))


MOST_OBJECTS = 1000
