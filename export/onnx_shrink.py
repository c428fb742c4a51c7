"""An ONNX file whose kernels are stored small; it computes in float32."""

import numpy as np
import onnx

from export.onnx_graph import graphs
from export.onnx_quantize import PRODUCTS, float_nodes

INT4 = onnx.helper.tensor_dtype_to_np_dtype(onnx.TensorProto.INT4)
FOUR_BIT_OPSET = 21
"""The first with it."""
BLOCK = 64
"""Inputs that share a scale in 4 bits."""
FULLY_CONNECTED = 1 << 24
"""Weights of a convolution that is a fully connected layer: VGG's fc7 has as many."""


def shrink(proto, quantize):
    """Stores the float32 kernels of learned products in fewer bits, with the nodes that turn them back.

    A runtime folds these nodes when it loads the file. Other constants stay: anchors, in pixels, would move.
    """
    kept = () if quantize == "float16" else set(float_nodes(proto.graph))
    if quantize == "weight_int4" and version(proto) < FOUR_BIT_OPSET:
        proto = onnx.version_converter.convert_version(proto, FOUR_BIT_OPSET)
    for graph in graphs(proto.graph):
        shrink_graph(graph, STORED[quantize], kept)
    return proto


def version(proto):
    """Returns the version of ONNX's operators that a model is written in."""
    return next(entry.version for entry in proto.opset_import if not entry.domain)


def shrink_graph(graph, stored, kept):
    """Does so in one graph, for all products but those named in `kept`."""
    readers = {node.input[1]: node for node in graph.node if node.op_type in PRODUCTS and node.name not in kept}
    tensors, nodes = [], []
    for tensor in graph.initializer:
        if tensor.name in readers and tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) > 1:
            kernel = onnx.numpy_helper.to_array(tensor)
            small, restoring = stored(kernel, tensor.name, readers[tensor.name])
            tensors += [onnx.numpy_helper.from_array(array, name) for name, array in small.items()]
            nodes += restoring
        else:
            tensors.append(tensor)
    nodes += graph.node
    for field, entries in ((graph.initializer, tensors), (graph.node, nodes)):
        del field[:]
        field.extend(entries)


def output_axis(node):
    """Returns which axis of a product's kernel is that of its output channels."""
    turned = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
    return 0 if node.op_type == "Conv" or turned else 1


def in_half(kernel, name, node):
    """Returns the kernel of a node as float16, by name, and the nodes that restore it."""
    return {f"{name}_half": kernel.astype(np.float16)}, [to_float32(f"{name}_half", name)]


def in_8_bits(kernel, name, node):
    """Likewise as int8, with one scale an output channel."""
    others = tuple(i for i in range(kernel.ndim) if i != output_axis(node))
    largest = np.abs(kernel).max(axis=others, keepdims=True)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    small = {f"{name}_int8": np.rint(kernel / scale).astype(np.int8), f"{name}_scale": scale}
    product = onnx.helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [name], name=f"{name}_mul")
    return small, [to_float32(f"{name}_int8", f"{name}_whole"), product]


def in_4_bits(kernel, name, node):
    """Likewise as int4 with a scale for each `BLOCK` of an output's inputs, where these are fully connected.

    Those are matrices, and convolutions as large as VGG's fc6 and fc7, with which an FCN convolves; others become
    int8. ONNX Runtime multiplies by the matrices as they are stored; convolutions it restores when it loads the file,
    by nodes that it can fold, as it does not fold DequantizeLinear.
    """
    axis, matrix = output_axis(node), kernel.ndim == 2
    inputs = kernel.size // kernel.shape[axis]
    if inputs % BLOCK or not (matrix or axis == 0 and kernel.size >= FULLY_CONNECTED):
        return in_8_bits(kernel, name, node)
    rows, within = ((-1, inputs // BLOCK, BLOCK), 2) if axis == 0 else ((inputs // BLOCK, BLOCK, -1), 1)
    blocks = kernel.reshape(rows)
    largest = np.abs(blocks).max(axis=within, keepdims=True)
    scale = np.where(largest > 0, largest / 7, 1).astype(np.float32)
    small = {f"{name}_int4": np.rint(blocks / scale).astype(INT4), f"{name}_scale": scale}
    if matrix:
        small = {f"{name}_int4": small[f"{name}_int4"].reshape(kernel.shape), f"{name}_scale": scale.squeeze(within)}
        restoring = onnx.helper.make_node("DequantizeLinear", [*small], [name], axis=1 - axis, block_size=BLOCK)
        return small, [restoring]
    product = onnx.helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [f"{name}_blocks"], name=f"{name}_mul")
    shaped = onnx.helper.make_node("Reshape", [f"{name}_blocks", f"{name}_shape"], [name], name=f"{name}_reshape")
    return small | {f"{name}_shape": np.array(kernel.shape)}, [
        to_float32(f"{name}_int4", f"{name}_whole"),
        product,
        shaped,
    ]


def to_float32(source, target):
    """Returns the node that casts one tensor to another."""
    return onnx.helper.make_node("Cast", [source], [target], name=f"{target}_cast", to=onnx.TensorProto.FLOAT)


STORED = {"float16": in_half, "dynamic": in_8_bits, "weight_int4": in_4_bits}
"""By way to quantize, a function of a kernel, its name and the node that reads it."""
