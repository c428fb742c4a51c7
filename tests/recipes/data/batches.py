"""Reads and compares batches of a pipeline."""

from itertools import islice

import numpy as np
import tensorflow as tf


def first(dataset, count):
    return list(islice(dataset.as_numpy_iterator(), count))


def assert_batches_equal(a, b):
    assert len(a) == len(b)
    for (images, targets), (other_images, other_targets) in zip(a, b, strict=True):
        np.testing.assert_array_equal(images, other_images)
        tf.nest.map_structure(np.testing.assert_array_equal, targets, other_targets)
