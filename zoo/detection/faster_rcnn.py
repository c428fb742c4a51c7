"""Faster R-CNN: the network proposes the regions that it looks at.

Source: Ren et al. 2015, arXiv:1506.01497, trained jointly (section 3.2, "approximate joint training").
"""

from collections.abc import Sequence

import keras

from zoo.detection.fast_rcnn import detected, finished
from zoo.detection.region_model import FastRcnn
from zoo.detection.rpn import region_proposal_network, rpn_losses
from zoo.detection.trunks import trunk_of
from zoo.types import Shape, Weights


def faster_rcnn(
    num_classes: int,
    *,
    backbone: str = "resnet50_fpn",
    weights: Weights = None,
    width: float = 1.0,
    anchor_sizes: Sequence[float] | None = None,
    num_proposals: int | tuple[int, int] | None = None,
    region_samples: int | None = None,
    frozen_batch_norm: bool | None = None,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "faster_rcnn",
) -> "FasterRcnn":
    """Builds Faster R-CNN.

    Args:
        num_classes: number of classes C, without the background.
        backbone: a name of `zoo.detection.trunks.TRUNKS`.
        weights: file or name of published weights, see `zoo.weights.load`; "torchvision/COCO_V1" is the detector's,
            "torchvision/IMAGENET1K_V1" the backbone's.
        width: factor on the number of filters.
        anchor_sizes: sides of square anchors in pixels, for a pyramid one a level (five), else for its one map;
            `None` for those of the backbone's paper.
        num_proposals: P, regions that are looked at, twice as many are drawn from in training; or a pair of both;
            `None` for those of the backbone's release, see `zoo.detection.trunks`.
        region_samples: regions that training draws of each picture; `None` for the number of the backbone's paper.
        frozen_batch_norm: whether batch normalisation keeps the statistics and factors it has, as with pretrained
            weights and few pictures a step; `None` for what `weights` want, else it learns.
        score_threshold: detections with this score or less are dropped; `None` for the release's.
        iou_threshold: a box is dropped if it overlaps a better one of its class by more than this; likewise.
        max_detections: K, rows of the result; likewise.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        A `FasterRcnn`.
    Raises:
        InputError: if there is no such backbone, the number of anchor sizes is another, a number of proposals, drawn
            regions or detections is not 1 or more, a threshold lies outside of its range, or the weights do not fit.
    """
    trunk = trunk_of(backbone, input_shape, width, anchor_sizes, frozen_batch_norm, num_proposals)
    outputs = proposed(trunk, num_classes)
    return finished(
        FasterRcnn(trunk.image, outputs, name=name),
        trunk,
        num_classes,
        thresholds=(score_threshold, iou_threshold, max_detections),
        region_samples=region_samples,
        weights=weights,
        frozen_batch_norm=frozen_batch_norm,
    )


def proposed(trunk, num_classes):
    """Adds the region proposal network and the detections made of its proposals; returns a dict of tensors."""
    regions = region_proposal_network(trunk.image, trunk.rpn_maps, **trunk.rpn)
    return {**regions, **detected(trunk, regions["proposals"], num_classes)}


@keras.saving.register_keras_serializable("zoo")
class FasterRcnn(FastRcnn):
    """A `FastRcnn` that proposes its own regions, and learns to.

    Attributes:
        anchor_samples: anchors drawn of each picture.
    """

    anchor_samples = 256
    region_samples = 128
    negative_iou = (0.0, 0.5)
    saved = (*FastRcnn.saved, "anchor_samples")
    loss_names: tuple[str, ...] = ("objectness_loss", "rpn_box_loss", *FastRcnn.loss_names)

    def loss_terms(self, targets, outputs, training=False):
        """Returns the terms of anchors and of drawn regions."""
        anchors = rpn_losses(outputs, targets, samples=self.anchor_samples, seed=self.seed_generator)
        return {**anchors, **super().loss_terms(targets, outputs, training)}


# The builders by name pass all of their arguments, `locals()`, on.
def faster_rcnn_vgg16(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    anchor_sizes: Sequence[float] | None = None,
    num_proposals: int | tuple[int, int] | None = None,
    region_samples: int | None = None,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "faster_rcnn_vgg16",
) -> FasterRcnn:
    """Builds Faster R-CNN on VGG16.

    Arguments as of `faster_rcnn`.
    """
    return faster_rcnn(backbone="vgg16", **locals())


def faster_rcnn_zf(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    anchor_sizes: Sequence[float] | None = None,
    num_proposals: int | tuple[int, int] | None = None,
    region_samples: int | None = None,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "faster_rcnn_zf",
) -> FasterRcnn:
    """Builds Faster R-CNN on ZF.

    Arguments as of `faster_rcnn`.
    """
    return faster_rcnn(backbone="zf", **locals())


def faster_rcnn_resnet50_c4(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    anchor_sizes: Sequence[float] | None = None,
    num_proposals: int | tuple[int, int] | None = None,
    region_samples: int | None = None,
    frozen_batch_norm: bool | None = None,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "faster_rcnn_resnet50_c4",
) -> FasterRcnn:
    """Builds Faster R-CNN on ResNet-50-C4.

    Arguments as of `faster_rcnn`.
    """
    return faster_rcnn(backbone="resnet50_c4", **locals())


def faster_rcnn_resnet101_c4(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    anchor_sizes: Sequence[float] | None = None,
    num_proposals: int | tuple[int, int] | None = None,
    region_samples: int | None = None,
    frozen_batch_norm: bool | None = None,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "faster_rcnn_resnet101_c4",
) -> FasterRcnn:
    """Builds Faster R-CNN on ResNet-101-C4.

    Arguments as of `faster_rcnn`.
    """
    return faster_rcnn(backbone="resnet101_c4", **locals())


def faster_rcnn_resnet18_fpn(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    anchor_sizes: Sequence[float] | None = None,
    num_proposals: int | tuple[int, int] | None = None,
    region_samples: int | None = None,
    frozen_batch_norm: bool | None = None,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "faster_rcnn_resnet18_fpn",
) -> FasterRcnn:
    """Builds Faster R-CNN on ResNet-18-FPN.

    Arguments as of `faster_rcnn`.
    """
    return faster_rcnn(backbone="resnet18_fpn", **locals())


def faster_rcnn_resnet50_fpn(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    anchor_sizes: Sequence[float] | None = None,
    num_proposals: int | tuple[int, int] | None = None,
    region_samples: int | None = None,
    frozen_batch_norm: bool | None = None,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "faster_rcnn_resnet50_fpn",
) -> FasterRcnn:
    """Builds Faster R-CNN on ResNet-50-FPN.

    Arguments as of `faster_rcnn`.
    """
    return faster_rcnn(backbone="resnet50_fpn", **locals())


def faster_rcnn_resnet101_fpn(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    anchor_sizes: Sequence[float] | None = None,
    num_proposals: int | tuple[int, int] | None = None,
    region_samples: int | None = None,
    frozen_batch_norm: bool | None = None,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "faster_rcnn_resnet101_fpn",
) -> FasterRcnn:
    """Builds Faster R-CNN on ResNet-101-FPN.

    Arguments as of `faster_rcnn`.
    """
    return faster_rcnn(backbone="resnet101_fpn", **locals())
