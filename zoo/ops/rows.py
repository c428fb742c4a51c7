from keras import ops


def take_rows(values, rows):
    """Picks rows of each picture: `(B, N, D)` and `(B, K)` int32 to `(B, K, D)`, by one gather for all pictures."""
    batch, count, depth = ops.shape(values)
    start = ops.arange(batch, dtype="int32") * count
    flat = ops.take(ops.reshape(values, (-1, depth)), ops.reshape(rows + start[:, None], (-1,)), axis=0)
    return ops.reshape(flat, (-1, ops.shape(rows)[1], depth))
