"""`labelme:DIR`: pictures, and LabelMe's .json of shapes beside each."""

import os
from itertools import islice
from pathlib import Path

from recipes.data import pictures
from recipes.data.files import contents_of, json_of
from recipes.data.sources.class_names import named_classes
from recipes.data.sources.entries import Entry, Fault, check_number, first_fault
from recipes.data.sources.painted import Painted
from recipes.data.sources.pixel_masks import box_around, joined, mask_at
from recipes.data.sources.places import Places, files_under
from recipes.data.sources.polygons import ellipse, polygon, rectangle
from recipes.data.sources.values import brief, number_or_none, numbers
from zoo.errors import InputError
from zoo.progress import track

NEEDED = "labelme:DIR needs pictures and LabelMe's .json files, one a picture"
NO_OBJECT = "shapes that cannot be used"
OTHER = "shapes without area"
WITHOUT_AREA = ("point", "line", "linestrip", "points")
IGNORED = ("_background_", "__ignore__", "__ignored__")
"""Labels of LabelMe's own examples that stand for no object."""


class LabelMe(Painted):
    """Objects that were drawn in LabelMe: polygons, rectangles, circles, masks; boxes, masks and a class a pixel.

    The classes stand in DIR/classes.txt or DIR/labels.txt, one a line; without it they are the sorted labels of all
    files. Shapes are painted in their order. Pictures without a file have no objects. Shapes of one `group_id` and
    label are one object.

    Args:
        folder: DIR; subfolders are looked through, too.

    Raises:
        InputError: if the folder, all files or all labels are missing.
    Source: https://github.com/wkentaro/labelme, files of version 3 to 5.
    """

    def __init__(self, folder):
        if not folder:
            raise InputError(f"labelme: names no folder; {NEEDED}")
        root = Path(folder)
        if not os.path.isdir(root):
            raise InputError(f"{root}: no such folder; {NEEDED}")
        files = files_under(root, (".json",))
        if not files:
            raise InputError(f"{root}: holds no .json file; {NEEDED}")
        places = Places(root)
        entries = [entry_of(file, places) for file in track(files, f"reading labelme:{folder}", len(files))]
        entries = [entry for entry in entries if entry is not None]
        annotated = {entry.picture for entry in entries}
        bare = [picture for picture in files_under(root, pictures.SUFFIXES) if picture not in annotated]
        entries = sorted([*entries, *(Entry(picture, picture) for picture in bare)], key=lambda entry: entry.picture)
        names = named_classes(root / "classes.txt") or named_classes(root / "labels.txt")
        names = tuple(name for name in names if name not in IGNORED)
        names = names or tuple(sorted({name for entry in entries for name in entry.objects.get("names", ())}))
        if not names:
            raise InputError(f"{root}: no file has a shape with a label{first_fault(entries) or f'; {NEEDED}'}")
        super().__init__(f"labelme:{folder}", labelled(entries, names), names, ("boxes", "labels", "masks"))


def entry_of(file, places):
    """Returns the `Entry` of one file, with "names" for "labels"; `None` where it is no LabelMe file."""
    beside = Path(file.parent, file.stem)
    try:
        data = json_of(contents_of(file, most=1 << 27))
    except ValueError as error:
        return Entry(beside_picture(file) or beside, file, fault=str(error))
    if not isinstance(data, dict) or not isinstance(data.get("shapes"), list):
        if isinstance(data, dict) and "imagePath" in data:
            return Entry(beside_picture(file) or beside, file, fault="has no list of shapes")
        return None
    picture, fault = beside_picture(file), ""
    name = data.get("imagePath")
    if isinstance(name, str) and name:
        same = file.parent / name.replace("\\", "/").rpartition("/")[2]
        found, wrong = (same, "") if os.path.isfile(same) else places.find(name)
        if os.path.isfile(found) or picture is None:
            picture, fault = found, wrong
    if picture is None:
        return Entry(beside, file, fault="names no picture (imagePath), and none of its name is beside it")
    size = number_or_none(data.get("imageHeight")), number_or_none(data.get("imageWidth"))
    try:
        check_number(len(data["shapes"]))
    except ValueError as error:
        return Entry(picture, file, fault=str(error))
    size = None if None in size else tuple(map(int, size))
    rows, faults = objects_of(data["shapes"], size)
    return Entry(picture, file, rows, fault, tuple(faults), size)


