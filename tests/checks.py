"""The contracts that all models share; each architecture's own test calls them."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo import ZooModel


def parameters(model):
    """Counts the trainable parameters."""
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def quick(every, *kept):
    """Returns all of `every` as parameters of a test, of which the quick part runs those that are `kept`."""
    assert set(kept) <= set(every)
    marks = {one: [] if one in kept else pytest.mark.full for one in every}
    return [pytest.param(*(one if isinstance(one, tuple) else (one,)), marks=marks[one]) for one in every]


def core_in_full(test):
    """Marks a test of the numeric core that on JAX, which compiles every operation, belongs to the full part."""
    test = pytest.mark.core(test)
    return pytest.mark.full(test) if keras.backend.backend() == "jax" else test


def outputs_equal(a, b):
    """Asserts that two dicts of arrays are the same to the last bit."""
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key])


def saves_and_loads(model, images, path):
    """Asserts that a saved model comes back as itself: class, task, names, size and outputs; returns it."""
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
    return loaded


def learns(model, images, targets, steps=2, learning_rate=1e-3, still=()):
    """Asserts that `compile(optimizer)` alone suffices and that some steps on one batch lower its loss.

    They reach every trainable variable but those whose path holds one of the words `still`.
    """
    model.compile(keras.optimizers.Adam(learning_rate))
    model.optimizer.build(model.trainable_variables)  # within the first step TensorFlow would trace it twice
    before = [np.array(variable) for variable in model.trainable_variables]
    losses = [model.train_on_batch(images, targets) for _ in range(steps)]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    stood = {v.path for v, b in zip(model.trainable_variables, before, strict=True) if np.array_equal(v, b)}
    expected = {v.path for v in model.trainable_variables if any(word in v.path for word in still)}
    assert stood == expected, sorted(stood ^ expected)


def gradients(function, inputs):
    """Returns the gradients of a scalar function of a list of arrays."""
    inputs = [ops.convert_to_tensor(x) for x in inputs]
    if keras.backend.backend() == "jax":
        import jax

        return [np.asarray(x) for x in jax.grad(function)(inputs)]
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = function(inputs)
    return [tf.convert_to_tensor(x).numpy() for x in tape.gradient(value, inputs)]
