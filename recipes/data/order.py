"""In which order training sees a source: a function of the step, not a buffer, so that it costs no memory."""

import numpy as np
import tensorflow as tf

from recipes.data.graph import as_written, mapped

BUFFER = 4096  # records; of sources that can only be read from their beginning


def places(count, seed, skip=0, num_shards=1, shard_index=0):
    """Numbers the examples of an endless stream, in which each epoch has an order of its own.

    Args:
        count: number of a source's records.
        seed: integer.
        skip: how many examples of this shard to leave out, at no cost.
        num_shards: workers that share the one order of all.
        shard_index: which of them this is, from 0: its are every `num_shards`-th.

    Returns:
        A `tf.data.Dataset` of `(number in the stream of all shards, place of the record)`, both int64.
    """

    def place(own):
        number = own * num_shards + shard_index
        seeds = tf.stack([tf.constant(seed, tf.int64), number // count])
        last = tf.constant(count - 1, tf.int64)
        return number, tf.random.experimental.index_shuffle(number % count, seeds, last)

    return mapped(tf.data.Dataset.counter(skip, dtype=tf.int64), place)


def buffered(dataset, count, seed, skip):
    """Does the same for records that come in their order only, by a buffer of `BUFFER` of them.

    Args:
        dataset: `tf.data.Dataset` of `count` elements.
        count: its length.
        seed: integer.
        skip: how many elements of the stream to leave out; whole epochs cost nothing.

    Returns:
        A `tf.data.Dataset` of `(number in the stream, element)`, the same on every iteration.
    """
    epoch, offset = divmod(skip, count)

    def shuffled(epoch):
        # Of this function's graph only: the order must not hang on the program's global seed.
        tf.random.set_seed(1)
        order = tf.random.stateless_uniform([], tf.stack([seed, epoch]), None, None, tf.int64)
        return dataset.shuffle(min(count, BUFFER), seed=order, reshuffle_each_iteration=False)

    epochs = tf.data.Dataset.counter(epoch, dtype=tf.int64).flat_map(as_written(shuffled))
    return epochs.enumerate(epoch * count).skip(offset)


class Kept:
    """Examples that stay in memory once they are made, by their place in the source.

    Args:
        spec: dict of the `tf.TensorSpec` of an example.
    """

    def __init__(self, spec):
        self.spec, self.examples = spec, {}

    def example(self, place, make):
        """Returns the example of a place, in a tf.data graph: what `make()` returns, the first time."""
        kinds = [tf.bool, *(spec.dtype for spec in self.spec.values())]
        known, *values = tf.numpy_function(self._look, [place], kinds)

        def first():
            made = [tf.convert_to_tensor(value) for value in make().values()]
            return tf.numpy_function(self._keep, [place, *made], kinds[1:])

        values = tf.cond(known, lambda: values, first)
        pairs = zip(self.spec.items(), values, strict=True)
        return {key: tf.ensure_shape(value, spec.shape) for (key, spec), value in pairs}

    def _look(self, place):
        found = self.examples.get(int(place))
        nothing = (np.zeros([0] * spec.shape.rank, spec.dtype.as_numpy_dtype) for spec in self.spec.values())
        return (np.bool_(found is not None), *(found or nothing))

    def _keep(self, place, *values):
        self.examples[int(place)] = [np.array(value) for value in values]
        return self.examples[int(place)]
