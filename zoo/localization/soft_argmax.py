import numpy as np
from keras import layers, ops

from zoo.layers import register


@register
class SoftArgmax(layers.Layer):
    """`(B, h, w, K)` maps to the place of each map's mass `(B, K, 2)`: x, y as shares of the picture.

    The softmax of a map over its cells weights the cells' centres; unlike the argmax it has a gradient and resolves
    parts of a cell.

    Source: Sun et al. 2018, "Integral Human Pose Regression", arXiv:1711.08229, equation 2.
    """

    def call(self, maps):
        """Returns `(B, K, 2)`."""
        height, width, count = maps.shape[1:]
        # Cells last: that is where TFLite's softmax works.
        maps = ops.transpose(ops.reshape(maps, (-1, height * width, count)), (0, 2, 1))
        return ops.matmul(ops.softmax(maps), ops.convert_to_tensor(centres(height, width), maps.dtype))

    def compute_output_shape(self, input_shape):
        """Returns `(B, K, 2)`."""
        return (input_shape[0], input_shape[3], 2)


def centres(height, width):
    """Returns the `(height * width, 2)` centres of the cells, x, y as shares of the picture, row by row."""
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    return np.stack([x.ravel(), y.ravel()], axis=-1).astype("float32")


@register
class SoftPooling(layers.Layer):
    """`[features (B, h, w, C), map (B, h, w, 1)]` to the features where the map's mass is, `(B, C)`.

    The softmax of the map over the cells weights the cells, as in `SoftArgmax`.
    """

    def call(self, inputs):
        """Returns `(B, C)`."""
        features, heat = inputs
        height, width, channels = features.shape[1:]
        weights = ops.softmax(ops.reshape(heat, (-1, 1, height * width)))
        return ops.reshape(ops.matmul(weights, ops.reshape(features, (-1, height * width, channels))), (-1, channels))

    def compute_output_shape(self, input_shape):
        """Returns `(B, C)`."""
        features, _ = input_shape
        return (features[0], features[3])
