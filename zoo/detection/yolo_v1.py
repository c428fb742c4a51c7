"""YOLO and Fast YOLO: one look at the picture, a 7x7 grid, two boxes and one class a cell.

Source: Redmon et al. 2016, arXiv:1506.02640.
"""

import math

import keras
from keras import layers, ops

from zoo.backbones.darknet import fast_yolo_backbone, yolo_v1_backbone
from zoo.backbones.darknet_layers import LocallyConnected2D
from zoo.detection.detector import Detector
from zoo.detection.thresholds import with_thresholds
from zoo.errors import InputError
from zoo.ops import boxes as box_ops
from zoo.ops.matching import centroid_cell, first_of_slot
from zoo.ops.rows import take_rows
from zoo.types import Shape, Weights
from zoo.weights.loading import with_weights

STRIDE = 64
SMALLEST_SHARE = 0.005
"""Of the picture's sides, what those of an object that is learned have at least (`fill_truth_region` of data.c)."""


def yolo_v1(
    num_classes: int = 20,
    *,
    weights: Weights = None,
    width: float = 1.0,
    released: bool = False,
    num_boxes: int | None = None,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (448, 448, 3),
    name: str = "yolo_v1",
) -> "YoloV1":
    """Builds YOLO: the paper's network, or the one its authors released.

    Args:
        num_classes: number of classes C.
        weights: file or name of published weights, see `zoo.weights.load`.
        width: factor on the number of filters and units.
        released: `False` for figure 3: 24 convolutions without batch normalisation, a dense layer of 4096, 2 boxes a
            cell. `True` for yolov1.cfg: batch normalisation, a locally connected layer of 256 instead of the dense
            one, 3 boxes.
        num_boxes: boxes a cell, if not those.
        score_threshold: see `zoo.detection.detector.Detector`, as the next two; `None` for the release's 0.001.
        iou_threshold: `None` for the release's 0.5.
        max_detections: `None` for 100.
        input_shape: `(height, width, 3)`, fixed multiples of 64; the paper's is 448 x 448, whose grid is 7 x 7.
    Returns:
        A `YoloV1`: `(B, H, W, 3)` raw pixels to `{"grid": (B, H / 64, W / 64, num_boxes * 5 + C)}`.
    Raises:
        InputError: if a side is no fixed multiple of 64, or a threshold lies outside of its range.
    """
    check_fixed(input_shape, name)
    backbone = yolo_v1_backbone(batch_norm=released, width=width, input_shape=input_shape)
    x = backbone.output["stride64"]
    if released:
        x = LocallyConnected2D(int(256 * width), 3, padding=1, name="local")(x)
        x = layers.LeakyReLU(0.1, name="local_leaky")(x)
        x = layers.Flatten(name="flatten")(x)
    else:
        x = dense_leaky(layers.Flatten(name="flatten")(x), int(4096 * width), name="fc1")
    x = layers.Dropout(0.5, name="dropout")(x)
    model = with_grid(backbone.input, x, num_classes, num_boxes or (3 if released else 2), name)
    return with_thresholds(with_weights(model, weights), score_threshold, iou_threshold, max_detections)


def fast_yolo(
    num_classes: int = 20,
    *,
    weights: Weights = None,
    width: float = 1.0,
    num_boxes: int = 2,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    input_shape: Shape = (448, 448, 3),
    name: str = "fast_yolo",
) -> "YoloV1":
    """Builds Fast YOLO: 9 convolutions, dense layers of 256 and 4096, as in yolo-tiny.cfg of the paper's time.

    Args:
        num_classes: number of classes C.
        weights: file or name of published weights, see `zoo.weights.load`.
        width: factor on the number of filters and units.
        num_boxes: boxes a cell.
        score_threshold: see `zoo.detection.detector.Detector`, as the next two; `None` for the release's 0.001.
        iou_threshold: `None` for the release's 0.5.
        max_detections: `None` for 100.
        input_shape: `(height, width, 3)`, fixed multiples of 64.
    Returns:
        A `YoloV1`.
    Raises:
        InputError: if a side is no fixed multiple of 64, or a threshold lies outside of its range.
    """
    check_fixed(input_shape, name)
    backbone = fast_yolo_backbone(width=width, input_shape=input_shape)
    x = layers.Flatten(name="flatten")(backbone.output["stride64"])
    x = layers.Dense(int(256 * width), name="fc1")(x)
    x = dense_leaky(x, int(4096 * width), name="fc2")
    x = layers.Dropout(0.5, name="dropout")(x)
    model = with_weights(with_grid(backbone.input, x, num_classes, num_boxes, name), weights)
    return with_thresholds(model, score_threshold, iou_threshold, max_detections)


