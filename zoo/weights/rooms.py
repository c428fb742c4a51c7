"""The rooms of a network by the names of its layers: backbone, heads; and which published network it is.

Names of layers are ours, whatever the model itself is called: who builds it may name it as he likes.
"""

import re

from zoo.weights.matching import layer_of, layers_with_weights

BACKBONE = re.compile(
    r"(block|encoder)\d_conv\d|conv\d|res\d_block\d+_(conv\d|shortcut)|inception\d[a-e]_[^_]+(_reduce|_proj)?"
    r"|stage\d+_conv\d|block\d_conv"
)
"""Layers of the backbones, without their batch normalisation."""
HEAD = re.compile(
    r"((class|mask|keypoint|head|auxiliary)_)?logits|box_deltas|(up)?score\w+|maps|classes|grid|output|svms|regressors"
)
"""Layers whose shape depends on the number of classes, points or anchors."""

BACKBONES = {
    "block5_conv3_bn": "vgg16_bn",
    "encoder5_conv3_bn": "vgg16_bn",
    "block5_conv3": "vgg16",
    "inception5b_1x1_bn": "googlenet",
    "res4_block23_conv3": "resnet101",
    "res4_block6_conv3": "resnet50",
    "res4_block6_conv2": "resnet34",
    "res4_block2_conv2": "resnet18",
    "conv5": "alexnet",
}
"""torchvision's classifiers by a layer that those further down lack; ResNeXt is a ResNet-101 with groups."""
GROUPED = {"resnet101": "res2_block1_conv2", "alexnet": "conv2"}
NETWORKS = {
    "keypoint_logits": "keypoint_rcnn_{}_fpn",
    "mask_logits": "mask_rcnn_{}_fpn",
    "class_logits": "faster_rcnn_{}_fpn",
    "head_logits": "fcn_{}",
}
"""Likewise what is built on them."""


def room_of(name):
    """Returns the room of a layer by its name: "backbone", "heads", or between them the "neck"."""
    if HEAD.fullmatch(name):
        return "heads"
    return "backbone" if BACKBONE.fullmatch(name.removesuffix("_bn")) else "neck"


def backbone_of(model):
    """Returns the name of the classifier that a model is or stands on, `None` where torchvision has none such."""
    layers = {layer.name: layer for layer in layers_with_weights(model)}
    name = next((name for mark, name in BACKBONES.items() if mark in layers), None)
    groups = getattr(layers.get(GROUPED.get(name)), "groups", 1)
    if name == "alexnet" and (groups > 1 or layers["conv1"].kernel_size != (11, 11)):
        return None  # two columns, or ZF
    return "resnext101_32x8d" if name == "resnet101" and groups > 1 else name


def network_of(model):
    """Returns the name of the network that torchvision publishes as a whole, such as "mask_rcnn_resnet50_fpn"."""
    layers = {layer.name for layer in layers_with_weights(model)}
    backbone = backbone_of(model)
    for mark, network in NETWORKS.items():
        if mark in layers and ("fpn_p2" in layers or mark == "head_logits"):
            return network.format(backbone)
    return backbone


def allowed(model, partial):
    """Returns the function of what `assign` found to whether a model may keep weights, by `partial` of `load`."""
    if partial is None:
        return lambda loaded, missing: may_keep(model, loaded, missing)
    return lambda loaded, missing: partial


def may_keep(model, loaded, missing):
    """Says whether a file without some of a model's weights is still one for it to begin with.

    It is if the file lacks heads alone, which depend on the number of classes or points; or if it has all kernels of
    the backbone, be it a classifier's without its top or another network's on the same backbone.

    Args:
        model: the model.
        loaded: list of `Want` that the file has.
        missing: list of those that it does not have, or in another shape.
    """
    backbone = {layer.name for layer in layers_with_weights(model) if BACKBONE.fullmatch(layer.name)}
    taken = {layer_of(want.variable) for want in loaded}
    heads_alone = all(HEAD.fullmatch(layer_of(want.variable)) for want in missing)
    return heads_alone or bool(backbone) and backbone <= taken
