"""Layers that Darknet's networks have and Keras has not: reorg, local, YOLO's vector as a grid, a picture's size."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("zoo")
class Reorg(layers.Layer):
    """Darknet's `[reorg]`: `(B, H, W, C)` to `(B, H / stride, W / stride, C * stride ** 2)`, YOLOv2's passthrough.

    Not the space-to-depth it stands for: `reorg_cpu` takes the sizes of its input for those of its output. So memory
    laid out as `(C, H, W)` is read as `(C / stride ** 2, H * stride, W * stride)`, space goes to depth there, and
    the result is read as `(C * stride ** 2, H / stride, W / stride)`. Released weights expect this order.

    Args:
        stride: the sides are multiples of it, the channels of its square.
    Source: Darknet, `reorg_cpu` in src/blas.c and `forward_reorg_layer`.
    """

    def __init__(self, stride=2, **kwargs):
        super().__init__(**kwargs)
        self.stride = stride

    def call(self, x):
        """Returns `(B, H / stride, W / stride, C * stride ** 2)`."""
        stride = self.stride
        height, width = ops.shape(x)[1:3]
        channels = x.shape[3]
        x = ops.transpose(x, (0, 3, 1, 2))
        x = ops.reshape(x, (-1, channels // stride**2 * height, stride, width, stride))
        x = ops.transpose(x, (0, 2, 4, 1, 3))
        x = ops.reshape(x, (-1, channels * stride**2, height // stride, width // stride))
        return ops.transpose(x, (0, 2, 3, 1))

    def compute_output_shape(self, input_shape):
        """Returns the shape of the output; an unknown side stays unknown."""
        batch, height, width, channels = input_shape
        sides = [None if side is None else side // self.stride for side in (height, width)]
        return (batch, *sides, channels * self.stride**2)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "stride": self.stride}


@keras.saving.register_keras_serializable("zoo")
class LocallyConnected2D(layers.Layer):
    """A convolution with weights of its own at every place: Darknet's `[local]`, in the released YOLO.

    `(B, H, W, C)` to `(B, h, w, filters)`; height and width are fixed when the layer is built. The kernel is
    `(h * w, size * size * C, filters)`, the bias `(h, w, filters)`.

    Args:
        filters: output channels.
        size: side of the window in pixels.
        stride: step of the window in pixels.
        padding: zeros around the map in pixels.
    """

    def __init__(self, filters, size, stride=1, padding=0, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.size, self.stride, self.padding = filters, size, stride, padding

    def build(self, input_shape):
        """Makes the weights."""
        _, height, width, _ = self.compute_output_shape(input_shape)
        window = self.size**2 * input_shape[3]
        # The three-dimensional kernel hides its fan-in from he_normal.
        normal = keras.initializers.RandomNormal(stddev=(2 / window) ** 0.5)
        self.kernel = self.add_weight((height * width, window, self.filters), normal, name="kernel")
        self.bias = self.add_weight((height, width, self.filters), "zeros", name="bias")

    def call(self, x):
        """Returns `(B, h, w, filters)`."""
        _, height, width, _ = self.compute_output_shape(x.shape)
        pad = [self.padding, self.padding]
        x = ops.pad(x, [[0, 0], pad, pad, [0, 0]])
        below, right = self.stride * (height - 1) + 1, self.stride * (width - 1) + 1
        windows = ops.concatenate(
            [
                x[:, i : i + below : self.stride, j : j + right : self.stride]
                for i in range(self.size)
                for j in range(self.size)
            ],
            axis=-1,
        )
        windows = ops.reshape(windows, (-1, height * width, windows.shape[-1]))
        x = ops.matmul(ops.transpose(windows, (1, 0, 2)), self.kernel)
        return ops.reshape(ops.transpose(x, (1, 0, 2)), (-1, height, width, self.filters)) + self.bias

    def compute_output_shape(self, input_shape):
        """Returns `(B, h, w, filters)`."""
        batch, *sides, _ = input_shape
        return (batch, *((side + 2 * self.padding - self.size) // self.stride + 1 for side in sides), self.filters)

    def get_config(self):
        """Returns the constructor's arguments."""
        config = {"filters": self.filters, "size": self.size, "stride": self.stride, "padding": self.padding}
        return {**super().get_config(), **config}


@keras.saving.register_keras_serializable("zoo")
class CellGrid(layers.Layer):
    """The vector that Darknet's `[detection]` reads, as YOLO's grid.

    `(B, side * side * (C + 5 * num_boxes))` holds the classes of all cells, then the confidences of all boxes, then
    their places. `(B, side, side, 5 * num_boxes + C)` holds x, y, width, height, confidence of each box of a cell,
    then the cell's classes, as `zoo.detection.yolo_v1.YoloV1` takes them.

    Args:
        side: cells in a row and in a column.
        num_boxes: boxes a cell.
    Source: Darknet, `forward_detection_layer`.
    """

    def __init__(self, side, num_boxes, **kwargs):
        super().__init__(**kwargs)
        self.side, self.num_boxes = side, num_boxes

    def call(self, x):
        """Returns `(B, side, side, 5 * num_boxes + C)`."""
        cells = by_cell(x, self.side**2, self.num_boxes)
        return ops.reshape(cells, (-1, self.side, self.side, cells.shape[2]))

    def compute_output_shape(self, input_shape):
        """Returns `(B, side, side, 5 * num_boxes + C)`."""
        return (input_shape[0], self.side, self.side, input_shape[1] // self.side**2)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "side": self.side, "num_boxes": self.num_boxes}


def by_cell(x, cells, num_boxes):
    """Brings `(B, cells * (C + 5 * num_boxes))` from the order of `CellGrid`'s input to that of its output.

    Returns:
        `(B, cells, 5 * num_boxes + C)`.
    """
    places = x.shape[1] - 4 * cells * num_boxes
    confidences = places - cells * num_boxes
    classes = ops.reshape(x[:, :confidences], (-1, cells, confidences // cells))
    confidence = ops.reshape(x[:, confidences:places], (-1, cells, num_boxes, 1))
    boxes = ops.concatenate([ops.reshape(x[:, places:], (-1, cells, num_boxes, 4)), confidence], axis=-1)
    return ops.concatenate([ops.reshape(boxes, (-1, cells, 5 * num_boxes)), classes], axis=-1)
