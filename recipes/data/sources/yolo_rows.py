"""One file of YOLO's labels: a row an object, of a box, a polygon or keypoints, as shares of the picture's size."""

import math
import reprlib

import numpy as np

from recipes.data.sources.entries import Fault, check_number

NO_OBJECT = "rows that are no object"
BEYOND = "rows of a class beyond the names"
CONFIDENT = "rows with a confidence"
REACH = 2
"""Boxes may reach out of the picture, but not by pictures: such numbers are pixels."""


def objects_of(text, labels, points=None):
    """Reads the rows of a file.

    Args:
        text: the file's.
        labels: by the number of a class its label.
        points: `(K, D)`, keypoints of an object and numbers of each, 2 or 3; `None` without.

    Returns:
        Lists of rows by key, see `Entry.objects`, and a list of `Fault`. Outlines and keypoints are shares, too.

    Raises:
        ValueError: if there are too many.
    Source: https://docs.ultralytics.com/datasets, detect, segment and pose; five numbers are a box, more a polygon.
    """
    check_number(text.count("\n"))
    rows, faults = {"boxes": [], "labels": [], "masks": [], "keypoints": []}, []
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if not words:
            continue
        try:
            label, box, outline, marked = object_of(words, labels, points)
        except Refused as error:
            faults.append(Fault(error.kind, f"line {number}: {error}"))
            continue
        except ValueError as error:
            faults.append(Fault(NO_OBJECT, f"line {number}: {error}"))
            continue
        rows["boxes"].append(box)
        rows["labels"].append(label)
        rows["masks"].append(outline)
        if points:
            rows["keypoints"].append(marked)
    return rows, faults


class Refused(ValueError):
    """A row that is refused, with the kind of its fault."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def object_of(words, labels, points):
    """Returns label, box xyxy, outline or `None`, and keypoints `(K, 3)` or `None` of a row; raises `ValueError`."""
    number, values = class_of(words[0]), [share_of(word) for word in words[1:]]
    if number not in labels:
        known = f"is none of the {len(labels)} known ({min(labels)} to {max(labels)})"
        raise Refused(BEYOND, f"the class {number} {known}")
    if not all(map(math.isfinite, values)):
        raise ValueError("a side of the box is no number")
    marked = None
    if points:
        length = 4 + points[0] * points[1]
        if len(values) not in (4, length):
            raise ValueError(
                f"takes class cx cy w h and {length - 4} numbers of points, received {len(words)} values"
            )
        marked = keypoints_of(values[4:], *points)
        values = values[:4]
    elif len(values) == 5:
        what = "has 6 values, as predictions have, with a confidence; labels are class cx cy w h: leave it out"
        raise Refused(CONFIDENT, what)
    elif len(values) != 4 and (len(values) < 6 or len(values) % 2):
        polygon = ", or x y of 3 points or more" if len(words) > 6 else ""
        raise ValueError(f"takes class cx cy w h{polygon}, received {len(words)} values")
    far = max(values, key=abs)
    if abs(far) > REACH:
        raise ValueError(f"{far:g} is no share of the picture; boxes are relative, 0 to 1")
    if len(values) > 4:
        xs, ys = values[::2], values[1::2]
        return labels[number], (min(xs), min(ys), max(xs), max(ys)), [values], marked
    x, y, width, height = values
    return labels[number], (x - width / 2, y - height / 2, x + width / 2, y + height / 2), None, marked


def class_of(word):
    """Returns the number of a class, also one written as a decimal, as "2.0" or "2.000e+00"."""
    try:
        return int(word)
    except ValueError:
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not value.is_integer():
            raise ValueError(
                f"begins with {reprlib.repr(word)}, which is no class's number; rows are class cx cy w h, with blanks"
            ) from None
        return int(value)


def share_of(word):
    """Returns the number that a word is."""
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"{reprlib.repr(word)} is no number, as in 0.5") from None


def keypoints_of(values, count, size):
    """Returns `(K, 3)` of x, y and visibility; where that is not told, a point at 0, 0 is not in the picture."""
    found = np.zeros((count, 3), np.float32)
    if values:
        found[:, :size] = np.reshape(values, (count, size))
        if size == 2:
            found[:, 2] = np.where(found.any(axis=1), 2, 0)
    return np.where(found[:, 2:] > 0, found, 0)
