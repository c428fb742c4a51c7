"""Layers of region heads that are more than a convolution: thin calls of pure functions."""

import keras
from keras import layers, ops

from zoo.layers import register
from zoo.ops import boxes as box_ops
from zoo.ops import heatmaps
from zoo.ops.nms import CANDIDATES, best_pairs, by_class
from zoo.ops.rows import take_rows

LEAST_DETECTION = 1e-2  # pixels a side, as in torchvision
BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)  # of a region's offsets, as in Detectron: 1 / standard deviation
HE_FAN_OUT = {"class_name": "VarianceScaling", "config": {"scale": 2.0, "mode": "fan_out"}}
"""He et al. 2015 by the values that are written, as torchvision begins heads of masks and keypoints."""


@register
class RegionRows(layers.Layer):
    """`[x (B * R, ...), rois (B, R, 4)]` to `x` as `(B, R, ...)`."""

    def call(self, inputs):
        """Returns `(B, R, ...)`."""
        x, rois = inputs
        return ops.reshape(x, (-1, ops.shape(rois)[1], *x.shape[1:]))

    def compute_output_shape(self, input_shape):
        """Returns the shape of `x` with its first dimension split."""
        x, rois = input_shape
        return (rois[0], rois[1], *x[1:])


@register
class Subpixels(layers.Conv2DTranspose):
    """A transposed 2x2 convolution of stride 2, of whose pixels the four of a cell still lie side by side.

    To put them in place moves every channel; `ClassMasks` treats each pixel by itself and moves just the mask.
    """

    def __init__(self, filters, kernel_size=2, strides=2, **kwargs):
        super().__init__(filters, kernel_size, strides, **kwargs)

    def call(self, inputs):
        """Takes `(B, h, w, C)`, returns `(B, h, w, 4, D)`, the pixels of a cell row by row."""
        _, height, width, channels = inputs.shape
        kernel = ops.reshape(ops.transpose(self.kernel, (3, 0, 1, 2)), (1, 1, channels, 4 * self.filters))
        x = ops.conv(inputs, kernel) + ops.tile(self.bias, 4)
        return ops.reshape(self.activation(x), (-1, height, width, 4, self.filters))

    def compute_output_shape(self, input_shape):
        """Returns `(B, h, w, 4, D)`."""
        return (*input_shape[:3], 4, self.filters)


@register
class ClassMasks(layers.Layer):
    """A 1x1 convolution to one mask a class, of which only that of each region's own class is computed.

    Args:
        num_classes: C; there is a mask of the background too, which nothing learns, as in the releases.
    """

    def __init__(self, num_classes, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.num_classes = num_classes

    def build(self, input_shape):
        """Makes kernel and bias as of `Conv2D(C + 1, 1)`."""
        channels = input_shape[0][-1]
        self.kernel = self.add_weight(
            shape=(1, 1, channels, self.num_classes + 1), initializer=HE_FAN_OUT, name="kernel"
        )
        self.bias = self.add_weight(shape=(self.num_classes + 1,), initializer="zeros", name="bias")

    def call(self, inputs):
        """Takes `[(B * R, h, w, 4, D), labels (B, R)]`, -1 for no label; returns logits `(B * R, 2 h, 2 w)`."""
        x, labels = inputs
        own = ops.reshape(ops.cast(labels, "int32") + 1, (-1,))
        kernels = ops.take(ops.transpose(self.kernel[0, 0]), own, axis=0)
        _, height, width, four, channels = x.shape
        x = ops.reshape(x, (-1, height * width * four, channels))
        logits = ops.squeeze(ops.matmul(x, ops.cast(kernels, x.dtype)[..., None]), -1)
        # Rows of a tensor made of the bias: of the variable's own the gradient would be sparse, which XLA refuses.
        logits = logits + ops.cast(ops.take(self.bias[:, None], own, axis=0), x.dtype)
        logits = ops.transpose(ops.reshape(logits, (-1, height, width, 2, 2)), (0, 1, 3, 2, 4))
        return ops.reshape(logits, (-1, 2 * height, 2 * width))

    def compute_output_shape(self, input_shape):
        """Returns `(B * R, 2 h, 2 w)`."""
        rows, height, width = input_shape[0][:3]
        return rows, 2 * height, 2 * width

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes}


