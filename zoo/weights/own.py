"""Weights of the zoo's own models: the same network, perhaps another number of classes, or what it stands on."""

import math
import re

from zoo.backbones.normalization import CONVENTIONS
from zoo.errors import InputError
from zoo.weights import keras_file
from zoo.weights.matching import Want, layers_with_weights

CLASSIFIERS = {r"encoder(\d_conv\d(?:_bn)?)": r"block\1", "fc6": "fc1", "fc7": "fc2"}
"""Names of layers in VGG16 and AlexNet by those in the networks that stand on them."""


def read(path):
    """Reads the weights of a file that a model of the zoo was saved to, see `keras_file.read`.

    Raises:
        InputError: if it is a VGG16 of keras.applications, whose first layer takes blue before red.
    """
    arrays, layers = keras_file.read(path)
    if keras_file.of_applications(layers):
        raise InputError(f"{path}: of keras.applications, not of the zoo: load it by source='keras_applications'")
    return arrays


def wanted(model, tensors):
    """Lists what a model takes from a file that it, one of its kind or its classifier was saved to.

    Args:
        model: the model.
        tensors: the file's, by layer and place.
    Returns:
        List of `Want`. A convolution takes a dense layer's kernel, too.
    """
    return [
        want(variable, name_of(layer.name, place, tensors), tensors)
        for layer in layers_with_weights(model)
        for place, variable in enumerate(layer.weights)
    ]


def name_of(layer, place, tensors):
    """Returns a tensor's name: as the layer's, or where only the classifier's name for it is there, that one."""
    for pattern, name in CLASSIFIERS.items():
        if f"{layer}/{place}" not in tensors and (match := re.fullmatch(pattern, layer)):
            return f"{match.expand(name)}/{place}"
    return f"{layer}/{place}"


def want(variable, name, tensors):
    """Returns the `Want` of a variable; a dense kernel of as many numbers goes into a convolution row by row."""
    ours, theirs = tuple(variable.shape), getattr(tensors.get(name), "shape", ())
    dense = len(ours) == 4 and theirs == (math.prod(ours[:-1]), ours[-1])
    return Want(variable, name, lambda values: values.reshape(ours), theirs if dense else ours)


def convention(model, path):
    """Returns the name in `CONVENTIONS` of what the file's model does to pixels.

    `None` where the file does not tell, as one of weights alone, or either model has no layer for it.

    Raises:
        InputError: if the file's description of the model is damaged.
    """
    if path.suffix != ".keras" or all(layer.name != keras_file.OURS for layer in model.layers):
        return None
    config = keras_file.described(path)["layers"].get(keras_file.OURS, {"config": {}})["config"]
    numbers = (config.get("scale"), config.get("offset"))
    return next((name for name, known in CONVENTIONS.items() if known == numbers), None)
