"""The weights of torchvision's classifiers in the networks that are built on them, all but their last layer."""

from zoo.errors import InputError
from zoo.weights.matching import layers_with_weights
from zoo.weights.torchvision import FAMILIES, convention, name_of, read, want

__all__ = ["convention", "read", "wanted"]

MARKS = ("encoder5_conv3_bn", "block5_conv3_bn", "block5_conv3", "res2_block1_conv1")
"""Of the families that detectors and segmenters stand on: VGG16 in both forms, ResNet and ResNeXt."""


def wanted(model):
    """Lists what the backbone of a detector or segmenter takes from a classifier's file; returns a list of `Want`.

    Raises:
        InputError: if the model does not stand on one of torchvision's classifiers.
    """
    layers = list(layers_with_weights(model))
    for mark in MARKS:
        if mark in (layer.name for layer in layers):
            names, _, flattened = FAMILIES[mark]
            own = own_names(layers)
            return [
                want(layer, variable, names, flattened.get(layer.name))
                for layer in layers
                if layer.name not in own and name_of(layer.name, names)
                for variable in layer.weights
            ]
    raise InputError(f"{model.name} stands on none of torchvision's classifiers: its weights cannot be loaded")


def own_names(layers):
    """Returns names that a classifier has for other layers than the model: the scores, and DeepLab's fc6 and fc7."""
    is_deeplab = any(layer.name == "fc6" and tuple(layer.kernel.shape[:2]) == (3, 3) for layer in layers)
    return {"logits", "fc6", "fc7"} if is_deeplab else {"logits"}
