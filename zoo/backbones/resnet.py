"""ResNet and ResNeXt with the widths, strides and paddings of torchvision's, whose weights fit.

Sources: He et al. 2016, arXiv:1512.03385, table 1 (with the stride in the 3x3 convolution of a bottleneck, "v1.5");
Xie et al. 2017, arXiv:1611.05431.
"""

from collections.abc import Callable, Sequence
from functools import partial

import keras
from keras import layers

from zoo.backbones.batch_norm import FusedBatchNormalization
from zoo.backbones.grouped_conv import GroupedConv2D
from zoo.backbones.normalization import normalize
from zoo.errors import InputError
from zoo.layers import PadToMultiple
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights


def resnet(
    blocks: Sequence[int],
    block: Callable,
    *,
    num_classes: int = 1000,
    weights: Weights = None,
    width: float = 1.0,
    stages: int = 5,
    output_stride: int = 32,
    pad_to: int = 1,
    include_top: bool = False,
    frozen_batch_norm: bool | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "resnet",
) -> keras.Model:
    """Builds a residual network over raw pixels, as feature maps or as a classifier.

    Args:
        blocks: how many blocks the stages res2 to res5 have.
        block: `basic` or `bottleneck`, the function that adds one.
        num_classes: classes of the top.
        weights: file or name of published weights, see `zoo.weights.load`, such as "torchvision/IMAGENET1K_V1".
        width: factor on the number of filters.
        stages: the last stage that is built, 5, or 4 for detectors that apply the fifth to regions (C4).
        output_stride: pixels between two cells of the deepest map: 32, 16 or 8. Stages beyond it dilate in place of
            their stride, as torchvision's `replace_stride_with_dilation` makes them: the convolution that had the
            stride keeps the dilation before it.
        pad_to: the normalised picture gets zeros at the bottom and right up to a multiple of so many pixels.
        include_top: adds global average pooling and the dense layer.
        frozen_batch_norm: whether batch normalisation keeps the statistics and factors it has; `None` as the weights
            want it, see `zoo.weights.load`, and without any that want it frozen it learns.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        A `keras.Model` from `(B, H, W, 3)` to a dict of feature maps `res2` ... `res5` (strides 4 to
        `output_stride`), and `logits (B, num_classes)` with the top.
    Raises:
        InputError: if the top is asked for without the fifth stage, or the output stride is another.
    """
    if include_top and stages < 5:
        raise InputError(f"{name} with its top takes stages=5, received {stages}")
    if output_stride not in (32, 16, 8):
        raise InputError(f"{name} takes output_stride= one of 32, 16, 8, received {output_stride}")
    add = partial(block, frozen_batch_norm=frozen_batch_norm)
    image = layers.Input(input_shape, name="image")
    x = normalize(image, "torchvision")
    if pad_to > 1:
        x = PadToMultiple(pad_to, name="pad")(x)
    x = conv_bn(x, int(64 * width), 7, stride=2, frozen_batch_norm=frozen_batch_norm, name="conv1")
    x = layers.ReLU(name="conv1_relu")(x)
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)  # zeros do, as nothing is below them
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    features = {}
    for i, count in zip(range(2, stages + 1), blocks, strict=False):
        filters = int(64 * width) << (i - 2)
        dilation = max(1, 2**i // output_stride)
        stride = 2 if i > 2 and dilation == 1 else 1
        x = features[f"res{i}"] = stage(x, filters, count, add, stride=stride, dilation=dilation, name=f"res{i}")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="mean")(x)
        features["logits"] = layers.Dense(num_classes, name="logits")(x)
    return with_weights(keras.Model(image, features, name=name), weights, frozen_batch_norm)


