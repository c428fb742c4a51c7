"""Takes nodes that do nothing out of an ONNX graph: crops of everything, casts to the same type, bare names."""

import onnx
from onnx import numpy_helper

from export.onnx_graph import graphs

SMALL = 1024
"""Bytes of a constant that decides what a node does, at most."""
RESHAPING = ("Expand", "Pad", "Reshape", "Slice", "Squeeze", "Tile", "Unsqueeze")
"""Operators that do nothing where their output has the shape of their input, if `harmless` says so too."""


def drop_idle(proto):
    """Takes the nodes that do nothing out of a model and of its branches and loop bodies.

    ONNX Runtime's passes leave those whose idleness shows only in shapes, such as the crop of a skip connection that
    is as large as what it is joined to.
    """
    for graph in graphs(proto.graph):
        fixed = {value.name for value in (*graph.input, *graph.output)} | {t.name for t in graph.initializer}
        values, constants = described(proto), small_constants(proto)
        for node in [node for node in graph.node if is_idle(node, values, constants)]:
            source, target = node.input[0], node.output[0]
            if target not in fixed:
                rename_inputs(graph, target, source)
            elif source not in fixed and (maker := made_in(graph, source)):
                maker.output[list(maker.output).index(source)] = target
                rename_inputs(graph, source, target)
                fixed.discard(source)
            else:
                continue  # it gives an input, a constant or another output a second name
            graph.node.remove(node)


def idle_nodes(proto):
    """Returns the nodes of a model, those of its branches and loop bodies included, that do nothing."""
    values, constants = described(proto), small_constants(proto)
    return [node for graph in graphs(proto.graph) for node in graph.node if is_idle(node, values, constants)]


def is_idle(node, values, constants):
    """Says whether a node's output is its first input.

    Args:
        node: the `NodeProto`.
        values: by name, the element type and shape of a tensor, see `described`.
        constants: by name, arrays of those inputs that are small constants.
    """
    if node.op_type == "Identity" or (node.op_type in ("Concat", "Max", "Min", "Sum") and len(node.input) == 1):
        return True
    known = [values.get(name) for name in (node.input[:1] + node.output[:1])]
    if len(known) < 2 or None in known or known[0][0] != known[1][0]:
        return False
    (_, before), (_, after) = known
    if node.op_type == "Cast":
        return True
    if node.op_type == "Transpose":
        return [a.ints for a in node.attribute if a.name == "perm"] == [list(range(len(before or ())))]
    return node.op_type in RESHAPING and is_static(before) and before == after and harmless(node, constants)


def harmless(node, constants):
    """Says whether a node that keeps the shape keeps the values: no slice backwards, no cut at one end."""
    given = [constants.get(name) for name in node.input[1:]]
    if node.op_type == "Pad":
        return given[0] is not None and not given[0].any()
    if node.op_type == "Slice":
        return len(given) < 4 or (given[3] is not None and (given[3] == 1).all())
    return True


def is_static(shape):
    """Says whether a shape is known and all of it numbers."""
    return shape is not None and all(isinstance(side, int) for side in shape)


def described(proto):
    """Returns by name the element type and shape of all tensors of a model, `None` for a shape that is unknown."""
    inferred = onnx.shape_inference.infer_shapes(without_weights(proto), data_prop=True)
    return {
        value.name: (value.type.tensor_type.elem_type, shape_of(value.type.tensor_type))
        for graph in graphs(inferred.graph)
        for value in (*graph.input, *graph.value_info, *graph.output)
    }


def shape_of(tensor_type):
    """Returns the sides of a tensor, `None` for those that are no numbers; `None` if nothing is known of them."""
    if not tensor_type.HasField("shape"):
        return None
    return tuple(side.dim_value if side.HasField("dim_value") else None for side in tensor_type.shape.dim)


def without_weights(proto):
    """Returns a copy of a model whose large constants are inputs: it has the shapes of the whole and few bytes."""
    slim = onnx.ModelProto(ir_version=proto.ir_version, opset_import=proto.opset_import)
    graph = slim.graph
    graph.name = "slim"
    for field in ("node", "input", "output"):
        getattr(graph, field).extend(getattr(proto.graph, field))
    for tensor in proto.graph.initializer:
        if tensor.ByteSize() <= SMALL:
            graph.initializer.append(tensor)
        else:
            graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    return slim


def small_constants(proto):
    """Returns by name the arrays of a model's small constants."""
    return {
        tensor.name: numpy_helper.to_array(tensor)
        for graph in graphs(proto.graph)
        for tensor in graph.initializer
        if tensor.ByteSize() <= SMALL
    }


def rename_inputs(graph, old, new):
    """Has the nodes of a graph, and of what its branches and loop bodies hold, read another tensor."""
    for part in graphs(graph):
        for node in part.node:
            for i, name in enumerate(node.input):
                if name == old:
                    node.input[i] = new
        for value in part.output if part is not graph else ():
            if value.name == old:
                value.name = new


def made_in(graph, name):
    """Returns the node of a graph that makes a tensor, or `None`."""
    return next((node for node in graph.node if name in node.output), None)
