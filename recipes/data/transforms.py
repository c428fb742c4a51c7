"""Pure functions on an example: the picture and everything annotated on it move together.

An example is the dict of `Source.decode`. All functions run eagerly and in a tf.data graph; those that draw
random numbers take a stateless seed `(2,)`, so the same seed gives the same result.
"""

from typing import NamedTuple

import tensorflow as tf

from recipes.data.objects import BOX_KEYS, in_frame
from zoo.constants import PADDING, VOID


class Windows(NamedTuple):
    """A part of a picture and the part of a frame it fills, each `(4,)` int32: top, left, height, width."""

    source: tf.Tensor
    target: tf.Tensor


def flip_horizontal(example, pairs=()):
    """Mirrors left and right.

    Args:
        example: dict of tensors.
        pairs: keypoints that change places, e.g. `[(1, 2)]` for the left and the right eye.
    """
    width = tf.cast(tf.shape(example["image"])[1], tf.float32)
    flipped = _reverse(example, axis=1)
    for key in BOX_KEYS:
        if key in example:
            x1, y1, x2, y2 = tf.unstack(example[key], axis=-1)
            flipped[key] = tf.stack([width - x2, y1, width - x1, y2], axis=-1)
    if "keypoints" in example:
        points = example["keypoints"]
        order = list(range(points.shape[1]))
        for a, b in pairs:
            order[a], order[b] = b, a
        x, y, visibility = tf.unstack(tf.gather(points, order, axis=1), axis=-1)
        flipped["keypoints"] = _clear_absent(tf.stack([width - x, y, visibility], axis=-1))
    return flipped


def flip_vertical(example):
    """Mirrors top and bottom."""
    height = tf.cast(tf.shape(example["image"])[0], tf.float32)
    flipped = _reverse(example, axis=0)
    for key in BOX_KEYS:
        if key in example:
            x1, y1, x2, y2 = tf.unstack(example[key], axis=-1)
            flipped[key] = tf.stack([x1, height - y2, x2, height - y1], axis=-1)
    if "keypoints" in example:
        x, y, visibility = tf.unstack(example["keypoints"], axis=-1)
        flipped["keypoints"] = _clear_absent(tf.stack([x, height - y, visibility], axis=-1))
    return flipped


def letterbox(example, size):
    """Scales the whole picture into a frame, keeping its aspect, centred on grey (labels: on void).

    Args:
        example: dict of tensors.
        size: `(H, W)` in pixels.

    Returns:
        The example, its picture `(H, W, channels)` uint8.
    """
    placed = place(example, letterbox_windows(tf.shape(example["image"])[:2], size), size)
    return {**placed, "image": to_uint8(placed["image"])}


def letterbox_windows(picture_size, size):
    """Returns the `Windows` of `letterbox`: the whole picture, and where it lies in the frame."""
    return zoom_windows(picture_size, size, 1.0, (0.5, 0.5))


def stretch(example, size):
    """Scales the whole picture to a frame of perhaps another aspect; as `letterbox`."""
    windows = zoom_windows(tf.shape(example["image"])[:2], size, 1.0, (0.5, 0.5), resizing="stretch")
    placed = place(example, windows, size)
    return {**placed, "image": to_uint8(placed["image"])}


RESIZING = {"letterbox": letterbox, "stretch": stretch}


def scale_jitter(example, size, scale, seed, aspect=0.0, resizing="letterbox", visible=0.0):
    """Letterboxes or stretches at a random scale and place: a larger picture is cropped, a smaller one padded.

    Args:
        example: dict of tensors.
        size: `(H, W)` in pixels.
        scale: `(low, high)`, as multiples of the scale at which the picture just fits into the frame.
        seed: `(2,)` integers.
        aspect: largest share, below 1, by which width and height are each made larger or smaller beforehand.
        resizing: "letterbox" or "stretch".
        visible: see `place`.

    Returns:
        The example, its picture `(H, W, channels)` float32, 0-255.
    """
    drawn = tf.random.stateless_uniform([5], seed)
    factor = scale[0] + drawn[0] * (scale[1] - scale[0])
    sides = 1.0 + aspect * (2.0 * drawn[3:] - 1.0)
    windows = zoom_windows(tf.shape(example["image"])[:2], size, factor, drawn[1:3], sides, resizing)
    return place(example, windows, size, visible)


