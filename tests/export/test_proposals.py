"""Models that look at regions proposed to them: in Keras only, each picture with its own."""

import numpy as np
import pytest

import export
import zoo.proposals
from export.inputs import filled
from export.letterbox import fit
from export.runtime import KerasPredictor
from zoo.detection.rcnn import rcnn_small
from zoo.errors import InputError

BOXES = np.float32([[20, 10, 100, 50], [0, 0, 40, 40], [60, 20, 160, 80]])


@pytest.fixture
def model():
    """An R-CNN at 40 x 60 pixels whose one class sees something in every region, and leaves boxes as they are."""
    model = rcnn_small(
        1, num_proposals=2, crop_size=16, context=2, filters=2, units=4, proposals="uniform", input_shape=(40, 60, 3)
    )
    model.get_layer("svms").bias.assign([1.0])
    model.box_regression = False
    model.image_size, model.class_names = (40, 60), ("thing",)
    return model


def test_boxes_come_into_the_frame_and_back():
    _, placement = fit(np.zeros((80, 160, 3), np.uint8), (40, 60))
    np.testing.assert_allclose(
        placement.to_frame(BOXES[0]), [7.5, 8.75, 37.5, 23.75], atol=0.5
    )  # 3/8, 5 rows of grey
    np.testing.assert_allclose(placement.boxes(placement.to_frame(BOXES)), BOXES, atol=1e-4)


def test_proposals_of_a_picture_are_used_where_they_are_known(model, monkeypatch):
    def propose(picture, n, method):
        assert (n, method) == (2, "uniform")
        asked.append(picture.shape)
        return BOXES[:1], np.ones(1)

    asked = []
    monkeypatch.setattr(zoo.proposals, "propose", propose)
    predictor = KerasPredictor.of(model)
    picture = np.random.default_rng(0).integers(0, 255, (80, 160, 3)).astype(np.uint8)
    known, found = predictor.predict_each([(picture, BOXES), picture])
    assert asked == [(80, 160, 3)] and known["count"] == 2 and found["count"] == 1
    by_place = known["boxes"][:2][np.argsort(-known["boxes"][:2, 0])]
    np.testing.assert_allclose(by_place, BOXES[:2], atol=1e-3)  # the third does not fit in
    np.testing.assert_allclose(found["boxes"][0], BOXES[0], atol=1e-3)


def test_rows_are_filled_and_cut():
    np.testing.assert_array_equal(filled(BOXES, 2), BOXES[:2])
    np.testing.assert_array_equal(filled(np.zeros((0, 4)), 2), np.zeros((2, 4)))


def test_no_artifact(model, tmp_path):
    with pytest.raises(InputError, match="takes a picture alone, and this model needs the regions of uniform too"):
        export.export(model, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
