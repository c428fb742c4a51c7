"""The zoo's own models, narrow, on a photograph: every float32 artifact agrees with Keras."""

from functools import cache, partial
from itertools import product

import keras
import numpy as np
import pytest

import export
import zoo
from export.differences import FloatDifference
from tests.export.writing import settled, write
from zoo.backbones.resnet import bottleneck, resnet
from zoo.segmentation.fcn import fcn8s_vgg16, fcn16s_alexnet
from zoo.segmentation.fcn_resnet import fcn_resnet

MODELS = {
    "fcn8s_vgg16": lambda: fcn8s_vgg16(5, width=1 / 16, input_shape=(45, 60, 3)),
    "fcn16s_alexnet": lambda: fcn16s_alexnet(5, width=1 / 16, input_shape=(45, 60, 3)),
    "fcn_resnet": lambda: fcn_resnet(
        5, backbone=partial(resnet, (1, 1, 1, 1), bottleneck), width=1 / 16, input_shape=(45, 60, 3)
    ),
    "segnet": lambda: zoo.segnet(5, width=1 / 16, input_shape=(45, 60, 3)),
    "segnet_basic": lambda: zoo.segnet_basic(5, width=1 / 8, input_shape=(48, 64, 3)),
    "unet": lambda: zoo.unet(5, width=1 / 16, depth=2, batch_norm=True, input_shape=(45, 62, 3)),
}


@cache
def trained(name):
    """Returns a model after two steps, for batch statistics of real pictures, and the pictures."""
    keras.utils.set_random_seed(0)
    model = MODELS[name]()
    return model, settled(model)


FORMS = [
    pytest.param(*form, marks=() if form == ("segnet_basic", "onnx") else pytest.mark.full)
    for form in product(MODELS, ("onnx", "tflite"))
]


@pytest.mark.parametrize(("name", "format"), FORMS)
def test_float32_agrees_with_keras(name, format, tmp_path):
    model, images = trained(name)
    path, operators = write(model, tmp_path, format, images.shape[1:3])
    found = export.verify(path, model, [(image, None) for image in images])
    assert found.passed, found.failures
    assert not any("flex" in operator.lower() for operator in operators)


def test_differences_by_hand():
    reference = np.full((10, 20), 4.0, np.float32)
    candidate = reference.copy()
    candidate[3, 7] += 2.0  # one value of 200
    difference = FloatDifference()
    difference.update(reference, reference, picture=0)
    assert difference.place == "" and difference.result()["max_abs"] == 0.0
    difference.update(reference, candidate, picture=1)
    found = difference.result()
    assert found["max_relative"] == 0.5 and found["p99_relative"] == 0.0 and found["shift"] == 2 / 400
    assert difference.place == "picture #1, at [3, 7]"
    for _ in range(2):
        difference.update(reference, reference - 2.0, picture=2)  # half of all
    found = difference.result()
    assert found["max_relative"] == 0.5 and 0.5 <= found["p99_relative"] <= 0.5 * 2 ** (1 / 8)
    assert found["shift"] == pytest.approx(2 / 800 - 1.0) and difference.place == "picture #1, at [3, 7]"
    for _ in range(400):
        difference.update(reference, reference + np.float32(1e-3))
    assert 2e-4 < difference.result()["p99_relative"] < 3e-4  # the pictures above are one of a hundred
    for value in (np.nan, 9.0):
        difference.update(reference, reference * value, picture=7)
        assert np.isnan(difference.result()["max_relative"]) and difference.place == "picture #7, at [0, 0]"
