"""Proposals on disk, a file a picture: named by the pixels, so that a picture that changes is another."""

import hashlib
import os
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from recipes.data.files import DAMAGED
from zoo.errors import InputError
from zoo.files import remove_left_over, replace_file
from zoo.proposals import propose

VERSION = 1  # counts up when a method comes to propose other regions


@dataclass(frozen=True)
class Proposals:
    """What a method found in one picture.

    Attributes:
        boxes: `(M, 4)` float32 xyxy, pixels.
        scores: `(M,)` float32, falling.
        seconds: how long it took.
    """

    boxes: np.ndarray
    scores: np.ndarray
    seconds: float


def default_folder():
    """Returns the folder for proposals: beside TFDS's data where TFDS_DATA_DIR names it, else in the user's cache."""
    return Path(os.environ.get("TFDS_DATA_DIR") or Path.home() / ".cache" / "regionzoo", "proposals")


def path_of(picture, method, count, folder):
    """Returns the path of a picture's proposals.

    Args:
        picture: `(H, W, 3)` uint8 RGB.
        method: a name of `zoo.proposals.METHODS`.
        count: how many proposals are asked for.
        folder: that of all proposals.
    """
    picture = np.ascontiguousarray(picture)
    name = hashlib.blake2b(f"{VERSION} {picture.shape}".encode(), digest_size=16)
    name.update(picture)
    return Path(folder, f"{method}-{count}", f"{name.hexdigest()}.npz")


def clean(method, count, folder=None):
    """Removes what killed processes left of unfinished files of a method's proposals."""
    remove_left_over(Path(folder or default_folder(), f"{method}-{count}"))


def compute(picture, method, count, path):
    """Proposes regions of a picture and writes them.

    Raises:
        InputError: if the place cannot be written.
    """
    begun = time.perf_counter()
    boxes, scores = propose(picture, count, method)
    seconds = time.perf_counter() - begun
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{path.parent}: cannot be written ({error.strerror}); set TFDS_DATA_DIR to another"
        ) from error
    write = partial(np.savez, boxes=boxes, scores=scores, seconds=seconds)
    replace_file(path, write, durable=False)  # a damaged one is computed anew


def read(path):
    """Reads what `compute` wrote.

    Returns:
        `Proposals`.

    Raises:
        InputError: if the file is missing or damaged.
    """
    try:
        with open(path, "rb") as contents, np.load(contents, allow_pickle=False) as file:
            found = Proposals(file["boxes"], file["scores"], float(file["seconds"]))
    except DAMAGED as error:
        raise InputError(f"{path}: is no whole file of proposals ({error}): remove it, and run again") from error
    if found.boxes.shape != (len(found.scores), 4) or found.boxes.dtype != np.float32:
        raise InputError(f"{path}: holds no proposals: remove it, and run again")
    return found
