"""Score maps that keep their place in the picture, their upsampling and their fusion, in float32 under every policy.

Source: Long et al. 2015, arXiv:1411.4038, sections 3.3 and 4.2; the alignment is the one that the authors' release
computes by `caffe.coord_map`.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from zoo.layers import CropLike


@dataclass(frozen=True)
class Cells:
    """A map whose cell i is centred on the picture's pixel `start + stride * i`, in both directions.

    Attributes:
        map: `(B, h, w, C)` tensor.
        stride: pixels from one cell to the next.
        start: pixel of the first cell's centre; negative in the margin, and a half between two pixels.
        name: of the layer that made it, short.
    """

    map: keras.KerasTensor
    stride: int
    start: float
    name: str

    @property
    def on_pixels(self):
        """Whether cells are centred on pixels, not between two."""
        return self.start % 1 == 0


def scored(cells, num_classes):
    """Adds `score_<name>`, one linear 1x1 convolution a map, whose weights begin at zero."""
    score = layers.Conv2D(num_classes, 1, kernel_initializer="zeros", dtype="float32", name=f"score_{cells.name}")
    return Cells(score(cells.map), cells.stride, cells.start, cells.name)


def upsampled(cells, factor, *, name, trainable=True):
    """Adds the transposed convolution that makes `factor` cells of one: bilinear, for good if not `trainable`.

    The kernel is `2 * factor` cells a side, one less where cells are centred on pixels, so that the finer ones are,
    too. The authors' kernels come out (4, 16, 32 and 64 over VGG16, 63 over AlexNet).
    """
    size = 2 * factor - 1 if cells.on_pixels else 2 * factor
    up = layers.Conv2DTranspose(
        cells.map.shape[-1],
        size,
        strides=factor,
        use_bias=False,
        kernel_initializer=Bilinear(),
        trainable=trainable,
        dtype="float32",
        name=name,
    )
    stride = cells.stride // factor
    return Cells(up(cells.map), stride, cells.start - stride * (size - 1) / 2, cells.name)


def fused(coarse, fine):
    """Adds the sum `fuse_<name>` of two maps of one stride; the one that begins first is cropped to the other."""
    if fine.start < coarse.start:
        first, second = fine, coarse
    else:
        first, second = coarse, fine
    cut = cropped(first, second.map, second.start, name=f"crop_{fine.name}")
    summed = layers.Add(dtype="float32", name=f"fuse_{fine.name}")([cut, second.map])
    return Cells(summed, second.stride, second.start, fine.name)


def cropped(cells, like, start, *, name):
    """Returns the part of a map that begins at the pixel `start` and is as large as `like`."""
    offset = int((start - cells.start) / cells.stride)
    x = layers.Cropping2D(((offset, 0), (offset, 0)), dtype="float32", name=f"{name}_offset")(cells.map)
    return CropLike("top_left", dtype="float32", name=name)([x, like])


@keras.saving.register_keras_serializable("zoo")
class Bilinear(keras.initializers.Initializer):
    """Bilinear interpolation by a transposed convolution: every channel to itself, `surgery.py` of the release."""

    def __call__(self, shape, dtype=None):
        """Returns the kernel `(size, size, C, C)`."""
        size, _, outputs, inputs = shape
        factor = (size + 1) // 2
        line = 1 - np.abs(np.arange(size) - (size - 1) / 2) / factor
        kernel = np.outer(line, line)[:, :, None, None] * np.eye(outputs, inputs)
        return keras.ops.convert_to_tensor(kernel, dtype or keras.config.floatx())
