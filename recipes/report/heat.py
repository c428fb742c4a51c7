"""Where in a picture of any size the score of a class comes from."""

from dataclasses import replace

import cv2
import numpy as np

from zoo.anatomy.heat import heat
from zoo.anatomy.info import info
from zoo.errors import InputError
from zoo.prediction import name_of

CHEAP = 20e9
"""Operations of a model, two for each multiply-add, up to which a report draws heat maps."""


def with_heat(predictor, samples):
    """Adds to samples what the best class found in each looks at, where that is cheap and there is such a thing.

    Args:
        predictor: a `KerasPredictor`.
        samples: list of `recipes.report.Sample`.
    Returns:
        List of them, their `heat` set; as they are if the model is large or its task is points, or the backend has no
        gradients for it.
    """
    if predictor.task == "points" or info(predictor.model, predictor.frame_size).flop > CHEAP:
        return samples
    return [replace(sample, heat=heat_in(predictor, sample.image)) for sample in samples]


def heat_in(predictor, image):
    """Returns the name of the best class found in a picture and its `(H, W)` map, `None` where nothing is found."""
    try:
        seen, found = looked_at(predictor, image)
    except InputError:
        return None  # there is nothing in the picture, or no map of it
    return name_of(predictor.class_names, found.label), seen


def looked_at(predictor, image, label=None, layer=None):
    """Finds where in a picture of any size the score of a class comes from.

    Args:
        predictor: a `KerasPredictor`.
        image: `(H, W, 3)` uint8.
        label: as in `zoo.anatomy.heat.heat`.
        layer: likewise.
    Returns:
        `(map, heat)`: `(H, W)` float32, 0 to 1, and the `Heat`, its box in the picture's own pixels.
    """
    frame, proposals, placement = predictor.in_frame(image)
    inputs = predictor.inputs_of(frame[None], None if proposals is None else [proposals])
    found = heat(predictor.model, inputs if predictor.proposals else inputs["image"], label, layer=layer)
    whole = placement.maps(in_frame(found, frame.shape[:2])[..., None])[..., 0]
    box = None if found.box is None else placement.boxes(found.box)
    return np.clip(whole, 0, 1), replace(found, box=box)


def in_frame(found, size):
    """Enlarges the cells of a `Heat` to the frame `(height, width)`, less what the network pads it by.

    A network that pads to a multiple of its stride does so at the bottom and right, one with a margin all around.
    """
    full = [round(side * step) for side, step in zip(found.cells.shape, found.stride, strict=True)]
    large = cv2.resize(found.cells, full[::-1], interpolation=cv2.INTER_LINEAR)
    starts = [
        0 if over < step else over // 2
        for over, step in ((whole - side, step) for whole, side, step in zip(full, size, found.stride, strict=True))
    ]
    cut = large[tuple(slice(max(start, 0), max(start, 0) + side) for start, side in zip(starts, size, strict=True))]
    missing = [(0, side - got) for side, got in zip(size, cut.shape, strict=True)]
    return np.pad(cut, missing)
