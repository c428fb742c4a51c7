"""tf.data graphs of functions that say in TensorFlow's own operations what they do."""

import tensorflow as tf

as_written = tf.autograph.experimental.do_not_convert
"""Keeps AutoGraph, which takes seconds a pipeline, from rewriting a function; `tf.cond` is where a tensor decides."""


def mapped(dataset, function, parallel=False):
    """As `dataset.map` of a function `as_written`; `parallel` maps several elements at a time."""
    return dataset.map(as_written(function), tf.data.AUTOTUNE if parallel else None)
