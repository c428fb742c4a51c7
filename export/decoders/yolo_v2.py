"""Decodes the raw grid of YOLO v2, Tiny YOLO v2 and the grid detector. NumPy alone."""

import numpy as np

from export.decoders.suppress import suppress

LARGEST_LOG_RATIO = 4.135166556742356  # of a box's side to its anchor's, so that exp() stays finite


def decode(grid, *, image_size, anchors, stride, num_classes, score_threshold, iou_threshold, max_detections):
    """Turns one picture's grid into detections.

    Each of the A anchors of a cell says tx, ty, tw, th, the logit of there being an object, and C logits of classes.

    Args:
        grid: `(h, w, A * (5 + C))` float32.
        image_size: `(height, width)` of the picture in pixels, where boxes end.
        anchors: A pairs of width and height in cells.
        stride: height and width of a cell in pixels.
        num_classes: C.
        score_threshold: as those of `suppress`, as the next two.
    Returns:
        The dict of `suppress`.
    Source: Redmon & Farhadi 2017, arXiv:1612.08242, section 2, "Direct location prediction".
    """
    height, width, _ = grid.shape
    cells = grid.reshape(height, width, len(anchors), 5 + num_classes)
    place = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)[:, :, None]  # x, y of the cell
    cell = np.float32(stride)[::-1]
    centre = (sigmoid(cells[..., :2]) + place) * cell
    half = np.exp(np.minimum(cells[..., 2:4], LARGEST_LOG_RATIO)) * np.float32(anchors) * cell / 2
    border = np.float32([image_size[1], image_size[0]] * 2)
    boxes = np.clip(np.concatenate([centre - half, centre + half], axis=-1), 0, border).reshape(-1, 4)
    scores = (sigmoid(cells[..., 4:5]) * softmax(cells[..., 5:])).reshape(-1, num_classes)
    return suppress(np.float32(boxes), np.float32(scores), score_threshold, iou_threshold, max_detections)


def sigmoid(values):
    """Returns 1 / (1 + exp(-values)) without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * values))


def softmax(logits):
    """Returns the shares of `(..., C)` logits: 1 for a single class."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
