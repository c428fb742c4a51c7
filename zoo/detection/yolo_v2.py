"""YOLO v2 and Tiny YOLO v2: anchors on a grid, each predicting one box, its objectness and its class.

Source: Redmon & Farhadi 2017, arXiv:1612.08242; constants from the authors' released configurations and
`region_layer.c`.
"""

import math
from collections.abc import Sequence
from numbers import Integral

import keras
from keras import layers, ops

from zoo.backbones.darknet import conv_leaky, darknet19, pads, tiny_darknet
from zoo.backbones.darknet_layers import Reorg
from zoo.detection.anchor_grid import AnchorGrid, answering, check_anchors, class_errors
from zoo.detection.thresholds import with_thresholds
from zoo.detection.yolo_anchors import COCO_ANCHORS, TINY_VOC_ANCHORS
from zoo.errors import InputError
from zoo.layers import PictureSize
from zoo.ops import boxes as box_ops
from zoo.ops.rows import take_rows
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights

STRIDE = 32


def yolo_v2(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    anchors: Sequence[tuple[float, float]] = COCO_ANCHORS,
    pulled_pictures: int | None = None,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "yolo_v2",
) -> "YoloV2":
    """Builds YOLO v2 as released: Darknet-19 without its top, three 3x3 convolutions and the passthrough.

    Args:
        num_classes: number of classes C; 80 with `COCO_ANCHORS` in the paper's COCO model, 20 with `VOC_ANCHORS`
            of `zoo.detection.yolo_anchors`.
        weights: file or name of published weights, see `zoo.weights.load`.
        width: factor on the number of filters.
        anchors: A pairs of width and height in cells of 32 pixels.
        pulled_pictures: see `YoloV2`; `None` for the release's 12,800, of the five million that it learned from.
            Where a training sees few times that number, an epoch's or 0: the pull also shrinks the offsets of anchors
            that do answer towards the middle of their cells.
        score_threshold: see `zoo.detection.detector.Detector`, as the next two; `None` for the release's 0.005.
        iou_threshold: `None` for the release's 0.45.
        max_detections: `None` for 100.
        input_shape: `(height, width, 3)`; 416 x 416 and up to 608 x 608 in the paper. Pictures whose sides are no
            multiples of 32 get zeros at the bottom and right within the network; Darknet's have no such sides.
    Returns:
        A `YoloV2`.
    Raises:
        InputError: if a fixed side is no number above 0, an anchor is not a pair above 0 or a threshold lies outside
            of its range.
    """
    check_size(input_shape, name)
    backbone = darknet19(width=width, multiple=STRIDE, input_shape=input_shape)
    fine, x = (backbone.output[key] for key in ("stride16", "stride32"))
    filters = int(1024 * width)
    x = conv_leaky(x, filters, 3, name="head_conv1")
    x = conv_leaky(x, filters, 3, name="head_conv2")
    fine = conv_leaky(fine, 4 * math.ceil(16 * width), 1, name="passthrough_conv")  # Reorg's channels come by fours
    x = layers.Concatenate(name="passthrough")([Reorg(name="passthrough_stack")(fine), x])
    x = conv_leaky(x, filters, 3, name="head_conv3")
    model = with_weights(with_anchors(backbone.input, x, num_classes, anchors, name, pulled_pictures), weights)
    return with_thresholds(model, score_threshold, iou_threshold, max_detections)


def tiny_yolo_v2(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    anchors: Sequence[tuple[float, float]] = TINY_VOC_ANCHORS,
    pulled_pictures: int | None = None,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (None, None, 3),
    name: str = "tiny_yolo_v2",
) -> "YoloV2":
    """Builds Tiny YOLO v2 as released for VOC: nine convolutions.

    Args:
        num_classes: number of classes C.
        weights: file or name of published weights, see `zoo.weights.load`.
        width: factor on the number of filters.
        anchors: A pairs of width and height in cells of 32 pixels.
        pulled_pictures: as for `yolo_v2`.
        score_threshold: see `zoo.detection.detector.Detector`, as the next two; `None` for the release's 0.005.
        iou_threshold: `None` for the release's 0.45.
        max_detections: `None` for 100.
        input_shape: `(height, width, 3)`, as for `yolo_v2`; 416 x 416 in the release.
    Returns:
        A `YoloV2`.
    Raises:
        InputError: if a fixed side is no number above 0, an anchor is not a pair above 0 or a threshold lies outside
            of its range.
    """
    check_size(input_shape, name)
    backbone = tiny_darknet(width=width, multiple=STRIDE, input_shape=input_shape)
    x = conv_leaky(backbone.output["stride32"], int(1024 * width), 3, name="head_conv1")
    model = with_weights(with_anchors(backbone.input, x, num_classes, anchors, name, pulled_pictures), weights)
    return with_thresholds(model, score_threshold, iou_threshold, max_detections)


