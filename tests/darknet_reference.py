"""Darknet's layers as its CPU code computes them, in NumPy: one picture `(C, H, W)`, its own memory order."""

import numpy as np


class Random:
    """Random arrays, all of which go into the file in the order in which they are drawn."""

    def __init__(self):
        self.random, self.drawn = np.random.default_rng(0), []

    def __call__(self, *shape, low=-1.0, high=1.0):
        self.drawn.append(self.random.uniform(low, high, shape).astype("float32"))
        return self.drawn[-1]


def convolve(x, kernel, stride=1):
    """`(C, H, W)` and `(F, C, s, s)` with `s // 2` zeros around."""
    size = kernel.shape[-1]
    x = np.pad(x, [(0, 0), (size // 2,) * 2, (size // 2,) * 2])
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("chwij,fcij->fhw", windows, kernel)


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)


def block(x, draw, filters, size=3, stride=1, batch_normalize=True):
    """A convolution as Darknet's CPU code computes it, its numbers drawn in the file's order."""
    bias = draw(filters)[:, None, None]
    if batch_normalize:
        scale, mean = draw(filters)[:, None, None], draw(filters)[:, None, None]
        variance = draw(filters, low=1e-5, high=1e-3)[:, None, None]
    x = convolve(x, draw(filters, x.shape[0], size, size), stride)
    if batch_normalize:
        x = (x - mean) / (np.sqrt(variance) + 1e-6) * scale
    return x + bias


def pool(x):
    channels, height, width = x.shape
    return x.reshape(channels, height // 2, 2, width // 2, 2).max((2, 4))


def reorg_cpu(x, stride):
    """Darknet's loop as it is called: with the sizes of the input; `(C, H, W)` to `(C * s * s, H / s, W / s)`."""
    channels, height, width = x.shape
    flat, out = x.ravel(), np.empty(x.size, x.dtype)
    few = channels // stride**2
    for k in range(channels):
        for j in range(height):
            for i in range(width):
                row, column = j * stride + k // few // stride, i * stride + k // few % stride
                place = column + width * stride * (row + height * stride * (k % few))
                out[i + width * (j + height * k)] = flat[place]
    return out.reshape(channels * stride**2, height // stride, width // stride)
