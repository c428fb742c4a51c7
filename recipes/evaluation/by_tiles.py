"""A segmenter that looks at a picture tile by tile, for `zoo predict` and `zoo evaluate`."""

from recipes.evaluation.ways import Over
from recipes.training.settings import literal
from zoo.errors import InputError
from zoo.segmentation.overlap_tile import checked_tile, context, overlap_tile


class Tiled(Over):
    """A predictor over another that takes pictures of any size not below a tile's, at their own scale.

    Args:
        predictor: what `export.load` returns for a segmenter.
        tile: `(height, width)` in pixels, or that as text, "256x256".

    Raises:
        InputError: if the model is none such or takes no pictures of that size, or the tile is no size.
    """

    def __init__(self, predictor, tile):
        if predictor.task != "segmentation":
            raise InputError(
                f"--tile is for segmentation, received a model for {predictor.task or 'an unknown task'}"
            )
        super().__init__(predictor)
        self.tile = checked_tile(literal(tile) if isinstance(tile, str) else tile)
        size = predictor.network_size
        if any(side not in (None, given) for side, given in zip(size, self.tile, strict=True)):
            wanted = "x".join("any" if side is None else str(side) for side in size)
            raise InputError(f"the model takes pictures of {wanted}: set --tile to that, received {tile}")
        self.margin = context(predictor.predict, self.tile)

    def predict_each(self, pictures):
        """Yields one dict a picture, with `logits (H, W, C)` in its own pixels."""
        for picture in pictures:
            yield overlap_tile(self.predictor.predict, picture, self.tile, margin=self.margin)
