import keras
import numpy as np
import pytest

import zoo
from zoo.detection.thresholds import with_thresholds

IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 32, 48, 3)).astype("float32")


@pytest.mark.core
def test_thresholds_set_after_the_first_prediction_take_effect(traced):
    model = zoo.grid_detector(2, grid=(2, 3), filters=2, input_shape=(32, 48, 3))
    model.score_threshold = 0.0
    assert model.predict(IMAGES, verbose=0)["count"].min() > 0
    model.max_detections = 1
    assert model.predict(IMAGES, verbose=0)["boxes"].shape == (2, 1, 4)
    model.score_threshold = 1.0
    assert model.predict(IMAGES, verbose=0)["count"].max() == 0


def test_a_loss_weight_set_after_the_first_step_takes_effect(traced):
    model = zoo.yolo_v2(2, width=1 / 32, input_shape=(32, 64, 3))
    model.compile(keras.optimizers.SGD(0.0))
    targets = {"boxes": np.array([[[4, 4, 20, 24]]] * 2, "float32"), "labels": np.array([[1]] * 2)}
    images = IMAGES[:, :, :32].repeat(2, axis=2)
    assert model.train_on_batch(images, targets, return_dict=True)["box_loss"] > 0
    model.coord_scale = 0.0
    model.reset_metrics()
    assert model.train_on_batch(images, targets, return_dict=True)["box_loss"] == 0


def test_thresholds_are_checked():
    model = zoo.grid_detector(2, grid=(2, 3), filters=2, input_shape=(32, 48, 3))
    assert with_thresholds(model, 0.25, max_detections=7) is model
    assert (model.score_threshold, model.iou_threshold, model.max_detections) == (0.25, 0.45, 7)
    for wrong in ({"score_threshold": 1.5}, {"iou_threshold": -0.1}, {"max_detections": 0}):
        with pytest.raises(zoo.InputError, match=f"{next(iter(wrong))} .* received"):
            with_thresholds(model, **wrong)
