from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from zoo.detection.detector import Detector
from zoo.detection.thresholds import are_sides
from zoo.errors import InputError
from zoo.ops import boxes as box_ops
from zoo.ops.matching import best_anchor, centroid_cell, last_of_slot
from zoo.ops.probabilities import softmax


@keras.saving.register_keras_serializable("zoo")
class AnchorGrid(Detector):
    """A detector with A anchors in each cell of a grid; one of them answers for an object.

    The output is `{"grid": (B, h, w, A * (5 + C))}`: for each anchor tx, ty, tw, th, the logit of there being an
    object, and C logits of its class. Where the network pads its picture there is `"size"` too, the picture's own
    height and width `(2,)` in pixels. Subclasses add the loss.

    Attributes:
        anchors: A pairs of width and height in cells.
        stride: height and width of a cell in pixels.
    """

    anchors: Sequence[tuple[float, float]] = ()
    stride = (32, 32)
    saved = (*Detector.saved, "anchors", "stride")

    def split(self, outputs):
        """Reshapes the grid to one row an anchor and finds their boxes.

        Returns:
            `(rows (B, h * w * A, 5 + C), boxes (B, h * w * A, 4))`, boxes xyxy in pixels, row after row of the grid.
        Source: Redmon & Farhadi 2017, arXiv:1612.08242, section 2, "Direct location prediction".
        """
        grid = ops.cast(outputs["grid"], "float32")
        _, height, width, _ = ops.shape(grid)
        shape = height, width, len(self.anchors)
        rows = ops.reshape(grid, (-1, height * width * len(self.anchors), 5 + self.num_classes))
        x, y = ops.arange(width, dtype="float32")[:, None], ops.arange(height, dtype="float32")[:, None, None]
        corners = ops.stack([of_anchors(x, shape), of_anchors(y, shape)], axis=-1)
        cell = ops.convert_to_tensor(self.stride[::-1], "float32")
        anchors = ops.convert_to_tensor(self.anchors, "float32")
        sizes = ops.stack([of_anchors(anchors[:, i], shape) for i in range(2)], axis=-1) * cell
        centres = (ops.sigmoid(rows[..., :2]) + corners) * cell
        halves = sizes / 2 * ops.exp(ops.minimum(rows[..., 2:4], box_ops.LARGEST_LOG_RATIO))
        return rows, ops.concatenate([centres - halves, centres + halves], axis=-1)

    def picture_size(self, outputs):
        """Returns `(height, width)` of the picture in pixels, without what it was padded by."""
        if "size" in outputs:
            return outputs["size"][0], outputs["size"][1]
        _, height, width, _ = ops.shape(outputs["grid"])
        return height * self.stride[0], width * self.stride[1]

    def decode(self, outputs):
        """Returns boxes, clipped to the picture, and scores: objectness times class probability."""
        rows, boxes = self.split(outputs)
        boxes = box_ops.clip(boxes, self.picture_size(outputs))
        return boxes, ops.sigmoid(rows[..., 4:5]) * softmax(rows[..., 5:])

    def assign(self, targets, outputs):
        """Finds the anchor that answers for an object: in the cell of its centre, the one of the most similar shape.

        Args:
            targets: dict of `boxes (B, N, 4)` and `labels (B, N)`, -1 in empty rows.
            outputs: the network's.
        Returns:
            A dict: `boxes (B, N, 4)`, which end at the picture's border as in Darknet; `slots (B, N)` int32, the row
            of `split` that answers; `answers (B, N)` float32, 1 for objects, 0 for empty rows and where a later
            object has the same slot; `centres (B, N, 2)` within the cell, 0 to 1; `sizes (B, N, 2)` log of the
            object's over the anchor's; `areas (B, N)` as shares of the picture.
        """
        _, height, width, _ = ops.shape(outputs["grid"])
        picture_height, picture_width = self.picture_size(outputs)
        boxes = box_ops.clip(ops.cast(targets["boxes"], "float32"), (picture_height, picture_width))
        labels = ops.cast(targets["labels"], "int32")
        cell = ops.convert_to_tensor(self.stride[::-1], "float32")
        row, column = centroid_cell(boxes, (height, width), self.stride)
        anchors = ops.convert_to_tensor(self.anchors, "float32") * cell
        anchor = best_anchor(boxes, anchors)
        slots = (row * width + column) * len(self.anchors) + anchor
        x, y, w, h = box_ops.to_center_xywh(box_ops.unstacked(boxes))
        sides = ops.maximum(ops.stack([w, h], -1), 1e-6)
        return {
            "boxes": boxes,
            "slots": slots,
            "answers": last_of_slot(slots, labels >= 0),
            "centres": ops.stack([x, y], -1) / cell - ops.cast(ops.stack([column, row], -1), "float32"),
            "sizes": ops.log(sides / ops.take(anchors, anchor, axis=0)),
            "areas": w * h / ops.cast(picture_height * picture_width, "float32"),
        }

    def box_errors(self, own, assigned):
        """Returns the summed squared errors `(B, N)` of sigmoid centres and log sizes of the rows that answer."""
        centres = ops.square(ops.sigmoid(own[..., :2]) - assigned["centres"])
        return ops.sum(centres + ops.square(own[..., 2:4] - assigned["sizes"]), axis=-1)


def of_anchors(values, shape):
    """Brings what broadcasts to `shape`, rows by columns by A, to one value a row of `AnchorGrid.split`."""
    return ops.reshape(ops.broadcast_to(values, shape), (-1,))


def answering(rows, assigned):
    """Marks the rows of `split` that answer for an object: `(B, h * w * A)` bool."""
    hits = assigned["slots"][..., None] == ops.arange(ops.shape(rows)[1])
    return ops.any(hits & (assigned["answers"] > 0)[..., None], axis=1)


def class_errors(own, labels):
    """Returns the cross-entropy `(B, N)` of the classes of the rows that answer; of class 0 in empty rows."""
    labels = ops.maximum(ops.cast(labels, "int32"), 0)
    return ops.sparse_categorical_crossentropy(labels, own[..., 5:], from_logits=True)


def check_anchors(anchors):
    """Returns pairs of floats.

    Raises:
        InputError: if an anchor is not a pair above 0.
    """
    sides = np.array(anchors, "O")
    if sides.ndim != 2 or sides.shape[1] != 2 or not are_sides(sides.flat):
        raise InputError(f"anchors are pairs of width and height in cells, above 0, received {anchors}")
    return tuple((float(width), float(height)) for width, height in sides)
