"""Matrices in 4 bits with a scale for each block of inputs, other kernels in 8."""

import keras
import numpy as np
import onnx
import pytest
from keras import layers
from onnx import helper

import export
from export import onnx_shrink
from export.onnx_shrink import in_4_bits
from export.runtimes.keras import KerasPredictor
from export.tflite_graph import operator_name, parse
from tests.export.test_tasks import PICTURES, SIDE, Says

FLOAT32, INT4 = 0, 17
"""Numbers of the schema's `TensorType`."""
MATRIX = np.float32([[7, 0.7], [-3.4, 0.26], [0, -14], [0, 6]])
"""Four inputs, two outputs; with two inputs a block, the scales are 1 and 0.1, 1 (of zeros alone) and 2."""
WHOLE, SCALES = [[7, 7], [-3, 3], [0, -7], [0, 3]], [[1, 0.1], [1, 2]]


@pytest.fixture(autouse=True)
def small_blocks(request, monkeypatch):
    if "hand" in request.node.name or "convolution" in request.node.name:
        monkeypatch.setattr(onnx_shrink, "BLOCK", 2)


@pytest.mark.parametrize("kind, turned", [("MatMul", False), ("Gemm", False), ("Gemm", True)])
def test_a_matrix_by_hand(kind, turned):
    node = helper.make_node(kind, ["x", "k"], ["y"], **({"transB": 1} if turned else {}))
    small, (restoring,) = in_4_bits(MATRIX.T if turned else MATRIX, "k", node)
    whole, scales = (values.T if turned else values for values in small.values())
    np.testing.assert_array_equal(whole.astype(int), WHOLE)
    np.testing.assert_allclose(scales, SCALES)
    assert restoring.op_type == "DequantizeLinear" and list(restoring.output) == ["k"]
    assert {a.name: a.i for a in restoring.attribute} == {"axis": int(turned), "block_size": 2}


def test_a_convolution_as_large_as_fc7(monkeypatch):
    kernel, node = MATRIX.T.reshape(2, 1, 2, 2), helper.make_node("Conv", ["x", "k"], ["y"])
    assert [*in_4_bits(kernel, "k", node)[0]] == ["k_int8", "k_scale"]
    monkeypatch.setattr(onnx_shrink, "FULLY_CONNECTED", kernel.size)
    small, nodes = in_4_bits(kernel, "k", node)
    assert small["k_int4"].shape == (2, 2, 2) and small["k_scale"].shape == (2, 2, 1)
    np.testing.assert_array_equal(small["k_int4"].astype(int).reshape(2, 4).T, WHOLE)
    np.testing.assert_allclose(small["k_scale"][..., 0].T, SCALES)
    assert [node.op_type for node in nodes] == ["Cast", "Mul", "Reshape"] and list(small["k_shape"]) == [2, 1, 2, 2]


def test_inputs_that_are_no_whole_blocks_stay_in_8_bits():
    kernel = np.ones((onnx_shrink.BLOCK + 1, 3), np.float32)
    assert [*in_4_bits(kernel, "k", helper.make_node("MatMul", ["x", "k"], ["y"]))[0]] == ["k_int8", "k_scale"]


def with_a_matrix():
    """Builds a network of a convolution, a hidden layer of 192 inputs and its outputs."""
    keras.utils.set_random_seed(0)
    image = layers.Input((SIDE, SIDE, 3), name="image")
    x = layers.Conv2D(3, 3, padding="same", name="conv")(layers.Rescaling(1 / 255)(image))
    hidden = layers.Dense(64, "relu", name="fc6")(layers.Flatten()(layers.AveragePooling2D(2)(x)))
    outputs = {"points": layers.Reshape((2, 2))(layers.Dense(4, name="places")(hidden))}
    model = Says(image, {**outputs, "score": layers.Dense(1, "sigmoid")(hidden)[:, 0]}, name="matrix")
    model.task, model.image_size = "points", (SIDE, SIDE)
    return model


@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_an_artifact(format, tmp_path):
    model, path = with_a_matrix(), tmp_path / f"model.{format}"
    artifact = export.export(model, path, format, quantize="weight_int4", pictures=PICTURES)
    predictor, reference = export.load(path), KerasPredictor(model)
    for pictures in (PICTURES, PICTURES.repeat(2, axis=1).repeat(2, axis=2)):
        found, known = predictor.predict(pictures)["points"], reference.predict(pictures)["points"]
        assert 0 < np.abs(found - known).max() < 0.2 * np.abs(known).max()
    if format == "onnx":
        proto = onnx.load(path)
        kinds = {one.name: one.data_type for one in proto.graph.initializer if len(one.dims) > 1}
        assert sorted(kinds.values()).count(onnx.TensorProto.INT4) == 1
        assert all(not node.domain for node in proto.graph.node)  # standard operators
        assert artifact.operators["DequantizeLinear"] == 1
    else:
        unpacked = parse(path.read_bytes())
        (graph,) = unpacked.subgraphs
        matrices = [o for o in graph.operators if operator_name(unpacked, o) == "FULLY_CONNECTED"]
        kinds = [int(graph.tensors[o.inputs[1]].type) for o in matrices]
        assert kinds.count(INT4) == 1 and kinds.count(FLOAT32) == 2  # those that make the outputs
