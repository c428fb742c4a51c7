"""Where each of torchvision's tensors of an R50-FPN detector goes in ours."""

import re

import keras

LAYERS = {
    r"conv1": lambda: "backbone.body.conv1",
    r"conv1_bn": lambda: "backbone.body.bn1",
    r"res(\d)_block(\d)_conv(\d)": lambda stage, block, i: f"backbone.body.layer{stage - 1}.{block - 1}.conv{i}",
    r"res(\d)_block(\d)_conv(\d)_bn": lambda stage, block, i: f"backbone.body.layer{stage - 1}.{block - 1}.bn{i}",
    r"res(\d)_block1_shortcut": lambda stage: f"backbone.body.layer{stage - 1}.0.downsample.0",
    r"res(\d)_block1_shortcut_bn": lambda stage: f"backbone.body.layer{stage - 1}.0.downsample.1",
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
"""torchvision's name of a layer by the pattern of ours, whose numbers it takes."""
VARIABLES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
POOLED = 7  # cells a side of the crops that fc6 sees


def set_weights(model, tensor):
    """Gives a model torchvision's weights.

    Args:
        model: one of `<name>_resnet50_fpn`.
        tensor: function of a name and shape of torchvision's to that array.
    """
    for layer in layers_with_weights(model):
        for variable in layer.weights:
            name = f"{torchvision_name(layer.name)}.{VARIABLES[variable.name]}"
            flattened = layer.name == "fc6" and variable.name == "kernel"
            variable.assign(to_ours(tensor(name, shape_of_theirs(variable.shape)), flattened))


def layers_with_weights(model):
    """Lists a model's layers, those of the models within it too."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from layers_with_weights(layer)
        elif layer.weights:
            yield layer


def torchvision_name(name):
    """Returns torchvision's name of a layer of ours."""
    for pattern, theirs in LAYERS.items():
        if match := re.fullmatch(pattern, name):
            return theirs(*map(int, match.groups()))
    raise KeyError(f"no layer of torchvision's is {name}")


def shape_of_theirs(shape):
    """Returns torchvision's order of dimensions: output, input, height, width, the first two turned if transposed."""
    return tuple(shape[i] for i in (3, 2, 0, 1)) if len(shape) == 4 else tuple(shape[::-1])


def to_ours(tensor, flattened):
    """Brings a tensor to Keras's order of dimensions.

    Args:
        tensor: torchvision's.
        flattened: whether it is the kernel over flattened crops, channels before rows and columns.
    """
    if flattened:
        crops = tensor.reshape(len(tensor), -1, POOLED, POOLED)
        return crops.transpose(2, 3, 1, 0).reshape(-1, len(tensor))
    return tensor.transpose(2, 3, 1, 0) if tensor.ndim == 4 else tensor.T
