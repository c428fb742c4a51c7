"""Faster, Mask and Keypoint R-CNN whole in every runtime: proposals, RoIAlign, heads and suppression in the graph."""

from collections import Counter

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated

import export
from export.onnx_tidy import idle_nodes
from export.tflite_graph import operator_name, parse
from tests.export.two_stage import SIZE, compared, pictures, quantized, toy
from tests.export.writing import write

FORMS = [
    ("plain", "onnx", 1),
    pytest.param("mask", "onnx", 1, marks=pytest.mark.full),
    pytest.param("mask", "saved_model", None, marks=pytest.mark.full),
    pytest.param("mask", "tflite", 1, marks=pytest.mark.full),
    pytest.param("keypoint", "onnx", 2, marks=pytest.mark.full),
    pytest.param("keypoint", "tflite", 2, marks=pytest.mark.full),
    pytest.param("both", "onnx", 1, marks=pytest.mark.full),
    pytest.param("both", "tflite", 1, marks=pytest.mark.full),
    pytest.param("faster", "onnx", None, marks=pytest.mark.full),
]
INT8 = schema_py_generated.TensorType.INT8


@pytest.fixture(scope="module")
def model():
    """Returns a function of a kind to its toy, each built once."""
    built = {}

    def of(kind):
        if kind not in built:
            built[kind] = toy(kind)
        return built[kind]

    return of


@pytest.fixture(scope="module")
def written(model, tmp_path_factory):
    """Returns a function of kind, format and batch size to a float32 file and its operators, each written once."""
    made = {}

    def of(*form):
        if form not in made:
            kind, format, batch_size = form
            made[form] = write(model(kind), tmp_path_factory.mktemp("artifact"), format, SIZE, batch_size)
        return made[form]

    return of


@pytest.mark.parametrize("kind, format, batch_size", FORMS, ids=str)
def test_the_same_predictions_as_keras(model, written, kind, format, batch_size):
    path, operators = written(kind, format, batch_size)
    found = compared(path, model(kind))
    assert found.passed and found.agreement == 1.0, found.failures
    masks = {"masks"} if kind in ("mask", "both") else set()
    points = {"keypoints", "keypoint_scores"} if kind in ("keypoint", "both") else set()
    assert set(found.outputs) == {"boxes", "scores"} | masks | points
    if masks:
        assert found.figures["least_mask_iou"] >= 0.99
    if format == "tflite":
        assert not any("flex" in name.lower() or name.islower() for name in operators)
        assert operators["NON_MAX_SUPPRESSION_V4"] == 6 * batch_size  # five levels of the pyramid, and the detections
    if format == "onnx":
        suppressions = 2 if kind == "plain" else 6
        assert operators.get("NonMaxSuppression", 0) == suppressions * (batch_size or 0)
        assert ("Loop" in operators) == (batch_size is None)
        assert batch_size is None or idle_nodes(onnx.load(path)) == []


@pytest.mark.full
def test_predictions_differ_from_row_to_row(model):
    """The comparisons above mean something: there are detections, each with a box, mask and points of its own."""
    keras = export.runtime.KerasPredictor(model("mask")).predict(pictures(2, seed=1))
    assert keras["count"].min() >= 3 and (np.diff(keras["scores"], axis=1) <= 0).all()
    boxes = keras["boxes"][0][: keras["count"][0]]
    assert (boxes[:, 2:] - boxes[:, :2]).min() > 1 and boxes.std(axis=0).min() > 1
    assert boxes.min() >= 0 and (boxes <= [SIZE[1], SIZE[0], SIZE[1], SIZE[0]]).all()
    inside = keras["masks"][0][0] >= 0.5
    assert 0.02 < inside.mean() < 0.98
    points = export.runtime.KerasPredictor(model("keypoint")).predict(pictures(1, seed=1))["keypoints"][0]
    assert points[0].std(axis=0).min() > 0.01 and len(np.unique(points[:, 0, :2], axis=0)) >= 3


def near(path, model, quantize):
    """Asserts that quantized predictions stay near; with random weights near ties change places."""
    found = compared(path, model, quantize)
    assert found.agreement >= 0.4 and found.figures["mean_mask_iou"] >= 0.9, (found.agreement, found.figures)
    assert found.outputs["boxes"]["max_abs"] < 4.0 and found.outputs["scores"]["max_abs"] < 0.2


@pytest.mark.full
@pytest.mark.parametrize(
    "format, quantize", [("onnx", "float16"), ("onnx", "dynamic"), ("tflite", "float16"), ("tflite", "dynamic")]
)
def test_smaller_kernels(model, written, tmp_path, format, quantize):
    plain, _ = written("mask", format, 1)
    path = quantized(plain, tmp_path, quantize)
    near(path, model("mask"), quantize)
    assert path.stat().st_size < 0.8 * plain.stat().st_size


ADDITIONS = 8 + 3
"""Of ResNet-18's blocks and of the pyramid."""
FLOAT_CONVOLUTIONS = 2 * 5 + 1
"""Scores and offsets of anchors, on five levels; the last upsampling, which makes what a mask is a product of."""

FEATURES = {"CONV_2D", "FULLY_CONNECTED", "MAX_POOL_2D", "ADD", "PAD", "RESIZE_NEAREST_NEIGHBOR"}


@pytest.mark.full
def test_onnx_keeps_geometry_in_float(model, written, tmp_path):
    path = quantized(written("mask", "onnx", 1)[0], tmp_path, "int8")
    near(path, model("mask"), "int8")
    graph = onnx.load(path).graph
    restored = {name for node in graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    reduced = {node.input[0] for node in graph.node if node.op_type == "QuantizeLinear"}
    touched = [
        node for node in graph.node if not restored.isdisjoint(node.input) or not reduced.isdisjoint(node.output)
    ]
    kinds = Counter(node.op_type for node in touched)
    assert kinds.keys().isdisjoint({"TopK", "NonMaxSuppression", "Gather", "Exp", "Floor", "Softmax", "Sigmoid"})
    assert sum(node.op_type == "Add" and restored.issuperset(node.input) for node in graph.node) == ADDITIONS
    constants = {tensor.name for tensor in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert sum(node.input[1] in constants for node in convolutions) == FLOAT_CONVOLUTIONS
    assert kinds["Conv"] == len(convolutions)


@pytest.mark.full
def test_tflite_keeps_geometry_in_float(model, written, tmp_path):
    path = quantized(written("mask", "tflite", 1)[0], tmp_path, "int8")
    near(path, model("mask"), "int8")
    content = parse(path.read_bytes())
    (graph,) = content.subgraphs
    integers = {i for i, tensor in enumerate(graph.tensors) if tensor.type == INT8}
    kinds = {True: Counter(), False: Counter()}
    for operator in graph.operators:
        kinds[not integers.isdisjoint([*operator.inputs, *operator.outputs])][operator_name(content, operator)] += 1
    assert set(kinds[True]) - {"QUANTIZE", "DEQUANTIZE"} == FEATURES
    assert kinds[True]["ADD"] == ADDITIONS and kinds[False]["CONV_2D"] == FLOAT_CONVOLUTIONS
    assert kinds[False]["FULLY_CONNECTED"] == 2 and kinds[False]["CONCATENATION"] >= 1
