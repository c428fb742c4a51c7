"""The fully connected CRF that sharpens a segmenter's maps at the edges of the picture, by mean field inference.

Source: Krähenbühl & Koltun 2011, arXiv:1210.5644; as DeepLab uses it, Chen et al. 2015, arXiv:1412.7062, section 4.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from zoo.errors import InputError
from zoo.segmentation.permutohedral import apply, gaussian_mean

BLOCK = 12
"""Classes that a thread filters at once: fewer are slower each, of more there are too few for two threads."""
MOST = 80.0
"""Sum of both weights up to which float32 holds the odds of classes."""


def dense_crf(
    picture,
    logits,
    *,
    iterations=10,
    appearance_weight=4.0,
    appearance_xy=121.0,
    appearance_rgb=5.0,
    smoothness_weight=3.0,
    smoothness_xy=3.0,
):
    """Refines the classes of pixels: those near each other, and of like colours, tend to have the same.

    Each pair of pixels of different classes costs `appearance_weight` times a Gaussian of their places and colours
    plus `smoothness_weight` times one of their places alone (equation 3, Potts model). Both are filtered on the
    permutohedral lattice, where each pixel counts among its own neighbours and has kernels that sum to 1 over all
    pixels, as in the authors' release of 2011, with which DeepLab was measured. The defaults are the released ones of
    DeepLab-LargeFOV (bi_w, bi_xy_std, bi_rgb_std, pos_w, pos_xy_std), found on PASCAL VOC 2012.

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
    if iterations < 0 or int(iterations) != iterations:
        raise InputError(f"iterations are a whole number from 0, received {iterations}")
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
    height, width, num_classes = logits.shape
    # Like colours meet in the cache when they are neighbours: all is filtered in half of the time.
    red, green, blue = (picture.reshape(-1, 3) >> 3).astype(np.uint16).T
    order = np.argsort(red << 10 | green << 5 | blue, kind="stable")
    colours = picture.reshape(-1, 3)[order].T
    places = np.indices((height, width), np.float32).reshape(2, -1)[:, order]
    kernels = []
    if appearance_weight:
        looks = np.vstack([places / appearance_xy, colours / appearance_rgb])
        kernels.append(gaussian_mean(looks, appearance_weight))
    if smoothness_weight:
        kernels.append(gaussian_mean(places / smoothness_xy, smoothness_weight))
    beliefs = np.empty((height * width, num_classes), np.float32)
    beliefs[order] = mean_field(logits.reshape(-1, num_classes)[order], kernels, int(iterations))
    return beliefs.reshape(logits.shape)


def checked(picture, logits):
    """Returns picture and logits as arrays, uint8 and float32, of the same height and width."""
    picture, logits = np.asarray(picture), np.asarray(logits, np.float32)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[-1] != 3 or not picture.size:
        raise InputError(f"a picture is (H, W, 3) uint8 RGB, received {picture.shape} {picture.dtype}")
    height, width = picture.shape[:2]
    if logits.ndim != 3 or logits.shape[:2] != picture.shape[:2] or not logits.size:
        raise InputError(
            f"logits of a picture ({height}, {width}) are ({height}, {width}, C), received {logits.shape}"
        )
    if not np.isfinite(logits.max(axis=-1)).all():
        raise InputError("logits are finite, or -inf for classes that cannot be, received others")
    return picture, logits


def mean_field(logits, kernels, iterations):
    """Returns the probabilities of `(N, C)` logits after some steps of inference, `(N, C)` float32 (algorithm 1).

    The logits are shifted so that the largest of each pixel is 0, and messages lie between 0 and the sum of the
    weights: their exponentials neither vanish all nor overflow.
    """
    logits = logits - logits.max(axis=1, keepdims=True)
    blocks = [np.ascontiguousarray(block) for block in np.array_split(logits, -(-logits.shape[1] // BLOCK), axis=1)]

    def odds(block, belief):
        scores = sum((apply(kernel, belief) for kernel in kernels), block)
        return np.exp(scores)

    with ThreadPoolExecutor(len(blocks)) as pool:

        def normalised(blocks):
            total = sum(block @ np.ones((block.shape[1], 1), np.float32) for block in blocks)
            return list(pool.map(lambda block: np.divide(block, total, out=block), blocks))

        beliefs = normalised(list(pool.map(np.exp, blocks)))
        for _ in range(iterations):
            beliefs = normalised(list(pool.map(odds, blocks, beliefs)))
    return np.hstack(beliefs)
