"""Which layers keep the weights they begin with, and how fast the others learn: by patterns of names.

A pattern is a shell's: `*` is any text, `?` any character, `[12]` one of some. It matches the name of a layer
("block1_conv1"), of a kind of variable ("bias"), or both ("logits/bias").
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from numbers import Real

import keras

from zoo.errors import InputError
from zoo.weights.matching import layers_with_weights


@dataclass(frozen=True)
class Rates:
    """What a paper, or its release, has of both.

    Attributes:
        freeze: patterns of the layers that keep the weights they begin with.
        multipliers: factors on the learning rate by pattern.
    """

    freeze: tuple = ()
    multipliers: dict = field(default_factory=dict)


BIASES = {"bias": 2.0}
"""Caffe's habit: biases learn at twice the rate."""
ON_VGG16 = Rates(("block[12]_*",), BIASES)
PAPERS = {
    "deconvnet": Rates(multipliers=BIASES),
    "deeplab_largefov": Rates(multipliers={**BIASES, "logits": 10.0}),
    "fast_rcnn_vgg16": ON_VGG16,
    "fast_rcnn_zf": Rates(multipliers=BIASES),
    "faster_rcnn_vgg16": ON_VGG16,
    "faster_rcnn_zf": Rates(multipliers=BIASES),
    **{f"fcn{n}s_{on}": Rates(multipliers=BIASES) for n in (32, 16, 8) for on in ("vgg16", "alexnet", "googlenet")},
    "fcn_resnet101": Rates(multipliers={"auxiliary_*": 10.0}),
    "fcn_resnet50": Rates(multipliers={"auxiliary_*": 10.0}),
    "rcnn_alexnet": Rates(multipliers={**BIASES, "logits": 10.0}),
    "rcnn_vgg16": Rates(multipliers={**BIASES, "logits": 10.0}),
    "segnet": Rates(multipliers=BIASES),
    "segnet_basic": Rates(multipliers=BIASES),
}
"""By builder. Sources: the releases' prototxt files, for DeepLab, whose was not at hand, the paper and Caffe's habit;
torchvision's references/segmentation/train.py."""


def freeze(model: keras.Model, patterns: str | Sequence[str]) -> list[str]:
    """Makes layers of a model keep the weights they have, and the batch normalisation behind them its statistics.

    Call it before `compile`.

    Args:
        model: a `keras.Model`, a backbone too.
        patterns: a pattern of names, or several.
    Returns:
        The names of the layers.
    Raises:
        InputError: if a pattern matches no layer with weights.
    """
    frozen = matched(model, patterns)
    for layer in frozen:
        layer.trainable = False
    return [layer.name for layer in frozen]


def matched(model, patterns):
    """Returns the layers that `freeze` freezes, once each."""
    layers, found = list(layers_with_weights(model)), {}
    for pattern in (patterns,) if isinstance(patterns, str) else patterns:
        of_pattern = {layer.name: layer for layer in layers if named(layer, str(pattern))}
        if not of_pattern:
            raise InputError(f"freeze: {pattern!r} matches no layer: {examples(layer.name for layer in layers)}")
        found |= of_pattern
    return list(found.values())


def named(layer, pattern):
    """Says whether a pattern matches a layer's name, or that of the layer whose batch normalisation it is."""
    return any(fnmatchcase(name, pattern) for name in (layer.name, layer.name.removesuffix("_bn")))


def factor(variable, multipliers):
    """Returns the product of the factors of all patterns that match a variable, 1 where none does."""
    return math.prod(value for pattern, value in multipliers.items() if matches(variable, pattern))


def matches(variable, pattern):
    """Says whether a pattern matches a variable's layer, its own name, or both."""
    _, layer, name = f"//{variable.path}".rsplit("/", 2)
    return any(fnmatchcase(text, pattern) for text in (layer, name, f"{layer}/{name}"))


def check_patterns(multipliers, variables):
    """Raises `InputError` where a pattern matches none of some variables."""
    for pattern in multipliers:
        if not any(matches(variable, pattern) for variable in variables):
            raise InputError(
                f"multipliers: {pattern!r} matches nothing that learns: {examples(v.path for v in variables)}"
            )


def checked(multipliers):
    """Returns factors by pattern, `{}` for `None`.

    Raises:
        InputError: if they are something else, or one is no number from 0 on.
    """
    if not isinstance(multipliers or {}, Mapping) or not all(isinstance(name, str) for name in multipliers or {}):
        raise InputError(f"multipliers are factors by pattern, as in {{'bias': 2}}, received {multipliers!r}")
    for pattern, value in (multipliers or {}).items():
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < math.inf:
            raise InputError(f"multipliers: {pattern!r} has the factor {value!r}: give a number from 0 on")
    return dict(multipliers or {})


def examples(names):
    """Names a few, for who has to choose."""
    names = list(names)
    return f"there are {', '.join([*names[:3], '...', *names[-2:]] if len(names) > 5 else names)}"
