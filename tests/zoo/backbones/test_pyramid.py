import keras
import numpy as np
import pytest
from keras import ops

from tests.checks import core_in_full, gradients, parameters
from zoo.backbones.pyramid import UpsampleLike, fpn


def pyramid(channels=4, widths=(3, 5)):
    inputs = [keras.Input((None, None, width)) for width in widths]
    return keras.Model(inputs, fpn(inputs, channels=channels))


@pytest.mark.core
def test_upsampling_by_hand():
    x = np.arange(6, dtype="float32").reshape(1, 2, 3, 1)
    up = np.asarray(UpsampleLike()([x, np.zeros((1, 3, 5, 2))]))  # an odd map's half was rounded up
    assert up[0, ..., 0].tolist() == [[0, 0, 1, 1, 2], [0, 0, 1, 1, 2], [3, 3, 4, 4, 5]]
    np.testing.assert_array_equal(UpsampleLike()([x, np.zeros((1, 4, 6, 1))]), x.repeat(2, axis=1).repeat(2, axis=2))


@pytest.mark.core
def test_gradient_of_upsampling_by_hand():
    x, like = np.ones((1, 2, 3, 1), "float32"), np.zeros((1, 3, 5, 1), "float32")
    factors = np.arange(15, dtype="float32").reshape(1, 3, 5, 1)
    (found,) = gradients(lambda x: ops.sum(UpsampleLike()([x[0], like]) * factors), [x])
    # Of each cell the sum of the factors of its up to four copies.
    assert found[0, ..., 0].tolist() == [[0 + 1 + 5 + 6, 2 + 3 + 7 + 8, 4 + 9], [10 + 11, 12 + 13, 14]]


@pytest.mark.core
def test_levels_by_hand():
    # Lateral kernels 1 and 10, output kernels that copy the middle: P3 = 10 C3, P2 = C2 + up(10 C3).
    model = pyramid(channels=1, widths=(1, 1))
    middle = np.zeros((3, 3, 1, 1))
    middle[1, 1] = 1
    for name, kernel in (
        ("lateral2", np.ones((1, 1, 1, 1))),
        ("lateral3", np.full((1, 1, 1, 1), 10)),
        ("p2", middle),
        ("p3", middle),
    ):
        model.get_layer(f"fpn_{name}").set_weights([kernel, np.zeros(1)])
    fine, coarse = np.ones((1, 3, 5, 1)), np.arange(6.0).reshape(1, 2, 3, 1)
    p2, p3, p4 = model.predict([fine, coarse], verbose=0)
    assert p2[0, ..., 0].tolist() == [[1, 1, 11, 11, 21], [1, 1, 11, 11, 21], [31, 31, 41, 41, 51]]
    assert p3[0, ..., 0].tolist() == [[0, 10, 20], [30, 40, 50]]
    assert p4[0, ..., 0].tolist() == [[0, 20]]  # every other cell


def test_parameters_of_a_resnet50s_pyramid(undrawn):
    model = pyramid(channels=256, widths=(256, 512, 1024, 2048))
    assert parameters(model) == 3840 * 256 + 4 * 256 + 4 * (9 * 256 * 256 + 256)
    assert [x.shape for x in model.outputs] == 5 * [(None, None, None, 256)]


@core_in_full
def test_gradient_reaches_every_level_and_saves(every_way, tmp_path):
    model = pyramid()
    model.compile("sgd", loss=3 * ["mse"])
    maps = [np.ones((2, 7, 9, 3), "float32"), np.ones((2, 4, 5, 5), "float32")]
    before = [np.array(v) for v in model.trainable_variables]
    model.train_on_batch(maps, [np.ones(x.shape) for x in model.predict(maps, verbose=0)])
    assert all(np.abs(np.array(v) - b).max() > 0 for v, b in zip(model.trainable_variables, before, strict=True))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for a, b in zip(model.predict(maps, verbose=0), loaded.predict(maps, verbose=0), strict=True):
        np.testing.assert_array_equal(a, b)
