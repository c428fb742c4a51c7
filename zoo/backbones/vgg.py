"""VGG16 (Simonyan & Zisserman 2015, arXiv:1409.1556, table 1, configuration D)."""

import keras
from keras import layers

from zoo.backbones.normalization import normalize
from zoo.errors import InputError
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def vgg16(
    *,
    num_classes: int = 1000,
    weights: Weights = None,
    width: float = 1.0,
    include_top: bool = False,
    batch_norm: bool = False,
    input_shape: Shape = (None, None, 3),
    name: str | None = None,
) -> keras.Model:
    """Builds VGG16 over raw pixels, as feature maps or as a classifier.

    Args:
        num_classes: classes of the top.
        weights: file or name of published weights, see `zoo.weights.load`, such as "torchvision/IMAGENET1K_V1".
        width: factor on the number of filters.
        include_top: adds the three dense layers; needs a fixed `input_shape` (the paper's is `(224, 224, 3)`).
        batch_norm: batch normalisation after each convolution, torchvision's "vgg16_bn".
        input_shape: `(height, width, 3)`, pixels 0..255.
        name: of the model; "vgg16" or "vgg16_bn" if not given.
    Returns:
        A `keras.Model` from `(B, H, W, 3)` to a dict of feature maps: `conv1` ... `conv5` (last of each stage, after
        its ReLU; strides 1 to 16), `pool1` ... `pool5` (strides 2 to 32), and `logits (B, num_classes)` with the top.
    Raises:
        InputError: if the top is asked for without a fixed picture size.
    """
    name = name or ("vgg16_bn" if batch_norm else "vgg16")
    image = layers.Input(input_shape, name="image")
    x = normalize(image, "caffe")
    features = {}
    for i, (filters, convolutions) in enumerate(STAGES, 1):
        x = stage(x, int(filters * width), convolutions, batch_norm=batch_norm, name=f"block{i}")
        features[f"conv{i}"] = x
        x = layers.MaxPooling2D(name=f"block{i}_pool")(x)
        features[f"pool{i}"] = x
    if include_top:
        if None in input_shape:
            raise InputError(
                f"{name} with its top takes a fixed input_shape such as (224, 224, 3), received {input_shape}"
            )
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(int(4096 * width), activation="relu", name="fc1")(x)
        x = layers.Dropout(0.5, name="dropout1")(x)
        x = layers.Dense(int(4096 * width), activation="relu", name="fc2")(x)
        x = layers.Dropout(0.5, name="dropout2")(x)
        features["logits"] = layers.Dense(num_classes, name="logits")(x)
    return with_weights(keras.Model(image, features, name=name), weights)


def stage(x, filters, convolutions, *, batch_norm, name):
    """Some 3x3 convolutions of one width, each with its ReLU."""
    for i in range(1, convolutions + 1):
        x = conv_relu(x, filters, batch_norm=batch_norm, name=f"{name}_conv{i}")
    return x


def conv_relu(x, filters, *, batch_norm, name):
    """A padded 3x3 convolution, optional batch normalisation, ReLU; biased in both forms, as in SegNet's release."""
    x = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal", name=name)(x)
    if batch_norm:
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
