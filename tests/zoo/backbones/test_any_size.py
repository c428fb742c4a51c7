"""Backbones answer pictures of several sizes in turn as they answer each alone; others stand in segmenters' tests."""

from functools import partial

import keras
import numpy as np
import pytest

from zoo.backbones.alexnets import alexnet
from zoo.backbones.inception import googlenet
from zoo.backbones.resnet import bottleneck, resnet
from zoo.backbones.small import small_cnn
from zoo.backbones.zfnet import zf

pytestmark = pytest.mark.full
BUILDERS = {
    "small_cnn": partial(small_cnn, width=1 / 8),
    "zf": partial(zf, width=1 / 16),
    "alexnet": partial(alexnet, width=1 / 16),
    "caffenet": partial(alexnet, form="caffenet", width=1 / 16),
    "googlenet": partial(googlenet, include_top=True, width=1 / 16),
    "resnext": partial(resnet, (1, 1, 1, 1), partial(bottleneck, groups=4, group_width=8), width=1 / 8),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_three_sizes_in_turn(name):
    model = BUILDERS[name]()
    for height, width in [(64, 96), (71, 93), (130, 64)]:
        images = np.random.default_rng(0).integers(0, 255, (2, height, width, 3), "uint8")
        found, expected = model.predict(images, verbose=0), model(images)
        for key, values in expected.items():
            values = keras.ops.convert_to_numpy(values)
            np.testing.assert_allclose(found[key], values, atol=1e-4 * np.abs(values).max(), err_msg=key)
