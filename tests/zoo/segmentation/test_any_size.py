"""One model answers pictures of several sizes in turn as it answers each alone.

On TensorFlow Keras traces `predict` anew at the second size, with sides that it no longer knows.
"""

from functools import partial

import keras
import numpy as np
import pytest

from tests.checks import core_in_full, quick
from zoo.backbones.resnet import bottleneck, resnet
from zoo.segmentation.deeplab_largefov import deeplab_largefov
from zoo.segmentation.fcn import fcn
from zoo.segmentation.fcn_resnet import fcn_resnet
from zoo.segmentation.segnet import segnet, segnet_basic
from zoo.segmentation.unet import unet

SIZES = ((24, 32), (25, 39), (37, 24))
UNPADDED = ((60, 76), (61, 64), (92, 60))
MODELS = {
    "segnet": partial(segnet, width=1 / 32),
    "segnet_basic": partial(segnet_basic, width=1 / 32),
    "fcn_resnet": partial(
        fcn_resnet, backbone=partial(resnet, (1, 1, 1, 1), bottleneck), auxiliary=False, width=1 / 32
    ),
    "fcn8s_vgg16": partial(fcn, stride=8, width=1 / 64),
    "fcn16s_alexnet": partial(fcn, stride=16, backbone="alexnet", width=1 / 32),
    "fcn8s_googlenet": partial(fcn, stride=8, backbone="googlenet", width=1 / 16),
    "deeplab_largefov": partial(deeplab_largefov, width=1 / 64),
    "unet": partial(unet, width=1 / 32, depth=2),
    "unet_mirror": partial(unet, width=1 / 32, depth=2, padding="mirror"),
    "unet_valid": partial(unet, width=1 / 32, depth=2, padding="valid"),
}


def drawn(model):
    """Draws the scores' kernels, which begin at zero in an FCN."""
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if layer.name.startswith("score"):
            layer.kernel.assign(rng.normal(size=layer.kernel.shape))
    return model


@core_in_full
@pytest.mark.parametrize("name", quick(MODELS, "segnet_basic", "fcn_resnet"))
def test_three_sizes_in_turn(name, traced):
    model = drawn(MODELS[name](3))
    for height, width in UNPADDED if name == "unet_valid" else SIZES:
        images = np.random.default_rng(0).integers(0, 255, (2, height, width, 3), "uint8")
        found = model.predict(images, verbose=0)["logits"]
        expected = keras.ops.convert_to_numpy(model(images)["logits"])
        assert found.shape == expected.shape and np.abs(expected).max() > 0
        np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.full
@pytest.mark.parametrize("name", MODELS)
def test_a_step_at_each_of_two_sizes(name, traced):
    model = MODELS[name](3)
    model.compile(keras.optimizers.SGD(1e-6))
    for height, width in UNPADDED[:2] if name == "unet_valid" else SIZES[:2]:
        images = np.random.default_rng(0).integers(0, 255, (2, height, width, 3), "uint8")
        assert np.isfinite(model.train_on_batch(images, images[..., 0] // 86))
