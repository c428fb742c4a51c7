"""The part of an object's mask that a region shows."""

import numpy as np
import pytest
from keras import ops

from zoo.ops.mask_targets import region_masks

pytestmark = pytest.mark.core


def shown(mask, box, region, size):
    arrays = [np.array([[x]], "float32") for x in (mask, box, region)]
    return ops.convert_to_numpy(region_masks(*(ops.convert_to_tensor(x) for x in arrays), size))[0, 0]


def test_the_objects_own_box_shows_its_mask():
    mask = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1]])
    np.testing.assert_allclose(shown(mask, [10, 20, 30, 60], [10, 20, 30, 60], 4), mask, atol=1e-5)


def test_a_shifted_region_shows_the_rest_and_nothing_beyond():
    # The region begins in the middle of the object, and ends as far behind it: 8 pixels, cells of 2.
    found = shown(np.ones((4, 4)), [0, 0, 8, 8], [4, 0, 12, 8], 4)
    np.testing.assert_allclose(found, [[1, 1, 0, 0]] * 4, atol=1e-5)


def test_coarse_cells_show_shares():
    # Columns 1, 1, 0, 0, 1, 1, 0, 0: of two cells in one, tents two cells wide see 7/8 and 1/8.
    mask = np.tile([1, 1, 0, 0, 1, 1, 0, 0], (8, 1))
    found = shown(mask, [0, 0, 8, 8], [0, 0, 8, 8], 4)
    np.testing.assert_allclose(found[1:-1, 1:-1], [[0.25, 0.75]] * 2, atol=1e-5)


def test_no_region_shows_nothing():
    found = region_masks(np.zeros((1, 0, 4, 4), "float32"), *[np.zeros((1, 0, 4), "float32")] * 2, 2)
    assert tuple(found.shape) == (1, 0, 2, 2)