def stage(x, filters, blocks, block, *, stride, name, dilation=1):
    """Some blocks; the first has the stride, or doubles the dilation, and a projection where the shape changes."""
    x = block(x, filters, stride=stride, dilations=(max(1, dilation // 2), dilation), name=f"{name}_block1")
    for i in range(2, blocks + 1):
        x = block(x, filters, stride=1, dilations=(dilation, dilation), name=f"{name}_block{i}")
    return x


def basic(x, filters, *, stride, frozen_batch_norm, name, dilations=(1, 1)):
    """Two 3x3 convolutions, each with its dilation, beside a shortcut."""
    conv = partial(conv_bn, frozen_batch_norm=frozen_batch_norm)
    y = conv(x, filters, 3, stride=stride, dilation=dilations[0], name=f"{name}_conv1")
    y = layers.ReLU(name=f"{name}_relu1")(y)
    y = conv(y, filters, 3, dilation=dilations[1], name=f"{name}_conv2")
    return joined(shortcut(x, y, stride, conv, name), y, name)


def bottleneck(x, filters, *, stride, frozen_batch_norm, name, groups=1, group_width=64, dilations=(1, 1)):
    """Convolutions of 1x1, 3x3 and 1x1 to four times as many filters, beside a shortcut."""
    conv = partial(conv_bn, frozen_batch_norm=frozen_batch_norm)
    inner = max(1, filters * group_width // 64) * groups
    y = layers.ReLU(name=f"{name}_relu1")(conv(x, inner, 1, name=f"{name}_conv1"))
    middle = conv(y, inner, 3, stride=stride, groups=groups, dilation=dilations[0], name=f"{name}_conv2")
    y = layers.ReLU(name=f"{name}_relu2")(middle)
    y = conv(y, 4 * filters, 1, name=f"{name}_conv3")
    return joined(shortcut(x, y, stride, conv, name), y, name)


def shortcut(x, y, stride, conv, name):
    """Returns `x`, projected where `y` has another shape."""
    if stride == 1 and x.shape[-1] == y.shape[-1]:
        return x
    return conv(x, y.shape[-1], 1, stride=stride, name=f"{name}_shortcut")


def joined(x, y, name):
    """The sum of both branches and its ReLU."""
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))


def conv_bn(x, filters, size, *, name, frozen_batch_norm, stride=1, groups=1, dilation=1):
    """A convolution without bias, padded evenly on all sides, and batch normalisation."""
    if groups > 1 and dilation > 1:
        raise InputError(f"layer {name!r} has groups, which are not dilated: choose output_stride=32")
    if size > 1 and stride > 1:  # Keras's "same" is lopsided with a stride
        x = layers.ZeroPadding2D(size // 2, name=f"{name}_pad")(x)
    convolution = layers.Conv2D if groups == 1 else partial(GroupedConv2D, groups=groups)
    x = convolution(
        filters,
        size,
        strides=stride,
        padding="same" if size > 1 and stride == 1 else "valid",
        dilation_rate=dilation if size > 1 else 1,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    norm = FusedBatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")
    norm.trainable = not frozen_batch_norm
    return norm(x)


# The builders by name pass all of their arguments, `locals()`, on.
def resnet18(
    *,
    num_classes: int = 1000,
    weights: Weights = None,
    width: float = 1.0,
    stages: int = 5,
    output_stride: int = 32,
    pad_to: int = 1,
    include_top: bool = False,
    frozen_batch_norm: bool | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "resnet18",
) -> keras.Model:
    """Builds ResNet-18.

    Arguments as of `resnet`.
    """
    return resnet((2, 2, 2, 2), basic, **locals())


def resnet34(
    *,
    num_classes: int = 1000,
    weights: Weights = None,
    width: float = 1.0,
    stages: int = 5,
    output_stride: int = 32,
    pad_to: int = 1,
    include_top: bool = False,
    frozen_batch_norm: bool | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "resnet34",
) -> keras.Model:
    """Builds ResNet-34.

    Arguments as of `resnet`.
    """
    return resnet((3, 4, 6, 3), basic, **locals())


def resnet50(
    *,
    num_classes: int = 1000,
    weights: Weights = None,
    width: float = 1.0,
    stages: int = 5,
    output_stride: int = 32,
    pad_to: int = 1,
    include_top: bool = False,
    frozen_batch_norm: bool | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "resnet50",
) -> keras.Model:
    """Builds ResNet-50.

    Arguments as of `resnet`.
    """
    return resnet((3, 4, 6, 3), bottleneck, **locals())


def resnet101(
    *,
    num_classes: int = 1000,
    weights: Weights = None,
    width: float = 1.0,
    stages: int = 5,
    output_stride: int = 32,
    pad_to: int = 1,
    include_top: bool = False,
    frozen_batch_norm: bool | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "resnet101",
) -> keras.Model:
    """Builds ResNet-101.

    Arguments as of `resnet`.
    """
    return resnet((3, 4, 23, 3), bottleneck, **locals())


def resnext101_32x8d(
    *,
    num_classes: int = 1000,
    weights: Weights = None,
    width: float = 1.0,
    stages: int = 5,
    output_stride: int = 32,
    pad_to: int = 1,
    include_top: bool = False,
    frozen_batch_norm: bool | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "resnext101_32x8d",
) -> keras.Model:
    """Builds ResNeXt-101 32x8d.

    Arguments as of `resnet`.
    """
    return resnet((3, 4, 23, 3), partial(bottleneck, groups=32, group_width=8), **locals())
