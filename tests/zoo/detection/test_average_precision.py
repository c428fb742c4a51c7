import numpy as np
import pytest

from zoo.detection.average_precision import NOT_COUNTED, RIGHT, WRONG, Curve, match

FAR = [500, 500, 540, 540]


def test_match_by_hand():
    """An object of 10 x 10 pixels: moved by 2 of 10, a box overlaps it by 8 / 12 = 0.67; by 5, by 5 / 15 = 0.33."""
    truths = [[0, 0, 10, 10], [100, 0, 110, 10], [200, 0, 210, 10]]
    boxes = [[2, 0, 12, 10], [0, 0, 10, 10], [105, 0, 115, 10], [200, 0, 210, 10], FAR]
    verdicts, found = match(boxes, truths, np.array([False, False, True]))
    assert verdicts.tolist() == [RIGHT, WRONG, WRONG, NOT_COUNTED, WRONG]
    assert found.tolist() == [True, False, False]


def test_a_detection_takes_its_best_object_even_where_that_is_taken():
    """Both boxes lie best on the first object, so the second is wrong though it overlaps the other by 0.6."""
    truths = [[0, 0, 10, 10], [0, 0, 10, 6]]
    verdicts, found = match([[0, 0, 10, 10], [0, 0, 10, 9]], truths, np.zeros(2, bool))
    assert verdicts.tolist() == [RIGHT, WRONG] and found.tolist() == [True, False]


def test_an_overlap_of_one_half_is_a_hit():
    assert match([[0, 0, 10, 5]], [[0, 0, 10, 10]], [False])[0].tolist() == [RIGHT]


def test_voc_ap_by_hand():
    """Right, wrong, right of three objects: precision 1 at recall 1/3 and 2/3 at recall 2/3."""
    curve = Curve()
    truths = np.array([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]])
    boxes = np.array([[0, 0, 10, 10], FAR, [20, 0, 30, 10]])
    curve.add(boxes, [0.9, 0.8, 0.7], truths, np.zeros(3, bool))
    assert curve.average_precision() == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)
    # Recalls 0, 0.1, 0.2, 0.3 have precision 1; 0.4, 0.5, 0.6 have 2/3; the four above have none.
    assert curve.average_precision_11() == pytest.approx((4 * 1 + 3 * 2 / 3) / 11)


def test_a_recall_that_is_just_reached_counts():
    """Three of ten objects: 3 / 10 is reached although 0.1 + 0.1 + 0.1 is not 0.3."""
    curve = Curve()
    truths = np.array([[20 * i, 0, 20 * i + 10, 10] for i in range(10)])
    curve.add(truths[:3], [0.9, 0.8, 0.7], truths, np.zeros(10, bool))
    assert curve.average_precision_11() == pytest.approx(4 / 11)


def test_a_curve_without_objects_has_no_value():
    curve = Curve()
    curve.add(np.array([FAR]), [0.9], np.zeros((0, 4)), np.zeros(0, bool))
    assert curve.average_precision() is curve.average_precision_11() is None
    assert curve.precision_at([0, 1]).tolist() == [0, 0]
