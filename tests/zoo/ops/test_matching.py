import numpy as np
import pytest
from keras import ops

from zoo import InputError
from zoo.ops import boxes as box_ops
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


ANCHORS = np.array([[0, 0, 10, 8], [0, 0, 10, 5], [0, 0, 10, 2], [20, 0, 29, 10]], "float32")
OBJECTS = np.array([[[0, 0, 0, 0], [0, 0, 10, 10], [20, 0, 40, 10], [0, 0, 0, 0]], [[0, 0, 0, 0]] * 4], "float32")


def by_iou(anchors, boxes, **options):
    return ops.convert_to_numpy(matching.by_iou(anchors, boxes, positive=0.7, negative=0.3, **options)).tolist()


def test_matching_by_iou():
    # IoU 0.8, 0.5 and 0.2 with the second box, 0.45 with the third; the second picture is empty.
    assert by_iou(ANCHORS, OBJECTS) == [[1, -2, -1, -2], [-1] * 4]
    assert by_iou(ANCHORS, OBJECTS, keep_best=True) == [[1, -2, -1, 2], [-1] * 4]


def test_anchors_that_are_not_usable_are_nobodys_best():
    usable = np.array([False, True, True, True])
    assert by_iou(ANCHORS, OBJECTS, keep_best=True, usable=usable) == [[-2, 1, -1, 2], [-2, -1, -1, -1]]


def test_equal_overlaps_are_equal_whatever_their_last_bits():
    # As far to the left as to the right of the object, at places where float32 rounds differently.
    rng = np.random.default_rng(0)
    places, shifts = rng.uniform(0, 900, 500).astype("float32"), rng.uniform(10, 20, 500).astype("float32")
    for place, shift in zip(places, shifts, strict=True):
        box = np.array([place, place, place + 40, place + 30], "float32")
        anchors = np.stack([box - [shift, 0, shift, 0], box + [shift, 0, shift, 0]]).astype("float32")
        overlaps = ops.convert_to_numpy(box_ops.iou(anchors, box[None]))[:, 0]
        if overlaps[0] != overlaps[1]:
            break
    assert by_iou(anchors, box[None, None], keep_best=True) == [[0, 0]]


def test_matching_without_objects():
    assert by_iou(ANCHORS, np.zeros((1, 0, 4), "float32")) == [[-1] * 4]
    with pytest.raises(InputError, match="received 0.3 and 0.7"):
        matching.by_iou(ANCHORS, OBJECTS, positive=0.3, negative=0.7)
