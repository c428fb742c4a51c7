import numpy as np
import pytest
from keras import layers, ops

from zoo.detection.region_layers import BOX_WEIGHTS, ClassMasks, Detections, Subpixels

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


def test_detections_by_hand():
    """The first region is of the second class, the second of the first; both move to the right, one to the border."""
    rois = np.array([[[10, 10, 30, 30], [40, 20, 60, 40], [0, 0, 0, 0]]], "float32")
    logits = np.log([[[1, 1, 8], [1, 2, 1e-9], [1, 9, 9]]]).astype("float32")
    deltas = np.zeros((1, 3, 3, 4), "float32")
    deltas[0, 0, 2, 0] = deltas[0, 1, 1, 0] = 0.5 * BOX_WEIGHTS[0]
    layer = Detections(score_threshold=0.5, max_detections=3)
    found = layer([np.zeros((1, 40, 60, 3), "float32"), rois, logits, deltas.reshape(1, 3, 12)])
    found = {name: ops.convert_to_numpy(value)[0] for name, value in found.items()}
    np.testing.assert_allclose(found["boxes"], [[20, 10, 40, 30], [50, 20, 60, 40], [0, 0, 0, 0]], atol=1e-4)
    np.testing.assert_allclose(found["scores"], [0.8, 2 / 3, 0], rtol=1e-5)
    assert found["labels"].tolist() == [1, 0, -1] and found["count"] == 2


def test_what_is_thinner_than_a_hundredth_of_a_pixel_is_no_detection():
    rois = np.array([[[10, 10, 10.005, 30], [40, 20, 41, 40]]], "float32")
    found = Detections(score_threshold=0.5)(
        [np.zeros((1, 40, 60, 3), "float32"), rois, np.float32([[[0, 9], [0, 9]]]), np.zeros((1, 2, 8), "float32")]
    )
    assert int(found["count"][0]) == 1
    np.testing.assert_allclose(ops.convert_to_numpy(found["boxes"])[0, 0], [40, 20, 41, 40], atol=1e-4)
