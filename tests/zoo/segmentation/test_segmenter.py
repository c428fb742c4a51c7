import keras
import numpy as np
import pytest

from zoo.segmentation.segmenter import PixelCrossEntropy, Segmenter, crop_to, in_pixels

pytestmark = pytest.mark.core


def test_loss_by_hand():
    logits = np.log(np.array([[[[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]]]], "float32"))
    labels = np.array([[[0, 1, 255]]])
    expected = -(np.log(0.5) + np.log(0.1)) / 2
    assert float(PixelCrossEntropy()(labels, logits)) == pytest.approx(expected, rel=1e-5)
    weighted = -(2 * np.log(0.5) + 0.5 * np.log(0.1)) / 2
    assert float(PixelCrossEntropy([2, 0.5])(labels, logits)) == pytest.approx(weighted, rel=1e-5)


def test_sample_weights_multiply_pixel_by_pixel():
    logits = np.zeros((1, 1, 2, 2), "float32")
    weights = np.array([[[3.0, 0.0]]], "float32")
    loss = PixelCrossEntropy()(np.zeros((1, 1, 2), "int32"), logits, sample_weight=weights)
    assert float(loss) == pytest.approx(1.5 * np.log(2))


def test_pixels_that_smaller_logits_cover():
    """A weight of a picture counts for all of its pixels, those of pixels are cut as their labels are."""
    labels, logits = np.arange(36).reshape(1, 6, 6), np.zeros((1, 2, 4, 3))
    _, _, weights = in_pixels(labels, logits, np.array([2.5]))
    assert keras.ops.convert_to_numpy(weights).tolist() == [[[2.5] * 4] * 2]
    cut, _, weights = in_pixels(labels, logits, labels / 2)
    assert cut.tolist() == (2 * weights).tolist() == [[[13, 14, 15, 16], [19, 20, 21, 22]]]


def test_void_has_no_gradient_and_an_all_void_batch_no_loss():
    logits = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype("float32")
    assert float(PixelCrossEntropy()(np.full((2, 4, 4), 255, "uint8"), logits)) == 0.0


def test_labels_are_cut_to_the_centre_of_smaller_logits():
    labels = np.arange(36).reshape(1, 6, 6)
    assert crop_to(labels, np.zeros((1, 2, 4, 3))).tolist() == [[[13, 14, 15, 16], [19, 20, 21, 22]]]
    assert crop_to(labels, np.zeros((1, 6, 6, 3))).tolist() == labels.tolist()


def test_an_ordinary_keras_citizen(traced, tmp_path):
    image = keras.Input((8, 8, 3))
    logits = keras.layers.Conv2D(2, 1)(keras.layers.Rescaling(1 / 255)(image))
    model = Segmenter(image, {"logits": logits})
    model.compile(
        "adam",
        loss=PixelCrossEntropy([1.0, 3.0]),
        metrics=[keras.metrics.MeanIoU(2, ignore_class=255, sparse_y_pred=False, name="miou")],
    )
    images = np.random.default_rng(0).integers(0, 255, (4, 8, 8, 3), "uint8")
    labels = np.where(images[..., 0] > 127, 1, 0).astype("int32")
    labels[:, 0] = 255
    model.fit(images, labels, epochs=2, verbose=0)
    scores = model.evaluate(images, labels, verbose=0, return_dict=True)
    assert 0 < scores["miou"] < 1
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.loss.class_weights == [1.0, 3.0]
    assert int(loaded.optimizer.iterations) == 2
    assert loaded.evaluate(images, labels, verbose=0, return_dict=True) == pytest.approx(scores)
