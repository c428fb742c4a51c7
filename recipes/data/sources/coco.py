"""`coco:FILE.json@DIR`: COCO's annotations of the pictures in DIR: boxes, masks, keypoints."""

import json
import math
from pathlib import Path

import numpy as np
import tensorflow as tf
from faster_coco_eval import mask as rle

from recipes.data.sources.annotated import Annotated, Entry
from zoo.errors import InputError

NEEDED = "write coco:FILE.json@DIR, DIR being the folder of the pictures"


class Coco(Annotated):
    """Objects of a COCO file; the classes are its categories, sorted by id, and count from 0; crowds are ignored.

    There are masks if any object has a segmentation (polygons or RLE), and keypoints, as annotated, if a category
    names them. Pictures without objects are kept.

    Args:
        rest: `FILE.json@DIR`.

    Raises:
        InputError: if the file is no consistent COCO file, or the file or the folder is missing.
    Source: https://cocodataset.org/#format-data.
    """

    def __init__(self, rest):
        name, _, folder = rest.rpartition("@")
        if not name or not folder:
            raise InputError(f"coco:{rest}: {NEEDED}")
        if not Path(folder).is_dir():
            raise InputError(f"{folder}: no such folder; {NEEDED}")
        self.path = Path(name)
        pictures, annotations, categories = self._load()
        if not pictures or not categories:
            raise InputError(f"{name}: names {len(pictures)} pictures and {len(categories)} categories")
        self._read_keypoints(categories)
        places = {number: place for place, number in enumerate(sorted(categories))}
        objects = {number: [] for number in pictures}
        for annotation in annotations.values():
            for key, known in (("image_id", pictures), ("category_id", categories)):
                if not isinstance(annotation.get(key), int) or annotation[key] not in known:
                    self._refuse(annotation, f"has the {key} {annotation.get(key)}, which the file does not list")
            objects[annotation["image_id"]].append(annotation)
        self._objects = list(objects.values())
        self._sizes = [(picture.get("height"), picture.get("width")) for picture in pictures.values()]
        keys = ["boxes", "labels", "ignored", "areas"]
        if any(annotation.get("segmentation") for annotation in annotations.values()):
            keys.append("masks")
            for annotation in annotations.values():
                self._check_segmentation(annotation)
        if self.keypoint_names:
            keys.append("keypoints")
        paths = {number: Path(folder, str(picture["file_name"])) for number, picture in pictures.items()}
        entries = [
            Entry(path, f"{self.path}: {path.name}", self._rows(objects[number], places))
            for number, path in paths.items()
        ]
        classes = [str(categories[number].get("name", number)) for number in sorted(categories)]
        super().__init__(f"coco:{rest}", entries, classes, tuple(keys), len(self.keypoint_names))

    def decode_more(self, record, image):
        """Returns the masks, `(N, H, W)` uint8."""
        if "masks" not in self.keys:
            return {}
        height, width = tf.unstack(tf.shape(image)[:2])
        masks = tf.numpy_function(self._masks, [record["index"], height, width], tf.uint8, stateful=False)
        return {"masks": tf.ensure_shape(masks, (None, None, None))}

    def fault(self, index, picture_size):
        """As `Annotated.fault`: another size than stated, or masks that cannot be decoded."""
        (height, width), stated = picture_size, self._sizes[index]
        if None not in stated and stated != (height, width):
            return f"the picture has {width}x{height} pixels, not {stated[1]}x{stated[0]} as stated"
        if "masks" in self.keys:
            try:
                self._masks(index, *picture_size)
            except (ValueError, RuntimeError) as error:
                return f"a mask cannot be decoded: {error}"
        return None

    def _load(self):
        """Returns images, annotations and categories, each a dict by id."""
        if not self.path.is_file():
            raise InputError(f"{self.path}: no such file; {NEEDED}")
        try:
            data = json.loads(self.path.read_bytes())
        except ValueError as error:
            raise InputError(f"{self.path}: is no JSON: {error}") from error
        needed = {"images": "file_name", "annotations": "bbox", "categories": "id"}
        return [self._by_id(data, part, key) for part, key in needed.items()]

    def _by_id(self, data, part, needed):
        items = data.get(part) if isinstance(data, dict) else None
        if not isinstance(items, list):
            raise InputError(f"{self.path}: has no list of {part}, as COCO's files have")
        found = {}
        for place, item in enumerate(items):
            if not isinstance(item, dict) or not isinstance(item.get("id"), int) or needed not in item:
                raise InputError(f"{self.path}: {part}[{place}] has no id or no {needed}")
            if item["id"] in found:
                raise InputError(f"{self.path}: the id {item['id']} stands twice among the {part}")
            found[item["id"]] = item
        return found

    def _read_keypoints(self, categories):
        named = [category for category in categories.values() if category.get("keypoints")]
        if not named:
            return
        if any(category["keypoints"] != named[0]["keypoints"] for category in named):
            raise InputError(f"{self.path}: its categories have different keypoints; keep those of one alone")
        self.keypoint_names = tuple(named[0]["keypoints"])
        self.flip_pairs = left_right_pairs(self.keypoint_names)
        numbers = range(1, len(self.keypoint_names) + 1)
        skeleton = named[0].get("skeleton") or []
        if not all(isinstance(pair, list) and len(pair) == 2 and set(pair) <= set(numbers) for pair in skeleton):
            raise InputError(
                f"{self.path}: a skeleton is pairs of keypoints 1 to {len(numbers)}, received {skeleton}"
            )
        self.skeleton = tuple((a - 1, b - 1) for a, b in skeleton)

    def _rows(self, annotations, places):
        rows = {"boxes": [], "labels": [], "ignored": [], "areas": [], "keypoints": []}
        for annotation in annotations:
            x, y, width, height = self._numbers(annotation, "bbox", 4)
            rows["boxes"].append((x, y, x + width, y + height))
            rows["labels"].append(places[annotation["category_id"]])
            rows["ignored"].append(annotation.get("iscrowd", 0) == 1)
            area = annotation.get("area", width * height)
            rows["areas"].append(area if _are_numbers([area]) else self._refuse(annotation, f"has the area {area}"))
            if self.keypoint_names:
                rows["keypoints"].append(self._points(annotation))
        return rows

    def _points(self, annotation):
        length = 3 * len(self.keypoint_names)
        points = self._numbers(annotation, "keypoints", length) if annotation.get("keypoints") else [0] * length
        points = np.reshape(points, (-1, 3))
        return np.where(points[:, 2:] > 0, points, 0)

    def _numbers(self, annotation, key, length):
        values = annotation[key]
        if not _are_numbers(values) or len(values) != length:
            self._refuse(annotation, f"has a {key} that is not {length} numbers")
        return values

    def _check_segmentation(self, annotation):
        segmentation = annotation.get("segmentation")
        if not segmentation:
            self._refuse(annotation, "has no segmentation, others have: add it, or take all of them out")
        if isinstance(segmentation, list):
            if any(not _are_numbers(p) or len(p) < 6 or len(p) % 2 for p in segmentation):
                self._refuse(annotation, "has a polygon that is not x, y of 3 points or more")
        elif not _is_rle(segmentation):
            self._refuse(annotation, "has a segmentation of neither polygons nor RLE")

    def _refuse(self, annotation, why):
        raise InputError(f"{self.path}: the annotation {annotation['id']} {why}")

    def _masks(self, index, height, width):
        masks = [_mask(one["segmentation"], int(height), int(width)) for one in self._objects[int(index)]]
        return np.stack(masks) if masks else np.zeros((0, height, width), np.uint8)


