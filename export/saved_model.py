"""Writes and reads SavedModel folders."""

from collections import Counter

import tensorflow as tf

from export.encoded import of_bytes
from export.serving import serve
from export.source import proposals_of
from export.switches import switch_layers

SIGNATURE, SWITCHES, ENCODED = "serving_default", "switches", "serving_bytes"
CALLS = ("PartitionedCall", "StatefulPartitionedCall")
DATA = ("Const", "Placeholder", "ReadVariableOp", "NoOp")
"""Nodes that compute nothing."""


def write(model, path, *, form, quantize=None, representative=None, limit=None):
    """Writes a SavedModel folder with the signature `serving_default`, and `switches` of a network that has them.

    Of a model of pictures alone, in a frame of one size, `serving_bytes` takes encoded pictures of any sizes: see
    `export.encoded`.

    Args:
        model: a `zoo.ZooModel` on the TensorFlow backend.
        path: the folder to make.
        form: the file's `export.form.Form`.
        quantize: `None`, or "float16": kernels stored as half and cast where they are used, float32 arithmetic.
        representative: not used here, nor is `limit`.
    """
    module = serve(model, form, half=quantize == "float16")
    signatures = {SIGNATURE: module.serve} | ({SWITCHES: module.switches} if switch_layers(model) else {})
    if None not in form.image_size and not proposals_of(model):
        signatures[ENCODED] = of_bytes(module, model, form)
    tf.saved_model.save(module, str(path), signatures=signatures)


def inspect(path):
    """Returns inputs, outputs (lists of name, dtype, shape) and the count of each operator, calls inlined."""
    module = tf.saved_model.load(str(path))  # the function does not keep its variables alive
    function = module.signatures[SIGNATURE]
    graph = function.graph.as_graph_def()
    bodies = {body.signature.name: body.node_def for body in graph.library.function}
    operators = Counter(node.op for node in inlined(graph.node, bodies) if node.op not in DATA)
    inputs = function.structured_input_signature[1]
    return specs(inputs), specs(function.structured_outputs), dict(operators)


def inlined(nodes, bodies):
    """Yields the nodes of a graph, in place of each call those of the function that it calls."""
    for node in nodes:
        if node.op in CALLS:
            yield from inlined(bodies[node.attr["f"].func.name], bodies)
        else:
            yield node


def specs(tensors):
    """Returns name, dtype and shape of each tensor spec of a dict."""
    return [
        {"name": name, "dtype": spec.dtype.name, "shape": spec.shape.as_list()}
        for name, spec in sorted(tensors.items())
    ]
