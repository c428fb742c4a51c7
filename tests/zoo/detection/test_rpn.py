"""Anchors, proposals and the losses of anchors, by hand."""

import numpy as np
import pytest
from keras import ops

from tests.checks import core_in_full
from zoo.detection.rpn import rpn_losses
from zoo.detection.rpn_layers import AnchorRows, AnchorsOn, Inside, Proposals

PICTURE = np.zeros((1, 64, 96, 3), "float32")


def numpy(x):
    return ops.convert_to_numpy(x)


@pytest.mark.core
def test_anchors_stand_in_the_middle_of_cells_or_on_their_corner():
    cells = np.zeros((1, 2, 3, 1), "float32")
    middle = numpy(AnchorsOn((32.0**2,), (1.0,), 0.5)([PICTURE, cells]))
    np.testing.assert_allclose(middle[[0, 5]], [[0, 0, 32, 32], [64, 32, 96, 64]])
    corner = numpy(AnchorsOn((32.0**2,), (0.5,), 0.0)([PICTURE, cells]))
    # torchvision's: 45.25 x 22.6 pixels, rounded about the corner
    np.testing.assert_allclose(corner[[0, 5]], [[-23, -11, 23, 11], [41, 21, 87, 43]])


@pytest.mark.core
def test_anchors_stand_a_stride_apart_whatever_the_picture():
    # 607 pixels in 38 cells of 16: 607 // 38 is 15.
    picture, cells = np.zeros((1, 607, 1008, 3), "float32"), np.zeros((1, 38, 63, 1), "float32")
    found = numpy(AnchorsOn((32.0**2,), (1.0,), 0.5, 16)([picture, cells])).reshape(38, 63, 4)
    np.testing.assert_array_equal(found[37, 62], [1000 - 16, 600 - 16, 1000 + 16, 600 + 16])
    # Without a stated stride torchvision's: of 13 cells in 800 pixels 61.
    frame, cells = np.zeros((1, 800, 1088, 3), "float32"), np.zeros((1, 13, 17, 1), "float32")
    found = numpy(AnchorsOn((32.0**2,), (1.0,), 0.0)([frame, cells])).reshape(13, 17, 4)
    np.testing.assert_array_equal(found[12, 16], [1024 - 16, 732 - 16, 1024 + 16, 732 + 16])


@pytest.mark.core
def test_anchors_across_the_border_are_not_inside():
    anchors = np.array([[0, 0, 96, 64], [-1, 0, 9, 9], [90, 0, 97, 9], [0, 60, 9, 64.5], [-9, -9, 9, 9]], "float32")
    assert numpy(Inside()([PICTURE, anchors])).tolist() == [True, False, False, False, False]
    assert numpy(Inside(1.0)([PICTURE, anchors])).tolist() == [True, True, True, True, False]


@core_in_full
def test_training_and_testing_have_numbers_of_their_own():
    boxes, logits = [[[10 * i, 0, 10 * i + 5, 5 + i] for i in range(8)], [[0, 40, 20, 60]]], [list(range(8)), [9.0]]
    layer = {"count": (3, 6), "candidates": (2, 7), "least_side": 5.0}
    found = proposals(boxes, logits, **layer)
    np.testing.assert_array_equal(found[:, 3], [60, 12, 11])  # of the first map the best two only
    found = proposals(boxes, logits, **layer, training=True)
    np.testing.assert_array_equal(found[:, 3], [60, 12, 11, 10, 9, 8])
    found = proposals(boxes, logits, count=(3, 6), candidates=(9, 9), least_side=13.0)
    np.testing.assert_array_equal(found, [[0, 40, 20, 60], [0] * 4, [0] * 4])


@core_in_full
def test_short_anchors_leave_their_place_to_others_if_they_are_dropped_first():
    boxes, logits = [[[10 * i, 0, 10 * i + 5, 5 + i] for i in range(8)], [[0, 40, 20, 60]]], [list(range(8)), [9.0]]
    boxes[0][7] = [70, 0, 74, 12]
    layer = {"count": (2, 2), "candidates": (2, 2), "least_side": 5.0}
    np.testing.assert_array_equal(proposals(boxes, logits, **layer)[:, 3], [60, 11])
    found = proposals(boxes, logits, **{**layer, "count": (3, 3)}, short_first=True)
    np.testing.assert_array_equal(found[:, 3], [60, 11, 10])


@pytest.mark.core
def test_rows_of_anchors_follow_the_cells():
    scores = np.arange(8, dtype="float32").reshape(1, 1, 2, 4)
    deltas = np.arange(16, dtype="float32").reshape(1, 1, 2, 8)
    flat, moved = AnchorRows(softmax=True)([scores, deltas])
    np.testing.assert_allclose(numpy(flat), [[2, 2, 2, 2]])  # of an object less of background
    np.testing.assert_allclose(numpy(moved)[0, 1], [4, 5, 6, 7])
    assert tuple(AnchorRows()([scores[..., :2], deltas])[0].shape) == (1, 4)


