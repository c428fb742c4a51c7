"""Fully convolutional networks (Long, Shelhamer & Darrell 2015, arXiv:1411.4038) as their authors released them.

A classifier whose dense layers became convolutions scores the classes every 32 pixels; finer maps join in on the way
back to the picture's size. VGG16 and AlexNet stand in a margin of 100 pixels, in which their unpadded fc6 finds room
for any picture. Of GoogLeNet there is no release: ours has the paper's network, and a margin that centres its cells.
"""

from keras import layers

from zoo.backbones.alexnets import two_columns
from zoo.backbones.ceil_pool import ceil_pool
from zoo.backbones.inception import inceptions
from zoo.backbones.normalization import normalize
from zoo.backbones.vgg import STAGES, stage
from zoo.errors import InputError
from zoo.segmentation.segmenter import Segmenter, check_size
from zoo.segmentation.upsampling import Cells, cropped, fused, scored, upsampled
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights

STRIDES = (32, 16, 8)
MARGIN = 100


def fcn(
    num_classes: int,
    *,
    backbone: str = "vgg16",
    weights: Weights = None,
    width: float = 1.0,
    stride: int = 8,
    input_shape: Shape = (None, None, 3),
    name: str = "fcn",
) -> Segmenter:
    """Builds a fully convolutional network.

    The skips of strides 16 and 8 are VGG16's pool4 and pool3, AlexNet's pool2 and pool1 (after their normalisation),
    GoogLeNet's inception4e and inception3b. The authors' VOC networks have 21 classes: 136,152,917 parameters at
    stride 32 over VGG16, 134,815,994 at 16, 134,489,759 at 8; 58,704,590 over AlexNet at 32. They are trained in
    stages (section 4.2): stride 32 begins with a classifier's weights (`transplant`, or `weights=` of a file), each
    finer stride with those of the one before (`weights=` of its file). As in the
    paper (section 4.3) the last upsampling stays bilinear, those before it are bilinear at first and learn; the
    release keeps all of them (`lr_mult: 0`) and reports no difference. The counts have them all.

    Args:
        num_classes: number of classes C.
        backbone: "vgg16", "alexnet" (in the two columns of CaffeNet) or "googlenet" (the paper's form).
        weights: file or name of published weights, see `zoo.weights.load`.
        width: factor on the number of filters.
        stride: pixels between the cells that are upsampled at once: 32, 16 or 8.
        input_shape: `(height, width, 3)`; any size.
    Returns:
        A `Segmenter`: `(B, H, W, 3)` raw pixels to `{"logits": (B, H, W, C)}`.
    Raises:
        InputError: if there is no such stride or backbone.
    """
    if stride not in STRIDES:
        raise InputError(f"{name} takes stride= one of 32, 16, 8, received {stride}")
    if backbone not in TRUNKS:
        raise InputError(f"unknown backbone {backbone!r}: choose one of {', '.join(TRUNKS)}")
    check_size(input_shape, smallest=1, name=name)
    image = layers.Input(input_shape, name="image")
    deepest, *skips = TRUNKS[backbone](image, width)
    cells, up = scored(deepest, num_classes), "upscore2"
    for skip in skips[: STRIDES.index(stride)]:
        cells = fused(upsampled(cells, 2, name=up), scored(skip, num_classes))
        up = f"upscore_{skip.name}"
    cells = upsampled(cells, stride, name=f"upscore{stride}", trainable=False)
    logits = cropped(cells, image, 0, name="logits")
    return with_weights(Segmenter(image, {"logits": logits}, name=name), weights)


def vgg16_trunk(image, width):
    """VGG16 to fc7, with pool4 and pool3."""
    x = layers.ZeroPadding2D(MARGIN - 1, name="margin")(normalize(image, "ilsvrc12"))  # block1_conv1 pads by one more
    pools = []
    for i, (filters, convolutions) in enumerate(STAGES, 1):
        x = stage(x, int(filters * width), convolutions, batch_norm=False, name=f"block{i}")
        x = ceil_pool(x, 2, name=f"block{i}_pool")
        pools.append(Cells(x, 2**i, (2**i - 1) / 2 - (MARGIN - 1), f"pool{i}"))
    return dense(pools[4], 7, int(4096 * width)), pools[3], pools[2]


def alexnet_trunk(image, width):
    """CaffeNet to fc7, with pool2 and pool1."""
    x = layers.ZeroPadding2D(MARGIN, name="margin")(normalize(image, "ilsvrc12"))
    maps = two_columns(x, width, pool_first=True)
    pool1, pool2, pool5 = (
        Cells(maps[name], stride, stride + 1.0 - MARGIN, name)
        for name, stride in (("pool1", 8), ("pool2", 16), ("pool5", 32))
    )
    return dense(pool5, 6, int(4096 * width)), pool2, pool1


