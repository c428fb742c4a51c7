"""Objects that are cut out of one picture by their masks and pasted over another."""

import tensorflow as tf

from recipes.data.objects import OBJECT_KEYS, select
from recipes.data.targets import CROP_SIZE, crop_masks

CHANCE = 0.5
"""Of each object to be pasted: a random subset, as in the paper."""


def copy_paste(example, other, size, seed, visible=0.0):
    """Pastes some objects of another picture, where they are there, over a picture.

    What they cover is no longer part of the picture's own objects: masks lose it, boxes shrink to what is left,
    points there become hidden ones (visibility 1), and an object of which nothing is left is dropped.

    Args:
        example: dict of tensors with "boxes", "labels", "crops", its picture `(H, W, 3)` uint8.
        other: likewise, of the same size.
        size: `(H, W)`, Python integers.
        seed: `(2,)` integers.
        visible: an object of whose mask a smaller share is left is dropped, too, 0 to 1.

    Returns:
        The example, the pasted objects after its own.
    Source: Ghiasi et al. 2021, arXiv:2012.07177, section 3.
    """
    drawn = tf.random.stateless_uniform([tf.shape(other["boxes"])[0]], seed)
    pasted = select(other, drawn < CHANCE)
    cover = tf.reduce_any(in_frame(pasted["crops"], pasted["boxes"], size), axis=0)
    own = less(example, cover, size, visible)
    rows = {key: tf.concat([own[key], pasted[key]], axis=0) for key in OBJECT_KEYS if key in own}
    return {**own, **rows, "image": tf.where(cover[..., None], other["image"], example["image"])}


def in_frame(crops, boxes, size):
    """Draws masks that lie over their boxes into a frame.

    Args:
        crops: `(N, M, M)` uint8.
        boxes: `(N, 4)` float32 xyxy, pixels.
        size: `(H, W)`, Python integers.

    Returns:
        `(N, H, W)` bool, whether the centre of a pixel is in the object.
    """

    def cells(low, high, length):
        share = (tf.range(length, dtype=tf.float32) + 0.5 - low[:, None]) / (high - low)[:, None]
        cells = tf.cast(tf.floor(share * crops.shape[1]), tf.int32)
        return tf.clip_by_value(cells, 0, crops.shape[1] - 1), (share >= 0.0) & (share < 1.0)

    x1, y1, x2, y2 = tf.unstack(boxes, axis=-1)
    (rows, in_rows), (columns, in_columns) = cells(y1, y2, size[0]), cells(x1, x2, size[1])
    read = tf.gather(tf.gather(crops, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)
    return (read > 0) & in_rows[:, :, None] & in_columns[:, None, :]


def less(example, cover, size, visible):
    """Takes what a `(H, W)` bool mask covers away from the objects of an example."""
    whole = in_frame(example["crops"], example["boxes"], size)
    left = whole & ~cover
    before, after = (tf.math.count_nonzero(masks, axis=(1, 2), dtype=tf.int32) for masks in (whole, left))
    touched = after < before
    boxes = tf.where(touched[:, None], extents(left), example["boxes"])
    crops = tf.where(touched[:, None, None], crop_masks(tf.cast(left, tf.uint8), boxes, CROP_SIZE), example["crops"])
    rest = {**example, "boxes": boxes, "crops": crops}
    if "keypoints" in example:
        x, y, visibility = tf.unstack(example["keypoints"], axis=-1)
        places = tf.cast(tf.stack([y, x], axis=-1), tf.int32)
        hidden = tf.gather_nd(cover, tf.clip_by_value(places, 0, tf.constant(size) - 1))
        visibility = tf.where(hidden, tf.minimum(visibility, 1.0), visibility)
        rest["keypoints"] = tf.stack([x, y, visibility], axis=-1)
    share = visible * tf.cast(before, tf.float32)
    return select(rest, ~touched | ((after > 0) & (tf.cast(after, tf.float32) >= share)))


def extents(masks):
    """Returns `(N, 4)` float32 boxes, xyxy, around the pixels of `(N, H, W)` bool masks."""

    def ends(inside):
        first = tf.argmax(inside, axis=1, output_type=tf.int32)
        last = inside.shape[1] - tf.argmax(inside[:, ::-1], axis=1, output_type=tf.int32)
        return first, last

    rows, columns = (tf.cast(tf.reduce_any(masks, axis=axis), tf.int32) for axis in (2, 1))
    (y1, y2), (x1, x2) = ends(rows), ends(columns)
    return tf.cast(tf.stack([x1, y1, x2, y2], axis=-1), tf.float32)
