"""Resizing within a graph, to the grey level as OpenCV resizes: TensorFlow's operators, all of which ONNX has."""

import tensorflow as tf

ONE = 2048.0
"""What OpenCV makes of a weight of 1 where it mixes bytes."""


def places_of(spots, length, shown):
    """Returns where pixels `(n,)` of a side scaled from `length` to `shown` lie in it; 0 is its first pixel's centre.

    In double precision, as OpenCV has them: a side of thousands of pixels takes all digits of single.
    """
    spots, length, shown = (tf.cast(x, tf.float64) for x in (spots, length, shown))
    return tf.clip_by_value((spots + 0.5) * length / shown - 0.5, tf.zeros_like(length), length - 1.0)


def between(places):
    """Returns the pixels before places, and by how much the ones after them count, float32."""
    low = tf.floor(places)
    return tf.cast(low, tf.int32), tf.cast(places - low, tf.float32)


def scaled(pixels, rows, columns):
    """Reads `(B, h, w, C)` int32 pixels at places of rows and columns, linearly, as OpenCV does with bytes.

    It weighs by 2048ths, and cuts off four bits and sixteen on the way. In exact arithmetic a tenth of the pixels
    would differ by a grey level, and scores by a hundredth.

    Returns:
        `(B, n, m, C)` float32 of whole numbers.
    Source: OpenCV's resize.cpp, `HResizeLinear` and `VResizeLinearVec_32s8u`; measured to be the same.
    """
    (top, down), (left, right) = between(rows), between(columns)
    size = tf.shape(pixels)
    weights = [tf.cast(tf.round(share * ONE), tf.int32) for share in (1.0 - down, down, 1.0 - right, right)]
    both = []
    for row in (top, tf.minimum(top + 1, size[1] - 1)):
        line = tf.gather(pixels, row, axis=1)
        after = tf.gather(line, tf.minimum(left + 1, size[2] - 1), axis=2)
        mixed = tf.gather(line, left, axis=2) * weights[2][:, None] + after * weights[3][:, None]
        weight = weights[len(both)][:, None, None]
        both.append(weight * (mixed // 16) // 65536)
    return tf.cast((both[0] + both[1] + 2) // 4, tf.float32)


def mean(values, axis, spots, length, shown):
    """Takes the means of one axis over the areas that its `shown` pixels cover, of which those at `spots` are wanted.

    The sum up to a place is that up to the pixel before it, from integers or in double precision, and a share of the
    next pixel.

    Returns:
        The means, float32.
    """
    length, scale = tf.cast(length, tf.float64), tf.cast(length, tf.float64) / tf.cast(shown, tf.float64)
    kind = tf.int32 if values.dtype == tf.int32 else tf.float64
    sums = tf.pad(tf.cumsum(tf.cast(values, kind), axis=axis), [[0, 0]] * axis + [[1, 0]] + [[0, 0]] * (3 - axis))
    parts = []
    for more in (0.0, 1.0):
        low, share = between(tf.clip_by_value((tf.cast(spots, tf.float64) + more) * scale, 0.0, length))
        pixel = tf.gather(values, tf.minimum(low, tf.shape(values)[axis] - 1), axis=axis)
        shape = [-1 if i == axis else 1 for i in range(4)]
        parts.append((tf.gather(sums, low, axis=axis), tf.cast(pixel, tf.float32) * tf.reshape(share, shape)))
    (first, before), (last, after) = parts
    return (tf.cast(last - first, tf.float32) + after - before) / tf.cast(scale, tf.float32)


def read(values, axis, places):
    """Reads one axis of `(B, h, w, C)` float32 at places counted in its pixels, linearly."""
    low, share = between(places)
    below, above = (tf.gather(values, at, axis=axis) for at in (low, tf.minimum(low + 1, tf.shape(values)[axis] - 1)))
    return below + (above - below) * tf.reshape(share, [-1 if i == axis else 1 for i in range(4)])
