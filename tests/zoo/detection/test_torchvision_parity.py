"""The same weights give torchvision's detections at every size: `benchmarks/rcnn_expected.py` wrote what it found."""

import numpy as np
import pytest

import zoo
from benchmarks.rcnn_expected import PATH, SAMPLES, SIZES, picture
from tests.zoo.detection.torchvision_weights import drawn
from zoo.weights import torchvision
from zoo.weights.matching import assign

pytestmark = pytest.mark.full
EXPECTED = np.load(PATH)


@pytest.fixture(scope="module", params=["faster_rcnn", "mask_rcnn", "keypoint_rcnn"])
def model(request):
    """One model for all sizes, with the weights that torchvision's has."""
    num_classes = 1 if request.param == "keypoint_rcnn" else 90
    model = zoo.BUILDERS[f"{request.param}_resnet50_fpn"](num_classes, name=request.param)
    wants = torchvision.wanted(model)
    assign(wants, {want.name: drawn(want.name, want.shape) for want in wants}, "drawn")
    return model


@pytest.mark.parametrize("size", SIZES)
def test_detections(model, size):
    predictions = {key: values[0] for key, values in model.predict(picture(size)[None], verbose=0).items()}
    found = {key: values[: predictions["count"]] for key, values in predictions.items() if key != "count"}
    group = f"{model.name}/{size[0]}x{size[1]}/"
    expected = {key.removeprefix(group): EXPECTED[key] for key in EXPECTED if key.startswith(group)}
    check_boxes(found, expected)
    if "masks" in found:
        np.testing.assert_allclose(found["masks"][:, None][SAMPLES["masks"]], expected["masks"], atol=1e-3, rtol=0)
    if "keypoints" in found:
        check_keypoints(found, expected)


def check_boxes(found, expected):
    assert len(found["boxes"]) == len(expected["boxes"])
    np.testing.assert_array_equal(found["labels"] + 1, expected["labels"])  # theirs count the background as 0
    np.testing.assert_allclose(found["boxes"], expected["boxes"], atol=0.05, rtol=0)
    np.testing.assert_allclose(found["scores"], expected["scores"], atol=1e-4, rtol=0)


def check_keypoints(found, expected):
    """Of two maxima nearly as high ours may take the other, as it looks for one only about the highest cell."""
    # Maps are resized to whole pixels: a side of 52.9999 to 53, one of 53.0001 to 54.
    alike = (pixels(found["boxes"]) == pixels(expected["boxes"])).all(axis=-1)[: len(expected["keypoints"])]
    assert alike.mean() > 0.9
    points = found["keypoints"][SAMPLES["keypoints"]][alike], expected["keypoints"][alike]
    same = np.isclose(*points, atol=0.05, rtol=0).all(axis=-1)
    assert same.mean() > 0.95
    missed = (expected["keypoints_scores"] - found["keypoints"][..., 2][SAMPLES["keypoints_scores"]])[alike]
    np.testing.assert_allclose(missed[same], 0, atol=1e-3)
    assert (missed[~same] > 0).all() and (missed[~same] < 0.03).all()


def pixels(boxes):
    """Returns width and height in whole pixels, rounded up."""
    return np.ceil(boxes[:, 2:] - boxes[:, :2])
