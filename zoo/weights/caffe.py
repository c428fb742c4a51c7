"""Networks that others trained with Caffe: which array of their .caffemodel is which variable of ours."""

import math
import re

import numpy as np
from keras import layers

from zoo.weights import caffe_file
from zoo.weights.matching import Want, family, layers_with_weights, map_before

VGG16 = {r"block(\d)_conv(\d)": r"conv\1_\2"}
ALEXNET = {r"conv(\d)": r"conv\1"}
TOP = {"fc1": "fc6", "fc2": "fc7", "logits": "fc8"}
DENSE = {r"fc([67])": r"fc\1"}
GOOGLENET = {
    "conv1": "conv1/7x7_s2",
    "conv2": "conv2/3x3_reduce",
    "conv3": "conv2/3x3",
    r"inception(\d[a-e])_(.+)": r"inception_\1/\2",
    "logits": "loss3/classifier",
}
FCN = {
    **DENSE,
    r"score_(fr|pool4|pool3)": r"score_\1",
    r"upscore(2|_pool4|8|16)": r"upscore\1",
    "upscore32": "upscore",
}
SEGNET = {
    r"encoder(\d)_conv(\d)(_bn)?": r"conv\1_\2\3",
    r"decoder([345])_conv1(_bn)?": r"conv\1_3_D\2",
    r"decoder([345])_conv2(_bn)?": r"conv\1_2_D\2",
    r"decoder([345])_conv3(_bn)?": r"conv\1_1_D\2",
    r"decoder([12])_conv1(_bn)?": r"conv\1_2_D\2",
    r"decoder2_conv2(_bn)?": r"conv2_1_D\1",
    "logits": "conv1_1_D",
}
SEGNET_BASIC = {
    r"encoder(\d)_conv": r"conv\1",
    r"encoder(\d)_bn": r"conv\1_bn",
    r"decoder(\d)_conv": r"conv_decode\1",
    r"decoder(\d)_bn": r"conv_decode\1_bn",
    "logits": "conv_classifier",
}
DECONVNET = {
    r"block(\d)_conv(\d)_bn": r"bn\1_\2",
    **DENSE,
    r"fc([67])_bn": r"bnfc\1",
    "deconv_fc6": "fc6-deconv",
    "deconv_fc6_bn": "fc6-deconv-bn",
    r"deconv(\d)_(\d)": r"deconv\1_\2",
    r"deconv(\d)_(\d)_bn": r"debn\1_\2",
    "logits": "seg-score-voc",
}
DEEPLAB_LARGEFOV = {**DENSE, "logits": "fc8_voc12"}

FAMILIES = {
    "inception5b_1x1": (GOOGLENET, "ilsvrc12_rounded"),
    "score_fr": (VGG16 | ALEXNET | FCN, "ilsvrc12"),
    "decoder5_conv3": (SEGNET, "raw"),
    "decoder4_conv": (SEGNET_BASIC, None),
    "deconv_fc6": (VGG16 | DECONVNET, "ilsvrc12"),
    "class_logits": (VGG16 | DENSE, "caffe"),  # of detectors, which have the classifier's body
    "fc7": (VGG16 | DEEPLAB_LARGEFOV, "ilsvrc12"),
    "block5_conv3": (VGG16 | TOP, "caffe"),
    "conv5": (ALEXNET | TOP, "ilsvrc12"),
}
"""By a layer of ours that the families below it lack: names, and what becomes of pixels where a layer does that.

Sources: the Caffe model zoo; shelhamer/fcn.berkeleyvision.org; alexgkendall/SegNet-Tutorial; HyeonwooNoh/DeconvNet;
DeepLab-LargeFOV by L.-C. Chen et al.
"""


def read(path):
    """Reads a .caffemodel file.

    Caffe's versions give one array different shapes: a bias (1, 1, 1, C) or (C,), a dense layer (1, 1, out, in),
    (out, in) or, as a convolution, (out, c, h, w). Here each has but one: `plain`.

    Args:
        path: the file.
    Returns:
        A dict of float32 arrays in Caffe's order of dimensions, as `caffe_file.read` gives it.
    Raises:
        InputError: as `caffe_file.read`.
    """
    return {name: values.reshape(plain(name, values.shape)) for name, values in caffe_file.read(path).items()}


