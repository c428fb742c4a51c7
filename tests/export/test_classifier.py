"""A classifier of the zoo, which has no task, is exported by its logits alone."""

import keras
import numpy as np
import pytest

import export
from tests.zoo.weights import imagenet
from zoo.backbones.resnet import resnet18

SUFFIX = {"saved_model": "", "onnx": ".onnx", "tflite": ".tflite"}


def logits_alone(classifier):
    """Returns a backbone with its top, without its feature maps."""
    return keras.Model(classifier.input, {"logits": classifier.output["logits"]}, name=classifier.name)


@pytest.fixture(scope="module")
def googlenet(zoo_data):
    """The published network."""
    return logits_alone(imagenet.network(zoo_data))


@pytest.mark.full
@pytest.mark.parametrize("format", SUFFIX)
def test_a_published_network_in_every_format(format, googlenet, zoo_data, tmp_path):
    squares = imagenet.centre_squares(zoo_data)
    path = tmp_path / f"googlenet{SUFFIX[format]}"
    artifact = export.export(googlenet, path, format, pictures=squares)
    assert artifact.parity["passed"], artifact.parity
    imagenet.check(export.load(path).predict(squares)["logits"])


def test_logits_of_a_picture_of_another_size(tmp_path):
    """They stand nowhere in the picture, and come back from the frame as they are."""
    model = logits_alone(resnet18(include_top=True, num_classes=5, width=1 / 16, input_shape=(32, 48, 3)))
    model.save(tmp_path / "model.keras")
    picture = np.random.default_rng(0).integers(0, 255, (32, 48, 3), "uint8")
    larger = picture.repeat(2, axis=0).repeat(2, axis=1)
    (plain,), (found,) = (export.load(tmp_path / "model.keras").predict_each([one]) for one in (picture, larger))
    assert found["logits"].shape == (5,)
    np.testing.assert_allclose(found["logits"], plain["logits"], atol=0.05 * np.abs(plain["logits"]).max())