def dense_leaky(x, units, *, name):
    """A dense layer with leaky ReLU (equation 2)."""
    return layers.LeakyReLU(0.1, name=f"{name}_leaky")(layers.Dense(units, name=name)(x))


def with_grid(image, x, num_classes, num_boxes, name):
    """Ends a network with the dense layer that predicts `num_boxes * 5 + C` numbers a cell."""
    rows, columns = (side // STRIDE for side in image.shape[1:3])
    depth = num_boxes * 5 + num_classes
    x = layers.Dense(rows * columns * depth, dtype="float32", name="output")(x)
    x = layers.Reshape((rows, columns, depth), dtype="float32", name="grid")(x)
    model = YoloV1(image, {"grid": x}, name=name)
    model.num_classes, model.num_boxes = num_classes, num_boxes
    return model


def check_fixed(input_shape, name):
    """Raises `InputError` where a side of `(height, width, 3)` is not fixed or no multiple of 64."""
    if len(input_shape) != 3 or any(not side or side % STRIDE for side in input_shape[:2]):
        raise InputError(
            f"{name} takes input_shape=(height, width, 3) with fixed multiples of {STRIDE}, received {input_shape}"
        )


@keras.saving.register_keras_serializable("zoo")
class YoloV1(Detector):
    """A detector whose output is `{"grid": (B, S, S, num_boxes * 5 + C)}`.

    In each cell, for each box: x, y of its centre within the cell, 0 to 1; the square roots of width and height as
    shares of the picture; its confidence. Then the C class probabilities, all without any squashing (section 2.2).

    Of a picture up to 100 detections are reported, `max_detections`; the release prints all above its threshold.

    Attributes:
        num_boxes: boxes a cell.
        coord_scale: weight of the boxes' loss, lambda_coord.
        noobject_scale: weight of the confidences of boxes that answer for no object, lambda_noobj.
    """

    num_boxes = 2
    coord_scale = 5.0
    noobject_scale = 0.5
    score_threshold = 0.001  # as `validate_yolo` in the release's yolo.c
    iou_threshold = 0.5
    saved = (*Detector.saved, "num_boxes", "coord_scale", "noobject_scale")
    loss_names = ("box_loss", "object_loss", "noobject_loss", "class_loss")

    def split(self, outputs):
        """Takes the grid apart.

        Returns:
            `(predictors (B, S * S, num_boxes, 5), classes (B, S * S, C), boxes (B, S * S, num_boxes, 4))`, boxes
            xyxy in pixels.
        """
        rows, columns, depth = outputs["grid"].shape[1:]
        height, width = self.input_shape[1:3]
        grid = ops.reshape(ops.cast(outputs["grid"], "float32"), (-1, rows * columns, depth))
        predictors = ops.reshape(grid[..., : -self.num_classes], (-1, rows * columns, self.num_boxes, 5))
        x = ops.tile(ops.arange(columns, dtype="float32"), rows)
        y = ops.repeat(ops.arange(rows, dtype="float32"), columns)
        corners = ops.stack([x, y], axis=-1)[:, None]
        cell = ops.convert_to_tensor([width / columns, height / rows], "float32")
        centres = (predictors[..., :2] + corners) * cell
        halves = ops.square(predictors[..., 2:4]) * ops.convert_to_tensor([width / 2, height / 2], "float32")
        return predictors, grid[..., -self.num_classes :], ops.concatenate([centres - halves, centres + halves], -1)

    def decode(self, outputs):
        """Returns boxes, clipped to the frame, and scores: confidence times class probability (equation 1)."""
        predictors, classes, boxes = self.split(outputs)
        count = boxes.shape[1] * self.num_boxes
        scores = predictors[..., 4:5] * classes[:, :, None]
        boxes = box_ops.clip(boxes, self.input_shape[1:3])
        return ops.reshape(boxes, (-1, count, 4)), ops.reshape(scores, (-1, count, self.num_classes))

    def loss_terms(self, targets, outputs, training=False):
        """Half squared errors of boxes, confidences and classes, summed over a picture, mean of a batch.

        Equation 3 has whole ones; the release's gradients, the deltas of `detection_layer.c`, are those of half. The
        cell of an object's centre answers for it, and of the cell's boxes the one that overlaps it most; where none
        overlaps, the nearest by `box_rmse`. A confidence learns the IoU. Objects narrower or lower than 0.005 of the
        picture are left out. A cell learns one object: the first of its objects here, where the release shuffles a
        picture's objects anew each time (`fill_truth_region` of data.c), so that a run can be repeated.
        """
        predictors, classes, boxes = self.split(outputs)
        gt_boxes, labels = ops.cast(targets["boxes"], "float32"), ops.cast(targets["labels"], "int32")
        cells, wanted = self.assign(gt_boxes, outputs["grid"].shape[1:3])
        height, width = self.input_shape[1:3]
        _, _, w, h = box_ops.to_center_xywh(box_ops.unstacked(gt_boxes))
        large = (w >= SMALLEST_SHARE * width) & (h >= SMALLEST_SHARE * height)
        answers = first_of_slot(cells, (labels >= 0) & large)

        near = of_cells(ops.stop_gradient(boxes), cells)
        overlap = box_ops.iou_aligned(near, ops.broadcast_to(gt_boxes[:, :, None], ops.shape(near)))
        best = self.best_of_cell(near, gt_boxes, overlap) * answers[..., None]
        idle = 1.0 - taken(best, cells, predictors.shape[1])

        own = of_cells(predictors, cells)
        box_errors = ops.sum(ops.square(own[..., :4] - wanted[:, :, None]), axis=-1)
        own_classes = ops.one_hot(ops.maximum(labels, 0), self.num_classes)
        class_errors = ops.sum(ops.square(take_rows(classes, cells) - own_classes), axis=-1)
        return {
            "box_loss": 0.5 * self.coord_scale * mean_of_sums(best * box_errors),
            "object_loss": 0.5 * mean_of_sums(best * ops.square(own[..., 4] - overlap)),
            "noobject_loss": 0.5 * self.noobject_scale * mean_of_sums(idle * ops.square(predictors[..., 4])),
            "class_loss": 0.5 * mean_of_sums(answers * class_errors),
        }

    def assign(self, gt_boxes, grid):
        """Finds the cell of each object's centre, and what a box of that cell should predict.

        Args:
            gt_boxes: `(B, N, 4)` float32, xyxy, pixels.
            grid: `(rows, columns)`.
        Returns:
            `(cells (B, N) int32, wanted (B, N, 4))`: the cell's place, row after row; x, y within the cell and the
            roots of width and height as shares of the picture.
        """
        height, width = self.input_shape[1:3]
        cell_height, cell_width = height / grid[0], width / grid[1]
        row, column = centroid_cell(gt_boxes, grid, (cell_height, cell_width))
        x, y, w, h = box_ops.to_center_xywh(box_ops.unstacked(gt_boxes))
        corner = ops.cast(ops.stack([column, row], -1), "float32")
        centre = ops.stack([x / cell_width, y / cell_height], -1) - corner
        roots = ops.sqrt(ops.maximum(ops.stack([w / width, h / height], -1), 0.0))
        return row * grid[1] + column, ops.concatenate([centre, roots], axis=-1)

    def best_of_cell(self, near, gt_boxes, overlap):
        """Marks the box that answers for each object, of those of its cell: `(B, N, num_boxes)` float32, 1 or 0.

        Args:
            near: `(B, N, num_boxes, 4)` the cell's boxes, xyxy, pixels.
            gt_boxes: `(B, N, 4)`.
            overlap: `(B, N, num_boxes)` IoU of the two.
        Source: `box_rmse` of the release's box.c: x, y, w, h as shares of the picture.
        """
        height, width = self.input_shape[1:3]
        scale = ops.convert_to_tensor([width, height, width, height], "float32")
        ours, theirs = (
            ops.stack(box_ops.to_center_xywh(box_ops.unstacked(boxes / scale)), axis=-1)
            for boxes in (near, gt_boxes[:, :, None])
        )
        distance = ops.sum(ops.square(ours - theirs), axis=-1)  # orders as its root does
        fit = ops.where(ops.max(overlap, axis=-1, keepdims=True) > 0, overlap, -distance)
        return ops.one_hot(ops.argmax(fit, axis=-1), self.num_boxes)


def of_cells(values, cells):
    """Picks what the cells `(B, N)` have of `(B, S * S, num_boxes, D)`: `(B, N, num_boxes, D)`."""
    count, *per_cell = values.shape[1:]
    rows = take_rows(ops.reshape(values, (-1, count, math.prod(per_cell))), cells)
    return ops.reshape(rows, (-1, cells.shape[1], *per_cell))


def taken(best, cells, count):
    """Marks the boxes that answer for an object, `(B, count, num_boxes)`, by `best (B, N, num_boxes)` of `cells`."""
    hits = ops.cast(cells[..., None] == ops.arange(count), "float32")
    return ops.max(hits[..., None] * best[:, :, None], axis=1)


def mean_of_sums(errors):
    """Returns the mean over pictures of the sum of all that `(B, ...)` has of one."""
    return ops.mean(ops.sum(errors, axis=tuple(range(1, len(errors.shape)))))
