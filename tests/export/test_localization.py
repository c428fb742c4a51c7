"""One object a picture, as a box or as points, in the runtimes, and back in the picture's own pixels."""

import keras
import numpy as np
import pytest
from skimage import data

import export
import zoo

pytestmark = pytest.mark.full

SIZE = 64, 96


@pytest.fixture
def photographs():
    return np.stack([data.astronaut()[i : i + SIZE[0], 200 : 200 + SIZE[1]] for i in (0, 60, 120)])


def drawn_at_random(model):
    """Returns the model with a last layer that is not zero, so that pictures differ."""
    keras.utils.set_random_seed(0)
    last = [layer for layer in model.layers if layer.get_weights()][-1]
    last.set_weights([np.random.default_rng(0).normal(0, 0.3, w.shape) for w in last.get_weights()])
    return model


def test_localizer(photographs, tmp_path):
    model = drawn_at_random(zoo.localizer(3, width=0.25, input_shape=(*SIZE, 3)))
    artifact = export.export(model, tmp_path / "model.tflite", "tflite", pictures=photographs)
    targets = {"boxes": np.array([20, 10, 60, 50], np.float32), "labels": np.int32(1)}
    found = export.verify(artifact.path, model, [(picture, targets) for picture in photographs])
    assert found.passed and found.metric == "accuracy" and found.agreement == 1.0, found.failures
    assert set(found.outputs) == {"score", "box", "probs"}
    assert found.tolerance == export.TOLERANCES["localization"][None]

    predictor = export.load(artifact.path)
    small, large = (predictor.predict(images) for images in (photographs, photographs.repeat(2, axis=1)))
    assert large["box"].shape == small["box"].shape == (3, 4) and large["probs"].shape == (3, 3)
    assert (large["box"] <= [SIZE[1], 2 * SIZE[0], SIZE[1], 2 * SIZE[0]]).all()


def test_points(photographs, tmp_path):
    model = drawn_at_random(zoo.landmarks(4, width=0.25, input_shape=(*SIZE, 3)))
    model.keypoint_names, model.skeleton = ("left eye", "right eye", "nose", "mouth"), ((0, 1), (2, 3))
    artifact = export.export(model, tmp_path / "model.onnx", "onnx", pictures=photographs)
    keypoints = np.array([[30, 20, 2], [50, 20, 1], [0, 0, 0], [40, 40, 2]], np.float32)
    examples = [(picture, {"keypoints": keypoints, "labels": np.int32(0)}) for picture in photographs]
    found = export.verify(artifact.path, model, examples)
    assert found.passed and found.metric == "mean error" and found.agreement == 1.0, found.failures

    model.save(tmp_path / "model.keras")
    for predictor in (export.load(artifact.path), export.load(tmp_path / "model.keras")):
        assert (predictor.task, predictor.keypoint_names) == ("points", model.keypoint_names)
        assert predictor.skeleton == ((0, 1), (2, 3))
        small, large = (predictor.predict(i) for i in (photographs, photographs.repeat(2, axis=1).repeat(2, axis=2)))
        np.testing.assert_allclose(large["points"], 2 * small["points"], atol=4.0)
