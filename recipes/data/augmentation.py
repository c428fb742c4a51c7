"""Random changes to training pictures, as an `Augment` says."""

import math

import numpy as np
import tensorflow as tf

from recipes.data import transforms
from recipes.data.objects import BOX_KEYS
from recipes.data.warp import elastic, rotate
from zoo.errors import InputError

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
TO_YIQ = np.array([LUMA, [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
LARGEST_HUE_TURN = 0.1


def augment(example, changes, size, seed, flip_pairs=(), resizing="letterbox"):
    """Augments one example.

    Args:
        example: dict of tensors, see `Source.decode`.
        changes: `Augment`.
        size: `(H, W)` of the result, in pixels.
        seed: `(2,)` integers; the same seed gives the same result.
        flip_pairs: keypoints that change places when mirrored left to right.
        resizing: "letterbox" or "stretch", what `changes.scale` of 1 is.

    Returns:
        The example, its picture `(H, W, channels)` uint8.

    Raises:
        InputError: if objects are to be deformed elastically, or label maps or masks to be rotated.
    """
    if changes.elastic and any(key in example for key in BOX_KEYS):
        raise InputError("augment.elastic deforms segmentation only: set augment.elastic=0 for objects")
    if changes.rotate and ("segmentation" in example or "masks" in example):
        raise InputError("augment.rotate turns boxes and keypoints only: set augment.rotate=0 for label maps")
    seeds = tf.unstack(tf.random.split(tf.cast(seed, tf.int64), 6))
    example = sometimes(changes.flip, lambda x: transforms.flip_horizontal(x, flip_pairs), example, seeds[0])
    example = sometimes(changes.vertical_flip, transforms.flip_vertical, example, seeds[1])
    if changes.rotate:
        example = rotate(example, tf.random.stateless_uniform([], seeds[5], -changes.rotate, changes.rotate))
    example = transforms.scale_jitter(
        example, size, changes.scale, seeds[2], changes.aspect, resizing, changes.visible
    )
    if changes.elastic:
        example = elastic(example, changes.elastic, seeds[3])
    if changes.colour:
        example = {**example, "image": colour(example["image"], changes.colour, seeds[4])}
    return {**example, "image": transforms.to_uint8(example["image"])}


def sometimes(probability, change, example, seed):
    """Returns `change(example)` with a probability, drawn from a seed, else the example."""
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
