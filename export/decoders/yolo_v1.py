"""Decodes the raw grid of YOLO and Fast YOLO. NumPy alone."""

import numpy as np

from export.decoders.suppress import suppress


def decode(grid, *, image_size, num_boxes, num_classes, score_threshold, iou_threshold, max_detections):
    """Turns one picture's grid into detections.

    Of each box a cell says x, y of its centre within the cell, 0 to 1, the square roots of its width and height as
    shares of the picture, and its confidence; after its boxes it says the C class probabilities.

    Args:
        grid: `(h, w, num_boxes * 5 + C)` float32.
        image_size: `(height, width)` of the picture in pixels.
        num_boxes: boxes a cell.
        num_classes: C.
        score_threshold: as those of `suppress`, as the next two.
    Returns:
        The dict of `suppress`.
    Source: Redmon et al. 2016, arXiv:1506.02640, section 2.
    """
    height, width, _ = grid.shape
    cells = grid[..., :-num_classes].reshape(height, width, num_boxes, 5)
    place = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)[:, :, None]  # x, y of the cell
    picture = np.float32(image_size)[::-1]
    centre = (cells[..., :2] + place) * (picture / np.float32([width, height]))
    half = np.square(cells[..., 2:4]) * picture / 2
    boxes = np.clip(np.concatenate([centre - half, centre + half], axis=-1), 0, [*picture, *picture]).reshape(-1, 4)
    scores = (cells[..., 4:5] * grid[:, :, None, -num_classes:]).reshape(-1, num_classes)
    return suppress(np.float32(boxes), np.float32(scores), score_threshold, iou_threshold, max_detections)
