"""The zoo's own models, narrow, on a photograph: every float32 artifact agrees with Keras."""

from functools import cache, partial
from itertools import product

import keras
import numpy as np
import pytest

import export
import zoo
from export.differences import FloatDifference
from export.runtime import KerasPredictor
from export.tolerances import NEARBY, tolerances
from export.verify import compare, has_switches
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


def test_only_switches_may_let_single_values_differ():
    assert has_switches(MODELS["segnet_basic"]()) and not has_switches(MODELS["unet"]())
    reference = np.full((1, 10, 20), 4.0, np.float32)
    candidate = reference.copy()
    candidate[0, 0, 0] += 2.0  # one value of 200
    difference = FloatDifference()
    difference.update(reference, candidate)
    found = difference.result()
    assert found["max_relative"] == 0.5 and found["p99_relative"] == 0.0
    difference.update(reference, reference + 2.0)  # half of all
    found = difference.result()
    assert found["max_relative"] == 0.5 and 0.5 <= found["p99_relative"] <= 0.5 * 2 ** (1 / 8)
    for _ in range(200):
        difference.update(reference, reference + np.float32(1e-3))
    assert 2e-4 < difference.result()["p99_relative"] < 3e-4  # the pictures above are one of a hundred
    difference.update(reference, reference * np.nan)
    assert np.isnan(difference.result()["max_relative"])


class Stand:
    """An artifact that returns what a Keras model says of pictures moved a little."""

    path, batch_size = "stand", None

    def __init__(self, model, image_size, moved):
        self.keras, self.image_size, self.moved = KerasPredictor(model), image_size, moved

    def predict(self, pictures, proposals=None):
        """Returns the predictions."""
        return self.keras.call({"image": (pictures + self.moved).astype(np.float32)})


@pytest.mark.full
def test_switches_may_differ_as_much_as_on_pictures_nearby():
    model, images = trained("segnet")
    reference, examples = KerasPredictor(model), [(image, None) for image in images]
    limits = tolerances("segmentation", None)
    near = compare(Stand(model, images.shape[1:3], 255 * NEARBY / 4), reference, examples, limits)
    far = compare(Stand(model, images.shape[1:3], 2.0), reference, examples, limits)
    assert near.passed and near.tolerance["relative"] == near.outputs["logits"]["p99_nearby"] > 1e-4
    assert not far.passed and far.tolerance == near.tolerance
    model, images = trained("unet")
    found = compare(Stand(model, images.shape[1:3], 0.0), KerasPredictor(model), [(images[0], None)], limits)
    assert found.tolerance == limits and "p99_nearby" not in found.outputs["logits"]
