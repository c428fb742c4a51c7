import keras
import numpy as np
import pytest

from tests.darknet_reference import reorg_cpu
from zoo.backbones.darknet_layers import LocallyConnected2D, Reorg

pytestmark = pytest.mark.core


@pytest.mark.parametrize(("stride", "shape"), [(2, (8, 4, 6)), (3, (9, 3, 6)), (1, (2, 3, 5))])
def test_reorg_is_darknets_loop(stride, shape):
    pictures = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    ours = np.asarray(Reorg(stride)(pictures.transpose(0, 2, 3, 1))).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(ours, [reorg_cpu(x, stride) for x in pictures])


def test_reorg_by_hand():
    """Four channels of one 2x2 map: memory 0 ... 15 read as one 4x4 map; each output takes every other of it."""
    memory = np.arange(16.0).reshape(1, 4, 2, 2)
    out = np.asarray(Reorg()(memory.transpose(0, 2, 3, 1)))
    assert out.shape == (1, 1, 1, 16)
    np.testing.assert_array_equal(out[0, 0, 0], [0, 2, 8, 10, 1, 3, 9, 11, 4, 6, 12, 14, 5, 7, 13, 15])


def test_locally_connected_by_hand():
    """Two places, a window of one pixel: each its own factor and bias."""
    layer = LocallyConnected2D(1, 1)
    layer.build((None, 1, 2, 1))
    layer.set_weights([np.reshape([2.0, 3.0], (2, 1, 1)), np.reshape([0.5, -0.5], (1, 2, 1))])
    np.testing.assert_array_equal(np.ravel(layer(np.reshape([10.0, 20.0], (1, 1, 2, 1)))), [20.5, 59.5])


def test_locally_connected_with_equal_weights_is_a_convolution():
    x = np.random.default_rng(0).normal(size=(2, 5, 6, 3)).astype("float32")
    convolution = keras.layers.Conv2D(4, 3, strides=2, padding="valid")
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    expected = np.asarray(convolution(padded))
    layer = LocallyConnected2D(4, 3, stride=2, padding=1)
    layer.build(x.shape)
    kernel = np.asarray(convolution.kernel).reshape(1, 27, 4)
    layer.set_weights([np.repeat(kernel, 9, axis=0), np.zeros((3, 3, 4))])
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-5)
