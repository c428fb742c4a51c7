"""`points:FILE.csv`: one object a picture, marked by points: a table with the header image,x0,y0,x1,y1 ..."""

import csv
import math
import os
from pathlib import Path

import numpy as np

from recipes.data.files import MOST_OF_LISTS, numbered_lines
from recipes.data.sources.annotated import Annotated
from recipes.data.sources.entries import Entry
from recipes.data.sources.places import Places
from zoo.errors import InputError

NEEDED = "points:FILE.csv has the header image,x0,y0,x1,y1 ..., a line a picture, coordinates in pixels"
LONGEST = 1 << 17
"""Characters of a line."""

# The mark-up of 300-W (Sagonas et al. 2013, figure 1), counted from 0: lines of neighbours, and whether they close.
FACE_LINES = (
    (range(0, 17), False),  # jaw
    (range(17, 22), False),  # brows
    (range(22, 27), False),
    (range(27, 31), False),  # nose
    (range(31, 36), False),
    (range(36, 42), True),  # eyes
    (range(42, 48), True),
    (range(48, 60), True),  # lips, outside and inside
    (range(60, 68), True),
)
# Rows of points that a mirror turns about: the first changes places with the last, and so on.
FACE_MIRRORED = (
    range(0, 17),
    range(17, 27),
    range(31, 36),
    (36, 37, 38, 39, 42, 43, 44, 45),  # upper lids
    (41, 40, 47, 46),  # lower lids
    range(48, 55),
    (59, 58, 57, 56, 55),
    range(60, 65),
    (67, 66, 65),
)
FACE_SKELETON = tuple(
    pair for line, closed in FACE_LINES for pair in zip(line, [*line[1:], *line[: int(closed)]], strict=False)
)
FACE_FLIP_PAIRS = tuple((row[i], row[-1 - i]) for row in FACE_MIRRORED for i in range(len(row) // 2))


class Points(Annotated):
    """Points of one object a picture; its box is the one around the visible points.

    The pictures lie in a folder named as the table, without .csv, or else beside it. An empty cell or NaN is a
    point that is not in the picture. 68 points are a face's.

    Args:
        path: the table.

    Raises:
        InputError: if the table is missing, empty or has a line that cannot be read.
    """

    def __init__(self, path):
        if not path:
            raise InputError(f"points: names no file; {NEEDED}")
        file = Path(path)
        if not os.path.isfile(file):
            raise InputError(f"{file}: no such file; {NEEDED}")
        try:
            (_, header), *rows = rows_of(file) or [(1, [])]
        except csv.Error as error:
            raise InputError(f"{file}: is no CSV: {error}") from error
        num_points = _num_points(file, header)
        if not rows:
            raise InputError(f"{file}: names no picture; {NEEDED}")
        folder = file.with_suffix("") if os.path.isdir(file.with_suffix("")) else file.parent
        places = Places(folder)
        entries = [_entry(places, f"{file}: line {number}", row, num_points) for number, row in rows]
        _check_names(file, entries)
        classes = ("object",)
        if num_points == 68:
            classes, self.flip_pairs, self.skeleton = ("face",), FACE_FLIP_PAIRS, FACE_SKELETON
        super().__init__(f"points:{path}", entries, classes, ("boxes", "labels", "keypoints"), num_points)


def rows_of(file):
    """Returns a list of pairs: the number of a line, and its cells; raises `csv.Error`."""
    lines = [*numbered_lines(file, MOST_OF_LISTS, LONGEST)]
    reader = csv.reader((line for _, line in lines), strict=True)
    return [(lines[reader.line_num - 1][0], row) for row in reader]


def _num_points(file, header):
    count = len(header) // 2
    expected = ["image", *(f"{axis}{point}" for point in range(count) for axis in "xy")]
    if not count or [name.strip() for name in header] != expected:
        raise InputError(f"{file}: the first line is {','.join(header[:5])[:60]!r}; {NEEDED}")
    return count


def _entry(places, where, line, num_points):
    """Returns the `Entry` of one line."""
    picture, fault = places.find(line[0])
    return Entry(picture, where, _object(where, line, num_points), fault)


def _object(where, line, num_points):
    """Returns the rows of one line's object."""
    if len(line) != 1 + 2 * num_points or not line[0]:
        raise InputError(f"{where}: takes a picture and {2 * num_points} numbers, received {len(line)} cells")
    try:
        values = [float(cell) if cell.strip() else math.nan for cell in line[1:]]
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error
    xy = np.array(values).reshape(-1, 2)
    if np.isinf(xy).any():
        raise InputError(f"{where}: a coordinate is infinite; leave the cell of a missing point empty")
    visible = ~np.isnan(xy).any(-1)
    points = np.where(visible[:, None], np.column_stack([xy, np.full(num_points, 2.0)]), 0.0)
    return {"boxes": [box_around(xy[visible])], "labels": [0], "keypoints": points}


def box_around(points):
    """Returns the box `(4,)` xyxy around points `(N, 2)`, at least a pixel wide and high; zeros without points."""
    if not len(points):
        return np.zeros(4)
    centre, half = (points.max(0) + points.min(0)) / 2, np.maximum(np.ptp(points, axis=0), 1.0) / 2
    return np.concatenate([centre - half, centre + half])


def _check_names(file, entries):
    seen = set()
    for name in (entry.picture.name for entry in entries):
        if name in seen:
            raise InputError(f"{file}: names the picture {name} twice; it takes one object a picture")
        seen.add(name)
