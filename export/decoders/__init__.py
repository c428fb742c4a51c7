"""Decoders of the raw grids of one-stage detectors, as NumPy, C++ and JavaScript to copy beside a file.

`yolo_v2` is that of YOLO v2, Tiny YOLO v2 and the grid detector, `yolo_v1` that of YOLO and Fast YOLO; each needs the
file `suppress` of its language. What they are given besides the grid stands on the card as `decoder`.
"""

import numpy as np

from export.decoders import yolo_v1, yolo_v2

DECODERS = {"yolo_v1": yolo_v1.decode, "yolo_v2": yolo_v2.decode}
NUMBERS = {"yolo_v1": ("num_boxes",), "yolo_v2": ("anchors", "stride")}
"""By family, the numbers of a model that its decoder needs beyond those of all."""
SHARED = ("num_classes", "score_threshold", "iou_threshold", "max_detections")


def family_of(model):
    """Returns "yolo_v1", "yolo_v2", or `None` for a model that has no raw form."""
    from zoo.detection.anchor_grid import AnchorGrid
    from zoo.detection.yolo_v1 import YoloV1

    families = {YoloV1: "yolo_v1", AnchorGrid: "yolo_v2"}
    return next((name for kind, name in families.items() if isinstance(model, kind)), None)


def decoder_of(model, image_size):
    """Returns what the decoder of a model's raw grid needs, as JSON has it.

    `image_size` is the file's; `None` in it stands for the picture's own.
    """
    family = family_of(model)
    numbers = {name: getattr(model, name) for name in (*NUMBERS[family], *SHARED)}
    numbers.update({name: list(map(list, numbers[name])) for name in ("anchors",) if name in numbers})
    numbers.update({name: list(numbers[name]) for name in ("stride",) if name in numbers})
    return {"family": family, "image_size": list(image_size), **numbers}


def decoded(outputs, decoder, size):
    """Returns the dict of detections of a batch.

    Args:
        outputs: dict of `grid (B, h, w, D)` float32.
        decoder: that of the file's card.
        size: `(height, width)` of the pictures in pixels.
    """
    numbers = {name: value for name, value in decoder.items() if name != "family"} | {"image_size": size}
    found = [DECODERS[decoder["family"]](grid, **numbers) for grid in outputs["grid"]]
    return {name: np.stack([one[name] for one in found]) for name in found[0]}
