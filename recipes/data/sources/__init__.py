"""Sources of annotated pictures, each format in a file of its own; `SOURCES` is the table of them."""

import os
from importlib import import_module
from typing import TYPE_CHECKING

from zoo.errors import InputError

if TYPE_CHECKING:
    from recipes.data.sources.source import Source

SOURCES = {
    "shapes": "shapes.open_shapes",
    "single_shapes": "shapes.open_single_shapes",
    "masks": "masks.open_masks",
    "labelme": "labelme.LabelMe",
    "via": "via.Via",
    "voc_segmentation": "voc_segmentation.VocSegmentation",
    "sbd": "sbd.Sbd",
    "sunrgbd": "sun_rgbd.SunRgbd",
    "instances": "instances.Instances",
    "nuclei": "nuclei.Nuclei",
    "cityscapes": "cityscapes.Cityscapes",
    "voc": "voc.Voc",
    "coco": "coco.Coco",
    "coco_segmentation": "coco_segmentation.CocoSegmentation",
    "yolo": "yolo.Yolo",
    "points": "points.Points",
    "tfds": "tfds.open_tfds",
    "crops": "object_crops.open_crops",
}
"""By what stands before the first colon, what opens the rest; its module is loaded only then."""

UNSPLIT = ("masks", "labelme", "via", "nuclei", "coco", "coco_segmentation")
"""Kinds that have no splits of their own: train and val are chosen by a hash of the pictures' names."""

JOIN = " & "


def open_source(spec: str) -> "Source":
    """Opens a source of annotated pictures.

    Args:
        spec: `shapes[:split]` or `single_shapes[:split]` (split train, val or test), `masks:DIR`,
            `voc_segmentation:DIR[:split]`, `sbd:DIR[:split]`, `sunrgbd:DIR:split`, `instances:DIR[:split]`,
            `cityscapes:DIR:split`, `voc:DIR[:split]`, `coco:FILE.json@DIR`, `yolo:DIR[:split]`,
            `labelme:DIR`, `via:FILE.json@DIR`, `nuclei:DIR`, `coco_segmentation:FILE.json@DIR`, `points:FILE.csv` or
            `tfds:NAME[:split]`; several of a kind are joined by " & ". `crops:objects:SOURCE` and
            `crops:proposals:SOURCE` are one object or region of SOURCE's at a time.
            `?classes=cat,dog` behind any leaves some of its classes, see `OfClasses`. Where a source has no splits of
            its own, `:train` and `:val` are by a hash of the pictures' names, see `halves`.

    Returns:
        A `Source`.

    Raises:
        InputError: if the kind of source is unknown or the source cannot be opened.
    """
    if "\0" in spec:
        raise InputError(f"{spec}: has a zero byte, which no name has")
    try:
        return opened_whole(spec)
    except OSError as error:  # a folder that may not be listed, a disk that fails, a name too long for any
        raise InputError(f"{spec}: cannot be read ({error.strerror or error}); check the path") from error


def opened_whole(spec):
    """As `open_source`; what the system refuses is an `OSError`."""
    kind, _, rest = spec.partition(":")
    if JOIN in spec and kind != "crops":  # crops are those of all that is joined
        from recipes.data.sources.joined import Joined  # loads TensorFlow

        return Joined([open_source(part) for part in spec.split(JOIN)])
    if kind not in SOURCES:
        raise InputError(f"{spec!r} is no source: it begins with one of {', '.join(SOURCES)}, as in masks:DIR")
    if kind == "crops":
        return opener_of(kind)(rest)
    rest, names = classes_of(rest)
    source = opened(kind, rest)
    if names:
        from recipes.data.sources.of_classes import OfClasses

        source = OfClasses(source, names)
    return source


def opener_of(kind):
    """Returns what opens a kind of source."""
    module, opener = SOURCES[kind].split(".")
    return getattr(import_module(f"{__name__}.{module}"), opener)


def opened(kind, rest):
    """Opens a source, or one of its halves where it has no splits of its own."""
    place, mark, options = rest.partition("?")
    folder, _, split = place.rpartition(":")
    if kind not in UNSPLIT or split not in ("train", "val") or os.path.isdir(place):
        return opener_of(kind)(rest)
    from recipes.data.sources.halves import half

    source = opener_of(kind)(f"{folder}{mark}{options}")
    source.spec = f"{kind}:{rest}"
    half(source, split)
    return source


def classes_of(rest):
    """Splits the option `classes` off; returns what is left, and the list of names."""
    place, mark, options = rest.partition("?")
    if not mark or "classes=" not in options:
        return rest, []
    words = options.split("&")
    chosen = [word.removeprefix("classes=") for word in words if word.startswith("classes=")]
    others = [word for word in words if not word.startswith("classes=")]
    names = [name.strip() for word in chosen for name in word.split(",") if name.strip()]
    if chosen and not names:
        raise InputError(f"{rest}: classes names no class; write ?classes=cat,dog")
    return place + mark * bool(others) + "&".join(others), names
