"""Mask R-CNN with keypoints: masks and points of each object from one model.

Source: He et al. 2017, arXiv:1703.06870, section 5, "Mask R-CNN, keypoint & mask" of tables 4 and 5.
"""

from collections.abc import Sequence

import keras

from zoo.detection.fast_rcnn import finished
from zoo.detection.faster_rcnn import proposed
from zoo.detection.keypoint_rcnn import KeypointRcnn, with_keypoints
from zoo.detection.mask_rcnn import mask_loss, with_masks
from zoo.detection.trunks import trunk_of
from zoo.errors import InputError
from zoo.types import Shape, Weights


def mask_keypoint_rcnn(
    num_classes: int = 1,
    *,
    num_keypoints: int = 17,
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
    name: str = "mask_keypoint_rcnn",
) -> "MaskKeypointRcnn":
    """Builds Mask R-CNN with keypoints.

    The arguments are those of `keypoint_rcnn`; the backbone is a pyramid. The layers have the names of the two
    models: `weights=` takes all but a head from a file of either.

    Returns:
        A `MaskKeypointRcnn`.
    Raises:
        InputError: if there is no such backbone, the number of anchor sizes is another, a number of proposals, drawn
            regions or detections is not 1 or more, a threshold lies outside of its range, or the weights do not fit.
    """
    trunk = trunk_of(backbone, input_shape, width, anchor_sizes, frozen_batch_norm, num_proposals)
    if trunk.region_features is None:
        raise InputError(f"Mask R-CNN with keypoints stands on a pyramid, received the backbone {backbone!r}")
    outputs = with_masks(proposed(trunk, num_classes), trunk, num_classes, width)
    outputs = with_keypoints(outputs, trunk, num_keypoints, width)
    return finished(
        MaskKeypointRcnn(trunk.image, outputs, name=name),
        trunk,
        num_classes,
        thresholds=(score_threshold, iou_threshold, max_detections),
        region_samples=region_samples,
        weights=weights,
        frozen_batch_norm=frozen_batch_norm,
    )


@keras.saving.register_keras_serializable("zoo")
class MaskKeypointRcnn(KeypointRcnn):
    """A `KeypointRcnn` that also says which pixels of a box are the object's.

    Both heads learn of the same drawn regions, those with an object.
    """

    task = "masks_and_keypoints"
    loss_names = (*KeypointRcnn.loss_names, "mask_loss")
    predicted = (*KeypointRcnn.predicted, "masks")

    def region_terms(self, reads, drawn, targets, training):
        """Adds `mask_loss` to `keypoint_loss` and the terms of class and box; all count alike."""
        terms = super().region_terms(reads, drawn, targets, training)
        return {**terms, "mask_loss": mask_loss(self, reads, drawn, targets, training)}


# The builders by name pass all of their arguments, `locals()`, on.
def mask_keypoint_rcnn_resnet18_fpn(
    num_classes: int = 1,
    *,
    num_keypoints: int = 17,
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
    name: str = "mask_keypoint_rcnn_resnet18_fpn",
) -> MaskKeypointRcnn:
    """Builds Mask R-CNN with keypoints on ResNet-18-FPN.

    Arguments as of `mask_keypoint_rcnn`.
    """
    return mask_keypoint_rcnn(backbone="resnet18_fpn", **locals())


def mask_keypoint_rcnn_resnet50_fpn(
    num_classes: int = 1,
    *,
    num_keypoints: int = 17,
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
    name: str = "mask_keypoint_rcnn_resnet50_fpn",
) -> MaskKeypointRcnn:
    """Builds Mask R-CNN with keypoints on ResNet-50-FPN.

    Arguments as of `mask_keypoint_rcnn`.
    """
    return mask_keypoint_rcnn(backbone="resnet50_fpn", **locals())


def mask_keypoint_rcnn_resnet101_fpn(
    num_classes: int = 1,
    *,
    num_keypoints: int = 17,
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
    name: str = "mask_keypoint_rcnn_resnet101_fpn",
) -> MaskKeypointRcnn:
    """Builds Mask R-CNN with keypoints on ResNet-101-FPN.

    Arguments as of `mask_keypoint_rcnn`.
    """
    return mask_keypoint_rcnn(backbone="resnet101_fpn", **locals())
