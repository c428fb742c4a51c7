"""Keypoint R-CNN: Faster R-CNN with a heat map for each of an object's points (He et al. 2017, arXiv:1703.06870)."""

from collections.abc import Sequence

import keras
from keras import layers, ops

from zoo.detection.fast_rcnn import finished
from zoo.detection.faster_rcnn import FasterRcnn, proposed
from zoo.detection.losses import masked_mean
from zoo.detection.region_head import convolutions, head
from zoo.detection.region_layers import HE_FAN_OUT, HeatmapPoints, RegionRows
from zoo.detection.trunks import trunk_of
from zoo.errors import InputError
from zoo.ops import heatmaps
from zoo.ops.rows import take_rows
from zoo.types import Shape, Weights


def keypoint_rcnn(
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
    name: str = "keypoint_rcnn",
) -> "KeypointRcnn":
    """Builds Keypoint R-CNN.

    The further arguments are those of `faster_rcnn`; the backbone is a pyramid.

    Args:
        num_classes: number of classes C, without the background; all have the same points.
        num_keypoints: P, points of an object.
        backbone: as in `faster_rcnn`.
        weights: likewise.
        width: likewise.
        anchor_sizes: likewise.
        num_proposals: likewise.
        region_samples: likewise.
        frozen_batch_norm: likewise.
        score_threshold: likewise.
        iou_threshold: likewise.
        max_detections: likewise.
        input_shape: likewise.
    Returns:
        A `KeypointRcnn`.
    Raises:
        InputError: if there is no such backbone, the number of anchor sizes is another, a number of proposals, drawn
            regions or detections is not 1 or more, a threshold lies outside of its range, or the weights do not fit.
    """
    trunk = trunk_of(backbone, input_shape, width, anchor_sizes, frozen_batch_norm, num_proposals)
    if trunk.region_features is None:
        raise InputError(f"Keypoint R-CNN stands on a pyramid, received the backbone {backbone!r}")
    outputs = with_keypoints(proposed(trunk, num_classes), trunk, num_keypoints, width)
    return finished(
        KeypointRcnn(trunk.image, outputs, name=name),
        trunk,
        num_classes,
        thresholds=(score_threshold, iou_threshold, max_detections),
        region_samples=region_samples,
        weights=weights,
        frozen_batch_norm=frozen_batch_norm,
    )


def with_keypoints(outputs, trunk, num_keypoints, width):
    """Adds the keypoint head and the points of what is detected to a dict of tensors; returns the larger one."""
    keypoint_head = head(trunk.maps, keypoint_body(trunk, num_keypoints, width), name="keypoint_head")
    logits = keypoint_head([*trunk.maps, outputs["boxes"]])
    inputs = [logits, outputs["boxes"], outputs["labels"], trunk.image]
    return {**outputs, "keypoints": HeatmapPoints(name="keypoints", dtype="float32")(inputs)}


def keypoint_body(trunk, num_keypoints, width):
    """Returns the function of a keypoint head: eight convolutions, upsampled twice to 56x56 logits.

    Source: He et al. 2017, section 5.
    """

    def body(maps, rois):
        x = convolutions(trunk.region_features(maps, rois, 14), 8, int(512 * width), "keypoint_conv")
        x = layers.Conv2DTranspose(
            num_keypoints,
            4,
            2,
            padding="same",
            kernel_initializer=HE_FAN_OUT,
            dtype="float32",
            name="keypoint_logits",
        )(x)
        x = layers.UpSampling2D(2, interpolation="bilinear", dtype="float32", name="keypoint_up")(x)
        return RegionRows(dtype="float32", name="keypoint_rows")([x, rois])

    return body


@keras.saving.register_keras_serializable("zoo")
class KeypointRcnn(FasterRcnn):
    """A `FasterRcnn` that also finds the points of each object.

    Attributes:
        keypoint_names: P names, `()` where nobody gave them.
        skeleton: pairs of points, from 0, that a drawing joins by a line.
        flip_pairs: pairs of points that change places when a picture is mirrored.
    """

    task = "keypoints"
    keypoint_names = ()
    skeleton = ()
    flip_pairs = ()
    saved = (*FasterRcnn.saved, "keypoint_names", "skeleton", "flip_pairs")
    loss_names: tuple[str, ...] = (*FasterRcnn.loss_names, "keypoint_loss")
    predicted = (*FasterRcnn.predicted, "keypoints")

    def region_terms(self, reads, drawn, targets, training):
        """Adds `keypoint_loss`, cross-entropy over the cells of the heat map of each visible point (section 5)."""

        def loss(reads, boxes, labels, matched):
            logits = ops.cast(self.get_layer("keypoint_head")([*reads, boxes], training=training), "float32")
            rows, _, size, kinds = logits.shape[1:]
            count = ops.shape(targets["keypoints"])[1]
            points = ops.reshape(ops.cast(targets["keypoints"], "float32"), (-1, count, kinds * 3))
            points = ops.reshape(take_rows(points, matched), (-1, rows, kinds, 3))
            cells, valid = heatmaps.target_cells(points, boxes, size)
            valid = valid * ops.cast(labels > 0, "float32")[..., None]
            logits = ops.reshape(ops.transpose(logits, (0, 1, 4, 2, 3)), (-1, rows, kinds, size * size))
            wrong = ops.sparse_categorical_crossentropy(cells, logits, from_logits=True)
            return masked_mean(wrong, valid)

        terms = super().region_terms(reads, drawn, targets, training)
        return {**terms, "keypoint_loss": self.over_objects(loss, reads, drawn)}


# The builders by name pass all of their arguments, `locals()`, on.
def keypoint_rcnn_resnet18_fpn(
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
    name: str = "keypoint_rcnn_resnet18_fpn",
) -> KeypointRcnn:
    """Builds Keypoint R-CNN on ResNet-18-FPN.

    Arguments as of `keypoint_rcnn`.
    """
    return keypoint_rcnn(backbone="resnet18_fpn", **locals())


def keypoint_rcnn_resnet50_fpn(
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
    name: str = "keypoint_rcnn_resnet50_fpn",
) -> KeypointRcnn:
    """Builds Keypoint R-CNN on ResNet-50-FPN.

    Arguments as of `keypoint_rcnn`.
    """
    return keypoint_rcnn(backbone="resnet50_fpn", **locals())


def keypoint_rcnn_resnet101_fpn(
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
    name: str = "keypoint_rcnn_resnet101_fpn",
) -> KeypointRcnn:
    """Builds Keypoint R-CNN on ResNet-101-FPN.

    Arguments as of `keypoint_rcnn`.
    """
    return keypoint_rcnn(backbone="resnet101_fpn", **locals())
