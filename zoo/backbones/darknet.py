"""Darknet's backbones: Darknet-19 and Tiny Darknet of YOLOv2, the 24 and 9 convolutions of YOLO and Fast YOLO.

Source: Redmon & Farhadi 2017, arXiv:1612.08242 (YOLOv2), and Redmon et al. 2016, arXiv:1506.02640 (YOLO). A plan is a
tuple of stages with a 2x2 max pooling between each two; a stage is a tuple of `(filters, size)` or
`(filters, size, stride)`, one for each convolution.
"""

import keras
from keras import layers

from zoo.backbones.batch_norm import FusedBatchNormalization
from zoo.layers import PadToMultiple
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights

# YOLOv2, table 6.
DARKNET19 = (
    ((32, 3),),
    ((64, 3),),
    ((128, 3), (64, 1), (128, 3)),
    ((256, 3), (128, 1), (256, 3)),
    ((512, 3), (256, 1), (512, 3), (256, 1), (512, 3)),
    ((1024, 3), (512, 1), (1024, 3), (512, 1), (1024, 3)),
)
# tiny-yolo-voc.cfg; the pooling before the last stage has stride 1.
TINY_DARKNET = (((16, 3),), ((32, 3),), ((64, 3),), ((128, 3),), ((256, 3),), ((512, 3),), ((1024, 3),))
# YOLO, figure 3.
YOLO_V1 = (
    ((64, 7, 2),),
    ((192, 3),),
    ((128, 1), (256, 3), (256, 1), (512, 3)),
    (*((256, 1), (512, 3)) * 4, (512, 1), (1024, 3)),
    (*((512, 1), (1024, 3)) * 2, (1024, 3), (1024, 3, 2), (1024, 3), (1024, 3)),
)
# yolo-tiny.cfg of the paper's time; section 2.2 says "9 convolutional layers instead of 24".
FAST_YOLO = (*TINY_DARKNET[:-1], ((1024, 3),) * 3)


def darknet19(
    *,
    num_classes: int = 1000,
    weights: Weights = None,
    width: float = 1.0,
    include_top: bool = False,
    multiple: int = 1,
    input_shape: Shape = (None, None, 3),
    name: str = "darknet19",
) -> keras.Model:
    """Builds Darknet-19 over raw pixels, as feature maps or as a classifier.

    Args:
        num_classes: classes of the top.
        weights: file or name of published weights, see `zoo.weights.load`; the first layers of a larger network too,
            as in `darknet19_448.conv.23`.
        width: factor on the number of filters.
        include_top: adds the 1x1 convolution to the classes and the average over the picture.
        multiple: pixels that both sides are a multiple of once zeros are added at the bottom and right.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        A `keras.Model` from `(B, H, W, 3)` to a dict of feature maps: `stride1` ... `stride32`, the last of each
        stage with 32, 64, 128, 256, 512 and 1024 channels (YOLOv2's passthrough starts at `stride16`), and
        `logits (B, num_classes)` with the top.
    Source: arXiv:1612.08242, table 6; darknet19.cfg.
    """
    image = layers.Input(input_shape, name="image")
    features = stages(padded(image, multiple), DARKNET19, width=width)
    if include_top:
        x = layers.Conv2D(num_classes, 1, name="classes")(features["stride32"])
        features["logits"] = layers.GlobalAveragePooling2D(name="logits")(x)
    return with_weights(keras.Model(image, features, name=name), weights)


def tiny_darknet(
    *,
    weights: Weights = None,
    width: float = 1.0,
    multiple: int = 1,
    input_shape: Shape = (None, None, 3),
    name: str = "tiny_darknet",
) -> keras.Model:
    """Builds the first seven convolutions of Tiny YOLOv2 over raw pixels.

    Args:
        weights: file or name of published weights, see `zoo.weights.load`; the first layers of a larger network too,
            as in `darknet19_448.conv.23`.
        width: factor on the number of filters.
        multiple: pixels that both sides are a multiple of once zeros are added at the bottom and right.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        A `keras.Model` from `(B, H, W, 3)` to a dict of feature maps: `stride1` ... `stride16` with 16 to 256
        channels, and `stride32` with 1024.
    Source: tiny-yolo-voc.cfg of the authors' release.
    """
    image = layers.Input(input_shape, name="image")
    features = stages(padded(image, multiple), TINY_DARKNET[:-1], width=width)
    x = layers.MaxPooling2D(2, strides=1, padding="same", name="pool6")(features["stride32"])
    features["stride32"] = stage(x, TINY_DARKNET[-1], width=width, name="stage7")
    return with_weights(keras.Model(image, features, name=name), weights)


