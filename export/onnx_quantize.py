"""An ONNX file whose convolutions compute in 8 bits."""

import onnx

from export.inputs import feeds
from export.onnx_graph import reads
from export.precision import Operator, float_operators

PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
MOVES = ("Concat", "Reshape", "Transpose")
INTEGER_OPERATIONS = ("Conv", "Gemm", "MatMul", "Relu", "LeakyRelu", "Clip", "MaxPool", "Resize", "Concat", "Add")


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
