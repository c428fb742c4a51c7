"""DeconvNet with its switches in both runtimes: builtin operators alone, and convolutions for its deconvolutions."""

import keras
import numpy as np
import pytest
from skimage import data

import export
from tests.export.writing import settled, write
from zoo.segmentation.deconvnet import deconvnet
from zoo.segmentation.proposal_wise import proposal_wise

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def trained():
    """A narrow model after two steps, for batch statistics of real pictures, and the pictures."""
    keras.utils.set_random_seed(0)
    model = deconvnet(5, width=1 / 16, input_shape=(64, 64, 3))
    return model, settled(model)


@pytest.mark.parametrize(
    ("format", "convolution", "transposed"),
    [("onnx", "Conv", "ConvTranspose"), ("tflite", "CONV_2D", "TRANSPOSE_CONV")],
)
def test_agrees_with_keras(trained, format, convolution, transposed, tmp_path):
    model, images = trained
    path, operators = write(model, tmp_path, format, (64, 64))
    found = export.verify(path, model, [(image, None) for image in images])
    assert found.passed, found.failures
    assert not any("flex" in name.lower() or name.startswith("Reverse") for name in operators)
    assert operators[convolution] == 13 + 2 + 13 + 1 and operators[transposed] == 1

    photograph, regions = data.astronaut()[:100, :150], [[10, 10, 90, 80], [60, 5, 140, 95], [0, 0, 150, 100]]
    maps = [
        proposal_wise(predict, photograph, (64, 64), proposals=regions, batch_size=2)["logits"]
        for predict in (export.load(path).predict, model.predict_on_batch)
    ]
    largest = np.abs(maps[1]).max()
    assert largest > 0 and np.mean(np.abs(maps[0] - maps[1]) > 1e-3 * largest) < 0.01  # a switch may flip
