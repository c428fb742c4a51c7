"""The grid detector of the lecture: the picture in cells, each with the label of a localizer for each anchor.

Source: Ng, "Convolutional Neural Networks" (deeplearning.ai), week 3, "Bounding Box Predictions", "Anchor Boxes" and
"YOLO Algorithm".
"""

import math
from collections.abc import Sequence

import keras
from keras import layers, ops

from zoo.backbones.small import small_cnn
from zoo.detection.anchor_grid import AnchorGrid, answering, check_anchors, class_errors
from zoo.detection.thresholds import with_thresholds
from zoo.errors import InputError
from zoo.ops.rows import take_rows
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights


def grid_detector(
    num_classes: int,
    *,
    weights: Weights = None,
    width: float = 1.0,
    grid: tuple[int, int] = (8, 8),
    anchors: Sequence[tuple[float, float]] = ((1.0, 1.0),),
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (128, 128, 3),
    name: str = "grid_detector",
) -> "GridDetector":
    """Builds a small fully convolutional network whose last map is the grid.

    Args:
        num_classes: number of classes C.
        weights: file or name of published weights, see `zoo.weights.load`.
        width: factor on the number of filters, 16 in the first convolution.
        grid: rows and columns of cells.
        anchors: width and height of each anchor in cells; one or two in the lecture, any number here.
        score_threshold: see `zoo.detection.detector.Detector`, as the next two; `None` for 0.005.
        iou_threshold: `None` for 0.45.
        max_detections: `None` for 100.
        input_shape: `(height, width, 3)`: the grid's sides times one power of 2, from 2 to 64.
    Returns:
        A `GridDetector`: `(B, H, W, 3)` raw pixels to `{"grid": (B, *grid, A * (5 + C))}`.
    Raises:
        InputError: if the picture does not divide into the grid so, an anchor is not a pair above 0, or a threshold
            lies outside of its range.
    """
    anchors = check_anchors(anchors)
    strides = {side / cells if side else 0 for side, cells in zip(input_shape[:2], grid, strict=True)}
    stride = strides.pop()
    if strides or stride not in (2, 4, 8, 16, 32, 64):
        raise InputError(
            f"{name} takes input_shape of {grid[0]}x{grid[1]} cells of 2, 4, 8, 16, 32 or 64 pixels, "
            f"received {input_shape}"
        )
    stride = int(stride)
    depth = max(5, int(math.log2(stride)))
    backbone = small_cnn(depth=depth, output_stride=stride, width=width, input_shape=input_shape)
    x = backbone.output[f"stride{stride}"]
    x = layers.Conv2D(len(anchors) * (5 + num_classes), 1, dtype="float32", name="grid")(x)
    model = GridDetector(backbone.input, {"grid": x}, name=name)
    model.num_classes, model.anchors, model.stride = num_classes, anchors, (stride, stride)
    return with_thresholds(with_weights(model, weights), score_threshold, iou_threshold, max_detections)


@keras.saving.register_keras_serializable("zoo")
class GridDetector(AnchorGrid):
    """An `AnchorGrid` with the localizer's loss in each cell.

    The logistic loss of Pc everywhere; where an anchor answers for an object also the squared error of its box and
    the cross-entropy of its class, which elsewhere are "don't care".
    """

    loss_names = ("presence", "box", "class")

    def loss_terms(self, targets, outputs, training=False):
        """Returns the three terms, summed over a picture, averaged over the batch."""
        rows, _ = self.split(outputs)
        assigned = self.assign(targets, outputs)
        own, answers = take_rows(rows, assigned["slots"]), assigned["answers"]
        present = ops.cast(answering(rows, assigned), "float32")
        terms = {
            "presence": ops.binary_crossentropy(present, rows[..., 4], from_logits=True),
            "box": answers * self.box_errors(own, assigned),
            "class": answers * class_errors(own, targets["labels"]),
        }
        return {name: ops.mean(ops.sum(term, axis=-1)) for name, term in terms.items()}
