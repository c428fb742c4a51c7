"""Reads Caffe's .caffemodel files, of all its versions, without Caffe.

Source: BVLC Caffe, src/caffe/proto/caffe.proto, which calls an array a blob. Of its messages only the fields that
lead to names and arrays are described here; protobuf steps over the others.
"""

import functools
import math
import reprlib
from pathlib import Path

import numpy as np

from zoo.errors import InputError

MESSAGES = {
    "Net": {"layers": (2, "[LayerV1]"), "layer": (100, "[Layer]")},
    "Layer": {"name": (1, "bytes"), "blobs": (7, "[Blob]")},
    "LayerV1": {"layer": (1, "LayerV0"), "name": (4, "bytes"), "blobs": (6, "[Blob]")},
    "LayerV0": {"name": (1, "bytes"), "blobs": (50, "[Blob]")},
    "Blob": {
        **{"num": (1, "int64"), "channels": (2, "int64"), "height": (3, "int64"), "width": (4, "int64")},
        **{"shape": (7, "Shape"), "data": (5, "[float]"), "double_data": (8, "[double]")},
    },
    "Shape": {"dim": (1, "[int64]")},
}
"""Number and type of each field by message and name, brackets around those that repeat."""
MOST_DIMENSIONS = 32  # Caffe's kMaxBlobAxes


@functools.cache
def message_class():
    """Returns the class of the message `Net`; only who reads such a file needs protobuf."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="caffe_weights.proto", package="caffe_weights")
    for message, fields in MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, (number, kind) in fields.items():
            label = field.LABEL_REPEATED if kind.startswith("[") else field.LABEL_OPTIONAL
            kind = kind.strip("[]")
            if kind in MESSAGES:
                of = {"type": field.TYPE_MESSAGE, "type_name": f".caffe_weights.{kind}"}
            else:
                of = {"type": field.Type.Value(f"TYPE_{kind.upper()}")}
            described.field.add(name=name, number=number, label=label, **of)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe_weights.Net"))


def read(path):
    """Reads a .caffemodel file; it takes twice its size in memory.

    Args:
        path: the file, up to 2 GiB, of the formats of 2013 (`LayerParameter` within `layers`), 2014 (`layers`) or
            later (`layer`).
    Returns:
        A dict of float32 arrays in Caffe's order of dimensions, by the layer's name and the blob's number:
        "conv1_1/0" is the kernel and "conv1_1/1" the bias of the layer conv1_1.
    Raises:
        InputError: if there is no such file, it is cut short or no .caffemodel, holds no array, a name twice, or an
            array that does not fit its shape.
    """
    from google.protobuf.message import DecodeError

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such .caffemodel file")
    try:
        net = message_class().FromString(path.read_bytes())
    except DecodeError as error:
        raise InputError(f"{path}: the file is cut short or no .caffemodel: fetch it again") from error
    arrays = {}
    for layer in [*map(named, net.layers), *net.layer]:
        name = layer.name.decode("utf-8", errors="backslashreplace")
        if f"{name}/0" in arrays and layer.blobs:
            raise InputError(f"{path}: has two layers {name!r} with weights, and which is meant is unknown")
        for i, blob in enumerate(layer.blobs):
            arrays[f"{name}/{i}"] = array(blob, f"{path}: the blob {i} of layer {name!r}")
    if not arrays:
        raise InputError(f"{path}: holds no weights: it is no .caffemodel, or that of an untrained network")
    return arrays


def named(layer):
    """Returns what holds the name and the blobs of an entry of `layers`: itself, or the older layer within it."""
    return layer.layer if layer.HasField("layer") else layer


def array(blob, where):
    """Returns a blob's values as float32; `where` names it in errors."""
    shape = tuple(blob.shape.dim) if blob.HasField("shape") else (blob.num, blob.channels, blob.height, blob.width)
    values = blob.double_data or blob.data
    if len(shape) > MOST_DIMENSIONS or min(shape, default=1) < 1 or math.prod(shape) != len(values):
        raise InputError(f"{where} has {len(values):,} values, which do not fit its shape {reprlib.repr(shape)}")
    with np.errstate(over="ignore"):  # a double may exceed float32 and becomes infinity
        return np.array(values, "float32").reshape(shape)
