"""Loops whose rounds take turns, so that what one needs is free before the next begins.

TensorFlow runs ten rounds of a loop at once unless it is told otherwise, which Keras has no word for.
"""

import keras
from keras import ops


def in_turn(function, elements, dtype):
    """Calls a function of the elements of a tuple of tensors `(n, ...)`; returns its results, of a dtype, stacked."""
    if keras.backend.backend() != "tensorflow":
        return ops.map(function, elements)
    import tensorflow as tf

    return tf.map_fn(function, elements, fn_output_signature=dtype, parallel_iterations=1)


def sum_in_turn(function, elements, zeros):
    """As `in_turn`, returns the sum of the results, tensors of the shape of `zeros`."""

    def add(total, element):
        return total + function(element)

    if keras.backend.backend() != "tensorflow":
        return ops.scan(lambda total, element: (add(total, element), None), zeros, elements)[0]
    import tensorflow as tf

    return tf.foldl(add, elements, initializer=zeros, parallel_iterations=1)
