"""A predictor that looks at a picture tile by tile, for `zoo predict` and `zoo evaluate`."""

from itertools import product

import numpy as np

from recipes.evaluation.merging import merged
from recipes.evaluation.ways import Over
from recipes.training.settings import literal
from zoo.drawing.depict import MORE
from zoo.errors import InputError, written
from zoo.segmentation.overlap_tile import checked_tile, context, overlap_tile

OVERLAP = 0.2
MOST_OVERLAP = 0.9
RIM = 0.01
"""Share of a tile's side: an object whose box ends so near an inner edge is taken to go on behind it."""


def tiled(predictor, tile, overlap=None):
    """Returns a predictor over another that looks at tiles of a picture, at the picture's own scale.

    Args:
        predictor: what `export.load` returns, of a segmenter or a detector.
        tile: `(height, width)` in pixels, one number for both, or either as text, "1024" or "256x256".
        overlap: the share of a tile that its neighbours show too, at least; `None` for `OVERLAP` with a detector, and
            with a segmenter for the way without seams, see `Seamless`.

    Returns:
        A `TiledObjects`, a `Seamless` or a `Blended`.

    Raises:
        InputError: if the model is none such or takes no pictures of that size, or the tile or overlap is none.
    """
    tile = literal(tile) if isinstance(tile, str) else tile
    tile = checked_tile((tile, tile) if isinstance(tile, int) else tile)
    if overlap is not None and not 0 <= overlap <= MOST_OVERLAP:
        raise InputError(f"--overlap takes a share of a tile from 0 to {MOST_OVERLAP}, received {overlap}")
    if predictor.task in MORE:
        return TiledObjects(predictor, tile, OVERLAP if overlap is None else overlap)
    if predictor.task != "segmentation":
        raise InputError(
            f"--tile is for segmentation and detectors, received a model for {predictor.task or 'an unknown task'}"
        )
    return Seamless(predictor, tile) if overlap is None else Blended(predictor, tile, overlap)


class Tiled(Over):
    """A predictor over another that shows it tiles.

    Args:
        predictor: what `export.load` returns.
        tile: `(height, width)` in pixels.
        overlap: the share of a tile that its neighbours show too.
    """

    by_own_scale = True  # pictures are not brought to one size as a whole

    def __init__(self, predictor, tile, overlap=0.0):
        super().__init__(predictor)
        self.tile, self.overlap = tile, overlap

    def check_size(self, size):
        """Raises `InputError` if a picture of `size (height, width)` is smaller than a tile."""
        if any(side < least for side, least in zip(size, self.tile, strict=True)):
            raise InputError(
                f"a picture of {written(size)} is smaller than a tile of {written(self.tile)}: choose a smaller tile"
            )

    def corners(self, size):
        """Returns the top left corners `(y, x)` of the tiles that cover a picture; the last end at its border."""
        self.check_size(size)
        starts = []
        for side, length in zip(size, self.tile, strict=True):
            step = max(1, int(length * (1 - self.overlap)))
            starts.append([*range(0, side - length, step), side - length])
        return list(product(*starts))

    def tiles(self, picture, corners):
        """Yields the parts of a picture, `(height, width, 3)`."""
        for y, x in corners:
            yield picture[y : y + self.tile[0], x : x + self.tile[1]]


class Seamless(Tiled):
    """A segmenter of which each tile's middle alone is used, as U-Net's paper does; see `zoo.overlap_tile`."""

    def __init__(self, predictor, tile):
        super().__init__(predictor, tile)
        size = predictor.network_size
        if any(side not in (None, given) for side, given in zip(size, tile, strict=True)):
            raise InputError(
                f"the model takes pictures of {written(size)}: set --tile to that, received {written(tile)}, or give "
                "--overlap too"
            )
        self.margin = context(predictor.predict, tile)

    def predict_each(self, pictures):
        """Yields one dict a picture, with `logits (H, W, C)` in its own pixels."""
        for picture in pictures:
            yield overlap_tile(self.predictor.predict, picture, self.tile, margin=self.margin)


