import numpy as np
import pytest
from keras import ops

from zoo import InputError
from zoo.ops import matching

pytestmark = pytest.mark.core


def test_the_cell_of_the_centre():
    boxes = np.array([[0, 0, 10, 10], [60, 30, 68, 40], [90, 90, 110, 130]], "float32")
    row, column = matching.centroid_cell(boxes, (3, 4), (32, 32))
    np.testing.assert_array_equal(ops.convert_to_numpy(row), [0, 1, 2])  # the last centre lies below the grid
    np.testing.assert_array_equal(ops.convert_to_numpy(column), [0, 2, 3])
    assert matching.centroid_cell(np.zeros((0, 4), "float32"), (3, 4), (32, 32))[0].shape == (0,)


def test_the_anchor_of_the_most_similar_shape():
    anchors = np.array([[10, 10], [10, 40], [40, 10]], "float32")
    boxes = np.array([[[5, 5, 14, 16], [0, 0, 12, 30], [7, 7, 57, 17]]], "float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(matching.best_anchor(boxes, anchors)), [[0, 1, 2]])


def test_the_last_of_a_slot_stays():
    slots = np.array([[3, 5, 3, 3]], "int32")
    valid = np.array([[True, True, True, False]])
    np.testing.assert_array_equal(ops.convert_to_numpy(matching.last_of_slot(slots, valid)), [[0, 1, 1, 0]])


def test_matching_by_iou():
    overlap = np.array([[0.8, 0.1], [0.5, 0.4], [0.2, 0.1], [0.2, 0.45]], "float32")
    plain = matching.by_iou(overlap, positive=0.7, negative=0.3)
    np.testing.assert_array_equal(ops.convert_to_numpy(plain), [0, -2, -1, -2])
    kept = matching.by_iou(overlap, positive=0.7, negative=0.3, keep_best=True)
    np.testing.assert_array_equal(ops.convert_to_numpy(kept), [0, -2, -1, 1])


def test_matching_without_objects():
    none = matching.by_iou(np.zeros((3, 0), "float32"), positive=0.7, negative=0.3)
    np.testing.assert_array_equal(ops.convert_to_numpy(none), [-1, -1, -1])
    with pytest.raises(InputError, match="received 0.3 and 0.7"):
        matching.by_iou(np.zeros((3, 1), "float32"), positive=0.3, negative=0.7)
