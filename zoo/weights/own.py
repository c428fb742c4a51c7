"""Weights of the zoo's own models: the same network with the same names, perhaps another number of classes."""

import numpy as np

from zoo.errors import InputError
from zoo.weights import keras_file
from zoo.weights.matching import Want, layers_with_weights


def read(path):
    """Reads a file that a model of the zoo was saved to, see `keras_file.read`.

    Raises:
        InputError: if it is a VGG16 of keras.applications, whose first layer takes blue before red.
    """
    arrays, layers = keras_file.read(path)
    if "block1_conv1" in layers and keras_file.OURS not in layers:
        raise InputError(f"{path}: of keras.applications, not of the zoo: load it by source='keras_applications'")
    return arrays


def wanted(model):
    """Lists what a model takes from a file that it, or one of its kind, was saved to; returns a list of `Want`."""
    return [
        Want(variable, f"{layer.name}/{place}", np.asarray, tuple(variable.shape))
        for layer in layers_with_weights(model)
        for place, variable in enumerate(layer.weights)
    ]


def convention(model):
    """Returns `None`: pixels become what the builder makes of them."""
    return None
