"""Caffe's layers in NumPy: one picture `(C, H, W)`, its channels blue, green, red."""

import math

import numpy as np


def pixels(image, mean=(0.0, 0.0, 0.0)):
    """`(H, W, 3)` RGB to Caffe's input, less the mean, blue first."""
    return image[..., ::-1].astype("float32").transpose(2, 0, 1) - np.asarray(mean, "float32")[:, None, None]


def relu(x):
    return np.maximum(x, 0)


def windows(x, size, stride=1, dilation=1):
    """`(C, h, w, size, size)`, all that fit."""
    reach = dilation * (size - 1) + 1
    view = np.lib.stride_tricks.sliding_window_view(x, (reach, reach), axis=(1, 2))
    return view[:, ::stride, ::stride, ::dilation, ::dilation]


def padded(x, pad, value=0.0):
    return np.pad(x, [(0, 0), (pad, pad), (pad, pad)], constant_values=value)


def max_pool(x, size=2, stride=2, pad=0):
    """Rounds sizes up; no window begins beyond the map and its padding."""
    sides = []
    for side in x.shape[1:]:
        count = math.ceil((side + 2 * pad - size) / stride) + 1
        sides.append(count - (pad > 0 and (count - 1) * stride >= side + pad))
    room = padded(x, size + pad, -np.inf)[:, size:, size:]
    return windows(room, size, stride)[:, : sides[0], : sides[1]].max((3, 4))


def switches(x):
    """The first largest of each 2x2 window as a 1 among zeros; an odd last row or column is alone in its window."""
    room = np.pad(x, [(0, 0), (0, x.shape[1] % 2), (0, x.shape[2] % 2)], constant_values=-np.inf)
    flat = room.reshape(len(x), room.shape[1] // 2, 2, room.shape[2] // 2, 2).transpose(0, 1, 3, 2, 4)
    flat = flat.reshape(*flat.shape[:3], 4)
    return np.eye(4)[flat.argmax(-1)]


def unpool(x, switch, like):
    """Each value on the pixel of its switch, in the size of the map `like`."""
    spread = (x[..., None] * switch).reshape(*x.shape, 2, 2).transpose(0, 1, 3, 2, 4)
    return spread.reshape(len(x), 2 * x.shape[1], 2 * x.shape[2])[:, : like.shape[1], : like.shape[2]]


def lrn(x, size=5, alpha=1e-4, beta=0.75):
    squares = np.pad(x**2, [(size // 2, size // 2), (0, 0), (0, 0)])
    return x / (1 + alpha / size * sum(squares[i : i + len(x)] for i in range(size))) ** beta


class Caffe:
    """Layers with weights, drawn as they are called.

    Attributes:
        arrays: what a .caffemodel would hold of them.
    """

    def __init__(self):
        self.random, self.arrays = np.random.default_rng(0), {}

    def draw(self, name, shape, scale, mean=0.0):
        self.arrays[name] = self.random.normal(mean, scale, shape).astype("float32")
        return self.arrays[name]

    def conv(self, x, name, filters, size, pad=0, stride=1, group=1, dilation=1):
        fan_in = len(x) // group * size**2
        kernel = self.draw(f"{name}/0", (filters, len(x) // group, size, size), (2 / fan_in) ** 0.5)
        bias = self.draw(f"{name}/1", (filters,), 0.1)
        parts = zip(np.split(padded(x, pad), group), np.split(kernel, group), strict=True)
        y = [np.tensordot(k, windows(part, size, stride, dilation), axes=((1, 2, 3), (0, 3, 4))) for part, k in parts]
        return np.concatenate(y) + bias[:, None, None]

    def deconv(self, x, name, filters, size, stride=1, pad=0, bias=True):
        kernel = self.draw(f"{name}/0", (len(x), filters, size, size), (2 / len(x)) ** 0.5 / size)
        height, width = ((side - 1) * stride + size for side in x.shape[1:])
        y = np.zeros((filters, height, width), "float32")
        for i in range(size):
            for j in range(size):
                places = y[:, i : i + height - size + 1 : stride, j : j + width - size + 1 : stride]
                places += np.tensordot(kernel[:, :, i, j], x, axes=(0, 0))
        y = y[:, pad : height - pad, pad : width - pad]
        return y + self.draw(f"{name}/1", (filters,), 0.1)[:, None, None] if bias else y

    def inner_product(self, x, name, outputs):
        kernel = self.draw(f"{name}/0", (outputs, x.size), (2 / x.size) ** 0.5)
        return kernel @ x.ravel() + self.draw(f"{name}/1", (outputs,), 0.1)

    def bn(self, x, name):
        """The BN layer of SegNet's and DeconvNet's Caffe in its mode INFERENCE."""
        scale, shift = (self.draw(f"{name}/{i}", (1, len(x), 1, 1), 0.1, mean) for i, mean in ((0, 1.0), (1, 0.0)))
        return x * scale[0] + shift[0]
