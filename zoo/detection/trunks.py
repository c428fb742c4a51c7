"""What the R-CNN family stands on: feature maps, anchors on them, and how a region's features become numbers.

A trunk is a backbone with all that its paper decided for two-stage detection: VGG16 and ZF with fully connected
layers (Girshick 2015; Ren et al. 2015), ResNet's C4 (He et al. 2017) and feature pyramids (Lin et al. 2017). The
numbers are those of the releases: py-faster-rcnn's `lib/fast_rcnn/config.py`, Detectron's `configs/12_2017_baselines`
for C4, torchvision's detectors for pyramids.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import keras
import numpy as np
from keras import layers

from zoo.backbones.pyramid import fpn
from zoo.backbones.resnet import bottleneck, resnet18, resnet50, resnet101, resnext101_32x8d, stage
from zoo.backbones.vgg import vgg16
from zoo.backbones.zfnet import zf
from zoo.detection.region_head import convolutions, dense_relu, head
from zoo.detection.thresholds import are_sides, check_count
from zoo.errors import InputError
from zoo.layers import RoIAlign, RoIPool
from zoo.ops.anchors import RATIOS, SIZES

PYRAMID_STRIDES = (4, 8, 16, 32)
PYRAMID_SIZES = (32, 64, 128, 256, 512)  # Lin et al. 2017, section 4.1
PYRAMID_CONSTANTS = {"region_samples": 512, "box_beta": 1 / 9, "negative_iou": (0.0, 0.5)}
C4_SIZES = (32, 64, 128, 256, 512)  # He et al. 2017, section 3.1: five scales, 15 anchors a cell
C4_CONSTANTS = {"region_samples": 512, "negative_iou": (0.0, 0.5)}  # the release's; the paper draws 64
POOLED_CONSTANTS = {"iou_threshold": 0.3}
CELLS = {"stride": 16, "base": 16, "allowed_border": 0.0}
"""Of the anchors of one map, as of generate_anchors.py in py-faster-rcnn and Detectron."""
CANDIDATES = (6000, 12000)  # anchors of one map that enter suppression, in testing and training
POOLED_PROPOSALS = {"count": (300, 2000), "candidates": CANDIDATES, "least_side": 16.0, "short_first": True}
"""The release's least side is in pixels of the original picture, which is not known here: it is the frame's."""
C4_PROPOSALS = {"count": (1000, 2000), "candidates": CANDIDATES}


@dataclass(frozen=True)
class Trunk:
    """Tensors and functions that the builders put together.

    What a head reads of regions, its `reads`, are the feature maps or, of a trunk with `shared` layers, the one
    tensor `(B * R, h, w, C)` that those make of the maps and regions.

    Attributes:
        image: the picture's tensor.
        maps: feature maps that regions are read from, fine to coarse.
        rpn_maps: feature maps that have anchors.
        rpn: further arguments of `zoo.detection.rpn.region_proposal_network`.
        box_features: function of `(reads, rois)` to `(B * R, D)`, from which a region is classified and moved.
        region_features: function of `(reads, rois, size)` to `(B * R, size, size, C)`, `None` for other trunks than
            pyramids.
        mask_features: function of `(reads, rois)` to what a mask is upsampled from, `None` for pooled trunks.
        shared: `keras.Model` from maps and regions to what all heads read; `None`: they read the maps.
        constants: attributes of the model, as the trunk's paper or release has them.
    """

    image: keras.KerasTensor
    maps: list
    rpn_maps: list
    rpn: dict
    box_features: Callable
    region_features: Callable | None = None
    mask_features: Callable | None = None
    shared: keras.Model | None = None
    constants: dict = field(default_factory=dict)

    def reads(self, rois):
        """Returns what heads read of regions `(B, R, 4)`: a list of tensors."""
        return [self.shared([*self.maps, rois])] if self.shared else self.maps


def trunk_of(backbone, input_shape, width, anchor_sizes=None, frozen_batch_norm=None, num_proposals=None):
    """Builds a trunk.

    Args:
        backbone: a name of `TRUNKS`.
        input_shape: `(height, width, 3)`.
        width: factor on the number of filters.
        anchor_sizes: sides of square anchors, pixels; `None` for the paper's.
        frozen_batch_norm: of ResNets.
        num_proposals: P, of the region proposal network, twice as many in training; or a pair of both; `None` for the
            release's.
    Returns:
        A `Trunk`.
    Raises:
        InputError: if there is no such backbone, anchor sizes are not above 0 or not one a pyramid's level, or
            numbers of proposals are not 1 or more.
    """
    if anchor_sizes is not None:
        sizes = tuple(np.array(anchor_sizes, "O").flat)
        if not sizes or not are_sides(sizes):
            raise InputError(f"anchor_sizes are pixels above 0, received {anchor_sizes}")
        anchor_sizes = sizes
    if backbone not in TRUNKS:
        raise InputError(f"unknown backbone {backbone!r}: choose one of {', '.join(TRUNKS)}")
    trunk = TRUNKS[backbone](input_shape, width, anchor_sizes, frozen_batch_norm)
    if num_proposals is None:
        return trunk
    pair = isinstance(num_proposals, list | tuple)
    if pair and len(num_proposals) != 2:
        raise InputError(f"num_proposals is a number, or that and training's, received {num_proposals}")
    count = num_proposals if pair else (num_proposals, 2 * check_count("num_proposals", num_proposals))
    return replace(trunk, rpn={**trunk.rpn, "count": tuple(check_count("num_proposals", one) for one in count)})


def pooled_trunk(backbone, bins, channels, input_shape, width, anchor_sizes, frozen_batch_norm):
    """A plain network's last convolution, RoI pooling to `bins` a side and fully connected layers."""
    network = backbone(width=width, input_shape=input_shape)
    maps = [network.output["conv5"]]

    def box_features(maps, rois):
        x = layers.Flatten(name="flatten")(RoIPool(bins, 16, name="roi_pool")([*maps, rois]))
        return fully_connected(x, int(4096 * width), dropout=0.5)

    return Trunk(
        image=network.input,
        maps=maps,
        rpn_maps=maps,
        rpn={
            **anchors_of([anchor_sizes or SIZES], offset=0.5),
            **CELLS,
            **POOLED_PROPOSALS,
            "channels": int(channels * width),
            "softmax": True,
        },
        box_features=box_features,
        constants=POOLED_CONSTANTS,
    )


