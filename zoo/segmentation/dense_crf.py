"""The fully connected CRF that sharpens a segmenter's maps at the edges of the picture, by mean field inference.

Source: Krähenbühl & Koltun 2011, arXiv:1210.5644; as DeepLab uses it, Chen et al. 2015, arXiv:1412.7062, section 4.
"""

from concurrent.futures import ThreadPoolExecutor
from numbers import Real

import numpy as np

from zoo.errors import InputError
from zoo.segmentation.permutohedral import apply, gaussian_mean

MOST = 80.0
"""Sum of both weights up to which float32 holds the odds of classes."""
BLOCK = 1 << 14
"""Pixels whose scores are worked out at a time, in the cache."""


def dense_crf(
    picture: np.ndarray,
    logits: np.ndarray,
    *,
    iterations: int = 10,
    appearance_weight: float = 4.0,
    appearance_xy: float = 121.0,
    appearance_rgb: float = 5.0,
    smoothness_weight: float = 3.0,
    smoothness_xy: float = 3.0,
) -> np.ndarray:
    """Refines the classes of pixels: those near each other, and of like colours, tend to have the same.

    Each pair of pixels of different classes costs `appearance_weight` times a Gaussian of their places and colours
    plus `smoothness_weight` times one of their places alone (equation 3, Potts model). Both are filtered on the
    permutohedral lattice. As in the authors' code of 2011, which DeepLab uses, a pixel's kernel is divided by its sum
    over all pixels, and the pixel itself is among them. The defaults are DeepLab-LargeFOV's, as released, for
    VOC's pictures of 500 pixels: bi_w 4, bi_xy_std 121, bi_rgb_std 5, pos_w 3, pos_xy_std 3. For other networks its
    authors take an `appearance_xy` of 50 to 95.

    Args:
        picture: `(H, W, 3)` uint8 RGB.
        logits: `(H, W, C)` float, a segmenter's; logarithms of probabilities are ones.
        iterations: steps of mean field inference; 0 leaves the softmax of the logits.
        appearance_weight: w1, 0 for none.
        appearance_xy: theta_alpha, pixels.
        appearance_rgb: theta_beta, steps of 255.
        smoothness_weight: w2, 0 for none.
        smoothness_xy: theta_gamma, pixels.
    Returns:
        `(H, W, C)` float32 probabilities.
    Raises:
        InputError: if the picture is none, the logits have another size or are not finite, or a number is out of its
            range.
    """
    picture, logits = checked(picture, logits)
    if not isinstance(iterations, int | np.integer) or iterations < 0:
        raise InputError(f"iterations are a whole number from 0, received {iterations}")
    numbers = (appearance_xy, appearance_rgb, smoothness_xy, appearance_weight, smoothness_weight)
    if not all(isinstance(number, Real) for number in numbers):
        raise InputError(f"the widths and weights of a CRF are numbers, received {numbers}")
    if not all(width > 0 for width in (appearance_xy, appearance_rgb, smoothness_xy)):
        raise InputError(
            "appearance_xy, appearance_rgb and smoothness_xy are more than 0, "
            f"received {appearance_xy}, {appearance_rgb}, {smoothness_xy}"
        )
    if not (appearance_weight >= 0 and smoothness_weight >= 0 and appearance_weight + smoothness_weight <= MOST):
        raise InputError(
            f"appearance_weight and smoothness_weight are 0 or more and together {MOST:.0f} at most, "
            f"received {appearance_weight}, {smoothness_weight}"
        )
    # Like colours meet in the cache when they are neighbours: all is filtered in half of the time.
    red, green, blue = (picture.reshape(-1, 3) >> 3).astype(np.uint16).T
    order = np.argsort(red << 10 | green << 5 | blue, kind="stable")
    colours = picture.reshape(-1, 3)[order].T
    places = np.indices(picture.shape[:2], np.float32).reshape(2, -1)[:, order]
    looks = np.vstack([places / appearance_xy, colours / appearance_rgb])
    kernels = (looks, appearance_weight), (places / smoothness_xy, smoothness_weight)
    beliefs = np.empty_like(logits).reshape(-1, logits.shape[-1])
    beliefs[order] = mean_field(logits.reshape(beliefs.shape)[order], kernels, iterations)
    return beliefs.reshape(logits.shape)


def checked(picture, logits):
    """Returns the picture and its logits, float32, less the highest of each pixel."""
    picture, logits = np.asarray(picture), np.asarray(logits, np.float32)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[-1] != 3 or not picture.size:
        raise InputError(f"a picture is (H, W, 3) uint8 RGB, received {picture.shape} {picture.dtype}")
    height, width = picture.shape[:2]
    if logits.ndim != 3 or logits.shape[:2] != picture.shape[:2] or not logits.size:
        raise InputError(f"the picture's logits are ({height}, {width}, C), received {logits.shape}")
    highest = logits.max(axis=-1, keepdims=True)
    if not np.isfinite(highest).all():
        raise InputError("logits are finite, or -inf for classes that cannot be, received others")
    return picture, logits - highest


def mean_field(logits, kernels, iterations):
    """Infers the probabilities of pixels from their own and each other's (algorithm 1).

    Args:
        logits: `(N, C)` float32, the highest of each pixel 0.
        kernels: pairs of the features of pixels, `(d, N)`, and the weight of their kernel.
        iterations: number of steps.
    Returns:
        `(N, C)` float32.
    """
    beliefs = np.empty_like(logits)
    ones = np.ones((logits.shape[1], 1), np.float32)
    blocks = [slice(start, start + BLOCK) for start in range(0, len(logits), BLOCK)]

    def infer(block, slicings, lattices):
        scores = logits[block].copy()
        for slicing, values in zip(slicings, lattices, strict=True):
            scores += slicing @ values
        # Messages are 0 or more and sum to the weights: these odds neither overflow nor vanish all.
        odds = np.exp(scores, out=scores)
        np.divide(odds, odds @ ones, out=beliefs[block])

    with ThreadPoolExecutor(len(kernels)) as pool:
        filters = list(pool.map(gaussian_mean, *zip(*kernels, strict=True)))
        onto_lattice = [matrices[:-1] for matrices in filters]
        slicings = [[matrices[-1][block] for matrices in filters] for block in blocks]
        for block in blocks:
            infer(block, [], [])
        for _ in range(iterations):
            lattices = list(pool.map(apply, onto_lattice, [beliefs] * len(filters)))
            list(pool.map(infer, blocks, slicings, [lattices] * len(blocks)))
    return beliefs