def proposals(boxes, logits, count=4, training=False, **arguments):
    """Anchors that need not move, on two maps."""
    parts = list(
        zip(
            *(
                (np.array([s], "float32"), np.zeros((1, len(b), 4), "float32"), np.array(b, "float32"))
                for b, s in zip(boxes, logits, strict=True)
            ),
            strict=True,
        )
    )
    layer = Proposals(count, **arguments)
    return numpy(layer([PICTURE, *parts[0], *parts[1], *parts[2]], training=training))[0]


@pytest.mark.core
def test_each_map_is_suppressed_by_itself_and_the_best_of_all_come_first():
    found = proposals(
        [[[0, 0, 20, 20], [0, 0, 20, 21], [40, 40, 60, 60]], [[0, 0, 20, 20], [-9, 0, 10, 10]]],
        [[1.0, 2.0, 0.0], [3.0, -1.0]],
    )
    np.testing.assert_allclose(found, [[0, 0, 20, 20], [0, 0, 20, 21], [40, 40, 60, 60], [0, 0, 10, 10]])


@core_in_full
def test_boxes_outside_of_the_picture_are_no_proposals():
    found = proposals([[[100, 0, 120, 20], [0, 0, 20, 20]], [[0, -30, 20, -10]]], [[2.0, 1.0], [5.0]])
    np.testing.assert_allclose(found[0], [0, 0, 20, 20])
    np.testing.assert_allclose(found[1:], 0)


@core_in_full
def test_training_proposes_twice_as_many():
    boxes = [[[10 * i, 0, 10 * i + 5, 5] for i in range(8)]] * 2
    logits = [list(range(8))] * 2
    assert len(proposals(boxes, logits, 4)) == 4 and len(proposals(boxes, logits, 4, training=True)) == 8


def losses(objectness, deltas, boxes, labels, samples=8, inside=None):
    anchors = np.array([[0, 0, 10, 10], [20, 20, 30, 30], [50, 50, 60, 60], [0, 0, 10, 5]], "float32")
    outputs = {"objectness": [objectness], "rpn_deltas": [deltas], "anchors": anchors}
    outputs = {name: ops.convert_to_tensor(np.array(value, "float32")) for name, value in outputs.items()}
    if inside is not None:
        outputs["inside"] = ops.convert_to_tensor(inside)
    targets = {"boxes": np.array([boxes], "float32"), "labels": np.array([labels], "int32")}
    return {name: float(value) for name, value in rpn_losses(outputs, targets, samples=samples, seed=1).items()}


@pytest.mark.core
def test_losses_by_hand():
    deltas = np.zeros((4, 4))
    deltas[0] = [0.5, 0, 0, 0]
    # Anchor 0 is the object's, 1 and 2 are background, 3 (IoU 0.5) is left out.
    found = losses([0.0, 0.0, 0.0, 50.0], deltas, [[0, 0, 10, 10]], [0])
    assert found["objectness_loss"] == pytest.approx(np.log(2), rel=1e-5)
    assert found["rpn_box_loss"] == pytest.approx((0.5 - 1 / 18) / 3, rel=1e-5)


@core_in_full
def test_an_object_that_no_anchor_fits_keeps_its_best():
    # IoU 100 / 400 with anchor 1, whose centre is 1 and 3 pixels off and whose sides are half as long.
    offsets = np.array([0.1, 0.3, np.log(2), np.log(2)])
    boxes, labels, deltas = [[0, 0, 0, 0], [16, 18, 36, 38]], [-1, 1], np.zeros((4, 4))
    expected = np.where(offsets < 1 / 9, 4.5 * offsets**2, offsets - 1 / 18).sum() / 4
    assert losses([0.0] * 4, deltas, boxes, labels)["rpn_box_loss"] == pytest.approx(expected, rel=1e-5)
    deltas[1] = offsets
    assert losses([0.0] * 4, deltas, boxes, labels)["rpn_box_loss"] == pytest.approx(0, abs=1e-6)


@core_in_full
def test_anchors_that_are_not_inside_are_not_learned_from():
    # Anchor 0, the object's own, is not inside: anchor 3, with half of its area, is now its best.
    inside = [False, True, True, True]
    deltas = np.zeros((4, 4))
    offsets = np.array([0, 0.5, 0, np.log(2)])  # from anchor 3 to the object
    expected = np.where(offsets < 1 / 9, 4.5 * offsets**2, offsets - 1 / 18).sum() / 3
    found = losses([50.0, 0.0, 0.0, 0.0], deltas, [[0, 0, 10, 10]], [0], inside=inside)
    assert found["rpn_box_loss"] == pytest.approx(expected, rel=1e-5)
    assert found["objectness_loss"] == pytest.approx(np.log(2), rel=1e-5)


@core_in_full
def test_without_objects_all_anchors_are_background():
    found = losses([-50.0] * 4, np.ones((4, 4)), [[0, 0, 0, 0]], [-1])
    assert found["objectness_loss"] == pytest.approx(0, abs=1e-6) and found["rpn_box_loss"] == 0
