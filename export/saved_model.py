"""Writes and reads SavedModel folders."""

from collections import Counter

import tensorflow as tf

from export.serving import serve

SIGNATURE = "serving_default"


def write(model, path, *, image_size, batch_size=1, quantize=None, representative=None):
    """Writes a SavedModel folder with the signature `serving_default`.

    Args:
        model: a `zoo.ZooModel` on the TensorFlow backend.
        path: the folder to make.
        image_size: `(height, width)` in pixels.
        batch_size: pictures a call, `None` for any number.
        quantize: `None`, or "float16": kernels stored as half and cast where they are used, float32 arithmetic.
        representative: not used here.
    """
    module = serve(model, image_size, batch_size, half=quantize == "float16")
    tf.saved_model.save(module, str(path), signatures={SIGNATURE: module.serve})


def inspect(path):
    """Returns inputs, outputs (lists of name, dtype, shape) and the count of each operator, calls inlined."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    module = tf.saved_model.load(str(path))  # the function does not keep its variables alive
    function = module.signatures[SIGNATURE]
    graph = convert_variables_to_constants_v2(function).graph.as_graph_def()
    operators = Counter(node.op for node in graph.node if node.op not in ("Const", "Placeholder", "NoOp"))
    inputs = function.structured_input_signature[1]
    return specs(inputs), specs(function.structured_outputs), dict(operators)


def specs(tensors):
    """Returns name, dtype and shape of each tensor spec of a dict."""
    return [
        {"name": name, "dtype": spec.dtype.name, "shape": spec.shape.as_list()}
        for name, spec in sorted(tensors.items())
    ]