def beside_picture(file):
    """Returns the picture of a file's stem that lies beside it, or `None`."""
    paths = (file.with_suffix(suffix) for name in pictures.SUFFIXES for suffix in (name, name.upper()))
    return next((path for path in paths if os.path.isfile(path)), None)


def objects_of(shapes, size):
    """Returns rows of "names", "boxes" and "masks", and a list of `Fault`; `size` is `(height, width)`, or `None`."""
    groups, faults = {}, []
    for place, shape in enumerate(shapes):
        try:
            name, outline = shape_of(shape, size)
        except ValueError as error:
            faults.append(Fault(NO_OBJECT, f"shape {place} {error}"))
            continue
        if outline is None:
            what = f"shape {place} is a {shape['shape_type']}, which has no area: left out"
            faults.append(Fault(OTHER, what, fatal=False))
            continue
        group = number_or_none(shape.get("group_id"))
        groups.setdefault((name, place if group is None else f"group {group}"), []).append(outline)
    rows = {"names": [], "boxes": [], "masks": []}
    for (name, _), outline in groups.items():
        if name not in IGNORED:
            rows["names"].append(name)
            whole = joined(outline, size)
            rows["boxes"].append(box_around(whole))
            rows["masks"].append(whole)
    return rows, faults


def shape_of(shape, size):
    """Returns a shape's label and polygon or run lengths, `None` for one without area; raises `ValueError`."""
    if not isinstance(shape, dict):
        raise ValueError("is no shape")
    name, kind, points = shape.get("label"), shape.get("shape_type") or "polygon", shape.get("points")
    name = str(name).strip() if isinstance(name, str | int) else ""
    if not name:
        raise ValueError("has no label")
    points = [numbers(point, 2) for point in points] if isinstance(points, list) else [None]
    if None in points:
        raise ValueError("has points that are not pairs of numbers")
    if kind in WITHOUT_AREA:
        return name, None
    if kind == "rectangle" and len(points) == 2:
        return name, rectangle(*points[0], *points[1])
    if kind == "circle" and len(points) == 2:
        (x, y), (edge_x, edge_y) = points
        radius = ((edge_x - x) ** 2 + (edge_y - y) ** 2) ** 0.5
        return name, ellipse(x, y, radius, radius)
    if kind == "mask" and len(points) == 2:
        return name, mask_at(shape.get("mask"), points, size)
    if kind in ("polygon", "rectangle", "rotation", "oriented_rectangle"):
        return name, polygon(points)
    raise ValueError(f"is a {brief(kind)} of {len(points)} points, which is not understood")


def labelled(entries, names):
    """Yields entries with the labels of their objects; those of other classes are faults."""
    labels = {name: label for label, name in enumerate(names)}
    return (with_labels(entry, labels) for entry in entries)


def with_labels(entry, labels):
    """As `labelled`, of one entry."""
    rows, faults = {"boxes": [], "labels": [], "masks": []}, list(entry.faults)
    for name, box, outline in zip(*(entry.objects.get(key, ()) for key in ("names", "boxes", "masks")), strict=True):
        if name not in labels:
            what = f"the class {brief(name)!r} is none of the {len(labels)} known ({', '.join(islice(labels, 20))})"
            faults.append(Fault("objects of a class that is not named", what))
            continue
        rows["boxes"].append(box)
        rows["labels"].append(labels[name])
        rows["masks"].append(outline)
    return Entry(entry.picture, entry.where, rows, entry.fault, tuple(faults), entry.stated)
