import keras
import numpy as np
import pytest

TENSORFLOW = keras.backend.backend() == "tensorflow"
TRACED, XLA = (pytest.param(way, marks=pytest.mark.full) for way in ("traced", "xla"))


@pytest.fixture(autouse=True)
def eager(request, monkeypatch):
    """In the quick part TensorFlow's models run operation by operation: to trace one takes longer than to use it.

    JAX compiles a whole model sooner than its operations one by one.
    """
    if "every_way" in request.fixturenames:
        traced = request.getfixturevalue("every_way") != "eager"
    else:
        traced = "traced" in request.fixturenames or request.node.get_closest_marker("full")
    if TENSORFLOW and not traced:
        monkeypatch.setattr(keras.Model, "run_eagerly", property(lambda model: True, lambda model, value: None))


@pytest.fixture
def traced():
    """A test that names this fixture traces its models in the quick part as well."""


@pytest.fixture(params=["eager", TRACED, XLA] if TENSORFLOW else ["compiled"])
def every_way(request, monkeypatch):
    """A test that names this fixture runs twice more in the full part: its models traced, and compiled by XLA."""
    if request.param == "xla":
        monkeypatch.setattr(keras.Model, "jit_compile", property(lambda model: True, lambda model, value: None))
    return request.param


@pytest.fixture(autouse=True)
def kernels(monkeypatch):
    """JAX would compile the draw of every shape of kernel, for half a second each."""

    def truncated_normal(key, lower, upper, shape, dtype):
        drawn = np.random.default_rng(np.asarray(key)).standard_normal(shape)
        return np.clip(drawn, lower, upper).astype(dtype)

    if keras.backend.backend() == "jax":
        monkeypatch.setattr("jax.random.truncated_normal", truncated_normal)


@pytest.fixture
def undrawn(monkeypatch):
    """Kernels begin at zero: drawing a hundred million numbers takes seconds, and to count them none is needed."""

    def zeros(self, shape, dtype=None):
        return keras.ops.zeros(shape, dtype)

    for initializer in (keras.initializers.VarianceScaling, keras.initializers.RandomNormal):
        monkeypatch.setattr(initializer, "__call__", zeros)
