"""Where a set in Pascal VOC's format has annotations, pictures and splits, whatever the folders are called."""

import os
import re
from functools import cached_property
from itertools import takewhile
from pathlib import Path

from recipes.data.files import MOST_OF_LISTS, read_lines
from recipes.data.pictures import SUFFIXES
from recipes.data.sources.places import files_under
from recipes.data.staging import check_settled
from zoo.errors import InputError

NEEDED = "voc:DIR needs .xml files, as in DIR/Annotations, and their pictures, as in DIR/JPEGImages or beside them"
ANNOTATIONS = ("annotations", "annotation", "annots", "labels", "xml", "xmls")
IMAGES = ("jpegimages", "images", "image", "imgs", "img", "pictures", "photos")
LISTS = ("ImageSets/Main", "ImageSets", "imagesets/main", "splits", ".", "Annotations", "annotations")
WORDS = {"val": ("val", "valid", "validation"), "valid": ("valid", "val"), "validation": ("validation", "val")}


class Layout:
    """The files of a folder.

    Attributes:
        files: sorted paths of all annotations.

    Args:
        folder: path.

    Raises:
        InputError: if it is missing, or has no annotations or pictures.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        if not os.path.isdir(self.folder):
            raise InputError(f"{folder}: no such folder; {NEEDED}")
        check_settled(self.folder)
        self.files = files_under(self.folder, (".xml",))
        if not self.files:
            raise InputError(f"{self.expected(ANNOTATIONS, 'Annotations')}: holds no .xml file; {NEEDED}")
        if not self.pictures:
            raise InputError(f"{self.expected(IMAGES, 'JPEGImages')}: holds no pictures; {NEEDED}")

    def expected(self, names, usual):
        """Returns the first subfolder of one of these names, whether or not it is there."""
        there = (path for path in sorted(self.folder.iterdir()) if path.name.lower() in names and os.path.isdir(path))
        return next(there, self.folder / usual)

    @cached_property
    def pictures(self):
        """Lists of the paths of pictures by their stem."""
        found = {}
        for path in files_under(self.folder, SUFFIXES):
            found.setdefault(path.stem, []).append(path)
        return found

    @cached_property
    def by_stem(self):
        """Lists of the paths of annotations by their stem."""
        found = {}
        for file in self.files:
            found.setdefault(file.stem, []).append(file)
        return found

    def picture_of(self, file, named):
        """Finds the picture of an annotation: by its stem, or else by the name that the annotation gives."""
        last = re.split(r"[\\/]", named)[-1]
        for stem in (file.stem, bare(named), Path(last).stem if last and "\0" not in last else ""):
            found = self.pictures.get(stem)
            if found:
                return max(found, key=lambda path: likeness(path, file)) if len(found) > 1 else found[0]
        return self.expected(IMAGES, "JPEGImages") / f"{file.stem}.jpg"

    def of_split(self, split):
        """Returns the annotations of a split: of a list of names or of a subfolder; `None` without any split.

        Raises:
            InputError: if there are splits, but not this one, or it is empty.
        """
        for name in LISTS:
            for word in WORDS.get(split, (split,)):
                path = self.folder / name / f"{word}.txt"
                if os.path.isfile(path):
                    return self.listed(path)
        words = WORDS.get(split, (split,))
        inside = [file for file in self.files if not {*words}.isdisjoint(file.relative_to(self.folder).parts[:-1])]
        if inside:
            return inside
        lists = [path for name in LISTS[:4] for path in files_under(self.folder / name, (".txt",), deep=False)]
        known = {*(path.stem for path in lists), *self.split_folders()}
        if not known:
            return None
        known = ", ".join(sorted(known))
        raise InputError(f"{self.folder / LISTS[0] / split}.txt: no such split; {self.folder} has {known}")

    def split_folders(self):
        """Returns the names of the folders of annotations that a split could mean."""
        parts = {part for file in self.files for part in file.relative_to(self.folder).parts[:-1]}
        return parts & {"train", "val", "valid", "validation", "test"}

    def listed(self, path):
        """Returns the annotations that a list names: a picture or an annotation a line, or both, or with a flag.

        Of a list of a class's pictures, `NAME 1`, those count that have it, 1, or where that is hard to say, 0.
        Source: Everingham et al., The PASCAL VOC Challenge 2007 Development Kit, section 4.1.
        """
        files, lines = [], list(dict.fromkeys(read_lines(path, MOST_OF_LISTS)))
        for line in lines:
            stem = self.stem_of(line)
            if stem is None:
                continue
            known = self.by_stem.get(stem)
            files += known or [self.expected(ANNOTATIONS, "Annotations") / f"{stem}.xml"]
        if not files:
            what = "names no picture with the flag 1 or 0" if lines else "the split is empty"
            raise InputError(f"{path}: {what}; it takes the name of a picture a line, without .jpg")
        return list(dict.fromkeys(files))

    def stem_of(self, line):
        """Returns the stem of the annotation that a line of a list means; `None` where its class is absent."""
        if line in self.by_stem:
            return line
        whole = bare(line)
        if whole in self.by_stem:
            return whole
        words = line.split()
        numbers = [*takewhile(is_number, words[:0:-1])]
        flagged = bare(line.rsplit(None, 1)[0])
        if words[-1] in ("-1", "0", "1") and flagged in self.by_stem:
            return None if words[-1] == "-1" else flagged
        name = bare(line.rsplit(None, len(numbers))[0])
        known = [word for word in (name, *map(bare, words)) if word in self.by_stem]
        return known[0] if known else name


def bare(name):
    """Returns the last part of a path without the suffix of a picture or an annotation."""
    last = re.split(r"[\\/]", name)[-1].replace("\0", "")
    stem, suffix = os.path.splitext(last)
    return stem if suffix.lower() in (*SUFFIXES, ".xml") else last


def is_number(word):
    """Says whether a word is a whole number."""
    return word.removeprefix("-").isdecimal()


def likeness(picture, file):
    """Says how likely a picture is that of an annotation: by its folder's name, then by how near it lies."""
    near = os.path.commonpath([picture.parent, file.parent])
    beside = picture.parent == file.parent
    return beside or any(part.lower() in IMAGES for part in picture.parts[-3:-1]), len(near)
