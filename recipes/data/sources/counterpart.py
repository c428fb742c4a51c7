"""What to measure on where only what to learn from was named: the other split of the same source."""

from recipes.data.sources import JOIN, open_source
from zoo.errors import InputError

SPLITS = ("val", "valid", "validation", "test")


def with_counterpart(data):
    """Finds the source that belongs to one, to measure on.

    `voc:cells:train` has `voc:cells:val` (or valid, validation, test), `masks:camvid/train` has `masks:camvid/val`,
    `points:faces/train.csv` has `points:faces/val.csv`; `coco:FILE.json@DIR`, which has no splits, is divided by a
    hash of the names, see `halves`.

    Args:
        data: what to learn from, as `open_source` takes it.

    Returns:
        What to learn from then, and what to measure on.

    Raises:
        InputError: if it cannot be opened, or nothing belongs to it.
    """
    open_source(data)
    place, mark, options = data.partition("?")
    for learned, measured in () if JOIN in data else candidates(place):
        pair = f"{learned}{mark}{options}", f"{measured}{mark}{options}"
        if all(map(opens, pair)):
            return pair
    raise InputError(f"{data}: has no other split to measure on; name one, --val-data SOURCE")


def candidates(place):
    """Yields pairs of sources, the likeliest first."""
    for end in (":train", "/train", "/train.csv", ":train.csv"):
        if place.endswith(end):
            yield from ((place, place.removesuffix(end) + end.replace("train", split)) for split in SPLITS)
            return
    yield from ((f"{place}:train", f"{place}:{split}") for split in SPLITS)


def opens(source):
    """Says whether there is such a source."""
    try:
        return len(open_source(source)) > 0
    except InputError:
        return False
