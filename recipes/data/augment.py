"""Random changes to training pictures."""

import math
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from recipes.data import transforms
from zoo.errors import InputError

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
TO_YIQ = np.array([LUMA, [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
LARGEST_HUE_TURN = 0.1
GRID = 3


@dataclass(frozen=True)
class Augment:
    """Flip, scale jitter with crop or padding, elastic deformation, colour: in this order, each if asked for.

    Attributes:
        flip: probability of mirroring left and right.
        vertical_flip: probability of mirroring top and bottom.
        scale: `(low, high)`, as multiples of the scale at which the picture just fits into the frame.
        colour: 0 for none to 1, see `colour`.
        elastic: standard deviation in pixels, see `elastic`; for segmentation only.

    Raises:
        InputError: if a field is outside its range.
    """

    flip: float = 0.5
    vertical_flip: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    colour: float = 0.0
    elastic: float = 0.0

    def __post_init__(self):
        for name in ("flip", "vertical_flip", "colour"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InputError(f"augment.{name} lies between 0 and 1, received {getattr(self, name)}")
        if len(self.scale) != 2 or not 0.0 < self.scale[0] <= self.scale[1]:
            raise InputError(f"augment.scale is (low, high) with 0 < low <= high, received {self.scale}")
        if self.elastic < 0.0:
            raise InputError(f"augment.elastic is 0 or more pixels, received {self.elastic}")

    def __call__(self, example, size, seed, flip_pairs=()):
        """Augments one example.

        Args:
            example: dict of tensors, see `Source.decode`.
            size: `(H, W)` of the result, in pixels.
            seed: `(2,)` integers; the same seed gives the same result.
            flip_pairs: keypoints that change places when mirrored left to right.

        Returns:
            The example, its picture `(H, W, channels)` uint8.

        Raises:
            InputError: if objects are to be deformed elastically.
        """
        if self.elastic and "boxes" in example:
            raise InputError("augment.elastic deforms segmentation only: set augment.elastic=0 for objects")
        seeds = tf.unstack(tf.random.split(tf.cast(seed, tf.int64), 5))
        example = _sometimes(self.flip, lambda x: transforms.flip_horizontal(x, flip_pairs), example, seeds[0])
        example = _sometimes(self.vertical_flip, transforms.flip_vertical, example, seeds[1])
        example = transforms.scale_jitter(example, size, self.scale, seeds[2])
        if self.elastic:
            example = elastic(example, self.elastic, seeds[3])
        if self.colour:
            example = {**example, "image": colour(example["image"], self.colour, seeds[4])}
        return {**example, "image": transforms.to_uint8(example["image"])}


def _sometimes(probability, change, example, seed):
    if probability == 0.0:
        return example
    drawn = tf.random.stateless_uniform([], seed)
    return tf.cond(drawn < probability, lambda: change(example), lambda: dict(example))


def colour(image, strength, seed):
    """Changes brightness, contrast, saturation and hue.

    Each of the four is affine in RGB, so they multiply into one matrix and one offset.

    Args:
        image: `(H, W, 3)`, 0-255.
        strength: brightness, contrast (about the picture's mean) and saturation are multiplied by uniform
            factors in [1 - strength, 1 + strength]; hue turns by up to a tenth of a circle times strength.
        seed: `(2,)` integers.

    Returns:
        `(H, W, 3)` float32, not clipped.
    """
    drawn = tf.random.stateless_uniform([4], seed, -strength, strength)
    brightness, contrast, saturation = tf.unstack(1.0 + drawn[:3])
    angle = 2.0 * math.pi * LARGEST_HUE_TURN * drawn[3]
    cos, sin = tf.cos(angle), tf.sin(angle)
    # Hue turns the plane of I and Q, saturation scales it; Y, the luma, stays.
    chroma = saturation * tf.reshape(tf.stack([cos, -sin, sin, cos]), (2, 2))
    turn = tf.pad(chroma, [(1, 0), (1, 0)]) + tf.constant(np.diag([1.0, 0.0, 0.0]), tf.float32)
    matrix = tf.constant(np.linalg.inv(TO_YIQ), tf.float32) @ turn @ tf.constant(TO_YIQ, tf.float32)
    pixels = tf.reshape(tf.cast(image, tf.float32), (-1, 3))
    mean = tf.tensordot(tf.reduce_mean(pixels, axis=0), tf.constant(LUMA, tf.float32), 1)
    changed = pixels @ (brightness * contrast * tf.transpose(matrix)) + brightness * (1.0 - contrast) * mean
    return tf.reshape(changed, tf.shape(image))


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
    warped = {**example, "image": _sample(example["image"], y, x)}
    if "segmentation" in example:
        nearest = tf.cast(tf.round(y), tf.int32) * width + tf.cast(tf.round(x), tf.int32)
        warped["segmentation"] = tf.gather(tf.reshape(example["segmentation"], [-1]), nearest)
    return warped


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
    return tf.ensure_shape(upper * (1 - down) + lower * down, image.shape)
