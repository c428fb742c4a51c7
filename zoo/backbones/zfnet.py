"""The ZF network (Zeiler & Fergus 2014, arXiv:1311.2901), as in the release of Faster R-CNN."""

import keras
from keras import layers

from zoo.backbones.normalization import normalize
from zoo.layers import LocalResponseNormalization
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights


def zf(
    *,
    weights: Weights = None,
    width: float = 1.0,
    input_shape: Shape = (None, None, 3),
    name: str = "zf",
) -> keras.Model:
    """Builds ZF's convolutions over raw pixels.

    Args:
        weights: file of published weights, see `zoo.weights.load`.
        width: factor on the number of filters.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        A `keras.Model` from `(B, H, W, 3)` to a dict of feature maps `conv1` ... `conv5` after their ReLU (strides 2,
        8, 16, 16, 16).
    Source: py-faster-rcnn, models/pascal_voc/ZF.
    """
    image = layers.Input(input_shape, name="image")
    features = {}

    def conv(x, i, filters, size, stride=1):
        x = layers.ZeroPadding2D(size // 2, name=f"conv{i}_pad")(x)
        x = layers.Conv2D(int(filters * width), size, stride, kernel_initializer="he_normal", name=f"conv{i}")(x)
        x = features[f"conv{i}"] = layers.ReLU(name=f"conv{i}_relu")(x)
        return x

    def pool(x, i):
        x = LocalResponseNormalization(depth=3, alpha=5e-5, within_channel=True, name=f"norm{i}")(x)
        x = layers.ZeroPadding2D(((1, 2), (1, 2)), name=f"pool{i}_pad")(x)  # Caffe's pooling rounds sizes up
        return layers.MaxPooling2D(3, 2, name=f"pool{i}")(x)

    x = pool(conv(normalize(image, "caffe"), 1, 96, 7, stride=2), 1)
    x = pool(conv(x, 2, 256, 5, stride=2), 2)
    x = conv(conv(conv(x, 3, 384, 3), 4, 384, 3), 5, 256, 3)
    return with_weights(keras.Model(image, features, name=name), weights)
