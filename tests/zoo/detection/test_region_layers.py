import numpy as np
import pytest
from keras import layers

from zoo.detection.region_layers import ClassMasks, Subpixels

pytestmark = pytest.mark.core


def test_masks_are_those_of_a_transposed_convolution_and_one_over_all_classes():
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(3, 2, 5, 4)).astype("float32"), np.array([[1, 0, -1]], "int32")
    upsampled, masks = Subpixels(6, activation="relu"), ClassMasks(num_classes=2)
    wider, all_classes = layers.Conv2DTranspose(6, 2, 2, activation="relu"), layers.Conv2D(3, 1)
    for layer in (upsampled, wider):
        layer.build(x.shape)
    masks.build([(None, None, None, 4, 6), None])
    all_classes.build((None, None, None, 6))
    bias = rng.normal(size=6)
    for layer in (upsampled, wider):
        layer.set_weights([upsampled.get_weights()[0], bias])
    masks.set_weights([masks.get_weights()[0], np.float32([0.3, 0.5, 0.7])])
    all_classes.set_weights(masks.get_weights())
    found, expected = np.array(masks([upsampled(x), labels])), np.array(all_classes(wider(x)))
    assert found.shape == (3, 4, 10)
    for i, label in enumerate(labels[0]):
        np.testing.assert_allclose(found[i], expected[i, ..., label + 1], atol=1e-5)
