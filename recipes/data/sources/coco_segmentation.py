"""`coco_segmentation:FILE.json@DIR`: COCO's polygons and run lengths as a class a pixel, beside background."""

import numpy as np

from recipes.data.sources.coco import Coco
from recipes.data.sources.painted import Painted, stated
from zoo.errors import InputError


class CocoSegmentation(Coco, Painted):
    """Pixels of a COCO file's categories, background 0; smaller objects lie above larger ones, and crowds are void.

    Args:
        rest: `FILE.json@DIR`.

    Raises:
        InputError: as `Coco`, or if no annotation has a segmentation.
    """

    def __init__(self, rest):
        super().__init__(rest)
        self.spec = f"coco_segmentation:{rest}"
        if "masks" not in self.keys:
            raise InputError(f"{self.spec}: no annotation has a segmentation")

    def order(self, rows):
        """As `Painted.order`: the largest first."""
        return rows[np.argsort(-stated(self.rows["areas"][rows], self.rows["boxes"][rows]), kind="stable")]
