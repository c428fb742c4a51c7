"""Every format and way to quantize, loaded in its real runtime and compared with Keras on two pictures and more."""

import numpy as np
import onnx
import pytest

import export
from export.onnx_quantize import float_nodes
from export.ways import CALIBRATED

FORMS = [
    ("saved_model", None, None),
    ("saved_model", "float16", 1),
    ("onnx", None, 1),
    ("onnx", "float16", None),
    ("onnx", "dynamic", 1),
    ("onnx", "int8", 1),
    ("onnx", "int8_symmetric", 1),
    ("tflite", None, 1),
    ("tflite", "float16", 3),
    ("tflite", "dynamic", 1),
    ("tflite", "int8", 1),
    ("tflite", "int8_full", 1),
]
forms = pytest.mark.parametrize(("format", "quantize", "batch_size"), FORMS)


@forms
def test_artifact_predicts_what_keras_predicts(exported, model, pictures, labels, format, quantize, batch_size):
    artifact = exported(format, quantize, batch_size)
    result = export.verify(artifact.path, model, zip(pictures, labels, strict=True))
    assert result.passed, result.failures
    assert result.tolerance == export.TOLERANCES["segmentation"][quantize]
    assert result.examples == 5 and result.metric == "mIoU"
    assert result.keras_metric > 0.9 and abs(result.metric_change) <= 0.01
    assert set(result.outputs) == {"logits", "classes"}
    assert artifact.parity["passed"] and artifact.parity["pictures"] == "2 given by the caller"


@forms
def test_card_tells_what_the_file_is(exported, format, quantize, batch_size):
    card = exported(format, quantize, batch_size)
    assert (card.format, card.quantize, card.task, card.batch_size) == (format, quantize, "segmentation", batch_size)
    assert card.inputs == [{"name": "image", "dtype": "uint8", "shape": [batch_size, 32, 48, 3]}]
    outputs = {o["name"]: (o["dtype"], o["shape"]) for o in card.outputs}
    assert outputs == {
        "logits": ("int8" if quantize == "int8_full" else "float32", [batch_size, 32, 48, 3]),
        "classes": ("int32", [batch_size, 32, 48]),
    }
    assert card.class_names == ("red", "green", "blue") and "32x48" in card.preprocessing
    assert card.calibration == ({"pictures": 8, "source": "scenes"} if quantize in CALIBRATED else {})
    assert card.latency["p50_ms"] > 0 and card.versions["keras"]


@forms
def test_five_pictures_at_once_are_five_pictures(exported, pictures, format, quantize, batch_size):
    predictor = export.load(exported(format, quantize, batch_size).path)
    together = predictor.predict(pictures)
    alone = predictor.predict(pictures[3:4].astype(np.float32))
    assert together["classes"].shape == (5, 32, 48) and together["classes"].dtype == np.int32
    assert together["logits"].dtype == np.float32
    np.testing.assert_allclose(together["logits"][3:4], alone["logits"], atol=1e-3)
    assert predictor.predict(pictures[:0])["logits"].shape == (0, 32, 48, 3)


def test_onnx_graph_is_folded(exported):
    operators = exported("onnx").operators
    assert operators["Conv"] == 4
    assert not {"BatchNormalization", "Sub", "Div", "Sqrt"} & set(operators)
    # Into the channels-first order of ONNX, and back for the logits.
    assert operators["Transpose"] == 2


def test_int8_weights_keep_to_seven_bits(exported):
    """Processors without VNNI add two products of eight bits in sixteen, which would overflow."""
    graph = onnx.load(exported("onnx", "int8").path).graph
    weights = [onnx.numpy_helper.to_array(one) for one in graph.initializer if one.data_type == onnx.TensorProto.INT8]
    kernels = [weight for weight in weights if weight.ndim == 4]
    assert 32 < max(int(np.abs(kernel.astype(int)).max()) for kernel in kernels) <= 64


def test_last_convolution_stays_float_in_int8(exported):
    graph = onnx.load(exported("onnx", "int8").path).graph
    (last,) = [node for node in graph.node if node.name in float_nodes(graph) and node.op_type == "Conv"]
    kernel = last.input[1]
    stored = {tensor.name: tensor.data_type for tensor in graph.initializer}
    assert stored[kernel] == onnx.TensorProto.FLOAT
    operators = exported("tflite", "int8").operators
    assert operators["CONV_2D"] == 4 and operators["DEQUANTIZE"] >= 1


def test_half_precision_halves_the_kernels(exported):
    proto = onnx.load(exported("onnx", "float16", None).path)
    kernels = [t for t in proto.graph.initializer if len(t.dims) == 4]
    assert len(kernels) >= 4 and {t.data_type for t in kernels} == {onnx.TensorProto.FLOAT16}
