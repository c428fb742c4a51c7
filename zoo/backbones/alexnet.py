"""AlexNet in one column (Krizhevsky 2014, arXiv:1404.5997), with the widths of torchvision's."""

import keras
from keras import layers

from zoo.backbones.vgg import subtract_mean
from zoo.errors import InputError

SMALLEST = 63
"""Pixels a side from which the last pooling has a value to give."""


def alexnet(*, include_top=False, num_classes=1000, width=1.0, input_shape=(None, None, 3), name="alexnet"):
    """Builds AlexNet over raw pixels, as feature maps or as a classifier.

    Args:
        include_top: adds the three dense layers; needs a fixed `input_shape` (torchvision's is `(224, 224, 3)`).
        num_classes: classes of the top.
        width: factor on the number of filters.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        A `keras.Model` from `(B, H, W, 3)` to a dict of feature maps: `conv1` ... `conv5` after their ReLU (strides
        4, 8, 16, 16, 16), `pool1`, `pool2`, `pool5` (strides 8, 16, 32), and `logits (B, num_classes)` with the top.
    Raises:
        InputError: if a fixed side is below 63 pixels, or the top is asked for without a fixed picture size.
    """
    if any(side is not None and side < SMALLEST for side in input_shape[:2]):
        raise InputError(f"{name} takes pictures of {SMALLEST} pixels a side or more, received {input_shape}")
    image = layers.Input(input_shape, name="image")
    features = {}

    def conv(x, i, filters, size, stride=1):
        x = features[f"conv{i}"] = conv_relu(x, int(filters * width), size, stride=stride, name=f"conv{i}")
        return x

    def pool(x, i):
        x = features[f"pool{i}"] = layers.MaxPooling2D(3, strides=2, name=f"pool{i}")(x)
        return x

    x = pool(conv(subtract_mean(image), 1, 64, 11, stride=4), 1)
    x = pool(conv(x, 2, 192, 5), 2)
    x = conv(x, 3, 384, 3)
    x = conv(x, 4, 256, 3)
    x = pool(conv(x, 5, 256, 3), 5)
    if include_top:
        if None in input_shape:
            raise InputError(
                f"{name} with its top takes a fixed input_shape such as (224, 224, 3), received {input_shape}"
            )
        features["logits"] = top(x, int(4096 * width), num_classes)
    return keras.Model(image, features, name=name)


def conv_relu(x, filters, size, *, stride, name):
    """A convolution with its ReLU, padded evenly on all sides; with a stride Keras's "same" is lopsided."""
    x = layers.ZeroPadding2D(2 if stride > 1 else size // 2, name=f"{name}_pad")(x)
    x = layers.Conv2D(filters, size, strides=stride, kernel_initializer="he_normal", name=name)(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def top(x, units, num_classes):
    """Two dense layers behind dropout, and the one that gives the logits."""
    x = layers.Flatten(name="flatten")(x)
    for i in (1, 2):
        x = layers.Dropout(0.5, name=f"dropout{i}")(x)
        x = layers.Dense(units, activation="relu", name=f"fc{i}")(x)
    return layers.Dense(num_classes, name="logits")(x)
