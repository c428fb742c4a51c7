"""The feature pyramid (Lin et al. 2017, arXiv:1612.03144, section 3), as in torchvision."""

from collections.abc import Sequence

import keras
from keras import layers, ops


def fpn(maps: Sequence, *, channels: int = 256, name: str = "fpn") -> list:
    """Adds a pyramid to a backbone's feature maps.

    Args:
        maps: list of `(B, H, W, C)` tensors, fine to coarse, each half the size of the one before.
        channels: of every level.
        name: before the names of the layers.
    Returns:
        List of one level a map, of its size, and a last one, the coarsest at every other cell (for anchors, footnote
        1 of section 4.1).
    """
    x, levels = None, []  # type: ignore[var-annotated]
    for i, features in reversed(list(enumerate(maps, 2))):
        lateral = convolution(channels, 1, name=f"{name}_lateral{i}")(features)
        if x is not None:
            x = UpsampleLike(name=f"{name}_up{i}")([x, lateral])
            lateral = layers.Add(name=f"{name}_add{i}")([lateral, x])
        x = lateral
        levels.insert(0, convolution(channels, 3, padding="same", name=f"{name}_p{i}")(x))
    return [*levels, layers.MaxPooling2D(1, 2, name=f"{name}_p{len(maps) + 2}")(levels[-1])]


def convolution(channels, size, **kwargs):
    """A convolution without ReLU behind it, begun as Detectron's and torchvision's: uniform, variance 1 / inputs."""
    uniform = keras.initializers.VarianceScaling(1.0, "fan_in", "uniform")
    return layers.Conv2D(channels, size, kernel_initializer=uniform, **kwargs)


@keras.saving.register_keras_serializable("zoo")
class UpsampleLike(layers.Layer):
    """`[x, like]` to `x` at the size of `like`, twice its own or one less: every value two by two times."""

    def call(self, inputs):
        """Returns `(B, H, W, C)`, height and width those of `like`."""
        x, like = inputs
        x, size = doubled(x), tuple(like.shape[1:3])
        if None not in size and size == tuple(x.shape[1:3]):
            return x
        height, width = ops.shape(like)[1:3]
        return x[:, :height, :width]

    def compute_output_shape(self, input_shape):
        """Returns the shape of `x` with the height and width of `like`."""
        x, like = input_shape
        return (x[0], *like[1:3], x[3])


def doubled(x):
    """Repeats every value of `(B, H, W, C)` two by two times.

    TensorFlow's operator stays one operator in ONNX and LiteRT, where repeats cost several times as much.
    """
    if keras.backend.backend() != "tensorflow":
        return ops.repeat(ops.repeat(x, 2, axis=1), 2, axis=2)
    import tensorflow as tf

    @tf.custom_gradient
    def twice(x):
        def gradient(given):  # the operator's own is none that XLA compiles
            return 4 * tf.nn.avg_pool2d(given, 2, 2, "VALID")

        height, width = ops.shape(x)[1:3]
        return tf.raw_ops.ResizeNearestNeighbor(images=x, size=(2 * height, 2 * width)), gradient

    return twice(x)
