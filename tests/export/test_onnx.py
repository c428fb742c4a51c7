import os

import numpy as np
import onnx
import pytest
import tf2onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnxruntime import InferenceSession

import zoo
from export.form import Form
from export.onnx import sink_constants, write
from export.onnx_shrink import in_8_bits, output_axis, shrink


def test_kernels_stay_out_of_the_conversion(tmp_path, monkeypatch):
    """tf2onnx takes some 60 times a graph's constants in memory."""
    convert, sizes = tf2onnx.convert.from_function, []

    def weighed(*args, **options):
        proto, storage = convert(*args, **options)
        sizes.append(proto.ByteSize())
        return proto, storage

    monkeypatch.setattr(tf2onnx.convert, "from_function", weighed)
    model = zoo.fcn32s_vgg16(num_classes=2, width=1 / 8, input_shape=(64, 64, 3))
    write(model, tmp_path / "model.onnx", form=Form((64, 64)))
    weights = 4 * model.count_params()
    assert sizes[0] < 0.02 * weights < weights < (tmp_path / "model.onnx").stat().st_size < 1.02 * weights


def test_a_pass_of_the_converter_that_fails_is_left_out(tmp_path, monkeypatch):
    from tf2onnx.optimizer.identity_optimizer import IdentityOptimizer

    model, form = zoo.unet(num_classes=2, width=1 / 16, depth=1, input_shape=(16, 16, 3)), Form((16, 16))
    write(model, tmp_path / "whole.onnx", form=form)
    modes = []

    def fails(self, graph, iteration):
        modes.append(os.environ.get("TF2ONNX_CATCH_ERRORS"))
        raise ValueError("no such node")

    monkeypatch.setattr(IdentityOptimizer, "optimize", fails)
    write(model, tmp_path / "model.onnx", form=form)
    assert modes[0] == "FALSE" and set(modes[1:]) == {None} and "TF2ONNX_CATCH_ERRORS" not in os.environ
    picture = {"image": np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), dtype=np.uint8)}
    whole, ours = (InferenceSession(tmp_path / name).run(None, picture) for name in ("whole.onnx", "model.onnx"))
    np.testing.assert_allclose(ours[0], whole[0], atol=1e-6)


def test_kernels_in_8_bits_by_hand():
    kernel = np.float32([[[[254.0]], [[-63.0]]], [[[0.0]], [[0.0]]], [[[1.27]], [[0.5]]]])  # three output channels
    small, nodes = in_8_bits(kernel, "kernel", helper.make_node("Conv", ["x", "kernel"], ["y"]))
    np.testing.assert_array_equal(small["kernel_int8"][..., 0, 0], [[127, -32], [0, 0], [127, 50]])
    np.testing.assert_allclose(small["kernel_scale"].ravel(), [2.0, 1.0, 0.01])
    assert [node.op_type for node in nodes] == ["Cast", "Mul"] and list(nodes[-1].output) == ["kernel"]


@pytest.mark.parametrize(
    "kind, options, axis",
    [("Conv", {}, 0), ("ConvTranspose", {}, 1), ("Gemm", {}, 1), ("Gemm", {"transB": 1}, 0), ("MatMul", {}, 1)],
)
def test_which_axis_is_that_of_output_channels(kind, options, axis):
    assert output_axis(helper.make_node(kind, ["x", "kernel"], ["y"], **options)) == axis


def test_just_the_kernels_of_products_shrink():
    rng = np.random.default_rng(0)
    kernel, anchors = rng.normal(size=(8, 16)).astype("float32"), rng.normal(size=(4, 8)).astype("float32")
    nodes = [
        helper.make_node("Gemm", ["image", "kernel"], ["hidden"], name="hidden", transB=1),
        helper.make_node("Relu", ["hidden"], ["positive"], name="positive"),
        helper.make_node("Mul", ["positive", "anchors"], ["moved"], name="moved"),
        helper.make_node("Gemm", ["moved", "last"], ["out"], name="out"),
    ]
    tensors = {"kernel": kernel, "anchors": anchors, "last": np.ones((8, 2), "float32")}
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [4, 16])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [4, 2])],
        [numpy_helper.from_array(array, name) for name, array in tensors.items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    image = rng.normal(size=(4, 16)).astype("float32")
    before = ReferenceEvaluator(proto).run(None, {"image": image})[0]
    small = shrink(proto, "dynamic")
    onnx.checker.check_model(small)
    kinds = {tensor.name: tensor.data_type for tensor in small.graph.initializer}
    assert kinds == {
        "kernel_int8": TensorProto.INT8,
        "kernel_scale": TensorProto.FLOAT,
        "anchors": TensorProto.FLOAT,
        "last": TensorProto.FLOAT,  # makes an output: stays as it is
    }
    after = ReferenceEvaluator(small).run(None, {"image": image})[0]
    assert 0 < np.abs(after - before).max() < 0.02 * np.abs(before).max()


def test_a_constant_sinks_into_the_loop_that_hands_it_on():
    def value(name, kind=TensorProto.FLOAT):
        return helper.make_tensor_value_info(name, kind, [])

    body = helper.make_graph(
        [helper.make_node("Mul", ["sum", "factor"], ["next"]), helper.make_node("Identity", ["go"], ["on"])],
        "body",
        [value("turn", TensorProto.INT64), value("go", TensorProto.BOOL), value("factor"), value("sum")],
        [value("on", TensorProto.BOOL), value("factor"), value("next")],
    )
    loop = helper.make_node("Loop", ["turns", "yes", "two", "one"], ["unused", "out"], body=body)
    tensors = {"turns": np.int64(5), "yes": np.bool_(True), "two": np.float32(2), "one": np.float32(1)}
    constants = [numpy_helper.from_array(np.array(number), name) for name, number in tensors.items()]
    graph = helper.make_graph([loop], "toy", [], [value("out")], constants)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    sink_constants(proto.graph)
    onnx.checker.check_model(proto)
    (loop,) = proto.graph.node
    # The state that changes stays one, though it begins with a constant.
    assert list(loop.input) == ["turns", "yes", "one"] and list(loop.output) == ["out"]
    assert [tensor.name for tensor in loop.attribute[0].g.initializer] == ["factor"]
    assert ReferenceEvaluator(proto).run(None, {})[0] == 32
