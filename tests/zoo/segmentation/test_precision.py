"""In half precision scores are made, upsampled and added in float32: of a class among 21 half keeps two digits."""

from functools import partial

import keras
import numpy as np
import pytest

from tests.checks import quick
from zoo.segmentation.deconvnet import deconvnet
from zoo.segmentation.deeplab_largefov import deeplab_largefov
from zoo.segmentation.fcn import fcn
from zoo.segmentation.fcn_resnet import fcn_resnet50
from zoo.segmentation.segnet import segnet, segnet_basic
from zoo.segmentation.unet import unet

SIZE = {"input_shape": (32, 48, 3)}
MODELS = {
    "fcn8s_vgg16": (partial(fcn, width=1 / 64), "score_fr"),
    "fcn16s_googlenet": (partial(fcn, stride=16, backbone="googlenet", width=1 / 16), "score_fr"),
    "fcn_resnet50": (partial(fcn_resnet50, width=1 / 32), "head_logits"),
    "deeplab_largefov": (partial(deeplab_largefov, width=1 / 64), "logits"),
    "deconvnet": (partial(deconvnet, width=1 / 64), "logits"),
    "segnet": (partial(segnet, width=1 / 32), "logits"),
    "segnet_basic": (partial(segnet_basic, width=1 / 32), "logits"),
    "unet": (partial(unet, width=1 / 32, depth=2), "logits"),
}


@pytest.fixture
def half():
    """Half precision for a test's models."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("name", quick(MODELS, "fcn8s_vgg16", "deeplab_largefov"))
def test_scores_and_what_follows_are_float32(name, half):
    builder, score = MODELS[name]
    model = builder(3, **SIZE)
    assert model.layers[3].compute_dtype == "float16"
    layers = model.layers[model.layers.index(model.get_layer(score)) :]
    own = [
        layer for layer in layers if layer.name.startswith(("score", "up", "crop", "fuse", "logits", "interpolate"))
    ]
    assert len(own) >= 1 and {layer.compute_dtype for layer in own} == {"float32"}
    assert {output.dtype for output in model.output.values()} == {"float32"}


def test_a_score_that_half_precision_rounds_away(half):
    """1000 + 1/8 is no number of half precision: its neighbours there are half apart."""
    model = fcn(3, stride=16, width=1 / 64, **SIZE)
    for layer in model.layers:
        if layer.name.startswith("score"):
            layer.bias.assign([500, 500.0625, 0])
    scores = keras.ops.convert_to_numpy(model(np.zeros((1, 32, 48, 3)))["logits"])
    assert scores.max() == 1000.125


@pytest.mark.parametrize("builder", [deeplab_largefov, deconvnet])
def test_scores_begin_faint_as_the_releases(builder):
    kernel = np.asarray(builder(400, width=1 / 16, input_shape=(32, 32, 3)).get_layer("logits").kernel)
    assert kernel.std() == pytest.approx(0.01, rel=0.05)


def test_an_up_convolution_keeps_the_variance():
    model = unet(2, width=1.0, depth=1)
    layer = model.get_layer("up1_conv")
    x = np.random.default_rng(0).normal(size=(1, 16, 16, 128)).astype("float32")
    assert np.asarray(layer(x)).std() == pytest.approx(1, rel=0.1)
