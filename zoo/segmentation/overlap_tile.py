"""Segmentation of a picture tile by tile: any size in the memory of one batch, without seams.

Source: Ronneberger et al. 2015, arXiv:1505.04597, section 2 and figure 2, the overlap-tile strategy.
"""

from collections.abc import Callable
from itertools import product

import numpy as np

from zoo.errors import InputError, written
from zoo.types import Size

STRIDE = 32
"""Pixels: the poolings of every network here repeat within so many."""
BATCH = 4


def overlap_tile(
    predict: Callable,
    picture: np.ndarray,
    tile: Size,
    *,
    margin: int | Size | None = None,
    stride: int = STRIDE,
    batch_size: int = BATCH,
) -> dict[str, np.ndarray]:
    """Segments a picture by tiles that overlap, of each only what has its context within the tile.

    What a tile shows beyond the picture is the picture mirrored. With an unpadded network (`padding="valid"`) the
    result equals that of the whole picture in one pass, mirrored likewise; choose a tile that pools evenly, such as
    572 or what `zoo.segmentation.unet.unpadded_input` says. With others it does so as far as `margin` holds all that
    a pixel's logits depend on: 96 pixels in a U-Net of depth 4.

    Args:
        predict: function of `(N, height, width, 3)` uint8 pictures to a dict with `logits (N, h, w, C)`, of the
            centre where it is smaller: a segmenter's `model.predict_on_batch`, an artifact's
            `export.load(path).predict`.
        picture: `(H, W, 3)` uint8 RGB, no side smaller than the tile's.
        tile: `(height, width)` of the pictures that `predict` is given, pixels.
        margin: pixels at each side of a tile whose logits are not used, one number or one an axis; `None` for what
            `context` finds.
        stride: pixels that the tiles stand apart a multiple of, so that poolings meet the same pixels in each as in
            the whole picture; where a tile keeps fewer they stand that far apart.
        batch_size: tiles a call of `predict`, always; the last are filled up.
    Returns:
        `{"logits": (H, W, C)}` float32, as an artifact predicts a picture.
    Raises:
        InputError: if the picture is another or smaller than a tile, a number is out of its range, or the margin
            leaves out less than the network does.
    """
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[-1] != 3:
        raise InputError(f"a picture is (H, W, 3) uint8 RGB, received {picture.shape} {picture.dtype}")
    if not all(isinstance(one, int | np.integer) and one >= 1 for one in (stride, batch_size)):
        raise InputError(f"stride and batch_size are 1 or more, received {stride}, {batch_size}")
    tile = checked_tile(tile)
    if any(side < least for side, least in zip(picture.shape, tile, strict=False)):
        size = written(picture.shape[:2])
        raise InputError(f"a picture of {size} is smaller than a tile of {written(tile)}: choose a smaller tile")
    margins = context(predict, tile, batch_size) if margin is None else checked_margins(margin, tile)
    kept = tuple(side - 2 * margin for side, margin in zip(tile, margins, strict=True))

    starts = [begins(side, part, stride) for side, part in zip(picture.shape, kept, strict=False)]
    ends = [begin[-1] + part - side for begin, part, side in zip(starts, kept, picture.shape, strict=False)]
    beyond = [(margin, margin + end) for margin, end in zip(margins, ends, strict=True)]
    mirrored = np.pad(picture, (*beyond, (0, 0)), mode="reflect")
    corners, scores = list(product(*starts)), None
    for first in range(0, len(corners), batch_size):
        seen = corners[first : first + batch_size]
        tiles = [mirrored[y : y + tile[0], x : x + tile[1]] for y, x in seen]
        maps = centres(logits_of(predict, np.stack(tiles + tiles[-1:] * (batch_size - len(tiles)))), tile, margins)
        if scores is None:
            scores = np.empty((*picture.shape[:2], maps.shape[-1]), np.float32)
        for (y, x), one in zip(seen, maps, strict=False):
            part = scores[y : y + kept[0], x : x + kept[1]]
            part[:] = one[: part.shape[0], : part.shape[1]]
    return {"logits": np.asarray(scores)}


def context(predict, tile, batch_size=BATCH):
    """Returns the margins, `(rows, columns)`, that `overlap_tile` keeps where none are given.

    They are what an unpadded network leaves out itself, or for a network that covers its tile a quarter of each
    side, in whole `STRIDE`s where that is one or more.
    """
    size = logits_of(predict, np.zeros((batch_size, *tile, 3), np.uint8)).shape[1:3]
    if size != tile:
        return tuple(-((have - side) // 2) for side, have in zip(tile, size, strict=True))
    return tuple(side // 4 // STRIDE * STRIDE or side // 4 for side in tile)


def begins(length, kept, stride):
    """Returns where the parts begin that cover `length` pixels by `kept` each, a multiple of `stride` apart."""
    step = kept // stride * stride or kept
    return range(0, length - kept + step, step)


def checked_tile(tile):
    """Returns a tile's `(height, width)`, or raises `InputError` with what it is instead."""
    if not isinstance(tile, tuple | list) or len(tile) != 2 or not all(isinstance(s, int) and s > 0 for s in tile):
        raise InputError(f"a tile is height x width in pixels, as in 256x256, received {tile!r}")
    return tuple(tile)


def checked_margins(margin, tile):
    """Returns the margins `(rows, columns)`, or raises `InputError` where they leave nothing of a tile."""
    margins = tuple(margin) if isinstance(margin, tuple | list) else (margin, margin)
    if len(margins) != 2 or not all(
        isinstance(m, int | np.integer) and 0 <= 2 * m < side for m, side in zip(margins, tile, strict=True)
    ):
        raise InputError(f"a margin is 0 or more and leaves pixels of a tile of {written(tile)}, received {margin}")
    return margins


def logits_of(predict, tiles):
    """Returns the logits of tiles `(N, height, width, 3)`: `(N, h, w, C)` float32, not larger than these."""
    logits = np.asarray(predict(tiles)["logits"], np.float32)
    if logits.ndim != 4 or len(logits) != len(tiles) or any(np.greater(logits.shape[1:3], tiles.shape[1:3])):
        raise InputError(f"tiles {tiles.shape} need the logits of their pixels, received {logits.shape}")
    return logits


def centres(logits, tile, margins):
    """Cuts logits `(N, h, w, C)`, which lie in the centre of their tiles, to what the margins leave of these."""
    parts = [slice(None)]
    for side, margin, have in zip(tile, margins, logits.shape[1:3], strict=True):
        start, kept = margin - (side - have) // 2, side - 2 * margin
        if start < 0 or start + kept > have:
            raise InputError(
                f"of {side} pixels of a tile the network segments {have}: choose a margin above {margin}"
            )
        parts.append(slice(start, start + kept))
    return logits[tuple(parts)]
