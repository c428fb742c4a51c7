"""DeconvNet with its switches in both runtimes: builtin operators alone, and convolutions for its deconvolutions."""

from importlib import import_module

import keras
import numpy as np
import pytest
from skimage import data

import export
from zoo.segmentation.deconvnet import deconvnet
from zoo.segmentation.proposal_wise import proposal_wise


@pytest.fixture(scope="module")
def trained():
    """A narrow model after two steps, for batch statistics of real pictures, and the pictures."""
    keras.utils.set_random_seed(0)
    model = deconvnet(5, width=1 / 16, input_shape=(64, 64, 3))
    images = np.stack([data.astronaut()[i : i + 64, i : i + 64] for i in (60, 200)])
    model.compile("adam", run_eagerly=True)  # two steps are not worth compiling
    model.fit(images, np.random.default_rng(0).integers(0, 5, (2, 64, 64)), epochs=2, verbose=0)
    return model, images


@pytest.mark.parametrize(
    ("format", "convolution", "transposed"),
    [("onnx", "Conv", "ConvTranspose"), ("tflite", "CONV_2D", "TRANSPOSE_CONV")],
)
def test_agrees_with_keras(trained, format, convolution, transposed, tmp_path):
    model, images = trained
    path, writer = tmp_path / f"model.{format}", import_module(f"export.{format}")
    writer.write(model, path, image_size=(64, 64))
    found = export.verify(path, model, [(image, None) for image in images])
    assert found.passed, found.failures
    operators = writer.inspect(path)[2]
    assert not any("flex" in name.lower() or name.startswith("Reverse") for name in operators)
    assert operators[convolution] == 13 + 2 + 13 + 1 and operators[transposed] == 1

    photograph, regions = data.astronaut()[:100, :150], [[10, 10, 90, 80], [60, 5, 140, 95], [0, 0, 150, 100]]
    maps = [
        proposal_wise(predict, photograph, (64, 64), proposals=regions, batch_size=2)["logits"]
        for predict in (export.load(path).predict, model.predict_on_batch)
    ]
    largest = np.abs(maps[1]).max()
    assert largest > 0 and np.mean(np.abs(maps[0] - maps[1]) > 1e-3 * largest) < 0.01  # a switch may flip
