"""How far the cells of a feature map see.

Source: Araujo, Norris & Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks", Distill 4 (11),
doi:10.23915/distill.00021, equations 1 and 2 and the section on networks of several paths.
"""

import math
from dataclasses import dataclass

from keras import layers

from zoo.backbones.darknet_layers import LocallyConnected2D, Reorg
from zoo.backbones.pyramid import UpsampleLike
from zoo.layers import LocalResponseNormalization, MaxPoolWithSwitches, Unpool
from zoo.localization.soft_argmax import SoftArgmax, SoftPooling
from zoo.segmentation.deeplab_largefov import Interpolate
from zoo.segmentation.fcn_resnet import ResizeLike


@dataclass(frozen=True)
class Reach:
    """What part of the picture a cell of a map hangs on.

    Attributes:
        field: pixels of the receptive field, `(height, width)`; infinite where it is the whole picture.
        stride: pixels between two cells, `(height, width)`.
    """

    field: tuple[float, float] = (1, 1)
    stride: tuple[float, float] = (1, 1)


WHOLE = Reach((math.inf, math.inf), (math.inf, math.inf))
GATHERS = layers.Flatten, layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D, SoftArgmax, SoftPooling
"""Layers of whose numbers each hangs on the whole map."""
INTERPOLATES = layers.UpSampling2D, layers.Resizing, Interpolate, ResizeLike
REPEATS = (UpsampleLike,)


def reach(operation, inputs, outputs, reaches):
    """Returns the `Reach` of what a call returns, `None` of what is no map of one picture, such as a region's.

    Args:
        operation: a layer.
        inputs: list of the specs of what it takes.
        outputs: list of the specs of what it returns.
        reaches: list of the `Reach` of each input, `None` likewise.
    """
    if not inputs or None in reaches or outputs[0].shape[:1] != (1,):
        return None
    if WHOLE in reaches or isinstance(operation, GATHERS):
        return WHOLE
    if len(inputs[0].shape) != 4 or len(outputs[0].shape) != 4:
        return None
    stride = reaches[0].stride
    field, strides = [], []
    for axis, (cells, step) in enumerate(window(operation, inputs[0].shape, outputs[0].shape)):
        field.append(max(one.field[axis] for one in reaches) + (cells - 1) * stride[axis])
        strides.append(stride[axis] * step)
    return Reach(tuple(field), tuple(strides))


def window(operation, before, after):
    """Returns for both axes how many cells of `before` one of `after` is made of, and how their strides differ.

    Args:
        operation: a layer from one map to another.
        before: `(B, H, W, C)`, the shape of what it takes.
        after: likewise of what it returns.
    """
    if isinstance(operation, INTERPOLATES + REPEATS):
        cells = 1 if isinstance(operation, REPEATS) else 2
        return [(cells, 1 / round(after[axis] / before[axis])) for axis in (1, 2)]
    if (own := square(operation)) is not None:
        return [own] * 2
    size = getattr(operation, "kernel_size", None) or getattr(operation, "pool_size", None)
    if size is None:
        return [(1, 1)] * 2
    steps = operation.strides
    if isinstance(operation, layers.Conv2DTranspose):
        return [(math.ceil(cells / step), 1 / step) for cells, step in zip(size, steps, strict=True)]
    spread = getattr(operation, "dilation_rate", (1, 1))
    return [((cells - 1) * gap + 1, step) for cells, gap, step in zip(size, spread, steps, strict=True)]


def square(operation):
    """Returns `(cells, step)` of `window` of a layer of the zoo that treats both axes alike, `None` of others."""
    if isinstance(operation, MaxPoolWithSwitches):
        return 2, 2
    if isinstance(operation, Unpool):
        return 1, 1 / 2
    if isinstance(operation, Reorg):
        return operation.stride, operation.stride
    if isinstance(operation, LocallyConnected2D):
        return operation.size, operation.stride
    if isinstance(operation, LocalResponseNormalization) and operation.within_channel:
        return operation.depth, 1
    return None