def left_right_pairs(names):
    """Returns pairs of places of names that differ in "left" and "right" alone.

    Args:
        names: names of keypoints, e.g. `("nose", "left_eye", "right_eye")`.

    Returns:
        Tuple of `(left, right)`, e.g. `((1, 2),)`.
    """
    mirrored = {name: name.replace("left", "right") for name in names if "left" in name}
    return tuple((names.index(a), names.index(b)) for a, b in mirrored.items() if b in names)


def _are_numbers(values):
    return isinstance(values, list) and all(isinstance(v, int | float) and math.isfinite(v) for v in values)


def _is_rle(segmentation):
    if not isinstance(segmentation, dict) or not _are_numbers(segmentation.get("size")):
        return False
    counts = segmentation.get("counts")
    return isinstance(counts, str) or (
        isinstance(counts, list) and all(isinstance(count, int) and count >= 0 for count in counts)
    )


def _mask(segmentation, height, width):
    """Returns one mask `(height, width)` uint8."""
    if isinstance(segmentation, list):
        return rle.decode(rle.merge(rle.frPyObjects(segmentation, height, width)))
    if list(segmentation["size"]) != [height, width]:
        raise ValueError(f"its size is {segmentation['size']}, that of the picture {[height, width]}")
    if isinstance(segmentation["counts"], list):
        segmentation = rle.frPyObjects(segmentation, height, width)
    return rle.decode(segmentation)
