"""Writes and reads ONNX files."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx

from export.inputs import feeds
from export.precision import Operator, float_operators
from zoo.errors import InputError

OPSET = 18
PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
MOVES = ("Concat", "Reshape", "Transpose")
INTEGER_OPERATIONS = ("Conv", "Gemm", "MatMul", "Relu", "LeakyRelu", "Clip", "MaxPool", "Resize", "Concat", "Add")


def write(model, path, *, image_size, batch_size=1, quantize=None, representative=None):
    """Writes an ONNX file.

    Args:
        model: a `zoo.ZooModel` on the TensorFlow backend.
        path: the file to make.
        image_size: `(height, width)` in pixels.
        batch_size: pictures a call, `None` for any number.
        quantize: `None`; "float16": kernels stored as half, float32 arithmetic, half the file; "dynamic": kernels
            stored in 8 bits with a scale a channel, float32 arithmetic, a quarter of the file (with activations
            scaled at run time, ONNX Runtime's ConvInteger would take twice the time and lose more than "int8");
            "int8": 8-bit kernels and activations scaled from `representative`, the fast form. In 8 bits the
            convolutions that make the outputs and all geometry stay float32: see `export.precision`.
        representative: the model's inputs on N pictures, for "int8": dict of `image`, uint8 `(N, height, width, 3)`,
            and what else it takes.
    Raises:
        InputError: if an operator of the model has no ONNX counterpart (the message lists them).
    """
    proto = translate(model, image_size, batch_size)
    refuse_unknown(proto.graph)
    sink_constants(proto.graph)
    path = Path(path)
    plain = path.with_suffix(".plain.onnx")
    onnx.save(proto, plain)
    optimize(plain, path)
    if quantize in STORED:
        onnx.save(shrink(onnx.load(path), quantize), path)
    elif quantize == "int8":
        path.replace(plain)
        quantize_integers(plain, path, representative, batch_size or 1)
    plain.unlink()


def translate(model, image_size, batch_size):
    """Returns the model in ONNX's operators.

    tf2onnx copies the constants of a graph again and again: FCN-8s, 0.5 GB, would take more than 20 GB. The kernels,
    which are nearly all of a model, are therefore inputs while it works, and become constants after.
    """
    import tensorflow as tf
    import tf2onnx

    from export.serving import predict, signature

    kernels = {f"kernel_{i}": v for i, v in enumerate(v for v in model.variables if len(v.shape) > 1)}
    specs = [tf.TensorSpec(v.shape, v.dtype, name=name) for name, v in kernels.items()]

    @tf.function(input_signature=[specs, *signature(model, image_size, batch_size)])
    def function(values, image, proposals=None):
        given = {id(v): value for v, value in zip(kernels.values(), values, strict=True)}
        trained, others = (
            [given.get(id(v), v.value) for v in variables]
            for variables in (model.trainable_variables, model.non_trainable_variables)
        )
        return predict(model, trained, others, image, proposals)

    proto, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=OPSET)
    inputs = [value for value in proto.graph.input if value.name not in kernels]
    del proto.graph.input[:]
    proto.graph.input.extend(inputs)
    for name, variable in kernels.items():
        proto.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(variable), name))
    return proto


def refuse_unknown(graph):
    """Raises `InputError` if the graph has an operator that the ONNX standard does not know."""
    nodes = [node for part in graphs(graph) for node in part.node]
    unknown = sorted({node.op_type for node in nodes if not onnx.defs.has(node.op_type, node.domain)})
    if unknown:
        raise InputError(f"ONNX has no operator for {', '.join(unknown)}: replace the layers that need them")


def sink_constants(graph):
    """Makes what a loop hands on unchanged from turn to turn its body's own constants, which fold and shrink there.

    tf2onnx gives the body of a loop over regions its weights as state: kernels would be transposed in every turn.
    """
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for loop in graph.node:
        if loop.op_type == "Loop":
            (body,) = (attribute.g for attribute in loop.attribute if attribute.name == "body")
            for state in reversed(loop_states(loop, body)):  # from the last, as those after it move up
                if state.start in constants and state.result == state.name:
                    constant = body.initializer.add()
                    constant.CopyFrom(constants[state.start])
                    constant.name = state.name
                    state.remove(loop, body)


class LoopState(NamedTuple):
    """A value that an ONNX loop hands on from turn to turn.

    Attributes:
        index: which of the loop's states it is, from 0.
        start: name of its first value, outside of the loop.
        name: its name within the body.
        result: name within the body of the value that the next turn gets.
    """

    index: int
    start: str
    name: str
    result: str

    def remove(self, loop, body):
        """Takes the state out of the loop and its body."""
        del loop.input[BEFORE_STATES + self.index], loop.output[self.index]
        del body.input[BEFORE_STATES + self.index], body.output[BEFORE_RESULTS + self.index]


BEFORE_STATES, BEFORE_RESULTS = 2, 1
"""Before its states a loop takes the greatest number of turns and a condition, its body the number of the turn and a
condition; before the results the body returns a condition."""


def loop_states(loop, body):
    """Returns the `LoopState`s of a loop in order."""
    starts, names = loop.input[BEFORE_STATES:], [value.name for value in body.input[BEFORE_STATES:]]
    results = [value.name for value in body.output[BEFORE_RESULTS:]]  # and after them what the loop collects
    return [LoopState(i, *state) for i, state in enumerate(zip(starts, names, results, strict=False))]


def optimize(source, target):
    """Rewrites a file with ONNX Runtime's basic passes: constants folded, batch norm and transposes merged away.

    These passes use standard operators only, so that other runtimes read the result too.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    proto = onnx.load(target)
    used = {node.domain for node in proto.graph.node}
    standard = [entry for entry in proto.opset_import if entry.domain in used]
    del proto.opset_import[:]
    proto.opset_import.extend(standard)
    onnx.save(proto, target)


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


def quantize_integers(source, target, representative, batch_size):
    """Quantizes the convolutions and matrix products of a float32 file to 8 bits."""
    from onnxruntime import quantization
    from onnxruntime.quantization import QuantType

    quantization.quantize_static(
        source,
        target,
        Calibration(representative, batch_size),
        quant_format=quantization.QuantFormat.QDQ,
        op_types_to_quantize=list(INTEGER_OPERATIONS),
        per_channel=True,
        # uint8 activations with int8 weights: the pair that the VNNI instructions multiply. Processors without them
        # add two such products in 16 bits, which overflow unless the weights keep to 7.
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        reduce_range=True,
        nodes_to_exclude=list(float_nodes(onnx.load(source).graph)),
    )


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


def reads(node):
    """Yields the names of a node's inputs, and of what its branches or loop body read from around it."""
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from reads(inner)


class Calibration:
    """Hands ONNX Runtime the representative inputs, a batch at a time."""

    def __init__(self, inputs, batch_size):
        self.feeds = feeds(inputs, batch_size)

    def get_next(self):
        """Returns the next batch as a feed, `None` at the end."""
        return next(self.feeds, None)


def inspect(path):
    """Returns inputs, outputs (lists of name, dtype, shape) and the count of each operator."""
    graph = onnx.load(path).graph
    return [spec(v) for v in graph.input], [spec(v) for v in graph.output], dict(count(graph))


def count(graph):
    """Counts the operators of a graph and of the branches and loop bodies within."""
    nodes = [node for part in graphs(graph) for node in part.node]
    return Counter(f"{node.domain}.{node.op_type}" if node.domain else node.op_type for node in nodes)


def graphs(graph):
    """Yields a graph, and those of the branches and loop bodies within."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from graphs(attribute.g)


def spec(value):
    """Returns name, dtype and shape (`None` where dynamic) of a graph's input or output."""
    tensor = value.type.tensor_type
    shape = [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
    return {"name": value.name, "dtype": str(dtype), "shape": shape}
