"""2x2 max pooling that remembers where each maximum stood, and the unpooling that puts it back there.

Source: Zeiler & Fergus 2014, arXiv:1311.2901, section 2.1 (switches); Badrinarayanan et al. 2017, arXiv:1511.00561,
section 3 (SegNet). `tf.nn.max_pool_with_argmax` has no TFLite builtin, so the place is found by comparing. Reshaping
`(B, 2h, 2w, C)` to `(B, h, 2w, 2C)` moves nothing in memory and puts a window's columns side by side in the channels,
its rows in the left and right half of the width: all that follows reads and writes whole runs of memory.
"""

from keras import ops


def max_pool(x):
    """Takes the maximum of each 2x2 window, stride 2, and which of the four pixels it was.

    Args:
        x: `(B, H, W, C)` float. An odd height or width is extended by repeating its last row or column.
    Returns:
        `(pooled, switches)`, both `(B, ceil(H / 2), ceil(W / 2), C)` and of the dtype of `x`; switches are
        `2 * row + column` in the window, of the first maximum in that order where several are equal.
    """
    x = pad_to_even(x)
    _, height, width, channels = ops.shape(x)
    height, width = height // 2, width // 2
    pairs = ops.reshape(x, (-1, height, 2 * width, 2 * channels))
    left, right = pairs[..., :channels], pairs[..., channels:]
    column, larger = ops.cast(right > left, x.dtype), ops.maximum(left, right)
    row = ops.cast(larger[:, :, width:] > larger[:, :, :width], x.dtype)
    above, below = column[:, :, :width], column[:, :, width:]
    return ops.max_pool(x, 2, strides=2), 2 * row + above + row * (below - above)


def unpool(x, switches, size):
    """Puts each value back on the pixel its switch names and zero on the other three.

    Args:
        x: `(B, h, w, C)` float.
        switches: `(B, h, w, C)` whole numbers 0 to 3, from `max_pool`.
        size: `(H, W)` pixels of the picture that was pooled; at most `(2 * h, 2 * w)`.
    Returns:
        `(B, H, W, C)`, the dtype of `x`.
    """
    _, height, width, channels = ops.shape(x)
    corners = [x * ops.cast(ops.equal(switches, corner), x.dtype) for corner in range(4)]
    rows = [ops.concatenate(corners[:2], axis=-1), ops.concatenate(corners[2:], axis=-1)]
    pixels = ops.reshape(ops.concatenate(rows, axis=2), (-1, 2 * height, 2 * width, channels))
    known = all(isinstance(side, int) for side in (height, width, *size))
    return pixels if known and size == (2 * height, 2 * width) else pixels[:, : size[0], : size[1]]


def pad_to_even(x):
    """Repeats the last row or column of `(B, H, W, C)` where height or width is odd."""
    height, width = ops.shape(x)[1:3]
    if isinstance(height, int) and isinstance(width, int) and height % 2 == 0 and width % 2 == 0:
        return x
    return ops.pad(x, [[0, 0], [0, height % 2], [0, width % 2], [0, 0]], mode="symmetric")
