"""A detector in every runtime: boxes decoded and suppressed within the graph, matched with those of Keras."""

import json

import keras
import numpy as np
import onnx
import pytest

import export
from export.artifact import Artifact
from export.onnx_quantize import float_nodes
from export.source import at_thresholds
from recipes.deploy.ship import ship
from tests.checks import quick
from tests.export.detector import SIZE, examples, knowing_detector, scenes, toy_detector
from zoo.errors import InputError
from zoo.ops.boxes_numpy import iou
from zoo.segmentation.unet import unet

FORMS = [
    ("saved_model", None, None),
    ("onnx", None, 1),
    ("onnx", "int8", None),
    ("tflite", None, 3),
    ("tflite", "int8", 1),
]


@pytest.fixture(scope="module")
def detector():
    return knowing_detector()


@pytest.fixture(scope="module")
def exported(detector, tmp_path_factory):
    """Returns a function of format, quantize and batch size to the artifact, each made once."""
    made = {}
    suffixes = {"saved_model": "", "onnx": ".onnx", "tflite": ".tflite"}

    def artifact(*form):
        if form not in made:
            format, quantize, batch_size = form
            pictures, targets = zip(*examples(*scenes(8, seed=2)), strict=True)
            made[form] = export.export(
                detector,
                tmp_path_factory.mktemp("artifact") / f"toy{suffixes[format]}",
                format,
                quantize=quantize,
                batch_size=batch_size,
                representative=scenes(20, seed=1)[0] if quantize == "int8" else None,
                pictures=np.stack(pictures),
                targets=targets,
            )
        return made[form]

    return artifact


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_the_same_detections_as_keras(exported, detector, form):
    artifact = exported(*form)
    found = export.verify(artifact.path, detector, examples(*scenes(20, seed=5)))
    assert found.passed and artifact.parity["passed"], (found.failures, artifact.parity)
    assert found.tolerance == export.TOLERANCES["detection"][artifact.quantize]
    assert found.metric == "AP50" and found.keras_metric > 0.8 and found.agreement > 0.9
    assert found.outputs.keys() == {"boxes", "scores"} and found.outputs["boxes"]["max_abs"] < 1.0
    shapes = {output["name"]: (output["dtype"], output["shape"][1:]) for output in artifact.outputs}
    assert shapes == {
        "boxes": ("float32", [100, 4]),
        "scores": ("float32", [100]),
        "labels": ("int32", [100]),
        "count": ("int32", []),
    }
    if artifact.format == "tflite":
        assert not any("flex" in name.lower() for name in artifact.operators)
    if artifact.batch_size:
        native = {"onnx": "NonMaxSuppression", "tflite": "NON_MAX_SUPPRESSION_V4"}[artifact.format]
        assert artifact.operators[native] == artifact.batch_size


