"""COCO: `annotations.json`, and the pictures in `images`."""

import json
from decimal import Decimal

import numpy as np
from faster_coco_eval import mask as rle

from recipes.data.sources.coco import left_right_pairs
from recipes.data.sources.outlines import encoded, segmentation_of
from recipes.data.writers.writer import Writer

INDEX = "annotations.json"
CROWDS = "ignored objects: are crowds (iscrowd 1), and measured as such"
MIRRORED = "pairs of keypoints that a mirror exchanges: left out, as COCO knows them by left and right in names alone"


class Coco(Writer):
    """Objects with bbox, area, iscrowd, segmentation and keypoints, a line each; ids count from 1.

    Polygons stay polygons, other masks are compressed run lengths. Numbers are the shortest that are read as the same
    float32. Of several classes those have keypoints of which any object has one marked.

    Source: https://cocodataset.org/#format-data.
    """

    format = "coco"

    def __init__(self, folder, source, split=None):
        super().__init__(folder, source, split)
        self.spec = f"coco:{self.folder / INDEX}@{self.folder / self.pictures}"
        self.images, self.num_points, self.marked = [], 0, set()

    def add(self, stage, file, picture):
        """As `Writer.add`."""
        height, width = picture.size
        number = len(self.images) + 1
        if "keypoints" in picture.targets:
            self.num_points = picture.targets["keypoints"].shape[1]
        image = {"id": number, "file_name": file, "width": width, "height": height}
        self.images.append(json.dumps(image))
        begin = "" if number > 1 else '{"info": {"description": "written by zoo convert"},\n"annotations": [\n'
        with open(stage / INDEX, "a", encoding="utf-8") as index:
            index.write(begin)
            for place in range(len(picture.targets["labels"])):
                index.write(",\n" if self.objects else "")
                self.objects += 1
                index.write(self._annotation(picture, place, number))

    def _annotation(self, picture, place, image):
        targets, outline, ignored = picture.targets, picture.outlines[place], bool(picture.ignored[place])
        x1, y1, x2, y2 = (shortest(side) for side in targets["boxes"][place])
        if "areas" in targets and not np.isnan(targets["areas"][place]):
            area = shortest(targets["areas"][place])
        else:
            area = (x2 - x1) * (y2 - y1) if outline is None else int(rle.area(encoded(outline, *picture.size)))
        label = int(targets["labels"][place])
        annotation = {"id": self.objects, "image_id": image, "category_id": label + 1}
        annotation |= {"bbox": [plain(x1), plain(y1), plain(x2 - x1), plain(y2 - y1)], "area": plain(area)}
        annotation["iscrowd"] = int(ignored)
        if outline is not None:
            annotation["segmentation"] = segmentation_of(outline)
        if "keypoints" in targets:
            points = targets["keypoints"][place]
            annotation["keypoints"] = [plain(shortest(value)) for value in points.ravel()]
            annotation["num_keypoints"] = int(np.count_nonzero(points[:, 2]))
            if annotation["num_keypoints"]:
                self.marked.add(label)
        crowd = "crowds" in targets and targets["crowds"][place]
        self.notes.update({CROWDS: 1} if ignored and not crowd else {})
        return json.dumps(annotation)

    def finish(self, stage):
        """As `Writer.finish`."""
        points = {}
        if "keypoints" in self.source.keys:
            points = {"keypoints": self._point_names(), "skeleton": [[a + 1, b + 1] for a, b in self.source.skeleton]}
            if {*map(frozenset, left_right_pairs(points["keypoints"]))} != {*map(frozenset, self.source.flip_pairs)}:
                self.notes[MIRRORED] = len(self.source.flip_pairs)
        lines = []
        for label, name in enumerate(self.classes):
            # Its own name as what it is one of: a class that no other stands above is never taken for such a one.
            category = {"id": label + 1, "name": name, "supercategory": name}
            lines.append(json.dumps(category | (points if label in self.marked or not self.marked else {})))
        with open(stage / INDEX, "a", encoding="utf-8") as index:
            index.write('\n],\n"images": [\n' + ",\n".join(self.images))
            index.write('\n],\n"categories": [\n' + ",\n".join(lines) + "\n]}\n")

    def _point_names(self):
        """Returns the names of the keypoints; those without are numbered, pairs as left and right."""
        if self.source.keypoint_names:
            return list(self.source.keypoint_names)
        names = [f"point_{place + 1}" for place in range(self.num_points)]
        for number, (a, b) in enumerate(self.source.flip_pairs, start=1):
            names[a], names[b] = f"left_{number}", f"right_{number}"
        return names


def shortest(value):
    """Returns the shortest decimal number that is read as a float32."""
    return Decimal(str(np.float32(value)))


def plain(value):
    """Returns a `Decimal` or an integer as JSON writes it best."""
    return int(value) if value == int(value) else float(value)
