"""Rows of a batch's pictures: picked by their places, and found by their numbers."""

from keras import ops

LOWEST = -1e30  # of the numbers that fill up, below whatever a network says


def take_rows(values, rows):
    """Picks rows of each picture: `(B, N, D)` and `(B, K)` int32 to `(B, K, D)`, by one gather for all pictures."""
    batch, count, depth = ops.shape(values)
    start = ops.arange(batch, dtype="int32") * count
    flat = ops.take(ops.reshape(values, (-1, depth)), ops.reshape(rows + start[:, None], (-1,)), axis=0)
    return ops.reshape(flat, (-1, ops.shape(rows)[1], depth))


def top_rows(values, count):
    """Finds the largest numbers of each picture.

    Args:
        values: `(B, N)` float32.
        count: K, how many at most.
    Returns:
        `(values (B, K) falling, rows (B, K) int32)`, of equal ones the first first. Where N is known and smaller, K
        is N; where it is not known before the call, what is missing is `LOWEST`.
    """
    known = values.shape[1]
    if known is not None:
        values, rows = ops.top_k(values, min(count, known))
        return values, ops.cast(rows, "int32")
    present = ops.shape(values)[1]
    filled = ops.pad(values, [[0, 0], [0, ops.maximum(count - present, 0)]], constant_values=LOWEST)
    values, rows = ops.top_k(filled, count)
    return values, ops.minimum(ops.cast(rows, "int32"), present - 1)
