"""Max pooling that rounds sizes up, as Caffe's always does and PyTorch's with `ceil_mode`."""

from keras import layers


def ceil_pool(x, size, *, name):
    """Adds max pooling of stride 2 whose last window may stand out of the map by one cell.

    Args:
        x: `(B, H, W, C)`; for windows of 3 no value is below 0, as after a ReLU.
        size: cells a side of the window, 2 or 3.
        name: of the layer.
    Returns:
        `(B, h, w, C)`, `h = ceil((H - size) / 2) + 1`.
    """
    if size == 2:
        return layers.MaxPooling2D(2, padding="same", name=name)(x)
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_pad")(x)  # Keras's "same" also pads top and left
    return layers.MaxPooling2D(3, 2, name=name)(x)
