import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from tests.checks import core_in_full
from zoo.ops import switches


def run(x):
    x = np.asarray(x, "float32")
    pooled, switch = switches.max_pool(x)
    back = switches.unpool(pooled, switch, x.shape[1:3])
    return tuple(map(ops.convert_to_numpy, (pooled, switch, back)))


@pytest.mark.core
def test_by_hand():
    x = np.array([[1, 5, 2, 2], [3, 4, 2, 2], [0, -1, -7, -6], [-2, -3, -5, -8]], "float32")[None, ..., None]
    pooled, switch, back = run(x)
    assert pooled[0, ..., 0].tolist() == [[5, 2], [0, -5]]
    assert switch[0, ..., 0].tolist() == [[1, 0], [0, 2]]  # the window of equal pixels names its first
    assert back[0, ..., 0].tolist() == [[0, 5, 2, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, -5, 0]]


@pytest.mark.core
def test_odd_sizes_are_padded_and_cropped_back():
    x = -np.arange(1, 10, dtype="float32").reshape(1, 3, 3, 1)  # negative: padding with zeros would win
    pooled, switch, back = run(x)
    assert pooled[0, ..., 0].tolist() == [[-1, -3], [-7, -9]]
    assert switch.max() == 0
    assert back[0, ..., 0].tolist() == [[-1, 0, -3], [0, 0, 0], [-7, 0, -9]]


@pytest.mark.core
def test_empty_batch():
    pooled, switch, back = run(np.zeros((0, 4, 6, 2)))
    assert pooled.shape == switch.shape == (0, 2, 3, 2)
    assert back.shape == (0, 4, 6, 2)


@core_in_full
@settings(max_examples=20, deadline=None)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 1000))
def test_agrees_with_a_loop_over_windows(height, width, seed):
    x = np.random.default_rng(seed).integers(-2, 3, (2, height, width, 3)).astype("float32")
    pooled, _, back = run(x)
    expected = np.zeros_like(x)
    for b, i, j, c in np.ndindex(2, pooled.shape[1], pooled.shape[2], 3):
        window = x[b, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, c]
        di, dj = np.unravel_index(np.argmax(window), window.shape)
        assert pooled[b, i, j, c] == window[di, dj]
        expected[b, 2 * i + di, 2 * j + dj, c] = window[di, dj]
    np.testing.assert_array_equal(back, expected)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow alone traces unknown sides")
def test_sides_that_a_trace_does_not_know():
    import tensorflow as tf

    unknown = tf.function(run_traced, input_signature=[tf.TensorSpec((None, None, None, 2), "float32")])
    for size in [(4, 6), (5, 3), (1, 2)]:
        x = np.random.default_rng(0).normal(size=(2, *size, 2)).astype("float32")
        for found, expected in zip(unknown(x), run(x), strict=True):
            np.testing.assert_array_equal(found, expected)


def run_traced(x):
    pooled, switch = switches.max_pool(x)
    return pooled, switch, switches.unpool(pooled, switch, ops.shape(x)[1:3])
