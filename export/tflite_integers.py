"""Operators that the AI Edge Quantizer leaves in float, though LiteRT has them in integers.

What such an operator reads comes from a DEQUANTIZE, and a QUANTIZE reads what it makes. Both are left out.
"""

from copy import copy

import numpy as np

from export.tflite_graph import is_float, operator_name, packed, parse
from zoo.errors import InputError

INTEGER_KERNELS = ("LEAKY_RELU", "ARG_MAX")
"""Those that LiteRT computes in int8 whatever the scales of what they read and make."""


def in_integers(content):
    """Returns a quantized model with `INTEGER_KERNELS` in integers where all around them are."""
    model = parse(content)
    if not any(operator_name(model, operator) in INTEGER_KERNELS for operator in model.subgraphs[0].operators):
        return bytes(content)
    join_kernels(model)
    drop_unread(model)
    return packed(model)


def in_integers_alone(content):
    """Returns a quantized model without a float tensor, whose picture is uint8 of scale 1.

    Raises:
        InputError: that names the operators which need floats.
    """
    model = parse(content)
    join_kernels(model)
    limit_in_integers(model)
    take_pixels(model)
    give_integers(model)
    drop_unread(model)
    refuse_floats(model)
    return packed(model)


def join_kernels(model):
    """Puts `INTEGER_KERNELS` before the DEQUANTIZE that they read and behind the QUANTIZE that reads them."""
    graph = model.subgraphs[0]
    for operator in [o for o in graph.operators if operator_name(model, o) in INTEGER_KERNELS]:
        (made,), before = operator.outputs, dequantizing(model, operator.inputs[0])
        if before is None:
            continue
        if is_float(graph, made):
            after = readers(graph, made)
            if made in graph.outputs or any(operator_name(model, o) != "QUANTIZE" for o in after):
                continue
            (operator.outputs[0],) = after[0].outputs
            graph.operators.remove(after[0])
            for other in after[1:]:  # of another scale
                other.inputs[0] = operator.outputs[0]
        operator.inputs[0] = before.inputs[0]


def limit_in_integers(model):
    """Puts each MINIMUM with a constant before the DEQUANTIZE that it reads, in the scale of what it then reads."""
    from ai_edge_litert.schema_py_generated import BufferT, TensorType

    graph = model.subgraphs[0]
    for operator in [o for o in graph.operators if operator_name(model, o) == "MINIMUM"]:
        before, limit = dequantizing(model, operator.inputs[0]), constant(model, operator.inputs[1])
        if before is None or limit is None:
            continue
        quantization = graph.tensors[before.inputs[0]].quantization
        whole = np.clip(np.rint(limit / quantization.scale) + quantization.zeroPoint, -128, 127).astype(np.int8)
        model.buffers.append(BufferT())
        model.buffers[-1].data = whole.view(np.uint8).ravel()
        known = copy(graph.tensors[operator.inputs[1]])
        known.buffer = len(model.buffers) - 1
        graph.tensors.append(known)
        operator.inputs = [before.inputs[0], len(graph.tensors) - 1]
        for tensor in (known, graph.tensors[operator.outputs[0]]):
            tensor.type, tensor.quantization = TensorType.INT8, quantization


def constant(model, number):
    """Returns the values of a float32 tensor, `None` where they are computed."""
    tensor = model.subgraphs[0].tensors[number]
    data = model.buffers[tensor.buffer].data
    return None if data is None else np.frombuffer(bytes(data), np.float32).reshape(tensor.shape)


def take_pixels(model):
    """Makes the CAST of the picture to float and the QUANTIZE of that one QUANTIZE, to which pixels have a scale."""
    from ai_edge_litert.schema_py_generated import QuantizationParametersT

    graph = model.subgraphs[0]
    for cast in [operator for operator in graph.operators if operator_name(model, operator) == "CAST"]:
        after = readers(graph, cast.outputs[0])
        if cast.inputs[0] in graph.inputs and {operator_name(model, o) for o in after} == {"QUANTIZE"}:
            scale = graph.tensors[cast.inputs[0]].quantization = QuantizationParametersT()
            scale.scale, scale.zeroPoint = [1.0], [0]
            for operator in after:
                operator.inputs[0] = cast.inputs[0]


def give_integers(model):
    """Makes what a DEQUANTIZE before an output reads the output."""
    graph = model.subgraphs[0]
    given = {tensor: dequantizing(model, tensor) for tensor in graph.outputs}
    given = {tensor: tensor if last is None else last.inputs[0] for tensor, last in given.items()}
    graph.outputs = [given[tensor] for tensor in graph.outputs]
    for entry in model.signatureDefs[0].outputs:
        entry.tensorIndex = given.get(entry.tensorIndex, entry.tensorIndex)


def dequantizing(model, tensor):
    """Returns the DEQUANTIZE that makes a tensor, `None` where it is made otherwise or given."""
    makers = [o for o in model.subgraphs[0].operators if tensor in o.outputs]
    return makers[0] if makers and operator_name(model, makers[0]) == "DEQUANTIZE" else None


def readers(graph, tensor):
    """Returns the operators that read a tensor."""
    return [operator for operator in graph.operators if tensor in operator.inputs]


def drop_unread(model):
    """Takes out operators whose results nobody reads, and tensors that belong to none."""
    graph = model.subgraphs[0]
    read = {*graph.outputs}
    for operator in reversed(graph.operators):
        if not read.isdisjoint(operator.outputs):
            read.update(operator.inputs)
    graph.operators = [operator for operator in graph.operators if not read.isdisjoint(operator.outputs)]
    used = {-1, *graph.inputs, *graph.outputs}  # -1 stands for an input left out
    used.update(t for operator in graph.operators for t in (*operator.inputs, *operator.outputs))
    places = {old: new for new, old in enumerate(sorted(used), start=-1)}
    graph.tensors = [graph.tensors[old] for old in sorted(used)[1:]]
    for holder in (graph, *graph.operators):
        holder.inputs = [places[t] for t in holder.inputs]
        holder.outputs = [places[t] for t in holder.outputs]
    for entry in (*model.signatureDefs[0].inputs, *model.signatureDefs[0].outputs):
        entry.tensorIndex = places[entry.tensorIndex]


def refuse_floats(model, known=()):
    """Raises `InputError` with the operators that read or make floats, those that are `known` left out."""
    found = {
        operator_name(model, operator)
        for graph in model.subgraphs
        for operator in graph.operators
        if any(t >= 0 and is_float(graph, t) for t in (*operator.inputs, *operator.outputs))
    }
    if found := found.difference(known):
        raise InputError(
            f"int8_full has no float operator, and LiteRT or its quantizer none in integers for "
            f"{', '.join(sorted(found))}: choose int8, or leave a detector's decoding out (raw)"
        )
