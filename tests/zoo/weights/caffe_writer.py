"""Writes .caffemodel files byte by byte, by the wire format of protobuf and the numbers in caffe.proto."""

import struct

import numpy as np


def caffemodel(arrays, format="layer", packed=True, double=False):
    """Returns the bytes of a .caffemodel file.

    Args:
        arrays: dict by "layer/number of the blob", e.g. "conv1/0".
        format: "layer", "layers" (2014, four dimensions) or "layers of 2013" (another layer within each).
        packed: whether the values are one field, or each its own.
        double: whether they are float64.
    """
    layers = {}
    for name, values in arrays.items():
        layers.setdefault(name.rpartition("/")[0], []).append(blob(values, format, packed, double))
    return field(1, b"toy") + b"".join(layer(name, blobs, format) for name, blobs in layers.items())


def layer(name, blobs, format):
    name = name.encode()
    if format == "layer":
        return field(100, field(1, name) + field(2, b"Convolution") + fields(7, blobs))
    if format == "layers":
        return field(2, field(4, name) + number(5, 4) + fields(6, blobs))
    return field(2, field(1, field(1, name) + field(2, b"conv") + fields(50, blobs)))


def blob(values, format, packed, double):
    values = np.asarray(values)
    if format == "layer":
        shape = field(7, field(1, b"".join(map(varint, values.shape))))
    else:
        sides = (1,) * (4 - values.ndim) + values.shape
        shape = b"".join(number(i, side) for i, side in enumerate(sides, 1))
    tag, kind = (8, "<d") if double else (5, "<f")
    if packed:
        return shape + field(tag, values.astype(kind).tobytes())
    wire = 1 if double else 5
    return shape + b"".join(varint(tag << 3 | wire) + struct.pack(kind, value) for value in values.ravel())


def fields(tag, contents):
    return b"".join(field(tag, content) for content in contents)


def field(tag, content):
    return varint(tag << 3 | 2) + varint(len(content)) + content


def number(tag, value):
    return varint(tag << 3) + varint(value)


def varint(value):
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
