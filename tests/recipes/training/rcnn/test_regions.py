import numpy as np
import pytest

from recipes.training.rcnn.regions import Regions, regions_of
from recipes.training.rcnn.regression import near_objects


def test_rows_of_a_picture_by_hand():
    objects = np.float32([[0, 0, 10, 10], [20, 0, 30, 10], [0, 0, 0, 0]])
    proposals = np.float32([[0, 0, 10, 5], [20, 0, 30, 8], [50, 50, 60, 60], [0, 0, 0, 0]])
    rows = regions_of(7, proposals, objects, np.array([1, 0, -1]), 3)
    regions = Regions(*rows)
    np.testing.assert_array_equal(regions.pictures, [7] * 5)
    np.testing.assert_array_equal(regions.objects, [1, 0, -1, -1, -1])
    np.testing.assert_allclose(regions.overlaps, [[0, 1, 0], [1, 0, 0], [0, 0.5, 0], [0.8, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(regions.labels[:4], [1, 0, 1, 0])
    np.testing.assert_array_equal(regions.matches, objects[[0, 1, 0, 1, 2]])
    # The objects themselves, and what overlaps one by more than 0.6.
    np.testing.assert_array_equal(near_objects(regions), [0, 1, 3])
    regions.overlaps[4, 2] = 0.6
    np.testing.assert_array_equal(near_objects(regions), [0, 1, 3])
    regions.overlaps[4, 2] = 0.61
    np.testing.assert_array_equal(near_objects(regions), [0, 1, 3, 4])


@pytest.mark.parametrize("proposals", [[[1, 2, 3, 4]], np.zeros((0, 4))])
def test_a_picture_without_objects_is_all_background(proposals):
    regions = Regions(*regions_of(0, np.float32(proposals), np.zeros((2, 4), "float32"), np.array([-1, -1]), 2))
    assert len(regions) == len(proposals)
    assert (regions.overlap == 0).all() and (regions.objects == -1).all() and not regions.matches.any()


def test_saved_and_loaded(tmp_path):
    regions = Regions(*regions_of(0, np.float32([[1, 2, 3, 4]]), np.float32([[0, 0, 9, 9]]), np.array([0]), 1))
    regions.save(tmp_path / "regions.npz")
    loaded = Regions.load(tmp_path / "regions.npz")
    for name in ("pictures", "boxes", "objects", "overlaps", "matches"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(regions, name))