class Blended(Tiled):
    """A segmenter whose tiles may have any size; where they overlap, logits pass from one to the next linearly."""

    def predict_each(self, pictures):
        """Yields one dict a picture, with `logits (H, W, C)` in its own pixels."""
        height, width = self.tile
        weight = np.outer(*(ramps(side, self.overlap) for side in self.tile))[..., None]
        for picture in pictures:
            size = picture.shape[:2]
            corners, whole, weights = self.corners(size), None, np.zeros((*size, 1), np.float32)
            found = self.predictor.predict_each(self.tiles(picture, corners))
            for (y, x), prediction in zip(corners, found, strict=True):
                part = slice(y, y + height), slice(x, x + width)
                if whole is None:
                    whole = np.zeros((*size, prediction["logits"].shape[-1]), np.float32)
                whole[part] += weight * prediction["logits"]
                weights[part] += weight
            whole /= weights
            yield {"logits": whole}


def ramps(length, overlap):
    """Returns `(length,)` float32 weights of a tile's pixels along a side: they fall to its ends over the overlap."""
    from_end = np.minimum(np.arange(length), np.arange(length)[::-1]) + 0.5
    return np.minimum(1, from_end / max(1.0, overlap * length)).astype(np.float32)


class TiledObjects(Tiled):
    """A detector that looks at tiles, and once at the whole picture for the objects that no tile shows whole.

    Boxes, masks and keypoints are brought to the picture and merged, see `recipes.evaluation.merging.merged`: what a
    tile's inner edge cuts is given up where another tile, or the whole picture, shows the object whole.
    """

    def predict_each(self, pictures):
        """Yields one dict of all objects a picture, in its own pixels, the best first."""
        for picture in pictures:
            corners = self.corners(picture.shape[:2])
            corners = corners if len(corners) > 1 else []  # the only tile is the whole picture
            found = self.predictor.predict_each(self.seen(picture, corners))
            views = [self.beyond_tiles(next(found), corners, picture.shape[:2])]
            cut = [np.zeros(len(views[0]["labels"]), bool)]
            for corner, prediction in zip(corners, found, strict=True):
                cut.append(self.cut(prediction["boxes"], corner, picture.shape[:2]))
                views.append(moved(prediction, *corner))
            yield merged(views, self.predictor.task, cut)

    def beyond_tiles(self, prediction, corners, size):
        """Returns a picture's objects less those that lie whole in a tile, which shows them larger."""
        inside = np.zeros(len(prediction["labels"]), bool)
        for y, x in corners:
            inside |= ~self.cut(prediction["boxes"] - np.float32([x, y, x, y]), (y, x), size)
        return {**prediction, "labels": np.where(inside, -1, prediction["labels"])}

    def seen(self, picture, corners):
        """Yields the picture and then its tiles."""
        yield picture
        yield from self.tiles(picture, corners)

    def cut(self, boxes, corner, size):
        """Says of each of `(K, 4)` boxes of a tile whether it reaches an edge that lies inside the picture."""
        (y, x), (height, width) = corner, self.tile
        rim_y, rim_x = (max(2.0, RIM * side) for side in self.tile)
        x1, y1, x2, y2 = np.moveaxis(np.asarray(boxes), -1, 0)
        inner = y > 0, x > 0, y + height < size[0], x + width < size[1]
        near = y1 < rim_y, x1 < rim_x, y2 > height - rim_y, x2 > width - rim_x
        return np.any([at & is_inner for at, is_inner in zip(near, inner, strict=True)], axis=0)


def moved(prediction, y, x):
    """Returns the objects of a tile with its corner `(y, x)` in the pixels of the picture."""
    placed = {**prediction, "boxes": prediction["boxes"] + np.float32([x, y, x, y])}
    if "keypoints" in prediction:
        placed["keypoints"] = prediction["keypoints"] + np.float32([x, y, 0])
    return placed
