"""The contracts that all models share; each architecture's own test calls them."""

import keras
import numpy as np

from zoo import ZooModel


def parameters(model):
    """Counts the trainable parameters."""
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def outputs_equal(a, b):
    """Asserts that two dicts of arrays are the same to the last bit."""
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key])


def saves_and_loads(model, images, path):
    """Asserts that a saved model comes back as itself: class, task, names, size and outputs."""
    model.class_names, model.image_size = ("first", "second"), images.shape[1:3]
    model.save(path)
    loaded = keras.saving.load_model(path)
    assert type(loaded) is type(model) and isinstance(loaded, ZooModel)
    assert (loaded.task, loaded.class_names, loaded.image_size) == (
        model.task,
        model.class_names,
        model.image_size,
    )
    outputs_equal(model.predict(images, verbose=0), loaded.predict(images, verbose=0))


def learns(model, images, targets, steps=8, learning_rate=1e-3):
    """Asserts that `compile(optimizer)` alone suffices and that some steps on one batch lower its loss."""
    model.compile(keras.optimizers.Adam(learning_rate))
    model.optimizer.build(model.trainable_variables)  # within the first step TensorFlow would trace it twice
    losses = [model.train_on_batch(images, targets) for _ in range(steps)]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
