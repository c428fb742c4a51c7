"""`yolo:DIR[:split]`: data.yaml or classes.txt, pictures, and one .txt a picture of boxes, polygons or keypoints."""

import math
import os
import reprlib
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

from recipes.data.files import contents_of, text_of
from recipes.data.pictures import SUFFIXES
from recipes.data.sources.annotated import Annotated
from recipes.data.sources.entries import Entry, Fault, with_boxes_named
from recipes.data.sources.halves import HALVES, half
from recipes.data.sources.places import files_under
from recipes.data.sources.yolo_layout import NEEDED, SPLITS, Labels, Layout
from recipes.data.sources.yolo_rows import objects_of
from zoo.errors import InputError
from zoo.progress import track

MOST_POINTS = 1000


class Yolo(Annotated):
    """Objects in the layouts that YOLO's tools read and write.

    `data.yaml` has `names` and, for each split, a folder of pictures, a list of folders, or a .txt file with a
    picture a line; all relative to its `path` or to DIR. A path that was written elsewhere means its longest end
    that lies in DIR. Without data.yaml the names stand in classes.txt or obj.names, a line each.

    The objects of `images/a.jpg` stand in `labels/a.txt`, or beside the picture; no file means no objects. Rows are
    `class cx cy w h`, or `class x y x y ...` of a polygon, or with data.yaml's `kpt_shape` a box and its keypoints,
    all as shares of the picture's width and height. There are masks if any row is a polygon.

    Args:
        rest: `DIR` for all splits, or `DIR:split`, train, val or test; a folder without splits has train and val by
            a hash of the names.

    Raises:
        InputError: if the names, a split or all labels are missing.
    Source: https://docs.ultralytics.com/datasets; the layouts of Roboflow, CVAT, Label Studio and LabelImg.
    """

    relative = True

    def __init__(self, rest):
        folder, split = split_of(rest)
        if not folder:
            raise InputError(f"yolo: names no folder; {NEEDED}")
        layout = Layout(folder)
        hashed = not layout.splits and split in HALVES
        if split and split not in layout.splits and not hashed:
            present = ", ".join(layout.splits) or "none"
            raise InputError(f"{layout.path}: no such split {split!r}; it has {present}")
        names, labels = layout.meant
        points = keypoints_in(layout)
        found = layout.pictures("" if hashed else split)
        entries = entries_of(track(found, f"reading yolo:{rest}", len(found)), labels, points)
        all_found = layout.pictures("") if split else found
        entries[0] = replace(entries[0], faults=(*entries[0].faults, *without_picture(entries, all_found)))
        outlined = any(outline for entry in entries for outline in entry.objects.get("masks", ()))
        if outlined:
            entries = [with_boxes_named(entry) for entry in entries]
        keys = ("boxes", "labels", *["masks"] * outlined, *["keypoints"] * bool(points))
        super().__init__(f"yolo:{rest}", entries, names, keys, points[0] if points else 0)
        if points:
            self.flip_pairs = flip_pairs_in(layout, points[0])
            self.keypoint_names = keypoint_names_in(layout, points[0])
        if hashed:
            half(self, split)


def split_of(rest):
    """Returns the folder and the split of `DIR:split`, by the name that the house has for it."""
    folder, _, word = rest.rpartition(":")
    if not folder or os.path.isdir(rest):
        return rest.removesuffix(":"), ""
    return folder, next((split for split, words in SPLITS.items() if word in words), word)


def entries_of(found, labels, points):
    """Returns a list of `Entry`, one a picture.

    Raises:
        InputError: if none of them has labels.
    """
    places, entries, labelled = Labels(), [], False
    for picture in found:
        file = places.of(picture)
        if not os.path.exists(file):
            entries.append(Entry(picture, file))
            continue
        labelled = True
        try:
            rows, faults = objects_of(text_of(contents_of(file)), labels, points)
        except ValueError as error:
            entries.append(Entry(picture, file, fault=str(error)))
            continue
        entries.append(Entry(picture, file, rows, faults=tuple(faults)))
    if not labelled:
        folder = entries[0].where.parent
        what = "no file of labels there" if os.path.isdir(folder) else "no such folder"
        raise InputError(f"{folder}: {what}, and none of {len(entries)} pictures has a file of labels")
    return entries


def without_picture(entries, found):
    """Returns a list of `Fault`, one a file of labels of no picture: neither one found, nor one beside those."""
    places = {picture.parent for picture in found}
    there = [*found, *(picture for place in places for picture in files_under(place, SUFFIXES, deep=False))]
    stems = {normalize("NFC", stem) for picture in there for stem in (picture.stem, picture.name)}
    faults = []
    for folder in dict.fromkeys(Path(entry.where).parent for entry in entries):
        for file in files_under(folder, (".txt",), deep=False):
            if normalize("NFC", file.stem) not in stems and has_rows(file):
                what = "no picture has this name: no object is learned from it"
                faults.append(Fault("files of labels without a picture", what, where=str(file), fatal=False))
    return faults


def has_rows(file):
    """Says whether a file begins with a row of labels, as no list of names or pictures does."""
    try:
        number, *sides = text_of(contents_of(file)).strip().partition("\n")[0].split()
        return len(sides) >= 4 and number.isdecimal() and all(map(math.isfinite, map(float, sides)))
    except ValueError:
        return False


def keypoints_in(layout):
    """Returns data.yaml's `kpt_shape`, `(K, D)`, `None` without."""
    shape = layout.data.get("kpt_shape")
    if shape is None:
        return None
    if isinstance(shape, list) and len(shape) == 2 and all(isinstance(n, str) and n.isdecimal() for n in shape):
        count, size = (int(number[:6]) for number in shape)
        if 1 <= count <= MOST_POINTS and size in (2, 3):
            return count, size
    raise InputError(f"{layout.path}: kpt_shape is [points, 2 or 3], received {reprlib.repr(shape)}")


def keypoint_names_in(layout, count):
    """Returns the names of the points, `()` where data.yaml has none (`kpt_names`), or others for another class."""
    named = layout.data.get("kpt_names")
    first, *others = named.values() if isinstance(named, dict) and named else (named,)
    alike = isinstance(first, list) and len(first) == count and all(other == first for other in others)
    return tuple(first) if alike and all(isinstance(name, str) for name in first) else ()


def flip_pairs_in(layout, count):
    """Returns the pairs of points that data.yaml's `flip_idx` lets change places."""
    order = layout.data.get("flip_idx")
    if order in (None, "", []):
        return ()
    if not isinstance(order, list) or sorted(map(str, order)) != sorted(map(str, range(count))):
        raise InputError(f"{layout.path}: flip_idx is the {count} points in another order: {reprlib.repr(order)}")
    return tuple((place, int(other)) for place, other in enumerate(order) if place < int(other))
