"""The machine's own float32 rate, that of a 4096 x 4096 x 4096 matrix product."""

import time
from statistics import median

import numpy as np

SIDE = 4096
RUNS = 5


def rates():
    """Returns GFLOP/s by runtime, the median of some products after one to warm up."""
    a = np.random.default_rng(0).normal(size=(SIDE, SIDE)).astype("float32")
    seconds = {"TensorFlow": timed(tensorflow_product(a)), "ONNX Runtime": timed(onnx_product(a))}
    return {name: 2 * SIDE**3 / middle / 1e9 for name, middle in seconds.items()}


def timed(call):
    call()
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def tensorflow_product(a):
    import tensorflow as tf

    a = tf.constant(a)
    product = tf.function(lambda: tf.matmul(a, a))
    return lambda: product().numpy()


def onnx_product(a):
    import onnx
    import onnxruntime
    from onnx import helper

    shape = helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, a.shape)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["a", "b"], ["c"])],
        "product",
        [helper.make_value_info(name, shape) for name in "ab"],
        [helper.make_value_info("c", shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"a": a, "b": a})


def faster(machine):
    """Returns the faster runtime's median of what `rates` returned, a list of dicts."""
    return max(median([rate[runtime] for rate in machine]) for runtime in machine[0])
