"""The outlines of objects, polygons or run lengths, in a few flat arrays: millions of lists would fill the memory."""

import json
from array import array

import numpy as np
from faster_coco_eval import mask as rle

KINDS = {
    "parts": np.int64,  # (N + 1,): of each object the first polygon, then their number
    "points": np.int64,  # (P + 1,): of each polygon its first coordinate, then their number
    "coordinates": np.float64,  # flat: x, y, x, y ..., pixels
    "codes": np.int64,  # (N + 1,): of each object the first byte of its run lengths
    "runs": np.uint8,  # flat: run lengths as COCO writes them
    "sizes": np.int32,  # (N, 2): height and width of the picture that the run lengths are of, 0 for polygons
}


SHIFT, FAR = 8, 1 << 15
"""Bits of a fraction of a pixel as OpenCV takes it, and the pixels beyond which it cannot count."""


class Outlines:
    """Takes outlines one by one.

    An outline is a list of polygons `[x, y, x, y ...]`, in pixels, or a dict of COCO's compressed run lengths, `size`
    and `counts`; `None` is that of an object without.
    """

    def __init__(self):
        self.parts, self.points, self.codes = array("q", [0]), array("q", [0]), array("q", [0])
        self.coordinates, self.runs, self.sizes = array("d"), bytearray(), array("i")

    def append(self, outline):
        """Adds the outline of the next object."""
        size = 0, 0
        if isinstance(outline, dict):
            size = outline["size"]
            self.runs += outline["counts"]
        else:
            for polygon in outline or ():
                self.coordinates.extend(polygon)
                self.points.append(len(self.coordinates))
        self.sizes.extend(size)
        self.parts.append(len(self.points) - 1)
        self.codes.append(len(self.runs))

    def columns(self):
        """Returns the arrays by the names of `KINDS`."""
        flat = {name: np.frombuffer(getattr(self, name), kind) for name, kind in KINDS.items()}
        return {**flat, "sizes": flat["sizes"].reshape(-1, 2)}


def outline_of(columns, row):
    """Returns what `Outlines.append` was given for an object, from its columns."""
    start, stop = columns["codes"][row : row + 2]
    if stop > start:
        return {"size": columns["sizes"][row].tolist(), "counts": columns["runs"][start:stop].tobytes()}
    first, last = columns["parts"][row : row + 2]
    ends = columns["points"][first : last + 1]
    polygons = [columns["coordinates"][a:b].tolist() for a, b in zip(ends[:-1], ends[1:], strict=True)]
    return polygons or None


def encoded(outline, height, width):
    """Returns an outline in a picture of a size as COCO's compressed run lengths, a dict of `size` and `counts`.

    Points are taken to be no farther from the picture than its size: the time that a polygon takes grows with it.
    """
    if isinstance(outline, dict):
        return outline
    near = [np.clip(np.reshape(polygon, (-1, 2)), (-width, -height), (2 * width, 2 * height)) for polygon in outline]
    return rle.merge(rle.frPyObjects([polygon.ravel().tolist() for polygon in near], height, width))


def encoded_masks(masks):
    """Returns masks `(N, H, W)`, 0 or 1, as COCO's compressed run lengths, `(N,)` bytes."""
    return np.array([rle.encode(np.asfortranarray(mask, np.uint8))["counts"] for mask in masks], object)


def runs_of(columns, rows, height, width):
    """Returns the masks of some objects as COCO's compressed run lengths, `(N,)` bytes; none is drawn."""
    return np.array([encoded(outline_of(columns, row), height, width)["counts"] for row in rows], object)


def words_of(outline):
    """Returns an outline as the text of COCO's segmentation; "" for `None`."""
    return "" if outline is None else json.dumps(segmentation_of(outline))


def segmentation_of(outline):
    """Returns an outline as COCO's JSON holds it: lists of coordinates, or a dict of compressed run lengths."""
    if isinstance(outline, dict):
        return {"size": [*outline["size"]], "counts": outline["counts"].decode()}
    return [[int(value) if value == int(value) else value for value in part] for part in outline]


