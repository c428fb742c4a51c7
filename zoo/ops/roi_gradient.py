"""RoIAlign's sums and their gradient on TensorFlow, a few regions after the other.

Left to TensorFlow, all cells that are read, and the gradients of all of them, would lie in memory at once: of a
thousand regions with 7x7 bins twice 800 MB. XLA, which compiles JAX's steps, plans its memory itself.
"""

from zoo.ops.roi_taps import grids, weighted_sum


def sums_in_turn(cells, taps, step):
    """Sums up cells for grids of taps, `step` regions of each picture after the other.

    Args:
        cells: `(N, C)` float.
        taps: rows `(B, R, oh, t)` and columns `(B, R, ow, u)` int32, and the weights of both, float32.
        step: regions.
    Returns:
        `(B, R, oh, ow, C)`; gradients reach the cells alone.
    """
    import tensorflow as tf

    batch, count = (size if size is not None else tf.shape(taps[0])[i] for i, size in enumerate(taps[0].shape[:2]))
    rounds = -(-count // step)
    step = -(-count // rounds)  # as many in every round, but for fillers in the last

    def in_rounds(x):
        x = tf.pad(x, [[0, 0], [0, rounds * step - count]] + [[0, 0]] * (len(x.shape) - 2))
        x = tf.reshape(x, (batch, rounds, step, *x.shape[2:]))
        return tf.transpose(x, (1, 0, *range(2, len(x.shape))))

    taps = tuple(in_rounds(x) for x in taps)

    @tf.custom_gradient
    def sums(cells):
        def gradient(given):
            def add(total, taps_and_given):
                *taps, given = taps_and_given
                places, weights = grids(*taps)
                shares = tf.cast(weights, cells.dtype)[..., None] * given[:, :, :, :, None, None]
                shares, places = tf.reshape(shares, (-1, cells.shape[-1])), tf.reshape(places, (-1,))
                return total + tf.math.unsorted_segment_sum(shares, places, tf.shape(cells)[0])

            return tf.foldl(add, (*taps, in_rounds(given)), tf.zeros_like(cells), parallel_iterations=1)

        found = tf.map_fn(
            lambda taps: weighted_sum(cells, *grids(*taps)),
            taps,
            fn_output_signature=cells.dtype,
            parallel_iterations=1,
        )
        found = tf.transpose(found, (1, 0, *range(2, len(found.shape))))
        return tf.reshape(found, (batch, rounds * step, *found.shape[3:]))[:, :count], gradient

    return sums(cells)