def zoom_windows(picture_size, size, scale, at, sides=(1.0, 1.0), resizing="letterbox"):
    """Finds the part of the picture that a frame shows.

    Args:
        picture_size: `(2,)` height and width of the picture.
        size: `(H, W)` of the frame.
        scale: 1 lets the picture just fit into the frame, or fill it; scalar.
        at: `(y, x)` in [0, 1), where the shown part lies in the picture, or the picture in the frame.
        sides: factors of the picture's height and width, applied before it is fitted into the frame.
        resizing: "letterbox", or "stretch" for a frame that is filled first and `sides` applied then.

    Returns:
        `Windows`.
    """
    picture_size = tf.cast(picture_size, tf.float32)
    frame = tf.constant(size, tf.float32)
    if resizing == "stretch":
        fitting = frame / picture_size
    else:
        fitting = tf.reduce_min(frame / (picture_size * sides))
    factor = fitting * scale * sides
    shown = tf.clip_by_value(tf.round(frame / factor), 1.0, picture_size)
    filled = tf.clip_by_value(tf.round(picture_size * factor), 1.0, frame)
    at = tf.cast(at, tf.float32)
    start, target = (tf.floor(at * (room + 1.0)) for room in (picture_size - shown, frame - filled))
    return Windows(tf.cast(tf.concat([start, shown], 0), tf.int32), tf.cast(tf.concat([target, filled], 0), tf.int32))


def crop(example, top, left, height, width):
    """Cuts a window out of the example; what of it lies outside the picture is padded.

    Boxes are clipped and lost objects dropped, points outside get visibility 0 (see `place`).

    Args:
        example: dict of tensors.
        top: first row of the window, may be negative.
        left: first column, may be negative.
        height: rows, a Python integer.
        width: columns, a Python integer.
    """
    picture = tf.shape(example["image"])[:2]
    corner, size = tf.stack([top, left]), tf.constant([height, width])
    start = tf.clip_by_value(corner, 0, picture)
    length = tf.maximum(tf.clip_by_value(corner + size, 0, picture) - start, 0)
    windows = Windows(tf.concat([start, length], 0), tf.concat([start - corner, length], 0))
    placed = place(example, windows, (height, width))
    return {**placed, "image": to_uint8(placed["image"])}


def place(example, windows, size, visible=0.0):
    """Cuts the source window, scales it to the target window and pads to the frame.

    Pictures are scaled bilinearly (by mean over areas below half size), label maps and masks by nearest
    neighbour. Boxes are clipped to the frame, and an object of which less than a pixel's width or height
    remains is dropped from all targets; a proposal becomes zeros. Points outside the frame get visibility 0.

    Args:
        example: dict of tensors.
        windows: `Windows`.
        size: `(H, W)` of the frame, Python integers.
        visible: an object of whose box a smaller share remains is dropped, too, 0 to 1.

    Returns:
        The example, its picture `(H, W, channels)` float32, 0-255.
    """
    placed = {**example, "image": _place_picture(example["image"], windows, size)}
    if "segmentation" in example:
        placed["segmentation"] = _place_labels(example["segmentation"][None], windows, size, VOID)[0]
    if "masks" in example:
        placed["masks"] = _place_labels(example["masks"], windows, size, 0)
    scale, shift = _affine(windows)
    frame = tf.constant([size[1], size[0]], tf.float32)
    if "keypoints" in example:
        points = example["keypoints"]
        placed["keypoints"] = seen_within(points[..., :2] * scale + shift, points[..., 2:], frame)
    if "areas" in example:
        placed["areas"] = example["areas"] * tf.reduce_prod(scale)
    for key in BOX_KEYS:
        if key in example:
            placed[key] = example[key] * tf.tile(scale, [2]) + tf.tile(shift, [2])
    return in_frame(placed, frame, visible)