def outline_in(words):
    """Returns the outline that `words_of` was given."""
    outline = json.loads(words) if words else None
    return {**outline, "counts": outline["counts"].encode()} if isinstance(outline, dict) else outline


def words_of_masks(masks):
    """Returns what `words_of` says of masks `(N, H, W)` uint8: `(N,)` objects, bytes, as TensorFlow takes strings."""
    return as_strings(words_of(rle.encode(np.asfortranarray(mask))) for mask in masks)


def as_strings(words):
    """Returns texts as an array that TensorFlow takes for strings."""
    return np.array([text.encode() for text in words], object)


def fitting(columns, sizes, start=0, stop=None, empty=False):
    """Says which objects have an outline that fits a picture.

    Args:
        columns: of N objects.
        sizes: `(height, width)` of the picture, or `(N, 2)`.
        start: the first object that is asked for.
        stop: the one after the last.
        empty: what is said of an object without outline.
    Returns:
        `(stop - start,)` bool.
    """
    stop = len(columns["sizes"]) if stop is None else stop
    parts, codes = (np.diff(columns[name][start : stop + 1]) > 0 for name in ("parts", "codes"))
    own = columns["sizes"][start:stop]
    fits = (own == 0).all(axis=1) | (own == np.asarray(sizes)).all(axis=1)
    return np.where(parts | codes, fits, empty)


def run_lengths(counts):
    """Reads COCO's compressed run lengths.

    Args:
        counts: bytes.
    Returns:
        List of integers.
    Raises:
        ValueError: if these are none.
    Source: `rleFrString` of pycocotools' maskApi.c.
    """
    found, place = [], 0
    while place < len(counts):
        value, shift, more = 0, 0, True
        while more:
            if place == len(counts) or not 48 <= counts[place] < 112:
                raise ValueError("run lengths are cut short, or have a character that is none")
            bits = counts[place] - 48
            value |= (bits & 31) << shift
            more, place, shift = bits & 32, place + 1, shift + 5
        if bits & 16:
            value -= 1 << shift
        found.append(value + (found[-2] if len(found) > 2 else 0))
    return found


def masks_of(columns, rows, height, width):
    """Returns the masks of some objects, `(N, height, width)` uint8."""
    masks = np.zeros((len(rows), height, width), np.uint8)
    for mask, row in zip(masks, rows, strict=True):
        mask[:] = rle.decode(encoded(outline_of(columns, row), height, width))
    return masks


def crops_of(columns, rows, boxes, height, width, cells):
    """Returns the masks of some objects over boxes, at the centres of cells, `(N, cells, cells)` uint8.

    Args:
        columns: of all objects.
        rows: `(N,)`, which ones.
        boxes: `(N, 4)` xyxy, pixels, each with an area.
        height: of the picture, pixels.
        width: likewise.
        cells: a side.
    """
    crops = np.zeros((len(rows), cells, cells), np.uint8)
    for crop, row, box in zip(crops, rows, boxes.astype(np.float64), strict=True):
        outline, corner, scale = outline_of(columns, row), box[:2], cells / (box[2:] - box[:2])
        if isinstance(outline, dict):
            x, y = (corner[:, None] + (np.arange(cells) + 0.5) / scale[:, None]).astype(int)
            crop[:] = rle.decode(outline)[y.clip(0, height - 1)[:, None], x.clip(0, width - 1)]
        else:
            fill(crop, [(np.reshape(polygon, (-1, 2)) - corner) * scale - 0.5 for polygon in outline])
    return crops


def fill(mask, polygons):
    """Sets the pixels of a `(H, W)` uint8 mask that lie in one of the polygons `(P, 2)`, x and y of their centres."""
    import cv2

    for polygon in polygons:
        fixed = np.rint(polygon.clip(-FAR, FAR) * (1 << SHIFT)).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 1, shift=SHIFT)


def scaled(columns, rows, height, width):
    """Returns the columns of some objects, whose polygons are shares of a picture's size, in its pixels."""
    taken = Outlines()
    for row in rows:
        polygons = outline_of(columns, row)
        taken.append([(np.reshape(polygon, (-1, 2)) * (width, height)).ravel() for polygon in polygons or ()])
    return taken.columns()
