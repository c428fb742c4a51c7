"""Writes and reads ONNX files."""

import os
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx

from export.onnx_graph import graphs
from export.onnx_names import axes_of, describe
from export.onnx_operators import HANDLERS
from export.onnx_quantize import INTEGERS, quantize_integers
from export.onnx_shrink import FOUR_BIT_OPSET, STORED, shrink
from export.onnx_tidy import drop_idle
from export.switches import PREFIX, unnamed, with_switches
from zoo.errors import InputError

OPSET = 18
"""The operator set that is written if no other is asked for, the latest that tf2onnx writes."""
EARLIEST = 13
"""The first that has all that 8 bits need: scales by channel."""


def write(model, path, *, form, quantize=None, representative=None, limit=None, opset=None):
    """Writes an ONNX file.

    Args:
        model: a `zoo.ZooModel` on the TensorFlow backend.
        path: the file to make.
        form: the file's `export.form.Form`.
        quantize: `None`; "float16": kernels stored as half, float32 arithmetic, half the file; "dynamic": kernels
            stored in 8 bits with a scale a channel, float32 arithmetic, a quarter of the file (with activations
            scaled at run time, ONNX Runtime's ConvInteger would take twice the time and lose more than "int8");
            "weight_int4": fully connected kernels in 4 bits besides, an eighth of them;
            "int8": 8-bit kernels and activations scaled from `representative`, the fast form; "int8_symmetric": the
            same with all zero points 0, for TensorRT. In 8 bits the convolutions that make the outputs and all
            geometry stay float32: see `export.precision`.
        representative: the model's inputs on N pictures, for these two: dict of `image`, uint8
            `(N, height, width, 3)`, and what else it takes.
        limit: of these two, the noise for which `export.search` finds layers that stay float32; `None` for none.
        opset: version of ONNX's operators, from 13 to the latest that the package `onnx` knows; `OPSET` if not given,
            21 for 4 bits.
    Returns:
        What the search found, `None` without one.
    Raises:
        InputError: if an operator of the model has no ONNX counterpart (the message lists them), or there is no such
            version.
    """
    check_opset(opset, quantize)
    proto = translate(with_switches(model), form, opset or OPSET)
    refuse_unknown(proto.graph, any_size=None in form.image_size)
    sink_constants(proto.graph)
    path, found = Path(path), None
    plain = path.with_suffix(".plain.onnx")
    onnx.save(proto, plain)
    session = optimize(plain, path)
    axes = axes_of(session) if None in form.image_size else {}
    proto = onnx.load(path)
    drop_idle(proto)
    hide_outputs(proto, PREFIX)
    if quantize in STORED:
        proto = shrink(proto, quantize)
    elif quantize in INTEGERS:
        onnx.save(proto, plain)
        found = quantize_integers(plain, path, representative, form.batch_size or 1, quantize, limit)
        proto = onnx.load(path)
    plain.unlink()
    describe(proto, model, form, axes)
    onnx.checker.check_model(proto)
    onnx.save(proto, path)
    return found


def check_opset(opset, quantize):
    """Raises `InputError` if there is no such version of ONNX's operators, or none that we can write."""
    earliest = FOUR_BIT_OPSET if quantize == "weight_int4" else EARLIEST
    latest = onnx.defs.onnx_opset_version()
    if opset is not None and not (isinstance(opset, int) and earliest <= opset <= latest):
        raise InputError(f"opset must be a number from {earliest} to {latest}, received {opset!r}")


