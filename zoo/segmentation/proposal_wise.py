"""Segmentation of a picture region by region: each proposal alone, and of all their maps the maximum.

Source: Noh, Hong & Han 2015, arXiv:1505.04366, sections 5 and 6.1; what the paper leaves open is as in the authors'
release, HyeonwooNoh/DeconvNet, inference/generate_EDeconvNet_CRF_results.m.
"""

from collections.abc import Callable

import numpy as np

from zoo.errors import InputError
from zoo.proposals import propose
from zoo.types import Size

CANDIDATES = 2000
CONTEXT = 1.2


def proposal_wise(
    predict: Callable,
    picture: np.ndarray,
    size: Size,
    *,
    proposals: np.ndarray | None = None,
    method: str = "edge_boxes",
    num_proposals: int = 50,
    context: float = CONTEXT,
    min_side: float | None = None,
    batch_size: int = 8,
) -> dict[str, np.ndarray]:
    """Segments a picture by a network that segments one region at a time.

    Each region is cut out with some of what is around it, black beyond the picture, and resized to the network's
    frame; its scores are resized back. A class has at each pixel the largest of 0 and the scores of the regions there
    (equation 1); where there is none, the first class wins, the background. A picture without a region that is large
    enough is one itself.

    Args:
        predict: function of `(N, height, width, 3)` uint8 pictures to a dict with `logits (N, height, width, C)`: a
            segmenter's `model.predict_on_batch`, an artifact's `export.load(path).predict`.
        picture: `(H, W, 3)` uint8 RGB.
        size: `(height, width)` of the pictures that `predict` takes, pixels.
        proposals: `(M, 4)` xyxy, pixels, the best first; `None` for the 2,000 that the method finds.
        method: a name of `zoo.proposals.METHODS`.
        num_proposals: how many regions are segmented, the best that are large enough.
        context: factor on the sides of a region.
        min_side: pixels that both sides of an enlarged region have at least; `None` for half of the frame's smaller
            side, as in the release: 112 of 224.
        batch_size: regions a call of `predict`.
    Returns:
        `{"logits": (H, W, C)}` float32, as an artifact predicts a picture.
    Raises:
        InputError: if the picture or method is another, a number is out of its range, or `predict` returns maps of
            another size.
    """
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[-1] != 3:
        raise InputError(f"a picture is (H, W, 3) uint8 RGB, received {picture.shape} {picture.dtype}")
    if min(num_proposals, batch_size) < 1 or context <= 0:
        raise InputError(
            "num_proposals and batch_size are 1 or more, context more than 0, "
            f"received {num_proposals}, {batch_size}, {context}"
        )
    if proposals is None:
        proposals, _ = propose(picture, CANDIDATES, method)
    min_side = min(size) / 2 if min_side is None else min_side
    regions = windows(proposals, context)
    regions = regions[np.all(regions[:, 2:] - regions[:, :2] >= min_side, axis=1)][:num_proposals]
    if not len(regions):
        regions = np.array([[0, 0, picture.shape[1], picture.shape[0]]])
    return {"logits": combined(predict, picture, regions, size, batch_size)}


def combined(predict, picture, regions, size, batch_size):
    """Returns the largest of 0 and the scores of regions `(N, 4)`, whole pixels, at each pixel: `(H, W, C)`."""
    scores = None
    for start in range(0, len(regions), batch_size):
        batch = regions[start : start + batch_size]
        maps = checked_logits(predict, np.stack([framed(picture, region, size) for region in batch]))
        if scores is None:
            scores = np.zeros((*picture.shape[:2], maps.shape[-1]), np.float32)
        for region, map in zip(batch, maps, strict=True):
            put(scores, map, region)
    return scores


def checked_logits(predict, pictures):
    """Returns the logits of pictures `(N, h, w, 3)`, checked: `(N, h, w, C)` float32."""
    logits = np.asarray(predict(pictures)["logits"], np.float32)
    if logits.ndim != 4 or logits.shape[:3] != pictures.shape[:3]:
        raise InputError(f"proposals need a score for each pixel of {pictures.shape}, received {logits.shape}")
    return logits


