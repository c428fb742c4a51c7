"""The feature map that a localizer's head stands on."""

import math
from functools import partial

import keras

from zoo.backbones.darknet import darknet19, tiny_darknet
from zoo.backbones.small import small_cnn
from zoo.backbones.vgg import vgg16
from zoo.errors import InputError

BACKBONES = {
    "darknet19": darknet19,
    "small_cnn": small_cnn,
    "small_cnn_stride8": partial(small_cnn, output_stride=8),
    "tiny_darknet": tiny_darknet,
    "vgg16": vgg16,
}


def deepest_features(backbone, *, width, input_shape, name):
    """Finds the deepest feature map of a backbone.

    Args:
        backbone: a name of `BACKBONES`; a function of `width` and `input_shape` that returns a model, as those
            are; or such a `keras.Model`, which brings its own width and input shape.
        width: factor on the number of the backbone's filters.
        input_shape: `(height, width, 3)`, fixed.
        name: of the model that is being built, for messages.
    Returns:
        `(image, features)`: the backbone's input and its smallest feature map `(B, h, w, C)`, the last of equals.
    Raises:
        InputError: if the name is unknown, there is no feature map, or the picture's size is not fixed or too small.
    """
    if isinstance(backbone, str):
        if backbone not in BACKBONES:
            raise InputError(f"{name} knows no backbone {backbone!r}: choose one of {', '.join(BACKBONES)}")
        backbone = BACKBONES[backbone]
    if not isinstance(backbone, keras.Model):
        try:
            backbone = backbone(width=width, input_shape=input_shape)
        except ValueError as error:  # Keras's own, of a pooling that leaves nothing
            raise InputError(
                f"{name} cannot be built for input_shape={input_shape}: choose a larger picture"
            ) from error
    maps = [output for output in backbone.outputs if len(output.shape) == 4]
    if not maps:
        shapes = ", ".join(str(output.shape) for output in backbone.outputs)
        raise InputError(f"{name} takes a backbone that returns feature maps (B, h, w, C), received {shapes}")
    size = backbone.input_shape[1:3]
    if None in size:
        raise InputError(f"{name} takes pictures of a fixed size, as in input_shape=(224, 224, 3), received {size}")
    return backbone.inputs[0], min(reversed(maps), key=lambda output: math.prod(output.shape[1:3]))
