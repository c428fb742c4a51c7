"""Weights of keras.applications.VGG16, with and without its top. Source: keras/src/applications/vgg16.py."""

import re
from math import prod

import numpy as np

from zoo.errors import InputError
from zoo.weights import keras_file
from zoo.weights.matching import Want, layers_with_weights

VGG16 = {
    r"(?:block|encoder)(\d_conv\d)": r"block\1",
    r"fc1|fc6": "fc1",  # fc6 and fc7 in the heads of detectors, and as convolutions
    r"fc2|fc7": "fc2",
    r"logits": "predictions",
}
"""Keras's name of a layer by the pattern of ours."""
FIRST = ("block1_conv1", "encoder1_conv1")


def read(path):
    """Reads a file of keras.applications, see `keras_file.read`.

    Raises:
        InputError: if it is the file of a model of the zoo, whose first layer takes red before blue.
    """
    arrays, layers = keras_file.read(path)
    if keras_file.OURS in layers:
        raise InputError(f"{path}: of the zoo, not of keras.applications: load it by source='zoo'")
    return arrays


def wanted(model, tensors=None):
    """Lists what a VGG16, or a network built on it, takes from a file.

    A convolution takes a dense layer's kernel: its input is flattened row by row, too.

    Returns:
        List of `Want`.
    Raises:
        InputError: if the model has none of VGG16's layers.
    """
    layers = list(layers_with_weights(model))
    if not any(layer.name in FIRST for layer in layers):
        raise InputError(f"{model.name} is not built on VGG16, the one network read from keras.applications")
    return [want(layer, place, variable) for layer in layers for place, variable in enumerate(layer.weights)]


def convention(model, path):
    """Returns what becomes of pixels: the "caffe" mode of `keras.applications.imagenet_utils`."""
    return "caffe"


def name_of(layer):
    """Returns Keras's name of a layer, ours of one that it does not have."""
    for pattern, name in VGG16.items():
        if match := re.fullmatch(pattern, layer):
            return match.expand(name)
    return layer


def want(layer, place, variable):
    """Returns the `Want` of a layer's variable; the first kernel takes blue, green and red there."""
    name, ours = f"{name_of(layer.name)}/{place}", tuple(variable.shape)
    if layer.name in FIRST and place == 0:
        return Want(variable, name, lambda kernel: kernel[:, :, ::-1], ours)
    if name.startswith("fc") and len(ours) == 4:
        return Want(variable, name, lambda kernel: kernel.reshape(ours), (prod(ours[:-1]), ours[-1]))
    return Want(variable, name, np.asarray, ours)
