"""What the R-CNN family stands on: feature maps, anchors on them, and how a region's features become numbers.

A trunk is a backbone with all that its paper decided for two-stage detection: VGG16 and ZF with fully connected
layers (Girshick 2015; Ren et al. 2015), ResNet's C4 (He et al. 2017) and feature pyramids (Lin et al. 2017).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import keras

from zoo.backbones.fpn import fpn
from zoo.backbones.resnet import bottleneck, resnet18, resnet50, resnet101, resnext101_32x8d, stage
from zoo.backbones.vgg import vgg16
from zoo.backbones.zf import zf
from zoo.detection.region_head import c4_box_head, convolutions, pooled_box_head, pyramid_box_head
from zoo.errors import InputError
from zoo.layers import RoIAlign
from zoo.ops.anchors import RATIOS, SIZES

PYRAMID_STRIDES = (4, 8, 16, 32)
PYRAMID_SIZES = (32, 64, 128, 256, 512)  # Lin et al. 2017, section 4.1
C4_SIZES = (32, 64, 128, 256, 512)  # He et al. 2017, section 3.1: five scales
PYRAMID_TRAINING = {"region_samples": 512, "box_beta": 1 / 9}  # torchvision's
C4_TRAINING = {"region_samples": 64}  # He et al. 2017, section 3.1


@dataclass(frozen=True)
class Trunk:
    """Tensors and functions that the builders put together.

    Attributes:
        image: the picture's tensor.
        maps: feature maps that regions are read from, fine to coarse.
        rpn_maps: feature maps that have anchors.
        rpn: further arguments of `zoo.detection.rpn.region_proposal_network`.
        box_head: function of the number of classes to the head over `maps`.
        region_features: function of `(maps, rois, size)` to `(B * R, size, size, C)`, `None` for pooled trunks.
        mask_features: function of `(maps, rois)` to what a mask is upsampled from, `None` likewise.
        training: attributes of the model that the trunk's paper sets.
    """

    image: keras.KerasTensor
    maps: list
    rpn_maps: list
    rpn: dict
    box_head: Callable
    region_features: Callable | None = None
    mask_features: Callable | None = None
    training: dict = field(default_factory=dict)


def trunk_of(backbone, input_shape, width, anchor_sizes=None, frozen_batch_norm=False):
    """Builds a trunk.

    Args:
        backbone: a name of `TRUNKS`.
        input_shape: `(height, width, 3)`.
        width: factor on the number of filters.
        anchor_sizes: sides of square anchors, pixels; `None` for the paper's.
        frozen_batch_norm: of ResNets.
    Returns:
        A `Trunk`.
    Raises:
        InputError: if there is no such backbone, or the number of anchor sizes is another than a pyramid's levels.
    """
    if backbone not in TRUNKS:
        raise InputError(f"unknown backbone {backbone!r}: choose one of {', '.join(TRUNKS)}")
    return TRUNKS[backbone](input_shape, width, anchor_sizes, frozen_batch_norm)


def pooled_trunk(backbone, bins, channels, input_shape, width, anchor_sizes, frozen_batch_norm):
    """A plain network's last convolution, RoI pooling to `bins` a side and fully connected layers."""
    network = backbone(width=width, input_shape=input_shape)
    maps = [network.output["conv5"]]
    return Trunk(
        image=network.input,
        maps=maps,
        rpn_maps=maps,
        rpn=anchors_of([squares(anchor_sizes or SIZES)], 0.5, int(channels * width), softmax=True),
        box_head=lambda num_classes: pooled_box_head(
            maps, num_classes, stride=16, bins=bins, units=int(4096 * width)
        ),
    )


def c4_trunk(backbone, input_shape, width, anchor_sizes, frozen_batch_norm):
    """A ResNet's fourth stage; its fifth is applied to each region."""
    network = backbone(stages=4, frozen_batch_norm=frozen_batch_norm, width=width, input_shape=input_shape)
    maps = [network.output["res4"]]
    block = partial(bottleneck, frozen_batch_norm=frozen_batch_norm)

    def res5(x):
        return stage(x, int(512 * width), 3, block, stride=2, name="res5")

    def region_features(maps, rois, size):
        return RoIAlign(size, [16], name="roi_align")([*maps, rois])

    return Trunk(
        image=network.input,
        maps=maps,
        rpn_maps=maps,
        rpn=anchors_of([squares(anchor_sizes or C4_SIZES)], 0.5, int(1024 * width)),
        box_head=lambda num_classes: c4_box_head(maps, num_classes, stride=16, res5=res5),
        region_features=region_features,
        mask_features=lambda maps, rois: res5(region_features(maps, rois, 14)),
        training=C4_TRAINING,
    )


def pyramid_trunk(backbone, input_shape, width, anchor_sizes, frozen_batch_norm):
    """A ResNet's feature pyramid: every level has anchors of one size, a region is read from the level of its own."""
    network = backbone(frozen_batch_norm=frozen_batch_norm, width=width, input_shape=input_shape)
    sizes = tuple(anchor_sizes or PYRAMID_SIZES)
    if len(sizes) != len(PYRAMID_STRIDES) + 1:
        raise InputError(f"a pyramid has five levels, each with anchors of one size, received {sizes}")
    channels = int(256 * width)
    pyramid = fpn([network.output[f"res{i}"] for i in range(2, 6)], channels=channels)
    maps = pyramid[:-1]

    def region_features(maps, rois, size):
        return RoIAlign(size, PYRAMID_STRIDES, name="roi_align")([*maps, rois])

    def mask_features(maps, rois):
        return convolutions(region_features(maps, rois, 14), 4, channels, "mask_conv")

    return Trunk(
        image=network.input,
        maps=maps,
        rpn_maps=pyramid,
        rpn=anchors_of([squares((size,)) for size in sizes], 0.0, channels),
        box_head=lambda num_classes: pyramid_box_head(
            maps, num_classes, strides=PYRAMID_STRIDES, units=int(1024 * width)
        ),
        region_features=region_features,
        mask_features=mask_features,
        training=PYRAMID_TRAINING,
    )


def anchors_of(areas, offset, channels, softmax=False):
    """Returns the arguments of `region_proposal_network`; with offset 0 the anchors are torchvision's."""
    return {"areas": areas, "ratios": RATIOS, "offset": offset, "channels": channels, "softmax": softmax}


def squares(sides):
    """Returns the areas of squares."""
    return tuple(float(side) ** 2 for side in sides)


TRUNKS = {
    "vgg16": partial(pooled_trunk, vgg16, 7, 512),
    "zf": partial(pooled_trunk, zf, 6, 256),
    "resnet50_c4": partial(c4_trunk, resnet50),
    "resnet101_c4": partial(c4_trunk, resnet101),
    "resnet18_fpn": partial(pyramid_trunk, resnet18),
    "resnet50_fpn": partial(pyramid_trunk, resnet50),
    "resnet101_fpn": partial(pyramid_trunk, resnet101),
    "resnext101_32x8d_fpn": partial(pyramid_trunk, resnext101_32x8d),
}
