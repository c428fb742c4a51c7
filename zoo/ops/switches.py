"""2x2 max pooling that remembers where each maximum stood, and the unpooling that puts it back there.

Source: Zeiler & Fergus 2014, arXiv:1311.2901, section 2.1 (switches); Badrinarayanan et al. 2017, arXiv:1511.00561,
section 3 (SegNet). `tf.nn.max_pool_with_argmax` has no TFLite builtin, so the index is found by comparison.
"""

from keras import ops


def max_pool(x):
    """Takes the maximum of each 2x2 window, stride 2, and which of the four pixels it was.

    Args:
        x: `(B, H, W, C)` float. An odd height or width is extended by repeating its last row or column.
    Returns:
        `(pooled, switches)`, both `(B, ceil(H / 2), ceil(W / 2), C)`; switches are int32, `2 * row + column` in the
        window, the first maximum in that order where several are equal.
    """
    x = pad_to_even(x)
    pooled = ops.max_pool(x, 2, strides=2)
    first, second, third, _ = corners(x)
    switches = ops.where(first == pooled, 0, ops.where(second == pooled, 1, ops.where(third == pooled, 2, 3)))
    return pooled, switches


def unpool(x, switches, size):
    """Puts each value back on the pixel its switch names and zero on the other three.

    Args:
        x: `(B, h, w, C)` float.
        switches: `(B, h, w, C)` int32 in 0..3, from `max_pool`.
        size: `(H, W)` pixels of the picture that was pooled; at most `(2 * h, 2 * w)`.
    Returns:
        `(B, H, W, C)`, the dtype of `x`.
    """
    planes = [x * ops.cast(switches == corner, x.dtype) for corner in range(4)]
    return ops.depth_to_space(ops.concatenate(planes, axis=-1), 2)[:, : size[0], : size[1]]


def corners(x):
    """Splits `(B, H, W, C)` of even size into its top left, top right, bottom left, bottom right pixels."""
    return [x[:, row::2, column::2] for row in (0, 1) for column in (0, 1)]


def pad_to_even(x):
    """Repeats the last row or column of `(B, H, W, C)` where height or width is odd."""
    height, width = ops.shape(x)[1:3]
    if isinstance(height, int) and isinstance(width, int) and height % 2 == 0 and width % 2 == 0:
        return x
    return ops.pad(x, [[0, 0], [0, height % 2], [0, width % 2], [0, 0]], mode="symmetric")
