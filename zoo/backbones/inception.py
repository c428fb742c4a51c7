"""GoogLeNet (Szegedy et al. 2015, arXiv:1409.4842, table 1) in the two forms whose weights are published.

The paper's form is the one that BVLC released for Caffe: biases and local response normalisation. torchvision's has
batch normalisation, a 3x3 convolution where the paper has 5x5, and a fourth pooling of 2x2. Neither has the two
auxiliary classifiers here, which only training from scratch on ImageNet asks for.
"""

from functools import partial

import keras
from keras import layers

from zoo.backbones.batch_norm import FusedBatchNormalization
from zoo.backbones.ceil_pool import ceil_pool
from zoo.backbones.normalization import normalize
from zoo.errors import InputError
from zoo.layers import LocalResponseNormalization
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights

INCEPTIONS = {
    "inception3a": (64, 96, 128, 16, 32, 32),
    "inception3b": (128, 128, 192, 32, 96, 64),
    "inception4a": (192, 96, 208, 16, 48, 64),
    "inception4b": (160, 112, 224, 24, 64, 64),
    "inception4c": (128, 128, 256, 24, 64, 64),
    "inception4d": (112, 144, 288, 32, 64, 64),
    "inception4e": (256, 160, 320, 32, 128, 128),
    "inception5a": (256, 160, 320, 32, 128, 128),
    "inception5b": (384, 192, 384, 48, 128, 128),
}
"""Filters of each module: 1x1, reduction and 3x3, reduction and 5x5, projection after pooling."""
DEEPEST = ("inception3b", "inception4e", "inception5b")
"""The last module of each stride."""


def googlenet(
    *,
    num_classes: int = 1000,
    weights: Weights = None,
    width: float = 1.0,
    batch_norm: bool = True,
    include_top: bool = False,
    input_shape: Shape = (None, None, 3),
    name: str = "googlenet",
) -> keras.Model:
    """Builds GoogLeNet over raw pixels, as feature maps or as a classifier.

    Args:
        num_classes: classes of the top.
        weights: file or name of published weights, see `zoo.weights.load`, such as "torchvision/IMAGENET1K_V1".
        width: factor on the number of filters.
        batch_norm: `True` for torchvision's form, 6,624,904 parameters with its top; `False` for the paper's,
            6,998,552.
        include_top: adds global average pooling, dropout and the dense layer.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        A `keras.Model` from `(B, H, W, 3)` to a dict of the deepest feature map of each stride: `conv3`,
        `inception3b`, `inception4e` and `inception5b` (strides 4, 8, 16, 32), and `logits (B, num_classes)` with the
        top.
    Raises:
        InputError: if a fixed side is below 15 pixels, 31 in the paper's form: the last map would have no cell.
    """
    smallest = 15 if batch_norm else 31
    if any(side is not None and side < smallest for side in input_shape[:2]):
        raise InputError(f"{name} takes pictures of {smallest} pixels a side or more, received {input_shape}")
    image = layers.Input(input_shape, name="image")
    x = normalize(image, "symmetric" if batch_norm else "ilsvrc12_rounded")
    features = inceptions(x, batch_norm=batch_norm, width=width)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="mean")(features["inception5b"])
        x = layers.Dropout(0.2 if batch_norm else 0.4, name="dropout")(x)
        features["logits"] = layers.Dense(num_classes, name="logits")(x)
    return with_weights(keras.Model(image, features, name=name), weights)


def inceptions(x, *, batch_norm, width):
    """Adds all convolutions to normalised pixels and returns the dict of feature maps."""
    conv = partial(conv_relu, batch_norm=batch_norm)
    features = {}
    x = conv(x, int(64 * width), 7, stride=2, name="conv1")
    x = ceil_pool(x, 3, name="pool1")
    if not batch_norm:
        x = LocalResponseNormalization(name="norm1")(x)
    x = conv(x, int(64 * width), 1, name="conv2")
    x = features["conv3"] = conv(x, int(192 * width), 3, name="conv3")
    if not batch_norm:
        x = LocalResponseNormalization(name="norm2")(x)
    x = ceil_pool(x, 3, name="pool2")
    for name, filters in INCEPTIONS.items():
        x = inception(x, [int(count * width) for count in filters], conv, 3 if batch_norm else 5, name=name)
        if name in DEEPEST:
            features[name] = x
        if name == "inception3b":
            x = ceil_pool(x, 3, name="pool3")
        if name == "inception4e":
            x = ceil_pool(x, 2 if batch_norm else 3, name="pool4")
    return features


def inception(x, filters, conv, size, *, name):
    """Four branches side by side, named as in the release: 1x1, 3x3, 5x5 (of `size`), and 1x1 after pooling."""
    one, reduce3, three, reduce5, five, projection = filters
    return layers.Concatenate(name=name)(
        [
            conv(x, one, 1, name=f"{name}_1x1"),
            conv(conv(x, reduce3, 1, name=f"{name}_3x3_reduce"), three, 3, name=f"{name}_3x3"),
            conv(conv(x, reduce5, 1, name=f"{name}_5x5_reduce"), five, size, name=f"{name}_5x5"),
            conv(
                layers.MaxPooling2D(3, 1, padding="same", name=f"{name}_pool")(x),
                projection,
                1,
                name=f"{name}_pool_proj",
            ),
        ]
    )


def conv_relu(x, filters, size, *, batch_norm, name, stride=1):
    """A convolution, padded evenly on all sides, and its ReLU; batch normalisation takes the place of the bias."""
    if stride > 1:  # Keras's "same" is lopsided with a stride
        x = layers.ZeroPadding2D(size // 2, name=f"{name}_pad")(x)
    x = layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="valid" if stride > 1 else "same",
        use_bias=not batch_norm,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    if batch_norm:
        x = FusedBatchNormalization(momentum=0.9, epsilon=1e-3, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
