"""Darknet's .cfg files of the released networks at any width, and .weights files of random numbers for them."""

import re
import struct

import numpy as np

from tests.darknet_reference import Random
from zoo.backbones.darknet import DARKNET19, FAST_YOLO, TINY_DARKNET, YOLO_V1

HEADER = struct.pack("<iiiq", 0, 2, 0, 64)
MAXPOOL = "[maxpool]\nsize=2\nstride=2\n\n"
DROPOUT = "[dropout]\nprobability=.5\n\n"
LOCAL = "[local]\nsize=3\nstride=1\npad=1\nfilters={}\nactivation=leaky\n\n"
CONNECTED = "[connected]\noutput={}\nactivation={}\n\n"


def net(height, width):
    return f"[net]\nheight={height}\nwidth={width}\nchannels=3\n\n"


def convolutional(filters, size=3, stride=1, activation="leaky", batch_normalize=1):
    return (
        f"[convolutional]\nbatch_normalize={batch_normalize}\nfilters={filters}\nsize={size}\nstride={stride}\n"
        f"pad=1\nactivation={activation}\n\n"
    )


def linear(filters):
    return convolutional(filters, 1, activation="linear", batch_normalize=0)


def backbone(plan, width=1.0, batch_normalize=1):
    """The stages of a plan of `zoo.backbones.darknet` with a pooling between each two."""
    return MAXPOOL.join(
        "".join(
            convolutional(int(filters * width), *window, batch_normalize=batch_normalize)
            for filters, *window in stage
        )
        for stage in plan
    )


def darknet19(classes, width=1.0):
    return net(64, 64) + backbone(DARKNET19, width) + linear(classes) + "[avgpool]\n"


def yolo_v2(classes, width=1.0, size=(64, 64)):
    """Section 3 of the paper; the passthrough starts nine layers before its route."""
    filters = int(1024 * width)
    cfg = net(*size) + backbone(DARKNET19, width) + convolutional(filters) * 2
    cfg += f"[route]\nlayers=-9\n{convolutional(int(64 * width), 1)}[reorg]\nstride=2\n[route]\nlayers=-1,-4\n"
    return cfg + convolutional(filters) + linear(5 * (5 + classes)) + region(classes)


def tiny_yolo_v2(classes, width=1.0):
    *stages, last = TINY_DARKNET
    cfg = net(64, 64) + backbone(stages, width) + "[maxpool]\nsize=2\nstride=1\n" + backbone([last], width)
    return cfg + convolutional(int(1024 * width)) + linear(5 * (5 + classes)) + region(classes)


def region(classes):
    return f"[region]\nanchors={','.join('12345' * 2)}\nclasses={classes}\nnum=5\nsoftmax=1\n"


def yolo_v1_released(width):
    cfg = net(128, 128) + backbone(YOLO_V1, width) + LOCAL.format(int(256 * width)) + DROPOUT
    return cfg + detection(num=3)


def yolo_v1(width):
    cfg = net(128, 128) + backbone(YOLO_V1, width, 0) + CONNECTED.format(int(4096 * width), "leaky") + DROPOUT
    return cfg + detection(num=2)


def fast_yolo(width):
    cfg = net(128, 128) + backbone(FAST_YOLO, width, 0) + CONNECTED.format(int(256 * width), "linear")
    return cfg + CONNECTED.format(int(4096 * width), "leaky") + DROPOUT + detection(num=2)


def detection(num, classes=2, side=2):
    """The grid of two classes and two cells a side."""
    return (
        CONNECTED.format(side**2 * (classes + 5 * num), "linear")
        + f"[detection]\nclasses={classes}\ncoords=4\nside={side}\nnum={num}\nsoftmax=0\nsqrt=1\n"
    )


def numbers(model):
    """Draws the numbers of a .weights file for a model that `darknet.build` made, whose layers bear their place."""
    draw = Random()
    weighted = [layer for layer in model.layers if hasattr(layer, "kernel")]
    for layer in sorted(weighted, key=lambda layer: int(re.search(r"\d+$", layer.name)[0])):
        *window, filters = layer.kernel.shape
        if getattr(layer, "use_bias", True):
            draw(int(np.prod(layer.bias.shape)))
        else:
            draw(3, filters)
            draw(filters, low=0.5)
        fan_in = np.prod(window[-3:] if len(window) == 3 else window[-1])
        limit = (6 / fan_in) ** 0.5
        draw(int(np.prod(layer.kernel.shape)), low=-limit, high=limit)
    return np.concatenate([array.ravel() for array in draw.drawn])


def write(path, numbers, header=HEADER):
    """Writes a .weights file."""
    path.write_bytes(header + np.asarray(numbers, "<f4").tobytes())
    return path
