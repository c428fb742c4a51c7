import keras
import numpy as np
import pytest

import zoo
from zoo.untuned import batches

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 32, 48, 3), dtype=np.uint8)


@pytest.mark.core
def test_predictions_are_those_of_one_batch_whatever_its_size(traced):
    model = zoo.unet(2, width=1 / 16, depth=1, input_shape=(32, 48, 3))
    whole = model.predict_on_batch(IMAGES)["logits"]
    for words in ({}, {"batch_size": 2}, {"batch_size": 5}, {"steps": 2}, {"steps": 5}):
        found = model.predict(x=IMAGES, verbose=0, **words)["logits"]
        np.testing.assert_allclose(found, whole, atol=1e-5)
    first = model.predict(IMAGES, 2, 0, 1)["logits"]  # one step of two pictures
    np.testing.assert_allclose(first, whole[:2], atol=1e-5)


def test_steps_share_all_the_pictures_as_with_keras():
    """Which makes batches of 32 only where it is told neither."""
    model = zoo.unet(2, width=1 / 16, depth=1, input_shape=(16, 16, 3))
    pictures = np.zeros((70, 16, 16, 3), np.uint8)
    for words in ({}, {"steps": 2}):
        assert len(model.predict(pictures, verbose=0, **words)["logits"]) == 70


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends have no tf.data of their own")
def test_tensorflows_batches_of_arrays_are_not_tuned():
    dataset, batch_size = batches({"image": IMAGES, "proposals": np.zeros((5, 3, 4))}, 2)
    assert batch_size is None and dataset.options().autotune.enabled is False and len(dataset) == 3
    assert [len(batch["image"]) for (batch,) in dataset] == [2, 2, 1]
    (inputs,) = next(iter(batches([IMAGES, np.ones((5, 3, 4))], None)[0]))
    assert [array.shape[0] for array in inputs] == [5, 5]  # no targets
    pictures = keras.ops.convert_to_tensor(IMAGES)
    for given in (pictures, iter([IMAGES]), {"image": pictures}):
        assert batches(given, 3) == (given, 3)
