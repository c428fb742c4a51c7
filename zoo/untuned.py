"""Batches of arrays for TensorFlow, without the tuner of tf.data, whose thread ends late.

That thread tunes a pipeline at intervals that double from 10 ms. Who drops an iterator waits for it, and it often
misses that it shall end: a step of 5.6 seconds then returns after 10.3, that is after 10 ms (2^10 - 1). Keras's own
batches of arrays are tuned. Seen with TensorFlow 2.21 and Keras 3.15.
"""

import keras
import numpy as np


def batches(x, batch_size):
    """Returns arrays of pictures, alone or in a dict, as a `tf.data.Dataset` of batches; all else as it is.

    Args:
        x: what Keras predicts.
        batch_size: pictures of a batch, 32 if `None`, as Keras has it.
    Returns:
        `(x, batch_size)` for Keras, the latter `None` where the first is a data set.
    """
    arrays = x.values() if isinstance(x, dict) else [x]
    if keras.backend.backend() != "tensorflow" or not all(isinstance(array, np.ndarray) for array in arrays):
        return x, batch_size
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.from_tensor_slices(x).batch(batch_size or 32).with_options(options), None
