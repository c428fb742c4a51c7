"""`:train` and `:val` of a source that has no splits of its own: shares by a hash of each picture's name."""

import zlib
from functools import cache
from pathlib import Path

from zoo.errors import InputError
from zoo.progress import say

HALVES = ("train", "val")
VAL = 20
"""Percent of the pictures, by chance."""


def half(source, split):
    """Leaves in a source the pictures of a split.

    The same picture falls to the same split whatever else there is; only where none would fall to one of them does
    the nearest.

    Args:
        source: a `Source` that can name its records.
        split: "train" or "val".

    Raises:
        InputError: if the source has fewer than two pictures.
    """
    marks = [mark_of(source.name_of(index)) for index in range(source.count)]
    if len(marks) < 2:
        raise InputError(f"{source.spec}: has {len(marks)} pictures, too few for train and val")
    places = range(len(marks))
    highest = {max(places, key=marks.__getitem__)}
    in_val = {place for place in places if marks[place][0] >= 100 - VAL} | highest
    if len(in_val) == len(marks):
        in_val = highest
    source.left_out = frozenset(in_val if split == "train" else set(places) - in_val)
    counts = f"{len(marks) - len(in_val)} pictures to learn from (train) and {len(in_val)} to measure on (val)"
    place, mark, options = source.spec.partition("?")
    whole = f"{place.removesuffix(f':{split}')}{mark}{options}"
    say_once(f"{whole}: has no splits of its own; a hash of the names chooses {counts}")


@cache
def say_once(line):
    """Prints a line the first time: a run opens its sources several times."""
    say(line)


def mark_of(path):
    """Returns the percentile of a picture's name, 0 to 99, and what decides between equal ones."""
    value = zlib.crc32(Path(path).stem.encode(errors="surrogateescape"))
    return value % 100, value
