"""Batches of arrays for TensorFlow, without the tuner of tf.data, whose thread ends late.

That thread tunes a pipeline at intervals that double from 10 ms. Who drops an iterator waits for it, and it often
misses that it shall end: a step of 5.6 seconds then returns after 10.3, that is after 10 ms (2^10 - 1). Keras's own
batches of arrays are tuned. Seen with TensorFlow 2.21 and Keras 3.15.
"""

import math

import keras
import numpy as np

USUAL = 32
"""Pictures of a batch where nobody says how many, as Keras has it."""


def batches(x, batch_size, steps=None):
    """Returns arrays, alone or in dicts and lists of inputs, as a `tf.data.Dataset` of batches; all else as it is.

    Args:
        x: what Keras predicts.
        batch_size: pictures of a batch; `None` for all in so many `steps`, and without these for `USUAL`.
        steps: how many batches are predicted, `None` for all.
    Returns:
        `(x, batch_size)` for Keras, the latter `None` where the first is a data set.
    """
    arrays = keras.tree.flatten(x)
    if keras.backend.backend() != "tensorflow" or not all(isinstance(array, np.ndarray) for array in arrays):
        return x, batch_size
    import tensorflow as tf

    batch_size = batch_size or (math.ceil(len(arrays[0]) / steps) if steps else USUAL)
    options = tf.data.Options()
    options.autotune.enabled = False
    inputs = (keras.tree.lists_to_tuples(x),)  # alone in a tuple, or Keras took the second of a list for targets
    return tf.data.Dataset.from_tensor_slices(inputs).batch(batch_size).with_options(options), None