def googlenet_trunk(image, width):
    """GoogLeNet to its last module, with the last ones of strides 16 and 8."""
    margin = 16  # without it the first cell would be centred 30 pixels inside the picture
    x = layers.ZeroPadding2D(margin, name="margin")(normalize(image, "ilsvrc12_rounded"))
    maps = inceptions(x, batch_norm=False, width=width)
    return tuple(
        Cells(maps[name], stride, stride - 2.0 - margin, short)
        for name, stride, short in (
            ("inception5b", 32, "fr"),
            ("inception4e", 16, "inception4e"),
            ("inception3b", 8, "inception3b"),
        )
    )


def dense(cells, size, units):
    """fc6 and fc7, which are dense layers in the classifier, as convolutions behind dropout."""
    x = layers.Conv2D(units, size, activation="relu", kernel_initializer="he_normal", name="fc6")(cells.map)
    x = layers.Dropout(0.5, name="drop6")(x)
    x = layers.Conv2D(units, 1, activation="relu", kernel_initializer="he_normal", name="fc7")(x)
    x = layers.Dropout(0.5, name="drop7")(x)
    return Cells(x, cells.stride, cells.start + cells.stride * (size - 1) / 2, "fr")


TRUNKS = {"vgg16": vgg16_trunk, "alexnet": alexnet_trunk, "googlenet": googlenet_trunk}


# The builders by name pass all of their arguments, `locals()`, on.
def fcn32s_vgg16(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    input_shape: Shape = (None, None, 3),
    name: str = "fcn32s_vgg16",
) -> Segmenter:
    """Builds FCN-32s, the fully convolutional network of stride 32, on VGG16.

    Arguments as of `fcn`.
    """
    return fcn(stride=32, backbone="vgg16", **locals())


def fcn16s_vgg16(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    input_shape: Shape = (None, None, 3),
    name: str = "fcn16s_vgg16",
) -> Segmenter:
    """Builds FCN-16s, the fully convolutional network of stride 16, on VGG16.

    Arguments as of `fcn`.
    """
    return fcn(stride=16, backbone="vgg16", **locals())


def fcn8s_vgg16(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    input_shape: Shape = (None, None, 3),
    name: str = "fcn8s_vgg16",
) -> Segmenter:
    """Builds FCN-8s, the fully convolutional network of stride 8, on VGG16.

    Arguments as of `fcn`.
    """
    return fcn(stride=8, backbone="vgg16", **locals())


def fcn32s_alexnet(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    input_shape: Shape = (None, None, 3),
    name: str = "fcn32s_alexnet",
) -> Segmenter:
    """Builds FCN-32s, the fully convolutional network of stride 32, on AlexNet.

    Arguments as of `fcn`.
    """
    return fcn(stride=32, backbone="alexnet", **locals())


def fcn16s_alexnet(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    input_shape: Shape = (None, None, 3),
    name: str = "fcn16s_alexnet",
) -> Segmenter:
    """Builds FCN-16s, the fully convolutional network of stride 16, on AlexNet.

    Arguments as of `fcn`.
    """
    return fcn(stride=16, backbone="alexnet", **locals())


def fcn8s_alexnet(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    input_shape: Shape = (None, None, 3),
    name: str = "fcn8s_alexnet",
) -> Segmenter:
    """Builds FCN-8s, the fully convolutional network of stride 8, on AlexNet.

    Arguments as of `fcn`.
    """
    return fcn(stride=8, backbone="alexnet", **locals())


def fcn32s_googlenet(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    input_shape: Shape = (None, None, 3),
    name: str = "fcn32s_googlenet",
) -> Segmenter:
    """Builds FCN-32s, the fully convolutional network of stride 32, on GoogLeNet.

    Arguments as of `fcn`.
    """
    return fcn(stride=32, backbone="googlenet", **locals())


def fcn16s_googlenet(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    input_shape: Shape = (None, None, 3),
    name: str = "fcn16s_googlenet",
) -> Segmenter:
    """Builds FCN-16s, the fully convolutional network of stride 16, on GoogLeNet.

    Arguments as of `fcn`.
    """
    return fcn(stride=16, backbone="googlenet", **locals())


def fcn8s_googlenet(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    input_shape: Shape = (None, None, 3),
    name: str = "fcn8s_googlenet",
) -> Segmenter:
    """Builds FCN-8s, the fully convolutional network of stride 8, on GoogLeNet.

    Arguments as of `fcn`.
    """
    return fcn(stride=8, backbone="googlenet", **locals())
