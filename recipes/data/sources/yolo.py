"""`yolo:DIR[:split]`: data.yaml, pictures, and one .txt of relative boxes a picture in the folder `labels`."""

import math
from pathlib import Path

import yaml

from recipes.data import pictures
from recipes.data.sources.annotated import Annotated, Entry
from zoo.errors import InputError

SPLITS = ("train", "val", "test")
NEEDED = "yolo:DIR needs DIR/data.yaml with names and one of train, val and test"


class Yolo(Annotated):
    """Boxes in the layout that YOLO's tools read.

    `data.yaml` has `names` and, for each split, a folder of pictures, a list of folders, or a .txt file with a
    picture a line; all relative to its `path` or to DIR. The objects of `images/a.jpg` stand in `labels/a.txt`,
    one `class cx cy w h` a line, as shares of the picture's width and height; no file means no objects.

    Args:
        rest: `DIR` for all splits, or `DIR:split`.

    Raises:
        InputError: if `data.yaml`, what it needs or a split is missing.
    Source: https://docs.ultralytics.com/datasets/detect.
    """

    relative = True

    def __init__(self, rest):
        folder, _, split = rest.partition(":")
        if not folder:
            raise InputError(f"yolo: names no folder; {NEEDED}")
        path = Path(folder, "data.yaml")
        data = _load(path)
        names = _names(path, data.get("names"))
        present = [name for name in SPLITS if data.get(name)]
        if split and split not in present or not present:
            raise InputError(f"{path}: no such split {split!r}; it has {', '.join(present) or 'none'}")
        found = [file for name in ([split] if split else present) for file in _pictures(path, data, data[name])]
        entries = [_entry(file, len(names)) for file in dict.fromkeys(found)]
        super().__init__(f"yolo:{rest}", entries, names, ("boxes", "labels"))


def _load(path):
    if not path.is_file():
        raise InputError(f"{path}: no such file; {NEEDED}")
    try:
        data = yaml.safe_load(path.read_bytes())
    except yaml.YAMLError as error:
        raise InputError(f"{path}: is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise InputError(f"{path}: has no names; {NEEDED}")
    return data


def _names(path, names):
    if isinstance(names, dict) and sorted(names) == list(range(len(names))):
        names = [names[number] for number in range(len(names))]
    if not names or not isinstance(names, list):
        raise InputError(f"{path}: names is a list, or numbers from 0 with their names; received {names}")
    return tuple(str(name) for name in names)


def _pictures(path, data, places):
    """Lists the pictures of one split."""
    found = []
    for place in places if isinstance(places, list) else [places]:
        candidates = [path.parent / str(data.get("path") or "") / str(place), path.parent / str(place)]
        chosen = next((candidate for candidate in candidates if candidate.exists()), None)
        if chosen is None:
            raise InputError(f"{path}: names {place}, but there is no {candidates[0]}")
        if chosen.suffix == ".txt":
            files = [chosen.parent / line for line in chosen.read_text().splitlines() if line.strip()]
            if not files:
                raise InputError(f"{chosen}: the split is empty; it takes a picture a line")
            found += files
        else:
            found += pictures.find(chosen)
    return found


def _entry(picture, num_classes):
    parts = list(picture.with_suffix(".txt").parts)
    if "images" in parts[:-1]:
        last = len(parts) - 2 - parts[-2::-1].index("images")
        parts[last] = "labels"
    file = Path(*parts)
    if not file.is_file():
        return Entry(picture, file)
    rows = {"boxes": [], "labels": []}
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), start=1):
        if line.strip():
            try:
                label, box = _object(line.split(), num_classes)
            except ValueError as error:
                return Entry(picture, file, fault=f"line {number}: {error}")
            rows["labels"].append(label)
            rows["boxes"].append(box)
    return Entry(picture, file, rows)


def _object(words, num_classes):
    if len(words) != 5:
        raise ValueError(f"takes class cx cy w h, received {len(words)} values")
    label, (x, y, width, height) = int(words[0]), map(float, words[1:])
    if not 0 <= label < num_classes:
        raise ValueError(f"the class {label} is none of the {num_classes} known (0 to {num_classes - 1})")
    if not all(map(math.isfinite, (x, y, width, height))):
        raise ValueError("a side of the box is no number")
    # Boxes may reach out of the picture, but not by pictures: these are pixels.
    if max(x, y, width, height) > 2:
        raise ValueError(f"{max(x, y, width, height):g} is no share of the picture; boxes are relative, 0 to 1")
    return label, (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
