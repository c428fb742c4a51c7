"""torchvision's weights: where each of its tensors goes in our networks, which are torchvision's layer for layer.

Source: torchvision 0.29, torchvision/models.
"""

import re
from math import prod

from zoo.weights import torch_file
from zoo.weights.matching import Want, family, layers_with_weights

ALEXNET = {
    r"conv1": lambda: "features.0",
    r"conv2": lambda: "features.3",
    r"conv3": lambda: "features.6",
    r"conv4": lambda: "features.8",
    r"conv5": lambda: "features.10",
    r"fc1": lambda: "classifier.1",
    r"fc2": lambda: "classifier.4",
    r"logits": lambda: "classifier.6",
}
VGG16 = {
    r"block1_conv(\d)": lambda i: f"features.{2 * i - 2}",  # each is followed by its ReLU, each block by pooling
    r"block2_conv(\d)": lambda i: f"features.{2 * i + 3}",
    r"block3_conv(\d)": lambda i: f"features.{2 * i + 8}",
    r"block4_conv(\d)": lambda i: f"features.{2 * i + 15}",
    r"block5_conv(\d)": lambda i: f"features.{2 * i + 22}",
    r"fc1|fc6": lambda: "classifier.0",  # fc6 and fc7 in the heads of detectors
    r"fc2|fc7": lambda: "classifier.3",
    r"logits": lambda: "classifier.6",
}
BLOCKS_BN = (0, 7, 14, 24, 34)  # where each block begins; a convolution is followed by its normalisation and ReLU
VGG16_BN = {
    r"(?:block|encoder)(\d)_conv(\d)": lambda block, i: f"features.{BLOCKS_BN[block - 1] + 3 * i - 3}",
    r"(?:block|encoder)(\d)_conv(\d)_bn": lambda block, i: f"features.{BLOCKS_BN[block - 1] + 3 * i - 2}",
    **{pattern: name for pattern, name in VGG16.items() if "block" not in pattern},
}
GOOGLENET = {
    r"conv(\d)": lambda i: f"conv{i}.conv",
    r"conv(\d)_bn": lambda i: f"conv{i}.bn",
    r"(inception..)_1x1": lambda module: f"{module}.branch1.conv",
    r"(inception..)_1x1_bn": lambda module: f"{module}.branch1.bn",
    r"(inception..)_3x3_reduce": lambda module: f"{module}.branch2.0.conv",
    r"(inception..)_3x3_reduce_bn": lambda module: f"{module}.branch2.0.bn",
    r"(inception..)_3x3": lambda module: f"{module}.branch2.1.conv",
    r"(inception..)_3x3_bn": lambda module: f"{module}.branch2.1.bn",
    r"(inception..)_5x5_reduce": lambda module: f"{module}.branch3.0.conv",
    r"(inception..)_5x5_reduce_bn": lambda module: f"{module}.branch3.0.bn",
    r"(inception..)_5x5": lambda module: f"{module}.branch3.1.conv",
    r"(inception..)_5x5_bn": lambda module: f"{module}.branch3.1.bn",
    r"(inception..)_pool_proj": lambda module: f"{module}.branch4.1.conv",
    r"(inception..)_pool_proj_bn": lambda module: f"{module}.branch4.1.bn",
    r"logits": lambda: "fc",
}
RESNET = {
    r"conv1": lambda: "conv1",
    r"conv1_bn": lambda: "bn1",
    r"res(\d)_block(\d+)_conv(\d)": lambda stage, block, i: f"layer{stage - 1}.{block - 1}.conv{i}",
    r"res(\d)_block(\d+)_conv(\d)_bn": lambda stage, block, i: f"layer{stage - 1}.{block - 1}.bn{i}",
    r"res(\d)_block1_shortcut": lambda stage: f"layer{stage - 1}.0.downsample.0",
    r"res(\d)_block1_shortcut_bn": lambda stage: f"layer{stage - 1}.0.downsample.1",
    r"logits": lambda: "fc",
}


def within(prefix, table):
    """Returns a table whose network is part of a larger one, below the name `prefix`."""

    def longer(name):
        return lambda *parts: prefix + name(*parts)

    return {pattern: longer(name) for pattern, name in table.items()}


FCN_RESNET = {
    **within("backbone.", RESNET),
    r"head_conv": lambda: "classifier.0",
    r"head_conv_bn": lambda: "classifier.1",
    r"head_logits": lambda: "classifier.4",
    r"auxiliary_conv": lambda: "aux_classifier.0",
    r"auxiliary_conv_bn": lambda: "aux_classifier.1",
    r"auxiliary_logits": lambda: "aux_classifier.4",
}
RCNN_FPN = {
    **within("backbone.body.", RESNET),
    r"fpn_lateral(\d)": lambda level: f"backbone.fpn.inner_blocks.{level - 2}.0",
    r"fpn_p(\d)": lambda level: f"backbone.fpn.layer_blocks.{level - 2}.0",
    r"rpn_conv": lambda: "rpn.head.conv.0.0",
    r"rpn_objectness": lambda: "rpn.head.cls_logits",
    r"rpn_deltas": lambda: "rpn.head.bbox_pred",
    r"fc(\d)": lambda i: f"roi_heads.box_head.fc{i}",
    r"class_logits": lambda: "roi_heads.box_predictor.cls_score",
    r"box_deltas": lambda: "roi_heads.box_predictor.bbox_pred",
    r"mask_conv(\d)": lambda i: f"roi_heads.mask_head.{i - 1}.0",
    r"mask_up1": lambda: "roi_heads.mask_predictor.conv5_mask",
    r"mask_logits": lambda: "roi_heads.mask_predictor.mask_fcn_logits",
    r"keypoint_conv(\d)": lambda i: f"roi_heads.keypoint_head.{2 * (i - 1)}",  # each is followed by its ReLU
    r"keypoint_logits": lambda: "roi_heads.keypoint_predictor.kps_score_lowres",
}
"""torchvision's name of a layer by the pattern of ours, whose numbers and names it takes."""