@register
class Detections(layers.Layer):
    """Regions with their scores and offsets to what is detected.

    Args:
        score_threshold: detections with this score or less are dropped.
        iou_threshold: a box is dropped if it overlaps a better one of its class by more than this.
        max_detections: K, rows of the result.
        candidates: how many pairs of region and class, the best of each picture, enter suppression.
    """

    def __init__(self, score_threshold=0.05, iou_threshold=0.5, max_detections=100, candidates=CANDIDATES, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.score_threshold, self.iou_threshold = score_threshold, iou_threshold
        self.max_detections, self.candidates = max_detections, candidates

    def call(self, inputs):
        """Takes `[picture, rois (B, R, 4), class_logits (B, R, C + 1), box_deltas (B, R, 4 (C + 1))]`.

        Returns:
            The dict of `zoo.ops.nms.detections`.
        """
        image, rois, logits, deltas = inputs
        exists = ops.cast(box_ops.area(rois) > 0, "float32")
        scores = ops.softmax(ops.cast(logits, "float32"), axis=-1)[..., 1:] * exists[..., None]
        best, places, labels = best_pairs(scores, self.candidates)
        rows, classes = ops.shape(logits)[1:]
        deltas = ops.reshape(ops.cast(deltas, "float32"), (-1, rows * classes, 4))
        boxes = box_ops.decode(
            take_rows(rois, places),
            take_rows(deltas, places * classes + labels + 1) / ops.convert_to_tensor(BOX_WEIGHTS, "float32"),
        )
        boxes = box_ops.clip(boxes, ops.shape(image)[1:3])
        return by_class(
            boxes,
            best * ops.cast(box_ops.at_least(boxes, LEAST_DETECTION), "float32"),
            labels,
            score_threshold=self.score_threshold,
            iou_threshold=self.iou_threshold,
            max_detections=self.max_detections,
        )

    def compute_output_spec(self, inputs):
        """Returns the specs of the dict."""
        batch, count = inputs[0].shape[0], self.max_detections
        return {
            "boxes": keras.KerasTensor((batch, count, 4)),
            "scores": keras.KerasTensor((batch, count)),
            "labels": keras.KerasTensor((batch, count), dtype="int32"),
            "count": keras.KerasTensor((batch,), dtype="int32"),
        }

    def get_config(self):
        """Returns the constructor's arguments."""
        names = "score_threshold", "iou_threshold", "max_detections", "candidates"
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@register
class MaskProbabilities(layers.Layer):
    """`[logits (B, K, m, m), labels (B, K)]` to probabilities, 0 in empty rows."""

    def call(self, inputs):
        """Returns `(B, K, m, m)` float32."""
        logits, labels = inputs
        return ops.sigmoid(ops.cast(logits, "float32")) * ops.cast(labels >= 0, "float32")[..., None, None]

    def compute_output_spec(self, inputs):
        """Returns the spec of the logits in float32."""
        return keras.KerasTensor(inputs[0].shape)


@register
class HeatmapPoints(layers.Layer):
    """`zoo.ops.heatmaps.points` of `[logits (B, K, m, m, P), boxes (B, K, 4), labels (B, K), picture]`."""

    def call(self, inputs):
        """Returns `(B, K, P, 3)` float32 x, y in pixels and logit; zeros in empty rows."""
        logits, boxes, labels, image = inputs
        height, width = ops.shape(image)[1:3]
        known = isinstance(height, int) and isinstance(width, int)
        largest_side = max(height, width) if known else ops.maximum(height, width)
        found = heatmaps.points(ops.cast(logits, "float32"), boxes, largest_side=largest_side)
        return found * ops.cast(labels >= 0, "float32")[..., None, None]

    def compute_output_spec(self, inputs):
        """Returns the spec of the points."""
        batch, count, _, _, points = inputs[0].shape
        return keras.KerasTensor((batch, count, points, 3))
