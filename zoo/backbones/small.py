"""A small plain network of our own for pictures of about 128 pixels and two CPU cores."""

import keras
from keras import layers

from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights


def small_cnn(
    *,
    weights: Weights = None,
    width: float = 1.0,
    depth: int = 5,
    output_stride: int = 32,
    input_shape: Shape = (None, None, 3),
    name: str = "small_cnn",
) -> keras.Model:
    """Builds a stack of 3x3 convolutions, each with batch normalisation and ReLU, that mostly halve the picture.

    The first convolution has stride 2, which spares the full-size maps; 2x2 max pooling follows the others until
    `output_stride` is reached.

    Args:
        weights: file of a model of this kind, see `zoo.weights.load`.
        width: factor on the number of filters, 16 in the first convolution; each further one doubles them, up to
            eight times as many.
        depth: number of convolutions.
        output_stride: pixels between two cells of the deepest map; a power of 2.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        A `keras.Model` from `(B, H, W, 3)` to a dict of feature maps `stride2`, `stride4` ..., the last of each.
    """
    image = layers.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(image)
    filters = int(16 * width)
    x = conv_bn_relu(x, filters, stride=2, name="block1")
    features = {"stride2": x}
    stride = 2
    for i in range(2, depth + 1):
        x = conv_bn_relu(x, filters << min(i - 1, 3), name=f"block{i}")
        if stride < output_stride:
            x = layers.MaxPooling2D(name=f"block{i}_pool")(x)
            stride *= 2
        features[f"stride{stride}"] = x
    return with_weights(keras.Model(image, features, name=name), weights)


def conv_bn_relu(x, filters, *, stride=1, name):
    """A padded 3x3 convolution without bias, batch normalisation, ReLU."""
    convolution = layers.Conv2D(
        filters, 3, stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv"
    )
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")(convolution(x))
    return layers.ReLU(name=f"{name}_relu")(x)
