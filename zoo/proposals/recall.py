"""How much of what is annotated a method finds: recall over IoU and over the number of proposals.

Source: Hosang et al. 2016, arXiv:1502.05082, section 4.
"""

from collections.abc import Sequence

import numpy as np

from zoo.errors import InputError
from zoo.ops.boxes_numpy import iou


def best_overlaps(objects, proposals, counts):
    """Finds how well the best of the first proposals covers each object; one proposal may be the best of several.

    Args:
        objects: `(N, 4)` xyxy, pixels.
        proposals: `(M, 4)` xyxy, pixels, the best first.
        counts: K numbers, 1 or more, of first proposals to look at; more than M means all.
    Returns:
        `(K, N)` float64 IoU, 0 without proposals.
    """
    overlaps = iou(objects, proposals)
    if not overlaps.shape[1]:
        return np.zeros((len(counts), len(overlaps)))
    best = np.maximum.accumulate(overlaps, axis=1)
    return best[:, np.minimum(counts, overlaps.shape[1]) - 1].T


def recall(overlaps: np.ndarray, thresholds: Sequence[float] | np.ndarray) -> np.ndarray:
    """Counts the objects that are covered well enough.

    Args:
        overlaps: `(..., N)` IoU of each object's best proposal, as `best_overlaps` finds it.
        thresholds: T values of IoU.
    Returns:
        `(..., T)` share of objects with that IoU or more.
    Raises:
        InputError: without objects.
    """
    overlaps = _checked(overlaps)
    return np.mean(overlaps[..., None, :] >= np.asarray(thresholds)[:, None], axis=-1)


def average_recall(overlaps: np.ndarray) -> np.ndarray:
    """Averages recall over the IoU from 0.5 to 1, of all thresholds, not of some: twice the mean of IoU above 0.5.

    Args:
        overlaps: `(..., N)`, as for `recall`.
    Returns:
        `(...)`.
    Raises:
        InputError: without objects.
    """
    return 2.0 * np.mean(np.maximum(_checked(overlaps) - 0.5, 0.0), axis=-1)


def _checked(overlaps):
    overlaps = np.asarray(overlaps)
    if not overlaps.shape[-1]:
        raise InputError("recall is a share of objects, of which there are none")
    return overlaps
