"""An ONNX file whose convolutions compute in 8 bits."""

from pathlib import Path
from tempfile import TemporaryDirectory

import onnx

from export.inputs import feeds
from export.onnx_graph import in_order, reads
from export.precision import Operator, precision_of
from export.search import few, float_layers, noise_between, outputs_of, search

PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
MOVES = ("Concat", "Reshape", "Transpose")
INTEGER_OPERATIONS = ("Conv", "Gemm", "MatMul", "Relu", "LeakyRelu", "Clip", "MaxPool", "Resize", "Concat", "Add")


def quantize_integers(source, target, representative, batch_size, quantize="int8", limit=None):
    """Quantizes the convolutions and matrix products of a float32 file to 8 bits: see `INTEGERS`.

    Args:
        source: the float32 file.
        target: the file to write.
        representative: see `export.onnx.write`.
        batch_size: pictures a call.
        quantize: a way of `INTEGERS`.
        limit: of the noise, for which `export.search` finds layers that stay float32; `None` for none.
    Returns:
        What the search found, `None` without one.
    """
    if limit is None:
        quantize_but(source, target, Calibration(representative, batch_size), quantize, precision(source).kept)
        return None
    with TemporaryDirectory(dir=Path(target).parent) as folder:
        trials = Trials(source, Path(folder), representative, batch_size, quantize)
        found = search(trials, limit)
        trials.write(source, target, float_layers(found))
    return found


def quantize_but(source, target, calibration, quantize, kept, **options):
    """Does so but for the nodes that are `kept`."""
    from onnxruntime import quantization

    quantization.quantize_static(
        source,
        target,
        calibration,
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        nodes_to_exclude=list(kept),
        weight_type=quantization.QuantType.QInt8,
        **INTEGERS[quantize](quantization.QuantType),
        **options,
    )
    proto = onnx.load(target)
    in_order(proto.graph)
    onnx.save(proto, target)


class Trials:
    """What `export.search` tries on an ONNX file: see there.

    Args:
        source: the float32 file.
        folder: for files in between.
        representative: as those of `quantize_integers`, and the others.
    """

    def __init__(self, source, folder, representative, batch_size, quantize):
        from onnxruntime.quantization import QuantType

        self.representative, self.batch_size, self.quantize = representative, batch_size, quantize
        self.precision, proto = precision(source), onnx.load(source)
        kinds = INTEGERS[quantize](QuantType)["op_types_to_quantize"]
        become = {node.name for node in proto.graph.node if node.op_type in kinds}
        self.layers = [layer for layer in self.precision.layers if layer in become]
        self.measured = list(self.precision.measured)
        self.probed, self.tried, self.ranges = (
            folder / name for name in ("probed.onnx", "tried.onnx", "ranges.json")
        )
        known = {output.name for output in proto.graph.output}
        more = [onnx.helper.make_empty_tensor_value_info(name) for name in self.measured if name not in known]
        proto.graph.output.extend(more)
        onnx.save(proto, self.probed)
        self.inputs = few(representative)
        self.pictures = len(self.inputs["image"])
        self.references = self.outputs(self.probed)

    def noise(self, layers):
        """Returns the noise at the last products with these layers in float32."""
        self.write(self.probed, self.tried, layers)
        return noise_between(self.references, self.outputs(self.tried))

    def write(self, source, target, layers):
        """Quantizes a file but for these layers; ranges are measured once."""
        calibration = None if self.ranges.exists() else Calibration(self.representative, self.batch_size)
        kept = self.precision.with_layers(layers)
        quantize_but(source, target, calibration, self.quantize, kept, calibration_cache_path=self.ranges)

    def outputs(self, path):
        """Returns what the measured tensors of a file are."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        return outputs_of(lambda feed: session.run(self.measured, feed), self.inputs, self.batch_size)


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
    return precision_of_graph(graph).kept


def precision(path):
    """Returns the `Precision` of a file."""
    return precision_of_graph(onnx.load(path, load_external_data=False).graph)


def precision_of_graph(graph):
    """Returns the `Precision` of a graph."""
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
    return precision_of(operators, "image", others, [output.name for output in graph.output])


class Calibration:
    """Hands ONNX Runtime the representative inputs, a batch at a time."""

    def __init__(self, inputs, batch_size):
        self.feeds = feeds(inputs, batch_size)

    def get_next(self):
        """Returns the next batch as a feed, `None` at the end."""
        return next(self.feeds, None)
