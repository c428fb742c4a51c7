"""The objects of an example: rows of boxes, labels and more that are chosen and dropped together."""

import numpy as np
import tensorflow as tf

OBJECT_KEYS = (
    "boxes",
    "labels",
    "masks",
    "crops",
    "runs",
    "outlines",
    "keypoints",
    "ignored",
    "crowds",
    "areas",
    "rows",
)
BOX_KEYS = ("boxes", "proposals")
SLACK = 1.0


def select(example, kept):
    """Keeps some objects of an example.

    Args:
        example: dict of tensors, see `Source.decode`.
        kept: `(N,)` bool.

    Returns:
        The example, every target of objects with the kept rows only.
    """
    rows = tf.where(kept)[:, 0]
    return {**example, **{key: tf.gather(example[key], rows) for key in OBJECT_KEYS if key in example}}


def in_frame(example, frame, visible=0.0):
    """Clips boxes and proposals to a frame; what is then narrower or lower than a pixel is lost.

    A lost object is dropped from all targets. A lost proposal becomes zeros, so that the others keep their rows.

    Args:
        example: dict of tensors.
        frame: `(2,)` width and height, pixels.
        visible: an object of whose box a smaller share remains is lost, too, 0 to 1.
    """
    clipped, wide = dict(example), {}
    for key in BOX_KEYS:
        if key in example:
            corners = tf.clip_by_value(tf.reshape(example[key], (-1, 2, 2)), 0.0, frame)
            clipped[key] = tf.reshape(corners, (-1, 4))
            wide[key] = tf.reduce_all(corners[:, 1] - corners[:, 0] >= 1.0, axis=-1)
    if "proposals" in wide:
        clipped["proposals"] = tf.where(wide["proposals"][:, None], clipped["proposals"], 0.0)
    if "boxes" not in wide:
        return clipped
    if "crops" in example:
        clipped["crops"] = read_again(example["crops"], example["boxes"], clipped["boxes"])
    seen = area(clipped["boxes"]) >= visible * area(example["boxes"]) if visible else True
    return select(clipped, wide["boxes"] & seen)


def read_again(crops, boxes, parts):
    """Reads masks over boxes anew, over a part of each.

    Args:
        crops: `(N, M, M)` uint8, each over its box.
        boxes: `(N, 4)` float32 xyxy, pixels.
        parts: `(N, 4)`, likewise.

    Returns:
        `(N, M, M)` uint8, each over its part; the value of the nearest cell.
    """
    size = crops.shape[1]
    centres = (tf.range(size, dtype=tf.float32) + 0.5) / size

    def places(side):
        low, high = boxes[:, side, None], boxes[:, side + 2, None]
        at = parts[:, side, None] + centres * (parts[:, side + 2, None] - parts[:, side, None])
        share = tf.math.divide_no_nan(at - low, high - low)
        return tf.clip_by_value(tf.cast(share * size, tf.int32), 0, size - 1)

    def read():
        rows = tf.gather(crops, places(1), axis=1, batch_dims=1)
        return tf.gather(rows, places(0), axis=2, batch_dims=1)

    return tf.cond(tf.reduce_all(boxes == parts), lambda: crops, read)


def area(boxes):
    """Returns `(N,)` areas of `(N, 4)` boxes, square pixels."""
    return tf.reduce_prod(boxes[:, 2:] - boxes[:, :2], axis=-1)


def within_picture(example):
    """Clips boxes to the picture and drops the objects that then have no area."""
    height, width = tf.unstack(tf.cast(tf.shape(example["image"])[:2], tf.float32))
    boxes = tf.clip_by_value(example["boxes"], 0.0, tf.stack([width, height, width, height]))
    kept = tf.reduce_all(boxes[:, 2:] > boxes[:, :2], axis=-1)
    return select({**example, "boxes": boxes}, kept)


IN_PIXELS = "boxes are in pixels, not in shares of the picture"


def are_shares(sides):
    """Says whether the sides of a box, x1, y1, x2, y2, can but be shares of the picture: it fits into one pixel."""
    x1, y1, x2, y2 = sides
    return 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1 and sides != [0, 0, 1, 1]


def box_warning(boxes, picture_size):
    """Says what `within_picture` changes.

    Args:
        boxes: `(N, 4)` xyxy, pixels, as annotated.
        picture_size: `(height, width)` in pixels.

    Returns:
        One line that names the boxes by their place, from 0, or `None`. A pixel over the border is not worth a
        word: rounding and tools that count from 0 make it.
    """
    height, width = picture_size
    frame = np.array([width, height, width, height], np.float32)
    notes = []
    for number, box in enumerate(np.asarray(boxes)):
        x1, y1, x2, y2 = np.clip(box, 0.0, frame)
        where = f"box {number} ({', '.join(f'{side:g}' for side in box.tolist())})"
        if box[2] <= box[0] or box[3] <= box[1]:
            notes.append(f"{where} has no area: left out")
        elif x2 <= x1 or y2 <= y1:
            notes.append(f"{where} lies outside the {width}x{height} picture: left out")
        elif np.any(box < -SLACK) or np.any(box > frame + SLACK):
            notes.append(f"{where} reaches out of the {width}x{height} picture: clipped")
    return "; ".join(notes) or None


def largest_object(example):
    """Picks the object with the largest box.

    Args:
        example: dict with "boxes", "labels" and perhaps "keypoints".

    Returns:
        Dict of the same targets without the dimension of objects; without objects zeros and the label -1.
    """
    boxes = example["boxes"]
    areas = area(boxes)
    # A row of nothing after the last object: the largest where there is no other.
    largest = tf.argmax(tf.concat([areas, [0.0]], axis=0))
    picked = {}
    for key in ("boxes", "labels", "keypoints"):
        if key in example:
            paddings = [(0, 1)] + [(0, 0)] * (example[key].shape.rank - 1)
            picked[key] = tf.pad(example[key], paddings, constant_values=-1 if key == "labels" else 0)[largest]
    return picked
