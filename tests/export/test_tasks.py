"""Every task's predictions through a real file: compared as the task asks, and back in a picture's own pixels."""

from functools import cache

import numpy as np
import pytest
from keras import layers, ops

import export
from export.runtime import KerasPredictor
from tests.export.writing import SUFFIXES
from zoo.model import ZooModel

SIDE = 16
PICTURES = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), dtype=np.uint8)
SAID = {
    "score": 0.8,
    "box": [2, 3, 12, 14],
    "probs": [0.1, 0.7, 0.2],
    "points": [[4, 5], [12, 9]],
    "boxes": [[1, 2, 9, 10], [6, 4, 15, 12], [3, 8, 13, 15]],
    "scores": [0.9, 0.7, 0.5],
    "masks": np.indices((3, 4, 4)).sum(0) % 3 * 0.35 + 0.1,
    "keypoints": [[[2, 3, 4], [8, 9, 5]], [[7, 5, 4], [14, 11, 5]], [[4, 9, 4], [12, 14, 5]]],
}
"""What is said of a black picture."""
TASKS = {
    "localization": (["score", "box", "probs"], "accuracy"),
    "points": (["score", "points"], "mean error"),
    "detection": (["boxes", "scores"], "AP50"),
    "instance_segmentation": (["boxes", "scores", "masks"], "AP50"),
    "keypoints": (["boxes", "scores", "keypoints"], "PCK"),
    "masks_and_keypoints": (["boxes", "scores", "masks", "keypoints"], "PCK"),
}
"""By task, its float outputs and the metric it is judged by."""
PLACED = ("box", "points", "boxes", "keypoints")


class Says(ZooModel):
    """Says of every picture nearly the same, moved a little by its colours; of the objects, one a class."""

    proposals, num_proposals = "", 0
    saved = (*ZooModel.saved, "proposals", "num_proposals")

    def predictions(self, outputs):
        """Adds labels and count."""
        if "scores" not in outputs:
            return outputs
        labels = ops.cast(outputs["scores"] > 0, "int32") * ops.arange(3)
        return {**outputs, "labels": labels, "count": ops.sum(ops.cast(outputs["scores"] > 0, "int32"), -1)}


def says(task, other=None):
    """Builds the model of a task; `other` names an output that comes out a fifth larger."""
    image = layers.Input((SIDE, SIDE, 3), name="image")
    colours = layers.Flatten()(layers.AveragePooling2D(8)(layers.Rescaling(1 / 255)(image)))
    outputs, rng = {}, np.random.default_rng(0)
    for name in TASKS[task][0]:
        said = np.float32(SAID[name]) * (1.2 if name == other else 1.0)
        dense = layers.Dense(said.size, name=f"{name}_values")
        outputs[name] = layers.Reshape(said.shape, name=name)(dense(colours))
        dense.set_weights([rng.normal(0, 0.02, dense.kernel.shape), said.ravel()])
    model = Says(image, outputs, name="says")
    model.task, model.image_size = task, (SIDE, SIDE)
    return model


def targets(task):
    """Returns the targets of a task by which all that is said is right."""
    if task == "localization":
        return {"boxes": np.float32(SAID["box"]), "labels": np.int32(1)}
    if task == "points":
        return {"keypoints": np.pad(np.float32(SAID["points"]), ((0, 0), (0, 1)), constant_values=2.0)}
    points = np.float32(SAID["keypoints"])
    points[..., 2] = 2.0
    return {"boxes": np.float32(SAID["boxes"]), "labels": np.arange(3), "keypoints": points}


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
