"""Fast R-CNN: given regions, one pass of the network classifies and moves them all.

Source: Girshick 2015, arXiv:1504.08083.
"""

from keras import layers

from zoo.detection.region_head import class_and_box, head
from zoo.detection.region_layers import Detections
from zoo.detection.region_model import FastRcnn
from zoo.detection.thresholds import check_count, with_thresholds
from zoo.detection.trunks import trunk_of
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights


def fast_rcnn(
    num_classes: int,
    *,
    backbone: str = "vgg16",
    weights: Weights = None,
    width: float = 1.0,
    proposals: str = "selective_search_fast",
    num_proposals: int = 2000,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "fast_rcnn",
) -> FastRcnn:
    """Builds Fast R-CNN.

    It looks at regions that a method of `zoo.proposals` finds.

    Args:
        num_classes: number of classes C, without the background.
        backbone: a name of `zoo.detection.trunks.TRUNKS`.
        weights: file or name of published weights, see `zoo.weights.load`; "torchvision/IMAGENET1K_V1" is the
            backbone's.
        width: factor on the number of filters.
        proposals: the method, for whoever predicts with the model.
        num_proposals: P, proposals a picture.
        score_threshold: detections with this score or less are dropped; `None` for the release's.
        iou_threshold: a box is dropped if it overlaps a better one of its class by more than this; likewise.
        max_detections: K, rows of the result; likewise.
        input_shape: `(height, width, 3)`, pixels 0..255.
    Returns:
        A `FastRcnn` with the inputs `image` and `proposals (B, P, 4)`, xyxy in pixels; rows without area are none.
    Raises:
        InputError: if there is no such backbone, a number of proposals or detections is not 1 or more, a threshold
            lies outside of its range, or the weights do not fit.
    """
    num_proposals = check_count("num_proposals", num_proposals)
    trunk = trunk_of(backbone, input_shape, width)
    rois = layers.Input((None, 4), name="proposals")
    outputs = {**detected(trunk, rois, num_classes), "proposals": rois}
    model = FastRcnn({"image": trunk.image, "proposals": rois}, outputs, name=name)
    model.proposals, model.num_proposals = proposals, num_proposals
    thresholds = score_threshold, iou_threshold, max_detections
    return finished(model, trunk, num_classes, thresholds=thresholds, weights=weights)


def detected(trunk, rois, num_classes):
    """Adds the box head and suppression to a trunk.

    Returns:
        Dict of tensors: `maps`, the list of the trunk's feature maps, and the detections.
    """
    reads = trunk.reads(rois)
    box_head = head(
        reads, lambda *inputs: class_and_box(trunk.box_features(*inputs), inputs[1], num_classes), name="box_head"
    )
    found = box_head([*reads, rois])
    detections = Detections(name="detections")([trunk.image, rois, found["class_logits"], found["box_deltas"]])
    return {"maps": trunk.maps, **detections}


def finished(model, trunk, num_classes, *, thresholds, region_samples=None, weights=None, frozen_batch_norm=None):
    """Gives a model the constants of its trunk, what its builder was asked for in their place, and weights."""
    model.num_classes = num_classes
    for attribute, value in trunk.constants.items():
        setattr(model, attribute, value)
    if region_samples is not None:
        model.region_samples = check_count("region_samples", region_samples)
    return with_thresholds(with_weights(model, weights, frozen_batch_norm), *thresholds)


# The builders by name pass all of their arguments, `locals()`, on.
def fast_rcnn_vgg16(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    proposals: str = "selective_search_fast",
    num_proposals: int = 2000,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "fast_rcnn_vgg16",
) -> FastRcnn:
    """Builds Fast R-CNN on VGG16.

    Arguments as of `fast_rcnn`.
    """
    return fast_rcnn(backbone="vgg16", **locals())


def fast_rcnn_zf(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    proposals: str = "selective_search_fast",
    num_proposals: int = 2000,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "fast_rcnn_zf",
) -> FastRcnn:
    """Builds Fast R-CNN on ZF.

    Arguments as of `fast_rcnn`.
    """
    return fast_rcnn(backbone="zf", **locals())


def fast_rcnn_resnet18_fpn(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    proposals: str = "selective_search_fast",
    num_proposals: int = 2000,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "fast_rcnn_resnet18_fpn",
) -> FastRcnn:
    """Builds Fast R-CNN on ResNet-18-FPN.

    Arguments as of `fast_rcnn`.
    """
    return fast_rcnn(backbone="resnet18_fpn", **locals())


def fast_rcnn_resnet50_fpn(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    proposals: str = "selective_search_fast",
    num_proposals: int = 2000,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "fast_rcnn_resnet50_fpn",
) -> FastRcnn:
    """Builds Fast R-CNN on ResNet-50-FPN.

    Arguments as of `fast_rcnn`.
    """
    return fast_rcnn(backbone="resnet50_fpn", **locals())
