"""Every task's predictions through a real file: compared as the task asks, and back in a picture's own pixels."""

from functools import cache

import numpy as np
import pytest
from keras import layers

import export
from export.runtimes.keras import KerasPredictor
from tests.export.says import PICTURES, PLACED, SAID, SIDE, TASKS, Says, says, targets
from tests.export.writing import SUFFIXES


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Returns a function of task and format to the artifact, each made once."""

    @cache
    def artifact(task, format):
        path = tmp_path_factory.mktemp("says") / f"says{SUFFIXES[format]}"
        return export.export(says(task), path, format, pictures=PICTURES)

    return artifact


@pytest.mark.parametrize("format", ["onnx", "tflite"])
@pytest.mark.parametrize("task", TASKS)
def test_a_task_in_a_file(exported, task, format):
    (names, metric), model, artifact = TASKS[task], says(task), exported(task, format)
    assert artifact.task == task and artifact.parity["passed"]
    known = [(picture, targets(task)) for picture in PICTURES]
    found = export.verify(artifact.path, model, known)
    assert found.passed and found.agreement == 1.0, found.failures
    assert found.tolerance == export.TOLERANCES[task][None]
    assert found.metric == metric and found.artifact_metric == pytest.approx(found.keras_metric, abs=1e-6)
    assert found.keras_metric == pytest.approx(0.0 if metric == "mean error" else 1.0, abs=0.02)
    assert set(found.outputs) == {*names, *(["keypoint_scores"] if "keypoints" in names else [])}

    predictor, large = export.load(artifact.path), PICTURES.repeat(3, axis=1).repeat(3, axis=2)
    here, there = predictor.predict(PICTURES), predictor.predict(large)
    assert set(here) == {*names, *(("labels", "count") if "boxes" in names else ())}
    for name in here:
        scale = np.float32([3, 3, 1] if name == "keypoints" else 3 if name in PLACED else 1)
        np.testing.assert_allclose(there[name], here[name] * scale, rtol=1e-4)
        np.testing.assert_allclose(here[name], KerasPredictor(model).predict(PICTURES)[name], rtol=1e-4)


def follows():
    """Builds a detector whose boxes are the three regions that it is given, and whose scores follow the colours."""
    image, proposals = layers.Input((SIDE, SIDE, 3), name="image"), layers.Input((3, 4), name="proposals")
    colours = layers.Conv2D(8, 3, activation="relu", name="features")(layers.Rescaling(1 / 255)(image))
    scores = layers.Dense(3, activation="sigmoid", name="scores")(layers.GlobalAveragePooling2D()(colours))
    boxes = layers.Rescaling(1.0, name="boxes")(proposals)
    model = Says([image, proposals], {"boxes": boxes, "scores": scores}, name="follows")
    model.task, model.image_size, model.proposals, model.num_proposals = "detection", (SIDE, SIDE), "uniform", 3
    return model


@pytest.mark.parametrize(
    "format, quantize",
    [("saved_model", None), ("onnx", None), ("tflite", None), ("onnx", "int8"), ("tflite", "int8")],
)
def test_regions_reach_a_file(format, quantize, tmp_path):
    model = follows()
    path = tmp_path / f"follows{SUFFIXES[format]}"
    artifact = export.export(
        model, path, format, quantize=quantize, representative=PICTURES if quantize else None, pictures=PICTURES
    )
    # What a quantized form loses is told from labels alone.
    assert artifact.parity["verdict"] == ("cannot tell" if quantize else "passed"), artifact.parity
    assert not artifact.parity["failures"] and "3 regions that uniform finds" in artifact.preprocessing
    assert [entry["shape"] for entry in artifact.inputs] == [[1, SIDE, SIDE, 3], [1, 3, 4]]
    if quantize:
        assert any(name in artifact.operators for name in ("QuantizeLinear", "QUANTIZE"))
    predictor, reference = export.load(path), KerasPredictor(model)
    given = [np.float32(SAID["boxes"][:2]), np.float32(SAID["boxes"])[::-1]]
    ours, theirs = predictor.predict(PICTURES, given), reference.predict(PICTURES, given)
    np.testing.assert_allclose(ours["boxes"], [[*given[0], [0, 0, 0, 0]], given[1]], atol=1e-4)
    np.testing.assert_allclose(ours["scores"], theirs["scores"], atol=0.05 if quantize else 1e-5)
    found, known = predictor.predict_each([PICTURES[0], (PICTURES[0], reference.propose(PICTURES[0]))])
    np.testing.assert_allclose(found["boxes"], known["boxes"])


LIMITED = [
    ("localization", "box", "box"),
    ("localization", "probs", "probs"),
    ("points", "points", "points"),
    ("detection", "boxes", "agreement"),
    ("detection", "scores", "scores"),
    ("instance_segmentation", "masks", "least_mask_iou"),
    ("keypoints", "keypoints", "keypoints"),
    ("masks_and_keypoints", "masks", "least_mask_iou"),
    ("masks_and_keypoints", "keypoints", "keypoints"),
]


@pytest.mark.parametrize("task, other, limit", LIMITED)
def test_another_output_is_found(exported, task, other, limit):
    found = export.verify(exported(task, "onnx").path, says(task, other), [(picture, None) for picture in PICTURES])
    assert not found.passed and any(failure.startswith(limit) for failure in found.failures), found.failures
