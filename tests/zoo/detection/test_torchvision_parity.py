"""The same weights give torchvision's detections: `benchmarks/rcnn_expected.py` wrote what it found."""

import numpy as np
import pytest

import zoo
from benchmarks.rcnn_expected import PATH, SAMPLES, picture
from tests.zoo.detection.torchvision_weights import drawn
from zoo.weights import torchvision
from zoo.weights.matching import assign

pytestmark = pytest.mark.full
EXPECTED = np.load(PATH)


def found_by(name, num_classes):
    """Returns what our model finds in the picture, rows with an object only, and what torchvision found."""
    image = picture()
    model = zoo.BUILDERS[f"{name}_resnet50_fpn"](num_classes, input_shape=image.shape)
    wants = torchvision.wanted(model)
    assign(wants, {want.name: drawn(want.name, want.shape) for want in wants}, "drawn")
    predictions = {key: values[0] for key, values in model.predict(image[None], verbose=0).items()}
    found = {key: values[: predictions["count"]] for key, values in predictions.items() if key != "count"}
    return found, {key.split("/")[1]: EXPECTED[key] for key in EXPECTED if key.startswith(f"{name}/")}


def check_boxes(found, expected):
    assert len(found["boxes"]) == len(expected["boxes"])
    np.testing.assert_array_equal(found["labels"] + 1, expected["labels"])  # theirs count the background as 0
    np.testing.assert_allclose(found["boxes"], expected["boxes"], atol=0.05, rtol=0)
    np.testing.assert_allclose(found["scores"], expected["scores"], atol=1e-4, rtol=0)


def test_faster_rcnn():
    check_boxes(*found_by("faster_rcnn", 90))


def test_mask_rcnn():
    found, expected = found_by("mask_rcnn", 90)
    check_boxes(found, expected)
    np.testing.assert_allclose(found["masks"][:, None][SAMPLES["masks"]], expected["masks"], atol=1e-3, rtol=0)


def test_keypoint_rcnn():
    """Of two maxima nearly as high ours may take the other, as it looks for one only about the highest cell."""
    found, expected = found_by("keypoint_rcnn", 1)
    check_boxes(found, expected)
    points = found["keypoints"][SAMPLES["keypoints"]], expected["keypoints"]
    same = np.isclose(*points, atol=0.05, rtol=0).all(axis=-1)
    assert same.mean() > 0.95
    missed = expected["keypoints_scores"] - found["keypoints"][..., 2][SAMPLES["keypoints_scores"]]
    np.testing.assert_allclose(missed[same], 0, atol=1e-3)
    assert 0 < missed[~same].min() and missed[~same].max() < 0.03
