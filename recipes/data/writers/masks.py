"""Label maps: `images`, a PNG of labels each in `masks`, 255 for void, and `classes.txt`, a name a line."""

from pathlib import Path

import numpy as np
from faster_coco_eval import mask as rle

from recipes.data.sources.legend import legend_in
from recipes.data.sources.outlines import encoded
from recipes.data.sources.painted import paint, pixel_classes, stated
from recipes.data.writers.reading import png
from recipes.data.writers.writer import Writer, write_classes
from zoo.constants import VOID
from zoo.errors import InputError

CLASSES, MASKS = "classes.txt", "masks"
IGNORED = "ignored objects: are void where no other object is"
BARE = "objects without a mask: left out"
TOGETHER = "objects: are told apart no longer; smaller ones lie above larger ones, on background"


class Masks(Writer):
    """A class a pixel, as the source has it, or else painted from the masks of its objects.

    Of a source of objects alone the pixels are painted as `coco_segmentation:` does: background is 0, smaller objects
    lie above larger ones, by the area that is stated or else that of the box, and ignored ones are void. Of a source
    that never states areas those of the masks count.
    """

    format = "masks"

    def __init__(self, folder, source, split=None):
        super().__init__(folder, source, split)
        self.spec, self.painted = f"masks:{self.folder}", "segmentation" not in source.keys
        self.classes, self.labels = pixel_classes(self.classes) if self.painted else (tuple(source.classes), None)
        self.objects = 0 if self.painted else None
        if len(self.classes) > VOID:
            raise InputError(f"{source.spec}: has {len(self.classes)} classes; a mask of 8 bits has {VOID} at most")

    @classmethod
    def targets(cls, source):
        """As `Writer.targets`."""
        if "segmentation" in source.keys:
            return source.of_task("segmentation")
        if "masks" not in source.keys:
            raise InputError(f"{source.spec}: has no masks to say a class a pixel by; write --to coco, yolo or voc")
        return source.of_task("instance_segmentation")

    def add(self, stage, file, picture):
        """As `Writer.add`."""
        labels = self._paint(picture) if self.painted else picture.targets["segmentation"]
        (stage / MASKS).mkdir(exist_ok=True)
        (stage / MASKS / f"{Path(file).stem}.png").write_bytes(png(labels.astype(np.uint8)))

    def _paint(self, picture):
        outlined = [place for place, outline in enumerate(picture.outlines) if outline is not None]
        masks = [encoded(picture.outlines[place], *picture.size) for place in outlined]
        if "areas" in picture.targets:
            areas = stated(picture.targets["areas"], picture.targets["boxes"])[outlined]
        else:
            areas = np.array([rle.area(mask) for mask in masks], float)
        order = np.argsort(-areas, kind="stable")
        labels, ignored = self.labels[picture.targets["labels"][outlined]], picture.ignored[outlined]
        self.objects += len(outlined)
        counts = {TOGETHER: len(outlined), IGNORED: int(ignored.sum()), BARE: len(picture.outlines) - len(outlined)}
        self.notes.update({note: count for note, count in counts.items() if count})
        return paint([masks[place] for place in order], labels[order], ignored[order], picture.size)

    def finish(self, stage):
        """As `Writer.finish`."""
        write_classes(stage / CLASSES, self.classes)
        try:
            plain = legend_in(stage / CLASSES) is None
        except InputError:
            plain = False
        if not plain:
            raise InputError(
                f"{self.source.spec}: a class is called as {CLASSES} names a colour or number (road 128 64 128, "
                f"cell = 255); rename it"
            )
