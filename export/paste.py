"""Masks of boxes pasted into a picture within a graph: TensorFlow's operators, as `zoo.ops.masks.paste` in NumPy."""

import tensorflow as tf

THRESHOLD = 0.5


def paste(masks, boxes, size):
    """Resamples the masks of boxes into the picture, each read bilinearly at the centres of the picture's pixels.

    Args:
        masks: `(B, K, M, M)` float32, each over its box.
        boxes: `(B, K, 4)` float32 xyxy, pixels; masks of boxes without area are empty.
        size: `(H, W)` of the picture, numbers or a tensor.
    Returns:
        `(B, K, H, W)` uint8, 1 where the probability is 0.5 or more. On the way it takes four bytes a number.
    """
    height, width = tf.unstack(tf.cast(size, tf.int32))
    cells = masks.shape[-1]
    x1, y1, x2, y2 = tf.unstack(boxes, axis=-1)
    down, right = shares(y1, y2, height, cells), shares(x1, x2, width, cells)
    read = tf.matmul(tf.matmul(down, masks), right, transpose_b=True)
    area = tf.logical_and(x2 > x1, y2 > y1)[..., None, None]
    return tf.cast(tf.logical_and(read >= THRESHOLD, area), tf.uint8)


def shares(start, stop, length, cells):
    """Returns by how much each cell of a box counts for each pixel of a side: 0 for all where the box is far.

    Args:
        start: `(B, K)` float32, where the box begins on this side, pixels.
        stop: likewise, where it ends.
        length: pixels of the side.
        cells: cells of a mask on this side.
    Returns:
        `(B, K, length, cells)` float32.
    """
    pixels = tf.cast(tf.range(length), tf.float32) + 0.5
    cell = tf.maximum(stop - start, 1e-6)[..., None] / cells
    places = (pixels - start[..., None]) / cell - 0.5
    return tf.maximum(0.0, 1.0 - tf.abs(places[..., None] - tf.range(cells, dtype=tf.float32)))
