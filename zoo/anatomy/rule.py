"""What becomes of a picture before a model's first layer that learns, in words."""

import numpy as np
from keras import layers

from zoo.layers import LocalResponseNormalization


def input_rule(model):
    """Returns a dict of words: `pixels`, `size`, `normalisation`, and `regions` of a model that is given them."""
    rule = {"pixels": "RGB, 0 to 255", "size": size_rule(model), "normalisation": normalisation(model)}
    if getattr(model, "proposals", ""):
        rule["regions"] = f"{model.num_proposals} of {model.proposals}"
    return rule


def size_rule(model):
    """Says which pictures the model takes, and how others come to that size."""
    frame, resizing = tuple(model.inputs[0].shape[1:3]), getattr(model, "resizing", None)
    if None not in frame:
        return in_words(frame, resizing)
    if sides := getattr(model, "sides", None):
        return f"any; shorter side scaled to {sides[0]} pixels, longer one to {sides[1]} at most"
    trained = getattr(model, "image_size", None)
    return f"any; trained at {in_words(trained, resizing)}" if trained else "any"


def in_words(size, resizing):
    """Writes `(height, width)`, and how others come to it if that is known."""
    height, width = size
    return f"{height}x{width}" + (f" by {resizing}" if resizing else "")


def normalisation(model):
    """Says what the first layer makes of a pixel's red, green and blue, alike for all three or one by one."""
    network = next((layer.network for layer in model.layers if hasattr(layer, "network")), model)
    scaling = next((layer for layer in network.layers if isinstance(layer, layers.Rescaling)), None)
    if scaling is None:
        return "none"
    scale, offset = np.broadcast_arrays(np.ravel(scaling.scale), np.ravel(scaling.offset))
    each = dict.fromkeys(line(float(a), float(b)) for a, b in zip(scale, offset, strict=True))
    steps = [", ".join(each)] * ([*each] != ["x"])
    if isinstance(network.layers[2], LocalResponseNormalization):  # SegNet-Basic's
        steps.append("local response normalisation")
    return ", then ".join(steps) or "none"


def line(scale, offset):
    """Writes what becomes of a number x."""
    scaled = "x" if scale == 1 else f"{scale:.6g} x"
    return f"{scaled} {'-' if offset < 0 else '+'} {abs(offset):.6g}" if offset else scaled
