"""Class-independent regions that may hold an object: what R-CNN and Fast R-CNN look at.

A method reads one picture and knows no classes. `METHODS` is the table of them, each a function
`(picture, n, seed) -> boxes, scores`; `propose` calls one and tidies what it returns.
"""

from collections.abc import Callable

import numpy as np

from zoo.errors import InputError
from zoo.proposals.edge_boxes import edge_boxes
from zoo.proposals.sampled import gaussian, uniform
from zoo.proposals.selective_search import selective_search_fast, selective_search_quality
from zoo.proposals.sliding_window import sliding_window
from zoo.proposals.superpixels import superpixels

METHODS: dict[str, Callable] = {
    "selective_search_fast": selective_search_fast,
    "selective_search_quality": selective_search_quality,
    "edge_boxes": edge_boxes,
    "superpixels": superpixels,
    "sliding_window": sliding_window,
    "gaussian": gaussian,
    "uniform": uniform,
}


def propose(picture: np.ndarray, n: int, method: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Proposes regions of a picture that may hold an object.

    Args:
        picture: `(H, W, 3)` uint8 RGB.
        n: how many at most.
        method: a name of `METHODS`.
        seed: integer; the same seed gives the same regions.
    Returns:
        boxes `(M, 4)` float32 xyxy, pixels, no two the same, inside the picture, a pixel or more wide and high; and
        scores `(M,)` float32, falling: for methods that do not judge regions, a random order. M is n or less.
    Raises:
        InputError: if the method is unknown, n is below 1, or the picture is of another kind.
    """
    check_method(method)
    picture = np.ascontiguousarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[-1] != 3 or not picture.size:
        raise InputError(f"a picture is (H, W, 3) uint8 RGB, received {picture.shape} {picture.dtype}")
    if n < 1:
        raise InputError(f"n is 1 or more proposals, received {n}")
    boxes, scores = METHODS[method](picture, n, seed)
    return _best(boxes, scores, n, picture.shape[:2])


def check_method(method):
    """Raises `InputError` for a name that is not in `METHODS`."""
    if method not in METHODS:
        raise InputError(f"unknown method of proposals {method!r}: choose one of {', '.join(METHODS)}")


def _best(boxes, scores, n, size):
    """Clips boxes to the picture, drops slivers and repetitions, and keeps the n best."""
    height, width = size
    boxes = np.clip(np.asarray(boxes, np.float32).reshape(-1, 4), 0, np.array([width, height] * 2, np.float32))
    scores = np.asarray(scores, np.float32)
    kept = np.all(boxes[:, 2:] - boxes[:, :2] >= 1, axis=1)
    boxes, scores = boxes[kept], scores[kept]
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]
    first = np.sort(np.unique(boxes, axis=0, return_index=True)[1])[:n]
    return boxes[first], scores[first]
