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
    for batch_size in (None, 2, 5):
        found = model.predict(IMAGES, batch_size, verbose=0)["logits"]
        np.testing.assert_allclose(found, whole, atol=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends have no tf.data of their own")
def test_tensorflows_batches_of_arrays_are_not_tuned():
    dataset, batch_size = batches({"image": IMAGES, "proposals": np.zeros((5, 3, 4))}, 2)
    assert batch_size is None and dataset.options().autotune.enabled is False and len(dataset) == 3
    assert [len(batch["image"]) for batch in dataset] == [2, 2, 1]
    pictures = keras.ops.convert_to_tensor(IMAGES)
    for given in (pictures, iter([IMAGES]), {"image": pictures}):
        assert batches(given, 3) == (given, 3)
