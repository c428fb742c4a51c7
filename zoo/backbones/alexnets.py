"""AlexNet (Krizhevsky et al. 2012) in the forms whose weights are published.

One column (Krizhevsky 2014, arXiv:1404.5997) with the widths of torchvision's, or the paper's two columns as BVLC
released them for Caffe: AlexNet normalises before it pools, CaffeNet afterwards.
"""

from functools import partial

import keras
from keras import layers

from zoo.backbones.ceil_pool import ceil_pool
from zoo.backbones.grouped_conv import GroupedConv2D
from zoo.backbones.normalization import normalize
from zoo.errors import InputError
from zoo.layers import LocalResponseNormalization
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights

SMALLEST = {"torchvision": 63, "bvlc": 39, "caffenet": 39}
"""Pixels a side from which the last pooling of each form has a value to give."""


def alexnet(
    *,
    num_classes: int = 1000,
    form: str = "torchvision",
    weights: Weights = None,
    width: float = 1.0,
    include_top: bool = False,
    input_shape: Shape = (None, None, 3),
    name: str = "alexnet",
) -> keras.Model:
    """Builds AlexNet over raw pixels, as feature maps or as a classifier.

    Args:
        num_classes: classes of the top.
        form: "torchvision" for one column, 61,100,840 parameters with its top; "bvlc" for two columns, 60,965,224;
            "caffenet" for two columns that pool before they normalise, as many.
        weights: file or name of published weights, see `zoo.weights.load`, such as "torchvision/IMAGENET1K_V1".
        width: factor on the number of filters.
        include_top: adds the three dense layers; needs a fixed `input_shape` (torchvision's is `(224, 224, 3)`,
            BVLC's `(227, 227, 3)`).
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        A `keras.Model` from `(B, H, W, 3)` to a dict of feature maps: `conv1` ... `conv5` after their ReLU (strides
        4, 8, 16, 16, 16), `pool1`, `pool2`, `pool5` (strides 8, 16, 32; `pool1` and `pool2` after their
        normalisation), and `logits (B, num_classes)` with the top.
    Raises:
        InputError: if there is no such form, a fixed side is below 63 pixels (39 in two columns), or the top is
            asked for without a fixed picture size.
    """
    if form not in SMALLEST:
        raise InputError(f"{name} takes form= one of {', '.join(SMALLEST)}, received {form!r}")
    smallest = SMALLEST[form]
    if any(side is not None and side < smallest for side in input_shape[:2]):
        raise InputError(f"{name} takes pictures of {smallest} pixels a side or more, received {input_shape}")
    image = layers.Input(input_shape, name="image")
    if form == "torchvision":
        features = one_column(normalize(image, "caffe"), width)
    else:
        features = two_columns(normalize(image, "ilsvrc12"), width, pool_first=form == "caffenet")
    if include_top:
        if None in input_shape:
            raise InputError(
                f"{name} with its top takes a fixed input_shape such as (224, 224, 3), received {input_shape}"
            )
        features["logits"] = top(features["pool5"], int(4096 * width), num_classes)
    return with_weights(keras.Model(image, features, name=name), weights)


def one_column(x, width):
    """Adds torchvision's five convolutions and returns the dict of feature maps."""
    features = {}

    def conv(x, i, filters, size, stride=1):
        x = layers.ZeroPadding2D(2 if stride > 1 else size // 2, name=f"conv{i}_pad")(x)
        x = features[f"conv{i}"] = conv_relu(x, int(filters * width), size, strides=stride, name=f"conv{i}")
        return x

    def pool(x, i):
        x = features[f"pool{i}"] = layers.MaxPooling2D(3, strides=2, name=f"pool{i}")(x)
        return x

    x = pool(conv(x, 1, 64, 11, stride=4), 1)
    x = pool(conv(x, 2, 192, 5), 2)
    x = conv(x, 3, 384, 3)
    x = conv(x, 4, 256, 3)
    pool(conv(x, 5, 256, 3), 5)
    return features


def two_columns(x, width, *, pool_first):
    """Adds the paper's five convolutions, three of them in two groups, and returns the dict of feature maps."""
    features = {}

    def conv(x, i, column, size, groups=1, **options):
        convolution = partial(GroupedConv2D, groups=2) if groups == 2 else layers.Conv2D
        filters = 2 * int(column * width)
        x = features[f"conv{i}"] = conv_relu(x, filters, size, convolution, name=f"conv{i}", **options)
        return x

    def shrink(x, i):
        norm = LocalResponseNormalization(name=f"norm{i}")
        pool = partial(ceil_pool, size=3, name=f"pool{i}")
        x = features[f"pool{i}"] = norm(pool(x)) if pool_first else pool(norm(x))
        return x

    x = shrink(conv(x, 1, 48, 11, strides=4), 1)
    x = shrink(conv(x, 2, 128, 5, groups=2, padding="same"), 2)
    x = conv(x, 3, 192, 3, padding="same")
    x = conv(x, 4, 192, 3, groups=2, padding="same")
    x = conv(x, 5, 128, 3, groups=2, padding="same")
    features["pool5"] = ceil_pool(x, 3, name="pool5")
    return features


def conv_relu(x, filters, size, convolution=layers.Conv2D, *, name, **options):
    """A convolution and its ReLU."""
    x = convolution(filters, size, kernel_initializer="he_normal", name=name, **options)(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def top(x, units, num_classes):
    """Two dense layers behind dropout, and the one that gives the logits."""
    x = layers.Flatten(name="flatten")(x)
    for i in (1, 2):
        x = layers.Dropout(0.5, name=f"dropout{i}")(x)
        x = layers.Dense(units, activation="relu", name=f"fc{i}")(x)
    return layers.Dense(num_classes, name="logits")(x)