def test_only_the_network_is_quantized(exported):
    graph = onnx.load(exported("onnx", "int8", None).path).graph
    kept = float_nodes(graph)
    (last,) = [node for node in graph.node if node.name in kept and node.op_type == "Conv"]
    stored = {tensor.name: tensor.data_type for tensor in graph.initializer}
    assert stored[last.input[1]] == onnx.TensorProto.FLOAT
    assert "Loop" in {node.op_type for node in graph.node if node.name in kept}
    quantized = {name for node in graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    readers = {node.op_type for node in graph.node for name in node.input if name in quantized}
    assert {"Conv", "LeakyRelu", "MaxPool", "Concat"} <= readers
    # Of what follows the last convolution nothing is quantized; it reads the network's end, no more.
    assert {node.op_type for node in graph.node if node.name in kept and quantized & set(node.input)} == {"Conv"}
    assert exported("tflite", "int8", 1).operators["QUANTIZE"] >= 1


def test_boxes_come_back_in_the_pictures_own_pixels(exported, detector, tmp_path):
    predictor = export.load(exported("onnx", None, 1).path)
    pictures, targets = scenes(4, seed=7)
    large = pictures.repeat(3, axis=1).repeat(3, axis=2)
    small, three = predictor.predict(pictures), predictor.predict(large)
    # Letterboxed, the large pictures are the small ones again.
    np.testing.assert_allclose(three["boxes"], 3 * small["boxes"], atol=1e-2)
    for i, label in enumerate(targets["labels"]):
        found = three["boxes"][i][three["scores"][i] > 0.5]
        assert len(found) == (label >= 0).sum()
        assert (iou(3 * targets["boxes"][i][label >= 0], found).max(1) > 0.4).all()

    padded = np.full((80, 64, 3), 60, np.uint8)
    padded[16:64] = pictures[0]
    detector.save(tmp_path / "toy.keras")
    for one in (predictor, export.load(tmp_path / "toy.keras")):
        drawn = list(one.predict_each(iter([pictures[0], large[0], padded])))
        assert [sorted(found) for found in drawn] == [["boxes", "count", "labels", "scores"]] * 3
        np.testing.assert_allclose(drawn[0]["boxes"], small["boxes"][0], atol=1e-3)
        np.testing.assert_allclose(drawn[1]["boxes"], three["boxes"][0], atol=1e-3)
        assert drawn[2]["boxes"].max() <= 80 and drawn[2]["boxes"][..., 0::2].max() <= 64
    assert list(predictor.predict_each([])) == []
    assert predictor.predict(large[:0])["boxes"].shape == (0, 100, 4)


def test_pictures_are_read_a_batch_at_a_time(exported):
    read = []

    def pictures():
        for i in range(7):
            read.append(i)
            yield np.zeros((30 + i, 50, 3), np.uint8)

    each = export.load(exported("tflite", None, 3).path).predict_each(pictures())
    next(each)
    assert read == [0, 1, 2]
    assert len(list(each)) == 6 and len(read) == 7


def test_thresholds_stand_on_the_card(exported):
    artifact = exported("onnx", None, 1)
    thresholds = {"score_threshold": 0.005, "iou_threshold": 0.45, "max_detections": 100}
    assert artifact.attributes == {"resizing": "letterbox", "sides": None, **thresholds}
    assert Artifact.from_dict(json.loads(json.dumps(artifact.to_dict()))) == Artifact.read(artifact.path) == artifact
    predictor = export.load(artifact.path)
    assert (predictor.keypoint_names, predictor.skeleton, predictor.frame_size) == ((), (), SIZE)


@pytest.mark.parametrize("format", quick(["onnx", "saved_model", "tflite"], "onnx"))
def test_thresholds_of_an_export_are_the_artifacts_alone(detector, tmp_path, format):
    """Through the names of files, as the command line asks for it, and verified with the model's own thresholds."""
    detector.save(tmp_path / "toy.keras")
    artifact = ship(tmp_path / "toy.keras", format=format, score_threshold=0.5, iou_threshold=0.2, max_detections=3)
    thresholds = {"score_threshold": 0.5, "iou_threshold": 0.2, "max_detections": 3}
    assert {name: artifact.attributes[name] for name in thresholds} == thresholds
    pictures, targets = scenes(4, seed=5)
    found, plain = export.load(artifact.path).predict(pictures), detector.predict(pictures, verbose=0)
    assert found["boxes"].shape == (4, 3, 4) and plain["boxes"].shape == (4, 100, 4)
    expected = (plain["scores"] > 0.5).sum(axis=1)
    assert found["count"].tolist() == expected.tolist() and plain["count"].sum() > expected.sum() > 0
    assert export.verify(artifact.path, detector, examples(pictures, targets)).passed


def test_an_export_leaves_the_models_thresholds_as_they_were(tmp_path):
    model = toy_detector()
    own = [(name, getattr(model, name)) for name in ("score_threshold", "iou_threshold", "max_detections")]
    inside = []
    with at_thresholds(model, {"score_threshold": 0.25, "iou_threshold": None, "max_detections": 7}):
        inside += [model.score_threshold, model.iou_threshold, model.max_detections]
    assert inside == [0.25, 0.45, 7]
    with pytest.raises(InputError, match="max_detections is a whole number of 1 or more, received 0"):
        export.export(model, tmp_path / "toy.onnx", score_threshold=0.25, max_detections=0)
    assert [(name, getattr(model, name)) for name, _ in own] == own and not list(tmp_path.iterdir())
    segmenter = unet(2, width=1 / 32, depth=1, input_shape=(32, 48, 3))
    with pytest.raises(InputError, match="model 'unet' is no detector: leave out score_threshold"):
        export.export(segmenter, tmp_path / "unet.onnx", score_threshold=0.25)


def test_verify_finds_another_detector(exported):
    keras.utils.set_random_seed(9)
    stranger = toy_detector()
    found = export.verify(exported("onnx", None, 1).path, stranger, examples(*scenes(4, seed=5)))
    assert found.verdict == "failed" and found.failures[0].startswith("agreement 0.0")
    assert "first in picture #0" in found.failures[0]
