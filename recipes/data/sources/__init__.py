"""Sources of annotated pictures, each format in a file of its own; `SOURCES` is the table of them."""

from importlib import import_module

from zoo.errors import InputError

SOURCES = {
    "shapes": "shapes.open_shapes",
    "single_shapes": "shapes.open_single_shapes",
    "masks": "masks.open_masks",
    "voc_segmentation": "voc_segmentation.VocSegmentation",
    "sbd": "sbd.Sbd",
    "sunrgbd": "sun_rgbd.SunRgbd",
    "instances": "instances.Instances",
    "cityscapes": "cityscapes.Cityscapes",
    "voc": "voc.Voc",
    "coco": "coco.Coco",
    "yolo": "yolo.Yolo",
    "points": "points.Points",
    "tfds": "tfds.open_tfds",
    "crops": "object_crops.open_crops",
}
"""By what stands before the first colon, what opens the rest; its module is loaded only then."""

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
        from recipes.data.sources.joined import Joined  # loads TensorFlow

        return Joined([open_source(part) for part in spec.split(JOIN)])
    if kind not in SOURCES:
        raise InputError(f"{spec!r} is no source: it begins with one of {', '.join(SOURCES)}, as in masks:DIR")
    module, opener = SOURCES[kind].split(".")
    return getattr(import_module(f"{__name__}.{module}"), opener)(rest)