RENAMED = {
    r"rpn\.head\.conv\.(weight|bias)": r"rpn.head.conv.0.0.\1",
    r"backbone\.fpn\.(inner|layer)_blocks\.(\d)\.(weight|bias)": r"backbone.fpn.\1_blocks.\2.0.\3",
    r"roi_heads\.mask_head\.mask_fcn1\.(weight|bias)": r"roi_heads.mask_head.0.0.\1",
    r"roi_heads\.mask_head\.mask_fcn2\.(weight|bias)": r"roi_heads.mask_head.1.0.\1",
    r"roi_heads\.mask_head\.mask_fcn3\.(weight|bias)": r"roi_heads.mask_head.2.0.\1",
    r"roi_heads\.mask_head\.mask_fcn4\.(weight|bias)": r"roi_heads.mask_head.3.0.\1",
}
"""Today's names by those that torchvision gave until 0.13, and that its published detectors still have."""

VGG16_CELLS = {"fc1": 7, "fc6": 7, "fc2": 1, "fc7": 1}
FAMILIES = {
    "encoder5_conv3_bn": (VGG16_BN, "torchvision", {}),
    "block5_conv3_bn": (VGG16_BN, "torchvision", VGG16_CELLS),
    "block5_conv3": (VGG16, "torchvision", VGG16_CELLS),
    "inception5b_1x1_bn": (GOOGLENET, "symmetric", {}),
    "head_conv": (FCN_RESNET, "torchvision", {}),
    "fpn_p2": (RCNN_FPN, "torchvision", {"fc6": 7}),
    "res2_block1_conv1": (RESNET, "torchvision", {}),
    "conv5": (ALEXNET, "torchvision", {"fc1": 6}),
}
"""By a layer that the families below it lack: names, what becomes of pixels, cells a side of what layers flatten."""

VARIABLES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def read(path):
    """Reads a file of torchvision's: a dict of arrays by today's names; see `torch_file.read`."""
    return {renamed(name): tensor for name, tensor in torch_file.read(path).items()}


def renamed(name):
    """Returns today's name of a tensor."""
    for pattern, today in RENAMED.items():
        if match := re.fullmatch(pattern, name):
            return match.expand(today)
    return name


def wanted(model, tensors=None):
    """Lists what a model takes from a file of the same model of torchvision's, or of the classifier it stands on.

    Args:
        model: AlexNet (one column), VGG16 in both forms, GoogLeNet (with batch normalisation), a ResNet or ResNeXt;
            FCN over a ResNet; a detector with a pyramid over a ResNet; what else stands on one of the classifiers.
        tensors: the file's, by name; `None` for a file of the same model.
    Returns:
        List of `Want`.
    Raises:
        InputError: if torchvision has no such network.
    """
    names, _, flattened = family(model, FAMILIES, "torchvision")
    if names in (FCN_RESNET, RCNN_FPN) and tensors and not any(name.startswith("backbone.") for name in tensors):
        names = RESNET
    return [
        want(layer, variable, names, flattened.get(layer.name))
        for layer in layers_with_weights(model)
        for variable in layer.weights
    ]


def convention(model, path):
    """Returns what becomes of a model's pixels with torchvision's weights: a name of `normalization.CONVENTIONS`."""
    return family(model, FAMILIES, "torchvision")[1]


def name_of(layer, names):
    """Returns torchvision's name of a layer, `None` of one that it does not have."""
    for pattern, name in names.items():
        if match := re.fullmatch(pattern, layer):
            return name(*(int(part) if part.isdigit() else part for part in match.groups()))
    return None


def want(layer, variable, names, cells=None):
    """Returns the `Want` of a layer's variable.

    Args:
        layer: the layer.
        variable: one of its weights.
        names: table of names.
        cells: a side of the map that the layer flattens in torchvision, channels before rows and columns.
    """
    name, shape = name_of(layer.name, names), tuple(variable.shape)
    name = f"{name}.{VARIABLES[variable.name]}" if name else f"{layer.name}/{variable.name}"
    if cells and variable.name == "kernel":

        def unflattened(kernel):
            return kernel.reshape(len(kernel), -1, cells, cells).transpose(2, 3, 1, 0).reshape(shape)

        return Want(variable, name, unflattened, (shape[-1], prod(shape[:-1])))
    return Want(variable, name, in_our_order, in_their_order(shape))


def in_their_order(shape):
    """Returns PyTorch's order of dimensions: output, input, height, width; the first two turned if transposed."""
    return tuple(shape[i] for i in (3, 2, 0, 1)) if len(shape) == 4 else shape[::-1]


def in_our_order(tensor):
    """Brings a kernel to Keras's order of dimensions: height, width, input, output."""
    return tensor.transpose(2, 3, 1, 0) if tensor.ndim == 4 else tensor.T
