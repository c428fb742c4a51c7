"""Masks as one polygon each, as a row of YOLO's labels holds them, drawn to the same pixels."""

import numpy as np
from faster_coco_eval import mask as rle

from recipes.data.sources.outlines import encoded

DIGITS = (6, 12)
"""Decimals of shares, the fewest that draw the same pixels: points on the border of two may need more."""


def polygon_of(outline, height, width):
    """Finds the polygon that is drawn to the pixels of an outline.

    Polygons are tried as they are, within the picture, and then the edges of the pixels. Several parts are joined by
    lines there and back, which have no width, as Ultralytics' converter of COCO joins them.

    Args:
        outline: polygons or run lengths, see `outlines.Outlines`.
        height: of the picture, pixels.
        width: likewise.
    Returns:
        List of words, `x y x y ...` as shares, and of how many parts it is joined; `None` and 0 if there is none.
    """
    wanted = encoded(outline, height, width)
    for found in (given, edges):
        parts = found(outline, wanted)
        if not parts:
            continue
        shares = joined(parts).clip(0, (width, height)) / (width, height)  # Ultralytics refuses others
        for digits in DIGITS:
            words = [f"{share:.{digits}f}" for share in shares.ravel()]
            again = np.reshape([*map(float, words)], (-1, 2)) * (width, height)
            if encoded([again.ravel()], height, width)["counts"] == wanted["counts"]:
                return words, len(parts)
    return None, 0


def given(outline, wanted):
    """Returns the polygons of an outline, `(P, 2)` each, `[]` of run lengths."""
    return [] if isinstance(outline, dict) else [np.reshape(part, (-1, 2)) for part in outline]


def joined(parts):
    """Returns one polygon `(P, 2)` of several: from the first point of the first there and back to each other."""
    first, *others = parts
    points = [first]
    for part in others:
        points += [first[:1], part, part[:1]]
    return np.concatenate(points)


def edges(outline, wanted):
    """Returns the polygons around the pixels of run lengths, holes as polygons of their own, `(P, 2)` each."""
    mask = np.pad(rle.decode(wanted).astype(np.int8), 1)
    following = {}
    # Edges run so that the mask lies to their right: to the right along its top, down at its right side.
    for axis, turn in ((0, 1), (1, -1)):
        change = np.diff(mask, axis=axis) * turn
        for sign in (1, -1):
            y, x = np.nonzero(change == sign)
            begin = np.stack([x - (axis == 0), y - (axis == 1)], axis=1)
            step = np.array([axis == 0, axis == 1], int)
            start, stop = (begin, begin + step) if sign == 1 else (begin + step, begin)
            for a, b in zip(map(tuple, start.tolist()), map(tuple, stop.tolist()), strict=True):
                following.setdefault(a, []).append(b)
    parts = []
    while following:
        start = point = next(iter(following))
        part = []
        while not part or point != start:
            part.append(point)
            after = following[point]
            point = after.pop()
            if not after:
                del following[part[-1]]
        part = np.array(part)
        steps = part - np.roll(part, 1, axis=0)
        parts.append(part[(steps != np.roll(steps, -1, axis=0)).any(axis=1)])
    return parts
