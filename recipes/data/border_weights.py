"""U-Net's weight map: the pixels between two cells that nearly touch count most."""

import math

import numpy as np

from zoo.constants import VOID

SEEN = 5.0  # sigmas: beyond, less than 4e-6 of w0 is added
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def border_weights(labels, *, w0=10.0, sigma=5.0, class_weights=None):
    """Weighs the pixels of a label map: `w_c(x) + w0 exp(-(d1(x) + d2(x))^2 / (2 sigma^2))`.

    d1 and d2 are the distances to the borders of the nearest and the second nearest cell, that is to their outermost
    pixels, from within a cell as from without. Cells are the 4-connected components of each class but 0, so that what
    parts them is seen even where it is one pixel wide and runs diagonally. With one cell or none there is nothing to
    part: all weights are w_c.

    Args:
        labels: `(H, W)` integers, 255 for void, which is no cell and weighs 0.
        w0: weight that is added where two cells touch.
        sigma: width of its fall, pixels.
        class_weights: w_c, a number a class; `None` for 1.
    Returns:
        `(H, W)` float32.
    Source: Ronneberger et al. 2015, arXiv:1505.04597, equation 2.
    """
    of_class = np.ones(VOID + 1, np.float32)
    if class_weights is not None:
        of_class[: len(class_weights)] = class_weights
    nearest, second = distances(labels, reach=min(math.ceil(SEEN * sigma), sum(labels.shape)))
    border = w0 * np.exp(-((nearest + second) ** 2) / (2 * sigma**2))
    return np.where(labels == VOID, 0.0, of_class[labels] + border).astype(np.float32)


def distances(labels, reach):
    """Returns each pixel's distances to the borders of the nearest and the second nearest cell, `(H, W)` float32.

    They are exact up to `reach` pixels, and infinite where there is no cell so near.
    """
    import cv2

    nearest, second = np.full((2, *labels.shape), np.inf, np.float32)
    depth = np.zeros(labels.shape, np.float32)  # of pixels within a cell, whose own border is always their nearest
    for label in np.setdiff1d(labels, [0, VOID]):
        cells = (labels == label).astype(np.uint8)
        inner = cv2.erode(cells, CROSS)  # the picture's own border ends no cell
        depth += cells * cv2.distanceTransform(1 - cells + inner, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        _, components, boxes, _ = cv2.connectedComponentsWithStats(cells, connectivity=4)
        for cell, (left, top, width, height, _) in enumerate(boxes[1:], start=1):
            around = np.s_[max(top - reach, 0) : top + height + reach, max(left - reach, 0) : left + width + reach]
            others = (components[around] != cell).astype(np.uint8)
            distance = cv2.distanceTransform(others, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
            second[around] = np.minimum(second[around], np.maximum(nearest[around], distance))
            nearest[around] = np.minimum(nearest[around], distance)
    return nearest + depth, second
