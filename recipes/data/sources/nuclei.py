"""`nuclei:DIR`: a folder a picture, `ID/images/*.png`, with one mask an object, `ID/masks/*.png` or .tif."""

import os
from pathlib import Path

import numpy as np
import tensorflow as tf

from recipes.data import pictures
from recipes.data.objects import within_picture
from recipes.data.remembered import label_facts, picture_facts
from recipes.data.sources.class_names import named_classes
from recipes.data.sources.places import files_under
from recipes.data.sources.problems import Problem, size_problem
from recipes.data.sources.source import Source
from zoo.errors import InputError

NEEDED = "nuclei:DIR needs DIR/ID/images with one picture and DIR/ID/masks with a PNG or TIFF an object"
MASKS = (".png", ".tif", ".tiff", ".bmp", ".gif")
NO_MASK = "masks that cannot be used"
DOUBTFUL = {(0,): "the mask is empty", (1,): "the mask covers the whole picture: is all beside its object 0?"}
"""What is said, and stops nothing, of masks in which these numbers alone occur."""
MOST_OF_MASKS = 1 << 30
"""Bytes that the masks of one picture's objects may take, one a pixel."""


class Nuclei(Source):
    """Objects of one class, each in a mask of its own: its pixels are all above 0.

    The class is called "object", or as DIR/classes.txt says. A picture without masks has no objects.

    Args:
        folder: DIR.

    Raises:
        InputError: if the folder is missing, or holds no such folders.
    Source: the layout of the Data Science Bowl 2018, "Find the nuclei in divergent images".
    """

    keys = ("boxes", "labels", "masks")

    def __init__(self, folder):
        if not folder or not os.path.isdir(folder):
            raise InputError(f"{folder or 'nuclei:'}: no such folder; {NEEDED}")
        self.spec, self.folder = f"nuclei:{folder}", Path(folder)
        found = [(place, pictures_in(place / "images")) for place in sorted(self.folder.iterdir())]
        self.left = [place for place, images in found if not images and masks_in(place)]
        found = [(place, images) for place, images in found if images]
        if not found:
            raise InputError(f"{folder}: holds no such folders; {NEEDED}")
        many = [place for place, images in found if len(images) > 1]
        if many:
            raise InputError(f"{many[0] / 'images'}: holds several pictures; {NEEDED}")
        self.images = [images[0] for _, images in found]
        self.masks = [masks_in(place) for place, _ in found]
        if not any(self.masks):
            raise InputError(f"{found[0][0] / 'masks'}: no masks there, nor of {len(found)} pictures; {NEEDED}")
        self.classes = named_classes(self.folder / "classes.txt") or ("object",)
        if len(self.classes) > 1:
            raise InputError(f"{self.folder / 'classes.txt'}: objects are of one class, received {len(self.classes)}")

    @property
    def count(self):
        """Number of pictures."""
        return len(self.images)

    def table(self):
        """Returns the paths of the pictures, and their places."""
        return {"image": np.array([os.fsencode(path) for path in self.images]), "index": np.arange(self.count)}

    def name_of(self, index):
        """Returns the path of the picture."""
        return str(self.images[index])

    def decode(self, record):
        """As `Source.decode`; boxes are the tight ones around the masks; a mask that is empty is no object."""
        image = pictures.decode(tf.io.read_file(record["image"]))
        size = tf.unstack(tf.shape(image)[:2])
        boxes, masks = tf.numpy_function(self._objects, [record["index"], *size], (tf.float32, tf.uint8))
        boxes, masks = tf.ensure_shape(boxes, (None, 4)), tf.ensure_shape(masks, (None, None, None))
        labels = tf.zeros(tf.shape(boxes)[:1], tf.int32)
        example = {"image": image, "name": tf.convert_to_tensor(record["image"])}
        example |= {"boxes": boxes, "labels": labels, **({"masks": masks} if "masks" in self.keys else {})}
        return within_picture(example)

    def _objects(self, index, height, width):
        boxes, masks = [], []
        for path in self.masks[int(index)]:
            try:
                mask = mask_from_bytes(path.read_bytes())
            except (OSError, ValueError):
                continue  # a finding, which says so
            rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            if mask.shape == (height, width) and len(rows):
                boxes.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
                masks.append(mask)
        stacked = np.stack(masks) if masks else np.zeros((0, height, width), np.uint8)
        return np.array(boxes, np.float32).reshape(-1, 4), stacked

    def all_findings(self, deep=False):
        """As `Source.all_findings`; masks are read, and of pictures the heads, and both are remembered."""
        found, sound = [], []
        heads = picture_facts([str(path) for path in self.images], f"reading {self.spec}")
        flat = [str(path) for paths in self.masks for path in paths]
        facts = iter(label_facts(flat, mask_from_bytes, f"reading the masks of {self.spec}"))
        for index, head in enumerate(heads):
            own = [(path, next(facts)) for path in self.masks[index]]
            if not isinstance(head, list):
                found.append(Problem(str(self.images[index]), head or "no such picture", index))
                continue
            if message := room_problem(len(own), head):
                found.append(Problem(str(self.images[index]), message, index))
                continue
            sound.append(index)
            for path, fact in own:
                message = fact or "no such mask"
                if isinstance(fact, list):
                    message = size_problem(fact[:2], head[:2]) or DOUBTFUL.get(tuple(fact[2]), "")
                if message:
                    fatal = message not in DOUBTFUL.values()
                    kind = NO_MASK if fatal else message
                    found.append(Problem(str(path), message, index, fatal, kind, of_object=True))
        what, kind = "no picture is there: nothing is learned from its masks", "masks without a picture"
        found += [Problem(str(place / "images"), what, 0, False, kind, of_object=True) for place in self.left]
        return [*found, *self.undecodable(sound)] if deep else found


def pictures_in(folder):
    """Returns the pictures of a folder, `[]` where there is none."""
    return files_under(folder, pictures.SUFFIXES, deep=False)


def masks_in(place):
    """Returns the masks of a picture's folder."""
    return files_under(place / "masks", MASKS, deep=False)


def mask_from_bytes(contents):
    """Reads a mask `(H, W)` uint8, 1 where any channel is above 0; raises `ValueError`."""
    return (pictures.from_bytes(contents) > 0).any(axis=-1).astype(np.uint8)


def room_problem(count, size):
    """Returns that the masks of so many objects take too much memory on a picture `(height, width)`, or `None`."""
    needed = count * size[0] * size[1]
    if needed <= MOST_OF_MASKS:
        return None
    return f"{count:,} objects on {size[1]}x{size[0]} pixels: their masks would take {needed / 1e9:.1f} GB"
