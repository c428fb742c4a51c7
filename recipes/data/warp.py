"""Deformations of a whole picture: each pixel is read from another place."""

import math

import tensorflow as tf

from recipes.data import transforms
from recipes.data.objects import BOX_KEYS, in_frame
from zoo.constants import PADDING

GRID = 3


def elastic(example, sigma, seed):
    """Deforms picture and segmentation smoothly, as seen through uneven glass.

    Displacements are drawn from a Gaussian on a coarse 3x3 grid and interpolated bicubically; what would come
    from outside is mirrored at the border.

    Args:
        example: dict of tensors, without objects.
        sigma: standard deviation of the displacements, in pixels.
        seed: `(2,)` integers.

    Returns:
        The example, its picture `(H, W, channels)` float32, 0-255.
    Source: Ronneberger et al. 2015, arXiv:1505.04597, section 3.1.
    """
    height, width = tf.unstack(tf.shape(example["image"])[:2])
    grid = tf.random.stateless_normal([GRID, GRID, 2], seed, stddev=sigma)
    moved = tf.image.resize(grid, (height, width), "bicubic")
    y = _mirror(tf.cast(tf.range(height), tf.float32)[:, None] + moved[..., 0], height)
    x = _mirror(tf.cast(tf.range(width), tf.float32) + moved[..., 1], width)
    warped = {**example, "image": tf.ensure_shape(_sample(example["image"], y, x), example["image"].shape)}
    if "segmentation" in example:
        nearest = tf.cast(tf.round(y), tf.int32) * width + tf.cast(tf.round(x), tf.int32)
        warped["segmentation"] = tf.gather(tf.reshape(example["segmentation"], [-1]), nearest)
    return warped


def rotate(example, degrees):
    """Turns picture, boxes, proposals and keypoints about the picture's centre; what comes from outside is grey.

    A box becomes the one around its turned corners, clipped to the picture; objects of which less than a pixel's
    width or height remains are dropped, such proposals become zeros, points that leave the picture get visibility 0.

    Args:
        example: dict of tensors, without segmentation and masks.
        degrees: angle, clockwise as one sees the picture; scalar.

    Returns:
        The example, its picture `(H, W, channels)` float32, 0-255.
    """
    image = example["image"]
    frame = tf.cast(tf.shape(image)[1::-1], tf.float32)  # width, height
    angle = tf.cast(degrees, tf.float32) * (math.pi / 180.0)
    cos, sin = tf.cos(angle), tf.sin(angle)

    def turn(xy, sin):
        dx, dy = tf.unstack(xy - frame / 2.0, axis=-1)
        return tf.stack([cos * dx - sin * dy, sin * dx + cos * dy], axis=-1) + frame / 2.0

    centres = tf.stack(tf.meshgrid(tf.range(frame[0]), tf.range(frame[1])), axis=-1) + 0.5
    x, y = tf.unstack(turn(centres, -sin) - 0.5, axis=-1)
    turned = {**example, "image": tf.ensure_shape(_sample_within(image, y, x), image.shape)}
    if "keypoints" in example:
        points = example["keypoints"]
        turned["keypoints"] = transforms.seen_within(turn(points[..., :2], sin), points[..., 2:], frame)
    for key in BOX_KEYS:
        if key in example:
            x1, y1, x2, y2 = tf.unstack(example[key], axis=-1)
            corners = turn(tf.stack([tf.stack([x1, x2, x2, x1], 1), tf.stack([y1, y1, y2, y2], 1)], axis=-1), sin)
            turned[key] = tf.concat([tf.reduce_min(corners, axis=1), tf.reduce_max(corners, axis=1)], axis=-1)
    return in_frame(turned, frame)


def _sample_within(image, y, x):
    """As `_sample`, grey where the place is outside the picture."""
    padded = tf.pad(image, [(1, 1), (1, 1), (0, 0)], constant_values=PADDING)
    height, width = tf.unstack(tf.cast(tf.shape(image)[:2], tf.float32))
    y, x = tf.clip_by_value(y + 1.0, 0.0, height + 1.0), tf.clip_by_value(x + 1.0, 0.0, width + 1.0)
    return _sample(padded, y, x)


def _mirror(coordinates, length):
    """Reflects coordinates into [0, length - 1]."""
    last = tf.cast(length - 1, tf.float32)
    return last - tf.abs(last - tf.math.floormod(coordinates, tf.maximum(2.0 * last, 1.0)))


def _sample(image, y, x):
    """Reads `(H, W, channels)` pixels at fractional places `(H, W)`, bilinearly."""
    height, width, channels = tf.unstack(tf.shape(image))
    pixels = tf.reshape(tf.cast(image, tf.float32), (-1, channels))
    top, left = tf.floor(y), tf.floor(x)
    down, right = (y - top)[..., None], (x - left)[..., None]
    top, left = tf.cast(top, tf.int32), tf.cast(left, tf.int32)
    bottom, end = tf.minimum(top + 1, height - 1), tf.minimum(left + 1, width - 1)
    upper = tf.gather(pixels, top * width + left) * (1 - right) + tf.gather(pixels, top * width + end) * right
    lower = tf.gather(pixels, bottom * width + left) * (1 - right) + tf.gather(pixels, bottom * width + end) * right
    return upper * (1 - down) + lower * down
