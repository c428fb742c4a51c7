"""As `export.letterbox`, within a graph: pictures of any size in, what is found there back in their own pixels."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from export.resize_graph import mean, places_of, read, scaled
from zoo.constants import PADDING


@dataclass(frozen=True)
class Placement:
    """Where whole pictures lie in the frame they were letterboxed into; float32 tensors, all in pixels.

    Attributes:
        size: `(2,)`, the pictures' height and width.
        start: `(2,)`, first row and column of the picture in the frame.
        shown: `(2,)`, rows and columns it takes there.
    """

    size: Any
    start: Any
    shown: Any

    def to_frame(self, boxes):
        """Brings `(B, P, 4)` xyxy boxes of the picture into the frame; zeros become boxes without area."""
        return boxes * turned(self.shown / self.size, 2) + turned(self.start, 2)

    def points(self, points):
        """Brings `(..., 2)` points x, y, or several in a row, back to the picture, cut at its border."""
        times = points.shape[-1] // 2
        moved = (points - turned(self.start, times)) * turned(self.size / self.shown, times)
        return tf.clip_by_value(moved, 0.0, turned(self.size, times))

    def keypoints(self, keypoints):
        """Brings `(..., 3)` x, y, score back; the score stays."""
        return tf.concat([self.points(keypoints[..., :2]), keypoints[..., 2:]], axis=-1)

    def maps(self, values):
        """Cuts the padding off maps `(B, h, w, C)` of the frame and scales the rest to the picture, bilinearly."""
        for i in (0, 1):
            places = places_of(tf.range(self.size[i]), self.shown[i], self.size[i]) + tf.cast(
                self.start[i], tf.float64
            )
            values = read(values, i + 1, places)
        return values

    def masks(self, masks, boxes):
        """Reads `(B, K, M, M)` masks anew over what the picture leaves of their boxes in the frame, bilinearly."""
        low, high = turned(self.start, 2), turned(self.start + self.shown, 2)
        rest = tf.clip_by_value(boxes, low, high)
        down, right = (
            cut(boxes[..., i], boxes[..., i + 2], rest[..., i], rest[..., i + 2], masks.shape[-1]) for i in (1, 0)
        )
        return tf.matmul(tf.matmul(down, masks), right, transpose_b=True)

    def back(self, predictions):
        """Brings a batch's dict of predictions back to the picture."""
        ways = {
            "logits": lambda x: self.maps(x) if x.shape.rank == 4 else x,
            "boxes": self.points,
            "box": self.points,
            "points": self.points,
            "keypoints": self.keypoints,
        }
        placed = {name: ways.get(name, tf.identity)(values) for name, values in predictions.items()}
        if "masks" in placed:
            placed["masks"] = self.masks(predictions["masks"], predictions["boxes"])
        return placed


def fit(image, size, resizing):
    """Scales whole pictures into a frame and notes how to undo it: `export.letterbox.fit` of a batch.

    Args:
        image: `(B, H0, W0, 3)` float32 of whole numbers, sides unknown.
        size: `(H, W)` of the frame.
        resizing: "letterbox" or "stretch".
    Returns:
        `(B, H, W, 3)` float32 of whole numbers and a `Placement`.
    """
    picture, frame = tf.cast(tf.shape(image)[1:3], tf.float32), tf.constant(size, tf.float32)
    if resizing == "stretch":
        shown, by_area = frame, None
    else:
        shown = tf.clip_by_value(tf.round(picture * tf.reduce_min(frame / picture)), 1.0, frame)
        by_area = tf.reduce_any(2.0 * shown < picture)
    start = tf.math.floordiv(frame - shown + 1.0, 2.0)
    # Beyond the picture the frame reads the picture's border, and is painted over.
    spots = [tf.range(count, dtype=tf.float32) - start[axis] for axis, count in enumerate(size)]
    sides = list(zip(spots, tf.unstack(picture), tf.unstack(shown), strict=True))
    pixels = tf.cast(image, tf.int32)

    def bilinear():
        return scaled(pixels, *(places_of(*side) for side in sides))

    def area():
        return tf.round(mean(mean(pixels, 1, *sides[0]), 2, *sides[1]))

    framed = bilinear() if by_area is None else tf.cond(by_area, area, bilinear)
    rows, columns = (tf.logical_and(spots[i] >= 0.0, spots[i] < shown[i]) for i in (0, 1))
    inside = tf.logical_and(rows[:, None], columns)[None, ..., None]
    framed = tf.where(inside, framed, float(PADDING))
    return tf.ensure_shape(framed, (image.shape[0], *size, 3)), Placement(picture, start, shown)


def cut(start, end, first, last, cells):
    """Returns by how much each cell of a mask counts where its box is cut, on one side.

    Args:
        start: `(B, K)` float32, where the box begins.
        end: likewise, where it ends.
        first: likewise, where what is left of it begins.
        last: likewise, where that ends.
        cells: cells of a mask on this side.
    Returns:
        `(B, K, cells, cells)` float32, those of what is left by those of the whole.
    """
    start, end, first, last = (x[..., None] for x in (start, end, first, last))
    number = tf.range(cells, dtype=tf.float32)
    places = first + (number + 0.5) * (last - first) / cells
    read_at = tf.clip_by_value((places - start) * cells / tf.maximum(end - start, 1e-6) - 0.5, 0.0, cells - 1.0)
    is_cut = tf.logical_and(tf.logical_or(first != start, last != end), end > start)
    return tf.maximum(0.0, 1.0 - tf.abs(tf.where(is_cut, read_at, number)[..., None] - number))


def turned(pair, times):
    """Returns a height and a width as width and height, several times in a row."""
    return tf.tile(pair[::-1], [times])
