"""Sources of annotated pictures, and the pipeline that turns them into batches."""

from recipes.data.augment import Augment
from recipes.data.cityscapes import Cityscapes
from recipes.data.coco import Coco
from recipes.data.describe import Description, contact_sheet, describe, median_frequency
from recipes.data.instances import Instances
from recipes.data.joined import Joined
from recipes.data.masks import Masks
from recipes.data.pipeline import pipeline
from recipes.data.points import Points
from recipes.data.shapes import open_shapes, open_single_shapes
from recipes.data.source import Problem, Source
from recipes.data.tfds_source import open_tfds
from recipes.data.voc import Voc
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
    "instances": Instances,
    "cityscapes": Cityscapes,
    "voc": Voc,
    "coco": Coco,
    "yolo": Yolo,
    "points": Points,
    "tfds": lambda rest: open_tfds(*rest.split(":", 1)),
}

JOIN = " & "


def open_source(spec):
    """Opens a source of annotated pictures.

    Args:
        spec: `shapes[:split]` or `single_shapes[:split]` (split train, val or test), `masks:DIR`,
            `instances:DIR[:split]`, `cityscapes:DIR:split`, `voc:DIR[:split]`, `coco:FILE.json@DIR`,
            `yolo:DIR[:split]`, `points:FILE.csv` or `tfds:NAME[:split]`; several of a kind are joined by " & ".

    Returns:
        A `Source`.

    Raises:
        InputError: if the kind of source is unknown or the source cannot be opened.
    """
    if JOIN in spec:
        return Joined([open_source(part) for part in spec.split(JOIN)])
    kind, _, rest = spec.partition(":")
    if kind not in SOURCES:
        raise InputError(f"{spec!r} is no source: it begins with one of {', '.join(SOURCES)}, as in masks:DIR")
    return SOURCES[kind](rest)
