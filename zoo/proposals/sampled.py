"""Regions drawn without a look at the picture: the least that a method has to be better than."""

from dataclasses import dataclass

import numpy as np

COVERED = 0.99


@dataclass(frozen=True)
class BoxStatistics:
    """How the boxes of a data set are distributed.

    Their four measures are the centre's x and y as shares of the picture's width and height, the square root of the
    area as a share of the picture's, and the logarithm of width over height.

    Attributes:
        low: least of each measure.
        high: largest of each.
        mean: mean of each.
        covariance: 4 rows of 4.
    """

    low: tuple
    high: tuple
    mean: tuple
    covariance: tuple


# `box_statistics` of the 731 objects on 80 pictures of COCO train2017; the paper takes VOC 2007's, which are larger.
COCO = BoxStatistics(
    low=(0.0236, 0.0376, 0.0124, -2.1686),
    high=(0.9752, 0.9556, 0.9565, 1.9585),
    mean=(0.4924, 0.5119, 0.1678, -0.0918),
    covariance=(
        (0.0626, 0.0004, -0.0009, -0.0107),
        (0.0004, 0.0485, 0.0052, 0.0428),
        (-0.0009, 0.0052, 0.0336, 0.0062),
        (-0.0107, 0.0428, 0.0062, 0.6005),
    ),
)


def box_statistics(boxes, sizes):
    """Measures the boxes of a data set; a hundredth, half at each end, lies outside low and high.

    Args:
        boxes: `(N, 4)` xyxy, pixels, sides above 0, N above 1.
        sizes: `(N, 2)` height and width of the picture of each.
    Returns:
        `BoxStatistics`.
    Source: Hosang et al. 2016, arXiv:1502.05082, section 2.4.
    """
    boxes, sizes = np.asarray(boxes, float), np.asarray(sizes, float)[:, ::-1]
    sides = boxes[:, 2:] - boxes[:, :2]
    scale = np.sqrt(np.prod(sides / sizes, axis=1))
    aspect = np.log(sides[:, 0] / sides[:, 1])
    measures = np.column_stack([(boxes[:, :2] + boxes[:, 2:]) / 2 / sizes, scale, aspect])
    outside = (1 - COVERED) / 2
    low, high = np.quantile(measures, [outside, 1 - outside], axis=0)
    rows = low, high, measures.mean(axis=0), np.cov(measures.T)
    return BoxStatistics(*(_rounded(row) for row in rows))


def _rounded(values):
    return tuple(_rounded(value) if np.ndim(value) else round(float(value), 4) for value in values)


def uniform(picture, n, seed, statistics=COCO):
    """Draws each measure of a box by itself and evenly between the least and the largest of `statistics`.

    Args:
        picture: `(H, W, 3)` uint8 RGB, of which only the size counts.
        n: how many; those that clipping makes slivers are lost.
        seed: fixes what is drawn.
        statistics: `BoxStatistics`.
    Returns:
        boxes `(n, 4)` xyxy, pixels, not clipped, and scores `(n,)` that are the order in which they were drawn.
    Source: Hosang et al. 2016, arXiv:1502.05082, section 2.4.
    """
    drawn = np.random.default_rng(seed).uniform(statistics.low, statistics.high, (n, 4))
    return _boxes(drawn, picture.shape[:2]), _order(n)


def gaussian(picture, n, seed, statistics=COCO):
    """As `uniform`, the four measures drawn together from the normal distribution of `statistics`.

    Measures that no box of the picture has (a centre outside, more area than the picture's) are drawn again.
    """
    rng = np.random.default_rng(seed)
    drawn = np.empty((0, 4))
    while len(drawn) < n:
        more = rng.multivariate_normal(statistics.mean, statistics.covariance, n)
        possible = np.all((more[:, :3] > 0) & (more[:, :3] < 1), axis=1)
        drawn = np.concatenate([drawn, more[possible]])
    return _boxes(drawn[:n], picture.shape[:2]), _order(n)


def _boxes(measures, size):
    """Returns the boxes `(N, 4)` of these measures `(N, 4)` in a picture of `(height, width)`."""
    height, width = size
    x, y, scale, aspect = measures.T
    area = scale**2 * width * height
    w, h = np.sqrt(area * np.exp(aspect)), np.sqrt(area / np.exp(aspect))
    x, y = x * width, y * height
    return np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1)


def _order(n):
    return 1.0 - np.arange(n) / n
