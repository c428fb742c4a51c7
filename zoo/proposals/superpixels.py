import numpy as np

from zoo.proposals.opencv import opencv

# Those of the finest segmentation of OpenCV's selective search.
SIGMA = 0.8  # pixels
SCALE = 150
LEAST_SIZE = 100  # pixels


def superpixels(picture, n, seed):
    """Takes the box around each segment of one low-level segmentation, larger segments first.

    A lower bound on what methods built on superpixels find.

    Args:
        picture: `(H, W, 3)` uint8 RGB.
        n: not used, all segments are returned.
        seed: not used, nothing is drawn.
    Returns:
        boxes `(M, 4)` xyxy, pixels, and scores `(M,)`, the segments' shares of the picture.
    Source: Hosang et al. 2016, arXiv:1502.05082, section 2.4; Felzenszwalb & Huttenlocher 2004, as in OpenCV.
    """
    segmentation = opencv().ximgproc.segmentation.createGraphSegmentation(SIGMA, SCALE, LEAST_SIZE)
    segments = segmentation.processImage(picture)
    count = segments.max() + 1
    boxes = np.tile(np.array([np.inf, np.inf, 0, 0]), (count, 1))
    rows, columns = np.indices(segments.shape)
    np.minimum.at(boxes, (segments, 0), columns)
    np.minimum.at(boxes, (segments, 1), rows)
    np.maximum.at(boxes, (segments, 2), columns + 1)
    np.maximum.at(boxes, (segments, 3), rows + 1)
    return boxes, np.bincount(segments.ravel()) / segments.size
