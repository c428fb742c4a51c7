import keras
import numpy as np
import pytest

from zoo.backbones.batch_norm import FusedBatchNormalization

pytestmark = pytest.mark.core


def test_fused_batch_norm_by_hand():
    """Values 1, 3, 5, 7: mean 4, variance 5, of a sample 20 / 3 (which Keras's own code leaves at 5)."""
    layer = FusedBatchNormalization(momentum=0.9, epsilon=1e-5)
    x = np.reshape([1.0, 3.0, 5.0, 7.0], (1, 2, 2, 1)).astype("float32")
    y = layer(x, training=True)
    np.testing.assert_allclose(np.ravel(y), (np.ravel(x) - 4) / np.sqrt(5 + 1e-5), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_mean, [0.4], rtol=1e-5)
    sample = 20 / 3 if keras.backend.backend() == "tensorflow" else 5
    np.testing.assert_allclose(layer.moving_variance, [0.9 + 0.1 * sample], rtol=1e-5)


def test_fused_batch_norm_does_not_move_when_frozen_or_at_inference():
    layer = FusedBatchNormalization()
    x = np.reshape([1.0, 3.0], (2, 1, 1, 1)).astype("float32")
    layer(x, training=False)
    layer.trainable = False
    np.testing.assert_allclose(np.ravel(layer(x, training=True)), np.ravel(x) / np.sqrt(1.001), rtol=1e-5)
    np.testing.assert_array_equal(layer.moving_mean, [0])


def test_fused_batch_norm_has_keras_gradients():
    def step(layer):
        x = np.random.default_rng(0).normal(2, 3, (4, 5, 6, 3)).astype("float32")
        image = keras.Input((5, 6, 3))
        convolved = keras.layers.Conv2D(3, 1, kernel_initializer=keras.initializers.GlorotUniform(seed=0))(image)
        model = keras.Model(image, layer(convolved))
        model.compile(keras.optimizers.SGD(1.0), loss="mse")
        model.train_on_batch(x, np.sin(x))
        return model.get_weights()

    # Not the last, the running variance.
    for ours, kerass in zip(
        step(FusedBatchNormalization())[:-1], step(keras.layers.BatchNormalization())[:-1], strict=True
    ):
        np.testing.assert_allclose(ours, kerass, rtol=1e-3, atol=1e-5)
