"""Reads Darknet's .weights files into the layers of a network."""

from pathlib import Path

import numpy as np
from keras import layers

from zoo.backbones.darknet_layers import LocallyConnected2D
from zoo.errors import InputError


def load(path, weighted):
    """Loads a weights file; the layers stay as they are unless all of it fits.

    Args:
        path: the file.
        weighted: pairs of a built `Conv2D`, `Dense` or `LocallyConnected2D` and its batch normalisation or `None`, in
            the file's order.
    Raises:
        InputError: if the file is missing, too short, too long, or holds NaN, infinities or variances below 0.
    Source: Darknet, `load_weights_upto` in src/parser.c.
    """
    numbers, transposed = read(path)
    expected = sum(int(np.prod(v.shape)) for pair in weighted for layer in pair if layer for v in layer.weights)
    if numbers.size != expected:
        raise InputError(
            f"{path}: holds {numbers.size:,} numbers, the network takes {expected:,}: "
            f"the file is cut short or belongs to another .cfg"
        )
    take = Taker(path, numbers)
    assignments = []
    for layer, norm in weighted:
        read_layer = {layers.Conv2D: convolution, layers.Dense: dense, LocallyConnected2D: local}[type(layer)]
        assignments += read_layer(take, layer, norm, transposed)
    for variable, value in assignments:
        variable.assign(value)


def read(path):
    """Reads a weights file.

    The header is three int32, major, minor and revision, and the number of pictures seen: int64 from version 0.2 on
    and int32 before.

    Returns:
        `(N,)` float32, and whether dense kernels are stored input by output, as a version above 1000 says.
    Raises:
        InputError: if there is no such file, or it is no header and a whole number of float32.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such .weights file")
    version = np.fromfile(path, "<i4", count=3)
    if version.size < 3:
        raise InputError(f"{path}: the file ends within its header; fetch it again")
    # As Python's integers, which do not overflow.
    major, minor, _ = version.tolist()
    header = 20 if major * 10 + minor >= 2 and major < 1000 and minor < 1000 else 16
    length = path.stat().st_size - header
    if length < 0 or length % 4:
        raise InputError(f"{path}: the file is cut short: {length:,} bytes after its header are no float32 numbers")
    return np.fromfile(path, "<f4", offset=header), major > 1000 or minor > 1000


class Taker:
    """Takes arrays off the front of a file's numbers.

    Raises:
        InputError: if a taken number is not finite.
    """

    def __init__(self, path, numbers):
        self.path, self.numbers, self.position = path, numbers, 0

    def __call__(self, *shape):
        """Returns the next array of a shape."""
        start, self.position = self.position, self.position + int(np.prod(shape))
        values = self.numbers[start : self.position]
        if not np.isfinite(values).all():
            raise InputError(f"{self.path}: holds NaN or infinity at number {start:,} or after: the file is damaged")
        return values.reshape(shape)


def convolution(take, layer, norm, transposed):
    """Biases, batch normalisation, then the kernel, output by input by height by width."""
    height, width, channels, filters = layer.kernel.shape
    values = bias(take, layer, norm, filters)
    if norm:
        values += statistics(take, norm, filters)
    return [*values, (layer.kernel, take(filters, channels, height, width).transpose(2, 3, 1, 0))]


def dense(take, layer, norm, transposed):
    """Biases, the kernel, output by input, then batch normalisation."""
    inputs, outputs = layer.kernel.shape
    values = bias(take, layer, norm, outputs)
    kernel = take(inputs, outputs) if transposed else take(outputs, inputs).T
    return [*values, (layer.kernel, kernel), *(statistics(take, norm, outputs) if norm else ())]


def local(take, layer, norm, transposed):
    """Biases, filter by row by column, then a kernel for each place, filter by input by height by width."""
    height, width, filters = layer.bias.shape
    places, window, _ = layer.kernel.shape
    biases = take(filters, height, width).transpose(1, 2, 0)
    kernel = take(places, filters, window // layer.size**2, layer.size, layer.size).transpose(0, 3, 4, 2, 1)
    return [(layer.bias, biases), (layer.kernel, kernel.reshape(places, window, filters))]


def bias(take, layer, norm, size):
    """Biases: of the layer, or of its batch normalisation."""
    return [(norm.beta if norm else layer.bias, take(size))]


def statistics(take, norm, size):
    """Scales, running means and running variances of a batch normalisation.

    Darknet divides by `sqrt(variance) + 1e-6` (`normalize_cpu`), Keras by `sqrt(variance + epsilon)`: the scales
    take up the difference, so that outputs agree.
    """
    scales, means, variances = take(size), take(size), take(size)
    if (variances < 0).any():
        raise InputError(f"{take.path}: holds a variance below 0 in {norm.name}: the file is damaged")
    deviations = np.sqrt(variances.astype("float64"))
    scales = scales * np.sqrt(deviations**2 + norm.epsilon) / (deviations + 1e-6)
    return [(norm.gamma, scales), (norm.moving_mean, means), (norm.moving_variance, variances)]