def translate(model, form, opset=OPSET):
    """Returns the model in ONNX's operators.

    tf2onnx copies the constants of a graph again and again: FCN-8s, 0.5 GB, would take more than 20 GB. The kernels,
    which are nearly all of a model, are therefore inputs while it works, and become constants after.
    """
    import tensorflow as tf
    import tf2onnx

    from export.serving import predict, signature

    kernels = {f"kernel_{i}": v for i, v in enumerate(v for v in model.variables if len(v.shape) > 1)}
    specs = [tf.TensorSpec(v.shape, v.dtype, name=name) for name, v in kernels.items()]

    @tf.function(input_signature=[specs, *signature(model, form)])
    def function(values, image, proposals=None):
        given = {id(v): value for v, value in zip(kernels.values(), values, strict=True)}
        trained, others = (
            [given.get(id(v), v.value) for v in variables]
            for variables in (model.trainable_variables, model.non_trainable_variables)
        )
        return predict(model, form, trained, others, image, proposals)

    def converted():
        return tf2onnx.convert.from_function(
            function, function.input_signature, opset=min(opset, OPSET), custom_op_handlers=HANDLERS
        )[0]

    try:
        with passes_in_place():
            proto = converted()
    except Exception:  # of whichever pass: each then has a copy of the graph, and one that fails is left out
        proto = converted()
    proto = at_opset(proto, opset)
    inputs = [value for value in proto.graph.input if value.name not in kernels]
    del proto.graph.input[:]
    proto.graph.input.extend(inputs)
    outputs = {value.name: value for value in proto.graph.output}
    outputs = {**form.ordered(outputs), **outputs}.values()  # switches behind those of the form
    del proto.graph.output[:]
    proto.graph.output.extend(outputs)
    for name, variable in kernels.items():
        proto.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(variable), name))
    return proto


@contextmanager
def passes_in_place():
    """Lets tf2onnx's passes change the graph itself; each would copy it, a quarter of a large model's conversion."""
    from tf2onnx.constants import ENV_TF2ONNX_CATCH_ERRORS as CATCH_ERRORS

    before = os.environ.get(CATCH_ERRORS)
    os.environ[CATCH_ERRORS] = "FALSE"
    try:
        yield
    finally:
        del os.environ[CATCH_ERRORS]
        if before is not None:
            os.environ[CATCH_ERRORS] = before


def at_opset(proto, opset):
    """Returns the model in a later version of ONNX's operators, by ONNX's own converter."""
    if opset > OPSET:
        proto = onnx.version_converter.convert_version(proto, opset)
    proto.ir_version = max(proto.ir_version, onnx.helper.find_min_ir_version_for(proto.opset_import))
    return proto


def refuse_unknown(graph, any_size=False):
    """Raises `InputError` if the graph has an operator that the ONNX standard does not know."""
    nodes = [node for part in graphs(graph) for node in part.node]
    unknown = sorted({node.op_type for node in nodes if not onnx.defs.has(node.op_type, node.domain)})
    if unknown:
        remedy = (
            "name one image_size, or replace the layers that need them"
            if any_size
            else "replace the layers that need them"
        )
        raise InputError(f"ONNX has no operator for {', '.join(unknown)}: {remedy}")


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

    index: int  # type: ignore[assignment]  # hides a tuple's method, which nobody calls
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

    Returns:
        ONNX Runtime's session of it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    proto = onnx.load(target)
    used = {node.domain for node in proto.graph.node}
    standard = [entry for entry in proto.opset_import if entry.domain in used]
    del proto.opset_import[:]
    proto.opset_import.extend(standard)
    onnx.save(proto, target)
    return session


def hide_outputs(proto, prefix):
    """Makes the outputs whose names begin so inner tensors of the graph, which keep their names."""
    shown = [value for value in proto.graph.output if not value.name.startswith(prefix)]
    del proto.graph.output[:]
    proto.graph.output.extend(shown)


def with_outputs(path, target, prefix):
    """Writes a copy of a file that also returns its inner tensors of such names.

    Raises:
        InputError: if it has none.
    """
    proto = onnx.load(path)
    hidden = [name for node in proto.graph.node for name in node.output if name.startswith(prefix)]
    if not hidden:
        raise unnamed(path)
    proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in hidden)
    onnx.save(proto, target)


def inspect(path):
    """Returns inputs, outputs (lists of name, dtype, shape) and the count of each operator."""
    graph = onnx.load(path).graph
    return [spec(v) for v in graph.input], [spec(v) for v in graph.output], dict(count(graph))


def count(graph):
    """Counts the operators of a graph and of the branches and loop bodies within."""
    nodes = [node for part in graphs(graph) for node in part.node]
    return Counter(f"{node.domain}.{node.op_type}" if node.domain else node.op_type for node in nodes)


def spec(value):
    """Returns name, dtype and shape (`None` where dynamic) of a graph's input or output."""
    tensor = value.type.tensor_type
    shape = [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
    return {"name": value.name, "dtype": str(dtype), "shape": shape}
