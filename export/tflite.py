"""Writes and reads TFLite files: builtin operators only."""

import re
from collections import Counter
from pathlib import Path

from export.switches import PREFIX, unnamed, with_switches
from export.tflite_graph import enum_name, operator_name, packed, parse
from export.tflite_quantize import quantized
from zoo.errors import InputError


def write(model, path, *, form, quantize=None, representative=None, limit=None):
    """Writes a TFLite file.

    Args:
        model: a `zoo.ZooModel` on the TensorFlow backend.
        path: the file to make.
        form: the file's `export.form.Form`; its batch size is a number.
        quantize: `None`; "float16": kernels stored as half, float32 arithmetic; "dynamic": 8-bit kernels, activations
            scaled at run time; "weight_int4": likewise, fully connected kernels in 4 bits with a scale for each block
            of inputs; "int8": 8-bit kernels and activations, scaled from `representative`. The convolutions that make
            the outputs and all geometry stay float32: see `export.precision`; "int8_full": all in integers, uint8
            pixels, int8 outputs.
        representative: the model's inputs on N pictures, for these two: dict of `image`, uint8
            `(N, height, width, 3)`, and what else it takes.
        limit: of "int8", the noise for which `export.search` finds layers that stay float32; `None` for none.
    Returns:
        What the search found, `None` without one.
    Raises:
        InputError: if an operator has no TFLite builtin, or no integers that it needs (the message lists them).
    """
    import tensorflow as tf

    from export.serving import serve
    from export.tflite_signature import signed

    module = serve(with_switches(model), form)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    try:
        content = converter.convert()
    except Exception as error:
        missing = re.findall(r"TF Select ops: (.+)|Custom ops: (.+)", str(error))
        if not missing:
            raise
        refuse(name.strip() for pair in missing for names in pair for name in names.split(",") if name)
    content, found = without_outputs(content, PREFIX), None
    if quantize is not None:
        content, found = quantized(content, quantize, representative, form.batch_size, limit)
    refuse_foreign(content)
    Path(path).write_bytes(signed(content, model, form))
    return found


def refuse(names):
    """Raises `InputError` with the operators that are no TFLite builtins."""
    raise InputError(
        f"TFLite has no builtin operator for {', '.join(sorted(set(names)))}: replace the layers that need them"
    )


def refuse_foreign(content):
    """Raises `InputError` if a finished model calls a Select-TF (Flex) or custom operator."""
    foreign = [code.customCode.decode() for code in parse(content).operatorCodes if code.customCode]
    if foreign:
        refuse(foreign)


def without_outputs(content, prefix):
    """Makes the outputs whose names begin so inner tensors of the model, of these names."""
    model = parse(content)
    signature, graph = model.signatureDefs[0], model.subgraphs[0]
    hidden = {entry.tensorIndex: entry.name for entry in signature.outputs if entry.name.decode().startswith(prefix)}
    if not hidden:
        return content
    for index, name in hidden.items():
        graph.tensors[index].name = name
    signature.outputs = [entry for entry in signature.outputs if entry.tensorIndex not in hidden]
    graph.outputs = [index for index in graph.outputs if index not in hidden]
    return packed(model)


def with_outputs(path, target, prefix):
    """Writes a copy of a file that also returns its inner tensors of such names.

    Raises:
        InputError: if it has none.
    """
    from ai_edge_litert.schema_py_generated import TensorMapT

    model = parse(Path(path).read_bytes())
    signature, graph = model.signatureDefs[0], model.subgraphs[0]
    hidden = {i: tensor.name for i, tensor in enumerate(graph.tensors) if tensor.name.decode().startswith(prefix)}
    if not hidden:
        raise unnamed(path)
    for index, name in hidden.items():
        entry = TensorMapT()
        entry.name, entry.tensorIndex = name, index
        signature.outputs.append(entry)
    graph.outputs = [*graph.outputs, *hidden]
    Path(target).write_bytes(packed(model))


def inspect(path):
    """Returns inputs, outputs (lists of name, dtype, shape) and the count of each operator."""
    model = parse(Path(path).read_bytes())
    signature, graph = model.signatureDefs[0], model.subgraphs[0]
    operators = Counter(operator_name(model, o) for subgraph in model.subgraphs for o in subgraph.operators)
    inputs = [spec(graph, entry) for entry in signature.inputs]
    return inputs, [spec(graph, entry) for entry in signature.outputs], dict(operators)


def spec(graph, entry):
    """Returns name, dtype and shape of a signature's input or output."""
    tensor = graph.tensors[entry.tensorIndex]
    dtype = enum_name("TensorType", tensor.type).lower()
    return {"name": entry.name.decode(), "dtype": dtype, "shape": [int(n) for n in tensor.shape]}
