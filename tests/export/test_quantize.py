"""What stands in the files of each way to quantize: dtypes, scales, zero points, operators."""

from collections import Counter

import numpy as np
import onnx


def test_symmetric_int8_is_what_tensorrt_takes(exported):
    graph = onnx.load(exported("onnx", "int8_symmetric").path).graph
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    pairs = [node for node in graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    zeros = [constants[node.input[2]] for node in pairs]
    assert len(pairs) >= 9 and all(zero.dtype == np.int8 and not zero.any() for zero in zeros)

    makers = {name: node for node in graph.node for name in node.output}
    kinds = Counter()
    for node in graph.node:
        if node.op_type in ("Conv", "ConvTranspose") and makers[node.input[0]].op_type == "DequantizeLinear":
            kinds[node.op_type] += 1
            kernel = makers[node.input[1]]
            values, scale = (constants[name] for name in kernel.input[:2])
            assert values.dtype == np.int8 and abs(values.astype(int)).max() == 127
            assert scale.shape == (values.shape[0 if node.op_type == "Conv" else 1],)  # one a channel
            assert all(constants[bias].dtype == np.float32 for bias in node.input[2:])
            # TensorRT fuses what follows: nothing is quantized between a convolution and its activation.
            following = [other.op_type for other in graph.node if node.output[0] in other.input]
            assert following == (["Relu"] if node.op_type == "Conv" else ["Concat"])
    assert kinds == {"Conv": 3, "ConvTranspose": 1}
