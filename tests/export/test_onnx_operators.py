import numpy as np
import onnx
import pytest
import tensorflow as tf
import tf2onnx
from onnx.reference import ReferenceEvaluator

from export.onnx_operators import HANDLERS

LEFT = np.array([-203, -8, -1, 0, 7, 203])


@pytest.mark.parametrize("kind", ["int32", "int64", "float32"])
@pytest.mark.parametrize("divisor", [4, -4])
def test_whole_division_rounds_down(kind, divisor):
    """A picture of 203 rows was padded by -203 % 4 = -3 of them: tf2onnx rounds towards zero."""

    @tf.function(input_signature=[tf.TensorSpec((None,), kind, name="x"), tf.TensorSpec((), kind, name="y")])
    def function(x, y):
        return {"div": x // y, "mod": x % y}

    proto, _ = tf2onnx.convert.from_function(
        function, function.input_signature, opset=18, custom_op_handlers=HANDLERS
    )
    onnx.checker.check_model(proto)
    given = {"x": LEFT.astype(kind), "y": np.array(divisor, kind)}
    found = dict(zip(["div", "mod"], ReferenceEvaluator(proto).run(["div", "mod"], given), strict=True))
    np.testing.assert_array_equal(found["div"], LEFT // divisor)
    np.testing.assert_array_equal(found["mod"], LEFT % divisor)
