import keras
import numpy as np
import pytest

from zoo.backbones.ceil_pool import ceil_pool

pytestmark = pytest.mark.core


@pytest.mark.parametrize("size, expected", [(2, [2, 4, 5]), (3, [3, 5])])
def test_by_hand(size, expected):
    line = np.array([1.0, 2, 3, 4, 5])
    found = ceil_pool(np.outer(line, np.ones(5))[None, :, :, None], size, name="pool")
    assert np.asarray(found)[0, :, 0, 0].tolist() == expected


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("side", [5, 6, 7, 112])
def test_sizes_are_rounded_up(size, side):
    pooled = ceil_pool(keras.Input((side, side, 1)), size, name="pool")
    assert pooled.shape[1] == -(-(side - size) // 2) + 1


def test_the_last_window_of_three_stands_out_by_one():
    x = np.arange(6.0).reshape(1, 6, 1, 1).repeat(6, axis=2)
    assert np.asarray(ceil_pool(x, 3, name="pool"))[0, :, 0, 0].tolist() == [2, 4, 5]