def yolo_v1_backbone(
    *,
    weights: Weights = None,
    width: float = 1.0,
    batch_norm: bool = False,
    input_shape: Shape = (448, 448, 3),
    name: str = "yolo_v1_backbone",
) -> keras.Model:
    """Builds the 24 convolutions of YOLO over raw pixels.

    Args:
        weights: file or name of published weights, see `zoo.weights.load`; the first layers of a larger network too,
            as in `darknet19_448.conv.23`.
        width: factor on the number of filters.
        batch_norm: `False` for the paper's biased convolutions, `True` for those of the released yolov1.cfg.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        A `keras.Model` from `(B, H, W, 3)` to a dict of feature maps: `stride2`, `stride4`, `stride8`, `stride16`
        with 64, 192, 512, 1024 channels, and `stride64` with 1024: 7x7 for 448x448 pixels.
    Source: arXiv:1506.02640, figure 3.
    """
    image = layers.Input(input_shape, name="image")
    features = stages(to_unit(image), YOLO_V1, batch_norm=batch_norm, width=width)
    return with_weights(keras.Model(image, features, name=name), weights)


def fast_yolo_backbone(
    *,
    weights: Weights = None,
    width: float = 1.0,
    batch_norm: bool = False,
    input_shape: Shape = (448, 448, 3),
    name: str = "fast_yolo_backbone",
) -> keras.Model:
    """Builds the 9 convolutions of Fast YOLO over raw pixels.

    Args:
        weights: file or name of published weights, see `zoo.weights.load`; the first layers of a larger network too,
            as in `darknet19_448.conv.23`.
        width: factor on the number of filters.
        batch_norm: `False` for the biased convolutions of the paper's time, `True` for batch normalisation instead.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        A `keras.Model` from `(B, H, W, 3)` to a dict of feature maps: `stride1` ... `stride32` with 16 to 512
        channels, and `stride64` with 1024: 7x7 for 448x448 pixels.
    Source: arXiv:1506.02640, section 2.2; yolo-tiny.cfg of the authors' release.
    """
    image = layers.Input(input_shape, name="image")
    features = stages(to_unit(image), FAST_YOLO, batch_norm=batch_norm, width=width)
    return with_weights(keras.Model(image, features, name=name), weights)


def stages(x, plan, *, batch_norm=True, width=1.0):
    """Runs a plan's stages with a 2x2 max pooling between each two; returns the last map of each by its stride."""
    features, stride = {}, 1
    for i, convolutions in enumerate(plan, 1):
        if i > 1:
            x = layers.MaxPooling2D(name=f"pool{i - 1}")(x)
            stride *= 2
        x = stage(x, convolutions, batch_norm=batch_norm, width=width, name=f"stage{i}")
        for _, _, *steps in convolutions:
            stride *= steps[0] if steps else 1
        features[f"stride{stride}"] = x
    return features


def stage(x, convolutions, *, batch_norm=True, width=1.0, name):
    """Some convolutions at one resolution."""
    for i, (filters, size, *steps) in enumerate(convolutions, 1):
        stride = steps[0] if steps else 1
        x = conv_leaky(x, int(filters * width), size, stride=stride, batch_norm=batch_norm, name=f"{name}_conv{i}")
    return x


def conv_leaky(x, filters, size, *, stride=1, batch_norm=True, name):
    """A padded convolution, batch normalisation or a bias, and leaky ReLU with slope 0.1 (YOLO, equation 2).

    Darknet pads `size // 2` on every side; with a stride Keras's "same" would pad one less at the top and left.
    """
    if stride > 1:
        x = layers.ZeroPadding2D(size // 2, name=f"{name}_pad")(x)
    padding = "same" if stride == 1 else "valid"
    x = layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding=padding,
        use_bias=not batch_norm,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    if batch_norm:
        x = FusedBatchNormalization(momentum=0.99, epsilon=1e-5, name=f"{name}_bn")(x)
    return layers.LeakyReLU(0.1, name=f"{name}_leaky")(x)


def padded(image, multiple):
    """Raw pixels in 0..1, with zeros at the bottom and right where a side may be no multiple of so many pixels."""
    return PadToMultiple(multiple, name="pad")(to_unit(image)) if pads(image, multiple) else to_unit(image)


def pads(image, multiple):
    """Whether `padded` adds a layer: not where both sides are fixed and multiples."""
    return any(side is None or side % multiple for side in image.shape[1:3]) and multiple > 1


def to_unit(image):
    """Brings raw pixels to 0..1, as Darknet reads pictures."""
    return layers.Rescaling(1 / 255, name="to_unit")(image)
