"""Sources of annotated pictures, and the pipeline that turns them into batches."""

from recipes.data.augment import Augment
from recipes.data.cityscapes import Cityscapes
from recipes.data.coco import Coco
from recipes.data.describe import Description, contact_sheet, describe, median_frequency
from recipes.data.instances import Instances
from recipes.data.joined import Joined
from recipes.data.masks import Masks
from recipes.data.object_crops import open_crops
from recipes.data.pipeline import pipeline
from recipes.data.points import Points
from recipes.data.sbd import Sbd
from recipes.data.shapes import open_shapes, open_single_shapes
from recipes.data.source import Problem, Source
from recipes.data.sun_rgbd import SunRgbd
from recipes.data.tfds_source import open_tfds
from recipes.data.voc import Voc
from recipes.data.voc_segmentation import VocSegmentation
from recipes.data.yolo import Yolo
from zoo.errors import InputError

__all__ = [
    "Augment",
    "Description",
    "Problem",
    "Source",
    "contact_sheet",
    "describe",
    "median_frequency",
    "open_source",
    "pipeline",
]

# What stands before the first colon, and what opens the rest.
SOURCES = {
    "shapes": lambda split: open_shapes(split or "train"),
    "single_shapes": lambda split: open_single_shapes(split or "train"),
    "masks": Masks,
    "voc_segmentation": VocSegmentation,
    "sbd": Sbd,
    "sunrgbd": SunRgbd,
    "instances": Instances,
    "cityscapes": Cityscapes,
    "voc": Voc,
    "coco": Coco,
    "yolo": Yolo,
    "points": Points,
    "tfds": lambda rest: open_tfds(*rest.split(":", 1)),
    "crops": lambda rest: open_crops(rest, open_source),
}

JOIN = " & "


def open_source(spec):
    """Opens a source of annotated pictures.

    Args:
        spec: `shapes[:split]` or `single_shapes[:split]` (split train, val or test), `masks:DIR`,
            `voc_segmentation:DIR[:split]`, `sbd:DIR[:split]`, `sunrgbd:DIR:split`, `instances:DIR[:split]`,
            `cityscapes:DIR:split`, `voc:DIR[:split]`, `coco:FILE.json@DIR`, `yolo:DIR[:split]`,
            `points:FILE.csv` or `tfds:NAME[:split]`; several of a kind are joined by " & ".
            `crops:objects:SOURCE` and `crops:proposals:SOURCE` are one object or region of SOURCE's at a time.

    Returns:
        A `Source`.

    Raises:
        InputError: if the kind of source is unknown or the source cannot be opened.
    """
    kind, _, rest = spec.partition(":")
    if JOIN in spec and kind != "crops":  # crops are those of all that is joined
        return Joined([open_source(part) for part in spec.split(JOIN)])
    if kind not in SOURCES:
        raise InputError(f"{spec!r} is no source: it begins with one of {', '.join(SOURCES)}, as in masks:DIR")
    return SOURCES[kind](rest)
