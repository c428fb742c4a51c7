"""Pictures with a file of numbers each: a number a pixel."""

import tensorflow as tf

from recipes.data import pictures
from recipes.data.sources.source import Problem, Source, named_classes
from zoo.errors import InputError


class Paired(Source):
    """A source over pairs of files; a subclass says in `targets` and `fault` what the numbers mean.

    Where they are kept otherwise than in PNGs, it says so in `numbers` and `from_bytes`.

    Args:
        spec: the string that asked for it.
        images: list of paths of the pictures.
        masks: list of paths of the files of numbers, index for index.
        needed: one line that says what the source needs, for the error.

    Raises:
        InputError: if a mask is missing.
    """

    def __init__(self, spec, images, masks, needed):
        missing = [mask for mask in masks if not mask.is_file()]
        if missing:
            raise InputError(f"{missing[0]}: no such mask, as for {len(missing)} of {len(images)} pictures; {needed}")
        self.spec, self.images, self.masks = spec, images, masks

    @property
    def count(self):
        """Number of pictures."""
        return len(self.images)

    def all_records(self):
        """Returns the paths of pictures and masks, in their order."""
        return tf.data.Dataset.from_tensor_slices(
            {"image": [str(path) for path in self.images], "mask": [str(path) for path in self.masks]}
        )

    def decode(self, record):
        """As `Source.decode`; the name is the picture's path."""
        return {
            "image": pictures.decode(tf.io.read_file(record["image"])),
            "name": tf.convert_to_tensor(record["image"]),
            **self.targets(self.numbers(tf.io.read_file(record["mask"]))),
        }

    def numbers(self, contents):
        """Decodes the bytes of a mask to `(H, W)` int32; runs eagerly and in a tf.data graph."""
        return pictures.decode_labels(contents)

    def from_bytes(self, contents):
        """As `numbers`, on Python bytes; raises `ValueError` that says what is wrong with them."""
        return pictures.labels_from_bytes(contents)

    def targets(self, numbers):
        """Returns the targets that the numbers of a picture, `(H, W)` int32, stand for, by key."""
        raise NotImplementedError

    def fault(self, numbers, picture_size):
        """Returns what is wrong with numbers `(H, W)`, whose picture has this `(height, width)`, or `None`."""
        raise NotImplementedError

    def check(self, index, record):
        """As `Source.check`; names the file, picture or mask, that is at fault."""
        image, mask = self.images[index], self.masks[index]
        try:
            picture = pictures.decode(image.read_bytes())
        except (tf.errors.InvalidArgumentError, ValueError):
            return Problem(str(image), pictures.UNREADABLE, index)
        contents = mask.read_bytes()
        try:
            numbers = self.numbers(contents).numpy()
        except (tf.errors.InvalidArgumentError, ValueError):
            return Problem(str(mask), self._undecodable(contents), index)
        message = self.fault(numbers, picture.shape[:2])
        return message and Problem(str(mask), message, index)

    def _undecodable(self, contents):
        """Says why a mask cannot be decoded."""
        try:
            self.from_bytes(contents)
        except ValueError as error:
            return str(error)
        return pictures.UNREADABLE_LABELS


def classes_near(folder):
    """Returns the names in the file classes.txt of a folder or its parent, `()` without one."""
    return named_classes(folder / "classes.txt") or named_classes(folder.resolve().parent / "classes.txt")
