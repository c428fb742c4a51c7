"""`masks:DIR`: pictures in `DIR/images`, one PNG of labels each, of the same stem, in `DIR/masks`."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tensorflow as tf

from recipes.data import pictures
from recipes.data.progress import track
from recipes.data.source import VOID, Problem, Source, named_classes, segmentation_problem
from zoo.errors import InputError

NEEDED = "masks:DIR needs DIR/images with pictures and DIR/masks with a PNG of the same name for each"


class Masks(Source):
    """Pictures with a label a pixel, 255 for void.

    `classes.txt`, one name a line, lies in the folder or its parent; without it the classes are numbered, up to
    the largest label found.

    Args:
        folder: path of the folder with `images` and `masks`.

    Raises:
        InputError: if the folder, one of its parts or a mask is missing.
    """

    keys = ("segmentation",)

    def __init__(self, folder):
        if not folder:
            raise InputError(f"masks: names no folder; {NEEDED}")
        self.spec = f"masks:{folder}"
        self.folder = Path(folder)
        for part in (self.folder, self.folder / "images", self.folder / "masks"):
            if not part.is_dir():
                raise InputError(f"{part}: no such folder; {NEEDED}")
        self.images = pictures.find(self.folder / "images")
        self.masks = [self.folder / "masks" / f"{image.stem}.png" for image in self.images]
        missing = [mask for mask in self.masks if not mask.is_file()]
        if missing:
            raise InputError(
                f"{missing[0]}: no such mask, as for {len(missing)} of {len(self.images)} pictures; {NEEDED}"
            )
        inside, beside = self.folder / "classes.txt", self.folder.resolve().parent / "classes.txt"
        self.classes = named_classes(inside) or named_classes(beside) or self._numbered_classes()

    @property
    def count(self):
        """Number of pictures."""
        return len(self.images)

    def all_records(self):
        """Returns the paths of pictures and masks, sorted by picture."""
        return tf.data.Dataset.from_tensor_slices(
            {"image": [str(path) for path in self.images], "mask": [str(path) for path in self.masks]}
        )

    def decode(self, record):
        """As `Source.decode`; the name is the picture's path."""
        return {
            "image": pictures.decode(tf.io.read_file(record["image"])),
            "segmentation": pictures.decode_labels(tf.io.read_file(record["mask"])),
            "name": tf.convert_to_tensor(record["image"]),
        }

    def check(self, index, record):
        """As `Source.check`; names the file, picture or mask, that is at fault."""
        image, mask = self.images[index], self.masks[index]
        try:
            picture = pictures.decode(image.read_bytes())
        except tf.errors.InvalidArgumentError:
            return Problem(str(image), pictures.UNREADABLE, index)
        contents = mask.read_bytes()
        try:
            labels = pictures.decode_labels(contents).numpy()
        except (tf.errors.InvalidArgumentError, ValueError):
            return Problem(str(mask), _fault(contents), index)
        message = segmentation_problem(labels, picture.shape[:2], self.classes)
        return message and Problem(str(mask), message, index)

    def _numbered_classes(self):
        with ThreadPoolExecutor() as pool:
            found = track(pool.map(_largest_label, self.masks), "reading masks", self.count)
            largest = max(found)
        if largest < 0:
            raise InputError(f"{self.folder / 'masks'}: no mask can be read or has a label below {VOID}")
        return tuple(str(label) for label in range(largest + 1))


def _fault(contents):
    """Says why a mask cannot be decoded."""
    try:
        pictures.labels_from_bytes(contents)
    except ValueError as error:
        return str(error)
    return pictures.UNREADABLE_LABELS


def _largest_label(path):
    """Returns the largest label of a mask, -1 where it has none but void."""
    try:
        labels = pictures.labels_from_bytes(path.read_bytes())
    except ValueError:
        return -1  # `problems` names the file and says why.
    return int(labels.max(initial=-1, where=labels != VOID))
