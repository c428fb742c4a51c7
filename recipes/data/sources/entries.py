"""What a file says of one picture: its objects, and the faults of those that cannot be used."""

from dataclasses import dataclass, field, replace
from pathlib import Path

MOST_OBJECTS = 100_000


def check_number(count):
    """Raises `ValueError` if one picture has so many objects that the file is none of annotations."""
    if count > MOST_OBJECTS:
        raise ValueError(f"has {count:,} objects, more than {MOST_OBJECTS:,}, too many for one picture")


@dataclass(frozen=True)
class Fault:
    """What is wrong with one object, or with one target of it.

    Attributes:
        kind: what faults of this kind have in common.
        message: what is wrong with this one, and where.
        key: the only target that is concerned, "masks" or "keypoints": others are learned from the object; "" where
            the object is left out of all.
        where: file or place, where it is not the entry's.
        fatal: see `Problem`.
    """

    kind: str
    message: str
    key: str = ""
    where: str = ""
    fatal: bool = True


@dataclass(frozen=True)
class Entry:
    """One picture and what is annotated on it.

    Attributes:
        picture: its file.
        where: the file that annotates it, or the place in one that annotates many.
        objects: a list of rows for each of "boxes", "labels" ..., see `Source.decode`; for "masks" outlines, see
            `recipes.data.sources.outlines`.
        fault: why it cannot be used, without `where`; "" where nothing is wrong.
        faults: list of `Fault`, of objects.
        stated: `(height, width)` that the annotation says the picture has; `None` where it does not.
    """

    picture: Path
    where: Path | str
    objects: dict = field(default_factory=dict)
    fault: str = ""
    faults: tuple = ()
    stated: tuple | None = None


def with_boxes_named(entry):
    """Returns an entry that says which of its objects have no polygon."""
    boxes = [place for place, outline in enumerate(entry.objects.get("masks", ())) if outline is None]
    named = [
        Fault(
            "objects without a polygon", f"object {place} is a box: no mask is learned from it", "masks", fatal=False
        )
        for place in boxes
    ]
    return replace(entry, faults=(*entry.faults, *named))


def first_fault(entries):
    """Returns what to add to a message of annotations without objects: why the first has none."""
    faults = (f"; {e.where}: {e.fault or e.faults[0].message}" for e in entries if e.fault or e.faults)
    return next(faults, "")
