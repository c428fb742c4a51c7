"""Multi-scale training: every few batches the pictures come in another size."""

import tensorflow as tf

from recipes.data import transforms
from recipes.data.graph import mapped
from zoo.errors import InputError

BATCHES_A_SIZE = 10
STRIDE = 32


def in_sizes(batches, sizes, seed, step=0):
    """Scales batches to sizes drawn from the seed and the step alone, so that a resumed run sees the same.

    Args:
        batches: `tf.data.Dataset` of `(inputs, targets)` as `pipeline` makes them for objects.
        sizes: tuple of `(height, width)` in pixels.
        seed: integer.
        step: number of the first batch.

    Returns:
        A `tf.data.Dataset` of the same, images `(B, height, width, channels)`, all that is on them in their pixels.
    Source: Redmon & Farhadi 2017, arXiv:1612.08242, section 2, "Multi-Scale Training".
    """

    def scale(step, batch):
        drawn = tf.random.stateless_uniform(
            [], tf.stack([tf.constant(seed, tf.int64), step // BATCHES_A_SIZE]), 0, len(sizes), tf.int32
        )
        return resized(*batch, tf.constant(sizes, tf.int32)[drawn])

    return mapped(batches.enumerate(step), scale, parallel=True)


def resized(inputs, targets, size):
    """Scales a batch of pictures, and what is on them, to another `(height, width)` in pixels."""
    images = inputs["image"] if isinstance(inputs, dict) else inputs
    y, x = tf.unstack(tf.cast(size, tf.float32) / tf.cast(tf.shape(images)[1:3], tf.float32))
    scaled = dict(targets)
    if "boxes" in targets:
        scaled["boxes"] = targets["boxes"] * tf.stack([x, y, x, y])
    if "keypoints" in targets:
        scaled["keypoints"] = targets["keypoints"] * tf.stack([x, y, 1.0])
    images = transforms.to_uint8(tf.image.resize(images, size, antialias=True))
    if isinstance(inputs, dict):
        return {"image": images, "proposals": inputs["proposals"] * tf.stack([x, y, x, y])}, scaled
    return images, scaled


def check_multi_scale(sizes, task, skip, batch_size):
    """Checks the arguments of `pipeline`.

    Raises:
        InputError: if the sizes are none, or do not fit the task and what is skipped.
    """
    fits = all(isinstance(size, tuple | list) and len(size) == 2 for size in sizes)
    if not fits or not all(isinstance(side, int) and side > 0 == side % STRIDE for size in sizes for side in size):
        raise InputError(f"multi_scale takes (height, width) in multiples of {STRIDE}, received {sizes}")
    if task == "segmentation":
        raise InputError("multi_scale scales boxes and keypoints, no label maps: leave it out for segmentation")
    if skip % batch_size:
        raise InputError(f"multi_scale resumes at whole batches of {batch_size}, received skip={skip}")
