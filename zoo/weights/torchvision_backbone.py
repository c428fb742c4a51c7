"""The weights of torchvision's classifiers in the networks that are built on them, all but their last layer."""

from zoo.errors import InputError
from zoo.weights.matching import layers_with_weights
from zoo.weights.torchvision import FAMILIES, convention, name_of, read, want

__all__ = ["convention", "read", "wanted"]

MARKS = ("block5_conv3", "res2_block1_conv1")
"""Of the families that detectors and segmenters stand on: VGG16, ResNet and ResNeXt."""


def wanted(model):
    """Lists what the backbone of a detector or segmenter takes from a classifier's file; returns a list of `Want`.

    Raises:
        InputError: if the model does not stand on one of torchvision's classifiers.
    """
    layers = list(layers_with_weights(model))
    for mark in MARKS:
        if mark in (layer.name for layer in layers):
            names, _, flattened = FAMILIES[mark]
            return [
                want(layer, variable, names, flattened.get(layer.name))
                for layer in layers
                if layer.name != "logits" and name_of(layer.name, names)
                for variable in layer.weights
            ]
    raise InputError(f"{model.name} stands on none of torchvision's classifiers: its weights cannot be loaded")