def seen_within(xy, visibility, frame):
    """Joins points of which those outside a frame get visibility 0, and with it the coordinates (0, 0).

    Args:
        xy: `(..., 2)` float32, pixels.
        visibility: `(..., 1)` float32.
        frame: `(2,)` width and height, pixels.

    Returns:
        `(..., 3)` float32 x, y, visibility.
    """
    inside = tf.reduce_all((xy >= 0.0) & (xy < frame), axis=-1, keepdims=True)
    return _clear_absent(tf.concat([xy, tf.where(inside, visibility, 0.0)], axis=-1))


def to_uint8(image):
    """Rounds float pixels to uint8, 0-255."""
    if image.dtype == tf.uint8:
        return image
    return tf.cast(tf.clip_by_value(image + 0.5, 0.0, 255.0), tf.uint8)


def to_channels(image, channels):
    """Turns RGB `(H, W, 3)` into `channels` of 3 (as it is) or 1 (grey, ITU-R BT.601 luma), uint8."""
    if channels == 3:
        return image
    # In integers, so that equal channels give exactly their value.
    red, green, blue = tf.unstack(tf.cast(image, tf.int32), axis=-1)
    grey = (299 * red + 587 * green + 114 * blue + 500) // 1000
    return tf.cast(grey[..., None], tf.uint8)


def _reverse(example, axis):
    flipped = {**example, "image": tf.reverse(example["image"], [axis])}
    if "segmentation" in example:
        flipped["segmentation"] = tf.reverse(example["segmentation"], [axis])
    if "masks" in example:
        flipped["masks"] = tf.reverse(example["masks"], [axis + 1])
    if "crops" in example:
        flipped["crops"] = tf.reverse(example["crops"], [axis + 1])
    return flipped


def _clear_absent(points):
    """Gives points of visibility 0 the coordinates (0, 0)."""
    return tf.where(points[..., 2:] > 0.0, points, 0.0)


def _affine(windows):
    """Returns scale and shift, each `(2,)` as x, y, that take picture coordinates to the frame's."""
    source, target = (tf.cast(window, tf.float32) for window in windows)
    scale = tf.math.divide_no_nan(target[2:], source[2:])
    return scale[::-1], (target[:2] - source[:2] * scale)[::-1]


def _place_picture(image, windows, size):
    top, left, height, width = tf.unstack(windows.source)
    target = windows.target
    part = image[top : top + height, left : left + width]
    # Bilinear scaling reads 2x2 pixels, so below half size it would skip some.
    part = tf.cond(
        tf.reduce_any(target[2:] * 2 < windows.source[2:]),
        lambda: tf.image.resize(part, target[2:], "area"),
        lambda: tf.image.resize(part, target[2:], "bilinear"),
    )
    part = tf.pad(part, [*_margins(target, size), (0, 0)], constant_values=PADDING)
    return tf.ensure_shape(part, (*size, image.shape[-1]))


def _place_labels(maps, windows, size, padding):
    """Places `(N, H, W)` integer maps by nearest neighbour."""
    rows, columns = (_nearest(windows, axis) for axis in (0, 1))
    width = tf.shape(maps)[2]
    # One gather on flattened maps is several times faster than one an axis.
    flat = tf.reshape(maps, (tf.shape(maps)[0], -1))
    part = tf.gather(flat, rows[:, None] * width + columns, axis=1)
    part = tf.pad(part, [(0, 0), *_margins(windows.target, size)], constant_values=padding)
    return tf.ensure_shape(part, (maps.shape[0], *size))


def _nearest(windows, axis):
    """Returns the source index under the centre of each target pixel."""
    start, length, filled = windows.source[axis], windows.source[axis + 2], windows.target[axis + 2]
    return start + ((2 * tf.range(filled) + 1) * length) // (2 * filled)


def _margins(target, size):
    top, left, height, width = tf.unstack(target)
    return (top, size[0] - top - height), (left, size[1] - left - width)
