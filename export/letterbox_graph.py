"""As `export.letterbox`, within a graph: pictures of any size in, what is found there back in their own pixels."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from zoo.constants import PADDING

MIDDLE = 127.5


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
        for axis in (0, 1):
            values = linear(values, axis + 1, self.start[axis], self.shown[axis], self.size[axis])
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

    Sizes and rounding are the same; OpenCV mixes bytes in fixed point, so that a pixel may differ by one grey level.

    Args:
        image: `(B, H0, W0, 3)` float32, sides unknown.
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
    scale, last = picture / shown, picture - 1.0

    def bilinear():
        places = [tf.clip_by_value((spots[i] + 0.5) * scale[i] - 0.5, 0.0, last[i]) for i in (0, 1)]
        return read(read(image, 1, places[0]), 2, places[1])

    def area():
        return mean(mean(image, 1, spots[0], scale[0], picture[0]), 2, spots[1], scale[1], picture[1])

    scaled = bilinear() if by_area is None else tf.cond(by_area, area, bilinear)
    rows, columns = (tf.logical_and(spots[i] >= 0.0, spots[i] < shown[i]) for i in (0, 1))
    inside = tf.logical_and(rows[:, None], columns)[None, ..., None]
    framed = tf.where(inside, tf.round(scaled), float(PADDING))
    return tf.ensure_shape(framed, (image.shape[0], *size, 3)), Placement(picture, start, shown)


def read(values, axis, places):
    """Reads one axis of `(B, h, w, C)` at places counted in its pixels, 0 the centre of the first, linearly."""
    low = tf.floor(places)
    shape = [-1 if i == axis else 1 for i in range(4)]
    share, low = tf.reshape(places - low, shape), tf.cast(low, tf.int32)
    high = tf.minimum(low + 1, tf.shape(values)[axis] - 1)
    below, above = tf.gather(values, low, axis=axis), tf.gather(values, high, axis=axis)
    return below + (above - below) * share


def mean(values, axis, spots, scale, length):
    """Takes the means of one axis over areas of `scale` pixels, of which those at `spots (n,)` are wanted.

    The sum up to a place anywhere is read linearly between the sums up to whole pixels. Those of pixels less their
    middle grey stay small: in float32 a mean is right to a tenth of a grey level.
    """
    padding = [[int(i == axis), 0] for i in range(4)]
    sums = tf.pad(tf.cumsum(values - MIDDLE, axis=axis), padding)
    ends = [tf.clip_by_value(spots * scale + more, 0.0, length) for more in (0.0, scale)]
    return (read(sums, axis, ends[1]) - read(sums, axis, ends[0])) / scale + MIDDLE


def linear(values, axis, start, shown, length):
    """Scales the part of an axis of `(B, h, w, C)` from `start` on, `shown` pixels, to `length` of them."""
    places = start + (tf.range(length) + 0.5) * shown / length - 0.5
    return read(values, axis, tf.clip_by_value(places, start, start + shown - 1.0))


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
