"""Mask R-CNN: Faster R-CNN with a mask for each object (He et al. 2017, arXiv:1703.06870)."""

from collections.abc import Sequence

import keras
from keras import ops

from zoo.detection.fast_rcnn import finished
from zoo.detection.faster_rcnn import FasterRcnn, proposed
from zoo.detection.losses import masked_mean
from zoo.detection.region_head import head
from zoo.detection.region_layers import HE_FAN_OUT, ClassMasks, MaskProbabilities, RegionRows, Subpixels
from zoo.detection.trunks import trunk_of
from zoo.errors import InputError
from zoo.ops.mask_targets import region_masks
from zoo.ops.rows import take_rows
from zoo.types import Shape, Weights


def mask_rcnn(
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
    name: str = "mask_rcnn",
) -> "MaskRcnn":
    """Builds Mask R-CNN.

    The arguments are those of `faster_rcnn`; the backbone is a pyramid or C4.

    Returns:
        A `MaskRcnn`.
    Raises:
        InputError: if there is no such backbone, the number of anchor sizes is another, a number of proposals, drawn
            regions or detections is not 1 or more, a threshold lies outside of its range, or the weights do not fit.
    """
    trunk = trunk_of(backbone, input_shape, width, anchor_sizes, frozen_batch_norm, num_proposals)
    if trunk.mask_features is None:
        raise InputError(f"Mask R-CNN stands on a pyramid or C4, received the backbone {backbone!r}")
    outputs = with_masks(proposed(trunk, num_classes), trunk, num_classes, width)
    return finished(
        MaskRcnn(trunk.image, outputs, name=name),
        trunk,
        num_classes,
        thresholds=(score_threshold, iou_threshold, max_detections),
        region_samples=region_samples,
        weights=weights,
        frozen_batch_norm=frozen_batch_norm,
    )


def with_masks(outputs, trunk, num_classes, width):
    """Adds the mask head and the masks of what is detected to a dict of tensors; returns the larger one."""
    reads = trunk.reads(outputs["boxes"])
    mask_head = head(reads, mask_body(trunk, num_classes, width), name="mask_head", labelled=True)
    logits = mask_head([*reads, outputs["boxes"], outputs["labels"]])
    return {**outputs, "masks": MaskProbabilities(name="masks")([logits, outputs["labels"]])}


def mask_body(trunk, num_classes, width):
    """Returns the function of a mask head: the trunk's features, upsampled by 2 to 28x28 (C4: 14x14), a mask a class.

    Source: He et al. 2017, figure 4.
    """

    def body(reads, rois, labels):
        x = trunk.mask_features(reads, rois)
        x = Subpixels(int(256 * width), activation="relu", kernel_initializer=HE_FAN_OUT, name="mask_up1")(x)
        logits = ClassMasks(num_classes, dtype="float32", name="mask_logits")([x, labels])
        return RegionRows(dtype="float32", name="mask_rows")([logits, rois])

    return body


@keras.saving.register_keras_serializable("zoo")
class MaskRcnn(FasterRcnn):
    """A `FasterRcnn` that also says which pixels of a box are the object's."""

    task = "instance_segmentation"
    loss_names: tuple[str, ...] = (*FasterRcnn.loss_names, "mask_loss")
    predicted = (*FasterRcnn.predicted, "masks")

    def region_terms(self, reads, drawn, targets, training):
        """Adds `mask_loss`."""
        terms = super().region_terms(reads, drawn, targets, training)
        return {**terms, "mask_loss": mask_loss(self, reads, drawn, targets, training)}


def mask_loss(model, reads, drawn, targets, training):
    """Returns the cross-entropy of the own class's mask over regions with an object.

    Args:
        model: a `FasterRcnn` with a mask head.
        reads: as those of its `region_terms`.
        drawn: likewise.
        targets: likewise, with `masks (B, N, m, m)` of the objects' boxes.
        training: of the head.
    Source: He et al. 2017, section 3.
    """

    def loss(reads, boxes, labels, matched):
        logits = model.get_layer("mask_head")([*reads, boxes, labels - 1], training=training)
        count, size = ops.shape(targets["masks"])[1:3]
        masks = take_rows(ops.reshape(targets["masks"], (-1, count, size * size)), matched)
        masks = ops.cast(ops.reshape(masks, (-1, boxes.shape[1], size, size)), "float32")
        gt_boxes = take_rows(ops.cast(targets["boxes"], "float32"), matched)
        wanted = region_masks(masks, gt_boxes, boxes, logits.shape[-1])
        wrong = ops.binary_crossentropy(wanted, ops.cast(logits, "float32"), from_logits=True)
        return masked_mean(ops.mean(wrong, axis=(2, 3)), ops.cast(labels > 0, "float32"))

    return model.over_objects(loss, reads, drawn)


# The builders by name pass all of their arguments, `locals()`, on.
def mask_rcnn_resnet50_c4(
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
    name: str = "mask_rcnn_resnet50_c4",
) -> MaskRcnn:
    """Builds Mask R-CNN on ResNet-50-C4.

    Arguments as of `mask_rcnn`.
    """
    return mask_rcnn(backbone="resnet50_c4", **locals())


def mask_rcnn_resnet101_c4(
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
    name: str = "mask_rcnn_resnet101_c4",
) -> MaskRcnn:
    """Builds Mask R-CNN on ResNet-101-C4.

    Arguments as of `mask_rcnn`.
    """
    return mask_rcnn(backbone="resnet101_c4", **locals())


def mask_rcnn_resnet18_fpn(
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
    name: str = "mask_rcnn_resnet18_fpn",
) -> MaskRcnn:
    """Builds Mask R-CNN on ResNet-18-FPN.

    Arguments as of `mask_rcnn`.
    """
    return mask_rcnn(backbone="resnet18_fpn", **locals())


def mask_rcnn_resnet50_fpn(
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
    name: str = "mask_rcnn_resnet50_fpn",
) -> MaskRcnn:
    """Builds Mask R-CNN on ResNet-50-FPN.

    Arguments as of `mask_rcnn`.
    """
    return mask_rcnn(backbone="resnet50_fpn", **locals())


def mask_rcnn_resnet101_fpn(
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
    name: str = "mask_rcnn_resnet101_fpn",
) -> MaskRcnn:
    """Builds Mask R-CNN on ResNet-101-FPN.

    Arguments as of `mask_rcnn`.
    """
    return mask_rcnn(backbone="resnet101_fpn", **locals())


def mask_rcnn_resnext101_32x8d_fpn(
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
    name: str = "mask_rcnn_resnext101_32x8d_fpn",
) -> MaskRcnn:
    """Builds Mask R-CNN on ResNeXt-101-32x8d-FPN.

    Arguments as of `mask_rcnn`.
    """
    return mask_rcnn(backbone="resnext101_32x8d_fpn", **locals())
