"""The pictures that an artifact learns its ranges from, and those that it is measured on."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from export.form import USUAL
from export.ways import CALIBRATED
from zoo.errors import InputError


@dataclass(frozen=True)
class Examples:
    """Pictures that parity and latency are measured on.

    Attributes:
        pictures: uint8 `(height, width, 3)` each, of the artifact's size.
        targets: theirs, as `export.verify` takes them, `None` for each where nobody knows.
        origin: where they come from, in words.
        noise: whether they are none but noise.
    """

    pictures: Any
    targets: list
    origin: str
    noise: bool = False

    def pairs(self):
        """Returns `(picture, targets)` of each, as `export.verify` takes them."""
        return zip(self.pictures, self.targets, strict=True)


def examples_of(model, pictures, targets, representative, image_size):
    """Returns the `Examples`: the pictures given, else some of the representative ones, else noise.

    Args:
        model: the `zoo.ZooModel`.
        pictures: as `export.export` takes them, or `None`.
        targets: likewise.
        representative: the checked ones, or `None`.
        image_size: `(height, width)`, `None` for sides of any length.
    Raises:
        InputError: if the pictures are no such array, or there are more or fewer targets.
    """
    if targets is not None and (pictures is None or len(targets) != len(pictures)):
        count = "no" if pictures is None else len(pictures)
        raise InputError(f"targets are those of pictures, one for each: received {len(targets)} of {count} pictures")
    noisy = pictures is None and representative is None
    if pictures is not None:
        pictures, origin = check_pictures("pictures", pictures, image_size), "given by the caller"
    elif representative is not None:
        pictures, origin = representative[:4], "of the representative pictures"
    else:
        pictures = noise(image_size, getattr(model, "image_size", None) or USUAL)
        origin = "of uniform noise, of two sizes" if None in image_size else "of uniform noise"
    targets = list(targets) if targets is not None else [None] * len(pictures)
    return Examples(pictures, targets, f"{len(pictures)} {origin}", noisy)


def noise(image_size, usual):
    """Returns two pictures of uniform noise, of which the second is larger where sides may be of any length."""
    size = [side or other for side, other in zip(image_size, usual, strict=True)]
    first, second = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    wider = [32 * (image_size[0] is None), 64 * (image_size[1] is None)]
    return [first, np.pad(second, [(0, wider[0]), (0, wider[1]), (0, 0)], "wrap")]


def check_representative(pictures, quantize, image_size):
    """Returns the representative pictures, `None` for none, or raises `InputError` if they are wrong or needed."""
    if pictures is not None:
        return check_pictures("representative", pictures, image_size)
    if quantize in CALIBRATED:
        raise InputError(
            f"{quantize} needs representative pictures: pass representative=, uint8 (N, height, width, 3)"
        )
    return None


def check_pictures(name, pictures, image_size):
    """Returns uint8 `(N, height, width, 3)`, or raises `InputError` that names the argument."""
    pictures = np.asarray(pictures)
    if pictures.dtype != np.uint8 or pictures.ndim != 4 or not fits(pictures, image_size) or 0 in pictures.shape:
        height, width = (side or "any" for side in image_size)
        raise InputError(
            f"{name} must be uint8 (N, {height}, {width}, 3), received {pictures.dtype} {pictures.shape}"
        )
    return pictures


def fits(pictures, image_size):
    """Says whether `(N, height, width, 3)` pictures are of a size, `None` in which is any."""
    return all(want in (None, got) for want, got in zip((*image_size, 3), pictures.shape[1:], strict=True))
