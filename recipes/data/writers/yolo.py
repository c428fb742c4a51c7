"""YOLO, as Ultralytics reads it: `data.yaml`, `images/SPLIT`, and a .txt of rows a picture in `labels/SPLIT`."""

from pathlib import Path

import numpy as np
import yaml

from recipes.data.sources.yaml_files import Plain, read_yaml
from recipes.data.sources.yolo_layout import NEEDED
from recipes.data.writers.writer import Writer
from recipes.data.writers.yolo_polygons import polygon_of
from zoo.errors import InputError

INDEX = "data.yaml"
SPLITS = ("train", "val", "test")
IGNORED = "ignored objects: left out, YOLO has no crowds"
BARE = "objects without a mask: are rows of a box among polygons"
JOINED = "masks of several parts or with holes: are one polygon, joined by lines without width"
NO_POLYGON = "masks that no polygon draws: left out, their boxes are written"
OTHER_BOX = "boxes that are not those around their mask, by more than a pixel: the polygon says them"
OUTSIDE = "keypoints outside of the picture: are unmarked, as YOLO's programs refuse pictures that have such"
SKELETON = "lines between keypoints: left out"


class Yolo(Writer):
    """Rows `class cx cy w h`, or polygons where the source has masks, or boxes with keypoints where it has such.

    Numbers are shares of the picture's width and height, with six decimals: half a thousandth of a pixel at 1,000.

    Source: https://docs.ultralytics.com/datasets, detect, segment and pose.
    """

    format = "yolo"
    splits = SPLITS

    def __init__(self, folder, source, split=None):
        self.num_points, self.others = 0, {}
        super().__init__(folder, source, split)
        self.spec = f"yolo:{self.folder}:{self.split}"
        self.pictures, self.labels = f"images/{self.split}", f"labels/{self.split}"

    @classmethod
    def targets(cls, source):
        """As `Writer.targets`; a row has a polygon or keypoints."""
        chosen = super().targets(source)
        return chosen.of_task("keypoints") if "keypoints" in source.keys else chosen

    def add_to(self):
        """As `Writer.add_to`; whether the classes are the same shows when all is read."""
        if not (self.folder / INDEX).is_file():
            raise self.foreign()
        self.others = read_yaml(self.folder / INDEX, NEEDED)
        there = [self.folder / part / self.split for part in ("images", "labels")]
        there = [path for path in there if path.exists()] + [self.folder / INDEX] * (self.split in self.others)
        if there:
            raise InputError(f"{there[0]}: the split {self.split} is there already; name another, or a new folder")
        names = self.others.get("names")
        if names != {str(label): name for label, name in enumerate(self.classes)}:
            raise InputError(
                f"{self.folder / INDEX}: names other classes than {self.source.spec} has "
                f"({', '.join(self.classes[:20])}); choose the same by ?classes=..., or name a new folder"
            )

    def add(self, stage, file, picture):
        """As `Writer.add`."""
        targets, (height, width) = picture.targets, picture.size
        rows, notes = [], {note: 0 for note in (IGNORED, BARE, JOINED, NO_POLYGON, OTHER_BOX, OUTSIDE)}
        frame = np.array([width, height], np.float64)
        posed = "keypoints" in targets
        self.num_points = targets["keypoints"].shape[1] if posed else 0
        for place, outline in enumerate(picture.outlines):
            if picture.ignored[place]:
                notes[IGNORED] += 1
                continue
            corners = targets["boxes"][place].astype(np.float64).reshape(2, 2) / frame
            words = shares([*corners.mean(axis=0), *(corners[1] - corners[0])])
            if posed:
                points = targets["keypoints"][place].astype(np.float64)
                outside = ((points[:, :2] < 0) | (points[:, :2] > frame)).any(axis=1)
                notes[OUTSIDE] += int(outside.sum())
                for x, y, seen in np.where(outside[:, None], 0, points):
                    words += [*shares([x / width, y / height]), f"{seen:.0f}"]
            elif outline is not None:
                polygon, parts = polygon_of(outline, height, width)
                notes[NO_POLYGON] += polygon is None
                notes[JOINED] += parts > 1
                if polygon:
                    words, points = polygon, np.reshape([*map(float, polygon)], (-1, 2))
                    apart = np.abs(np.stack([points.min(axis=0), points.max(axis=0)]) - corners) * frame
                    notes[OTHER_BOX] += bool((apart > 1).any())
            elif "outlines" in targets:
                notes[BARE] += 1
            rows.append(" ".join([str(targets["labels"][place]), *words]))
        (stage / self.labels).mkdir(parents=True, exist_ok=True)
        text = "".join(f"{row}\n" for row in rows)
        (stage / self.labels / f"{Path(file).stem}.txt").write_text(text, encoding="utf-8")
        self.objects += len(rows)
        self.without_areas(picture)
        self.notes.update({note: count for note, count in notes.items() if count})

    def finish(self, stage):
        """As `Writer.finish`."""
        meaning = {"names": dict(enumerate(self.classes))}
        if self.num_points:
            meaning |= {"kpt_shape": [self.num_points, 3], "flip_idx": self._flipped()}
            if self.source.keypoint_names:
                meaning["kpt_names"] = {label: [*self.source.keypoint_names] for label in range(len(self.classes))}
            if self.source.skeleton:
                self.notes[SKELETON] = len(self.source.skeleton)
        others = {key: value for key, value in self.others.items() if key not in SPLITS}
        if self.others and others != yaml.load(dumped(meaning), Plain):
            what = f"has other keys, names or keypoints than {self.source.spec}"
            raise InputError(f"{self.folder / INDEX}: {what}; name a new folder")
        places = {split: self.others.get(split) for split in SPLITS} | {self.split: self.pictures}
        places = {split: place for split, place in places.items() if place}
        (stage / INDEX).write_text(dumped(places | meaning), encoding="utf-8")

    def _flipped(self):
        """Returns which point each becomes in a mirror."""
        order = list(range(self.num_points))
        for a, b in self.source.flip_pairs:
            order[a], order[b] = b, a
        return order


def shares(values):
    """Writes shares of a picture's size."""
    return [f"{value:.6f}" for value in values]


def dumped(data):
    """Writes YAML, a key a line, lists in one."""
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, default_flow_style=None, width=1 << 16)
