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