def c4_trunk(backbone, input_shape, width, anchor_sizes, frozen_batch_norm):
    """A ResNet's fourth stage; its fifth is applied to each region, and all heads read that.

    Source: He et al. 2017, arXiv:1703.06870, figure 4, left.
    """
    network = backbone(stages=4, frozen_batch_norm=frozen_batch_norm, width=width, input_shape=input_shape)
    maps = [network.output["res4"]]

    def res5(maps, rois):
        x = RoIAlign(14, [16], name="roi_align")([*maps, rois])
        block = partial(bottleneck, frozen_batch_norm=frozen_batch_norm)
        return stage(x, int(512 * width), 3, block, stride=2, name="res5")

    return Trunk(
        image=network.input,
        maps=maps,
        rpn_maps=maps,
        rpn={
            **anchors_of([anchor_sizes or C4_SIZES], offset=0.5),
            **CELLS,
            **C4_PROPOSALS,
            "channels": int(1024 * width),
        },
        shared=head(maps, res5, name="region_features"),
        box_features=lambda reads, rois: layers.GlobalAveragePooling2D(name="mean")(*reads),
        mask_features=lambda reads, rois: reads[0],
        constants=C4_CONSTANTS,
    )


def pyramid_trunk(backbone, input_shape, width, anchor_sizes, frozen_batch_norm):
    """A ResNet's feature pyramid: every level has anchors of one size, a region is read from the level of its own.

    Within the network pictures are padded to multiples of 32 by zeros, as in torchvision, so that every map has twice
    the cells of the next; nothing is proposed or found there.
    """
    network = backbone(pad_to=32, frozen_batch_norm=frozen_batch_norm, width=width, input_shape=input_shape)
    sizes = tuple(anchor_sizes or PYRAMID_SIZES)
    if len(sizes) != len(PYRAMID_STRIDES) + 1:
        raise InputError(f"a pyramid has five levels, each with anchors of one size, received {sizes}")
    channels = int(256 * width)
    pyramid = fpn([network.output[f"res{i}"] for i in range(2, 6)], channels=channels)

    def region_features(maps, rois, size):
        return RoIAlign(size, PYRAMID_STRIDES, name="roi_align")([*maps, rois])

    def box_features(maps, rois):
        return fully_connected(layers.Flatten(name="flatten")(region_features(maps, rois, 7)), int(1024 * width))

    def mask_features(maps, rois):
        return convolutions(region_features(maps, rois, 14), 4, channels, "mask_conv")

    return Trunk(
        image=network.input,
        maps=pyramid[:-1],
        rpn_maps=pyramid,
        # With offset 0 the anchors are torchvision's.
        rpn={
            **anchors_of([(size,) for size in sizes], offset=0.0),
            "frame": network.get_layer("pad").output,
            "channels": channels,
        },
        box_features=box_features,
        region_features=region_features,
        mask_features=mask_features,
        constants=PYRAMID_CONSTANTS,
    )


def anchors_of(sizes, offset):
    """Returns arguments of `region_proposal_network`: the anchors, of `sizes` on each map, a list of sides a map."""
    areas = [tuple(float(side) ** 2 for side in sides) for sides in sizes]
    return {"areas": areas, "ratios": RATIOS, "offset": offset}


def fully_connected(x, units, dropout=0.0):
    """fc6 and fc7, of `units` each."""
    for name in ("fc6", "fc7"):
        x = dense_relu(x, units, name, dropout)
    return x


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