def windows(boxes, context=CONTEXT):
    """Enlarges boxes about their centres, to whole pixels.

    Args:
        boxes: `(N, 4)` xyxy, pixels.
        context: factor on their sides; 1.2 in the paper (section 6.1).
    Returns:
        `(N, 4)` int32 xyxy, a pixel or more a side, in part outside of the picture perhaps.
    """
    corners = np.asarray(boxes, np.float64).reshape(-1, 2, 2)
    centres = corners.mean(axis=1, keepdims=True)
    corners = np.rint(centres + (corners - centres) * context).astype(np.int32)
    corners[:, 1] = np.maximum(corners[:, 1], corners[:, 0] + 1)
    return corners.reshape(-1, 4)


def framed(picture, region, size):
    """Returns what a region `(4,)` shows of a picture, `(*size, 3)` uint8, black where it shows none."""
    x1, y1, x2, y2 = region
    shown = np.zeros((y2 - y1, x2 - x1, 3), np.uint8)
    rows, columns = inside(region, picture.shape)
    shown[rows.start - y1 : rows.stop - y1, columns.start - x1 : columns.stop - x1] = picture[rows, columns]
    return np.rint(resized(shown, size)).astype(np.uint8)


def put(scores, map, region):
    """Raises the scores of a picture `(H, W, C)` to those of a region, `(h, w, C)`, wherever these are larger."""
    x1, y1, x2, y2 = region
    rows, columns = inside(region, scores.shape)
    map = resized(map, (y2 - y1, x2 - x1))[rows.start - y1 : rows.stop - y1, columns.start - x1 : columns.stop - x1]
    np.maximum(scores[rows, columns], map, out=scores[rows, columns])


def inside(region, shape):
    """Returns the rows and columns of a picture of `shape` that a region covers, slices."""
    (x1, x2), (y1, y2) = np.clip(region[::2], 0, shape[1]), np.clip(region[1::2], 0, shape[0])
    return slice(y1, y2), slice(x1, x2)


def resized(values, size):
    """Resizes `(h, w, C)` to `(*size, C)` float32, bilinearly; a smaller pixel is a mean over all that it covers."""
    rows, columns = (shares(count, length) for count, length in zip(values.shape, size, strict=False))
    return np.swapaxes(np.tensordot(columns, np.tensordot(rows, values, (1, 0)), (1, 1)), 0, 1)


def shares(count, length):
    """Returns the share of each of `count` pixels in each of the `length` that they are resized to.

    It falls linearly with the distance of their centres, to 0 at that of neighbours, as of MATLAB's `imresize`.
    """
    scale = count / length
    centres = (np.arange(length) + 0.5) * scale - 0.5
    distances = np.abs(np.arange(count) - centres[:, None]) / max(scale, 1.0)
    near = np.maximum(1.0 - distances, 0.0)
    return (near / near.sum(axis=1, keepdims=True)).astype(np.float32)


def ensemble(*logits: np.ndarray) -> np.ndarray:
    """Combines the maps that several networks made of one picture, such as DeconvNet's and an FCN's (section 5.2).

    The mean is that of their probabilities, as in the paper; the release multiplies scores instead.

    Args:
        *logits: `(H, W, C)` each, of one size.
    Returns:
        `(H, W, C)` float32, the logarithm of the mean of their softmaxes: logits, too.
    Raises:
        InputError: if the sizes differ.
    """
    if len({np.shape(each) for each in logits}) != 1:
        raise InputError(f"an ensemble takes maps of one size, received {[np.shape(each) for each in logits]}")
    return np.logaddexp.reduce([log_softmax(each) for each in logits]) - np.float32(np.log(len(logits)))


def log_softmax(logits):
    """Returns the logarithm of the softmax of `(..., C)` logits, float32."""
    logits = np.asarray(logits, np.float32)
    logits = logits - logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