def plain(name, shape):
    """Returns a shape without ones at its ends; that of a dense layer, fc6 to fc8, as (out, in)."""
    sizes = [i for i, size in enumerate(shape) if size > 1]
    shape = tuple(shape[sizes[0] : sizes[-1] + 1]) if sizes else ()
    return (shape[0], math.prod(shape[1:])) if re.match(r"fc\d", name) and len(shape) > 2 else shape


def wanted(model, tensors=None):
    """Lists what a model takes from a .caffemodel file, its own or that of the network that it is built on.

    Args:
        model: AlexNet (in two columns), GoogLeNet (without batch normalisation), VGG16, ZF; FCN over the first three;
            SegNet, SegNet-Basic, DeconvNet, DeepLab-LargeFOV; a detector over VGG16.
    Returns:
        List of `Want`. A dense layer takes a convolution, and a convolution a dense layer's kernel, too.
    Raises:
        InputError: if no such network was released.
    """
    names, _ = family(model, FAMILIES, "Caffe")
    wants = []
    for i, layer in enumerate(layers_with_weights(model)):
        name = name_of(layer.name, names)
        if name is None:
            wants += [Want(v, f"{layer.name}/{v.name}", np.asarray, tuple(v.shape)) for v in layer.weights]
        elif isinstance(layer, layers.BatchNormalization):
            wants += batch_norm(layer, name)
        else:
            wants += weighted(layer, name, bgr=i == 0)
    return wants


def convention(model, path):
    """Returns what becomes of a model's pixels with Caffe's weights: a name of `normalization.CONVENTIONS`.

    `None` for SegNet-Basic, which normalises in its own way.
    """
    return family(model, FAMILIES, "Caffe")[1]


def name_of(layer, names):
    """Returns Caffe's name of a layer, `None` of one that it does not have."""
    for pattern, template in names.items():
        if match := re.fullmatch(pattern, layer):
            return match.expand(template)
    return None


def weighted(layer, name, bgr):
    """What a convolution, plain, grouped or transposed, or a dense layer takes; `bgr` if its input are pixels."""
    height, width, channels = map_before(layer) if isinstance(layer, layers.Dense) else layer.kernel.shape[:3]
    shape, ours = (layer.kernel.shape[-1], channels, height, width), layer.kernel.shape
    yield blob(layer.kernel, f"{name}/0", shape, lambda values: kernel(values.reshape(shape), bgr).reshape(ours))
    if layer.use_bias:
        yield blob(layer.bias, f"{name}/1", layer.bias.shape, lambda values: values.reshape(layer.bias.shape))


def blob(variable, name, shape, to_ours):
    """A `Want` of a shape in Caffe's order."""
    return Want(variable, name, to_ours, plain(name, shape))


def kernel(values, bgr):
    """Brings `(out, in, height, width)`, transposed `(in, out, height, width)`, to Keras's order of dimensions.

    With `bgr` its inputs are turned round: Caffe's networks take pixels as blue, green, red.
    """
    return (values[:, ::-1] if bgr else values).transpose(2, 3, 1, 0)


def batch_norm(layer, name):
    """What a batch normalisation takes from a BN layer of SegNet's or DeconvNet's Caffe: a scale and a shift.

    The authors' scripts (`compute_bn_statistics.py`, `BN_make_INFERENCE_script.py`) fold the mean and the variance of
    the training pictures into both; in a file from training neither is, and such a file gives no useful network.
    """
    shape = layer.gamma.shape
    yield blob(layer.gamma, f"{name}/0", shape, lambda scale: scale.reshape(shape))
    yield blob(layer.beta, f"{name}/1", shape, lambda shift: shift.reshape(shape))
    yield blob(layer.moving_mean, f"{name}/1", shape, lambda shift: np.zeros(shape, "float32"))
    yield blob(layer.moving_variance, f"{name}/0", shape, lambda scale: np.full(shape, 1 - layer.epsilon, "float32"))
