"""Weights of the zoo's own models: the same network with the same names, perhaps another number of classes."""

import json

import numpy as np

from zoo.backbones.normalization import CONVENTIONS
from zoo.errors import InputError
from zoo.weights import keras_file
from zoo.weights.matching import Want, layers_with_weights


def read(path):
    """Reads the weights of a file that a model of the zoo was saved to, see `keras_file.read`.

    Raises:
        InputError: if it is a VGG16 of keras.applications, whose first layer takes blue before red.
    """
    arrays, layers = keras_file.read(path)
    if keras_file.of_applications(layers):
        raise InputError(f"{path}: of keras.applications, not of the zoo: load it by source='keras_applications'")
    return arrays


def wanted(model):
    """Lists what a model takes from a file that it, or one of its kind, was saved to; returns a list of `Want`."""
    return [
        Want(variable, f"{layer.name}/{place}", np.asarray, tuple(variable.shape))
        for layer in layers_with_weights(model)
        for place, variable in enumerate(layer.weights)
    ]


def convention(model, path):
    """Returns the name in `CONVENTIONS` of what the file's model does to pixels.

    `None` where the file does not tell, as one of weights alone, or either model has no layer for it.

    Raises:
        InputError: if the file's description of the model is damaged.
    """
    if path.suffix != ".keras" or all(layer.name != keras_file.OURS for layer in model.layers):
        return None
    try:
        layers = json.loads(keras_file.unpacked(path, "config.json"))["config"]["layers"]
        configs = {layer["config"]["name"]: layer["config"] for layer in layers}
    except keras_file.DAMAGE as error:
        raise InputError(f"{path}: its config.json describes no model of the zoo; save the model again") from error
    config = configs.get(keras_file.OURS, {})
    numbers = (config.get("scale"), config.get("offset"))
    return next((name for name, known in CONVENTIONS.items() if known == numbers), None)
