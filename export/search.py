"""The few layers that integers spoil: found by making one layer at a time integers, on calibration pictures.

A network whose int8 file differs too much from its float32 one rarely does so everywhere. Each layer alone in
integers shows what it adds to the noise of the outputs; those that add most stay float32, as many as it takes.
"""

import numpy as np

from export.inputs import feeds
from export.quiet import shown_stderr
from zoo.progress import track

PICTURES = 8
"""How many of the representative pictures the noise is measured on: as many float32 and int8 calls for each layer."""
LIMIT = 0.05
"""Noise that is sought where nobody names one."""


def search(trials, limit):
    """Finds layers whose float32 keeps an int8 file's outputs near.

    It quantizes and runs the file once for each layer, once more for all, and a few times, by bisection, for how many
    of the layers that add most have to stay.

    Args:
        trials: has `layers`, their names, and `noise(layers)`, what the outputs of a file differ by in which these
            layers are float32 and the others integers, as `noise_between` says.
        limit: the largest noise.
    Returns:
        Dict for the card: `limit`; `pictures`, the noise is measured on; `int8_noise`, of integers everywhere;
        `noise`, that is left; `layers`, a dict each of `layer`, its name in the file, `noise`, what it adds when it
        alone is integers, and `float32`, whether it stays; those that add most come first. There are none where
        integers everywhere are within the limit.
    """
    everywhere = trials.noise(())
    found = {"limit": limit, "pictures": trials.pictures, "int8_noise": everywhere, "noise": everywhere, "layers": []}
    if everywhere <= limit:
        return found
    with shown_stderr() as stderr:
        layers = track(trials.layers, "seeking layers that integers spoil", len(trials.layers), file=stderr)
        alone = {layer: trials.noise([other for other in trials.layers if other != layer]) for layer in layers}
    ranked = sorted(alone, key=alone.get, reverse=True)
    noises = {0: everywhere}
    least, enough = 0, len(ranked)
    while enough - least > 1:
        middle = (least + enough) // 2
        noises[middle] = trials.noise(ranked[:middle])
        least, enough = (least, middle) if noises[middle] <= limit else (middle, enough)
    rows = [{"layer": layer, "noise": alone[layer], "float32": i < enough} for i, layer in enumerate(ranked)]
    return {**found, "noise": noises.get(enough, 0.0), "layers": rows}


def float_layers(found):
    """Returns the names of the layers that stay, of what `search` returns."""
    return [row["layer"] for row in found["layers"] if row["float32"]]


def few(representative):
    """Returns of the representative inputs those that the noise is measured on, spread over them."""
    count = len(representative["image"])
    places = [i * count // min(count, PICTURES) for i in range(min(count, PICTURES))]
    return {name: array[places] for name, array in representative.items()}


def outputs_of(call, representative, batch_size):
    """Returns what a file makes of the inputs: a list, by tensor, of the values of all pictures."""
    return [np.concatenate(parts) for parts in zip(*map(call, feeds(representative, batch_size)), strict=True)]


def noise_between(references, values):
    """Returns the noise of the tensor that has most: RMS of the difference over the standard deviation before."""
    pairs = zip(references, values, strict=True)
    return max((float(np.sqrt(np.mean((b - a) ** 2)) / (a.std() or 1.0)) for a, b in pairs), default=0.0)