def with_anchors(image, x, num_classes, anchors, name, pulled_pictures=None):
    """Ends a network with the 1x1 convolution that predicts `A * (5 + C)` numbers a cell."""
    anchors = check_anchors(anchors)
    x = layers.Conv2D(len(anchors) * (5 + num_classes), 1, dtype="float32", name="grid")(x)
    outputs = {"grid": x}
    if pads(image, STRIDE):
        outputs["size"] = PictureSize(name="size")(image)
    model = YoloV2(image, outputs, name=name)
    model.num_classes, model.anchors = num_classes, anchors
    if pulled_pictures is not None:
        model.pulled_pictures = pulled_pictures
    return model


def check_size(input_shape, name):
    """Raises `InputError` where `(height, width, 3)` is something else, or a fixed side not above 0."""
    if len(input_shape) != 3 or any(side is not None and side < 1 for side in input_shape[:2]):
        raise InputError(
            f"{name} takes input_shape=(height, width, 3), None for a side of any length, received {input_shape}"
        )


def check_pictures(name, value):
    """Returns a number of pictures, 0 or more, as an `int`.

    Raises:
        InputError: if the value is something else.
    """
    if not isinstance(value, Integral) or value < 0:
        raise InputError(f"{name} is a whole number of pictures, 0 or more, received {value!r}")
    return int(value)


@keras.saving.register_keras_serializable("zoo")
class YoloV2(AnchorGrid):
    """An `AnchorGrid` with the loss of YOLO v2.

    Attributes:
        coord_scale: weight of the box's loss.
        object_scale: weight of the objectness of anchors that answer for an object.
        noobject_scale: weight of the objectness of all others.
        class_scale: weight of the classes' loss.
        ignored_iou: an anchor whose box overlaps some object by more than this is not taught to see nothing.
        pulled_pictures: pictures at a training's beginning in which every anchor that answers for no object is pulled
            towards the middle of its cell and its own sides.
        pull_scale: weight of that pull.
        seen: variable, pictures that were learned from, by the first replica where there are several. It is saved
            with the weights; files without it begin at 0.
    """

    coord_scale = 1.0
    object_scale = 5.0
    noobject_scale = 1.0
    class_scale = 1.0
    ignored_iou = 0.6
    pulled_pictures = 12_800
    pull_scale = 0.01
    checks = {**AnchorGrid.checks, "pulled_pictures": check_pictures}
    saved = (
        *(*AnchorGrid.saved, "coord_scale", "object_scale", "noobject_scale", "class_scale", "ignored_iou"),
        *("pulled_pictures", "pull_scale"),
    )
    loss_names = ("box_loss", "object_loss", "noobject_loss", "class_loss", "pull_loss")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seen = self.add_weight(
            (), "zeros", "int32", trainable=False, aggregation="only_first_replica", name="seen"
        )

    def load_own_variables(self, store):
        """Loads `seen` where a file has it."""
        if store.keys():
            super().load_own_variables(store)

    def loss_terms(self, targets, outputs, training=False):
        """Half squared errors, whose gradients are the deltas of `region_layer.c`, and cross-entropy of the classes.

        The objectness of an anchor that answers for an object learns the IoU of its box with it. Summed over a
        picture, averaged over the batch. The pull is that of the pictures before `pulled_pictures`; in training it
        counts those of the batch as seen.
        """
        rows, boxes = self.split(outputs)
        boxes, objectness = ops.stop_gradient(boxes), ops.sigmoid(rows[..., 4])
        assigned = self.assign(targets, outputs)
        gt_boxes = assigned["boxes"]
        own, answers = take_rows(rows, assigned["slots"]), assigned["answers"]

        small = 2.0 - assigned["areas"]  # so that small objects weigh more
        overlap = box_ops.iou_aligned(take_rows(boxes, assigned["slots"]), gt_boxes)
        near = ops.max(box_ops.iou(boxes, gt_boxes), axis=-1) > self.ignored_iou
        others = ~answering(rows, assigned)
        idle = ops.cast(others & ~near, "float32")
        pull = self.pull_scale * ops.cast(self.seen < self.pulled_pictures, "float32")
        if training:
            self.seen.assign_add(ops.cast(ops.shape(rows)[0], "int32"))
        terms = {
            "box_loss": 0.5 * self.coord_scale * answers * small * self.box_errors(own, assigned),
            "object_loss": 0.5 * self.object_scale * answers * ops.square(ops.sigmoid(own[..., 4]) - overlap),
            "noobject_loss": 0.5 * self.noobject_scale * idle * ops.square(objectness),
            "class_loss": self.class_scale * answers * class_errors(own, targets["labels"]),
            "pull_loss": 0.5 * pull * ops.cast(others, "float32") * away_from_prior(rows),
        }
        return {name: ops.mean(ops.sum(term, axis=-1)) for name, term in terms.items()}


def away_from_prior(rows):
    """Returns `(B, h * w * A)`, squared distances of boxes from their cell's middle and their anchor's sides."""
    return ops.sum(ops.square(ops.sigmoid(rows[..., :2]) - 0.5) + ops.square(rows[..., 2:4]), axis=-1)
