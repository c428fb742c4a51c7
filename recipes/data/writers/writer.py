"""What the writers of all formats share."""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from recipes.data.sources import JOIN
from recipes.data.sources.class_names import named_classes
from zoo.errors import InputError

AREAS = "stated areas: left out, measures take those of the boxes or polygons"
SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test", "trainval": "trainval"}


class Writer:
    """Writes pictures one by one, and at last what names them; a file with one subclass a format.

    Attributes:
        format: its name.
        task: of which it holds the targets, see `recipes.data.targets`.
        splits: names of splits that it knows, `()` for none; `None` for any.
        pictures: the folder of the pictures, within the set.
        spec: the source that reads what is written.
        taken: names of pictures that are there already, without suffix.
        objects: how many were written; `None` where no objects are.
        notes: counts of what is left out or said otherwise.

    Args:
        folder: path of the set.
        source: what `targets` returned.
        split: name of the split; that of the source if `None`.

    Raises:
        InputError: if there is no such split in the format, or the name of a class is no text.
    """

    format = ""
    task = "masks_and_keypoints"
    splits: tuple[str, ...] | None = ()
    pictures = "images"
    taken = ()

    def __init__(self, folder, source, split=None):
        self.folder, self.source = Path(folder), source
        self.classes = tuple(source.class_names("detection"))
        for name in self.classes:
            if name.encode(errors="ignore").decode() != name:
                raise InputError(f"{source.spec}: the class {name!r} has half a character; rename it")
        self.split = self._split(split)
        self.objects, self.notes = 0, Counter()

    def foreign(self):
        """Returns the error of a folder that holds something else than a set of this format."""
        what = f"is no {self.format} set that zoo convert wrote"
        return InputError(f"{self.folder}: is there already, and {what}; name a new one")

    def add_to(self):
        """Prepares to write into a folder that holds something.

        Raises:
            InputError: if that is not of this format and these classes, or has the split.
        """
        beside = f"{self.format} has no splits: name a new one, such as {self.folder / 'val'}"
        raise InputError(f"{self.folder}: the folder is not empty, and {beside}")

    def _split(self, split):
        if split is None:
            return split_of(self.source.spec, self.splits) or "train"
        if self.splits == ():
            raise InputError(f"--split {split}: {self.format} has no splits; write each into a folder of its own")
        if self.splits and split not in self.splits:
            raise InputError(f"--split {split}: {self.format} has {', '.join(self.splits)}")
        if not split.replace("_", "").replace("-", "").isalnum():
            raise InputError(f"--split {split}: a split is called by letters and digits")
        return split

    @classmethod
    def targets(cls, source):
        """Returns a source with the targets that the format holds.

        Raises:
            InputError: if it has none.
        """
        if "labels" not in source.keys:
            has = "a class a pixel" if "segmentation" in source.keys else "no annotations"
            raise InputError(f"{source.spec}: has {has} and no objects, which {cls.format} holds; write --to masks")
        return source.of_task(cls.task)

    def add(self, stage, file, picture):
        """Takes the next `Picture`, written as a file of that name, and writes what is annotated on it."""
        raise NotImplementedError

    def without_areas(self, picture):
        """Notes the areas that a format has no place for."""
        stated = int(np.count_nonzero(~np.isnan(picture.targets.get("areas", ()))))
        self.notes.update({AREAS: stated} if stated else {})

    def finish(self, stage):
        """Writes what names the pictures."""
        raise NotImplementedError


def split_of(spec, known):
    """Returns the split that a source names, in the house's word for it; "" where it is none that is known."""
    named = [re.search(r":(\w+)(\[[^\]]*\])?$", part.partition("?")[0]) for part in spec.split(JOIN)]
    found = {SPLITS.get(match[1]) if match else None for match in named}
    split = found.pop() if len(found) == 1 else None
    return split if split and (known is None or split in known) else ""


def write_classes(path, names):
    """Writes a file of names, one a line.

    Raises:
        InputError: if a name cannot stand in one.
    """
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    if named_classes(path) != tuple(names) or any(not name.isprintable() for name in names):
        odd = next((name for name in names if name != name.strip() or not name or not name.isprintable()), names[0])
        raise InputError(f"the class {odd!r} cannot stand in a line of {path.name}; rename it")
