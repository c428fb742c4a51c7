"""`coco:FILE.json@DIR`: COCO's annotations of the pictures in DIR: boxes, masks, keypoints."""

import os
from pathlib import Path

import numpy as np

from recipes.data.files import read_json_of_others
from recipes.data.objects import IN_PIXELS, are_shares
from recipes.data.sources.annotated import Annotated
from recipes.data.sources.coco_outlines import EMPTY, box_of, outline_of
from recipes.data.sources.entries import Entry, Fault
from recipes.data.sources.places import Places
from recipes.data.sources.read_once import read_once
from recipes.data.sources.values import brief, identity, number_or_none, numbers
from zoo.errors import InputError

NEEDED = "write coco:FILE.json@DIR, DIR being the folder of the pictures"
NO_OBJECT = "annotations whose box, category or picture cannot be used"
NO_MASK = "annotations whose segmentation cannot be used"
NO_POINTS = "annotations whose keypoints cannot be used"
STRAY_POINTS = "annotations with visible keypoints at 0, 0"


class Coco(Annotated):
    """Objects of a COCO file; the classes are its categories, sorted by id, and count from 0; crowds are ignored.

    There are masks if any object has a segmentation (polygons or RLE), and keypoints, as annotated, if a category
    names them. Pictures without objects are kept. Ids may be of any kind, and `area`, `iscrowd` and `bbox` may be
    missing; an annotation that cannot be used is a fault of that annotation alone.

    Args:
        rest: `FILE.json@DIR`.

    Raises:
        InputError: if this is no COCO file, or the file or the folder is missing.
    Source: https://cocodataset.org/#format-data.
    """

    def __init__(self, rest):
        name, _, folder = rest.rpartition("@")
        if not name or not folder:
            raise InputError(f"coco:{rest}: {NEEDED}")
        if not os.path.isdir(folder):
            raise InputError(f"{folder}: no such folder; {NEEDED}")
        self.path = Path(name)
        if not self.path.is_file():
            raise InputError(f"{name}: no such file; {NEEDED}")
        self.spec = f"coco:{rest}"
        read_once(self, self.path, folder, lambda: self._read(Places(folder)))

    def _read(self, places):
        data = read_json_of_others(self.path, NEEDED)
        images, annotations, categories = (self._list(data, part) for part in ("images", "annotations", "categories"))
        categories = self._categories(categories, annotations)
        if not images or not categories:
            what = f"names {len(images)} pictures and {len(categories)} categories"
            raise InputError(f"{self.path}: {what}; it takes one or more of each, and every annotation a category_id")
        self._read_keypoints([category for _, category in categories])
        names = list(dict.fromkeys(name_of(category) for _, category in categories))
        labels = {name: label for label, name in enumerate(names)}
        self._labels = {number: labels[name_of(category)] for number, category in categories}
        self._outlined_at_all = any(
            isinstance(one, dict) and one.get("segmentation") not in EMPTY for one in annotations
        )
        keys = [
            "boxes",
            "labels",
            "ignored",
            "crowds",
            "areas",
            *["masks"] * self._outlined_at_all,
            *["keypoints"] * bool(self.keypoint_names),
        ]
        entries = self._entries(images, annotations, places)
        super().__init__(self.spec, entries, names, keys, len(self.keypoint_names))

    def _list(self, data, part):
        items = data.get(part) if isinstance(data, dict) else None
        if isinstance(items, dict):
            items = list(items.values())
        if not isinstance(items, list):
            raise InputError(f"{self.path}: has no list of {part}, as COCO's files have")
        return items

    def _categories(self, items, annotations):
        """Returns pairs of id and category, sorted by id, without one that only names what the others have in common.

        Roboflow writes such a one: the name of the project, which is the others' `supercategory`.
        """
        found = {}
        for place, item in enumerate(items):
            number = identity(item.get("id")) if isinstance(item, dict) else None
            if number is None:
                raise InputError(f"{self.path}: categories[{place}] has no id")
            if name_of(found.setdefault(number, item)) != name_of(item):
                raise InputError(f"{self.path}: the id {number} stands twice among the categories, for two names")
        used = {identity(one.get("category_id")) for one in annotations if isinstance(one, dict)}
        above = {str(category.get("supercategory")) for category in found.values()}
        common = [
            number
            for number, category in found.items()
            if number not in used
            and name_of(category) in above
            and category.get("supercategory") in (None, "", "none")
        ]
        rest = [pair for pair in found.items() if pair[0] not in common]
        return sorted(rest or found.items(), key=lambda pair: (isinstance(pair[0], str), pair[0]))

    def _read_keypoints(self, categories):
        named = [category for category in categories if category.get("keypoints")]
        if not named:
            return
        first = named[0]["keypoints"]
        if not isinstance(first, list) or any(category["keypoints"] != first for category in named):
            raise InputError(f"{self.path}: its categories have different keypoints; keep those of one alone")
        self.keypoint_names = tuple(map(str, first))
        self.flip_pairs = left_right_pairs(self.keypoint_names)
        numbers = range(1, len(first) + 1)
        skeleton = named[0].get("skeleton") or []
        if not all(
            isinstance(pair, list) and len(pair) == 2 and all(p in numbers for p in pair) for pair in skeleton
        ):
            raise InputError(f"{self.path}: a skeleton is pairs of keypoints 1 to {len(first)}, received {skeleton}")
        self.skeleton = tuple((int(a) - 1, int(b) - 1) for a, b in skeleton)

    def _entries(self, images, annotations, places):
        """Yields an `Entry` a picture, with what is annotated on it."""
        owners, numbered, nowhere = {}, [], []
        for place, image in enumerate(images):
            number = identity(image.get("id")) if isinstance(image, dict) else None
            if number is None or not isinstance(image.get("file_name"), str):
                nowhere.append((f"images[{place}]", "has no id or no file_name"))
            elif number in owners and owners[number][0]["file_name"] != image["file_name"]:
                nowhere.append((f"images[{place}]", f"has the id {number}, as another picture has"))
            elif number not in owners:
                owners[number] = image, []
                numbered.append(number)
        lost = []
        for place, annotation in enumerate(annotations):
            number = identity(annotation.get("image_id")) if isinstance(annotation, dict) else None
            if number in owners:
                owners[number][1].append((place, annotation))
            else:
                what = f"annotations[{place}] is of no picture that the file lists"
                lost.append(Fault(NO_OBJECT, what, where=str(self.path)))
        for number in numbered:
            image, own = owners[number]
            path, fault = places.find(image["file_name"])
            where, stated = (
                f"{self.path}: {path.name}",
                (number_or_none(image.get("height")), number_or_none(image.get("width"))),
            )
            rows, faults = self._rows(own, None if None in stated else stated)
            yield Entry(path, where, rows, fault, (*faults, *lost), None if None in stated else stated)
            lost = []
        for where, fault in nowhere:
            yield Entry(self.path, f"{self.path}: {where}", fault=fault)

    def _rows(self, annotations, size):
        kinds = ("boxes", "labels", "ignored", "crowds", "areas", "masks", "keypoints")
        rows, faults = {kind: [] for kind in kinds}, []
        for place, annotation in annotations:
            who = f"annotation {annotation.get('id', f'[{place}]')}"
            label = self._labels.get(identity(annotation.get("category_id")))
            if label is None:
                what = f"has the category_id {brief(annotation.get('category_id'))}, which the file does not list"
                faults.append(Fault(NO_OBJECT, f"the {who} {what}"))
                continue
            outline, wrong = outline_of(annotation.get("segmentation"), size)
            box = numbers(annotation.get("bbox"), 4)
            if box is None and annotation.get("bbox"):
                faults.append(Fault(NO_OBJECT, f"the {who} has a bbox that is not 4 numbers"))
                continue
            if box is None:
                box = box_of(outline)
            if box is None:
                faults.append(Fault(NO_OBJECT, f"the {who} has no bbox, and no polygon to find it by"))
                continue
            x, y, width, height = box
            if are_shares([x, y, x + width, y + height]):
                what = f"has a bbox within one pixel ({', '.join(map(str, box))}): {IN_PIXELS}"
                faults.append(Fault(NO_OBJECT, f"the {who} {what}"))
                continue
            if wrong:
                faults.append(Fault(NO_MASK, f"the {who} {wrong}", "masks"))
            elif outline is None and self._outlined_at_all:
                what = f"the {who} has no segmentation: no mask is learned from it"
                faults.append(Fault("annotations without a segmentation", what, "masks", fatal=False))
            rows["boxes"].append((x, y, x + width, y + height))
            rows["labels"].append(label)
            for kind in ("ignored", "crowds"):
                rows[kind].append(annotation.get("iscrowd") in (1, "1"))
            area = number_or_none(annotation.get("area"))
            rows["areas"].append(np.nan if area is None else area)
            rows["masks"].append(outline)
            if self.keypoint_names:
                points = numbers(annotation.get("keypoints"), 3 * len(self.keypoint_names))
                if points is None and annotation.get("keypoints"):
                    what = f"has keypoints that are not {3 * len(self.keypoint_names)} numbers"
                    faults.append(Fault(NO_POINTS, f"the {who} {what}", "keypoints"))
                points = np.reshape(points or [0] * 3 * len(self.keypoint_names), (-1, 3))
                seen = points[:, 2:] > 0
                stray = seen & (points[:, :2] == 0).all(axis=1, keepdims=True)  # as some write what was not set
                if stray.any():
                    what = f"has {stray.sum()} keypoints at 0, 0 that are called visible: taken as not in the picture"
                    faults.append(Fault(STRAY_POINTS, f"the {who} {what}", "keypoints", fatal=False))
                rows["keypoints"].append(np.where(seen & ~stray, points, 0))
        return rows, faults


def name_of(category):
    """Returns the name of a category, its id where it has none."""
    return str(category.get("name", category.get("id"))).strip()


def left_right_pairs(names):
    """Returns pairs of places of names that differ in "left" and "right" alone.

    Args:
        names: names of keypoints, e.g. `("nose", "left_eye", "right_eye")`.

    Returns:
        Tuple of `(left, right)`, e.g. `((1, 2),)`.
    """
    places = {name: place for place, name in reversed([*enumerate(names)])}
    mirrored = {name: name.replace("left", "right") for name in names if "left" in name}
    return tuple((places[a], places[b]) for a, b in mirrored.items() if b in places)
