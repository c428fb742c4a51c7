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


def devkit(pictures, threshold=0.5):
    """VOCevaldet.m of the kits, line by line in plain Python, but for its pixel more in widths and heights.

    Args:
        pictures: list of `(boxes, scores, truths, difficult)`, lists of one class.
    Returns:
        The AP of VOC 2010 to 2012, and that of VOC 2007.
    """
    found = []
    for i, (boxes, scores, _, _) in enumerate(pictures):
        found += [(-score, i, box) for box, score in zip(boxes, scores, strict=True)]
    taken = [[False] * len(truths) for _, _, truths, _ in pictures]
    positives = sum(not one for _, _, _, difficult in pictures for one in difficult)
    true, false, curve = 0, 0, []
    for _, i, (x1, y1, x2, y2) in sorted(found, key=lambda one: one[0]):
        best, place = -1.0, -1
        for j, (left, top, right, bottom) in enumerate(pictures[i][2]):
            width, height = min(x2, right) - max(x1, left), min(y2, bottom) - max(y1, top)
            if width > 0 and height > 0:
                union = (x2 - x1) * (y2 - y1) + (right - left) * (bottom - top) - width * height
                if width * height / union > best:
                    best, place = width * height / union, j
        if best >= threshold and pictures[i][3][place]:
            continue
        if best >= threshold and not taken[i][place]:
            taken[i][place] = True
            true += 1
        else:
            false += 1
        curve.append((true / positives, true / (true + false)))
    eleven = [max([p for r, p in curve if r >= t / 10 - 1e-9], default=0) for t in range(11)]
    area, before = 0, 0
    for number, (recall, _) in enumerate(curve):
        area += (recall - before) * max(p for _, p in curve[number:])
        before = recall
    return area, sum(eleven) / 11


@pytest.mark.parametrize("seed", range(20))
def test_voc_ap_equals_that_of_the_development_kit(seed):
    """Of pictures with difficult objects, found again and again, equal scores, and none of one or the other."""
    drawn, pictures, curve = np.random.default_rng(seed), [], Curve()
    for objects, found in drawn.permutation([(6, 15), (4, 9), (3, 0), (0, 5), (0, 0)]):
        corners = drawn.integers(0, 60, (objects, 2))
        truths = np.concatenate([corners, corners + drawn.integers(5, 40, (objects, 2))], axis=1)
        near = truths[drawn.integers(0, objects, found)] if objects else np.tile([5, 5, 30, 30], (found, 1))
        boxes = near + drawn.integers(-3, 4, (found, 4))
        scores = np.sort(drawn.integers(0, 8, found) / 8)[::-1]
        difficult = drawn.random(objects) < 0.3
        pictures.append((boxes.tolist(), scores.tolist(), truths.tolist(), difficult.tolist()))
        curve.add(boxes, scores, truths, difficult)
    assert (curve.average_precision(), curve.average_precision_11()) == pytest.approx(devkit(pictures), abs=1e-12)


def test_a_crowd_takes_what_would_be_wrong():
    """A box of 10 x 10 with 5 columns in the crowd is not counted; with 4 it is wrong, and so it is where none is."""
    truths, crowds = [[0, 0, 100, 100], [200, 0, 210, 10]], np.array([True, False])
    boxes = [[95, 0, 105, 10], [96, 0, 106, 10], [200, 0, 210, 10], [0, 0, 100, 100], FAR]
    verdicts, found = match(boxes, truths, crowds, crowds)
    assert verdicts.tolist() == [NOT_COUNTED, WRONG, RIGHT, NOT_COUNTED, WRONG] and found.tolist() == [False, True]
    assert match(boxes[:1], truths, crowds)[0].tolist() == [WRONG]
