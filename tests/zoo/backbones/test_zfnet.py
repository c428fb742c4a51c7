import keras
import numpy as np
import pytest

from tests.checks import core_in_full, parameters
from zoo.backbones.zfnet import zf
from zoo.layers import LocalResponseNormalization


def test_parameters_equal_the_release(undrawn):
    assert parameters(zf()) == 3_726_464


def test_feature_maps_have_caffes_sizes():
    maps = zf(width=1 / 32, input_shape=(600, 1000, 3)).output
    assert {name: m.shape[1:] for name, m in maps.items()} == {
        "conv1": (300, 500, 3),
        "conv2": (76, 126, 8),
        "conv3": (39, 64, 12),
        "conv4": (39, 64, 12),
        "conv5": (39, 64, 8),
    }


@pytest.mark.core
def test_normalisation_is_within_the_channel():
    layer = zf(width=1 / 32).get_layer("norm1")
    assert (layer.depth, layer.alpha, layer.beta, layer.within_channel) == (3, 5e-5, 0.75, True)
    # By hand, 2x2 pixels of two channels: every pixel has all four of its channel around it, five beyond the border.
    x = np.stack([np.array([[1.0, 2], [3, 4]]), np.full((2, 2), 7.0)], -1)[None].astype("float32")
    found = LocalResponseNormalization(3, alpha=0.9, within_channel=True)(x)
    scale = np.array([1 + 0.9 * 30 / 9, 1 + 0.9 * 196 / 9]) ** -0.75
    np.testing.assert_allclose(found, x * scale, rtol=1e-5)


@core_in_full
def test_saves_and_learns(every_way, tmp_path):
    body = zf(width=1 / 16, input_shape=(64, 64, 3))
    model = keras.Model(body.input, keras.layers.GlobalAveragePooling2D()(body.output["conv5"]))
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    x = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype("float32")
    y = np.arange(32.0).reshape(2, 16)
    losses = [float(model.train_on_batch(x, y)) for _ in range(3)]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model.predict(x, verbose=0), loaded.predict(x, verbose=0))
