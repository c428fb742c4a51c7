"""An ONNX file in fewer bits: kernels that are stored small, or convolutions that compute in 8 bits."""

import numpy as np
import onnx

from export.inputs import feeds
from export.onnx_graph import graphs, reads
from export.precision import Operator, float_operators

PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
MOVES = ("Concat", "Reshape", "Transpose")
INTEGER_OPERATIONS = ("Conv", "Gemm", "MatMul", "Relu", "LeakyRelu", "Clip", "MaxPool", "Resize", "Concat", "Add")


def shrink(proto, quantize):
    """Stores the float32 kernels of learned products in fewer bits, with the nodes that turn them back.

    A runtime folds these nodes when it loads the file. Other constants stay: anchors, in pixels, would move.
    """
    kept = set(float_nodes(proto.graph)) if quantize == "dynamic" else ()
    for graph in graphs(proto.graph):
        shrink_graph(graph, STORED[quantize], kept)
    return proto


def shrink_graph(graph, stored, kept):
    """Does so in one graph, for all products but those named in `kept`."""
    readers = {node.input[1]: node for node in graph.node if node.op_type in PRODUCTS and node.name not in kept}
    tensors, nodes = [], []
    for tensor in graph.initializer:
        if tensor.name in readers and tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) > 1:
            kernel = onnx.numpy_helper.to_array(tensor)
            small, restoring = stored(kernel, tensor.name, output_axis(readers[tensor.name]))
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


def in_half(kernel, name, axis):
    """Returns a kernel as float16, by name, and the nodes that restore it."""
    return {f"{name}_half": kernel.astype(np.float16)}, [to_float32(f"{name}_half", name)]


def in_8_bits(kernel, name, axis):
    """Likewise as int8, with one scale an output channel."""
    largest = np.abs(kernel).max(axis=tuple(i for i in range(kernel.ndim) if i != axis), keepdims=True)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    small = {f"{name}_int8": np.rint(kernel / scale).astype(np.int8), f"{name}_scale": scale}
    product = onnx.helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [name], name=f"{name}_mul")
    return small, [to_float32(f"{name}_int8", f"{name}_whole"), product]


def to_float32(source, target):
    """Returns the node that casts one tensor to another."""
    return onnx.helper.make_node("Cast", [source], [target], name=f"{target}_cast", to=onnx.TensorProto.FLOAT)


STORED = {"float16": in_half, "dynamic": in_8_bits}


def quantize_integers(source, target, representative, batch_size, quantize="int8"):
    """Quantizes the convolutions and matrix products of a float32 file to 8 bits: see `INTEGERS`."""
    from onnxruntime import quantization

    quantization.quantize_static(
        source,
        target,
        Calibration(representative, batch_size),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        nodes_to_exclude=list(float_nodes(onnx.load(source).graph)),
        weight_type=quantization.QuantType.QInt8,
        **INTEGERS[quantize](quantization.QuantType),
    )


def for_processors(types):
    """Returns the options of "int8": uint8 activations with int8 weights, the pair that VNNI instructions multiply.

    Processors without them add two such products in 16 bits, which overflow unless the weights keep to 7.
    """
    return {
        "op_types_to_quantize": list(INTEGER_OPERATIONS),
        "activation_type": types.QUInt8,
        "reduce_range": True,
    }


def for_tensorrt(types):
    """Returns the options of "int8_symmetric", as TensorRT takes them: int8 throughout, all zero points 0.

    What learned products read is quantized, and not what they make: TensorRT fuses a convolution with the activation
    and the quantization that follow. Its parser knows no biases of int32.
    Source: NVIDIA's "Explicit Quantization" in TensorRT's documentation; microsoft/onnxruntime, issue 14229.
    """
    return {
        "op_types_to_quantize": list(PRODUCTS),
        "activation_type": types.QInt8,
        "reduce_range": False,
        "extra_options": {
            "ActivationSymmetric": True,
            "WeightSymmetric": True,
            "QuantizeBias": False,
            "OpTypesToExcludeOutputQuantization": list(PRODUCTS),
        },
    }


INTEGERS = {"int8": for_processors, "int8_symmetric": for_tensorrt}
"""By way to quantize, a function of `QuantType` to options of ONNX Runtime's `quantize_static`."""


def float_nodes(graph):
    """Returns the names of the nodes that stay float32: see `export.precision`."""
    operators = [
        Operator(
            name=node.name,
            inputs=tuple(reads(node)),
            outputs=tuple(node.output),
            product=node.op_type in PRODUCTS,
            moves=node.op_type in MOVES,
        )
        for node in graph.node
    ]
    others = [value.name for value in graph.input if value.name != "image"]
    return float_operators(operators, "image", others, [output.name for output in graph.output])


class Calibration:
    """Hands ONNX Runtime the representative inputs, a batch at a time."""

    def __init__(self, inputs, batch_size):
        self.feeds = feeds(inputs, batch_size)

    def get_next(self):
        """Returns the next batch as a feed, `None` at the end."""
        return next(self.feeds, None)
