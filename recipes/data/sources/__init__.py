"""Sources of annotated pictures, each format in a file of its own; `SOURCES` is the table of them."""

from recipes.data.sources.cityscapes import Cityscapes
from recipes.data.sources.coco import Coco
from recipes.data.sources.instances import Instances
from recipes.data.sources.joined import Joined
from recipes.data.sources.masks import Masks
from recipes.data.sources.object_crops import open_crops
from recipes.data.sources.points import Points
from recipes.data.sources.sbd import Sbd
from recipes.data.sources.shapes import open_shapes, open_single_shapes
from recipes.data.sources.sun_rgbd import SunRgbd
from recipes.data.sources.tfds import open_tfds
from recipes.data.sources.voc import Voc
from recipes.data.sources.voc_segmentation import VocSegmentation
from recipes.data.sources.yolo import Yolo
from zoo.errors import InputError

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
